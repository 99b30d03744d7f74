"""What the databases themselves refuse of ballots, whatever a program does."""

from collections.abc import Callable

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError

from services.governance.ballots import ballot_of
from services.governance.receipts import urn
from services.governance.tables.ballots import (
    BALLOT,
    BALLOT_ISSUED,
    BALLOT_SLIP,
    BALLOT_URN,
)
from shared.store import Store, Work
from tests.governance.ballots import polls
from tests.governance.ballots.polls import YES, begin, close, vote
from tests.governance.rolls.told import uuid

ID = polls.BALLOT
HASH = "0" * 64
ROW = {"ballot_id": ID, "nonce": HASH, "choice": "{}"}
AFTER_CLOSE: list[Callable[[Work], object]] = [
    lambda work: work.execute(insert(BALLOT_SLIP), {**ROW, "slip_id": HASH}),
    lambda work: work.execute(insert(BALLOT_URN), {**ROW, "place": 1, "receipt": HASH}),
    lambda work: work.execute(
        insert(BALLOT_ISSUED),
        {"ballot_id": ID, "voter": "p:x", "channel": "online", "hour": "2026-11-22T09"},
    ),
    lambda work: work.execute(update(BALLOT_ISSUED).values(channel="paper")),
    lambda work: work.execute(update(BALLOT).values(result="{}")),
    lambda work: work.execute(update(BALLOT).values(state="open", closed_at="", result="")),
    lambda work: work.execute(update(BALLOT_URN).values(choice="{}")),
    lambda work: work.execute(text("DELETE FROM ballot_urn")),
]
WHILE_OPEN: list[Callable[[Work], object]] = [
    lambda work: work.execute(update(BALLOT).values(rule="{}")),
    lambda work: work.execute(update(BALLOT).values(closes_at="2030-01-01T00:00:00.000Z")),
    lambda work: work.execute(update(BALLOT).values(roll_size=99)),
    lambda work: work.execute(insert(BALLOT_SLIP), {**ROW, "slip_id": "p:person-1"}),
    lambda work: work.execute(
        insert(BALLOT_ISSUED),
        {"ballot_id": ID, "voter": "p:x", "channel": "elsewhere", "hour": "2026-11-22T09"},
    ),
    lambda work: work.execute(
        insert(BALLOT_ISSUED),
        {"ballot_id": uuid(9), "voter": "p:x", "channel": "online", "hour": "2026-11-22T09"},
    ),
]


async def test_a_closed_ballot_stays_as_it_was_counted(store: Store) -> None:
    await store.write(begin)
    await store.write(vote, 0, YES)
    closed = await store.write(close)
    for forbidden in AFTER_CLOSE:
        with pytest.raises(DBAPIError):
            await store.write(forbidden)
    state = await store.read(ballot_of, ID)
    assert state is not None
    assert state.closed == closed
    assert len(await store.read(urn, ID)) == 1


async def test_the_question_of_an_open_ballot_stands_and_slips_have_no_names(store: Store) -> None:
    await store.write(begin)
    await store.write(vote, 0, YES)
    before = await store.read(ballot_of, ID)
    for forbidden in WHILE_OPEN:
        with pytest.raises(DBAPIError):
            await store.write(forbidden)
    assert await store.read(ballot_of, ID) == before
    assert (await store.write(close)).cast == 1
