"""Whom a decision is about: nobody is left off a roll otherwise, and they vote in no disguise."""

from datetime import timedelta

from httpx import AsyncClient

from services.governance.decision_keeper import DecisionKeeper
from shared.clock import SetClock
from tests.governance.conftest import STEWARD, member
from tests.governance.process.conftest import COOPERATIVE, VOTERS
from tests.governance.process.test_api import begun, ok, refused

WORDS = {"template": "yes-no", "language": "fr", "title": "Un four"}


async def test_nobody_loses_their_vote_by_being_named_in_a_decision_about_something_else(
    network: AsyncClient,
) -> None:
    said = WORDS | {"subject": f"p:{VOTERS[3]}"}
    assert refused(await network.post("decisions", json=said, headers=STEWARD)) == "invalid"


async def test_whom_a_decision_is_about_does_not_vote_on_it_as_a_delegate_either(
    network: AsyncClient, keeper: DecisionKeeper, clock: SetClock
) -> None:
    delegate = VOTERS[5]
    decision = await begun(network, template="exclusion", subject=f"p:{delegate}")
    rule = {
        "method": "yes-no",
        "threshold": {"share": {"n": 3, "d": 4}},
        "notice_days": 30,
        "electorate": {"kind": "mixed"},
    }
    ok(await network.post(f"decisions/{decision}/notice", json={"rule": rule}, headers=STEWARD))
    clock.move(timedelta(days=30))
    await keeper.look()
    vote = {"choice": {"answer": "no"}, "voter": f"e:{COOPERATIVE}"}
    who = member(delegate, COOPERATIVE)
    own = await network.post(f"ballots/{decision}/casts", json=vote, headers=who)
    assert refused(own) in ("wrong-mandate", "not-in-roll")
    del vote["voter"]
    answer = await network.post(f"ballots/{decision}/casts", json=vote, headers=who)
    assert refused(answer) in ("wrong-mandate", "not-in-roll")
