"""The thirteen signs, each by numbers that can be reckoned by hand, and when they are an alert."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.governance.health import drift, voting
from services.governance.health.facts import (
    Answered,
    Decided,
    Facts,
    Office,
    Pair,
    Reading,
    Sat,
    Somebody,
    Span,
    Year,
    median,
)
from services.governance.health.signs import LIMITS, SIGNS, Told, alerts, newest, spans, trend
from services.governance.health.wording import figure, phrases, warning
from services.governance.templates import TEMPLATES
from shared.clock import stamp

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LAST_YEAR = Span("2026-Q4", "2025-11-22T09:00:00.000Z", "2026-11-22T09:00:00.001Z")
OF_2025 = Span("2025", "2025-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z")
OF_2026 = Span("2026", "2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z")


def ago(**by: int) -> str:
    """Return a moment before now."""
    return stamp(NOW - timedelta(**by))


def decided(days_ago: int = 40, **fields: Any) -> Decided:
    """Return a decision that was counted so many days ago."""
    given: dict[str, Any] = {
        "kind": "yes-no", "author": "p-a", "adopted": True, "cast": 5, "roll": 10,
        "noticed_at": ago(days=days_ago + 30), "opens_at": ago(days=days_ago + 10),
        "closed_at": ago(days=days_ago),
    }  # fmt: skip
    return Decided(**given | fields)


def facts(*decisions: Decided, **fields: Any) -> Facts:
    """Return facts as of now."""
    return Facts(now=stamp(NOW), decisions=decisions, **fields)


def office(person: str, days: int = 100, in_a_row: int = 1) -> Office:
    """Return a mandate that began so many days ago and runs still."""
    return Office(person, "souss:coop", NOW - timedelta(days=days), None, in_a_row)


def people(women: int, men: int, **fields: Any) -> tuple[Somebody, ...]:
    """Return members who have declared themselves."""
    plain = {"worker": False, "worker_since": "", "member": True, "since": ago(days=900)} | fields
    return tuple(
        Somebody(person=f"{kind}{number}", gender=kind, **plain)
        for kind, many in (("woman", women), ("man", men))
        for number in range(many)
    )


def test_turnout_is_the_middle_of_a_year_and_told_by_kind() -> None:
    told = voting.turnout(
        facts(
            decided(cast=2), decided(cast=9), decided(cast=4, kind="consent"),
            decided(days_ago=400, cast=10),
        ),
        LAST_YEAR,
    )  # fmt: skip
    assert told.value == (4, 10)
    assert told.beside == {"kind-consent": (4, 10), "kind-yes-no": (2, 10)}
    assert voting.turnout(facts(), LAST_YEAR) == Reading(reason="no-votes")


def test_few_who_propose_everything_are_seen_once_there_is_enough_to_see() -> None:
    many = [decided(author=f"p-{number}") for number in (0, 0, 0, 0, 1, 2, 3, 4, 5, 6)]
    assert voting.concentration(facts(*many), LAST_YEAR).value == (8, 10)
    assert voting.concentration(facts(*many[1:]), LAST_YEAR).reason == "too-few-decisions"
    none = [replace(one, adopted=False) for one in many]
    assert voting.concentration(facts(*none), LAST_YEAR).value is None
    held = voting.concentration(facts(*many, holders=(2, 4), voters=40), LAST_YEAR)
    assert held.beside == {"top-holder": (4, 40)}


def test_seats_are_contested_when_more_stand_than_there_are_seats() -> None:
    told = voting.contested(
        facts(
            decided(candidates=5, seats=5), decided(candidates=4, seats=3), decided(candidates=9)
        ),
        OF_2026,
    )
    assert (told.value, told.beside) == ((9, 8), {"uncontested": (1, 2)})


def test_an_objection_has_fourteen_days_for_its_answer() -> None:
    raised = ago(days=60)
    told = voting.objections(
        facts(
            objections=(
                Answered(raised, ago(days=50)), Answered(raised, ago(days=40)),
                Answered(raised, ""), Answered(ago(days=3), ""), Answered(ago(days=3), ago(days=2)),
            )
        ),
        LAST_YEAR,
    )  # fmt: skip
    assert told.value == (2, 4)
    assert told.beside == {"median-days": (10, 1)}


def test_deliberation_is_days_of_notice_and_what_came_of_them() -> None:
    told = voting.deliberation(
        facts(
            decided(amended=True), decided(noticed_at=ago(days=45)), decided(in_assembly=True),
            questions=(Answered(ago(days=45), ago(days=44)), Answered(ago(days=45), "")),
        ),
        LAST_YEAR,
    )  # fmt: skip
    assert told.value == (0, 1)
    assert told.beside == {"amended": (1, 2), "questions-answered": (1, 2)}
    assert voting.deliberation(facts(decided()), LAST_YEAR).value == (20, 1)


def test_what_was_adopted_is_followed_when_somebody_reports_in_time() -> None:
    owed: dict[str, Any] = {"owner": "p-b", "deadline": ago(days=10)}
    told = voting.follow_through(
        facts(
            decided(**owed, done=True, reported_at=ago(days=11)),
            decided(**owed, done=True, reported_at=ago(days=9)),
            decided(**owed),
            decided(days_ago=31),
            # Neither of these is due yet.
            decided(days_ago=20),
            decided(owner="p-b", deadline=stamp(NOW + timedelta(days=5))),
        ),
        LAST_YEAR,
    )
    assert (told.value, told.beside) == ((1, 4), {"without-owner": (1, 4)})


def test_the_longest_wait_for_papers_counts_while_it_lasts() -> None:
    signed = voting.transparency(facts(assemblies=(Sat(ago(days=90), ago(days=60)),)), LAST_YEAR)
    assert signed.value == (30, 1)
    waiting = facts(decided(packed=False), decided(), assemblies=(Sat(ago(days=90), ""),))
    told = voting.transparency(waiting, LAST_YEAR)
    assert (told.value, told.beside) == ((90, 1), {"packages": (1, 2)})
    books = facts(years={2025: Year(accounts_on="2026-04-30"), 2024: Year()})
    # The accounts of 2024 are awaited since the first day of 2025.
    assert voting.transparency(books, LAST_YEAR).value == (691, 1)
    in_time = facts(years={2025: Year(accounts_on="2026-04-30")})
    assert voting.transparency(in_time, LAST_YEAR).value == (119, 1)


def test_terms_are_counted_for_those_in_office() -> None:
    ended = Office("c", "x", NOW - timedelta(days=900), NOW - timedelta(days=500), 9)
    told = drift.terms(facts(offices=(office("a"), office("b", 300, 3), ended)), LAST_YEAR)
    assert told.value == (3, 1)
    assert told.beside == {"more-than-two": (1, 2), "days-in-office": (200, 1)}
    assert drift.terms(facts(), LAST_YEAR).reason == "nobody-in-office"


def test_gender_is_told_of_five_and_more_and_in_steps() -> None:
    offices = tuple(office(f"woman{number}") for number in range(1)) + tuple(
        office(f"man{number}") for number in range(5)
    )
    told = drift.gender(facts(offices=offices, people=people(6, 6)), OF_2026)
    assert told.value == (3, 20)
    assert told.beside == {
        "women-in-office": (3, 20), "women-on-roll": (10, 20), "gap": (7, 20),
    }  # fmt: skip
    for fewer in (offices[:4], ()):
        few = drift.gender(facts(offices=fewer, people=people(6, 6)), OF_2026)
        assert few == Reading(reason="too-few-people")
    silent = drift.gender(facts(offices=offices, people=people(2, 2)), OF_2026)
    assert silent.value is None


@given(st.integers(0, 300), st.integers(5, 300))
def test_a_share_of_genders_in_steps_is_never_far_from_the_truth(part: int, whole: int) -> None:
    part = min(part, whole)
    told = drift._twentieths(part, whole)
    assert 0 <= told <= 20
    assert abs(told * whole - 20 * part) * 2 <= whole


def test_worker_members_are_declared_or_else_registered() -> None:
    declared = facts(years={2025: Year(workers=(31, 42))})
    assert drift.workers(declared, OF_2025).value == (31, 42)
    assert drift.workers(declared, OF_2026).reason == "not-declared"
    some = people(3, 3, worker=True, worker_since="2024-01-01") + tuple(
        one._replace(person=f"x{one.person}", member=False) for one in people(2, 0, worker=True)
    )
    assert drift.workers(facts(people=some), OF_2026).value == (6, 8)
    assert drift.workers(facts(people=some), OF_2026).beside["days-to-join"] == (156, 1)
    assert drift.workers(facts(people=some[:4]), OF_2026).reason == "too-few-people"


def test_what_is_declared_of_a_year_is_shown_of_that_year_alone() -> None:
    year = Year(
        pay=(9, 2),
        business=(3, 10),
        surplus={"reserves": 50, "members": 40, "capital-interest": 10},
        decided={"reserves": 45, "members": 45, "social": 10},
    )
    known = facts(years={2025: year})
    assert drift.pay_ratio(known, OF_2025).value == (9, 2)
    assert drift.outside_business(known, OF_2025).value == (3, 10)
    told = drift.surplus_use(known, OF_2025)
    assert told.value == (10, 100)
    assert told.beside == {
        "use-members": (40, 100), "use-reserves": (50, 100), "as-decided": (85, 100),
    }  # fmt: skip
    for sign in (drift.pay_ratio, drift.outside_business, drift.surplus_use):
        assert sign(known, OF_2026) == Reading(reason="not-declared")
    empty = facts(years={2025: Year(surplus={"reserves": 0})})
    assert drift.surplus_use(empty, OF_2025).reason == "no-surplus"


def test_there_are_thirteen_signs_and_each_has_its_limits() -> None:
    assert len(SIGNS) == 13
    assert all(sign.limits for sign in SIGNS.values())
    assert len(LIMITS) == sum(len(sign.limits) for sign in SIGNS.values())


def test_a_trend_goes_back_eight_quarters_or_five_years() -> None:
    quarters = [span.name for span in spans(SIGNS["turnout"], NOW)]
    assert quarters == [
        "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4",
    ]  # fmt: skip
    assert spans(SIGNS["turnout"], NOW)[0] == Span(
        "2025-Q1", "2024-04-01T00:00:00.000Z", "2025-04-01T00:00:00.000Z"
    )
    years = [span.name for span in spans(SIGNS["pay-ratio"], NOW)]
    assert years == ["2022", "2023", "2024", "2025", "2026"]


@given(st.integers(0, 20 * 366 * 24))
def test_spans_follow_one_another_on_every_day(hours: int) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    for sign in SIGNS.values():
        found = spans(sign, now)
        assert len({span.name for span in found}) == len(found)
        assert all(span.begins < span.until for span in found)
        assert all(one.until <= two.until for one, two in pairwise(found))


def alerted(code: str, known: Facts, **limits: Pair) -> list[str]:
    """Return the names of the alerts of a sign."""
    sign = SIGNS[code]
    return [one.name for one in alerts(sign, trend(sign, known), limits)]


@pytest.mark.parametrize(
    ("code", "known", "expected"),
    [
        ("turnout", facts(decided(cast=2)), []),
        ("turnout", facts(decided(cast=19, roll=100)), ["turnout-low"]),
        ("turnout", facts(decided(cast=5), decided(days_ago=500, cast=6)), []),
        ("turnout", facts(decided(cast=5), decided(days_ago=500, cast=7)), ["turnout-falls"]),
        ("contested-seats", facts(decided(candidates=6, seats=5)), []),
        ("contested-seats", facts(decided(candidates=5, seats=5)), ["few-candidates"]),
        ("terms", facts(offices=(office("a", in_a_row=2),)), []),
        ("terms", facts(offices=(office("a", in_a_row=3),)), ["long-terms"]),
        ("pay-ratio", facts(years={2025: Year(pay=(9, 2))}), []),
        ("pay-ratio", facts(years={2025: Year(pay=(10, 2))}), ["pay-apart"]),
        ("outside-business", facts(years={2025: Year(business=(51, 100))}), ["business-outside"]),
        (
            "surplus-use",
            facts(years={2025: Year(surplus={"capital-interest": 20, "members": 80})}),
            ["capital-share", "reserve-low"],
        ),
        (
            "worker-members",
            facts(years={year: Year(workers=(2_100 - year, 100)) for year in (2023, 2024, 2025)}),
            ["worker-members-fall"],
        ),
        ("deliberation", facts(decided(noticed_at=ago(days=64))), []),
        ("deliberation", facts(decided(noticed_at=ago(days=63))), ["short-notice"]),
    ],
)  # fmt: skip
def test_a_limit_is_passed_and_not_reached(code: str, known: Facts, expected: list[str]) -> None:
    assert alerted(code, known) == expected


def test_a_network_decides_on_another_limit() -> None:
    known = facts(years={2025: Year(pay=(5, 1))})
    assert alerted("pay-ratio", known) == ["pay-apart"]
    assert alerted("pay-ratio", known, **{"pay-apart": (6, 1)}) == []


def test_of_declared_years_the_last_that_is_known_is_shown() -> None:
    sign = SIGNS["pay-ratio"]
    known = trend(sign, facts(years={2025: Year(pay=(3, 1))}))
    assert newest(sign, known).span.name == "2025"
    old = trend(sign, facts(years={2023: Year(pay=(3, 1))}))
    assert newest(sign, old) == Told(OF_2026, Reading(reason="not-declared"))


def test_the_lower_of_two_middles_is_the_median_without_a_float() -> None:
    assert median([(1, 3), (1, 2)]) == (1, 3)
    assert median([(10**30, 10**30 + 1), (1, 1), (10**30 - 1, 10**30)]) == (10**30, 10**30 + 1)


def test_every_sign_has_its_words_in_five_languages() -> None:
    wanted = {*SIGNS, *(f"{code}-what" for code in SIGNS), *LIMITS}
    known = [phrases(language) for language in ("ar", "en", "es", "fr", "pt")]
    assert all(set(one) == set(known[0]) and wanted <= set(one) for one in known)
    assert all(text.strip() and "\u2192" not in text for one in known for text in one.values())


@pytest.mark.parametrize("language", ["ar", "en", "es", "fr", "pt", "zgh"])
def test_every_alert_is_a_sentence_with_its_figure(language: str) -> None:
    for limit in LIMITS.values():
        sign = next(one for one in SIGNS.values() if limit in one.limits)
        far: Pair = (0, 1) if limit.sense == "below" else (1000, 1)
        value = far if limit.of == "value" else None
        beside = {} if limit.of == "value" else {limit.of: far}
        told = [Told(span, Reading(value=value, beside=beside)) for span in spans(sign, NOW)]
        for alert in alerts(sign, told, {}):
            assert "{" not in warning(alert, language)


def test_numbers_are_shown_as_people_write_them() -> None:
    assert figure((3, 8), "share", "en") == "38 %"
    assert [figure((9, 2), "ratio", language) for language in ("en", "fr", "ar")] == [
        "4.5", "4,5", "4,5",
    ]  # fmt: skip
    assert figure((14, 1), "days", "es") == "14"


def test_surpluses_are_shown_in_the_words_of_their_template() -> None:
    uses = [part.code for part in TEMPLATES["surplus"].rule.surplus]
    assert all(f"beside-use-{code}" in phrases("ar") for code in uses)
