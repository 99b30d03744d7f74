"""Terms of office: rows of mandates, pauses, and how long somebody has acted."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.terms import PAUSE, Term, in_a_row, numbered, tenure


def year(number: int, month: int = 1) -> datetime:
    return datetime(number, month, 1, tzinfo=UTC)


def test_mandates_that_follow_one_another_are_one_row() -> None:
    terms = [Term(year(2020), year(2022)), Term(year(2022), year(2024)), Term(year(2024, 6), None)]
    assert [number for _, number in numbered(terms)] == [1, 2, 3]
    assert in_a_row(terms, year(2021)) == 1
    assert in_a_row(terms, year(2023)) == 2
    assert in_a_row(terms, year(2030)) == 3


def test_a_pause_of_a_year_ends_a_row_and_a_shorter_one_does_not() -> None:
    first = Term(year(2020), year(2022))
    just = Term(first.until + PAUSE if first.until else year(2023), year(2025))
    sooner = Term(just.begins - timedelta(days=1), year(2025))
    assert [number for _, number in numbered([first, just])] == [1, 1]
    assert [number for _, number in numbered([first, sooner])] == [1, 2]
    assert in_a_row([first], year(2022, 12)) == 1
    assert in_a_row([first], year(2023)) == 0


def test_what_ended_before_it_began_was_never_held() -> None:
    never = Term(year(2023), year(2023))
    assert numbered([never]) == []
    assert in_a_row([never], year(2024)) == 0
    assert in_a_row([Term(year(2021), year(2023)), never], year(2023)) == 1
    assert tenure([never], year(2024)) == timedelta()


def test_a_long_mandate_keeps_its_row_open_after_a_short_one_within_it() -> None:
    terms = [
        Term(year(2015), year(2024)),
        Term(year(2016), year(2017)),
        Term(year(2024, 3), year(2026)),
    ]
    assert [number for _, number in numbered(terms)] == [1, 2, 3]


def test_nobody_has_served_before_the_first_day() -> None:
    terms = [Term(year(2024), None)]
    assert in_a_row(terms, year(2023)) == 0
    assert tenure(terms, year(2023)) == timedelta()
    assert in_a_row([], year(2023)) == 0


def test_a_term_holds_from_its_first_moment_to_the_one_before_its_end() -> None:
    term = Term(year(2024), year(2025))
    assert term.holds(year(2024))
    assert not term.holds(year(2025))
    assert not term.overlaps(Term(year(2025), None))
    assert term.overlaps(Term(year(2024, 12), None))


spans = st.builds(
    lambda begin, days: Term(
        year(2000) + timedelta(days=begin),
        None if days is None else year(2000) + timedelta(days=begin + days),
    ),
    st.integers(0, 3_000),
    st.one_of(st.none(), st.integers(0, 1_500)),
)


@given(st.lists(spans, max_size=8), st.integers(0, 5_000))
def test_time_that_overlaps_counts_once(terms: list[Term], days: int) -> None:
    at = year(2000) + timedelta(days=days)
    held = sum(
        any(one.holds(year(2000) + timedelta(days=day)) for one in terms) for day in range(days)
    )
    assert tenure(terms, at) == timedelta(days=held)
    assert in_a_row(terms, at) <= len(terms)
