"""A participatory budget from its notice to its evaluation, and the notice of the next one."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from services.governance.ballot_handlers import Casting, cast
from services.governance.decision_keeper import DecisionKeeper
from shared.clock import SetClock, stamp
from shared.events import Event
from shared.store import Store, Work
from tests.governance.conftest import NOW, STEWARD, member
from tests.governance.rolls.told import REGISTER, admitted, entered

PEOPLE = [f"m-{number:02d}" for number in range(1, 11)]
COORDINATOR, COSTER, OWNER = member("m-01"), member("m-02"), member("m-03")
LINE = "2027/6135"
WHY = {"fr": "Voir le dossier."}
BEGUN: dict[str, Any] = {
    "title": {"fr": "Budget participatif 2027"},
    "languages": ["fr"],
    "territories": [
        {"code": "nord", "names": {"fr": "Quartier nord"}},
        {"code": "sud", "names": {"fr": "Quartier sud"}},
    ],
    "themes": [{"code": "eau", "names": {"fr": "Eau"}}],
    "rule": {
        "method": "budget",
        "budget": {
            "total": 1_000,
            "unit": "MAD",
            "count": "greedy-skip",
            "caps": [{"category": "nord", "total": 600}],
        },
        "notice_days": 14,
        "voting_days": 7,
    },
    "line": LINE,
    "ends_at": stamp(NOW + timedelta(days=190)),
    "coordinators": ["m-01"],
    "costers": ["m-02"],
    "people_per_delegate": 10,
}


def know(work: Work) -> None:
    """Have the register hold ten members."""
    told: list[Event] = [entered(person) for person in PEOPLE]
    REGISTER.tell(work, [*told, *(admitted(person) for person in PEOPLE)])


class Cycle:
    """A budget cycle over HTTP."""

    def __init__(self, client: AsyncClient, cycle: str) -> None:
        self.client = client
        self.id = cycle
        self.path = f"/cycles/{cycle}"

    async def says(self, who: dict[str, str], what: str, **step: Any) -> dict[str, Any]:
        """Record a step and return the cycle after it."""
        answer = await self._post(who, what, step)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def is_refused(self, who: dict[str, str], what: str, **step: Any) -> str:
        """Try a step and return the name of the refusal."""
        answer = await self._post(who, what, step)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["type"]).rpartition("/")[2]

    async def reads(self) -> dict[str, Any]:
        """Return the cycle."""
        answer = await self.client.get(self.path, headers=OWNER)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def _post(self, who: dict[str, str], what: str, step: dict[str, Any]) -> Any:
        body = {"what": what, **step}
        return await self.client.post(f"{self.path}/steps", headers=who, json=body)


@pytest.fixture
async def cycle(client: AsyncClient, sqlite_store: Store) -> Cycle:
    """A cycle whose notice is out."""
    await sqlite_store.write(know)
    answer = await client.post("/cycles", headers=STEWARD, json=BEGUN)
    assert answer.status_code == 201, answer.text
    return Cycle(client, answer.json()["id"])


def approves(decision: str, person: str, *projects: str) -> Casting:
    """Return somebody's choice of projects."""
    return Casting(ballot_id=decision, choice={"options": sorted(projects)}, person=person)


async def test_a_whole_budget_cycle(
    cycle: Cycle, client: AsyncClient, sqlite_store: Store, clock: SetClock
) -> None:
    # People gather in their quarters, have ideas, and choose delegates.
    clock.move(timedelta(days=2))
    held = stamp(clock.now() - timedelta(hours=3))
    for of, present, people in (("nord", 18, ["m-04", "m-05"]), ("sud", 7, ["m-06"])):
        told = await cycle.says(COORDINATOR, "gathered", of=of, held_at=held, present=present)
        for person in people:
            number = told["gatherings"]
            await cycle.says(COORDINATOR, "delegate-named", gathering=number, person=person)
    for number, (code, territory) in enumerate(
        [("puits", "nord"), ("verger", "nord"), ("canal", "sud"), ("phare", "sud")]
    ):
        await cycle.says(
            member(PEOPLE[number]), "idea-put", idea=code, territory=territory, theme="eau",
            title={"fr": code.title()}, text={"fr": f"Le projet {code}"},
        )  # fmt: skip

    # Named people say what they cost and whether they can be done, with public reasons.
    await cycle.says(COORDINATOR, "costing-begun")
    costs = {"puits": 400, "verger": 300, "canal": 350, "phare": 900}
    for code, cost in costs.items():
        await cycle.says(COSTER, "costed", idea=code, cost=cost, line=LINE, reasons=WHY)
        feasible = "no" if code == "phare" else "yes"
        told = await cycle.says(COSTER, "judged", idea=code, feasible=feasible, reasons=WHY)
    assert [one["lacks"] for one in told["ideas"]] == [[], [], [], ["feasibility"]]
    listed = {"ideas": ["puits", "verger", "canal"], "reasons": WHY}
    assert await cycle.is_refused(COORDINATOR, "shortlisted", **listed) == "delegates-disagree"
    await cycle.says(COORDINATOR, "shortlisted", **listed, agreed=["m-04", "m-06"])

    # The ballot is a decision like any other: announced, opened, voted on, counted in its time.
    decision = (await cycle.says(COORDINATOR, "ballot-prepared"))["decision"]
    keeper = DecisionKeeper(sqlite_store, clock, every_s=3_600)
    assert await cycle.is_refused(COORDINATOR, "outcome") == "not-in-this-stage"
    clock.move(timedelta(days=14, minutes=1))
    await keeper.look()
    for person, projects in zip(
        PEOPLE, 5 * [("puits", "canal")] + [("puits",)] + 4 * [("verger",)], strict=True
    ):
        await sqlite_store.write(cast, approves(decision, person, *projects))
    clock.move(timedelta(days=7))
    await keeper.look()
    told = await cycle.says(COORDINATOR, "outcome")
    # The cap of the north (600) leaves no room for well and orchard together.
    assert {one["project"]: one["decided"] for one in told["projects"]} == {
        "puits": 400,
        "canal": 350,
    }

    # Each project has an owner, a plan, money spent with statements, and becomes late by itself.
    clock.move(timedelta(days=10))
    today = clock.now().date()
    for code, days in (("puits", 30), ("canal", 60)):
        await cycle.says(
            COORDINATOR, "planned", project=code, owner="m-03", amount=costs[code], line=LINE,
            starts=today.isoformat(), due=(today + timedelta(days=days)).isoformat(),
        )  # fmt: skip
    for amount in (250, 180):
        await cycle.says(
            OWNER, "spent", project="puits", amount=amount, line=LINE, day=today.isoformat(),
            statement=f"{amount:064x}",
        )  # fmt: skip
    clock.move(timedelta(days=31))
    projects = {one["project"]: one for one in (await cycle.reads())["projects"]}
    assert (projects["puits"]["late"], projects["puits"]["over"]) == (True, True)
    assert (projects["canal"]["late"], projects["canal"]["spent"]) == (False, 0)
    await cycle.says(OWNER, "moved", project="puits", state="done", reasons=WHY)
    await cycle.says(COORDINATOR, "moved", project="canal", state="dropped", reasons=WHY)

    # Those who took part look back, and the next notice shows what became of this cycle.
    ended = await cycle.says(COORDINATOR, "evaluated", present=21, text={"fr": "Bilan."})
    assert (ended["stage"], ended["present"]) == ("ended", 25)
    again = BEGUN | {"follows": cycle.id, "ends_at": stamp(clock.now() + timedelta(days=300))}
    following = await client.post("/cycles", headers=STEWARD, json=again)
    assert following.json()["last"] == {
        "cycle": cycle.id, "funded": 2, "done": 1, "dropped": 1, "late": 0,
        "decided": 750, "spent": 430,
    }  # fmt: skip


async def test_the_record_is_open_to_the_network_and_to_nobody_else(
    cycle: Cycle, client: AsyncClient
) -> None:
    record = await client.get(f"{cycle.path}/record", headers=member("m-09"))
    assert [one["step"]["what"] for one in record.json()["steps"]] == ["begun"]
    assert (await client.get(f"{cycle.path}/record")).status_code == 401
    refused = await client.post("/cycles", headers=member("m-09"), json=BEGUN)
    assert refused.status_code == 403


async def test_cycles_are_listed_by_pages(cycle: Cycle, client: AsyncClient) -> None:
    await client.post("/cycles", headers=STEWARD, json=BEGUN)
    first = (await client.get("/cycles?size=1", headers=OWNER)).json()
    after = {"size": 1, "after": first["next"]}
    second = (await client.get("/cycles", headers=OWNER, params=after)).json()
    assert {first["items"][0]["id"], second["items"][0]["id"]} > {cycle.id}
    assert second["next"] is None


async def test_a_notice_that_follows_nothing_is_refused(client: AsyncClient) -> None:
    nowhere = {"follows": "01990000-0000-7000-8000-000000000000"}
    answer = await client.post("/cycles", headers=STEWARD, json=BEGUN | nowhere)
    assert answer.status_code == 404
    answer = await client.get(
        f"/decisions/{nowhere['follows']}/surplus", headers=OWNER, params={"amount": 5}
    )
    assert answer.status_code == 404
