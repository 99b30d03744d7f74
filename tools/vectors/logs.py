"""Vectors of logs: a chain of pages, a new epoch, and pages in the order of their arrival."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final

from shared.contracts.log import REOPENING_TAG, LogReopened
from shared.log.certificates import CERTIFICATE_TAG, read_certificate
from shared.log.epochs import Statement, signed_reopening
from shared.log.page import NO_PAGE, PAGE_TAG, SealedPage
from tools.vectors.cast import (
    CERTIFICATE,
    SOUSS_DIRECTORY_2,
    SOUSS_LOG,
    SOUSS_ROOT,
    SUCCESSOR,
    TERANGA_ROOT,
    event,
    page,
    shown,
)

ENTITY: Final = "souss:01a1ff0c-ee80-7000-8000-00000000000a"
OTHER: Final = "souss:01a1ff0c-ee80-7000-8000-00000000000b"


def listed(entity: str, revision: int, name: str, *, number: int) -> bytes:
    """Return the event that lists an entity, or amends it from its second revision on."""
    verb = "listed" if revision == 1 else "amended"
    profile = {"name": name, "names": {"ar": "تعاونية تفاوت"}, "practices": ["practice:barter"]}
    data = {"entity_id": entity, "revision": revision, "profile": profile}
    return event(f"directory.entity.{verb}.v1", entity, data, number=number)


def withdrawn(entity: str, revision: int, *, number: int) -> bytes:
    """Return the event that withdraws an entity."""
    data = {"entity_id": entity, "revision": revision, "reason": "It has closed."}
    return event("directory.entity.withdrawn.v1", entity, data, number=number)


def reopened(
    last: SealedPage, *, epoch: int = 2, root: Any = SOUSS_ROOT, **changed: Any
) -> LogReopened:
    """Return the signed reopening of the log after a page."""
    asked = Statement(
        SOUSS_LOG, epoch, last.epoch, last.number, last.sha256, "the hub has page 2, we do not"
    )
    return signed_reopening(root, asked).model_copy(update=changed)


def opening(said: LogReopened, *, number: int) -> SealedPage:
    """Return the first page of a new epoch, with the event that says so."""
    body = event("log.reopened.v1", said.about(), said.model_dump(mode="json"), number=number)
    return page([body], epoch=said.epoch, number=1, signer=SOUSS_DIRECTORY_2, certificate=SUCCESSOR)


FIRST: Final = page([listed(ENTITY, 1, "Coopérative Tafaout", number=1)], number=1)
SECOND: Final = page(
    [listed(ENTITY, 2, "Tafaout", number=2), listed(OTHER, 1, "Argane", number=3)],
    number=2,
    prev=FIRST.sha256,
)
THIRD: Final = page(
    [withdrawn(OTHER, 2, number=4)],
    number=3,
    prev=SECOND.sha256,
    signer=SOUSS_DIRECTORY_2,
    certificate=SUCCESSOR,
)
FORKED: Final = page([withdrawn(ENTITY, 2, number=5)], number=2, prev=FIRST.sha256)
AFTER_FORK: Final = page(
    [withdrawn(OTHER, 3, number=6)],
    number=3,
    prev=FORKED.sha256,
    signer=SOUSS_DIRECTORY_2,
    certificate=SUCCESSOR,
)
REOPENED: Final = reopened(SECOND)


def new_epoch(found: SealedPage, *, number: int = 2) -> SealedPage:
    """Return the page of the new epoch that follows one."""
    return page(
        [listed(OTHER, 2, "Argane du Souss", number=8)],
        epoch=2,
        number=number,
        prev=found.sha256,
        signer=SOUSS_DIRECTORY_2,
        certificate=SUCCESSOR,
    )


OPENING: Final = opening(REOPENED, number=7)
FOLLOWING: Final = new_epoch(OPENING)
FROM_NOTHING: Final = opening(
    signed_reopening(
        SOUSS_ROOT, Statement(SOUSS_LOG, 2, 1, 0, NO_PAGE, "nothing had been published")
    ),
    number=9,
)
BY_ANOTHER_ROOT: Final = opening(reopened(SECOND, root=TERANGA_ROOT), number=7)
OF_ANOTHER_HASH: Final = opening(reopened(SECOND, hash=FORKED.sha256), number=7)
OF_ANOTHER_LOG: Final = opening(reopened(SECOND, service="exchange"), number=7)
WITHOUT_A_WORD: Final = page(
    [listed(OTHER, 2, "Argane", number=7)],
    epoch=2,
    number=1,
    signer=SOUSS_DIRECTORY_2,
    certificate=SUCCESSOR,
)


def _opening_said_otherwise(old: bytes, new: bytes) -> SealedPage:
    """Return an opening whose event differs in its frame, which the root key does not sign."""
    said = event("log.reopened.v1", REOPENED.about(), REOPENED.model_dump(mode="json"), number=7)
    assert old in said
    body = said.replace(old, new)
    return page([body], epoch=2, number=1, signer=SOUSS_DIRECTORY_2, certificate=SUCCESSOR)


IN_ANOTHER_NAME: Final = _opening_said_otherwise(b"twiza:souss/", b"twiza:teranga/")
OF_A_LATER_VERSION: Final = _opening_said_otherwise(b"log.reopened.v1", b"log.reopened.v2")
OF_AN_UNKNOWN_KIND: Final = _opening_said_otherwise(b"log.reopened.v1", b"node.reopened.v1")

PAGES: Final = {
    "1/1": FIRST,
    "1/2": SECOND,
    "1/3": THIRD,
    "1/2 fork": FORKED,
    "1/3 fork": AFTER_FORK,
    "2/1": OPENING,
    "2/2": FOLLOWING,
    "2/1 from nothing": FROM_NOTHING,
    "2/1 by another root": BY_ANOTHER_ROOT,
    "2/1 changed": OF_ANOTHER_HASH,
    "2/1 of another log": OF_ANOTHER_LOG,
    "2/1 without a word": WITHOUT_A_WORD,
    "2/1 in another's name": IN_ANOTHER_NAME,
    "2/1 of a later version": OF_A_LATER_VERSION,
    "2/1 of another service's kind": OF_AN_UNKNOWN_KIND,
}


@dataclass(frozen=True)
class Story:
    """Pages in the order in which they arrive, what becomes of each, and where the log ends."""

    why: str
    arrivals: tuple[tuple[str, str], ...]
    place: tuple[int, int]
    state: str = "open"
    reason: str = ""


_EARLY: Final = (("1/1", "applied"), ("1/2", "applied"))
_FORK: Final = (*_EARLY, ("1/2 fork", "quarantined"))

STORIES: Final = (
    Story("one after another", (*_EARLY, ("1/3", "applied")), (1, 3)),
    Story("a page that comes again", (*_EARLY, ("1/1", "skipped"), ("1/2", "skipped")), (1, 2)),
    Story("a gap", (("1/1", "applied"), ("1/3", "held")), (1, 1), "gap"),
    Story(
        "a gap that is closed: the held page follows by itself",
        (("1/1", "applied"), ("1/3", "held"), ("1/2", "applied"), ("1/3", "skipped")),
        (1, 3),
    ),
    Story("two pages with one number", _FORK, (1, 2), "quarantined", "equivocation"),
    Story(
        "a page that follows from another one",
        (*_EARLY, ("1/3 fork", "quarantined")),
        (1, 2),
        "quarantined",
        "equivocation",
    ),
    Story(
        "a log in quarantine is followed no further",
        (*_FORK, ("1/3", "refused")),
        (1, 2),
        "quarantined",
        "equivocation",
    ),
    Story("a new epoch", (*_EARLY, ("2/1", "applied"), ("2/2", "applied")), (2, 2)),
    Story("a new epoch ends the quarantine", (*_FORK, ("2/1", "applied")), (2, 1)),
    Story(
        "a new epoch takes back a page that does not count",
        (*_EARLY, ("1/3", "applied"), ("2/1", "applied"), ("2/2", "applied")),
        (2, 2),
    ),
    Story(
        "a new epoch waits for the page that it follows from",
        (("1/1", "applied"), ("2/1", "held"), ("1/2", "applied")),
        (2, 1),
    ),
    Story(
        "a reader of the branch that does not count goes back to where the branches part",
        (
            ("1/1", "applied"),
            ("1/2 fork", "applied"),
            ("2/1", "held"),
            ("1/1", "skipped"),
            ("1/2", "held"),
        ),
        (2, 1),
    ),
    Story(
        "a new epoch that a later release reads is waited for",
        (*_EARLY, ("2/1 of a later version", "held")),
        (1, 2),
        "gap",
    ),
    Story(
        "a new epoch from the beginning",
        (*_EARLY, ("2/1 from nothing", "applied")),
        (2, 1),
    ),
    Story(
        "a page of an older epoch, of a branch that was left",
        (*_EARLY, ("2/1", "applied"), ("1/2", "skipped"), ("1/3", "refused")),
        (2, 1),
    ),
    *(
        Story(
            f"a new epoch without the root key's word: {bad.partition(' ')[2]}",
            (*_EARLY, (bad, "quarantined")),
            (1, 2),
            "quarantined",
            "bad-reopening",
        )
        for bad in PAGES
        if bad.startswith("2/1 ") and bad not in ("2/1 from nothing", "2/1 of a later version")
    ),
)


def pages() -> dict[str, Any]:
    """Return a chain of three pages with the two certificates of the keys that signed them."""
    return {
        "about": "page.md. `bytes` in base64; `signed` is what the signature is over, in hex.",
        "log": _log(),
        "root_key": SOUSS_ROOT.public,
        "certificates": [_certificate(CERTIFICATE), _certificate(SUCCESSOR)],
        "pages": [
            shown(one) | {"signed": (PAGE_TAG + bytes.fromhex(one.sha256)).hex()}
            for one in (FIRST, SECOND, THIRD)
        ],
    }


def order() -> dict[str, Any]:
    """Return stories of arriving pages: all of them have passed the door."""
    return {
        "about": "page.md, section 6, and epochs.md. Every story begins with a log of which "
        "nothing is known. `place` is the epoch and number of the last page that was applied.",
        "log": _log(),
        "root_key": SOUSS_ROOT.public,
        "pages": {name: shown(one) for name, one in PAGES.items()},
        "stories": [
            {
                "why": story.why,
                "arrivals": [
                    {"page": name, "becomes": becomes} for name, becomes in story.arrivals
                ],
                "place": list(story.place),
                "state": story.state,
                "reason": story.reason,
            }
            for story in STORIES
        ],
    }


def reopening() -> dict[str, Any]:
    """Return a reopening: its statement, what the root key signs of it, and the page it opens."""
    return {
        "about": "epochs.md, section 2. `statement` is the text that is signed after the tag.",
        "root_key": SOUSS_ROOT.public,
        "data": REOPENED.model_dump(mode="json"),
        "statement": REOPENED.statement().decode(),
        "signed": (REOPENING_TAG + REOPENED.statement()).hex(),
        "last_page": shown(SECOND),
        "page": shown(OPENING),
    }


def _log() -> dict[str, str]:
    return {"node": SOUSS_LOG.node, "service": SOUSS_LOG.service, "log": SOUSS_LOG.log.value}


def _certificate(text: str) -> dict[str, Any]:
    claims, statement, signature = read_certificate(text)
    return {
        "text": text,
        "statement": statement.decode(),
        "signed": (CERTIFICATE_TAG + statement).hex(),
        "signature": urlsafe_b64encode(signature).rstrip(b"=").decode("ascii"),
        "key": claims.key,
    }
