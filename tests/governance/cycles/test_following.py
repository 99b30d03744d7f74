"""What follows from a surplus that was shared out, and from a pay ratio that was agreed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.governance.cycles.following import (
    PARTS,
    PRESET,
    Beside,
    NotWhole,
    beside,
    followed,
    surplus_lines,
    within_ratio,
)
from services.governance.templates import TEMPLATES


def test_the_customary_split_is_whole_and_of_the_parts_that_are_offered() -> None:
    assert sum(PRESET.values()) == 100
    assert set(PRESET) <= set(PARTS)
    assert {part.code for part in TEMPLATES["surplus"].rule.surplus} == set(PARTS)


def test_a_surplus_is_shared_out_to_the_last_unit() -> None:
    lines = surplus_lines({"a": 33, "b": 33, "c": 34}, 50, lines={"a": "2027/11"})
    assert [(line.code, line.amount) for line in lines] == [("a", 17), ("b", 16), ("c", 17)]
    assert lines[0].line == "2027/11"


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=6).filter(lambda some: sum(some) > 0),
    st.integers(0, 2**53 - 1),
)
def test_amounts_of_a_surplus_sum_to_it_whatever_the_split(some: list[int], amount: int) -> None:
    percent = {f"p{at}": 100 * one // sum(some) for at, one in enumerate(some)}
    percent["p0"] += 100 - sum(percent.values())
    lines = surplus_lines(percent, amount)
    assert sum(line.amount for line in lines) == amount
    assert all(abs(line.amount * 100 - amount * line.percent) < 100 for line in lines)


@pytest.mark.parametrize(
    ("percent", "amount"), [({}, 10), ({"a": 99}, 10), ({"a": 101, "b": -1}, 10), ({"a": 100}, -1)]
)
def test_what_is_not_whole_is_no_split(percent: dict[str, int], amount: int) -> None:
    with pytest.raises(NotWhole):
        surplus_lines(percent, amount)


def test_what_was_done_is_laid_beside_what_was_decided() -> None:
    lines = surplus_lines({"reserves": 45, "members": 45, "social": 10}, 1_000)
    compared = beside(lines, {"reserves": 450, "members": 500, "capital-interest": 50})
    assert compared == (
        Beside(code="capital-interest", decided=0, done=50),
        Beside(code="members", decided=450, done=500),
        Beside(code="reserves", decided=450, done=450),
        Beside(code="social", decided=100, done=0),
    )
    # More for the members makes up for nothing.
    assert followed(compared) == (900, 1_000)
    assert [row.difference for row in compared] == [50, 50, 0, -100]


def test_a_pay_ratio_is_kept_at_exact_equality() -> None:
    assert within_ratio(9_000, 2_000, (9, 2))
    assert not within_ratio(9_001, 2_000, (9, 2))
