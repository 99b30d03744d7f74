"""Networks in one process that found an association and decide in it, through their handlers."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import insert

from services.governance import decision_rows
from services.governance.association_ballots import (
    AboutMember,
    Course,
    call_ballot,
    prepare_ballot,
)
from services.governance.association_handlers import adopt, found
from services.governance.association_keeper import AssociationKeeper
from services.governance.association_members import Own, sponsor_member
from services.governance.association_rows import association_at
from services.governance.federated.association_templates import USUAL
from services.governance.federated.associations import Association
from services.governance.federated_answers import accept
from services.governance.federated_handlers import Wording, sponsor
from services.governance.paper_legs import (
    PaperResult,
    PaperRoll,
    enter_result,
    enter_roll,
    name_tellers,
)
from services.governance.tables import LOG
from shared.contracts.seals import Tally
from shared.ids import NodeName, ServiceName, new_uuid7
from shared.log.certificates import certify
from shared.store import Work
from tests.governance.federated_service.world import (
    HEX,
    NOTICE,
    VOTING,
    Network,
    World,
    key_of,
    root_of,
)
from tests.governance.process.lives import counted

NAMES: Final = ("adrar", "kaolack", "lima", "quebec", "dakar")
FOUNDERS: Final = NAMES[:4]
DAKAR: Final = "dakar"
HOUR: Final = timedelta(hours=1)
CONSENT: Final[list[dict[str, Any]]] = [{"answer": "consent"}] * 8
YES: Final[list[dict[str, Any]]] = [{"answer": "yes"}] * 8


def draft(**more: Any) -> dict[str, Any]:
    """Return the charter that is proposed, for these founders."""
    said: dict[str, Any] = {
        "names": {"fr": "Association d'essai"},
        "founders": FOUNDERS,
        "authoritative": "fr",
        "competence": dict(USUAL.competence),
        "rules": {matter: rule.model_dump(mode="json") for matter, rule in USUAL.rules.items()},
        "parameters": {"observing_s": 30 * 86_400},
    }
    return said | more


TELLERS: Final = ["p-first", "p-second"]
RESULT: Final = PaperResult(issued=30, blank=1, tally=Tally(yes=20, no=9), paper_hash=HEX)
TEXTS: Final = {"fr": "Nous décidons ensemble.\n"}


def own_of(name: str) -> Own:
    """Return who a network is to others."""
    key = key_of(name).public
    certificate = certify(
        root_of(name), node=NodeName(name), service=ServiceName("governance"), key=key
    )
    return Own(names={"fr": name.title()}, root_key=root_of(name).public, certificate=certificate)


def decided(work: Work) -> str:
    """Keep a decision of the network's members that was adopted; return its id."""
    decision = new_uuid7()
    decision_rows.keep_first(work, decision, tuple(counted().steps))
    return decision


def know_all(work: Work) -> None:
    """Have the registry of a node know all networks that have a line."""
    for name in FOUNDERS:
        row = {"node": name, "continent": "af", "root_key": root_of(name).public}
        row |= {"level": "local", "admitted_by": "adrar", "standing": "normal"}
        work.execute(insert(LOG.known_node).values(row))


class Assembled:
    """Networks and the association that the first of them keeps."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.id = ""
        self.hash = ""

    def __getitem__(self, name: str) -> Network:
        return self.world[name]

    async def begin(self) -> None:
        """Have the first network publish the charter and all founders sign it."""
        for one in self.world:
            await one.store.write(know_all)
        charter = await self["adrar"].do(found, draft(), TEXTS)
        self.id, self.hash = charter.association, charter.hash
        self.world.cut = {DAKAR}
        await self.world.carry()
        for name in FOUNDERS:
            await self.sign(name)
        await self.world.carry()

    async def sign(self, name: str) -> bool:
        decision = await self[name].store.write(decided)
        signed: bool = await self[name].do(
            adopt,
            self.id,
            number=1,
            charter_hash=self.hash,
            decision=decision,
            steward="p-steward",
        )
        return signed

    async def at(self, name: str) -> Association:
        """Return the association as a network sees it."""
        now = self.world.clock.now()
        return await self[name].store.read(association_at, self.id, now)

    async def sponsor(self, network: str, *by: str) -> None:
        for name in by or ("kaolack", "lima"):
            await self[name].do(sponsor_member, self.id, network)
        await self.world.carry()

    async def called(self, about: AboutMember, **more: Any) -> str:
        """Have the keeper ask for the rolls and announce a ballot, and the others take part."""
        ballot: str = await self["adrar"].do(prepare_ballot, self.id, about)
        await self.world.settle()
        wait = timedelta(days=30) if about.matter == "expulsion" else NOTICE
        opens = self.world.clock.now() + wait + HOUR
        course = Course(
            language="fr",
            texts={"fr": Wording(text="Nous proposons ceci.")},
            opens_at=opens,
            closes_at=opens + VOTING,
            ballot_id=ballot,
            **more,
        )
        await self["adrar"].do(call_ballot, self.id, about, course)
        await self.world.carry()
        for name in ("kaolack", "lima"):
            if name != about.subject:
                await self[name].do(sponsor, ballot)
        await self.world.carry()
        for name in (await self.at("adrar")).voters:
            if name != about.subject:
                await self.accepts(name, ballot)
        await self.world.settle()
        self.world.pass_by(wait + 2 * HOUR)
        await self.world.settle()
        return ballot

    async def decide(self, about: AboutMember, choices: Sequence[dict[str, Any]] = YES) -> str:
        """Have a ballot called, voted on by all and certified; return its id."""
        voters = [one for one in (await self.at("adrar")).voters if one != about.subject]
        ballot = await self.called(about)
        for name in (one for one in voters if one in NAMES):
            await self[name].vote(ballot, choices)
        self.world.pass_by(VOTING)
        await self.world.settle()
        for name in (one for one in voters if one not in NAMES):
            for teller in TELLERS:
                await self["adrar"].do(enter_result, ballot, name, RESULT, teller=teller)
        await self.world.settle()
        return ballot

    async def accepts(self, name: str, ballot: str) -> None:
        """Have a network take part; for one without software the keeper says so, and its roll."""
        if name in NAMES:
            await self[name].do(accept, ballot)
            return
        keeper = self["adrar"]
        await keeper.do(accept, ballot, network=name)
        await keeper.do(name_tellers, ballot, name, TELLERS)
        for teller in TELLERS:
            await keeper.do(
                enter_roll, ballot, name, PaperRoll(size=40, paper_hash=HEX), teller=teller
            )

    def keeper(self, name: str = "adrar") -> AssociationKeeper:
        """Return a keeper that knows nothing but what lies in the database."""
        one = self[name]
        return AssociationKeeper(one.store, self.world.clock, one.name, every_s=3_600.0)

    async def kept(self, name: str = "adrar") -> list[tuple[str, str]]:
        """Have the keeper look; return what it has told, and let the others hear it."""
        told = [(one.node, one.what) for one in await self.keeper(name).look()]
        await self.world.carry()
        return told
