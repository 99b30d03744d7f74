"""The page: 1 to 256 events in canonical JSON, chained by hash, signed once by its service.

See docs/protocol/page.md for the wire format and its test vectors.
"""

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from shared.canonical import parse_canonical
from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.keys import BadKey, BadSignature, SigningKey, verify
from shared.log.arrived import Readable
from shared.refusals import Kind, Refusal

PAGE_VERSION: Final = 1
PAGE_EVENTS_MAX: Final = 256
PAGE_BYTES_MAX: Final = 512_000
EVENTS_BYTES_MAX: Final = PAGE_BYTES_MAX - 1_000
"""What the events of a page may take, in bytes; the rest is its frame."""
EPOCH_MAX: Final = 2**31 - 1
NO_PAGE: Final = "0" * 64
"""The ``prev`` of an epoch's first page."""
PAGE_TAG: Final = b"twiza/page/1\n"

SIGNATURE_HEADER: Final = "Twiza-Sig"
CERTIFICATE_HEADER: Final = "Twiza-Cert"

_HASH: Final = re.compile("[0-9a-f]{64}")
_BEGIN: Final = re.compile(rb'\{"epoch":([0-9]{1,10}),"events":\[')
_END: Final = re.compile(
    rb'"number":([0-9]{1,16}),"prev":"[0-9a-f]{64}","sealed_at":"[^"]*","service":"[a-z]+","v":1\}$'
)
_FIELDS: Final = frozenset(
    ("v", "node", "service", "log", "epoch", "number", "prev", "sealed_at", "events")
)


class PageTooLarge(Refusal):
    """A page is longer than one may be."""

    kind: ClassVar[Kind] = Kind.TOO_LARGE
    slug: ClassVar[str] = "page-too-large"
    title: ClassVar[str] = "A page has at most 512 kB"


class BadPage(Refusal):
    """The bytes are canonical, but they are not a page."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-page"
    title: ClassVar[str] = "This is not a page of a log"


class FuturePage(Refusal):
    """A page of a newer form than this release reads."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "future-page"
    title: ClassVar[str] = "The page is of a newer form than this release reads"


class Unsigned(Refusal):
    """A page does not carry its service's signature."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "unsigned"
    title: ClassVar[str] = "The page does not carry its service's signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page says of itself, and its events as CloudEvents objects."""

    node: NodeName
    service: ServiceName
    log: Log
    epoch: int
    number: int
    prev: str
    sealed_at: str
    events: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPage:
    """A page as it lies in a page table and travels: its place, bytes, signature, certificate."""

    log: Log
    epoch: int
    number: int
    data: bytes
    sha256: str
    signature: str
    certificate: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers with which the page travels."""
        return {SIGNATURE_HEADER: self.signature, CERTIFICATE_HEADER: self.certificate}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPage:
    """A page of a log that has passed the door: what it says, beside what was signed.

    ``readable`` holds its events where they have been read already.
    """

    page: Page
    sealed: SealedPage
    readable: Readable | None = None


def page_bytes(
    *,
    node: NodeName,
    service: ServiceName,
    log: Log,
    epoch: int,
    number: int,
    prev: str,
    sealed_at: str,
    bodies: Sequence[bytes],
) -> bytes:
    """Return the canonical bytes of a page, made by joining the canonical bytes of its events.

    Args:
        epoch: from 1.
        number: from 1 in each epoch.
        prev: SHA-256 of the previous page's bytes in hex, or ``NO_PAGE``.
        sealed_at: UTC, as text.
        bodies: 1 to 256 canonical CloudEvents, together at most ``EVENTS_BYTES_MAX`` bytes.
    """
    assert 1 <= len(bodies) <= PAGE_EVENTS_MAX
    tail = (
        f'"log":"{log.value}","node":"{node}","number":{number},"prev":"{prev}",'
        f'"sealed_at":"{sealed_at}","service":"{service}","v":{PAGE_VERSION}}}'
    )
    data = b"".join(
        (b'{"epoch":%d,"events":[' % epoch, b",".join(bodies), b"],", tail.encode("ascii"))
    )
    assert len(data) <= PAGE_BYTES_MAX
    return data


def signed_input(sha256: str) -> bytes:
    """Return what is signed of a page: the domain tag and the SHA-256 of its bytes (here in hex).

    The digest is taken once and serves for the signature, the chain and the comparison of copies.
    """
    return PAGE_TAG + bytes.fromhex(sha256)


def sign_page(sha256: str, key: SigningKey) -> str:
    """Return the signature header of a page with that SHA-256: ``<key id>.<base64url>``."""
    return f"{key.public}.{padless(key.sign(signed_input(sha256)))}"


def verify_page(sha256: str, header: str) -> str:
    """Return the public key whose signature the header holds over a page with that SHA-256.

    Raises:
        Unsigned: the header is malformed, or the signature is another one.
    """
    public, _, text = header.partition(".")
    try:
        verify(public, signed_input(sha256), unpadded(text))
    except (BadKey, BadSignature) as error:
        raise Unsigned(error.title) from error
    return public


def unpadded(text: str) -> bytes:
    """Return the bytes of unpadded base64url text.

    Raises:
        Unsigned: it is not such a text.
    """
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (Base64Error, UnicodeEncodeError, ValueError) as error:
        raise Unsigned("not base64url") from error
    # The decoder looks past strange letters; here each sequence of bytes is written in one way.
    if padless(data) != text:
        raise Unsigned("not base64url without padding")
    return data


def padless(data: bytes) -> str:
    """Return bytes as base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def parse_page(data: bytes) -> Page:
    """Return what canonical bytes say as a page.

    Raises:
        PageTooLarge, Malformed, NotCanonical, FuturePage, BadPage.
    """
    if len(data) > PAGE_BYTES_MAX:
        raise PageTooLarge(f"{len(data)} bytes")
    value = parse_canonical(data)
    if not isinstance(value, dict):
        raise BadPage("not an object")
    version = value.get("v")
    if isinstance(version, int) and version > PAGE_VERSION:
        raise FuturePage(f"version {version}")
    if type(version) is not int or version != PAGE_VERSION or value.keys() != _FIELDS:
        raise BadPage("other fields than those of a page")
    epoch, number, events = value["epoch"], value["number"], value["events"]
    if not (_whole(epoch) and epoch <= EPOCH_MAX and _whole(number)):
        raise BadPage("epoch and number are whole numbers from 1")
    if not isinstance(events, list) or not 1 <= len(events) <= PAGE_EVENTS_MAX:
        raise BadPage(f"a page holds 1 to {PAGE_EVENTS_MAX} events")
    if not all(isinstance(event, dict) for event in events):
        raise BadPage("an event is an object")
    texts = [value[name] for name in ("node", "service", "log", "prev", "sealed_at")]
    if not all(isinstance(text, str) and len(text) <= 64 for text in texts):
        raise BadPage("a field is not the text that it should be")
    if _HASH.fullmatch(value["prev"]) is None:
        raise BadPage("prev is the SHA-256 of a page in hex")
    if value["log"] not in ("public", "private"):
        raise BadPage("a log is public or private")
    return Page(
        node=NodeName(value["node"]),
        service=ServiceName(value["service"]),
        log=Log(value["log"]),
        epoch=epoch,
        number=number,
        prev=value["prev"],
        sealed_at=value["sealed_at"],
        events=events,
    )


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of bytes in hex."""
    return hashlib.sha256(data).hexdigest()


def _whole(value: Any) -> bool:
    return type(value) is int and value >= 1


def claimed_place(data: bytes) -> tuple[int, int] | None:
    """Return the (epoch, number) that the frame of canonical page bytes claims, unchecked.

    It looks at both ends only, so it costs the same for a long page as for a short one.
    """
    begin, end = _BEGIN.match(data), _END.search(data, max(0, len(data) - 1_000))
    return (int(begin[1]), int(end[1])) if begin and end else None


def unchecked_identity(data: bytes) -> tuple[str, str, str, int, int] | None:
    """Return (node, service, log, epoch, number) that bytes claim, for a report, or none.

    Nothing that this returns has been checked; it serves to say of what a refusal spoke.
    """
    try:
        value = json.loads(data)
        return (
            str(value["node"])[:64],
            str(value["service"])[:64],
            str(value["log"])[:16],
            int(value["epoch"]),
            int(value["number"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
