"""What is true of every count, whatever was voted."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.governance.counting.pairwise import condorcet_winner, pairwise
from services.governance.counting.profiles import Ranked
from services.governance.counting.report import Outcome
from services.governance.counting.words import told
from shared.canonical import canonical
from tests.governance.counting.samples import BLANK, Said, answers, count
from tests.governance.counting.votes import CODES, NUMBERS, RANKED

LAWFUL = settings(max_examples=25, deadline=None)
ORDERED = ("outcome", "winners")


SCORED = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(CODES), st.integers(0, 5)).map(
            lambda given: {"scores": given}
        ),
        NUMBERS,
    ),
    max_size=12,
)
APPROVED = st.lists(
    st.tuples(st.sets(st.sampled_from(CODES)).map(lambda held: {"options": sorted(held)}), NUMBERS),
    max_size=12,
)
CASES: list[tuple[dict[str, Any], st.SearchStrategy[list[Said]]]] = [
    ({"method": "schulze"}, RANKED),
    ({"method": "ranked-pairs"}, RANKED),
    ({"method": "irv"}, RANKED),
    ({"method": "stv", "seats": 2}, RANKED),
    ({"method": "score"}, SCORED),
    ({"method": "score", "missing_grade": "excluded"}, SCORED),
    ({"method": "star"}, SCORED),
    ({"method": "approval", "seats": 2}, APPROVED),
]
EVERY = pytest.mark.parametrize(("rule", "votes"), CASES, ids=lambda case: str(case)[:40])


def of(rule: dict[str, Any], said: list[Said], codes: str = CODES, **more: Any) -> dict[str, Any]:
    return count(rule, codes, said, **more).as_data()


@EVERY
@given(data=st.data())
@LAWFUL
def test_the_order_of_ballots_changes_no_byte(
    rule: dict[str, Any], votes: st.SearchStrategy[list[Said]], data: st.DataObject
) -> None:
    said = data.draw(votes)
    # One after the other, shuffled, as if nobody had put equal ballots together.
    single = [(choice, 1) for choice, number in said for _ in range(number)]
    random.Random(data.draw(st.integers(0, 99))).shuffle(single)
    assert canonical(of(rule, said)) == canonical(of(rule, single))


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(held, names) for key, held in value.items()}
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


@EVERY
@given(data=st.data())
@LAWFUL
def test_no_option_is_favoured_for_its_name(
    rule: dict[str, Any], votes: st.SearchStrategy[list[Said]], data: st.DataObject
) -> None:
    """Where the order of the list decides, other names in the same places change names alone."""
    said = data.draw(votes)
    order = "".join(data.draw(st.permutations(CODES)))
    names = dict(zip(CODES, order, strict=True))
    listed = {**rule, "ties": "listed"}
    renamed = [(_renamed(choice, names), number) for choice, number in said]
    before, after = of(listed, said), of(listed, renamed, order)
    assert [names[code] for code in before["winners"]] == after["winners"]
    assert _renamed(before["ties"], names) == after["ties"]


@EVERY
@given(data=st.data())
@LAWFUL
def test_the_place_in_the_list_decides_nothing_where_lots_are_drawn(
    rule: dict[str, Any], votes: st.SearchStrategy[list[Said]], data: st.DataObject
) -> None:
    said = data.draw(votes)
    shuffled = "".join(data.draw(st.permutations(CODES)))
    before, after = of(rule, said), of(rule, said, shuffled)
    assert [before[one] for one in ORDERED] == [after[one] for one in ORDERED]


@EVERY
@given(data=st.data())
@LAWFUL
def test_only_where_a_lot_was_noted_can_a_seed_change_who_wins(
    rule: dict[str, Any], votes: st.SearchStrategy[list[Said]], data: st.DataObject
) -> None:
    said = data.draw(votes)
    one, other = of(rule, said, seed="00" * 32), of(rule, said, seed="ff" * 32)
    if not one["ties"]:
        assert one["ties"] == other["ties"]
        assert set(one["winners"]) == set(other["winners"])


@EVERY
@given(data=st.data(), blank=st.integers(0, 5))
@LAWFUL
def test_classes_and_blank_ballots_are_all_that_were_cast(
    rule: dict[str, Any], votes: st.SearchStrategy[list[Said]], data: st.DataObject, blank: int
) -> None:
    said = data.draw(votes)
    with_blank = [*said, (BLANK, blank)] if blank else said
    report = count(rule, CODES, with_blank)
    assert sum(report.classes.values()) + report.blank == report.cast
    assert report.cast == sum(number for _, number in with_blank)
    assert report.winners == count(rule, CODES, said).winners


@EVERY
@given(data=st.data())
@LAWFUL
def test_every_round_and_tie_has_words(
    rule: dict[str, Any], votes: st.SearchStrategy[list[Said]], data: st.DataObject
) -> None:
    report = count(rule, CODES, data.draw(votes))
    for language in ("ar", "en", "es", "fr", "pt"):
        lines = told(report, language, {"a": "Argan"})
        assert lines
        assert not any("{" in line or "round." in line for line in lines)


@given(said=RANKED)
@LAWFUL
def test_who_beats_each_other_one_wins(said: list[Said]) -> None:
    ballots = Ranked.of(CODES, said)
    best = condorcet_winner(pairwise(ballots))
    for method in ("schulze", "ranked-pairs"):
        report = count({"method": method}, CODES, said)
        assert best is None or report.winners == (CODES[best],)


@given(said=RANKED)
@LAWFUL
def test_no_round_of_stv_makes_votes(said: list[Said]) -> None:
    report = count({"method": "stv", "seats": 3}, CODES, said)
    for one in report.rounds:
        held = sum(one["votes"].values()) + one["exhausted"]
        assert held + one["rounding"] == report.cast * one["scale"]
        assert 0 <= one["rounding"] < report.cast * len(CODES)
        assert all(votes >= 0 for votes in one["votes"].values())


@given(said=RANKED, seats=st.integers(1, 6))
@LAWFUL
def test_stv_fills_every_seat_that_somebody_stands_for(said: list[Said], seats: int) -> None:
    report = count({"method": "stv", "seats": seats}, CODES, said)
    if report.outcome is Outcome.CHOSEN:
        assert len(set(report.winners)) == len(report.winners) == min(seats, len(CODES))
    else:
        assert not any(sum(one["votes"].values()) for one in report.rounds)


YES_NO = st.builds(
    lambda n, d, at_least, base, quorum: {
        "method": "yes-no",
        "threshold": {"share": {"n": min(n, d), "d": d}, "at_least": at_least, "base": base},
        "approval_quorum": {"n": 1, "d": quorum} if quorum else None,
        "quorum": {"share": {"n": 1, "d": 3}},
    },
    st.integers(0, 4),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from(["votes", "cast", "roll"]),
    st.integers(0, 4),
)


@given(rule=YES_NO, yes=st.integers(0, 30), no=st.integers(0, 30), blank=st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_one_more_yes_never_turns_adopted_into_rejected(
    rule: dict[str, Any], yes: int, no: int, blank: int
) -> None:
    def outcome(yes: int, no: int, blank: int) -> Outcome:
        return count(rule, (), answers(yes=yes, no=no, blank=blank), roll=70).outcome

    if outcome(yes, no, blank) is Outcome.ADOPTED:
        assert outcome(yes + 1, no, blank) is Outcome.ADOPTED
        assert not no or outcome(yes + 1, no - 1, blank) is Outcome.ADOPTED
