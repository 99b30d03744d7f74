"""The use of a surplus, and the pay ratio: medians that everybody can check."""

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from services.governance.counting.apportioning import largest_remainder
from services.governance.counting.pay_ratio import PRESETS, lower_median
from services.governance.counting.surplus import median, repaired
from services.governance.counting.words import LANGUAGES, sentences, told
from services.governance.rules import Option, Rule
from services.governance.tally import Poll, counted
from services.governance.templates import TEMPLATES
from tests.governance.budgets.samples import BALLOT, SEED

USES = ("reserves", "work", "social")


def surplus(splits: Sequence[tuple[Sequence[int], int]], minima: Sequence[int] = (0, 0, 0)):  # type: ignore[no-untyped-def]  # it is a Report
    rule = Rule.model_validate(
        {
            "method": "surplus",
            "surplus": [
                {"code": code, "percent_min": least}
                for code, least in zip(USES, minima, strict=True)
            ],
        }
    )
    asked = Poll(
        ballot_id=BALLOT,
        rule=rule,
        options=tuple(Option(code=code) for code in USES),
        roll_size=100,
        seed=SEED,
    )
    said = [
        ({"percent": dict(zip(USES, split, strict=True))} if split else {"blank": True}, number)
        for split, number in splits
    ]
    return counted(asked, said)


def test_medians_that_sum_to_a_hundred_are_taken_as_they_are() -> None:
    report = surplus([((45, 45, 10), 3), ((50, 40, 10), 2), ((30, 50, 20), 2)])
    assert dict(report.allocation) == {"reserves": 45, "work": 45, "social": 10}
    assert report.winners == ("reserves", "work", "social")


def test_what_is_wanting_is_added_in_proportion() -> None:
    # Medians 20, 40, 20: each becomes five fourths of itself.
    report = surplus([((20, 60, 20), 1), ((60, 40, 0), 1), ((20, 20, 60), 1)])
    assert dict(report.allocation) == {"reserves": 25, "work": 50, "social": 25}


def test_what_is_too_much_is_taken_from_above_the_minima() -> None:
    # Medians 40, 40, 10; the law wants 30 for the last: 110, and ten less of the 40 and 40.
    report = surplus([((40, 50, 10), 1), ((50, 40, 10), 1), ((40, 40, 20), 1)], (0, 0, 30))
    assert dict(report.allocation) == {"reserves": 35, "work": 35, "social": 30}


def test_the_last_percent_goes_to_the_largest_remainder_and_equals_draw_a_lot() -> None:
    report = surplus([((100, 0, 0), 1), ((0, 100, 0), 1), ((0, 0, 100), 1)])
    # All medians are zero: the means take their place, a third each.
    assert sorted(report.allocation.values()) == [33, 33, 34]
    assert report.ties[0]["why"] == "remainder"
    assert sorted(report.ties[0]["candidates"]) == sorted(USES)
    assert report.allocation[report.ties[0]["result"][0]] == 34


def test_blank_ballots_alone_decide_nothing() -> None:
    report = surplus([((), 4)])
    assert (report.outcome.value, dict(report.allocation), report.blank) == ("rejected", {}, 4)


SPLITS = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(
    lambda cut: (min(cut), max(cut) - min(cut), 100 - max(cut))
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(SPLITS, st.integers(1, 3)), min_size=1, max_size=7), SPLITS, st.booleans()
)
def test_a_surplus_is_shared_out_whole_and_no_minimum_is_broken(
    splits: list[tuple[Sequence[int], int]], minima: Sequence[int], half: bool
) -> None:
    least = [one // 2 for one in minima] if half else list(minima)
    report = surplus(splits, least)
    assert sum(report.allocation.values()) == 100
    assert all(report.allocation[code] >= one for code, one in zip(USES, least, strict=True))
    assert report.hash == surplus(splits[::-1], least).hash
    for language in LANGUAGES:
        assert not [line for line in told(report, language, {}) if "round." in line]


def test_the_usual_uses_of_a_surplus_have_words_where_nobody_names_them() -> None:
    report = surplus([((45, 40, 15), 3)])
    assert "Chosen: reserves, work, social fund." in told(report, "en", {})
    assert "Elección: reservas, la caja, fondo social." in told(report, "es", {"work": "la caja"})
    for language in LANGUAGES:
        assert {f"part.{part.code}" for part in TEMPLATES["surplus"].rule.surplus} <= sentences(
            language
        ).keys()


@given(st.lists(st.tuples(SPLITS, st.integers(1, 3)), min_size=1, max_size=5))
def test_when_all_say_the_same_that_is_the_outcome(
    splits: list[tuple[Sequence[int], int]],
) -> None:
    split = splits[0][0]
    report = surplus([(split, number) for _, number in splits])
    assert tuple(report.allocation[code] for code in USES) == split


def test_a_median_between_two_is_their_middle() -> None:
    assert median([(10, 1), (21, 1)]) == Fraction(31, 2)
    assert median([(10, 1), (21, 2)]) == 21


def test_repaired_shares_keep_minima_at_exact_equality() -> None:
    shares = repaired(
        {"a": Fraction(50), "b": Fraction(70)}, {"a": Fraction(50), "b": Fraction(50)}
    )
    assert shares == {"a": 50, "b": 50}


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.integers(0, 30))
def test_largest_remainder_stays_within_one_of_each_share(parts: list[int], whole: int) -> None:
    total = sum(parts) or 1
    weights = parts if sum(parts) else [1, *parts[1:]]
    shares = {f"c{at}": Fraction(whole * part, total) for at, part in enumerate(weights)}
    found, equals = largest_remainder(shares, whole, str)
    assert sum(found.values()) == whole
    assert all(abs(found[code] - share) < 1 for code, share in shares.items())
    assert len(equals) != 1


def pay(ratios: Sequence[tuple[int, int, int]]):  # type: ignore[no-untyped-def]  # it is a Report
    asked = Poll(
        ballot_id=BALLOT,
        rule=Rule.model_validate({"method": "pay-ratio"}),
        options=(),
        roll_size=100,
        seed=SEED,
    )
    return counted(asked, [({"ratio": {"n": n, "d": d}}, number) for n, d, number in ratios])


def test_the_pay_ratio_is_the_median_and_of_two_middle_ones_the_lower() -> None:
    assert dict(pay([(3, 1, 1), (9, 2, 1), (9, 1, 1)]).allocation) == {"n": 9, "d": 2}
    assert dict(pay([(3, 1, 1), (9, 2, 1)]).allocation) == {"n": 3, "d": 1}
    assert dict(pay([(3, 1, 2), (6, 1, 3)]).allocation) == {"n": 6, "d": 1}
    assert pay([]).outcome.value == "rejected"


def test_ratios_are_compared_exactly() -> None:
    near = [(10_000_001, 3_333_333, 1), (3, 1, 1), (3_000_001, 1_000_000, 1)]
    # The first lies between the others by less than a millionth.
    assert dict(pay(near).allocation) == {"n": 10_000_001, "d": 3_333_333}


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 9), st.integers(1, 3)), min_size=1))
def test_half_of_the_voters_stand_on_each_side_of_the_pay_ratio(
    ratios: list[tuple[int, int, int]],
) -> None:
    values = [(Fraction(n + d, d), number) for n, d, number in ratios]
    middle = lower_median(values)
    ballots = sum(number for _, number in values)
    assert 2 * sum(number for one, number in values if one <= middle) >= ballots
    assert 2 * sum(number for one, number in values if one >= middle) >= ballots
    assert min(values)[0] <= middle <= max(values)[0]
    assert all(Fraction(n, d) >= 3 for n, d in PRESETS)
