"""A general assembly from its call to its signed minutes, as people and the portal see it."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from httpx import AsyncClient

from services.governance.ballot_handlers import Casting, cast
from shared.clock import SetClock, stamp
from shared.contracts.notices import GovernanceNotice
from shared.events import Event, Log
from shared.store import Store, Work
from tests.governance.conftest import NOW, STEWARD, Governance, member
from tests.governance.rolls.told import REGISTER, admitted, entered

PEOPLE = [f"m-{number:02d}" for number in range(1, 13)]
VOTERS = [f"p:{person}" for person in PEOPLE]
CHAIR, SECRETARY, ANNA, BELA = (member(PEOPLE[number]) for number in range(4))
MEETS = NOW + timedelta(days=20)


def two(fr: str, ar: str) -> dict[str, str]:
    return {"fr": fr, "ar": ar}


CALL: dict[str, Any] = {
    "kind": "ordinary",
    "languages": ["fr", "ar"],
    "title": two("Assemblée de la coopérative Tifawin", "الجمع العام لتعاونية تيفاوين"),
    "place": two("Maison de quartier, Tiznit", "دار الحي، تزنيت"),
    "meets_at": stamp(MEETS),
    "zone": "Africa/Casablanca",
    "agenda": [
        {"title": two("Rapport d'activité", "التقرير الأدبي")},
        {
            "title": two("Comptes de 2025", "حسابات 2025"),
            "how": "room",
            "rule": {"method": "yes-no", "notice_days": 0, "voting_days": 0},
        },
        {
            "title": two("Le nouveau four", "الفرن الجديد"),
            "text": two("Quel four acheter ?", "أي فرن نشتري؟"),
            "how": "phones",
            "rule": {
                "method": "schulze",
                "notice_days": 0,
                "voting_days": 0,
                "proxies_max": 2,
                "secrecy": "open",
            },
            "options": [{"code": "gaz"}, {"code": "bois"}, {"code": "aucun"}],
            "names": {
                "gaz": two("Four à gaz", "فرن الغاز"),
                "bois": two("Four à bois", "فرن الحطب"),
                "aucun": two("Aucun", "لا شيء"),
            },
        },
        {
            "title": two("Divers", "متفرقات"),
            "how": "room",
            "rule": {"method": "yes-no", "notice_days": 0, "voting_days": 0},
        },
    ],
    "notice_days": 15,
    "quorum": {
        "share": {"n": 1, "d": 2},
        "second_call": {"share": {"n": 1, "d": 4}, "days_min": 8},
    },
    "proxies_max": 2,
    "chair": PEOPLE[0],
    "secretary": PEOPLE[1],
    "tellers": [PEOPLE[2], PEOPLE[3]],
}


def know(work: Work) -> None:
    """Have the register hold the members of a cooperative."""
    told: list[Event] = [entered(person) for person in PEOPLE]
    REGISTER.tell(work, [*told, *(admitted(person) for person in PEOPLE)])


class Room:
    """An assembly over HTTP: each step by whoever takes it."""

    def __init__(self, client: AsyncClient, assembly: str) -> None:
        self.client = client
        self.path = f"/assemblies/{assembly}"

    async def says(self, who: dict[str, str], what: str, **step: Any) -> dict[str, Any]:
        """Record a step and return the assembly after it."""
        answer = await self._post(who, what, step)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def is_refused(self, who: dict[str, str], what: str, **step: Any) -> str:
        """Try a step and return the name of the refusal."""
        answer = await self._post(who, what, step)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["type"]).rpartition("/")[2]

    async def prints(self, page: str, who: dict[str, str] = STEWARD, **params: str) -> str:
        """Return a printed page as text."""
        answer = await self.client.get(f"{self.path}/{page}", headers=who, params=params)
        assert answer.status_code == 200, answer.text
        assert "script" not in answer.headers["Content-Security-Policy"]
        return unescape(answer.text)

    async def _post(self, who: dict[str, str], what: str, step: dict[str, Any]) -> Any:
        body = {"what": what, **step}
        return await self.client.post(f"{self.path}/steps", headers=who, json=body)


@pytest.fixture
async def room(client: AsyncClient, governance: Governance, sqlite_store: Store) -> Room:
    """An assembly that was just called."""
    await sqlite_store.write(know)
    answer = await client.post("/assemblies", headers=STEWARD, json=CALL)
    assert answer.status_code == 201, answer.text
    return Room(client, answer.json()["id"])


async def test_a_whole_assembly(room: Room, clock: SetClock, sqlite_store: Store) -> None:
    # The call goes out in time; whoever has no telephone gets a letter.
    await room.says(STEWARD, "sent", everybody=True, channel="portal")
    sent = await room.says(SECRETARY, "sent", to=VOTERS[8:], channel="post", evidence="ee" * 32)
    assert sent["called_in_time"] == 12

    # On the day there is a sheet for signatures, and people come.
    clock.move(timedelta(days=19, hours=23, minutes=30))
    sheet = await room.prints("sheet", SECRETARY, lang="ar")
    assert sheet.count("<td></td>") == 4 * 12
    await room.says(SECRETARY, "doors-opened")
    for voter in VOTERS[:5]:
        await room.says(SECRETARY, "arrived", voter=voter)
    clock.move(timedelta(minutes=35))
    assert await room.is_refused(CHAIR, "opened") == "quorum-not-met"
    await room.says(SECRETARY, "represented", voter=VOTERS[9], holder=VOTERS[0])
    opened = await room.says(CHAIR, "opened")
    assert (opened["state"], opened["quorum"]["present"]) == ("open", 5)
    assert opened["quorum"] | {"represented": 1, "needed": 6, "met": True} == opened["quorum"]

    # Hands: the tellers differ once, count again, and agree.
    await room.says(SECRETARY, "noted", item=1, text=two("Présenté.", "تم التقديم."))
    clock.move(timedelta(minutes=10))
    await room.says(SECRETARY, "arrived", voter=VOTERS[6])
    await room.says(CHAIR, "vote-opened", item=2)
    await room.says(ANNA, "hands-counted", item=2, yes=5, no=1, blank=1)
    assert await room.is_refused(ANNA, "hands-counted", item=2, yes=5, no=1, blank=1) == (
        "hands-same-teller"
    )
    differ = await room.says(BELA, "hands-counted", item=2, yes=4, no=2, blank=1)
    assert (differ["agenda"][1]["differed"], differ["agenda"][1]["hands"]) == (True, None)
    assert await room.is_refused(CHAIR, "declared", item=2) == "tellers-disagree"
    for teller in (BELA, ANNA):
        await room.says(teller, "hands-counted", item=2, yes=5, no=1, blank=1)
    declared = await room.says(CHAIR, "declared", item=2)
    report = declared["agenda"][1]["report"]
    assert (report["outcome"], report["classes"], report["blank"]) == (
        "adopted", {"yes": 5, "no": 1}, 1,
    )  # fmt: skip

    # Phones: the chair opens a ballot and closes it; who represents votes for both.
    voting = await room.says(CHAIR, "vote-opened", item=3)
    decision = voting["agenda"][2]["decision"]
    clock.move(timedelta(minutes=1))
    for person in PEOPLE[:4]:
        await sqlite_store.write(
            cast,
            vote(decision, person, "gaz", "bois")
            if person != "m-04"
            else vote(decision, person, "bois", "gaz"),
        )
    await sqlite_store.write(cast, vote(decision, PEOPLE[0], "gaz", voter=VOTERS[9]))
    clock.move(timedelta(minutes=5))
    result = (await room.says(CHAIR, "declared", item=3))["agenda"][2]["report"]
    assert (result["outcome"], result["winners"], result["cast"]) == ("chosen", ["gaz"], 5)

    # The session ends before the last point; afterwards nothing is edited.
    clock.move(timedelta(minutes=20))
    await room.says(SECRETARY, "left", voter=VOTERS[3])
    closed = await room.says(CHAIR, "closed")
    assert await room.is_refused(SECRETARY, "noted", item=1, text={"fr": "x"}) == "assembly-closed"
    assert await room.is_refused(SECRETARY, "arrived", voter=VOTERS[7]) == "assembly-closed"

    # The minutes are drawn up from the record, side by side, and the signed copy is attached.
    minutes = await room.prints("minutes", member("m-12"), lang="fr", beside="ar")
    for part in (
        "Présents à l'ouverture", "Pour\u00a0: 5. Contre\u00a0: 1. Blancs\u00a0: 1.", "Adopté",
        "Four à gaz", "فرن الغاز", "Divers", "La séance a été close avant", closed["hash"],
    ):  # fmt: skip
        assert part in minutes, part
    await room.says(SECRETARY, "signed", sha256="ab" * 32, size=80_000, kept_at="Armoire 3")
    last = await room.says(SECRETARY, "added", text=two("Erratum", "تصحيح"))
    assert (last["signed"], last["additions"]) == (["ab" * 32], 1)
    assert "ab" * 32 in await room.prints("minutes", lang="pt")


def vote(decision: str, person: str, *ranks: str, voter: str = "") -> Casting:
    """Return a ranking of somebody, for themselves or for whom they represent."""
    choice = {"ranks": [[code] for code in ranks]}
    return Casting(ballot_id=decision, choice=choice, person=person, voter=voter)


async def test_members_are_told_of_the_call_by_the_portal(room: Room, sqlite_store: Store) -> None:
    await room.says(STEWARD, "sent", everybody=True, channel="portal")

    def waiting(work: Work) -> list[str]:
        kind = GovernanceNotice.wire_type()
        rows = work.connection.exec_driver_sql("SELECT log, body FROM outbox").all()
        return [log for log, body in rows if kind in bytes(body).decode() and b"called" in body]

    assert await sqlite_store.read(waiting) == [Log.PRIVATE.value] * 12


async def test_a_second_call_has_a_lower_quorum(room: Room, clock: SetClock) -> None:
    await room.says(STEWARD, "sent", everybody=True, channel="mail")
    clock.move(MEETS - NOW)
    await room.says(SECRETARY, "doors-opened")
    for voter in VOTERS[:3]:
        await room.says(SECRETARY, "arrived", voter=voter)
    await room.says(CHAIR, "not-quorate")
    early = stamp(MEETS + timedelta(days=7))
    assert await room.is_refused(SECRETARY, "called-again", meets_at=early) == (
        "second-call-too-early"
    )
    await room.says(SECRETARY, "called-again", meets_at=stamp(MEETS + timedelta(days=8)))
    await room.says(STEWARD, "sent", everybody=True, channel="portal")
    clock.move(timedelta(days=8))
    await room.says(SECRETARY, "doors-opened")
    for voter in VOTERS[:3]:
        await room.says(SECRETARY, "arrived", voter=voter)
    opened = await room.says(CHAIR, "opened")
    assert (opened["call"], opened["quorum"]["needed"]) == (2, 3)


async def test_who_was_there_is_for_those_who_lead_and_check(
    room: Room, client: AsyncClient, clock: SetClock
) -> None:
    clock.move(MEETS - NOW)
    await room.says(SECRETARY, "doors-opened")
    await room.says(SECRETARY, "arrived", voter=VOTERS[0])
    for page in ("attendance", "record", "sheet", "minutes"):
        refused = await client.get(f"{room.path}/{page}", headers=member("m-12"))
        assert refused.status_code == 403
        assert (await client.get(f"{room.path}/{page}", headers=ANNA)).status_code == 200
        assert (await client.get(f"{room.path}/{page}")).status_code == 401
    seen = await client.get(room.path, headers=member("m-12"))
    assert seen.json()["quorum"]["present"] == 1
    assert VOTERS[0] not in seen.text


async def test_one_teller_does_not_read_the_others_count(
    room: Room, client: AsyncClient, clock: SetClock
) -> None:
    await room.says(STEWARD, "sent", everybody=True, channel="mail")
    clock.move(MEETS - NOW)
    await room.says(SECRETARY, "doors-opened")
    for voter in VOTERS[:8]:
        await room.says(SECRETARY, "arrived", voter=voter)
    await room.says(CHAIR, "opened")
    await room.says(CHAIR, "vote-opened", item=2)
    counted = await room.says(ANNA, "hands-counted", item=2, yes=7, no=1, blank=0)
    assert (counted["agenda"][1]["tellers_done"], counted["agenda"][1]["hands"]) == (1, None)
    record = (await client.get(f"{room.path}/record", headers=BELA)).json()["steps"]
    assert record[-1]["step"] == {"what": "hands-counted", "item": 2}
    await room.says(BELA, "hands-counted", item=2, yes=6, no=1, blank=0)
    record = (await client.get(f"{room.path}/record", headers=BELA)).json()["steps"]
    assert [one["step"]["yes"] for one in record[-2:]] == [7, 6]


async def test_a_step_that_is_sent_twice_with_a_key_is_taken_once(
    room: Room, client: AsyncClient, clock: SetClock
) -> None:
    clock.move(MEETS - NOW)
    await room.says(SECRETARY, "doors-opened")
    headers = SECRETARY | {"Idempotency-Key": "arrival-1"}
    body = {"what": "arrived", "voter": VOTERS[0]}
    answers = [
        await client.post(f"{room.path}/steps", headers=headers, json=body) for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert await room.is_refused(SECRETARY, "arrived", voter=VOTERS[0]) == "in-the-room"


async def test_what_is_filled_in_here_cannot_be_handed_in(room: Room, clock: SetClock) -> None:
    clock.move(MEETS - NOW)
    doors = await room.says(SECRETARY, "doors-opened", roll_root="00" * 32, roll_size=1)
    assert doors["quorum"]["roll"] == 12


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"languages": ["ar"]}, "assembly-language-lacking"),
        ({"meets_at": stamp(NOW)}, "bad-call"),
        ({"zone": "../../etc/passwd"}, "invalid"),
        ({"agenda": []}, "invalid"),
        ({"unknown": 1}, "invalid"),
    ],
)
async def test_a_call_that_cannot_be_is_refused_by_name(
    client: AsyncClient, change: dict[str, Any], slug: str
) -> None:
    answer = await client.post("/assemblies", headers=STEWARD, json=CALL | change)
    assert answer.status_code == 422
    assert slug in answer.json()["type"] or slug == "invalid"


async def test_assemblies_are_listed_by_pages_the_latest_first(
    client: AsyncClient, room: Room
) -> None:
    later = CALL | {"meets_at": stamp(MEETS + timedelta(days=30))}
    await client.post("/assemblies", headers=STEWARD, json=later)
    first = (await client.get("/assemblies?size=1", headers=ANNA)).json()
    assert first["items"][0]["meets_at"] == later["meets_at"]
    after = {"size": 1, "after": first["next"]}
    second = (await client.get("/assemblies", headers=ANNA, params=after)).json()
    assert (second["items"][0]["meets_at"], second["next"]) == (CALL["meets_at"], None)
    missing = await client.get(f"/assemblies/{'0' * 8}-0000-0000-0000-{'0' * 12}", headers=ANNA)
    assert missing.status_code == 404
