"""Vectors of letters: a box for one service of one node, and boxes that are refused.

A sealed box is made with a key of its own, which is thrown away. Here that key is fixed, so that
the box is the same each time; what opens it is libsodium's ordinary function.
"""

from hashlib import blake2b
from typing import Any, Final

from nacl.public import Box, PrivateKey, PublicKey

from shared.canonical import canonical
from shared.log.letter_keys import text_of
from shared.log.letters import BOX_SIZES, SEAL_SIZE
from tools.vectors.cast import base64_of, event, raw_seed

ADDRESSEE: Final = PrivateKey(raw_seed("letter key of teranga"))
THROWN_AWAY: Final = PrivateKey(raw_seed("key of one box"))
NONCE_SIZE: Final = 24

CONTENT: Final = {
    "from": "souss/directory",
    "to": "teranga/directory",
    "letter_id": "01a1ff0c-ee80-7000-8000-0000000000aa",
    "kind": "entity.greeted",
    "body": {"text": "Azul! سلام", "hours": 3},
}


def letters() -> dict[str, Any]:
    """Return a letter in all its forms, letters of the other sizes, and boxes that are refused."""
    content = canonical(CONTENT)
    box = text_of(sealed(padded(content)))
    return {
        "about": "letters.md. `raw` keys in hex, `padded` in base64. The page's log is the "
        "sender's: souss/directory.",
        "addressee": {
            "node": "teranga",
            "service": "directory",
            "raw_secret": bytes(ADDRESSEE).hex(),
            "key": text_of(bytes(ADDRESSEE.public_key)),
        },
        "thrown_away": bytes(THROWN_AWAY).hex(),
        "content": content.decode(),
        "padded": base64_of(padded(content)),
        "box": box,
        "event": event("letter.v1", "letter", {"box": box}, number=1).decode(),
        "sizes": [_size(length) for length in _EDGES],
        "refused": [
            {"slug": slug, "why": why, "box": text_of(data)}
            for slug, why, data in _refused(content)
        ],
    }


def padded(content: bytes) -> bytes:
    """Return content as it is sealed: an end mark, and zeros up to one of the three sizes."""
    room = next(size - SEAL_SIZE for size in BOX_SIZES if size - SEAL_SIZE > len(content))
    return (content + b"\x80").ljust(room, b"\0")


def sealed(plain: bytes) -> bytes:
    """Return the sealed box of some bytes, made with the fixed key."""
    own, theirs = bytes(THROWN_AWAY.public_key), bytes(ADDRESSEE.public_key)
    nonce = blake2b(own + theirs, digest_size=NONCE_SIZE).digest()
    box = Box(THROWN_AWAY, PublicKey(theirs)).encrypt(plain, nonce)
    return own + box.ciphertext


_EDGES: Final = tuple(
    length for size in BOX_SIZES for length in (size - SEAL_SIZE - 1, size - SEAL_SIZE)
)[:-1]


def _size(length: int) -> dict[str, int]:
    return {"content_bytes": length, "box_bytes": len(padded(bytes(length))) + SEAL_SIZE}


def _refused(content: bytes) -> list[tuple[str, str, bytes]]:
    other = {**CONTENT, "to": "cuyo/directory"}
    forged = {**CONTENT, "from": "cuyo/directory"}
    return [
        ("bad-letter", "a box of another size", sealed(padded(content))[:-1]),
        ("bad-letter", "no end mark", sealed(content.ljust(BOX_SIZES[0] - SEAL_SIZE, b"\0"))),
        ("bad-letter", "no canonical JSON", sealed(padded(b'{"to": 1}'))),
        (
            "bad-letter",
            "a field is missing",
            sealed(padded(canonical({"from": "souss/directory"}))),
        ),
        ("not-its-letter", "written by another than the page's service", _of(forged)),
        ("not-its-letter", "for another addressee", _of(other)),
    ]


def _of(content: dict[str, Any]) -> bytes:
    return sealed(padded(canonical(content)))
