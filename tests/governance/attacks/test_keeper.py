"""The keeper of time, where a decision cannot be counted."""

from datetime import timedelta

import pytest
from httpx import AsyncClient
from sqlalchemy import update

from services.governance.ballot_handlers import Casting, cast
from services.governance.decision_handlers import decision_of
from services.governance.decision_keeper import DecisionKeeper
from services.governance.process.phases import Phase
from services.governance.tables.ballots import BALLOT_SLIP
from shared.clock import SetClock
from shared.store import Work
from tests.governance.conftest import Governance
from tests.governance.process.conftest import VOTERS
from tests.governance.process.test_api import noticed


async def test_a_ballot_that_cannot_be_counted_does_not_hold_up_the_others(
    network: AsyncClient,
    governance: Governance,
    keeper: DecisionKeeper,
    clock: SetClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken, sound = [await noticed(network) for _ in range(2)]
    store = governance.store
    clock.move(timedelta(days=14))
    await keeper.look()
    for decision in (broken, sound):
        choice = {"answer": "yes"}
        await store.write(cast, Casting(ballot_id=decision, choice=choice, person=VOTERS[0]))

    def spoil(work: Work) -> None:
        mine = BALLOT_SLIP.c.ballot_id == broken
        work.execute(update(BALLOT_SLIP).where(mine).values(choice='{"answer":"perhaps"}'))

    await store.write(spoil)
    clock.move(timedelta(days=7))
    await keeper.look()
    later = await noticed(network)
    clock.move(timedelta(days=14))
    await keeper.look()
    phases = [(await store.read(decision_of, one)).phase for one in (broken, sound, later)]
    assert phases == [Phase.VOTING, Phase.CLOSED, Phase.VOTING]
    said = capsys.readouterr().out
    assert "decision cannot go on" in said
    assert "perhaps" not in said
