"""Which of two histories counts: the way back from the page that a root key has named.

A reopening names the last page that counts by its hash, and each page names the one before it. So
the way is walked from its end, over pages that are held here, until it meets what was applied.
What was applied beyond that place belongs to a branch that was left.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from shared.contracts.log import REOPENING_TAG, LogReopened
from shared.events import FutureVersion, read
from shared.keys import BadKey, BadSignature, verify
from shared.log.cursors import Cursors
from shared.log.door import require_namespace
from shared.log.names import LogName
from shared.log.page import NO_PAGE, Page, SealedPage, Unsigned, parse_page, unpadded
from shared.log.trust import Trust
from shared.refusals import Kind, Refusal
from shared.store import Work

Place = tuple[int, int, str]
"""Epoch, number and hash of a page; number 0 stands before the first."""


class BadReopening(Refusal):
    """A new epoch begins without the node's root key having said so."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "bad-reopening"
    title: ClassVar[str] = "A new epoch begins with an event signed by the node's root key"


@dataclass(slots=True)
class Way:
    """The way back from a named page: the held pages on it, and where it ends.

    It ends at an applied page (``base``), or before a page that is not here (``missing``).
    """

    base: Place | None = None
    missing: tuple[int, int] | None = None
    pages: list[SealedPage] = field(default_factory=list)
    """Those to apply after the base, in order."""


def way_back(
    work: Work, cursors: Cursors, name: LogName, statement: LogReopened, stated: "Stated"
) -> Way:
    """Return the way back from the last page that a reopening lets count.

    Args:
        stated: reads the statement of a page that begins an epoch.
    """
    way = Way()
    place: Place = (statement.old_epoch, statement.last_page, statement.hash)
    while way.base is None:
        epoch, number, sha256 = place
        if number == 0 or cursors.hash_at(work, name, epoch, number) == sha256:
            way.base = place if number else (1, 0, NO_PAGE)
            break
        # What first showed that there are two histories is not held, but kept as evidence.
        held = cursors.held_at(
            work, name, epoch=epoch, number=number, sha256=sha256
        ) or cursors.evidence_at(work, name, epoch=epoch, number=number, sha256=sha256)
        before = _before(held, stated) if held is not None else None
        if held is None or before is None:
            way.missing = (epoch, number)
            break
        way.pages.append(held)
        place = before
    way.pages.reverse()
    return way


Stated = Callable[[Page], LogReopened]


def _before(held: SealedPage, stated: Stated) -> Place | None:
    """Return the place of the page before a held one; none where it cannot stand there."""
    page = parse_page(held.data)
    if page.number > 1:
        return page.epoch, page.number - 1, page.prev
    if page.epoch == 1:
        return (1, 0, NO_PAGE) if page.prev == NO_PAGE else None
    try:
        statement = stated(page)
    except Refusal:
        return None
    return statement.old_epoch, statement.last_page, statement.hash


def reopening(page: Page, trust: Trust) -> LogReopened:
    """Return what the first event of a new epoch's first page says.

    Raises:
        BadReopening: it is not a reopening of this log that the node's root key has signed.
        FutureVersion: it may be one, in a form that a later release reads.
    """
    if page.prev != NO_PAGE:
        raise BadReopening("an epoch's first page has none before it")
    try:
        kind, version = require_namespace(page.events[0], page)
        if kind != LogReopened.kind:
            raise BadReopening(f"epoch {page.epoch} begins with {kind}")
        event = read(kind, version, page.events[0]["data"])
    except (BadReopening, FutureVersion):
        raise
    except Refusal as error:
        raise BadReopening(error.slug) from error
    assert isinstance(event, LogReopened)
    named = (event.node, event.service, event.which, event.epoch)
    if named != (page.node, page.service, page.log.value, page.epoch):
        raise BadReopening("the event names another log or epoch")
    if event.old_epoch >= event.epoch:
        raise BadReopening("the new epoch does not come after the old one")
    if event.last_page == 0 and event.old_epoch > 1:
        raise BadReopening("an epoch that was reopened has a first page")
    node = trust.node(page.node)
    try:
        assert node is not None
        verify(node.root_key, REOPENING_TAG + event.statement(), unpadded(event.signature))
    except (BadKey, BadSignature, Unsigned) as error:
        raise BadReopening("not signed by the node's root key") from error
    return event


def is_unread(sealed: SealedPage, trust: Trust) -> bool:
    """Return whether a page begins an epoch in a form that only a later release reads.

    Whether the root key has signed it is not known, so it is no proof of a second history.
    """
    if sealed.number > 1 or sealed.epoch == 1:
        return False
    try:
        reopening(parse_page(sealed.data), trust)
    except FutureVersion:
        return True
    except BadReopening:
        return False
    return False


def way_of(work: Work, cursors: Cursors, name: LogName, sealed: SealedPage, trust: Trust) -> Way:
    """Return the way back that a page which begins an epoch calls for.

    Raises:
        FutureVersion: only a later release reads what the page says.
    """

    def stated(page: Page) -> LogReopened:
        return reopening(page, trust)

    return way_back(work, cursors, name, stated(parse_page(sealed.data)), stated)
