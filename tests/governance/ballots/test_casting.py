"""Casting: who may, when, and that one voter has one ballot, on both databases."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from services.governance.ballot_handlers import Opening, open_ballot
from services.governance.ballot_refusals import (
    AlreadyVoted,
    BallotClosed,
    BallotNotOpen,
    BallotStillOpen,
    BallotThere,
    NonceTaken,
    NoProxy,
    VotedElsewhere,
    WrongMandate,
)
from services.governance.ballots import Channel, ballot_of
from services.governance.casting import issued, issued_count, tellable_turnout
from services.governance.paper_urns import tick
from services.governance.receipts import inclusion, receipt_of, urn
from services.governance.roll_handlers import roll_of
from services.governance.rolls import NotInRoll
from shared.canonical import canonical
from shared.clock import SetClock
from shared.refusals import Missing
from shared.store import Store
from tests.governance.ballots.polls import (
    BALLOT,
    BLANK,
    CLOSES,
    NO,
    OPENS,
    YES,
    begin,
    close,
    person,
    rule,
    vote,
)
from tests.governance.conftest import opened
from tests.governance.rolls.told import entity, uuid

MANY = 50
ENTITIES = rule(electorate={"kind": "entities"})


async def test_a_vote_is_counted_once_and_its_receipt_stands_under_the_root(store: Store) -> None:
    await store.write(begin)
    kept = [await store.write(vote, n, YES if n < 2 else BLANK) for n in range(3)]
    closed = await store.write(close, at=CLOSES)
    assert (closed.cast, closed.blank, closed.issued, closed.invalid) == (3, 1, 3, 0)
    assert closed.report.classes == {"yes": 2, "no": 0}
    for one in kept:
        proof = await store.read(inclusion, BALLOT, one.receipt)
        assert proof.size == 3
    assert [one.receipt for one in await store.read(urn, BALLOT)] == sorted(
        one.receipt for one in kept
    )


async def test_a_close_that_comes_again_gives_the_same(store: Store) -> None:
    await store.write(begin)
    await store.write(vote, 0, YES)
    first = await store.write(close)
    assert await store.write(close) == first
    assert (await store.read(ballot_of, BALLOT)).closed == first  # type: ignore[union-attr]


async def test_a_ballot_is_not_closed_before_its_time_except_by_who_may(store: Store) -> None:
    await store.write(begin)
    early = CLOSES - timedelta(seconds=1)
    with pytest.raises(BallotStillOpen):
        await store.write(close, at=early)
    assert (await store.write(close, at=early, early=True)).cast == 0
    with pytest.raises(BallotClosed):
        await store.write(vote, 0, YES)


async def test_the_clock_says_whether_votes_are_taken(store: Store, clock: SetClock) -> None:
    await store.write(begin, opens=OPENS + timedelta(hours=1))
    with pytest.raises(BallotNotOpen):
        await store.write(vote, 0, YES)
    clock.move(timedelta(hours=1))
    await store.write(vote, 0, YES)
    clock.move(CLOSES - clock.now())
    with pytest.raises(BallotClosed):
        await store.write(vote, 1, YES)
    with pytest.raises(BallotClosed):
        await store.write(vote, 0, NO)


async def test_only_who_is_in_the_roll_votes(store: Store) -> None:
    await store.write(begin)
    with pytest.raises(NotInRoll):
        await store.write(vote, "stranger", YES)
    with pytest.raises(NotInRoll):
        await store.write(vote, 0, YES, voter="p:stranger")
    with pytest.raises(NoProxy):
        await store.write(vote, 0, YES, voter=f"p:{person(1)}")
    with pytest.raises(Missing):
        await store.write(vote, 0, YES, ballot_id=uuid(77))
    assert await store.read(issued_count, BALLOT) == 0


async def test_a_member_is_spoken_for_by_its_own_delegates_only(store: Store) -> None:
    await store.write(begin, 2, under=ENTITIES, cooperatives=3)
    with pytest.raises(WrongMandate):
        await store.write(vote, "delegate-1", YES, entities=frozenset({entity(0)}))
    with pytest.raises(WrongMandate):
        await store.write(
            vote, "delegate-1", YES, voter=f"e:{entity(0)}", entities=frozenset({entity(1)})
        )
    with pytest.raises(NotInRoll):
        await store.write(vote, 0, YES, entities=frozenset({"ilhas:elsewhere"}))
    kept = await store.write(vote, "delegate-1", YES, entities=frozenset({entity(0), entity(1)}))
    assert kept.voter == f"e:{entity(1)}"


async def test_a_vote_may_be_changed_until_the_close_and_is_one_vote(store: Store) -> None:
    await store.write(begin)
    first = await store.write(vote, 0, YES)
    second = await store.write(vote, 0, NO)
    assert second.changed
    assert second.receipt != first.receipt
    assert await store.read(issued_count, BALLOT) == 1
    closed = await store.write(close)
    assert closed.report.classes == {"yes": 0, "no": 1}
    assert [one.receipt for one in await store.read(urn, BALLOT)] == [second.receipt]


async def test_where_the_rule_says_so_a_vote_stays(store: Store) -> None:
    await store.write(begin, under=rule(change_until_close=False))
    await store.write(vote, 0, YES)
    with pytest.raises(AlreadyVoted):
        await store.write(vote, 0, NO)
    assert (await store.write(close)).report.classes == {"yes": 1, "no": 0}


async def test_the_same_request_twice_is_one_vote_and_a_late_one_changes_nothing(
    store: Store,
) -> None:
    await store.write(begin)
    first = await store.write(vote, 0, YES, word="one")
    assert (await store.write(vote, 0, YES, word="one")).receipt == first.receipt
    second = await store.write(vote, 0, NO, word="two")
    late = await store.write(vote, 0, YES, word="one")
    assert (late.again, late.receipt) == (True, first.receipt)
    with pytest.raises(NonceTaken):
        await store.write(vote, 0, BLANK, word="two")
    assert [one.receipt for one in await _urn(store)] == [second.receipt]


async def test_a_voters_own_nonce_shows_them_that_the_receipt_is_of_their_choice(
    store: Store,
) -> None:
    await store.write(begin)
    nonce = "5a" * 32
    kept = await store.write(vote, 0, YES, nonce=nonce)
    assert kept.receipt == receipt_of(BALLOT, nonce, canonical(YES))
    assert (await store.write(vote, 0, YES, nonce=nonce)).again
    with pytest.raises(NonceTaken):
        await store.write(vote, 1, YES, nonce=nonce)
    assert await store.read(issued, BALLOT, f"p:{person(1)}") is None


async def test_one_id_opens_one_ballot(store: Store) -> None:
    await store.write(begin)
    state = await store.read(ballot_of, BALLOT)
    assert state is not None
    assert (state.rule.hash, state.roll_size, state.closed) == (rule().hash, 5, None)
    with pytest.raises(BallotThere):
        await store.write(_open_again)


@pytest.mark.parametrize("change", [False, True])
async def test_of_many_casts_of_one_credential_at_once_one_counts(
    database_url: str, clock: SetClock, change: bool
) -> None:
    async with opened(database_url, clock=clock) as one, opened(database_url, clock=clock) as two:
        await one.write(begin, under=rule(change_until_close=change))
        results: list[Any] = await asyncio.gather(
            *((one, two)[n % 2].write(vote, 0, YES if n % 3 else NO) for n in range(MANY)),
            return_exceptions=True,
        )
        failed = Counter(type(r).__name__ for r in results if isinstance(r, BaseException))
        assert failed == ({} if change else {"AlreadyVoted": MANY - 1})
        assert await one.read(issued_count, BALLOT) == 1
        receipts = {r.receipt for r in results if not isinstance(r, BaseException)}
        closed = await two.write(close)
        assert (closed.cast, closed.issued) == (1, 1)
        assert {cast.receipt for cast in await one.read(urn, BALLOT)} < receipts | {""}


async def test_ballots_close_while_others_are_cast_and_none_waits_for_ever(store: Store) -> None:
    closing, casting = [uuid(n) for n in range(10, 14)], uuid(20)
    for ballot_id in (*closing, casting):
        await store.write(begin, MANY, ballot_id=ballot_id)
    for ballot_id in closing:
        await store.write(vote, 0, YES, ballot_id=ballot_id)
    closed, *_ = await asyncio.gather(
        asyncio.gather(*(store.write(close, ballot_id) for ballot_id in closing)),
        *(store.write(vote, n, NO, ballot_id=casting, word="once") for n in range(MANY)),
    )
    assert [one.cast for one in closed] == [1] * len(closing)
    assert (await store.write(close, casting)).report.classes == {"yes": 0, "no": MANY}


async def test_while_a_ballot_is_open_small_numbers_are_not_told(store: Store) -> None:
    await store.write(begin, 12)

    async def told() -> int | None:
        state = await store.read(ballot_of, BALLOT)
        assert state is not None
        return await store.read(tellable_turnout, state)

    seen = []
    for n in range(12):
        await store.write(vote, n, YES)
        seen.append(await told())
    assert seen == [None] * 4 + [5, 6, 7] + [None] * 5
    await store.write(close)
    assert await told() == 12


async def test_who_was_ticked_for_the_urn_does_not_vote_online(store: Store) -> None:
    await store.write(begin)
    await store.write(tick, BALLOT, voter=f"p:{person(0)}", teller="safia")
    assert (await store.read(issued, BALLOT, f"p:{person(0)}")) == (Channel.URN, "2026-11-22T09")
    with pytest.raises(VotedElsewhere):
        await store.write(vote, 0, YES)


async def _urn(store: Store) -> Any:
    await store.write(close)
    return await store.read(urn, BALLOT)


def _open_again(work: Any) -> None:
    open_ballot(
        work,
        Opening(
            ballot_id=BALLOT,
            rule=rule(change_until_close=False),
            options=(),
            opens_at=OPENS,
            closes_at=CLOSES,
            roll=roll_of(work, BALLOT),
        ),
    )
