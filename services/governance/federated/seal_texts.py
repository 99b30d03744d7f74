"""Seals on the way by letter, stick or picture: text forms with a checksum, and back.

A block of base64 stands between two lines, for e-mail and files. Parts in base45 stand in QR
pictures, whose alphabet it is. The checksum finds slips of copying; the seal's own signature is
what is trusted.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from typing import ClassVar, Final

from services.governance.federated.seals import SEAL_BYTES_MAX, seal_of
from shared.contracts.seals import Seal
from shared.refusals import Kind, Refusal

BEGINS: Final = "-----BEGIN TWIZA SEAL-----"
ENDS: Final = "-----END TWIZA SEAL-----"
LINE: Final = 64
PART_CHARACTERS: Final = 1_200
"""How much of a seal stands in one picture: it can be read from a poor print."""
PARTS_MAX: Final = 99
TEXT_MAX: Final = 2 * SEAL_BYTES_MAX

_CHECKED: Final = 8
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_PART: Final = re.compile(r"TWIZA1 ([0-9]{2})/([0-9]{2}) ([0-9A-F]{16}) ([0-9A-Z $%*+\-./:]+)")


class BadSealText(Refusal):
    """A text holds no seal, or was changed on its way."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-seal-text"
    title: ClassVar[str] = "This text holds no seal, or a part of it is missing or changed"


def as_block(seal: Seal) -> str:
    """Return a seal as a block of text, for a letter or a file."""
    data = seal.canonical()
    text = b64encode(data).decode("ascii")
    lines = [text[at : at + LINE] for at in range(0, len(text), LINE)]
    return "\n".join([BEGINS, *lines, f"={_sum(data)}", ENDS, ""])


def of_block(text: str) -> Seal:
    """Return the seal of a block; what stands around it, and quotation marks of mail, are passed.

    Raises:
        BadSealText, BadSeal.
    """
    if len(text) > TEXT_MAX:
        raise BadSealText("too long")
    _, begins, rest = text.partition(BEGINS)
    inside, ends, _ = rest.partition(ENDS)
    if not begins or not ends:
        raise BadSealText("no block begins and ends here")
    lines = [line.strip("> \t\r") for line in inside.split("\n")]
    body, check = "".join(lines).rpartition("=")[::2]
    try:
        data = b64decode(body, validate=True)
    except (Base64Error, ValueError) as error:
        raise BadSealText("not base64") from error
    if _sum(data) != check:
        raise BadSealText("the checksum is another one")
    return seal_of(data)


def as_parts(seal: Seal) -> list[str]:
    """Return a seal as texts for QR pictures, each with its number and the checksum of all."""
    data = seal.canonical()
    text, check = base45(data), _sum(data)
    pieces = [text[at : at + PART_CHARACTERS] for at in range(0, len(text), PART_CHARACTERS)]
    if len(pieces) > PARTS_MAX:
        raise BadSealText("it would need too many pictures")
    return [f"TWIZA1 {at:02}/{len(pieces):02} {check} {one}" for at, one in enumerate(pieces, 1)]


def of_parts(texts: Iterable[str]) -> Seal:
    """Return the seal of its pictures, in whatever order and however often they were read.

    Raises:
        BadSealText, BadSeal.
    """
    found: dict[int, str] = {}
    whole: set[tuple[int, str]] = set()
    for text in texts:
        # A space at the end may be a letter of the alphabet.
        match = _PART.fullmatch(text.strip("\r\n"))
        if match is None:
            raise BadSealText("this is no part of a seal")
        number, of, check, piece = int(match[1]), int(match[2]), match[3], match[4]
        if found.setdefault(number, piece) != piece:
            raise BadSealText("two parts have one number")
        whole.add((of, check))
    if len(whole) != 1:
        raise BadSealText("these are parts of several seals, or none")
    ((of, check),) = whole
    if sorted(found) != list(range(1, of + 1)):
        raise BadSealText(f"{len(found)} of {of} parts")
    data = of_base45("".join(found[number] for number in sorted(found)))
    if _sum(data) != check:
        raise BadSealText("the checksum is another one")
    return seal_of(data)


def base45(data: bytes) -> str:
    """Return bytes in base45.

    Source: RFC 9285.
    """
    letters: list[str] = []
    for at in range(0, len(data) - 1, 2):
        value = data[at] << 8 | data[at + 1]
        letters += (
            _ALPHABET[value % 45],
            _ALPHABET[value // 45 % 45],
            _ALPHABET[value // 2025],
        )
    if len(data) % 2:
        letters += (_ALPHABET[data[-1] % 45], _ALPHABET[data[-1] // 45])
    return "".join(letters)


def of_base45(text: str) -> bytes:
    """Return the bytes of a text in base45.

    Raises:
        BadSealText: it is none.

    Source: RFC 9285.
    """
    found = bytearray()
    for at in range(0, len(text), 3):
        values = [_VALUE.get(letter, 45) for letter in text[at : at + 3]]
        value = sum(one * 45**place for place, one in enumerate(values))
        size = len(values) - 1
        if 45 in values or not size or value >= 256**size:
            raise BadSealText("not base45")
        found += value.to_bytes(size, "big")
    return bytes(found)


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[: 2 * _CHECKED].upper()
