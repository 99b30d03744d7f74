"""What a ballot may say: every method's refusals by name, and one form for one meaning."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.governance.choices import (
    CHOICE_REFUSALS,
    BadRank,
    MalformedChoice,
    NotHundred,
    OffScale,
    PointsOverspent,
    TooManyOptions,
    UnknownOption,
    checked_choice,
)
from services.governance.rules import Method, Rule
from shared.canonical import canonical
from tests.governance.ballots.polls import options, rule

ABC = options("a", "b", "c")
SPLIT = [{"code": "reserves", "percent_min": 10}, {"code": "work"}]
POINTS = rule("budget", budget={"total": 9, "unit": "MAD", "ballot": "points", "points": 10})
PICK = rule("budget", budget={"total": 9, "unit": "MAD"}, choices_max=2)
RULES: dict[Method, Rule] = {
    method: rule(method)
    for method in Method
    if method not in (Method.BUDGET, Method.SURPLUS, Method.STV)
} | {
    Method.BUDGET: PICK,
    Method.SURPLUS: rule("surplus", surplus=SPLIT),
    Method.STV: rule("stv", seats=2),
}

REFUSED: list[tuple[Rule, Any, type[Exception]]] = [
    (rule(), {"answer": "maybe"}, MalformedChoice),
    (rule(), {"answer": 1}, MalformedChoice),
    (rule(), {"options": ["a"]}, MalformedChoice),
    (rule(), {}, MalformedChoice),
    (rule(), {"blank": False}, MalformedChoice),
    (rule(), {"blank": 1}, MalformedChoice),
    (rule(), {"blank": True, "answer": "yes"}, MalformedChoice),
    (rule("consent"), {"answer": "yes"}, MalformedChoice),
    (rule("approval"), {"options": ["z"]}, UnknownOption),
    (rule("approval"), {"options": ["a", "a"]}, MalformedChoice),
    (rule("approval"), {"options": "abc"}, MalformedChoice),
    (rule("approval"), {"options": [["a"]]}, MalformedChoice),
    (rule("approval", choices_max=2), {"options": ["a", "b", "c"]}, TooManyOptions),
    (rule("schulze"), {"ranks": [["a"], ["a"]]}, BadRank),
    (rule("schulze"), {"ranks": [["a", "a"]]}, BadRank),
    (rule("schulze"), {"ranks": [["a"], []]}, BadRank),
    (rule("schulze"), {"ranks": ["a", "b"]}, MalformedChoice),
    (rule("schulze"), {"ranks": {"a": 1}}, MalformedChoice),
    (rule("schulze"), {"ranks": [["z"]]}, UnknownOption),
    (rule("schulze", choices_max=1), {"ranks": [["a"], ["b"]]}, TooManyOptions),
    (rule("irv"), {"ranks": [["a", "b"]]}, BadRank),
    (rule("stv", seats=2), {"ranks": [["a"], ["b", "c"]]}, BadRank),
    (rule("score"), {"scores": {"a": 6}}, OffScale),
    (rule("score"), {"scores": {"a": -1}}, MalformedChoice),
    (rule("score"), {"scores": {"a": True}}, MalformedChoice),
    (rule("score"), {"scores": {"a": 1.0}}, MalformedChoice),
    (rule("score"), {"scores": [1]}, MalformedChoice),
    (rule("score"), {"scores": {"z": 1}}, UnknownOption),
    (rule("star", choices_max=1), {"scores": {"a": 1, "b": 0}}, TooManyOptions),
    (POINTS, {"points": {"a": 6, "b": 5}}, PointsOverspent),
    (POINTS, {"points": {"a": 10**30}}, PointsOverspent),
    (POINTS, {"options": ["a"]}, MalformedChoice),
    (PICK, {"points": {"a": 1}}, MalformedChoice),
    (PICK, {"options": ["a", "b", "c"]}, TooManyOptions),
    (RULES[Method.SURPLUS], {"percent": {"work": 99}}, NotHundred),
    (RULES[Method.SURPLUS], {"percent": {"work": 10**40}}, NotHundred),
    (RULES[Method.SURPLUS], {"percent": {"a": 100}}, UnknownOption),
    (rule("pay-ratio"), {"ratio": {"n": 1, "d": 2}}, OffScale),
    (rule("pay-ratio"), {"ratio": {"n": 1001, "d": 1}}, OffScale),
    (rule("pay-ratio"), {"ratio": {"n": 3, "d": 0}}, MalformedChoice),
    (rule("pay-ratio"), {"ratio": {"n": 3}}, MalformedChoice),
    (rule("pay-ratio"), {"ratio": 3}, MalformedChoice),
]


@pytest.mark.parametrize(("under", "said", "refusal"), REFUSED)
def test_what_a_rule_does_not_let_a_ballot_say_is_refused_by_name(
    under: Rule, said: Any, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        checked_choice(under, ABC, said)


CANONICAL: list[tuple[Rule, Any, Any]] = [
    (rule(), {"blank": True}, {"blank": True}),
    (rule("approval"), {"options": ["c", "a"]}, {"options": ["a", "c"]}),
    (rule("approval"), {"options": []}, {"options": []}),
    (PICK, {"options": []}, {"blank": True}),
    (rule("schulze"), {"ranks": [["c", "a"], ["b"]]}, {"ranks": [["a", "c"], ["b"]]}),
    (rule("schulze"), {"ranks": []}, {"blank": True}),
    (rule("score"), {"scores": {"b": 0}}, {"scores": {"b": 0}}),
    (rule("score"), {"scores": {}}, {"blank": True}),
    (POINTS, {"points": {"a": 10, "b": 0}}, {"points": {"a": 10}}),
    (POINTS, {"points": {"b": 0}}, {"blank": True}),
    (RULES[Method.SURPLUS], {"percent": {"work": 100}}, {"percent": {"reserves": 0, "work": 100}}),
    (rule("pay-ratio"), {"ratio": {"n": 9, "d": 6}}, {"ratio": {"n": 3, "d": 2}}),
]


@pytest.mark.parametrize(("under", "said", "form"), CANONICAL)
def test_one_meaning_has_one_form(under: Rule, said: Any, form: Any) -> None:
    assert checked_choice(under, ABC, said) == form
    assert checked_choice(under, ABC, form) == form


codes = st.sampled_from(["a", "b", "c", "z", "reserves", "work", ""])
numbers = st.integers(-2, 120) | st.booleans() | st.floats(allow_nan=False)
values = st.recursive(
    st.none() | numbers | codes | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(codes | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
fields = st.sampled_from(
    ["answer", "options", "ranks", "scores", "points", "percent", "ratio", "blank", "else"]
)
shaped = st.one_of(
    st.fixed_dictionaries({"options": st.lists(codes, max_size=4)}),
    st.fixed_dictionaries({"ranks": st.lists(st.lists(codes, max_size=3), max_size=4)}),
    st.fixed_dictionaries({"scores": st.dictionaries(codes, numbers, max_size=4)}),
    st.fixed_dictionaries({"percent": st.dictionaries(codes, st.integers(0, 100), max_size=3)}),
    st.dictionaries(fields, values, max_size=2),
)


@given(st.sampled_from(sorted(RULES)), shaped)
def test_anything_is_refused_by_name_or_has_a_form_that_stays(method: str, said: Any) -> None:
    try:
        form = checked_choice(RULES[Method(method)], ABC, said)
    except CHOICE_REFUSALS:
        return
    assert checked_choice(RULES[Method(method)], ABC, form) == form
    assert canonical(form)
