"""Networks without software: two tellers, one paper, one seal."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError

from services.governance.federated.legs import LegState
from services.governance.federated_answers import accept
from services.governance.federated_desk import UNSIGNED
from services.governance.federated_view_rows import Listing, Wanted, listing
from services.governance.paper_leg_rows import PaperResult, PaperRoll
from services.governance.paper_legs import enter_result, enter_roll, name_tellers
from services.governance.tables.federated_desks import OPENING, PAPER_ENTRY
from shared.clock import SetClock
from shared.contracts.charters import CharterAdopted
from shared.contracts.decisions import DecisionSealed, ToldLeg
from shared.contracts.seals import Tally
from shared.refusals import Refusal
from shared.store import Store, Work
from tests.databases import NewDatabase
from tests.governance.federated_service.world import (
    ASSOCIATION,
    NAMES,
    NOTICE,
    VOTING,
    World,
    answers,
    made,
)
from tests.governance.federated_views.kit import LITTLE, VOTES, Asking

Ask = Callable[..., Asking]
SCAN = "5c" * 32
RESULT = {"issued": 30, "blank": 1, "tally": {"yes": 14, "no": 9}, "paper_hash": SCAN}


async def on_paper(world: World, names: tuple[str, ...] = NAMES) -> str:
    """Return a noticed ballot in which the keeper of the charter speaks for a sixth network."""
    keeper = world["adrar"]

    def sign(work: Work) -> None:
        adopted = CharterAdopted(
            association=ASSOCIATION,
            node="adrar",
            leg="tuareg",
            number=1,
            charter_hash=world.charter.hash,
            adopted_at=work.moment,
            signature=UNSIGNED,
        )
        keeper.desk.tell_signed(work, adopted)

    await keeper.store.write(sign)
    legs = [*(ToldLeg(node=name) for name in names), ToldLeg(node="tuareg", kept_by="adrar")]
    ballot = await world.noticed(legs=legs, accepting=names)
    await keeper.do(accept, ballot, network="tuareg")
    await world.settle()
    return ballot


async def test_what_two_tellers_read_alike_counts_and_is_marked_as_on_paper(
    world: World, ask: Ask
) -> None:
    ballot = await on_paper(world)
    base = f"/together/{ballot}/legs/tuareg/paper"
    amina, joao = ask("adrar", "member", sub="p-amina"), ask("adrar", "member", sub="p-joao")
    roll = {"size": 40, "paper_hash": SCAN}
    assert (await amina.post(f"{base}/roll", roll)).json()["type"].endswith("not-a-teller-there")
    alone = await ask("adrar").put(f"{base}/tellers", {"persons": ["p-amina"]})
    assert alone.json()["type"] == "/problems/no-tellers"
    named = await ask("adrar").put(f"{base}/tellers", {"persons": ["p-joao", "p-amina"]})
    assert named.json() == {"persons": ["p-amina", "p-joao"]}
    other = await ask("lima").put(f"{base}/tellers", {"persons": ["p-joao", "p-amina"]})
    assert other.json()["type"] == "/problems/not-our-leg"
    waiting = (await ask("adrar").get("/together", ours=True)).json()["items"]
    assert [one["id"] for one in waiting] == [ballot]
    needs = (await ask("adrar").get(f"/together/{ballot}", lang="en")).json()["needs"]
    assert [one["said"] for one in needs if one["said"]] == [
        "enter the roll on paper of tuareg: two tellers"
    ]
    first = (await amina.post(f"{base}/roll", roll)).json()
    assert (first["told"], first["entered_by"]) == (False, ["p-amina"])
    assert (await amina.post(f"{base}/roll", roll)).json()["told"] is False
    differs = (await joao.post(f"{base}/roll", roll | {"size": 41})).json()
    assert (differs["told"], differs["differs"]) == (False, True)
    assert (await joao.get(f"{base}/roll")).json()["own"]["size"] == 41
    assert (await joao.post(f"{base}/roll", roll)).json()["told"] is True
    late = await joao.post(f"{base}/roll", roll)
    assert late.json()["type"] == "/problems/already-told"
    early = await joao.post(f"{base}/result", RESULT)
    assert early.json()["type"] == "/problems/not-in-time"
    world.pass_by(NOTICE + LITTLE)
    await world.settle()
    for name in NAMES:
        await world[name].vote(ballot, answers(*VOTES[name]))
    world.pass_by(VOTING)
    await world.settle()
    for wrong in ({"issued": 41}, {"issued": 20}, {"tally": {"ballots": 3, "approvals": [1, 2]}}):
        refused = await amina.post(f"{base}/result", RESULT | wrong)
        assert refused.status_code == 422, wrong
    assert (await amina.post(f"{base}/result", RESULT)).json()["told"] is False
    assert (await joao.post(f"{base}/result", RESULT)).json()["told"] is True
    await world.settle()
    found = (await ask("souss").get(f"/together/{ballot}")).json()
    leg = next(one for one in found["legs"] if one["network"] == "tuareg")
    assert (leg["state"], leg["on_paper"], leg["kept_by"]) == ("sealed", True, "adrar")
    assert (leg["cast"], leg["of"], leg["tally"]) == (24, 40, {"yes": 14, "no": 9})
    assert leg["marks"] == []
    assert found["state"] == "certified"
    told = await world["adrar"].told()
    sealed = [
        DecisionSealed.model_validate(one["data"])
        for one in told
        if one["type"].endswith("decision.sealed.v1") and one["data"].get("leg") == "tuareg"
    ]
    assert [(one.tellers, one.paper_hash) for one in sealed] == [(("p-amina", "p-joao"), SCAN)]


async def test_two_tellers_who_enter_at_the_same_moment_make_one_seal(
    tmp_path: Path, clock: SetClock, empty_database: Path, postgresql: NewDatabase
) -> None:
    names = ("adrar", "lima")
    async with AsyncExitStack() as stack:
        urls = {"adrar": postgresql(), "lima": postgresql()}
        world = await made(stack, clock, tmp_path, empty_database, names=names, url_of=urls)
        await world.found()
        ballot = await on_paper(world, names)
        adrar = world["adrar"]
        tellers = ["p-a", "p-b", "p-c"]
        await adrar.do(name_tellers, ballot, "tuareg", tellers)

        async def all_at_once(unit: Any, reading: PaperRoll | PaperResult) -> int:
            tried = [adrar.do(unit, ballot, "tuareg", reading, teller=one) for one in tellers]
            came = await asyncio.gather(*tried, return_exceptions=True)
            refused = [one for one in came if isinstance(one, BaseException)]
            assert all(isinstance(one, Refusal) for one in refused), refused
            return len(refused)

        # The third one comes when two have agreed, and is told so.
        assert await all_at_once(enter_roll, PaperRoll(size=40, paper_hash=SCAN)) == 1
        world.pass_by(NOTICE + LITTLE)
        await world.settle()
        world.pass_by(VOTING)
        await world.settle()
        result = PaperResult(issued=30, tally=Tally(yes=3, no=1), paper_hash=SCAN)
        assert await all_at_once(enter_result, result) == 1
        await world.settle()
        leg = (await world["lima"].ballot(ballot)).legs["tuareg"]
        assert leg.state in (LegState.SEALED, LegState.ATTESTED)
        assert leg.faults == frozenset()
        wanted = Wanted(convener="adrar", network="tuareg")

        async def listed(after: str = "") -> Listing:
            return await world["lima"].store.read(
                listing, wanted, me="lima", now=clock.now(), after=after, size=5
            )

        assert [one.ballot.ballot_id for one in (await listed()).seen] == [ballot]
        behind = await listed(ballot)
        assert (behind.seen, behind.following) == ((), "")


async def test_the_databases_keep_what_was_told_and_whom_ballots_were_opened_to(
    store: Store,
) -> None:
    entry = {"ballot": "a", "network": "b", "what": "roll", "teller": "c", "body": "{}"}
    opening = dict.fromkeys(
        ("id", "ballot", "network", "auditor", "reason", "opened_by", "opened_at", "package_hash"),
        "x",
    )

    def begin(work: Work) -> None:
        work.execute(insert(PAPER_ENTRY).values(entry | {"entered_at": "x"}))
        work.execute(update(PAPER_ENTRY).values(body="[]"))
        work.execute(update(PAPER_ENTRY).values(settled=1))
        work.execute(insert(OPENING).values(opening))

    await store.write(begin)
    for forbidden in (
        update(PAPER_ENTRY).values(body="{}"),
        delete(PAPER_ENTRY),
        update(OPENING).values(auditor="y"),
        delete(OPENING),
        insert(PAPER_ENTRY).values(entry | {"what": "rumour", "entered_at": "x"}),
    ):
        with pytest.raises(DBAPIError):
            await store.write(Work.execute, forbidden)
