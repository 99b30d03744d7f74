"""Contacts out of a list: taken along, and shown to nobody until consent is recorded."""

import re
from typing import Final

from shared.contracts.fields import EMAIL_MAX, LINE_MAX, PHONE_MAX

VISIBILITY: Final = "none"
"""Who sees an imported contact: nobody, until the person has agreed to more."""

_EMAIL: Final = re.compile(
    r"[^\s@<>,;:()\[\]\"']{1,64}@[^\s@<>,;:()\[\]\"']{1,190}\.[^\W\d_]{2,24}"
)
_DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_PHONE: Final = re.compile(r"\+?[\d\s().\-/]{6,40}")


def kept_back(value: str) -> dict[str, str]:
    """Return a contact as the profile at home keeps it, shown to nobody."""
    return {"value": value, "visibility": VISIBILITY}


def email(text: str) -> str | None:
    """Return the first e-mail address of a text."""
    match = _EMAIL.search(text)
    return match.group().rstrip(".") if match and len(match.group()) <= EMAIL_MAX else None


def phone(text: str) -> str | None:
    """Return the first telephone number of a text, with its spaces as they are."""
    for match in _PHONE.finditer(text.translate(_DIGITS)):
        number = " ".join(match.group().split()).strip(" ./-(")
        if 6 <= sum(letter.isdigit() for letter in number) <= 16 and len(number) <= PHONE_MAX:
            return number
    return None


def person(text: str) -> str | None:
    """Return a contact's name on one line."""
    name = " ".join(text.split())
    return name[:LINE_MAX] if any(letter.isalpha() for letter in name) else None


def without_addresses(text: str) -> tuple[str, list[str]]:
    """Return a text without the e-mail addresses in it, and the addresses.

    What is written about an entity travels to the whole federation; an address in it would travel
    without anybody's consent.
    """
    if "@" not in text:
        return text, []
    found = [match.group() for match in _EMAIL.finditer(text)]
    return (_EMAIL.sub("…", text), found) if found else (text, [])
