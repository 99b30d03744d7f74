"""The time of day, handed in: a clock is a value, and a moment has one way to be written."""

import re
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, Protocol

from shared.refusals import Kind, Refusal

_STAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", re.ASCII
)


class BadTime(Refusal):
    """A text does not say a moment in the way that we write it."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-time"
    title: ClassVar[str] = "A moment is written as 2026-11-21T17:00:00.123Z"


class Clock(Protocol):
    """Something that tells the time."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        return datetime.now(UTC)


class SetClock:
    """A clock that stands until it is moved: for simulators and tests, which wait for no clock."""

    def __init__(self, at: datetime) -> None:
        self._at = _in_utc(at)

    def now(self) -> datetime:
        """Return the moment at which the clock stands."""
        return self._at

    def move(self, by: timedelta) -> None:
        """Move the clock; a negative step turns it back, as clocks of machines do."""
        self._at += by


def stamp(at: datetime) -> str:
    """Return a moment as ``2026-11-21T17:00:00.123Z``; what is finer than a millisecond is cut off.

    Args:
        at: an aware moment, in any offset.
    """
    at = _in_utc(at)
    return f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def moment(text: str) -> datetime:
    """Return the moment that a stamp says, aware and in UTC.

    Raises:
        BadTime: the text has another form, or there is no such moment.
    """
    if _STAMP.fullmatch(text) is None:
        raise BadTime()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadTime("there is no such moment") from error
    # Newer Pythons read 24:00 as the next day; a moment has one way to be written.
    if stamp(at) != text:
        raise BadTime("there is no such moment")
    return at


def _in_utc(at: datetime) -> datetime:
    assert at.tzinfo is not None, "a moment without an offset is nobody's"
    return at.astimezone(UTC)
