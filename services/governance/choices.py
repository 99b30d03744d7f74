"""What a ballot may say under a rule: each choice checked, and brought into its one form.

A choice is an object of JSON with one shape for each method. Of all ways to say the same there is
one canonical form, which is stored, hashed into the receipt and counted. A blank ballot says so:
it takes part and chooses nothing. A ballot that names nothing is blank, too, except where leaving
out every option says no to each of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import gcd
from typing import Any, ClassVar, Final

from services.governance.rules import BudgetBallot, Method, Option, Rule
from shared.refusals import Kind, Refusal

RATIO_MAX: Final = 1_000
"""The largest integer of a ratio between the highest and the lowest pay."""

Choice = dict[str, Any]


class MalformedChoice(Refusal):
    """A choice that has not the shape of its method."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "malformed-choice"
    title: ClassVar[str] = "This ballot does not have the form of its rule"


class UnknownOption(Refusal):
    """A choice that names something that does not stand for election."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-option"
    title: ClassVar[str] = "This ballot names something that cannot be chosen here"


class TooManyOptions(Refusal):
    """A choice that names more options than the rule lets it."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "too-many-options"
    title: ClassVar[str] = "This ballot names more than its rule allows"


class BadRank(Refusal):
    """A ranking that puts an option twice, or equals where the count knows none."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-rank"
    title: ClassVar[str] = "This ranking cannot be counted as it stands"


class OffScale(Refusal):
    """A grade that the scale does not have."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "off-scale"
    title: ClassVar[str] = "A grade lies outside the scale"


class PointsOverspent(Refusal):
    """More points given out than a voter has."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "points-overspent"
    title: ClassVar[str] = "This ballot gives out more points than a voter has"


class NotHundred(Refusal):
    """A split whose parts are not a hundred percent."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "percent-not-100"
    title: ClassVar[str] = "The parts of a split add up to 100 percent"


CHOICE_REFUSALS: Final = (
    MalformedChoice,
    UnknownOption,
    TooManyOptions,
    BadRank,
    OffScale,
    PointsOverspent,
    NotHundred,
)
BLANK: Final[Mapping[str, bool]] = {"blank": True}
_ANSWERS: Final = {
    Method.YES_NO: ("yes", "no"),
    Method.CONSENT: ("consent", "stand-aside", "object"),
}


def checked_choice(rule: Rule, options: Sequence[Option], choice: Mapping[str, Any]) -> Choice:
    """Return the canonical form of a choice.

    Args:
        rule: under which it is cast.
        options: what can be chosen; a yes or no, a surplus and a ratio have none.
        choice: as it was handed in; any value of JSON may stand in it.

    Raises:
        MalformedChoice, UnknownOption, TooManyOptions, BadRank, OffScale, PointsOverspent,
        NotHundred: what the rule does not let a ballot say.
    """
    if "blank" in choice:
        if len(choice) > 1 or choice["blank"] is not True:
            raise MalformedChoice("a blank ballot says nothing else")
        return dict(BLANK)
    field = _FIELDS[rule.method] if rule.method is not Method.BUDGET else _budget_field(rule)
    if set(choice) != {field}:
        raise MalformedChoice(f"this rule asks for {field!r}, or a blank ballot")
    known = frozenset(option.code for option in options)
    return _CHECKS[field](rule, known, choice[field])


def is_blank(choice: Mapping[str, Any]) -> bool:
    """Return whether a canonical choice is that of a blank ballot."""
    return "blank" in choice


def _budget_field(rule: Rule) -> str:
    assert rule.budget is not None, "the rule of a budget has its numbers"
    return "points" if rule.budget.ballot is BudgetBallot.POINTS else "options"


def _answer(rule: Rule, known: frozenset[str], said: Any) -> Choice:
    answers = _ANSWERS[rule.method]
    if not isinstance(said, str) or said not in answers:
        raise MalformedChoice(f"the answers are {', '.join(answers)}")
    return {"answer": said}


def _options(rule: Rule, known: frozenset[str], said: Any) -> Choice:
    codes = _codes(said, known)
    if len(set(codes)) < len(codes):
        raise MalformedChoice("an option stands twice")
    _require_few(rule, len(codes))
    if not codes and rule.method is Method.BUDGET:
        return dict(BLANK)
    return {"options": sorted(codes)}


def _ranks(rule: Rule, known: frozenset[str], said: Any) -> Choice:
    if not isinstance(said, list):
        raise MalformedChoice("ranks are a list of lists, the best first")
    ranks = [_codes(rank, known) for rank in said]
    if not all(ranks):
        raise BadRank("a rank that nobody holds is left out")
    named = [code for rank in ranks for code in rank]
    if len(set(named)) < len(named):
        raise BadRank("an option stands at two ranks, or twice at one")
    if rule.method in (Method.IRV, Method.STV) and len(ranks) < len(named):
        # Transfers go to one at a time: a rank that several hold would be lost for the voter.
        raise BadRank("this rule counts one option at each rank")
    _require_few(rule, len(named))
    return {"ranks": [sorted(rank) for rank in ranks]} if ranks else dict(BLANK)


def _scores(rule: Rule, known: frozenset[str], said: Any) -> Choice:
    scores = _numbers(said, known)
    if any(score > rule.scale_max for score in scores.values()):
        raise OffScale(f"grades go from 0 to {rule.scale_max}")
    _require_few(rule, len(scores))
    return {"scores": scores} if scores else dict(BLANK)


def _points(rule: Rule, known: frozenset[str], said: Any) -> Choice:
    assert rule.budget is not None, "the rule of a budget has its numbers"
    points = {code: given for code, given in _numbers(said, known).items() if given}
    if sum(points.values()) > rule.budget.points:
        raise PointsOverspent(f"a voter has {rule.budget.points} points")
    _require_few(rule, len(points))
    return {"points": points} if points else dict(BLANK)


def _percent(rule: Rule, known: frozenset[str], said: Any) -> Choice:
    parts = frozenset(part.code for part in rule.surplus)
    given = _numbers(said, parts)
    total = sum(given.values())
    if total != 100:
        raise NotHundred(f"these are {total} percent" if total < 10_000 else "")
    return {"percent": {code: given.get(code, 0) for code in sorted(parts)}}


def _ratio(rule: Rule, known: frozenset[str], said: Any) -> Choice:
    if not isinstance(said, Mapping) or set(said) != {"n", "d"}:
        raise MalformedChoice("a ratio has n and d")
    n, d = said["n"], said["d"]
    if not _whole(n) or not _whole(d) or d == 0:
        raise MalformedChoice("a ratio is one of whole numbers above zero")
    if max(n, d) > RATIO_MAX:
        raise OffScale(f"the numbers of a ratio are at most {RATIO_MAX}")
    if n < d:
        raise OffScale("the highest pay is no less than the lowest")
    shared = gcd(n, d)
    return {"ratio": {"d": d // shared, "n": n // shared}}


def _codes(said: Any, known: frozenset[str]) -> list[str]:
    if not isinstance(said, list) or not all(isinstance(code, str) for code in said):
        raise MalformedChoice("options are named in a list, by their codes")
    _require_known(said, known)
    return said


def _numbers(said: Any, known: frozenset[str]) -> dict[str, int]:
    """Return whole numbers by code, in the order of the codes."""
    if not isinstance(said, Mapping) or not all(isinstance(code, str) for code in said):
        raise MalformedChoice("numbers are given by the codes of what they are for")
    if not all(map(_whole, said.values())):
        raise MalformedChoice("a number is whole, and zero or more")
    _require_known(said, known)
    return {code: said[code] for code in sorted(said)}


def _whole(value: Any) -> bool:
    # True and false would pass for integers.
    return type(value) is int and value >= 0


def _require_known(codes: Iterable[str], known: frozenset[str]) -> None:
    strange = next((code for code in codes if code not in known), None)
    if strange is not None:
        raise UnknownOption(repr(strange[:64]))


def _require_few(rule: Rule, named: int) -> None:
    if rule.choices_max is not None and named > rule.choices_max:
        raise TooManyOptions(f"at most {rule.choices_max}, and these are {named}")


_FIELDS: Final[Mapping[Method, str]] = {
    Method.YES_NO: "answer",
    Method.CONSENT: "answer",
    Method.APPROVAL: "options",
    Method.SCORE: "scores",
    Method.STAR: "scores",
    Method.SCHULZE: "ranks",
    Method.RANKED_PAIRS: "ranks",
    Method.IRV: "ranks",
    Method.STV: "ranks",
    Method.SURPLUS: "percent",
    Method.PAY_RATIO: "ratio",
}
_CHECKS: Final[Mapping[str, Callable[[Rule, frozenset[str], Any], Choice]]] = {
    "answer": _answer,
    "options": _options,
    "ranks": _ranks,
    "scores": _scores,
    "points": _points,
    "percent": _percent,
    "ratio": _ratio,
}
