"""Several rows about one entity become one draft: its outlets are its addresses."""

from dataclasses import replace
from typing import Any, Final

from services.directory.importing.drafting import Draft
from services.directory.importing.report import RowIssue, rejection, remark, warning
from shared.contracts.profile import (
    ADDRESSES_MAX,
    CODES_MAX,
    LANGUAGES_MAX,
    LIST_MAX,
    TAGS_MAX,
)

_LISTS: Final = {
    "activities": CODES_MAX,
    "activities_ica": CODES_MAX,
    "practices": CODES_MAX,
    "products": CODES_MAX,
    "qualifiers": CODES_MAX,
    "themes": CODES_MAX,
    "labour_types": CODES_MAX,
    "tags": TAGS_MAX,
    "links": LIST_MAX,
    "images": LIST_MAX,
    "identifiers": LIST_MAX,
    "same_as": LIST_MAX,
    "certifications": LIST_MAX,
    "values": LIST_MAX,
    "beneficiaries": LIST_MAX,
}
_TEXTS: Final = ("names", "summary", "description", "mission")


def joined(first: Draft, other: Draft) -> Draft | RowIssue:
    """Return the draft of an entity with what another row adds to it.

    What the first row says stands; the other one fills what is empty and adds to the lists. A row
    whose address has no room any more is returned as the issue for which it is rejected.
    """
    line = other.lines[0]
    fields = dict(first.fields)
    added = _address(fields, other)
    if added is None:
        return rejection(line, "too-many-addresses", f"at most {ADDRESSES_MAX}")
    for name, value in other.fields.items():
        if name in ("addresses", "name"):
            continue
        if name not in fields:
            fields[name] = value
            added = True
        elif name in _LISTS:
            more = [item for item in value if item not in fields[name]]
            room = _LISTS[name] - len(fields[name])
            if more and room > 0:
                fields[name] = [*fields[name], *more[:room]]
                added = True
        elif name in _TEXTS:
            more_texts = {tag: text for tag, text in value.items() if tag not in fields[name]}
            if more_texts and len(fields[name]) + len(more_texts) <= LANGUAGES_MAX:
                fields[name] = {**fields[name], **more_texts}
                added = True
    # One page of several is the entity's; those of its outlets are links.
    page = other.fields.get("primary_url")
    if page and page != fields.get("primary_url"):
        added = _link(fields, page) or added
    if added:
        said = remark(line, "joins-earlier-row", f"line {first.lines[0]}")
    else:
        said = warning(line, "repeats-earlier-row", f"line {first.lines[0]}")
    return replace(
        first,
        lines=(*first.lines, line),
        fields=fields,
        contacts={**other.contacts, **first.contacts},
        issues=(*first.issues, *other.issues, said),
    )


def _address(fields: dict[str, Any], other: Draft) -> bool | None:
    """Add the other row's address; None if there is no room, False if it is known already."""
    known: list[dict[str, Any]] = fields.get("addresses", [])
    for address in other.fields.get("addresses", ()):
        bare = {part: text for part, text in address.items() if part != "is_main"}
        if any(bare.items() <= place.items() for place in known):
            continue
        if len(known) >= ADDRESSES_MAX:
            return None
        fields["addresses"] = [*known, bare if known else address]
        return True
    return False


def _link(fields: dict[str, Any], page: str) -> bool:
    """Add a page to the links; False if it is there, or there is no room."""
    links: list[dict[str, Any]] = fields.get("links", [])
    if any(link["url"] == page for link in links) or len(links) >= LIST_MAX:
        return False
    fields["links"] = [*links, {"url": page, "kind": "outlet"}]
    return True
