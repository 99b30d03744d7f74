"""A hub's seat for tests: its home, keys, registry and database, with a clock that a test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from services.node import acts, joining, membership_acts, membership_rows, tables
from services.node.acts import Act
from services.node.handlers import Telling
from services.node.invitations import make_invitation
from services.node.join import request_of
from services.node.members import Members
from services.node.membership_acts import Hub, Outcome
from services.node.proposals import ActKind, Proposal
from shared.clock import SetClock, stamp
from shared.contracts.membership import MembershipDecided
from shared.contracts.node import Parent
from shared.events import Speaker
from shared.ids import NodeName, ServiceName
from shared.keys import SigningKey
from shared.log.trust import KnownNode, Standing, Trust
from shared.store import Store, Work, open_store
from shared.subjects import Level
from tests.nodes import TestNode

NOW = datetime(2026, 11, 22, 9, 0, 0, tzinfo=UTC)
ASSOCIATION = "eu:01990000-0000-7000-8000-0000000000e1"
BALLOT = "01990000-0000-7000-8000-0000000000f1"
OUTCOME = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
NO_PAGES: dict[str, tuple[int, int]] = {}


class Seat:
    """What a hub decides and remembers, without any server."""

    def __init__(self, node: TestNode, store: Store, clock: SetClock, hub: Hub) -> None:
        self.node = node
        self.store = store
        self.clock = clock
        self.hub = hub

    async def asked_by(self, node: TestNode, **said: Any) -> str:
        """Receive a node's request to join; return its six words."""
        invitation = make_invitation(self.node.home, clock=self.clock)
        request = request_of(node.home, invitation, clock=self.clock)
        return await self.store.write(joining.receive, request, **{"waiting_max": 50, **said})

    async def speak(self, person: str, act: str, node: str, **said: str) -> Act:
        """Note a steward's word."""
        proposal = Proposal(kind=ActKind(act), node=node, **said)

        def unit(work: Work) -> Act:
            return acts.speak(
                work,
                self.hub,
                proposal,
                person=person,
                association=ASSOCIATION,
                last_pages=NO_PAGES,
            )

        spoken = await self.store.write(unit)
        await self.hub.telling.trust.refresh(self.store)
        return spoken

    async def two_say(self, act: str, node: str, **said: str) -> Act:
        """Note the words of two stewards; return the act as the second one left it."""
        await self.speak("p-amina", act, node, **said)
        return await self.speak("p-boris", act, node, **said)

    async def hears(self, *decisions: MembershipDecided, origin: str = "eu") -> None:
        """Hear decisions as this node's governance tells them, and do what is due."""

        def unit(work: Work) -> None:
            for one in decisions:
                membership_rows.hear(work, one, origin=origin, association=ASSOCIATION)

        await self.store.write(unit)
        await self.round()

    async def chartered(self) -> None:
        """Hear that the association has adopted a charter."""
        await self.store.write(membership_rows.hear_charter, ASSOCIATION, version=1)

    async def round(self) -> list[Outcome]:
        """Do what the hub does at each round; return what became of the decisions."""
        await self.store.write(membership_acts.end_over, self.hub, ASSOCIATION)
        outcomes = []
        for one in await self.store.read(membership_rows.due, ASSOCIATION):
            outcomes.append(
                await self.store.write(membership_acts.carry_out, self.hub, one, last_pages={})
            )
        await self.hub.telling.trust.refresh(self.store)
        return outcomes

    async def row(self, node: str) -> Any:
        """Return what is remembered of the newest decision on a node."""
        return await self.store.read(membership_rows.row_of, ASSOCIATION, node)

    def known(self, node: str) -> KnownNode:
        """Return what the registry holds of a node."""
        found = self.hub.telling.trust.node(node)
        assert found is not None
        return found

    def standing(self, node: str) -> Standing:
        """Return how a node stands."""
        return self.known(node).standing

    async def told(self) -> list[str]:
        """Return the types of all events that the hub has told so far."""
        outbox = self.store.tables.outbox
        rows = await self.store.read(lambda work: work.execute(outbox.select()).all())
        return [
            orjson.loads(row.body)["type"].removeprefix("org.twiza.node.").removesuffix(".v1")
            for row in sorted(rows, key=lambda row: row.position)
        ]


def decided(what: str, node: TestNode, revision: int, **said: Any) -> MembershipDecided:
    """Return a decision of the hub's association."""
    given = {
        "association": ASSOCIATION,
        "node": node.name,
        "root_key": SigningKey.load(node.home.root_key).public,
        "revision": revision,
        "what": what,
        "cause": {"ground": f"Ground {revision}.", "ballot": BALLOT, "outcome": OUTCOME},
        "valid_from": stamp(NOW),
    }
    return MembershipDecided.model_validate(given | said)


@asynccontextmanager
async def seated(folder: Path, url: str) -> AsyncIterator[Seat]:
    """Open the seat of the hub ``eu`` over a database."""
    node = TestNode(folder, "eu", level=Level.CONTINENTAL, association=ASSOCIATION)
    clock = SetClock(NOW)
    store = await open_store(
        url,
        tables.LOG,
        speaker=Speaker(NodeName("eu"), ServiceName("node")),
        clock=clock,
        create=True,
    )
    own = Parent.model_validate(
        {
            "node": "eu",
            "continent": "eu",
            "root_key": SigningKey.load(node.home.root_key).public,
            "level": "continental",
        }
    )
    try:
        trust = Trust(tables.LOG, own=own, hub=None)
        await trust.load(store)
        telling = Telling(NodeName("eu"), trust)
        members = Members(node.home, store, telling, trust, renew_before=timedelta(days=30))
        root = SigningKey.load(node.home.root_key)
        hub = Hub(telling=telling, members=members, root_key=lambda: root)
        yield Seat(node, store, clock, hub)
    finally:
        await store.aclose()
