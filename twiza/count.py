"""Counting a file of ballots: what ``twiza count`` does, without its options."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from shared.refusals import Kind, Refusal

if TYPE_CHECKING:
    from services.governance.counting.report import Report
    from services.governance.formats.contest import Contest
    from services.governance.rules import BudgetRule, Rule

SYNONYMS: Final[Mapping[str, str]] = {
    "beatpath": "schulze",
    "tideman": "ranked-pairs",
    "instant-runoff": "irv",
    "alternative-vote": "irv",
    "single-transferable-vote": "stv",
    "stv-wigm": "stv",
    "greedy": "greedy-skip",
    "greedy-no-skip": "greedy-stop",
    "greedy-noskip": "greedy-stop",
    "equal-shares": "equal-shares-cost",
    "mes": "equal-shares-cost",
    "mes-cost": "equal-shares-cost",
    "mes-card": "equal-shares-cardinality",
    "mes-cardinality": "equal-shares-cardinality",
    "seq-phragmen": "phragmen",
    "sequential-phragmen": "phragmen",
}
"""Other names of rules."""
_COMPLETIONS: Final = {"-add1u": (True, True), "-add1": (True, False), "-u": (False, True)}
"""By the end of a name: whether budgets grow, and whether what is left goes by votes."""
_THRESHOLD: Final = "-threshold"
"""At the end of a name: projects below the file's least score are left out."""
_SAYS: Final = {
    "ranks": "schulze, ranked-pairs, irv and stv",
    "scores": "score and star",
    "options": "approval",
}
_PLAIN: Final = frozenset(
    {"kind", "base", "at_least", "by", "why", "rule", "outcome", "share", "lots"}
)
"""Members of a round that are words of ours, and never an option."""


class UnknownRule(Refusal):
    """No rule has that name, or none that counts such ballots."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-counting-rule"
    title: ClassVar[str] = "These ballots cannot be counted by that rule"


def counted(
    contest: "Contest", *, rule: str = "", seats: int | None = None
) -> tuple["Report", list[str]]:
    """Return the report of a contest, and what is to be said about how it came about.

    Args:
        rule: the name of a rule; the file's own where it is left out.
        seats: how many seats are filled; what the file says where it is left out.

    Raises:
        UnknownRule: there is no rule of that name, or it does not fit to what the ballots say.
    """
    from services.governance.rules import Method
    from services.governance.tally import Poll, counted

    notices = list(contest.notices)
    if not rule and seats is None and contest.own is not None:
        return contest.own(), notices
    if not rule and contest.rule is None:
        notices.append("The file names no rule: it is counted by Schulze's method.")
    taken = _rule(contest, rule, seats)
    if taken.method is Method.BUDGET and contest.by is not None:
        return contest.by(taken), notices
    cast = sum(number for _, number in contest.choices)
    poll = Poll(ballot_id="", rule=taken, options=contest.options, roll_size=cast, seed="")
    return counted(poll, contest.choices), notices


def as_data(contest: "Contest", report: "Report") -> dict[str, Any]:
    """Return a report as plain JSON that calls everybody as the file does.

    ``hash`` is that of the report by codes, as a node has it.
    """
    told = report.as_data()
    names = contest.names
    return {
        "contest": contest.name,
        "format": contest.format,
        "rule": told["rule"],
        "outcome": told["outcome"],
        "winners": [names.get(code, code) for code in told["winners"]],
        "cast": told["cast"],
        "blank": told["blank"],
        "classes": told["classes"],
        "rounds": [_named(one, names) for one in told["rounds"]],
        "ties": [_named(one, names) for one in told["ties"]],
        "allocation": {names.get(code, code): held for code, held in told["allocation"].items()},
        "hash": report.hash,
    }


def _rule(contest: "Contest", name: str, seats: int | None) -> "Rule":
    """Return the rule to count by: the file's own, changed by what was asked for."""
    from pydantic import ValidationError

    from services.governance.rules import Method, Rule, Ties

    name = name.strip().lower().replace("_", "-")
    wanted = SYNONYMS.get(name, name)
    budget = _budget(contest, name) if contest.rule and contest.rule.budget else None
    if not wanted:
        method = contest.rule.method if contest.rule else Method.SCHULZE
    elif budget is not None:
        method = Method.BUDGET
    else:
        method = _method(wanted, name)
    _require_fit(contest, method)
    own = contest.rule
    same = own is not None and own.method is method
    places = seats if seats is not None else own.seats if own is not None and same else 1
    fields: dict[str, Any] = {"method": method, "seats": places, "ties": Ties.LISTED}
    if own is not None:
        fields["scale_max"] = own.scale_max
    if same and own is not None:
        fields |= own.model_dump(exclude=set(fields))
    if budget is not None:
        fields["budget"] = budget
    try:
        return Rule.model_validate(fields)
    except ValidationError as error:
        raise UnknownRule(str(error.errors()[0]["msg"])) from error


def _method(wanted: str, name: str) -> Any:
    from services.governance.rules import RANKED, SCORED, Method

    known = [method.value for method in (*RANKED, *SCORED, Method.APPROVAL, Method.BUDGET)]
    if wanted not in known:
        raise UnknownRule(f"{name[:40]!r}; known are {', '.join(sorted(known))}")
    return Method(wanted)


def _budget(contest: "Contest", name: str) -> "BudgetRule | None":
    """Return the budget's rule with another way of counting, where a name says one.

    The file's least score belongs to its own rule; another one has it where its name says so.
    """
    from services.governance.rules import BudgetCount

    assert contest.rule is not None
    own = contest.rule.budget
    assert own is not None
    if not name or name == "budget":
        return own
    base = name.removesuffix(_THRESHOLD)
    threshold = own.threshold if base != name else 0
    grows, by_votes = False, False
    for ending, completion in _COMPLETIONS.items():
        if base.endswith(ending):
            base, (grows, by_votes) = base.removesuffix(ending), completion
            break
    base = SYNONYMS.get(base, base)
    ways = [way.value for way in BudgetCount]
    if base not in ways or ((grows or by_votes) and "shares" not in base):
        raise UnknownRule(f"{name[:40]!r}; a budget is counted by {', '.join(ways)}")
    way = {"count": BudgetCount(base), "add1": grows, "then_greedy": by_votes}
    return own.model_copy(update={**way, "threshold": threshold})


def _require_fit(contest: "Contest", method: Any) -> None:
    """Refuse a rule that needs another kind of ballots.

    Raises:
        UnknownRule: it does.
    """
    from services.governance.rules import RANKED, SCORED, Method

    said = {key for choice, _ in contest.choices for key in choice if key != "blank"}
    if contest.rule is not None and contest.rule.budget is not None:
        if method is not Method.BUDGET:
            raise UnknownRule("these are the ballots of a budget")
        return
    if method is Method.BUDGET:
        raise UnknownRule("there is no budget to be shared out")
    needs = "ranks" if method in RANKED else "scores" if method in SCORED else "options"
    if not said <= {needs}:
        fitting = ", ".join(_SAYS.get(key, key) for key in sorted(said))
        raise UnknownRule(f"such ballots are counted by {fitting}, not by {method.value}")


def _named(value: Any, names: Mapping[str, str], key: str = "") -> Any:
    """Return a round with the names of the file in the place of codes."""
    if key in _PLAIN:
        return value
    if isinstance(value, dict):
        return {
            names.get(one, one) if key else one: _named(held, names, one)
            for one, held in value.items()
        }
    if isinstance(value, list):
        return [_named(one, names, key) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


def read(path: Path, *, config: Path | None = None) -> "Contest":
    """Return the contest that a file holds."""
    from services.governance import formats

    return formats.read(path, config=config)
