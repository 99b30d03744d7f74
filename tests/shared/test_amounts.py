"""Amounts are whole numbers within 2^53, and no float comes near them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.amounts import (
    INTEGER_MAX,
    Amount,
    AmountTooLarge,
    BadAmount,
    BadCoordinate,
    BadRate,
    Degrees7,
    OutOfRange,
    Rate,
    UnitsDiffer,
    Whole,
    decimal_text,
    latitude,
    longitude,
    minutes,
)

whole = st.integers(-INTEGER_MAX, INTEGER_MAX)
positive = st.integers(1, INTEGER_MAX)


@given(whole)
def test_every_whole_number_within_2_to_the_53_is_an_amount(value: int) -> None:
    assert minutes(value) == value
    assert Amount(value, "MAD").value == value


@pytest.mark.parametrize("value", [INTEGER_MAX + 1, -INTEGER_MAX - 1, 10**30])
def test_a_number_beyond_is_refused(value: int) -> None:
    with pytest.raises(AmountTooLarge):
        minutes(value)
    with pytest.raises(AmountTooLarge):
        Amount(value, "MAD")
    with pytest.raises(AmountTooLarge):
        Rate(abs(value), 1)


@pytest.mark.parametrize("value", [1.0, "1", True, None, Decimal(1)])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(BadAmount):
        minutes(value)
    with pytest.raises(BadAmount):
        Amount(value, "MAD")
    with pytest.raises(BadRate):
        Rate(value, 1)


@pytest.mark.parametrize("unit", ["", " ", "M D", "-", "é", "x" * 65, "MAD\n"])
def test_an_amount_says_its_unit(unit: str) -> None:
    with pytest.raises(BadAmount):
        Amount(1, unit)


@given(whole, whole)
def test_sums_are_exact_or_refused(one: int, other: int) -> None:
    mine, yours = Amount(one, "MAD"), Amount(other, "MAD")
    for sign, combine in ((1, Amount.__add__), (-1, Amount.__sub__)):
        expected = one + sign * other
        if abs(expected) <= INTEGER_MAX:
            assert combine(mine, yours) == Amount(expected, "MAD")
        else:
            with pytest.raises(AmountTooLarge):
                combine(mine, yours)


@given(whole, whole)
def test_amounts_of_one_unit_are_ordered_as_their_numbers(one: int, other: int) -> None:
    mine, yours = Amount(one, "MAD"), Amount(other, "MAD")
    assert (mine < yours) == (one < other)
    assert (mine <= yours) == (one <= other)
    assert (mine > yours) == (one > other)
    assert -mine == Amount(-one, "MAD")


def test_amounts_of_two_units_are_neither_added_nor_compared() -> None:
    dirhams, hours = Amount(1, "MAD"), Amount(1, "min")
    assert dirhams != hours
    with pytest.raises(UnitsDiffer):
        dirhams + hours
    with pytest.raises(UnitsDiffer):
        dirhams - hours
    with pytest.raises(UnitsDiffer):
        assert dirhams < hours
    with pytest.raises(UnitsDiffer):
        assert dirhams >= hours


@pytest.mark.parametrize("pair", [(0, 1), (1, 0), (-1, 2), (1, -2)])
def test_a_rate_is_a_pair_of_positive_numbers(pair: tuple[int, int]) -> None:
    with pytest.raises(BadRate):
        Rate(*pair)


def test_one_rate_has_one_form() -> None:
    assert Rate(6, 4) == Rate(3, 2)
    assert Rate(3, 2).inverse() == Rate(2, 3)


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_thousand_conversions_to_and_fro_never_gain(value: int, one: int, other: int) -> None:
    there = Rate(one, other)
    back = there.inverse()
    amount = Amount(value, "MAD")
    for _ in range(1_000):
        after = back.convert(there.convert(amount, "sol"), "MAD")
        assert abs(after.value) <= abs(amount.value)
        if after == amount:
            break
        amount = after


@given(whole, positive, positive)
def test_a_conversion_is_worth_no_more_and_less_by_under_one(
    value: int, one: int, other: int
) -> None:
    exact = abs(value) * one
    assume(exact // other <= INTEGER_MAX)
    converted = Rate(one, other).convert(Amount(value, "MAD"), "sol")
    assert 0 <= exact - abs(converted.value) * other < other
    assert converted.value == 0 or (converted.value < 0) == (value < 0)


def test_a_conversion_that_would_be_too_large_is_refused() -> None:
    with pytest.raises(AmountTooLarge):
        Rate(2, 1).convert(Amount(INTEGER_MAX, "MAD"), "sol")


@given(st.integers(-900_000_000, 900_000_000).map(Degrees7))
def test_a_coordinate_is_read_as_it_was_written(degrees: Degrees7) -> None:
    assert latitude(decimal_text(degrees)) == degrees
    assert longitude(decimal_text(degrees)) == degrees


@given(st.floats(-90, 90))
def test_a_coordinate_that_passed_through_a_float_is_the_nearest_one(value: float) -> None:
    assert abs(Decimal(latitude(str(value))) - Decimal(repr(value)) * 10**7) <= Decimal("0.5")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("33.5731", 335_731_000),
        ("-7.5898434", -75_898_434),
        ("0.29", 2_900_000),
        (" +45. ", 450_000_000),
        ("43.29650004999999999", 432_965_000),
        ("43.29650005", 432_965_000),
        ("43.29650015", 432_965_002),
        ("1e-07", 1),
        ("90", 900_000_000),
        ("-0.0", 0),
        ("9e1", 900_000_000),
        (".5", 5_000_000),
        ("1e-999", 0),
        ("0.00000005" + "0" * 31 + "1", 1),
    ],
)
def test_a_decimal_text_is_read_without_the_error_of_floats(text: str, expected: int) -> None:
    assert latitude(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "x", "33,5731", "N33.5", "33°", "nan", "inf", "1_0", "0x10", "٣٣.٥", "1234", "--1", "."],
)
def test_what_is_no_decimal_number_of_degrees_is_refused(text: str) -> None:
    for read in (latitude, longitude):
        with pytest.raises(BadCoordinate):
            read(text)


def test_a_place_beyond_the_poles_or_the_date_line_is_refused() -> None:
    for read, text in (
        (latitude, "90.00000001"),
        (latitude, "-91"),
        (latitude, "9e999"),
        (longitude, "180.0000001"),
        (longitude, "-999"),
    ):
        with pytest.raises(OutOfRange):
            read(text)
    assert longitude("-180") == -1_800_000_000


class Bill(BaseModel):
    """A body of a request."""

    amount: Amount
    number: Whole = 0


def test_a_model_takes_amounts_and_refuses_by_name() -> None:
    bill = Bill.model_validate_json('{"amount":{"value":1250,"unit":"MAD"},"number":3}')
    assert bill.amount == Amount(1250, "MAD")
    assert bill.model_dump_json() == '{"amount":{"value":1250,"unit":"MAD"},"number":3}'
    with pytest.raises(AmountTooLarge):
        Bill.model_validate_json('{"amount":{"value":9007199254740992,"unit":"MAD"}}')
    with pytest.raises(ValidationError):
        Bill.model_validate_json('{"amount":{"value":12.5,"unit":"MAD"}}')


@pytest.mark.parametrize("value", [2**53, -(2**53), 1.0, "1", True])
def test_a_field_takes_whole_numbers_only(value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Whole).validate_python(value)
