"""Networks in one process, each with a store of its own; what they tell is carried by hand.

The carrier hands pages over as a door has let them in, in any order and as often as a test wants.
"""

import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any, Final

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.governance import register_projections
from services.governance.app import projections
from services.governance.casting import Casting, cast
from services.governance.federated.ballot import Ballot, BallotState, state_at
from services.governance.federated.charter import Charter, Matter, Parameters
from services.governance.federated.policies import FederatedRule, Policy
from services.governance.federated_answers import accept
from services.governance.federated_desk import UNSIGNED, FederatedDesk
from services.governance.federated_handlers import Calling, Wording, convene, sponsor
from services.governance.federated_keeper import FederatedKeeper
from services.governance.federated_legs import own_legs
from services.governance.federated_rows import note_key, state_of
from services.governance.rules import Method, Rule
from services.governance.settings import GovernanceSettings
from services.governance.tables import LOG
from shared.clock import SetClock
from shared.contracts.charters import CharterAdopted, CharterPublished
from shared.contracts.decisions import ToldLeg
from shared.contracts.register import MemberAdmitted
from shared.events import Log, Speaker
from shared.ids import NodeName, ServiceName, new_uuid7
from shared.keys import Prefix, SigningKey
from shared.log.certificates import certify
from shared.log.page import Page
from shared.log.projector import Projector
from shared.store import Store, Work, open_store
from tests.governance.conftest import NOW

NAMES: Final = ("adrar", "kaolack", "lima", "quebec", "souss")
ASSOCIATION: Final = "adrar:01990000-0000-7000-8000-0000000000aa"
GOVERNANCE: Final = ServiceName("governance")
BEFORE: Final = "2024-01-01T00:00:00.000Z"
NOTICE: Final = timedelta(days=14)
VOTING: Final = timedelta(days=7)
GRACE: Final = timedelta(hours=72)
HEX: Final = hashlib.sha256(b"a text").hexdigest()
TEXTS: Final = {"ar": Wording(text="نص", confirmed=True), "fr": Wording(text="Un fonds commun.")}


def key_of(name: str) -> SigningKey:
    return SigningKey(hashlib.sha256(f"service of {name}".encode()).digest(), Prefix.SERVICE)


def root_of(name: str) -> SigningKey:
    return SigningKey(hashlib.sha256(f"root of {name}".encode()).digest(), Prefix.ROOT)


def charter(**more: Any) -> Charter:
    fields: dict[str, Any] = {
        "association": ASSOCIATION,
        "number": 1,
        "languages": ("ar", "fr"),
        "authoritative": "fr",
        "texts": {"ar": HEX, "fr": HEX},
        "competence": {
            "solidarity-fund": "continent",
            "purchasing": "network",
            **dict.fromkeys(Matter, "continent"),
        },
        "parameters": Parameters(roll_min=1, floor=1),
    }
    return Charter(**(fields | more))


def rule(policy: Policy = Policy.DOUBLE, **more: Any) -> FederatedRule:
    fields: dict[str, Any] = {"rule": Rule(method=Method.YES_NO), "floor": 1} | more
    return FederatedRule(policy=policy, **fields)


class Network:
    """A network: its store, its key, and a keeper that looks when a test says so."""

    def __init__(self, name: str, store: Store, clock: SetClock, members: int) -> None:
        self.name = NodeName(name)
        self.store = store
        self.clock = clock
        self.members = [f"p-{name}-{number}" for number in range(members)]
        self.desk = FederatedDesk(self.name, key_of(name))
        self.projector: Projector = projections(LOG, GovernanceSettings(node=name))
        self.hears = True
        self.restart()

    def restart(self) -> None:
        """Have a new keeper, which knows nothing but what lies in the database."""
        self.keeper = FederatedKeeper(
            self.store, self.clock, self.desk, every_s=3_600.0, hears=lambda: self.hears
        )

    async def begin(self) -> None:
        await self.store.write(note_key, self.name, self.desk.key.public)
        await self.store.write(self._register)

    def _register(self, work: Work) -> None:
        projector = Projector(LOG, release="1")
        register_projections.register(projector, node=self.name)
        told = [
            MemberAdmitted(member_id=one, revision=1, since=BEFORE, standing="full")
            for one in self.members
        ]
        events = [_cloud(self.name, "directory", one) for one in told]
        page = page_of(self.name, "directory", Log.PRIVATE, 1, events)
        assert projector.apply(work, page) == 0

    async def do(self, unit: Any, *args: Any, **more: Any) -> Any:
        """Do something as this network."""
        return await self.store.write(unit, self.desk, *args, **more)

    async def look(self) -> None:
        await self.keeper.look()

    async def ballot(self, ballot_id: str) -> Ballot:
        return await self.store.read(state_of, ballot_id)

    async def state(self, ballot_id: str) -> BallotState:
        return state_at(await self.ballot(ballot_id), self.clock.now())

    async def home(self, ballot_id: str) -> str:
        """Return the ballot in which the members vote."""
        return (await self.store.read(own_legs, ballot_id, self.name))[-1].local_ballot

    async def vote(self, ballot_id: str, choices: Sequence[Mapping[str, Any]]) -> None:
        """Have members vote, the first with the first choice, and so on."""
        home = await self.home(ballot_id)

        def all_of_them(work: Work) -> None:
            for person, choice in zip(self.members, choices, strict=False):
                cast(work, Casting(ballot_id=home, choice=choice, person=person))

        await self.store.write(all_of_them)

    async def told(self) -> list[dict[str, Any]]:
        """Return all public events that this network has told, in order."""

        def read(work: Work) -> list[dict[str, Any]]:
            outbox = LOG.outbox
            rows = work.execute(
                select(outbox.c.body).where(outbox.c.log == "public").order_by(outbox.c.position)
            )
            return [orjson.loads(row.body) for row in rows]

        return await self.store.read(read)

    async def hear(self, told: Iterable[tuple["Network", int, dict[str, Any]]]) -> None:
        """Take in events of others, each as a page of its own."""
        pages = list(told)

        def take_in(work: Work) -> None:
            for other, number, event in pages:
                page = page_of(other.name, "governance", Log.PUBLIC, number, [event])
                assert self.projector.apply(work, page) == 0
                work.execute(insert(LOG.peer_pages).on_conflict_do_nothing(), _kept(other, number))

        await self.store.write(take_in)


class World:
    """Networks with one charter, and what passes between them."""

    def __init__(self, networks: Mapping[str, Network], clock: SetClock) -> None:
        self.networks = networks
        self.clock = clock
        self.charter = charter()
        self.cut: set[str] = set()
        self.luck = random.Random(7)
        self._heard: dict[str, set[str]] = {name: set() for name in networks}

    def __getitem__(self, name: str) -> Network:
        return self.networks[name]

    def __iter__(self) -> Any:
        return iter(self.networks.values())

    async def found(self, given: Charter | None = None) -> None:
        """Publish the charter, and have all sign it."""
        self.charter = given or self.charter
        keeper = self.networks[self.charter.keeper]
        published = CharterPublished(
            association=ASSOCIATION,
            node=keeper.name,
            number=self.charter.number,
            charter=self.charter.as_data(),
            charter_hash=self.charter.hash,
        )
        await keeper.store.write(lambda work: keeper.desk.tell(work, published))
        for one in self:
            await one.store.write(self._adopt, one)
        await self.carry()

    def _adopt(self, work: Work, one: Network) -> None:
        adopted = CharterAdopted(
            association=ASSOCIATION,
            node=one.name,
            number=self.charter.number,
            charter_hash=self.charter.hash,
            adopted_at=work.moment,
            signature=UNSIGNED,
        )
        one.desk.tell_signed(work, adopted)

    def calling(self, given: FederatedRule | None = None, **more: Any) -> Calling:
        opens = self.clock.now() + NOTICE + timedelta(hours=1)
        fields: dict[str, Any] = {
            "association": ASSOCIATION,
            "matter": "solidarity-fund",
            "rule": given or rule(),
            "language": "fr",
            "texts": TEXTS,
            "legs": [ToldLeg(node=NodeName(name)) for name in self.networks],
            "opens_at": opens,
            "closes_at": opens + VOTING,
        }
        return Calling(**(fields | more))

    async def noticed(
        self, given: FederatedRule | None = None, *, accepting: Sequence[str] = NAMES, **more: Any
    ) -> str:
        """Have the first network call a ballot, another stand for it, and others take part."""
        first, second = list(self)[:2]
        ballot_id: str = await first.do(convene, self.calling(given, **more))
        await self.carry()
        await second.do(sponsor, ballot_id)
        await self.carry()
        for name in accepting:
            await self[name].do(accept, ballot_id)
        await self.settle()
        return ballot_id

    async def carry(self, *, again: bool = False) -> bool:
        """Hand over what was told, in any order; return whether anybody heard something new.

        Args:
            again: hand over all that was ever told once more.
        """
        told = [
            (one, number, event)
            for one in self
            if one.name not in self.cut
            for number, event in enumerate(await one.told(), 1)
        ]
        moved = False
        for one in self:
            if one.name in self.cut:
                continue
            heard = self._heard[one.name]
            new = [
                each
                for each in told
                if each[0] is not one and (again or each[2]["id"] not in heard)
            ]
            self.luck.shuffle(new)
            await one.hear(new)
            moved |= bool({each[2]["id"] for each in new} - heard)
            heard.update(each[2]["id"] for each in new)
        return moved

    async def settle(self, *, restarting: bool = False) -> None:
        """Let everybody do what is due and hear of it, until nothing more is said."""
        for _ in range(20):
            for one in self:
                if restarting:
                    one.restart()
                one.hears = one.name not in self.cut
                await one.look()
            if not await self.carry():
                for one in self:
                    await one.look()
                if not await self.carry():
                    return
        raise AssertionError("it never ends")

    def pass_by(self, by: timedelta) -> None:
        self.clock.move(by)

    async def outcomes(self, ballot_id: str) -> set[str]:
        """Return the hashes of the outcome that the networks have certified."""
        found: set[str] = set()
        for one in self:
            certified = (await one.ballot(ballot_id)).certified
            found.add(certified.computed.hash if certified else "")
        return found


async def made(
    stack: AsyncExitStack,
    clock: SetClock,
    folder: Path,
    empty: Path,
    *,
    names: Sequence[str] = NAMES,
    members: int = 12,
    url_of: Mapping[str, str] | None = None,
) -> World:
    """Return networks over files, or over databases of whatever kind."""
    networks: dict[str, Network] = {}
    for name in names:
        url = (url_of or {}).get(name)
        if url is None:
            url = f"sqlite:///{copyfile(empty, folder / f'{name}.db')}"
        store = await open_store(
            url,
            LOG,
            speaker=Speaker(NodeName(name), GOVERNANCE),
            clock=clock,
            create=bool(url_of),
        )
        stack.push_async_callback(store.aclose)
        networks[name] = Network(name, store, clock, members)
        await networks[name].begin()
    return World(networks, clock)


def answers(yes: int, no: int, blank: int = 0) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = [{"answer": "yes"}] * yes + [{"answer": "no"}] * no
    return said + [{"blank": True}] * blank


def page_of(node: str, service: str, log: Log, number: int, events: list[dict[str, Any]]) -> Page:
    """Return a page as a door has let it in."""
    return Page(
        node=NodeName(node),
        service=ServiceName(service),
        log=log,
        epoch=1,
        number=number,
        prev="0" * 64,
        sealed_at=BEFORE,
        events=events,
    )


def _kept(other: Network, number: int) -> dict[str, Any]:
    certificate = certify(
        root_of(other.name), node=other.name, service=GOVERNANCE, key=other.desk.key.public
    )
    return {
        "node": other.name,
        "service": "governance",
        "log": "public",
        "epoch": 1,
        "number": number,
        "bytes": b"",
        "sha256": "",
        "signature": "",
        "certificate": certificate,
    }


def _cloud(node: str, service: str, event: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": new_uuid7(),
        "source": f"twiza:{node}/{service}",
        "type": event.wire_type(),
        "subject": event.about(),
        "time": BEFORE,
        "datacontenttype": "application/json",
        "data": event.model_dump(mode="json", exclude_defaults=True),
    }


__all__ = ["NOW"]
