"""Governance for tests: the real service of a node over its real nats-server, with members."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.governance import decision_rows, register_projections
from services.governance.app import running
from services.governance.association_ballots import (
    AboutMember,
    Course,
    call_ballot,
    prepare_ballot,
)
from services.governance.association_handlers import adopt
from services.governance.association_members import sponsor_member
from services.governance.association_rows import association_at
from services.governance.casting import Casting, cast
from services.governance.federated.associations import Association
from services.governance.federated.ballot import Ballot, BallotState, state_at
from services.governance.federated_answers import accept
from services.governance.federated_handlers import Wording, sponsor
from services.governance.federated_legs import own_legs
from services.governance.federated_rows import facts_of, state_of
from services.governance.parts import Parts
from services.governance.settings import GovernanceSettings
from services.governance.tables import LOG
from services.node.settings import service_values
from shared.contracts.charters import CharterPublished
from shared.contracts.decisions import DecisionNoticed, DecisionRolled
from shared.contracts.register import MemberAdmitted
from shared.events import Log
from shared.health import Checks
from shared.ids import ServiceName, new_uuid7
from shared.log.page import Page
from shared.log.projector import Projector
from shared.refusals import Missing
from shared.store import Store, Work
from tests.governance.process.lives import counted
from tests.nodes import TestNode, until

MEMBERS: Final = 6
BEFORE: Final = "2024-01-01T00:00:00.000Z"
OPENS_AFTER: Final = timedelta(seconds=4)
"""How long after the notice a ballot opens here: others have to hear of it and accept first."""
LASTS: Final = timedelta(seconds=2)


class Governing:
    """A node's governance, its people and what they do."""

    def __init__(self, node: TestNode, parts: Parts) -> None:
        self.node = node
        self.parts = parts
        self.members = [f"p-{node.name}-{number}" for number in range(MEMBERS)]

    @property
    def store(self) -> Store:
        """Its database."""
        return self.parts.store

    async def do(self, unit: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Do something as this network."""
        done = await self.store.write(unit, self.parts.federated, *args, **more)
        self.parts.changed()
        return done

    async def register(self) -> None:
        """Have the directory of this node tell of its members."""
        await self.store.write(self._register)

    def _register(self, work: Work) -> None:
        projector = Projector(LOG, release="1")
        register_projections.register(projector, node=self.node.name)
        told = [
            MemberAdmitted(member_id=one, revision=1, since=BEFORE, standing="full")
            for one in self.members
        ]
        page = Page(
            node=self.node.name,
            service=ServiceName("directory"),
            log=Log.PRIVATE,
            epoch=1,
            number=1,
            prev="0" * 64,
            sealed_at=BEFORE,
            events=[
                {
                    "specversion": "1.0",
                    "id": new_uuid7(),
                    "source": f"twiza:{self.node.name}/directory",
                    "type": one.wire_type(),
                    "subject": one.about(),
                    "time": BEFORE,
                    "datacontenttype": "application/json",
                    "data": one.model_dump(mode="json", exclude_defaults=True),
                }
                for one in told
            ],
        )
        assert projector.apply(work, page) == 0

    async def signs(self, association: str) -> None:
        """Wait for the charter, have the members decide on it, and sign it."""

        async def heard() -> bool:
            return bool(await self._charters(association))

        await until(heard, what=f"{self.node.name} has the charter", timeout_s=20)
        charter = (await self._charters(association))[0]
        decision = new_uuid7()
        await self.store.write(_decide, decision)
        await self.do(
            adopt,
            association,
            number=charter.number,
            charter_hash=charter.charter_hash,
            decision=decision,
            steward="p-steward",
        )

    async def _charters(self, association: str) -> list[CharterPublished]:
        facts = await self.store.read(facts_of, association)
        return [one.event for one in facts if isinstance(one.event, CharterPublished)]

    async def at(self, association: str) -> Association | None:
        """Return the association as this network sees it now."""
        try:
            return await self.store.read(association_at, association, datetime.now(UTC))
        except Missing:
            return None

    async def ballot(self, ballot_id: str) -> Ballot:
        """Return a ballot as this network sees it."""
        return await self.store.read(state_of, ballot_id)

    async def heard(self, ballot_id: str, kind: type, number: int = 1) -> None:
        """Wait until so many facts of a kind were told of a ballot."""

        async def so() -> bool:
            facts = await self.store.read(facts_of, ballot_id)
            return sum(isinstance(one.event, kind) for one in facts) >= number

        await until(so, what=f"{self.node.name} hears {kind.__name__}", timeout_s=20)

    async def vote(self, ballot_id: str, choice: Mapping[str, Any]) -> None:
        """Have all members vote once the ballot is open at home."""

        async def opened() -> bool:
            legs = await self.store.read(own_legs, ballot_id, self.node.name)
            return any(one.state == "open" for one in legs)

        await until(opened, what=f"{self.node.name} has opened", timeout_s=20)
        legs = await self.store.read(own_legs, ballot_id, self.node.name)
        home = next(one.local_ballot for one in legs if one.state == "open")

        def all_of_them(work: Work) -> None:
            for person in self.members:
                cast(work, Casting(ballot_id=home, choice=choice, person=person))

        await self.store.write(all_of_them)

    async def certified(self, ballot_id: str) -> None:
        """Wait until a ballot is certified here."""

        async def so() -> bool:
            found = await self.ballot(ballot_id)
            return state_at(found, datetime.now(UTC)) is BallotState.CERTIFIED

        await until(so, what=f"{self.node.name} has {ballot_id} certified", timeout_s=30)


def _decide(work: Work, decision: str) -> None:
    decision_rows.keep_first(work, decision, tuple(counted().steps))


@asynccontextmanager
async def governing(node: TestNode) -> AsyncIterator[Governing]:
    """Run the governance of a node, as long as this lasts."""
    values = service_values(node.home, "governance", release="0.0.test")
    values["urls"] = {name: values["urls"][name] for name in ("node", "governance")}
    settings = GovernanceSettings(**values, languages=["fr"], keep_time_s=0.3)
    async with running(settings, checks=Checks()) as (_, parts):
        one = Governing(node, parts)
        await one.register()
        yield one


async def sponsored(association: str, network: str, *by: Governing) -> None:
    """Have members stand for a network that has asked, and hear of each other."""
    for one in by:

        async def heard(one: Governing = one) -> bool:
            found = await one.at(association)
            return found is not None and network in found.applications

        await until(heard, what=f"{one.node.name} has heard of {network}", timeout_s=20)
        await one.do(sponsor_member, association, network)
    for one in by:

        async def all_stand(one: Governing = one) -> bool:
            found = await one.at(association)
            return found is not None and len(found.sponsors.get(network, ())) == len(by)

        await until(all_stand, what="the sponsors are known", timeout_s=20)


async def called(association: str, about: AboutMember, *voters: Governing) -> str:
    """Have a ballot announced, sponsored and accepted by all who vote; return its id.

    Args:
        voters: the first of them calls it.
    """
    first, *others = voters
    ballot: str = await first.do(prepare_ballot, association, about)
    await first.heard(ballot, DecisionRolled, len(voters))
    opens = datetime.now(UTC) + OPENS_AFTER
    course = Course(
        language="fr",
        texts={"fr": Wording(text="Nous le proposons.")},
        opens_at=opens,
        closes_at=opens + LASTS,
        ballot_id=ballot,
    )
    await first.do(call_ballot, association, about, course)
    await others[0].heard(ballot, DecisionNoticed)
    await others[0].do(sponsor, ballot)

    async def stands(one: Governing) -> bool:
        return (await one.ballot(ballot)).notice is not None

    for one in voters:
        await until(lambda one=one: stands(one), what="the notice stands", timeout_s=20)  # type: ignore[misc]  # mypy cannot infer the default
        await one.do(accept, ballot)
    return ballot


async def voted(ballot: str, *voters: Governing) -> None:
    """Have all members of all voters say yes."""
    await asyncio.gather(*(one.vote(ballot, {"answer": "yes"}) for one in voters))
