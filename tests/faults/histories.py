"""Histories of a log, made by hand, and a reader that takes them in without a network."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, Table, Text, select
from sqlalchemy.dialects.postgresql import insert

from shared.bus import Delivered
from shared.clock import SystemClock
from shared.contracts.directory import EntityListed
from shared.contracts.log import LogReopened
from shared.contracts.node import Parent, PeerAdmitted
from shared.contracts.profile import PublicProfile
from shared.events import Event, Log, Speaker, frame
from shared.ids import NodeName, ServiceName, global_id, new_id, uuid7
from shared.keys import Prefix, SigningKey
from shared.log.arrived import Arrived
from shared.log.certificates import certify
from shared.log.cursors import Cursor, Cursors
from shared.log.door import Door
from shared.log.epochs import Statement, signed_reopening
from shared.log.inbox import Inbox
from shared.log.names import LogName
from shared.log.page import NO_PAGE, SealedPage, page_bytes, sha256_hex, sign_page
from shared.log.repair import Repairer
from shared.log.take import Taker
from shared.log.trust import Trust
from shared.store import Store, Work, open_store
from tests.desks import Notes

DIRECTORY = ServiceName("directory")
MOMENT = "2026-11-21T17:00:00.000Z"
ROUNDS_MAX = 12

History = tuple[SealedPage, ...]


class Origin:
    """A directory of another node: it seals whatever history a test wants it to have."""

    def __init__(self, node: str) -> None:
        self.name = LogName(NodeName(node), DIRECTORY, Log.PUBLIC)
        self.root = SigningKey.generate(Prefix.ROOT)
        self.key = SigningKey.generate(Prefix.SERVICE)
        self.certificate = certify(
            self.root, node=self.name.node, service=DIRECTORY, key=self.key.public
        )

    def grown(self, history: History, *events: Iterable[Event], epoch: int = 0) -> History:
        """Return a history with one more page for each group of events."""
        for group in events:
            last = history[-1] if history else None
            starts = last is None or (epoch or last.epoch) != last.epoch
            page = self.page(
                group,
                epoch=epoch or (last.epoch if last else 1),
                number=1 if last is None or starts else last.number + 1,
                prev=NO_PAGE if last is None or starts else last.sha256,
            )
            history = (*history, page)
        return history

    def told(self, history: History, pages: int, *, word: str = "") -> History:
        """Return a history with so many more pages, of one to three entities each."""
        groups = []
        for at in range(pages):
            names = [
                f"{self.name.node} {word}{len(history) + at} {one}" for one in range(at % 3 + 1)
            ]
            groups.append([self.listed(name) for name in names])
        return self.grown(history, *groups)

    def reopened(self, kept: History, *, epoch: int, reason: str = "restored") -> History:
        """Return a history that goes on in a new epoch after the last page that counts."""
        last = kept[-1]
        asked = Statement(self.name, epoch, last.epoch, last.number, last.sha256, reason)
        return self.grown(kept, [signed_reopening(self.root, asked)], epoch=epoch)

    def listed(self, name: str, *, entity_id: str = "", revision: int = 1) -> EntityListed:
        """Return the event that an entity was listed."""
        return EntityListed(
            entity_id=entity_id or global_id(self.name.node, uuid7()),
            revision=revision,
            profile=PublicProfile(name=name),
        )

    def page(self, events: Iterable[Event], *, epoch: int, number: int, prev: str) -> SealedPage:
        """Return a sealed page."""
        bodies = [
            frame(
                event,
                source=f"twiza:{self.name.node}/{DIRECTORY}",
                event_id=new_id(),
                time=MOMENT,
            )
            for event in events
        ]
        data = page_bytes(
            node=self.name.node,
            service=DIRECTORY,
            log=Log.PUBLIC,
            epoch=epoch,
            number=number,
            prev=prev,
            sealed_at=MOMENT,
            bodies=bodies,
        )
        return SealedPage(
            log=Log.PUBLIC,
            epoch=epoch,
            number=number,
            data=data,
            sha256=sha256_hex(data),
            signature=sign_page(sha256_hex(data), self.key),
            certificate=self.certificate,
        )

    def admission(self) -> PeerAdmitted:
        """Return the word of the hub by which this node is known."""
        return PeerAdmitted.model_validate(
            {
                "node": self.name.node,
                "revision": 1,
                "continent": "eu",
                "root_key": self.root.public,
                "level": "local",
            }
        )


class CountingNotes(Notes):
    """Notes that count, too, how often each event was applied."""

    def __init__(self) -> None:
        super().__init__()
        self.applied = Table(
            "applied",
            self.metadata,
            Column("event_id", Text, primary_key=True),
            Column("times", BigInteger, nullable=False),
        )

    def remember(self, work: Work, arrived: Sequence[Arrived[Any]]) -> None:
        """Remember entities, and that their events were applied once more."""
        super().remember(work, arrived)
        for told in arrived:
            row = {"event_id": told.event_id, "times": 1}
            work.execute(
                insert(self.applied)
                .values(row)
                .on_conflict_do_update(
                    index_elements=("event_id",), set_={"times": self.applied.c.times + 1}
                )
            )

    def times(self, work: Work) -> dict[str, int]:
        """Return how often each event was applied."""
        return {row.event_id: row.times for row in work.execute(select(self.applied))}


class Reader:
    """A directory that takes in what a test hands it, and repairs from what a test says.

    Args:
        folder: where its database is.
        origins: the nodes that it knows.
        name: the file's name.
    """

    def __init__(self, folder: Path, origins: Iterable[Origin], *, name: str = "reader") -> None:
        self.notes = CountingNotes()
        self.origins = {origin.name: origin for origin in origins}
        self.served: Mapping[LogName, History] = {}
        """What a repair finds, by log."""
        self.store: Store
        self.taker: Taker
        self.inbox: Inbox
        self.repairer: Repairer
        self._url = f"sqlite:///{folder / name}.db"
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Reader":
        own = NodeName("es")
        self.store = await open_store(
            self._url,
            self.notes.log,
            speaker=Speaker(own, DIRECTORY),
            clock=SystemClock(),
            create=True,
        )
        self._stack.push_async_callback(self.store.aclose)
        trust = Trust(self.notes.log, own=_parent("es", "local"), hub=_parent("eu", "continental"))
        await trust.load(self.store)

        def admit(work: Work) -> None:
            for origin in self.origins.values():
                trust.admitted(work, origin.admission(), origin="eu")

        await self.store.write(admit)
        await trust.refresh(self.store)
        projector = self.notes.projector()
        projector.on(LogReopened, lambda work, arrived: None)
        self.taker = Taker(Cursors(self.notes.log), projector, trust)
        self.inbox = Inbox(
            own,
            DIRECTORY,
            store=self.store,
            taker=self.taker,
            door=Door(trust),
            trust=trust,
            own_page=lambda messages: None,
        )
        self.repairer = Repairer(
            own,
            store=self.store,
            taker=self.taker,
            inbox=self.inbox,
            fetch_remote=self._fetch,
            fetch_sibling=self._fetch,
            follows=lambda name: True,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def take(self, *pages: tuple[LogName, SealedPage]) -> None:
        """Take in pages that came together."""
        await self.inbox.take_in(
            [(name, Delivered(0, "", page.data, page.headers)) for name, page in pages]
        )

    async def follow(self, name: LogName, history: Iterable[SealedPage]) -> None:
        """Take in a history as it comes, page after page."""
        for page in history:
            await self.take((name, page))

    async def repaired(self, served: Mapping[LogName, History]) -> None:
        """Repair until nothing more is found."""
        self.served = served
        for _ in range(ROUNDS_MAX):
            if not await self.repairer.round():
                return

    async def cursor(self, name: LogName) -> Cursor:
        """Return where a log stands here."""
        return await self.store.read(self.taker.cursors.load, name)

    async def applied(self, name: LogName) -> list[str]:
        """Return the hashes of the pages of a log that were applied, in order."""
        found = await self.store.read(self.taker.cursors.all_pages, name)
        return [page.sha256 for page in found]

    async def held(self, name: LogName) -> int:
        """Return how many pages of a log are held."""
        return await self.store.read(self.taker.cursors.held_count, name)

    async def hash(self) -> str:
        """Return a hash of what is remembered."""
        return await self.store.read(self.notes.hash)

    async def times(self) -> dict[str, int]:
        """Return how often each event was applied."""
        return await self.store.read(self.notes.times)

    async def _fetch(self, name: LogName, epoch: int, after: int) -> AsyncIterator[Delivered]:
        for page in self.served.get(name, ()):
            if (page.epoch, page.number) > (epoch, after):
                yield Delivered(0, "", page.data, page.headers)


def _parent(node: str, level: str) -> Parent:
    root = SigningKey.generate(Prefix.ROOT).public
    return Parent.model_validate(
        {"node": node, "continent": "eu", "root_key": root, "level": level}
    )
