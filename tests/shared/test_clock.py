"""A moment has one way to be written, and a clock is handed in."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import BadTime, SetClock, SystemClock, moment, stamp


def test_a_moment_is_written_in_utc_with_milliseconds() -> None:
    at = datetime(2026, 11, 21, 18, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=1)))
    assert stamp(at) == "2026-11-21T17:00:00.123Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_stamp_says_its_moment_to_the_millisecond(at: datetime) -> None:
    cut = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert moment(stamp(at)) == cut


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_stamps_sort_as_their_moments_do(one: datetime, other: datetime) -> None:
    assert (stamp(one) < stamp(other)) <= (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T17:00:00Z",
        "2026-11-21T17:00:00.123",
        "2026-11-21T17:00:00.123+00:00",
        "2026-11-21 17:00:00.123Z",
        "2026-13-21T17:00:00.123Z",
        "2026-02-30T17:00:00.123Z",
        "2026-11-21T25:00:00.123Z",
        "2026-11-21T17:00:00.123Z\n",
        "٢٠٢٦-11-21T17:00:00.123Z",
        "0000-11-21T17:00:00.123Z",
    ],
)
def test_any_other_way_to_write_a_moment_is_refused(text: str) -> None:
    with pytest.raises(BadTime):
        moment(text)


def test_a_moment_without_an_offset_is_a_defect() -> None:
    with pytest.raises(AssertionError):
        stamp(datetime(2026, 11, 21))  # noqa: DTZ001  # this is the defect


def test_the_clock_of_the_machine_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_a_set_clock_moves_by_hand_only() -> None:
    clock = SetClock(datetime(2026, 11, 21, tzinfo=UTC))
    clock.move(timedelta(hours=-1))
    assert stamp(clock.now()) == "2026-11-20T23:00:00.000Z"
