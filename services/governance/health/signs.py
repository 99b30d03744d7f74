"""The thirteen signs: how each is taken, over which spans, and from when on it is an alert."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from services.governance.health import drift, voting
from services.governance.health.facts import Facts, Pair, Reading, Span, less
from shared.clock import moment, stamp

QUARTERS: Final = 8
YEARS: Final = 5
_MONTHS: Final = (1, 4, 7, 10)


class Limit(NamedTuple):
    """From when on a sign is an alert.

    Args:
        name: what stands in the alert, and by which a network decides another value.
        of: ``value``, a figure beside it, or ``fall``: by how much it fell within a year, or
            ``years-falling``: in how many years in a row.
        sense: on which side of the limit it is an alert.
    """

    name: str
    of: str
    sense: Literal["below", "above"]
    value: Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One of the thirteen.

    Args:
        span: whether it is followed by quarters, each with the year before it, or by years.
        unit: ``share``, ``ratio``, ``count`` or ``days``.
    """

    code: str
    take: Callable[[Facts, Span], Reading]
    span: Literal["quarter", "year"]
    unit: Literal["share", "ratio", "count", "days"]
    limits: tuple[Limit, ...]


class Alert(NamedTuple):
    """A limit that a sign has passed, with the figure that passed it."""

    name: str
    figure: Pair
    limit: Pair


class Told(NamedTuple):
    """A sign for a span."""

    span: Span
    reading: Reading


_ALL: Final = (
    Sign(
        code="turnout", take=voting.turnout, span="quarter", unit="share",
        limits=(
            Limit("turnout-low", "value", "below", (1, 5)),
            Limit("turnout-falls", "fall", "above", (1, 10)),
        ),
    ),
    Sign(
        code="concentration", take=voting.concentration, span="quarter", unit="share",
        limits=(
            Limit("few-authors", "value", "above", (1, 2)),
            Limit("top-holder", "top-holder", "above", (1, 20)),
        ),
    ),
    Sign(
        code="contested-seats", take=voting.contested, span="year", unit="count",
        limits=(Limit("few-candidates", "value", "below", (6, 5)),),
    ),
    Sign(
        code="terms", take=drift.terms, span="quarter", unit="count",
        limits=(Limit("long-terms", "value", "above", (2, 1)),),
    ),
    Sign(
        # By the year: from quarter to quarter one could see who came and went.
        code="gender-balance", take=drift.gender, span="year", unit="share",
        limits=(
            Limit("gender-low", "value", "below", (2, 5)),
            Limit("gender-gap", "gap", "above", (3, 20)),
        ),
    ),
    Sign(
        code="objections-answered", take=voting.objections, span="quarter", unit="share",
        limits=(Limit("objections-wait", "value", "below", (9, 10)),),
    ),
    Sign(
        code="deliberation", take=voting.deliberation, span="quarter", unit="days",
        limits=(Limit("short-notice", "value", "below", (14, 1)),),
    ),
    Sign(
        code="follow-through", take=voting.follow_through, span="quarter", unit="share",
        limits=(Limit("not-followed", "value", "below", (7, 10)),),
    ),
    Sign(
        code="worker-members", take=drift.workers, span="year", unit="share",
        limits=(
            Limit("few-worker-members", "value", "below", (3, 5)),
            Limit("worker-members-fall", "years-falling", "above", (1, 1)),
        ),
    ),
    Sign(
        code="pay-ratio", take=drift.pay_ratio, span="year", unit="ratio",
        limits=(Limit("pay-apart", "value", "above", (9, 2)),),
    ),
    Sign(
        code="surplus-use", take=drift.surplus_use, span="year", unit="share",
        limits=(
            Limit("capital-share", "value", "above", (1, 10)),
            Limit("reserve-low", "use-reserves", "below", (1, 5)),
            Limit("surplus-elsewhere", "as-decided", "below", (19, 20)),
        ),
    ),
    Sign(
        code="transparency", take=voting.transparency, span="quarter", unit="days",
        limits=(
            Limit("papers-wait", "value", "above", (183, 1)),
            Limit("ballots-closed", "packages", "below", (1, 1)),
        ),
    ),
    Sign(
        code="outside-business", take=drift.outside_business, span="year", unit="share",
        limits=(Limit("business-outside", "value", "above", (1, 2)),),
    ),
)  # fmt: skip
SIGNS: Final[Mapping[str, Sign]] = MappingProxyType({one.code: one for one in _ALL})
LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {limit.name: limit for one in _ALL for limit in one.limits}
)


def spans(sign: Sign, now: datetime) -> list[Span]:
    """Return the spans over which a sign is followed, the last one up to now."""
    return _years(now) if sign.span == "year" else _quarters(now)


def trend(sign: Sign, facts: Facts) -> list[Told]:
    """Return a sign over its spans, the oldest first."""
    return [Told(span, sign.take(facts, span)) for span in spans(sign, moment(facts.now))]


def alerts(sign: Sign, told: Sequence[Told], limits: Mapping[str, Pair]) -> list[Alert]:
    """Return the limits that a sign has passed at the end of its trend.

    Args:
        limits: by name, those that the network has decided otherwise.
    """
    found: list[Alert] = []
    for limit in sign.limits:
        figure, at = _figure(sign, limit, told), limits.get(limit.name, limit.value)
        if figure is None:
            continue
        passed = less(figure, at) if limit.sense == "below" else less(at, figure)
        if passed:
            found.append(Alert(limit.name, figure, at))
    return found


def newest(sign: Sign, told: Sequence[Told]) -> Told:
    """Return the span whose value is shown: the last, or of declared years the last with one."""
    if sign.span == "year":
        known = [one for one in told[-2:] if one.reading.value is not None]
        return known[-1] if known else told[-1]
    return told[-1]


def _figure(sign: Sign, limit: Limit, told: Sequence[Told]) -> Pair | None:
    last = newest(sign, told)
    if limit.of == "value":
        return last.reading.value
    if limit.of == "fall":
        return _fall(sign, told)
    if limit.of == "years-falling":
        return (_falling(told), 1)
    return last.reading.beside.get(limit.of)


def _fall(sign: Sign, told: Sequence[Told]) -> Pair | None:
    """Return by how much a value is lower than a year before; nothing where it is not."""
    back = 4 if sign.span == "quarter" else 1
    if len(told) <= back:
        return None
    now, before = told[-1].reading.value, told[-1 - back].reading.value
    if now is None or before is None or not less(now, before):
        return None
    return before[0] * now[1] - now[0] * before[1], before[1] * now[1]


def _falling(told: Sequence[Told]) -> int:
    """Return in how many years in a row, up to the last that is known, a value has fallen."""
    known = [one.reading.value for one in told if one.reading.value is not None]
    falls = 0
    for later, earlier in zip(reversed(known), reversed(known[:-1]), strict=False):
        if not less(later, earlier):
            break
        falls += 1
    return falls


def _quarters(now: datetime) -> list[Span]:
    """Return the years before the last quarters' ends, the last one up to now."""
    year, quarter = now.year, (now.month - 1) // 3
    ends = []
    for _ in range(QUARTERS - 1):
        ends.append((f"{year}-{_MONTHS[quarter]:02d}-01T00:00:00.000Z", year, quarter))
        year, quarter = (year, quarter - 1) if quarter else (year - 1, 3)
    found = []
    for end, of, at in reversed(ends):
        name = f"{of}-Q{at}" if at else f"{of - 1}-Q4"
        found.append(Span(name, f"{of - 1}{end[4:]}", end))
    # What happened at this very moment belongs to it.
    today = stamp(now + timedelta(milliseconds=1))
    began = now.replace(year=now.year - 1, day=min(now.day, 28))
    return [*found, Span(f"{now.year}-Q{(now.month - 1) // 3 + 1}", stamp(began), today)]


def _years(now: datetime) -> list[Span]:
    return [
        Span(str(year), f"{year}-01-01T00:00:00.000Z", f"{year + 1}-01-01T00:00:00.000Z")
        for year in range(now.year - YEARS + 1, now.year + 1)
    ]
