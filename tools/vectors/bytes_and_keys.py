"""Vectors of what everything else is made of: canonical JSON, keys, signatures, fingerprints."""

import json
from base64 import urlsafe_b64encode
from typing import Any, Final

from shared.canonical import canonical
from shared.keys import Prefix, SigningKey, fingerprint, proquint, raw_public
from tools.vectors.cast import base64_of, key

_WRITTEN: Final = (
    ("the keys in the order of their letters", '{ "b": 1, "a": [true, false, null] }'),
    ("no spaces", '[ 1 , 2 , { } , [ ] , "" ]'),
    ("capital letters before small ones", '{"aa":1,"a":2,"B":3,"_":4,"1":5}'),
    ("letters as they are, in UTF-8", '{"name":"\\u062a\\u0648\\u064a\\u0632\\u0629"}'),
    ("a letter beyond the first plane", '"\\ud83c\\udf3e"'),
    ("the two-letter escapes", '"\\u0008\\u0009\\u000a\\u000c\\u000d\\u0022\\u005c"'),
    ("other control characters, in small hex digits", '"\\u0000\\u001F\\u007f"'),
    ("a slash has no escape", '"a\\/b"'),
    ("the line ends of JavaScript stand as they are", '"\\u2028\\u2029"'),
    ("no letter is composed anew", '"e\\u0301 \\u00e9"'),
    ("the greatest and the smallest integer", "[9007199254740991,-9007199254740991,0]"),
    ("32 arrays inside one another", "[" * 32 + "]" * 32),
)

_REFUSED: Final = (
    (b'{"a":1', "malformed", "it does not end"),
    (b"\xef\xbb\xbf1", "malformed", "a byte order mark"),
    (b'"\xff"', "malformed", "not UTF-8"),
    (b'"\\ud800"', "malformed", "half of a surrogate pair"),
    (b'"\x01"', "malformed", "a control character that is not escaped"),
    (b"01", "malformed", "a number that begins with 0"),
    (b"NaN", "malformed", "not JSON"),
    (b"1.0", "not-canonical", "a float, even if it is whole"),
    (b"1e2", "not-canonical", "an exponent"),
    (b"-0", "not-canonical", "minus zero"),
    (b"9007199254740992", "not-canonical", "2^53"),
    (b'{"a":1,"a":1}', "not-canonical", "a key twice"),
    (b'{"b":1,"a":1}', "not-canonical", "keys out of order"),
    (b'{"a": 1}', "not-canonical", "a space"),
    (b"[1]\n", "not-canonical", "a line end"),
    (b'"\\u0061"', "not-canonical", "an escape that is not needed"),
    (b'"\\u001F"', "not-canonical", "capital hex digits"),
    ('{"é":1}'.encode(), "not-canonical", "a key that is not ASCII"),
    (b"[" * 33 + b"]" * 33, "not-canonical", "33 arrays inside one another"),
)

_KEYS: Final = (
    ("root of africa", Prefix.ROOT),
    ("root of souss", Prefix.ROOT),
    ("root of teranga", Prefix.ROOT),
    ("directory of souss", Prefix.SERVICE),
    ("second directory of souss", Prefix.SERVICE),
    ("node of souss", Prefix.SERVICE),
    ("exchange of souss", Prefix.SERVICE),
    ("leaf of souss", Prefix.USER),
    ("directory of teranga", Prefix.SERVICE),
)


def canonical_json() -> dict[str, Any]:
    """Return values with their canonical bytes, and bytes that are no canonical ones."""
    return {
        "about": "page.md, section 1. `json` says a value in some way of writing it; `canonical` "
        "are its canonical bytes in base64.",
        "values": [
            {"why": why, "json": text, "canonical": base64_of(canonical(json.loads(text)))}
            for why, text in _WRITTEN
        ],
        "refused": [
            {"why": why, "bytes": base64_of(data), "slug": slug} for data, slug, why in _REFUSED
        ],
    }


def keys() -> dict[str, Any]:
    """Return all keys of the vectors, texts that are no keys, signatures and fingerprints."""
    made = [(name, key(name, prefix)) for name, prefix in _KEYS]
    public = made[0][1].public
    return {
        "about": "page.md, section 2. A seed is the SHA-256 of `twiza test vector: <name>`; "
        "`message` is in base64.",
        "keys": [_key(name, one) for name, one in made],
        "refused": [
            {"public": public[:-1] + ("A" if public[-1] != "A" else "B"), "why": "the checksum"},
            {"public": public.lower(), "why": "small letters"},
            {"public": public[:-1], "why": "too short"},
            {"public": made[0][1].seed[:56], "why": "a seed is no public key"},
        ],
        "signatures": [_signature(made[1][1], b"bread"), _signature(made[3][1], b"")],
        "proquints": [
            {"bits": bits, "word": proquint(bits)} for bits in (0, 1, 0x7F00, 0x8000, 0xFFFF)
        ],
    }


def _key(name: str, one: SigningKey) -> dict[str, str]:
    return {
        "name": name,
        "raw_seed": one.raw_seed.hex(),
        "seed": one.seed,
        "raw_public": raw_public(one.public).hex(),
        "public": one.public,
        "fingerprint": fingerprint(one.public),
    }


def _signature(signer: SigningKey, message: bytes) -> dict[str, str]:
    text = urlsafe_b64encode(signer.sign(message)).rstrip(b"=").decode("ascii")
    return {"public": signer.public, "message": base64_of(message), "signature": text}
