"""Entries: what a person or a list tells of an entity, parted into what all may know and the rest.

The federation's part travels in events and stands in every directory. What the profile at home says
otherwise (contacts, the exact place) is kept beside it, in this node alone.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from services.directory.profile import Profile, public_part
from shared.canonical import trusted_canonical
from shared.contracts.profile import PublicProfile
from shared.etag import etag

_TAG_LETTERS: Final = 16
_ALWAYS_PRIVATE: Final = frozenset({"contacts", "provenance"})
_public_fields: Final = PublicProfile.__pydantic_serializer__.to_python
_home_fields: Final = Profile.__pydantic_serializer__.to_python


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entity's profile, checked and parted, ready to be kept.

    Args:
        entity_id: ``<node>:<uuid7>``, this node's own.
        public: what the federation may know.
        private: the fields of the profile at home that differ from it, as canonical JSON; empty
            where there are none.
        network_only: the federation is not told of the entity at all.
    """

    entity_id: str
    public: PublicProfile
    private: str = ""
    network_only: bool = False


def entry_of(profile: Profile, *, entity_id: str, network_only: bool = False) -> Entry:
    """Return the entry of a profile at home."""
    public = public_part(profile)
    told = _public_fields(public, exclude_defaults=True)
    known = _home_fields(profile, exclude_defaults=True)
    private = {name: value for name, value in known.items() if told.get(name) != value}
    return Entry(
        entity_id=entity_id,
        public=public,
        private=trusted_canonical(private).decode() if private else "",
        network_only=network_only,
    )


def fields_at_home(public: str, private: str) -> dict[str, Any]:
    """Return the fields of the profile at home, from its two parts as they are kept.

    After a restore the public part may be newer than the private one. Then the public place counts
    where the entity hides nothing of it, and of public contacts the consent has to be recorded
    again before they are told once more.
    """
    fields: dict[str, Any] = orjson.loads(public)
    kept: dict[str, Any] = orjson.loads(private) if private else {}
    contacts = fields.pop("contacts", {})
    if fields.get("location_visibility", "exact") == "exact":
        kept = {name: value for name, value in kept.items() if name in _ALWAYS_PRIVATE}
    fields |= kept
    if contacts and "contacts" not in kept:
        fields["contacts"] = {
            kind: {"value": value, "visibility": "public"} for kind, value in contacts.items()
        }
    return fields


def home_tag(revision: int, private: str) -> str:
    """Return the entity tag of a profile at home; without a private part it is the public one."""
    if not private:
        return etag(revision)
    return etag(revision, sha256(private.encode()).hexdigest()[:_TAG_LETTERS])
