"""Letters: padded sealed boxes for one service of one node, in a log that everybody reads.

Nothing in a box or around it names the addressee: every node tries its keys on every letter, and
what is not for it leaves no trace. See docs/protocol/letters.md.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from nacl.exceptions import CryptoError
from nacl.public import SealedBox

from shared.canonical import canonical, parse_canonical
from shared.contracts.log import Letter
from shared.ids import NodeName, ServiceName
from shared.log.arrived import Arrived
from shared.log.desk import Place
from shared.log.letter_keys import LetterSecret, LetterSecrets, bytes_of, public_key, text_of
from shared.log.projector import Projector
from shared.refusals import Kind, Refusal
from shared.store import Work

BOX_SIZES: Final = (1_024, 4_096, 16_384)
"""How long a box is, in bytes: the smallest of these into which the letter fits."""
SEAL_SIZE: Final = 48
"""What a sealed box adds to its content, in bytes: a key made for it alone, and a check."""
CONTENT_MAX: Final = BOX_SIZES[-1] - SEAL_SIZE - 1
KIND_MAX: Final = 64
LETTER_ID_MAX: Final = 64

_END: Final = b"\x80"
_KIND: Final = re.compile(r"[a-z]+(?:[.-][a-z]+)*")
_FIELDS: Final = frozenset(("from", "to", "letter_id", "kind", "body"))


class LetterTooLong(Refusal):
    """A letter does not fit into the largest box."""

    kind: ClassVar[Kind] = Kind.TOO_LARGE
    slug: ClassVar[str] = "letter-too-long"
    title: ClassVar[str] = "A letter has at most 16 kB, with all that stands around it"


class BadLetter(Refusal):
    """A letter's box has none of the three sizes, or what was sealed in it is no letter."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-letter"
    title: ClassVar[str] = "This is no letter as letters are made"


class NotItsLetter(Refusal):
    """A letter lies in another's log than the one who wrote it, or names another addressee."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-its-letter"
    title: ClassVar[str] = "Whoever published this letter has not written it"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedLetter:
    """What stood in a box that one of our keys has opened.

    ``sender`` and ``addressee`` are written ``<node>/<service>``.
    """

    sender: str
    addressee: str
    letter_id: str
    kind: str
    body: dict[str, Any] = field(repr=False)


OnLetter = Callable[[Work, OpenedLetter, Arrived[Letter]], None]
"""What a service does with a letter for it, in the unit that takes in the page.

The same letter may come again: ``letter_id`` tells.
"""


def letter(
    to_key: str,
    *,
    from_node: NodeName,
    from_service: ServiceName,
    to_node: NodeName,
    to_service: ServiceName,
    letter_id: str,
    kind: str,
    body: dict[str, Any],
) -> Letter:
    """Return the event that carries a letter; whoever announces it must be its sender.

    Args:
        to_key: the newest letter key of the addressee, as it was announced.
        from_node, from_service: who writes.
        to_node, to_service: to whom.
        letter_id: made by the sender; the addressee takes a letter in once.
        kind: what sort of letter it is, for example ``ring.proposed``.
        body: its content, within the grammar of canonical JSON.

    Raises:
        LetterTooLong: it does not fit into the largest box.
        BadLetter: the kind or the id is not as letters have them.
        BadKey: the key is none.
        NotCanonical: the body lies outside the grammar.
    """
    if not _is_kind(kind) or not 0 < len(letter_id) <= LETTER_ID_MAX:
        raise BadLetter(f"kind {kind[:KIND_MAX]!r}")
    content = canonical(
        {
            "from": f"{from_node}/{from_service}",
            "to": f"{to_node}/{to_service}",
            "letter_id": letter_id,
            "kind": kind,
            "body": body,
        }
    )
    if len(content) > CONTENT_MAX:
        raise LetterTooLong(f"{len(content)} bytes, at most {CONTENT_MAX}")
    room = next(size - SEAL_SIZE for size in BOX_SIZES if size - SEAL_SIZE > len(content))
    padded = (content + _END).ljust(room, b"\0")
    return Letter(box=text_of(SealedBox(public_key(to_key)).encrypt(padded)))


def open_letters(secrets: Iterable[LetterSecret], box: str) -> OpenedLetter | None:
    """Return what stands in a box that one of the keys opens; none where it is not for them.

    Raises:
        BadLetter: the box has none of the three sizes, or what one of our keys has opened is no
            letter.
    """
    try:
        sealed = bytes_of(box)
    except ValueError as error:
        raise BadLetter(str(error)) from error
    if len(sealed) not in BOX_SIZES:
        raise BadLetter(f"a box of {len(sealed)} bytes")
    for secret in secrets:
        try:
            padded = SealedBox(secret.private).decrypt(sealed)
        except CryptoError:
            continue
        return _read(padded)
    return None


def letters(
    projector: Projector, place: Place, on_letter: OnLetter, *, secrets: LetterSecrets | None = None
) -> None:
    """Have a projector open the letters that come, and hand over those for this service.

    A letter that opens here and was written by another than the page's service is refused.

    Args:
        place: the service, and the folder of its keys.
        on_letter: what is done with a letter.
        secrets: the service's keys; those of the place's folder where nothing is said.
    """
    own = secrets or LetterSecrets(place.letter_secrets)
    addressee = f"{place.node}/{place.service}"

    def remember(work: Work, arrived: Sequence[Arrived[Letter]]) -> None:
        keys = own.current()
        for told in arrived:
            opened = open_letters(keys, told.event.box)
            if opened is None:
                continue
            sender = f"{told.origin}/{told.service}"
            if (opened.sender, opened.addressee) != (sender, addressee):
                raise NotItsLetter(f"published by {sender}")
            on_letter(work, opened, told)

    projector.on(Letter, remember)


def _read(padded: bytes) -> OpenedLetter:
    content = padded.rstrip(b"\0")
    if not content.endswith(_END):
        raise BadLetter("no end")
    try:
        found = parse_canonical(content.removesuffix(_END))
    except Refusal as error:
        raise BadLetter(error.slug) from error
    if not isinstance(found, dict) or found.keys() != _FIELDS:
        raise BadLetter("other fields than those of a letter")
    texts = [found[name] for name in ("from", "to", "letter_id", "kind")]
    if not all(isinstance(text, str) and 0 < len(text) <= 2 * LETTER_ID_MAX for text in texts):
        raise BadLetter("a field is not the text that it should be")
    if not isinstance(found["body"], dict) or not _is_kind(found["kind"]):
        raise BadLetter("no body, or no kind")
    return OpenedLetter(
        sender=found["from"],
        addressee=found["to"],
        letter_id=found["letter_id"],
        kind=found["kind"],
        body=found["body"],
    )


def _is_kind(kind: str) -> bool:
    return len(kind) <= KIND_MAX and _KIND.fullmatch(kind) is not None
