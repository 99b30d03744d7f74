"""In which unit a round compares values: its own credit at home, a common measure between."""

import pytest

from services.exchange.rates import Published
from services.exchange.rounds.measure import measure_of
from shared.amounts import Rate
from tests.exchange.items.conftest import NODE, item

CREDIT = f"{NODE}:credit"
RATES = Published(NODE, 3, "EUR", {"MAD": Rate(1, 11), CREDIT: Rate(1, 10)}, "")
VALUE = {"low": 1_100, "high": 2_200, "unit": "MAD"}


@pytest.mark.parametrize(
    ("rates", "inside", "preferred", "unit"),
    [
        ([], True, "", "MAD"),
        ([], False, "", "MAD"),
        ([], True, "EUR", "EUR"),
        ([RATES], False, "MAD", "EUR"),
        ([RATES], True, "MAD", CREDIT),
        ([RATES._replace(rates={"MAD": Rate(1, 11)})], True, "", "MAD"),
    ],
)
def test_the_measure_follows_from_the_rates_and_from_where_the_round_is_held(
    rates: list[Published], inside: bool, preferred: str, unit: str
) -> None:
    items = [item(1, value=VALUE), item(2, value=None)]
    found = measure_of(items, rates, node=NODE, inside=inside, preferred=preferred)
    assert found.unit == unit


def test_values_are_brought_to_the_own_credit_through_the_common_measure() -> None:
    found = measure_of([item(1, value=VALUE)], [RATES], node=NODE, inside=True)
    assert found.value(item(1, value=VALUE)) == (1_000, 2_000)
    assert found.value(item(2, value={"low": 100, "high": 100, "unit": "EUR"})) == (1_000, 1_000)
    assert found.value(item(3, value={"low": 5, "high": 9, "unit": CREDIT})) == (5, 9)


def test_without_a_rate_nobody_can_say_what_something_is_worth() -> None:
    found = measure_of([item(1, value=VALUE)], [RATES], node=NODE, inside=False)
    assert found.value(item(2, value={"low": 5, "high": 9, "unit": "BRL"})) is None
    assert found.value(item(3, value=None)) is None
