"""A second opinion on the protocol, written from docs/protocol alone.

It imports nothing of Twiza: Python and libsodium are all that verifying a log takes.
"""

import json
import re
from base64 import b32decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import crc_hqx
from hashlib import sha256
from typing import Any

from nacl.exceptions import BadSignatureError, CryptoError
from nacl.exceptions import ValueError as NaclValueError
from nacl.public import PrivateKey, SealedBox
from nacl.signing import VerifyKey

Place = tuple[int, int]
KINDS = (13 << 3, 20 << 3)
"""The first byte of a root key, and of a service's or a leaf's."""
PAGE_TEXTS = ("node", "service", "log", "prev", "sealed_at")
PAGE_FIELDS = {"v", "epoch", "number", "events", *PAGE_TEXTS}


class Refused(Exception):
    """The answer no, by its slug; ``reason`` says why signed bytes are no page."""

    def __init__(self, slug: str, reason: str = "") -> None:
        super().__init__(slug)
        self.slug, self.reason = slug, reason


def written(value: Any) -> bytes:
    """Return the canonical bytes of a value (page.md, section 1)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def parsed(data: bytes) -> Any:
    """Return what canonical bytes say."""
    try:
        value = json.loads(data.decode(), parse_float=_no, parse_constant=_malformed)
        again = written(value)
    except (UnicodeError, json.JSONDecodeError) as error:
        raise Refused("malformed") from error
    except RecursionError as error:
        raise Refused("not-canonical") from error
    if again != data or not _in_grammar(value, 32):
        raise Refused("not-canonical")
    return value


def _no(text: str) -> Any:
    raise Refused("not-canonical")


def _malformed(text: str) -> Any:
    raise Refused("malformed")


def _in_grammar(value: Any, depth: int) -> bool:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        keys = value if isinstance(value, dict) else ()
        return (
            depth > 0
            and all(key.isascii() for key in keys)
            and all(_in_grammar(one, depth - 1) for one in inner)
        )
    return not isinstance(value, int) or abs(value) < 2**53


def raw_key(text: str) -> bytes:
    """Return the 32 bytes of a public key in text form (page.md, section 2)."""
    if re.fullmatch("[A-Z2-7]{56}", text) is None:
        raise Refused("bad-key")
    data = b32decode(text)
    if data[0] not in KINDS or crc_hqx(data[:-2], 0).to_bytes(2, "little") != data[-2:]:
        raise Refused("bad-key")
    return data[1:-2]


def fingerprint(text: str) -> str:
    """Return the six words of a key."""
    digest = sha256(raw_key(text)).digest()
    return "-".join(proquint(digest[at] << 8 | digest[at + 1]) for at in range(0, 12, 2))


def proquint(bits: int) -> str:
    """Return sixteen bits as a word."""
    letters, shifts = ("bdfghjklmnprstvz", "aiou"), ((12, 0), (10, 1), (6, 0), (4, 1), (0, 0))
    return "".join(letters[v][bits >> shift & (3 if v else 15)] for shift, v in shifts)


def unpadded(text: str, slug: str) -> bytes:
    """Return the bytes of base64url text without padding."""
    if re.fullmatch("[A-Za-z0-9_-]*", text) is None or len(text) % 4 == 1:
        raise Refused(slug)
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if urlsafe_b64encode(data).decode().rstrip("=") != text:
        raise Refused(slug)
    return data


def verified(key: str, tag: str, message: bytes, signature: str, slug: str) -> None:
    """Return quietly when the key has signed tag and message."""
    try:
        VerifyKey(raw_key(key)).verify(tag.encode() + message, unpadded(signature, slug))
    except (BadSignatureError, NaclValueError, Refused) as error:
        raise Refused(slug) from error


def certificate(text: str, root_key: str) -> dict[str, Any]:
    """Return the claims of a certificate (page.md, section 3)."""
    statement, _, signature = text.partition(".")
    data = unpadded(statement, "bad-certificate")
    verified(root_key, "twiza/certificate/1\n", data, signature, "bad-certificate")
    claims: dict[str, Any] = parsed(data)
    fields = {"v", "node", "service", "key", "roles", "public_from", "private_from"}
    if claims.keys() != fields or claims["v"] != 1 or len(text) > 2048:
        raise Refused("bad-certificate")
    return claims


class Door:
    """Checks pages on their bytes (page.md, section 5)."""

    def __init__(self, registry: dict[str, Any]) -> None:
        self.registry = registry
        self.begins: dict[tuple[str, ...], set[Place]] = {}

    def certified(self, text: str, log: dict[str, str]) -> tuple[str, Place]:
        """Return the key of a certificate, and the first page that it signs in a log."""
        claims = certificate(text, self.registry[log["node"]]["root_key"])
        if (claims["node"], claims["service"]) != (log["node"], log["service"]):
            raise Refused("not-its-subject")
        epoch, number = claims[f"{log['log']}_from"]
        return claims["key"], (epoch, number)

    def see(self, text: str, log: dict[str, str]) -> Place:
        """Remember a certificate of a log; return its first page."""
        begin = self.certified(text, log)[1]
        self.begins.setdefault(tuple(log.values()), set()).add(begin)
        return begin

    def check(self, data: bytes, signature: str, cert: str, log: dict[str, str]) -> dict[str, Any]:
        """Return the page that bytes are."""
        if len(data) > 512_000:
            raise Refused("page-too-large")
        known = self.registry.get(log["node"])
        if known is None:
            raise Refused("unknown-node")
        if known["standing"] == "quarantined":
            raise Refused("node-quarantined")
        key = self.certified(cert, log)[0]
        named, _, text = signature.partition(".")
        verified(named, "twiza/page/1\n", sha256(data).digest(), text, "unsigned")
        if named != key:
            raise Refused("unsigned")
        page = signed_page(data)
        if any(page[name] != log[name] for name in ("node", "service", "log")):
            raise Refused("not-its-subject")
        place, begin = (page["epoch"], page["number"]), self.see(cert, log)
        seen = self.begins[tuple(log.values())]
        if place < begin or any(begin < other <= place for other in seen):
            raise Refused("key-out-of-range")
        last = tuple(known["last_pages"].get(log["service"], (0, 0)))
        if known["standing"] == "cut" and place > last:
            raise Refused("node-cut")
        return page


def signed_page(data: bytes) -> dict[str, Any]:
    """Return the page that signed bytes are (page.md, section 4)."""
    try:
        page = parsed(data)
    except Refused as refused:
        raise Refused("signed-but-bad", refused.slug) from refused
    if isinstance(page, dict) and type(page.get("v")) is int and page["v"] > 1:
        raise Refused("signed-but-bad", "future-page")
    if not (
        isinstance(page, dict)
        and page.keys() == PAGE_FIELDS
        and all(type(page[name]) is int and page[name] >= 1 for name in ("v", "epoch", "number"))
        and page["epoch"] < 2**31
        and all(type(page[name]) is str and len(page[name]) <= 64 for name in PAGE_TEXTS)
        and re.fullmatch("[0-9a-f]{64}", page["prev"])
        and isinstance(page["events"], list)
        and 1 <= len(page["events"]) <= 256
        and all(isinstance(event, dict) for event in page["events"])
        and page["log"] in ("public", "private")
    ):
        raise Refused("signed-but-bad", "bad-page")
    return page


def opened(box: str, secret: bytes) -> dict[str, Any] | None:
    """Return what stands in a letter's box; none where the key does not open it (letters.md)."""
    sealed = unpadded(box, "bad-letter")
    if len(sealed) not in (1024, 4096, 16384):
        raise Refused("bad-letter")
    try:
        padded = SealedBox(PrivateKey(secret)).decrypt(sealed).rstrip(b"\0")
    except CryptoError:
        return None
    if not padded.endswith(b"\x80"):
        raise Refused("bad-letter")
    try:
        found: dict[str, Any] = parsed(padded[:-1])
    except Refused as refused:
        raise Refused("bad-letter") from refused
    if found.keys() != {"from", "to", "letter_id", "kind", "body"}:
        raise Refused("bad-letter")
    return found
