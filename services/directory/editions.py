"""Editions of a list: what a later one says differently from the one before it.

Only that is taken over. What people have amended at home since then stays, unless the list has
changed the very same field.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from services.directory.importing.drafting import Draft

_HASH_LETTERS: Final = 16


def merged(home: dict[str, Any], before: dict[str, Any], draft: "Draft") -> dict[str, Any]:
    """Return the fields at home with what the list has changed since last time."""
    now = said_of(draft)
    fields = dict(home)
    for name in (before.keys() | now.keys()) - {"contacts"}:
        _take_over(fields, name, before, now, draft.fields)
    contacts = dict(home.get("contacts", {}))
    for kind in before.get("contacts", {}).keys() | now.get("contacts", {}).keys():
        _take_over(
            contacts, kind, before.get("contacts", {}), now.get("contacts", {}), draft.contacts
        )
    fields["contacts"] = contacts
    return fields


def _take_over(
    fields: dict[str, Any],
    name: str,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    values: Mapping[str, Any],
) -> None:
    if before.get(name) == now.get(name):
        return
    if name in now:
        fields[name] = values[name]
    else:
        fields.pop(name, None)


def said_of(draft: "Draft") -> dict[str, Any]:
    """Return what is kept of what a list says; of contacts hashes, which tell only a change."""
    contacts = {
        kind: sha256(contact["value"].encode()).hexdigest()[:_HASH_LETTERS]
        for kind, contact in draft.contacts.items()
    }
    return {**draft.fields, **({"contacts": contacts} if contacts else {})}
