"""The rules of a ring, whatever is said in whichever order."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exchange.rings.confidence import LEAST, MOST, Record, confidence, learned
from services.exchange.rings.parts import Copy, Timing, is_later
from services.exchange.rings.plans import (
    BadRing,
    Place,
    neighbours,
    nodes,
    parties,
    place_of,
    require_ring,
    residuals,
)
from services.exchange.rings.repairs import change, freed, smallest_changes
from services.exchange.rings.ring import (
    FOLLOWING,
    Answer,
    Report,
    Ring,
    answered,
    looked_at,
    overdue,
    proposed,
    refused,
    reported,
    resolved,
    with_hold,
    withdrawn,
)
from shared.clock import stamp
from shared.contracts.rings import FINAL, RingPlan, RingState, What
from tests.exchange.rings.samples import NOW, leg, party, plan

AT = stamp(NOW)
LATER = stamp(NOW + timedelta(days=7))
MUCH_LATER = stamp(NOW + timedelta(days=60))
MEMBERS = [party("souss", 1), party("ilhas", 1), party("andes", 1)]


def ring(*members: str) -> Ring:
    made = proposed(plan(members or MEMBERS), at=AT)
    for node in nodes(made.plan):
        made = with_hold(made, node, at=AT)
    return made


def accepted(made: Ring, *members: str) -> Ring:
    for member in members or parties(made.plan):
        made = answered(made, Answer(party=member, number=1, accepts=True), at=AT)
    return made


@st.composite
def stories(draw: st.DrawFn) -> list[Ring]:
    """Return a ring's life under a random order of all that can happen to it."""
    made = proposed(plan(MEMBERS), at=AT)
    life = [made]
    strangers = [*MEMBERS, party("souss", 9)]
    for _ in range(draw(st.integers(0, 25))):
        who = draw(st.sampled_from(strangers))
        match draw(st.integers(0, 11)):
            case 0:
                made = refused(made, who, "taken", at=AT) if who in MEMBERS else made
            case 1 | 2:
                made = with_hold(made, who.partition(":")[0], at=AT)
            case 3 | 4 | 5 | 6:
                answer = Answer(
                    party=who,
                    number=draw(st.integers(1, 3)),
                    accepts=draw(st.integers(0, 5)) > 0,
                )
                made = answered(made, answer, at=AT)
            case 7 | 8:
                what = draw(st.sampled_from([What.HANDED_OVER, What.RECEIVED, What.RECEIVED]))
                made = reported(made, Report(leg=draw(st.integers(0, 4)), what=what), at=AT)
            case 9:
                made = overdue(made, at=draw(st.sampled_from([AT, LATER, MUCH_LATER])))
            case 10:
                made = resolved(made, who, at=AT) if draw(st.booleans()) else made
            case _:
                made = looked_at(made, frozenset({who}))
        life.append(made)
    return life


@given(stories())
def test_a_ring_goes_only_from_state_to_following_state_and_its_history_only_grows(
    life: list[Ring],
) -> None:
    for before, after in pairwise(life):
        assert after.entries[: before.version] == before.entries
        reach = {before.state} | FOLLOWING[before.state]
        reach |= {state for near in FOLLOWING[before.state] for state in FOLLOWING[near]}
        assert after.state in reach
        if before.state in FINAL:
            assert after.entries == before.entries


@given(stories())
def test_a_ring_is_confirmed_only_with_the_yes_of_all(life: list[Ring]) -> None:
    made = life[-1]
    whats = [entry.what for entry in made.entries]
    if What.CONFIRMED not in whats:
        assert made.state in (RingState.PROPOSED, RingState.WITHDRAWN)
        return
    before = made.entries[: whats.index(What.CONFIRMED)]
    assert {entry.party for entry in before if entry.what is What.ACCEPTED} == set(MEMBERS)
    assert What.DECLINED not in {entry.what for entry in before}
    assert made.state is not RingState.WITHDRAWN


@given(stories())
def test_whatever_comes_twice_changes_nothing(life: list[Ring]) -> None:
    made = life[-1]
    for answer in made.answers.values():
        assert answered(made, answer, at=LATER) is made
    for number, what in made.reported:
        assert reported(made, Report(leg=number, what=what), at=LATER) is made


@given(stories())
def test_every_ring_ends_when_enough_time_has_passed(life: list[Ring]) -> None:
    assert overdue(life[-1], at=MUCH_LATER).final


def test_what_was_handed_over_and_not_contradicted_counts_as_received() -> None:
    made = accepted(ring())
    for number in range(3):
        made = reported(made, Report(leg=number, what=What.HANDED_OVER), at=AT)
    assert made.state is RingState.IN_DELIVERY
    assert overdue(made, at=MUCH_LATER).state is RingState.SETTLED


def test_a_leg_without_a_word_breaks_the_ring() -> None:
    made = reported(accepted(ring()), Report(leg=0, what=What.RECEIVED), at=AT)
    after = overdue(made, at=MUCH_LATER)
    assert (after.state, after.entries[-1].why) == (RingState.BROKEN, "overdue")


def test_what_was_received_does_not_fail_afterwards() -> None:
    made = reported(accepted(ring()), Report(leg=0, what=What.RECEIVED), at=AT)
    assert reported(made, Report(leg=0, what=What.FAILED), at=AT) is made


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=8))
def test_residuals_sum_to_zero_whatever_the_values(values: list[int]) -> None:
    members = [party("souss", number) for number in range(1, len(values) + 1)]
    left = residuals(plan(members, values=values))
    assert sum(left.values()) == 0
    assert left[members[0]] == values[-1] - values[0]


def test_a_gift_leaves_nothing_to_be_settled() -> None:
    a, b, c = MEMBERS
    chain = plan([a, b, c]).model_copy(
        update={"legs": [leg(a, b, gift=True), leg(b, c, gift=True)], "chain": True}
    )
    require_ring(chain)
    assert set(residuals(chain).values()) == {0}
    assert place_of(chain, c) == Place(receives=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"legs": [leg(MEMBERS[0], MEMBERS[1]), leg(MEMBERS[2], MEMBERS[0])]},
        {"legs": [leg(MEMBERS[0], MEMBERS[1]), leg(MEMBERS[1], MEMBERS[2])]},
        {"legs": [leg(MEMBERS[0], MEMBERS[0])]},
        {"legs": [leg(MEMBERS[0], MEMBERS[1]), leg(MEMBERS[1], MEMBERS[0])] * 2},
        {"legs": [leg(MEMBERS[0], MEMBERS[1]), leg(MEMBERS[1], MEMBERS[0])], "chain": True},
        {
            "legs": [
                leg(MEMBERS[0], MEMBERS[1], from_day="2026-12-01"),
                leg(MEMBERS[1], MEMBERS[0]),
            ]
        },
        {
            "legs": [
                leg(MEMBERS[0], MEMBERS[1], place="market"),
                leg(MEMBERS[1], MEMBERS[0]),
            ]
        },
        {"names": {party("souss", 8): "Nobody"}},
    ],
)
def test_what_is_no_ring_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadRing):
        require_ring(plan(MEMBERS).model_copy(update=wrong))


def test_neighbours_are_those_to_whom_one_gives_and_from_whom_one_receives() -> None:
    made = plan(MEMBERS)
    assert neighbours(made, MEMBERS[0]) == (MEMBERS[1], MEMBERS[2])
    assert neighbours(plan(MEMBERS[:2]), MEMBERS[0]) == (MEMBERS[1],)


def test_a_longer_history_counts_and_a_tombstone_only_before_a_ring_is_confirmed() -> None:
    made = ring()
    copy = Copy(plan=made.plan, state=RingState.PROPOSED, entries=made.entries)
    assert is_later(copy, 1, RingState.WITHDRAWN)
    assert not is_later(copy, 2, RingState.PROPOSED)
    done = accepted(made)
    copy = Copy(plan=made.plan, state=done.state, entries=done.entries)
    assert not is_later(copy, 1, RingState.WITHDRAWN)
    assert is_later(copy, 9, RingState.IN_DELIVERY)


def test_questions_are_asked_ever_more_rarely() -> None:
    waits = [Timing().wait(tries) for tries in range(40)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(days=1)


def test_a_newcomer_is_trusted_and_silence_that_was_not_seen_changes_nothing() -> None:
    assert confidence(Record()) == 900
    assert learned(Record(3, 1), accepted=None, seen=False) == Record(3, 1)
    assert learned(Record(3, 1), accepted=None, seen=True) == Record(3, 2)
    assert confidence(Record(0, 10_000)) == LEAST
    assert confidence(Record(10_000, 0)) == MOST


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_confidence_lies_within_its_bounds_and_a_yes_never_lowers_it(yes: int, no: int) -> None:
    here = confidence(Record(yes, no))
    assert LEAST <= here <= MOST
    assert confidence(Record(yes + 1, no)) >= here
    assert confidence(Record(yes, no + 1)) <= here


def test_the_smallest_change_comes_first_and_what_is_barred_or_bound_not_at_all() -> None:
    a, b, c = MEMBERS
    new = party("souss", 5)
    made = answered(accepted(ring(), a), Answer(party=b, number=1, accepts=False), at=AT)
    left = freed(made)
    assert left.waiting == {a}
    assert not left.absent
    plans: list[RingPlan] = [
        plan([a, new, c], number=10),
        plan([a, c], number=11),
        made.plan,
        plan([a, c, new], number=12),
    ]
    found = smallest_changes(left, plans, bound=lambda item: False)
    assert found[0] == plans[1]
    assert made.plan not in found
    assert change(left.broken, found[0]) < change(left.broken, found[1])
    assert smallest_changes(left, plans, bound=lambda item: True) == []


def test_who_was_silent_is_not_in_the_replacement() -> None:
    a, b, c = MEMBERS
    left = freed(overdue(accepted(ring(), a, c), at=LATER))
    assert left.absent == {b}
    assert left.waiting == {a, c}
    assert smallest_changes(left, [plan([a, b], number=10)], bound=lambda item: False) == []


def test_a_ring_taken_back_before_anybody_was_asked_blames_nobody() -> None:
    made = withdrawn(proposed(plan(MEMBERS), at=AT), "superseded", at=AT)
    assert freed(made).absent == frozenset()
    assert overdue(proposed(plan(MEMBERS), at=AT), at=LATER).entries[-1].why == "late"
