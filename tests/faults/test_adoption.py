"""What was published counts, as those see it who have read it; nothing else of a log is lost."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from shared.clock import SystemClock
from shared.contracts.log import Letter, LogReopened
from shared.events import Log, Speaker, frame
from shared.ids import new_id
from shared.log.adoption import REPLACED, TOLD_AGAIN, Adoption, branch_of
from shared.log.branches import BadReopening
from shared.log.cursors import Cursors
from shared.log.epochs import Statement, signed_reopening
from shared.log.page import Page, SealedPage, SignedPage, parse_page
from shared.log.seal import Sealer
from shared.store import Store, Work, open_store
from tests.desks import Notes
from tests.faults.histories import DIRECTORY, History, Origin, Reader

FR = Origin("fr")
TRUNK = FR.told((), 4)


def _signed(*pages: SealedPage) -> list[SignedPage]:
    return [SignedPage(page=parse_page(page.data), sealed=page) for page in pages]


def _stated(page: Page) -> LogReopened:
    first = page.events[0]
    if not first["type"].startswith("org.twiza.log.reopened."):
        raise BadReopening("it is none")
    return LogReopened.model_validate(first["data"])


def _branch(*pages: SealedPage) -> History:
    return tuple(one.sealed for one in branch_of(_signed(*pages), _stated))


def test_a_history_without_a_fork_counts_whole_however_often_it_came() -> None:
    assert _branch(*TRUNK) == TRUNK
    assert _branch(*TRUNK, *TRUNK[1:]) == TRUNK
    assert _branch(*TRUNK[2:]) == TRUNK[2:]
    assert _branch() == ()


@pytest.mark.parametrize("at", range(5))
def test_of_two_branches_the_one_counts_that_came_first(at: int) -> None:
    first = FR.told(TRUNK[:at], 3, word="first ")
    second = FR.told(TRUNK[:at], 5, word="second ")
    assert _branch(*first, *second) == first
    # As a hub gathers them that goes on with another instance where the first one stopped.
    assert _branch(*first, *second[len(first) :]) == first


def test_a_reopening_says_which_branch_counts_whatever_came_first() -> None:
    first = FR.told(TRUNK, 3, word="first ")
    second = FR.told(TRUNK, 2, word="second ")
    healed = FR.told(FR.reopened(second, epoch=2), 2)
    assert _branch(*first, *second, *healed[len(second) :]) == healed
    healed = FR.told(FR.reopened(first, epoch=2), 2)
    assert _branch(*second, *first, *healed[len(first) :]) == healed


def test_an_epoch_that_nobody_has_opened_does_not_count() -> None:
    forged = FR.told((*TRUNK,), 1)
    page = FR.page([FR.listed("no reopening")], epoch=2, number=1, prev="0" * 64)
    assert _branch(*forged, page) == forged


class Instance:
    """One of two instances of a directory: its store, and what seals and adopts its pages."""

    def __init__(self, store: Store, notes: Notes) -> None:
        speaker = Speaker(FR.name.node, DIRECTORY)
        self.store, self.notes = store, notes
        self.sealer = Sealer(notes.log, speaker=speaker, key=FR.key, certificate=FR.certificate)
        self.adoption = Adoption(
            notes.log,
            sealer=self.sealer,
            projector=notes.projector(),
            cursors=Cursors(notes.log),
        )

    async def list(self, name: str, *, entity_id: str = "", revision: int = 1) -> str:
        """List an entity of its own."""
        return await self.store.write(
            self.notes.list_one, "fr", name, entity_id=entity_id, revision=revision
        )

    async def send(self, box: str) -> None:
        """Send a letter."""

        def send(work: Work) -> None:
            work.announce(Letter(box=box))

        await self.store.write(send)

    async def seal(self) -> History:
        """Seal what waits into pages, and return all pages of the newest epoch."""
        while await self.store.write(self.sealer.seal, Log.PUBLIC) is not None:
            pass
        head = await self.store.read(self.sealer.head_seen, Log.PUBLIC)
        return tuple(
            await self.store.read(self.sealer.pages, Log.PUBLIC, epoch=head.epoch, after=0, most=99)
        )

    async def reopen(self, branch: Sequence[SignedPage]) -> int:
        """Go over to a branch and open a new epoch after it; return how many pages were left."""
        last = branch[-1].sealed
        asked = Statement(FR.name, 2, last.epoch, last.number, last.sha256, "a test")
        event = signed_reopening(FR.root, asked)
        body = frame(event, source="twiza:fr/directory", event_id=new_id(), time="")

        def reopen(work: Work) -> int:
            left = self.adoption.adopt(work, FR.name, branch, branch)
            self.sealer.open_epoch(work, Log.PUBLIC, epoch=2, first=body)
            return left

        return await self.store.write(reopen)

    async def left_behind(self) -> dict[str, str]:
        """Return what became of what was left, by the subject of each event."""
        table = self.notes.log.left_behind

        def read(work: Work) -> dict[str, str]:
            return {row.subject: row.outcome for row in work.execute(select(table))}

        return await self.store.read(read)


@asynccontextmanager
async def instance(path: Path) -> AsyncIterator[Instance]:
    """Open one instance over a database file."""
    notes = Notes()
    store = await open_store(
        f"sqlite:///{path}",
        notes.log,
        speaker=Speaker(FR.name.node, DIRECTORY),
        clock=SystemClock(),
        create=True,
    )
    try:
        yield Instance(store, notes)
    finally:
        await store.aclose()


async def test_two_instances_end_in_one_state_and_tell_nothing_twice(tmp_path: Path) -> None:
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    async with instance(first) as one:
        both = await one.list("changed at both")
        ahead = await one.list("changed here more often")
        await one.seal()
        waiting = await one.list("waits when the copy is made")
    shutil.copy(first, second)

    async with instance(first) as one:
        await one.list("published", entity_id=both, revision=2)
        await one.list("published, too", entity_id=ahead, revision=2)
        await one.send("a letter of the first")
        published = await one.seal()
        branch = _signed(*published)

    async with instance(second) as two:
        await two.list("unheard", entity_id=both, revision=2)
        await two.list("unheard", entity_id=ahead, revision=2)
        await two.list("unheard again", entity_id=ahead, revision=3)
        alone = await two.list("known to the second alone")
        await two.send("a letter of the second")
        await two.seal()
        later = await two.list("unheard, and not yet sealed", entity_id=both, revision=3)
        assert later == both

        assert await two.reopen(branch) == 1
        pages = await two.seal()
        told = [event for page in pages for event in parse_page(page.data).events]
        assert sorted(one["subject"] for one in told if "entity" in one["type"]) == sorted(
            [both, ahead, alone]
        )
        # Letters carry no state: both reach their addressees.
        assert sum("letter" in one["type"] for one in told) == 1
        outcomes = await two.left_behind()
        assert outcomes == {
            both: REPLACED,
            ahead: REPLACED,
            alone: TOLD_AGAIN,
            "letter": TOLD_AGAIN,
        }
        names = await two.store.read(two.notes.state)
        assert names == {
            both: "published",
            ahead: "published, too",
            waiting: "waits when the copy is made",
            alone: "known to the second alone",
        }
        async with Reader(tmp_path, [FR]) as reader:
            await reader.follow(FR.name, (*published, *pages))
            assert await reader.hash() == await two.store.read(two.notes.hash)
            assert set((await reader.times()).values()) == {1}
