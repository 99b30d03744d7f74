"""Paper, telephone, urn and proxies: two tellers, and nobody votes twice, on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.governance.ballot_refusals import (
    BadProxy,
    BallotClosed,
    EntryCounted,
    NoProxy,
    NotATeller,
    TooManyProxies,
    TwoTellers,
    UrnDiffers,
    VotedElsewhere,
)
from services.governance.ballots import Channel
from services.governance.casting import issued, issued_count
from services.governance.choices import MalformedChoice, UnknownOption
from services.governance.paper import SPOILT, Entered, Reading, entry_shown, read_paper, take_back
from services.governance.paper_urns import sign_note, tick, untick
from services.governance.proxies import end_proxy, enter_proxy
from services.governance.receipts import inclusion, urn
from services.governance.rolls import NotInRoll
from services.governance.tellers import name_tellers
from shared.clock import SetClock
from shared.refusals import Missing
from shared.store import Store, Work
from tests.governance.ballots.polls import (
    BALLOT,
    CLOSES,
    NO,
    SAFIA,
    TOUDA,
    YES,
    begin,
    close,
    options,
    person,
    rule,
    vote,
)

P0, P1, P2 = (f"p:{person(n)}" for n in range(3))


def read(
    work: Work, teller: str, subject: str, choice: Any, channel: Channel = Channel.PAPER
) -> Entered:
    """Enter what a teller reads."""
    if subject.startswith("s:"):
        channel = Channel.URN
    return read_paper(
        work,
        Reading(ballot_id=BALLOT, teller=teller, subject=subject, channel=channel, choice=choice),
    )


async def test_a_paper_counts_once_two_tellers_have_read_the_same(store: Store) -> None:
    await store.write(begin)
    first = await store.write(read, SAFIA, P0, YES)
    assert (first.state, first.yours, first.receipt) == ("waiting", YES, "")
    assert await store.read(issued_count, BALLOT) == 0
    second = await store.write(read, TOUDA, P0, YES)
    assert second.state == "agreed"
    assert (await store.write(read, TOUDA, P0, YES)).receipt == second.receipt
    closed = await store.write(close)
    assert (closed.cast, closed.issued, closed.report.classes["yes"]) == (1, 1, 1)
    assert (await store.read(inclusion, BALLOT, second.receipt)).size == 1


async def test_where_two_tellers_differ_both_are_shown_and_nothing_counts(store: Store) -> None:
    await store.write(begin)
    await store.write(read, SAFIA, P0, YES)
    assert (await store.write(read, TOUDA, P0, NO)).others == YES
    shown = await store.read(entry_shown, BALLOT, subject=P0, teller=SAFIA)
    assert (shown.state, shown.yours, shown.others) == ("differs", YES, NO)
    assert await store.read(issued_count, BALLOT) == 0
    assert (await store.write(read, SAFIA, P0, NO)).state == "agreed"
    assert (await store.write(close)).report.classes == {"yes": 0, "no": 1}


async def test_what_was_read_differently_at_the_close_is_not_counted(store: Store) -> None:
    await store.write(begin)
    await store.write(read, SAFIA, P0, YES)
    await store.write(read, TOUDA, P0, NO)
    assert (await store.write(close)).cast == 0
    shown = await store.read(entry_shown, BALLOT, subject=P0, teller=SAFIA)
    assert (shown.state, shown.yours, shown.others) == ("differs", None, None)
    with pytest.raises(BallotClosed):
        await store.write(read, SAFIA, P0, NO)


async def test_one_teller_alone_and_two_words_of_one_count_nothing(store: Store) -> None:
    await store.write(begin)
    for _ in range(2):
        assert (await store.write(read, SAFIA, P0, YES)).state == "waiting"
    with pytest.raises(NotATeller):
        await store.write(read, "somebody", P0, YES)
    assert await store.read(issued_count, BALLOT) == 0


async def test_two_tellers_who_enter_at_once_make_one_vote(store: Store) -> None:
    await store.write(begin)
    results = await asyncio.gather(
        *(store.write(read, teller, P0, YES) for teller in (SAFIA, TOUDA) * 6),
    )
    assert {one.state for one in results} == {"waiting", "agreed"}
    assert await store.read(issued_count, BALLOT) == 1


async def test_nobody_votes_online_and_on_paper(store: Store) -> None:
    await store.write(begin)
    await store.write(vote, 0, YES)
    with pytest.raises(VotedElsewhere):
        await store.write(read, SAFIA, P0, NO)
    with pytest.raises(VotedElsewhere):
        await store.write(tick, BALLOT, voter=P0, teller=SAFIA)
    for teller in (SAFIA, TOUDA):
        await store.write(read, teller, P1, NO, Channel.PHONE)
    with pytest.raises(VotedElsewhere):
        await store.write(vote, 1, YES)
    await store.write(read, SAFIA, P2, NO)
    await store.write(vote, 2, YES)
    with pytest.raises(VotedElsewhere):
        await store.write(read, TOUDA, P2, NO)
    closed = await store.write(close)
    assert closed.report.classes == {"yes": 2, "no": 1}


async def test_a_third_teller_and_strange_papers_meet_refusals(store: Store) -> None:
    await store.write(begin, under=rule("approval"), among=options("argan"))
    await store.write(name_tellers, BALLOT, [SAFIA, TOUDA, "zahra"], by="steward")
    with pytest.raises(UnknownOption):
        await store.write(read, SAFIA, P0, {"options": ["bees"]})
    with pytest.raises(NotInRoll):
        await store.write(read, SAFIA, "p:stranger", {"options": []})
    with pytest.raises(MalformedChoice):
        await store.write(read, SAFIA, P0, SPOILT)
    await store.write(read, SAFIA, P0, {"options": []})
    await store.write(read, TOUDA, P0, {"options": ["argan"]})
    with pytest.raises(TwoTellers):
        await store.write(read, "zahra", P0, {"options": []})
    await store.write(take_back, BALLOT, subject=P0, teller=SAFIA)
    assert (await store.write(read, "zahra", P0, {"options": ["argan"]})).state == "agreed"
    with pytest.raises(EntryCounted):
        await store.write(read, SAFIA, P0, {"options": []})
    with pytest.raises(EntryCounted):
        await store.write(take_back, BALLOT, subject=P0, teller=TOUDA)
    with pytest.raises(Missing):
        await store.write(take_back, BALLOT, subject=P1, teller=TOUDA)


async def test_an_urn_of_paper_holds_as_many_slips_as_there_are_ticks(
    store: Store, clock: SetClock
) -> None:
    await store.write(begin)
    for voter in (P0, P1, P2):
        await store.write(tick, BALLOT, voter=voter, teller=SAFIA)
    await store.write(vote, 3, YES)
    clock.move(CLOSES - clock.now() + timedelta(hours=1))
    for teller in (SAFIA, TOUDA):
        await store.write(read, teller, "s:1", YES)
        await store.write(read, teller, "s:2", NO)
    with pytest.raises(UrnDiffers) as told:
        await store.write(close)
    assert told.value.members == {"ticks": 3, "slips": 2, "unsettled": 0}
    for teller in (SAFIA, TOUDA):
        await store.write(read, teller, "s:3", SPOILT)
    closed = await store.write(close)
    assert (closed.cast, closed.invalid, closed.issued) == (3, 1, 4)
    assert closed.report.classes == {"yes": 2, "no": 1}


async def test_two_tellers_say_why_an_urn_differs_and_no_more_is_counted_than_voted(
    store: Store,
) -> None:
    await store.write(begin)
    for voter in (P0, P1):
        await store.write(tick, BALLOT, voter=voter, teller=SAFIA)
    for teller in (SAFIA, TOUDA):
        for number in range(1, 4):
            await store.write(read, teller, f"s:{number}", YES)
    note = {"ticks": 2, "slips": 3, "note": "one slip too many"}
    await store.write(sign_note, BALLOT, teller=SAFIA, **note)
    with pytest.raises(UrnDiffers):
        await store.write(close)
    with pytest.raises(NotATeller):
        await store.write(sign_note, BALLOT, teller="somebody", **note)
    await store.write(sign_note, BALLOT, teller=TOUDA, **note)
    closed = await store.write(close)
    assert (closed.cast, closed.invalid, closed.issued) == (2, 1, 2)
    assert [one["note"] for one in closed.notes] == ["one slip too many"] * 2
    assert len(await store.read(urn, BALLOT)) == 2


async def test_a_tick_by_mistake_is_taken_back_and_the_voter_votes(store: Store) -> None:
    await store.write(begin)
    await store.write(tick, BALLOT, voter=P0, teller=SAFIA)
    await store.write(tick, BALLOT, voter=P0, teller=TOUDA)
    await store.write(untick, BALLOT, voter=P0, teller=TOUDA)
    with pytest.raises(Missing):
        await store.write(untick, BALLOT, voter=P0, teller=TOUDA)
    await store.write(vote, 0, YES)
    assert (await store.write(close)).cast == 1


async def test_a_holder_casts_one_ballot_for_each_voter_up_to_the_rules_limit(
    store: Store,
) -> None:
    await store.write(begin, under=rule(proxies_max=2))

    async def give(giver: int, holder: int) -> None:
        await store.write(
            enter_proxy,
            BALLOT,
            giver=f"p:{person(giver)}",
            holder=f"p:{person(holder)}",
            teller=SAFIA,
        )

    await give(1, 0)
    await give(1, 0)
    await give(2, 0)
    with pytest.raises(TooManyProxies):
        await give(3, 0)
    with pytest.raises(BadProxy):
        await give(1, 4)
    with pytest.raises(BadProxy):
        await give(0, 4)
    with pytest.raises(NoProxy):
        await store.write(vote, 4, YES, voter=P1)
    for voter in ("", P1, P2):
        await store.write(vote, 0, YES, voter=voter)
    assert await store.read(issued, BALLOT, P1) == (Channel.PROXY, "2026-11-22T09")
    await store.write(vote, 1, NO)
    with pytest.raises(VotedElsewhere):
        await store.write(vote, 0, YES, voter=P1)
    await store.write(end_proxy, BALLOT, giver=P2)
    with pytest.raises(NoProxy):
        await store.write(vote, 0, NO, voter=P2)
    assert (await store.write(close)).report.classes == {"yes": 2, "no": 1}
