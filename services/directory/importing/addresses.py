"""Addresses out of the parts, or the one cell, in which lists keep them."""

import re
from dataclasses import dataclass
from typing import Final

from services.directory.countries import country
from services.directory.importing.headers import header_key
from shared.contracts.fields import LINE_MAX
from shared.text import fold

ADDRESS_LENGTH_MAX: Final = 500
"""Characters of an address in one text; what is longer is a description."""
PARTS: Final = (
    "street",
    "number",
    "building",
    "locality",
    "region",
    "postcode",
    "admin1",
    "admin2",
    "commune",
)
"""The parts of an address that have columns of their own, beside the country."""

# Here the number stands before the street; elsewhere behind it.
_NUMBER_FIRST: Final = frozenset(
    {"FR", "GB", "IE", "US", "CA", "AU", "NZ", "IN", "ZA", "KE", "NG", "GH", "UG", "LU", "MT"}
    | {"MA", "DZ", "TN", "EG", "SN", "CI", "ML", "BF", "BJ", "TG", "CM", "MG", "IM", "JE", "GG"}
)
_FIVE_DIGITS: Final = frozenset(
    {"FR", "ES", "DE", "IT", "MA", "DZ", "MX", "US", "FI", "EE", "HR", "TR", "SN", "EG"}
)
_END: Final = re.compile(
    r"(?s)^(?P<street>.*?)[\s,–-]*\b(?P<postcode>\d{2} ?\d{3}|\d{4}(?:-\d{3})?)\s+"
    r"(?P<locality>[^\d,;]{2,60})$"
)
_END_TURNED: Final = re.compile(
    r"(?s)^(?P<street>.*?)[\s,]*(?P<locality>[^\d,;]{2,60}?)[\s,–-]+(?P<postcode>\d{2} ?\d{3})$"
)
_NOTHING: Final = frozenset({"yes", "no", "n a", "na", "none", "null", "undefined", "", "0"})


@dataclass(frozen=True, slots=True)
class Written:
    """An address as fields of the profile, with what was mended in it."""

    fields: dict[str, str]
    zeros: bool = False


def address(parts: dict[str, str], full: str, code: str | None) -> Written:
    """Return an address out of its parts.

    Args:
        parts: texts by the names of ``PARTS``, on one line each.
        full: the address in one text, on one line; empty if there is none.
        code: the country, if it is known.
    """
    full = full[:ADDRESS_LENGTH_MAX]
    parts = {name: text for name, text in parts.items() if header_key(text) not in _NOTHING}
    street = parts.get("street", "")
    locality, postcode = parts.get("locality", ""), parts.get("postcode", "")
    region = parts.get("region", "")
    if full and not street:
        if locality or postcode:
            street, postcode = _without_place(full, locality, postcode)
        else:
            street, postcode, locality, region_there, code_there = _taken_apart(full)
            region = region or region_there
            code = code or code_there
    number = parts.get("number", "")
    if street and number and number not in street.split():
        first = code in _NUMBER_FIRST
        street = f"{number} {street}" if first else f"{street} {number}"
    building = parts.get("building", "")
    if building and fold(building) not in fold(street):
        street = f"{building}, {street}" if street else building
    filled = postcode
    if code in _FIVE_DIGITS and re.fullmatch(r"\d{4}", postcode):
        filled = f"0{postcode}"
    found = {
        "street": street,
        "locality": locality,
        "region": region,
        "postcode": filled,
        "admin1": parts.get("admin1", ""),
        "admin2": parts.get("admin2", ""),
        "commune": parts.get("commune", ""),
    }
    fields = {name: text[:LINE_MAX].strip() for name, text in found.items() if text.strip()}
    # A list that knows communes only has its towns there.
    if "commune" in fields and "locality" not in fields and not fields["commune"].isdigit():
        fields["locality"] = fields["commune"]
    if code and (fields or full):
        fields["country"] = code
    return Written(fields, zeros=filled != postcode)


def _without_place(full: str, locality: str, postcode: str) -> tuple[str, str]:
    """Return the street and the postcode of a text that repeats the town at its end."""
    for form in (_END, _END_TURNED):
        match = form.match(full)
        if match is None:
            continue
        there, known = fold(match["locality"]), fold(locality)
        if not known or there.strip() in known or known in there:
            return match["street"].strip(" ,"), postcode or match["postcode"]
    return full, postcode


def _taken_apart(full: str) -> tuple[str, str, str, str, str | None]:
    """Return street, postcode, town, region and country of an address in one text."""
    parts = [part.strip() for part in full.split(",") if part.strip()]
    code = None
    if len(parts) > 1:
        found = country(parts[-1])
        # Two letters at the end of an address are as often a state: "Portland, IN".
        if found is not None and found.how == "name":
            code = found.code
            parts.pop()
            while len(parts) > 1 and parts[-1] == parts[-2]:
                parts.pop()
    elif parts and len(parts[0]) > 3:
        found = country(parts[0])
        if found is not None and found.how == "name":
            return "", "", "", "", found.code
    text = ", ".join(parts)
    match = _END.match(text)
    if match is not None:
        return match["street"].strip(" ,"), match["postcode"], match["locality"].strip(), "", code
    if len(parts) == 1:
        has_number = any(letter.isdigit() for letter in parts[0])
        return (parts[0], "", "", "", code) if has_number else ("", "", parts[0], "", code)
    if len(parts) == 2 and not any(letter.isdigit() for letter in parts[0]):
        return "", "", parts[0], parts[1], code
    if len(parts) == 2:
        return parts[0], "", parts[1], "", code
    return parts[0], "", parts[1], ", ".join(parts[2:]), code
