"""The indices of a round's report are what their definitions say."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from services.exchange.candidates.figures import fairness_price, gini


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_gini_is_half_of_the_mean_difference_over_the_mean(values: list[int]) -> None:
    whole = sum(values)
    pairs = sum(abs(one - other) for one in values for other in values)
    exact = Fraction(pairs, 2 * len(values) * whole) if whole else Fraction(0)
    assert gini(values) == int(exact * 1_000)


def test_gini_knows_alike_and_all_to_one() -> None:
    assert gini([5, 5, 5, 5]) == 0
    assert gini([0, 0, 0, 8]) == 750
    assert gini([]) == 0


def test_the_price_of_fairness_is_never_negative_and_is_rounded_up() -> None:
    assert fairness_price(1_000, 1_000) == 0
    assert fairness_price(3_000, 2_999) == 1
    assert fairness_price(10, 12) == 0
    assert fairness_price(0, 0) == 0
