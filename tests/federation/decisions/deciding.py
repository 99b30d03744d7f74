"""Five networks on two continents, as real processes, that vote together over their own lines.

What they have signed and who their members are is put into their databases before they first run;
from then on everything goes over HTTP, as stewards and members do it, and over NATS.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from services.governance.app import STEPS
from services.governance.federated.aggregate import Part, Poll, aggregated
from services.governance.federated.charter import Charter, CompetenceLevel, Parameters
from services.governance.federated.policies import FederatedRule
from services.governance.federated_desk import UNSIGNED, FederatedDesk
from services.governance.tables import HEAD, LOG
from services.governance.tables.rolls import MEMBER
from shared.clock import SystemClock, stamp
from shared.contracts.charters import CharterAdopted, CharterPublished
from shared.contracts.seals import Seal
from shared.events import Speaker
from shared.ids import NodeName, ServiceName
from shared.keys import SigningKey
from shared.migrations import migrate
from shared.people import Bearer, Claims, issue
from shared.store import Work, open_store
from tests.faults.federation import RealFederation, RealNode, together, until

ASSOCIATION: Final = "fr:01990000-0000-7000-8000-0000000000aa"
NETWORKS: Final = ("af", "eu", "fr", "ic", "ma")
SERVICES: Final = ("node", "governance")
MEMBERS: Final = 10
HEX: Final = "0123456789abcdef" * 4
AHEAD: Final = timedelta(milliseconds=300)
"""How much longer a notice lasts than it has to, so that it is sent in time."""


def charter(*, notice_s: int, reveal_s: int, grace_s: int, members: Sequence[str]) -> Charter:
    """Return a charter of an impatient association."""
    return Charter(
        association=ASSOCIATION,
        number=1,
        languages=("fr",),
        authoritative="fr",
        texts={"fr": HEX},
        founders=tuple(sorted(members)),
        competence={"solidarity-fund": CompetenceLevel.CONTINENT},
        parameters=Parameters(
            floor=1, roll_min=1, notice_s=notice_s, reveal_s=reveal_s, grace_s=grace_s
        ),
    )


class Deciding:
    """Networks that vote together.

    Args:
        federation: their nodes.
        given: the charter that they have signed.
        names: of the networks.
    """

    def __init__(
        self, federation: RealFederation, given: Charter, names: Sequence[str] = NETWORKS
    ) -> None:
        self.federation = federation
        self.charter = given
        self.names = names
        self.numbers = given.parameters

    def __getitem__(self, name: str) -> RealNode:
        return self.federation[name]

    @property
    def nodes(self) -> list[RealNode]:
        """The nodes of the networks."""
        return [self.federation[name] for name in self.names]

    def seed(self) -> None:
        """Have each network know its members, and sign the charter; none of them has run yet."""
        for node in self.nodes:
            asyncio.run(self._seed(node))

    async def _seed(self, node: RealNode) -> None:
        name = NodeName(node.name)
        await migrate(f"sqlite:///{node.home.database('governance')}", STEPS, head=HEAD)
        desk = FederatedDesk(name, SigningKey.load(node.home.service_key("governance")))
        store = await open_store(
            f"sqlite:///{node.home.database('governance')}",
            LOG,
            speaker=Speaker(name, ServiceName("governance")),
            clock=SystemClock(),
        )
        try:
            await store.write(self._sign, desk)
        finally:
            await store.aclose()

    def _sign(self, work: Work, desk: FederatedDesk) -> None:
        since = "2024-01-01T00:00:00.000Z"
        for person in members(desk.node):
            row = {"id": person, "revision": 1, "standing": "full", "groups": "", "since": since}
            work.execute(MEMBER.insert().values(**row, left_at=""))
        given = self.charter
        if desk.node == given.keeper:
            published = CharterPublished(
                association=ASSOCIATION,
                node=desk.node,
                number=1,
                charter=given.as_data(),
                charter_hash=given.hash,
            )
            desk.tell(work, published)
        adopted = CharterAdopted(
            association=ASSOCIATION,
            node=desk.node,
            number=1,
            charter_hash=given.hash,
            adopted_at=work.moment,
            signature=UNSIGNED,
        )
        desk.tell_signed(work, adopted)

    def knows_all(self) -> None:
        """Wait until every network has heard that every one has signed."""

        def all_signed(node: RealNode) -> bool:
            answer = node.ask("GET", "governance", f"/associations/{ASSOCIATION}/members")
            if answer.status_code != 200:
                return False
            return {one["network"] for one in answer.json()["items"]} >= set(self.names)

        for node in self.nodes:
            until(partial(all_signed, node), what=f"{node.name} knows all", timeout_s=60)

    def call(self, *, by: str = "eu", stands: str = "fr", voting_s: float = 5.0) -> str:
        """Call a ballot that all take part in; return its id."""
        opens = datetime.now(UTC) + timedelta(seconds=self.numbers.notice_s) + AHEAD
        answer = self[by].ask(
            "POST", "governance", "/federated/ballots",
            json={
                "association": ASSOCIATION,
                "matter": "solidarity-fund",
                "rule": {"rule": {"method": "yes-no"}, "policy": "double", "floor": 1},
                "language": "fr",
                "texts": {"fr": {"text": "Un fonds commun."}},
                "legs": [{"node": name} for name in self.names],
                "opens_at": stamp(opens),
                "closes_at": stamp(opens + timedelta(seconds=voting_s)),
            },
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        ballot_id: str = answer.json()["id"]
        until(
            partial(self.does, stands, ballot_id, "sponsorship", {}),
            what="a second network stands for it",
            timeout_s=20,
        )
        for name in self.names:
            until(
                partial(self.does, name, ballot_id, "answer", {"answer": "accept"}),
                what=f"{name} takes part",
                timeout_s=20,
            )
        return ballot_id

    def does(self, name: str, ballot_id: str, what: str, said: Mapping[str, Any]) -> bool:
        """Have a network's steward say something of a ballot; return whether it was taken."""
        path = f"/federated/ballots/{ballot_id}/{what}"
        return self[name].ask("POST", "governance", path, json=dict(said)).status_code == 200

    def sees(self, name: str, ballot_id: str, what: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until a network sees a ballot as it is wanted."""

        def so() -> bool:
            shown = self.shown(name, ballot_id)
            return bool(shown) and what(shown)

        until(so, what=f"{name} sees it", timeout_s=30)

    def shown(self, name: str, ballot_id: str) -> dict[str, Any]:
        """Return a ballot as a network shows it; empty where it has not heard of it."""
        answer = self[name].ask("GET", "governance", f"/federated/ballots/{ballot_id}")
        found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        return found

    def outcome(self, name: str, ballot_id: str) -> dict[str, Any]:
        """Return the outcome that a network has certified; empty where there is none."""
        answer = self[name].ask("GET", "governance", f"/federated/ballots/{ballot_id}/outcome")
        found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        return found

    def vote(self, name: str, ballot_id: str, *, yes: int, no: int, timeout_s: float = 10) -> None:
        """Have members of a network vote, as soon as its own vote is open."""
        node = self[name]

        def is_open() -> bool:
            local = self.shown(name, ballot_id).get("local") or {}
            return local.get("state") == "open"

        until(is_open, what=f"{name} is open", timeout_s=timeout_s)
        home = self.shown(name, ballot_id)["local"]["ballot"]
        said = ["yes"] * yes + ["no"] * no
        for person, answer in zip(members(name), said, strict=False):
            cast = node.ask(
                "POST", "governance", f"/ballots/{home}/casts",
                json={"choice": {"answer": answer}},
                headers={"Authorization": f"Bearer {token_of(node, person)}"},
            )  # fmt: skip
            assert cast.status_code == 201, cast.text

    def certified(
        self, ballot_id: str, *, at: Sequence[str] = (), timeout_s: float = 60
    ) -> dict[str, Any]:
        """Wait until networks, all where none is named, certify one outcome; return it."""
        at = at or self.names

        def alike() -> bool:
            found = [self.outcome(name, ballot_id) for name in at]
            return all(found) and len({one["hash"] for one in found}) == 1

        try:
            until(alike, what="one outcome", timeout_s=timeout_s, every_s=0.2)
        except AssertionError as error:
            for name in at:
                shown = self.shown(name, ballot_id)
                legs = {one["network"]: one["state"] for one in shown.get("legs", ())}
                error.add_note(f"{name}: {shown.get('state')} {legs} {shown.get('disputes')}")
            raise
        return self.outcome(at[0], ballot_id)


def states(shown: Mapping[str, Any]) -> dict[str, str]:
    """Return the states of legs by network, as a ballot was shown."""
    return {one["network"]: one["state"] for one in shown["legs"]}


def recounted(shown: Mapping[str, Any], outcome: Mapping[str, Any]) -> str:
    """Return the hash of the outcome as anybody computes it from the seals that a network shows."""
    notice = shown["notice"]
    seals = {
        one["seal_hash"]: Seal.model_validate(one["seal"]) for one in shown["legs"] if one["seal"]
    }
    poll = Poll(
        ballot_id=shown["id"],
        rule=FederatedRule.model_validate(notice["rule"]),
        called=tuple(sorted(one["network"] for one in shown["legs"])),
    )
    parts = [
        Part(
            network=one["node"],
            roll_size=one["roll_size"],
            commitment=one.get("commitment"),
            seal=seals[one["seal"]] if "seal" in one else None,
        )
        for one in outcome["outcome"]["legs"]
    ]
    return aggregated(poll, parts).hash


def members(name: str) -> list[str]:
    """Return the members of a network."""
    return [f"p-{name}-{number}" for number in range(MEMBERS)]


def token_of(node: RealNode, person: str) -> str:
    """Return the token of a member."""
    claims = Claims.lasting(
        timedelta(hours=2),
        now=datetime.now(UTC),
        sub=person,
        kind=Bearer.PERSON,
        node=node.home.settings().name,
        roles=frozenset({"member"}),
    )
    return issue(claims, SigningKey.load(node.home.service_key("node")))


def two_continents(folder: Path, given: Charter) -> Deciding:
    """Return five networks on two continents that have joined by the real procedure, and run."""
    federation = RealFederation(folder)
    founded = {
        "ic": ("globe", "intercontinental"),
        "eu": ("eu", "continental"),
        "af": ("af", "continental"),
        "fr": ("eu", "local"),
        "ma": ("af", "local"),
    }
    together(*(partial(_add, federation, name, *place) for name, place in founded.items()))
    made = _begun(Deciding(federation, given))
    together(lambda: federation.join("eu", "ic"), lambda: federation.join("af", "ic"))
    together(lambda: federation.join("fr", "eu"), lambda: federation.join("ma", "af"))
    made.knows_all()
    return made


def a_hub_and_a_member(folder: Path, given: Charter) -> Deciding:
    """Return two networks, the one the hub of the other, that run."""
    federation = RealFederation(folder)
    together(
        partial(_add, federation, "eu", "eu", "continental"),
        partial(_add, federation, "fr", "eu", "local"),
    )
    made = _begun(Deciding(federation, given, ("eu", "fr")))
    federation.join("fr", "eu")
    made.knows_all()
    return made


def _add(federation: RealFederation, name: str, continent: str, level: str) -> None:
    federation.add(name, continent=continent, level=level, services=SERVICES)


def _begun(made: Deciding) -> Deciding:
    made.seed()
    made.federation.start()
    return made
