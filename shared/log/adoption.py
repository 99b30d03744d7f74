"""Taking back what was published: a rewound node's page table goes over to the branch that counts.

What was published counts. What was not is listed, and told again, unless something newer was
published of the same thing: then that is told once more, so that it is the newest here, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from shared.canonical import trusted_canonical
from shared.contracts.log import LogReopened
from shared.events import Log
from shared.ids import new_uuid7
from shared.log.branches import BadReopening, Stated
from shared.log.cursors import Cursors
from shared.log.evidence import EQUIVOCATION, LEFT_BRANCH
from shared.log.names import LogName
from shared.log.page import NO_PAGE, Page, SealedPage, SignedPage, parse_page
from shared.log.projector import Projector
from shared.log.seal import Sealer
from shared.log.tables import LogTables
from shared.store import Work

TOLD_AGAIN: Final = "told again"
REPLACED: Final = "replaced by what was published"

Place = tuple[int, int]
Thing = tuple[str, str]
"""What an event tells of: the sort of thing, and its id."""


def branch_of(pages: Sequence[SignedPage], stated: Stated) -> list[SignedPage]:
    """Return the history at which those arrive who read these pages in this order.

    A reader follows the first page that comes for a place, and takes no other one, until a new
    epoch names the page that counts; then the way back from that page is what counts.

    Args:
        pages: one log's pages as they came; the beginning may be missing.
        stated: reads the statement of a page that begins an epoch.
    """
    if not pages:
        return []
    newest = max(signed.page.epoch for signed in pages)
    tip: list[SignedPage] = []
    for signed in pages:
        page = signed.page
        if page.epoch == newest and (not tip or _follows(page, tip[-1].sealed)):
            tip.append(signed)
    try:
        before = _before(tip[0].page, stated)
    except BadReopening:
        # Nobody goes over to an epoch that the root key has not opened.
        return branch_of([one for one in pages if one.page.epoch < newest], stated)
    by_hash = {signed.sealed.sha256: signed for signed in pages}
    way: list[SignedPage] = []
    while before in by_hash:
        way.append(by_hash[before])
        before = _before(way[-1].page, stated)
    return [*reversed(way), *tip]


def _follows(page: Page, last: SealedPage) -> bool:
    return page.number == last.number + 1 and page.prev == last.sha256


def _before(page: Page, stated: Stated) -> str:
    """Return the hash of the page before a page; ``NO_PAGE`` before the first of all."""
    if page.number > 1 or page.epoch == 1:
        return page.prev
    statement = stated(page)
    return statement.hash if statement.last_page else NO_PAGE


@dataclass(slots=True)
class _Told:
    """What lies between the two branches."""

    published: list[SignedPage]
    left: list[SealedPage]
    ids: set[str] = field(default_factory=set)
    """The events that were published and are new here."""
    newest: dict[Thing, dict[str, Any]] = field(default_factory=dict)
    """Of each thing, the newest of those events that carry its state."""
    outdone: dict[Thing, int] = field(default_factory=dict)
    """Of each thing that was published and changed here, too, the highest revision here."""


class Adoption:
    """Brings a service's own page table onto a branch, within the unit that reopens the log."""

    def __init__(
        self, tables: LogTables, *, sealer: Sealer, projector: Projector, cursors: Cursors
    ) -> None:
        self._tables = tables
        self._sealer = sealer
        self._projector = projector
        self._cursors = cursors

    def own(self, work: Work, log: Log) -> dict[Place, str]:
        """Return the hashes of all own pages of a log, by epoch and number."""
        pages = self._tables.pages
        rows = work.execute(
            select(pages.c.epoch, pages.c.number, pages.c.sha256).where(pages.c.log == log.value)
        )
        return {(row.epoch, row.number): row.sha256 for row in rows}

    def adopt(
        self,
        work: Work,
        name: LogName,
        branch: Sequence[SignedPage],
        found: Sequence[SignedPage],
    ) -> int:
        """Keep and apply what was published and is lacking; return how many pages were left.

        Args:
            branch: the history that counts; own pages before its first one count as well. Nothing,
                where the page table counts as it stands.
            found: all pages that were seen outside, those of other branches, too.
        """
        told = self._apart(work, name, branch)
        for sealed in told.left:
            self._leave(work, name, sealed)
        ours = {*self.own(work, name.log).values(), *(one.sealed.sha256 for one in branch)}
        for page in found:
            if page.sealed.sha256 not in ours:
                self._cursors.keep_evidence(work, name, page.sealed, reason=LEFT_BRANCH)
        for page in told.published:
            # It was taken for a second history; it is ours now.
            self._cursors.drop_evidence(work, name, page.sealed, reason=EQUIVOCATION)
            self._sealer.keep(work, page.sealed, sealed_at=page.page.sealed_at)
            self._projector.apply(work, page.page)
        self._note_published(told)
        for sealed in told.left:
            for event in parse_page(sealed.data).events:
                self._list(work, sealed, event, told)
        self._look_through_outbox(work, name.log, told)
        if told.published:
            self._tell_published_again(work, told)
        return len(told.left)

    def _apart(self, work: Work, name: LogName, branch: Sequence[SignedPage]) -> _Told:
        """Return what of the branch is lacking here, and what here is not on the branch."""
        if not branch:
            return _Told([], [])
        ours = self.own(work, name.log)
        on_branch = {signed.sealed.sha256 for signed in branch}
        begin = (branch[0].page.epoch, branch[0].page.number)
        published = [one for one in branch if one.sealed.sha256 not in set(ours.values())]
        left: list[SealedPage] = []
        for epoch, number in sorted(ours):
            if (epoch, number) >= begin and ours[epoch, number] not in on_branch:
                left += self._sealer.pages(work, name.log, epoch=epoch, after=number - 1, most=1)
        return _Told(published, left)

    def _leave(self, work: Work, name: LogName, sealed: SealedPage) -> None:
        """Take a page out of the table; it stays as evidence."""
        pages = self._tables.pages
        self._cursors.keep_evidence(work, name, sealed, reason=LEFT_BRANCH)
        work.execute(
            delete(pages).where(
                pages.c.log == name.log.value,
                pages.c.epoch == sealed.epoch,
                pages.c.number == sealed.number,
            )
        )

    def _note_published(self, told: _Told) -> None:
        for event in (event for page in told.published for event in page.page.events):
            told.ids.add(event["id"])
            if _revision(event) is not None:
                told.newest[_thing(event)] = event

    def _list(self, work: Work, sealed: SealedPage, event: dict[str, Any], told: _Told) -> None:
        """List an event that was left behind; tell it again where nothing newer replaces it."""
        if event["id"] in told.ids or event["type"] == LogReopened.wire_type():
            return
        again = not self._is_replaced(event, told)
        work.execute(
            insert(self._tables.left_behind)
            .values(
                event_id=event["id"],
                log=sealed.log.value,
                epoch=sealed.epoch,
                number=sealed.number,
                type=event["type"],
                subject=event["subject"],
                outcome=TOLD_AGAIN if again else REPLACED,
            )
            .on_conflict_do_nothing()
        )
        if again:
            work.announce_again(sealed.log, event["id"], trusted_canonical(event))

    def _is_replaced(self, event: dict[str, Any], told: _Told) -> bool:
        """Return whether newer state was published of what an event tells; note how far we got."""
        thing, revision = _thing(event), _revision(event)
        if revision is None or thing not in told.newest:
            return False
        told.outdone[thing] = max(told.outdone.get(thing, 0), revision)
        return True

    def _look_through_outbox(self, work: Work, log: Log, told: _Told) -> None:
        """Tell nothing twice that waits here and was published from the same database elsewhere."""
        if not told.published:
            return
        outbox = self._tables.outbox
        rows = work.execute(
            select(outbox.c.position, outbox.c.body).where(outbox.c.log == log.value)
        ).all()
        for row in rows:
            event: dict[str, Any] = orjson.loads(row.body)
            if event["id"] in told.ids or self._is_replaced(event, told):
                work.execute(delete(outbox).where(outbox.c.position == row.position))

    def _tell_published_again(self, work: Work, told: _Told) -> None:
        """Have what was published be the newest, here as elsewhere, where both had changed."""
        frame = told.published[-1].page
        for thing, revision in told.outdone.items():
            event = told.newest[thing]
            published = _revision(event)
            assert published is not None
            if revision < published:
                continue
            again = {
                **event,
                "id": new_uuid7(),
                "time": work.moment,
                "data": {**event["data"], "revision": revision + 1},
            }
            self._projector.apply(work, replace(frame, events=[again]))
            work.announce_again(frame.log, again["id"], trusted_canonical(again))


def _thing(event: dict[str, Any]) -> Thing:
    return str(event.get("type", "")).rsplit(".", 2)[0], str(event.get("subject", ""))


def _revision(event: dict[str, Any]) -> int | None:
    """Return the revision of the state that an event carries; none where it tells a fact."""
    found = event["data"].get("revision")
    return found if type(found) is int else None
