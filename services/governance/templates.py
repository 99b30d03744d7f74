"""Templates: for each sort of decision a rule to begin with, what it asks for, and its words."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from services.governance.rules import (
    OFFERED,
    BudgetRule,
    Method,
    Quorum,
    Rule,
    SecondCall,
    Secrecy,
    Share,
    SurplusPart,
    Threshold,
)

LANGUAGES: Final = ("ar", "en", "es", "fr", "pt")
_TEXTS: Final = Path(__file__).parent / "process" / "texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A sort of decision.

    Args:
        code: its name, also in the record of decisions.
        rule: what is proposed as its rule; what is not in ``floor`` may be decided otherwise.
        asks: what has to be given besides the words: options, candidates, projects, a subject.
        floor: the fields of the rule that may only be stricter than here.
        fallback: by which rule is voted where consent was not found.
        about_somebody: it is about a person or an entity, who does not vote on it.
        supported: it has to have the support that the network asks for, before it is a proposal.
        presets: values that are proposed to voters or to who prepares it, by their names.
    """

    code: str
    rule: Rule
    asks: tuple[str, ...] = ()
    floor: tuple[str, ...] = ("method",)
    fallback: Rule | None = None
    about_somebody: bool = False
    supported: bool = True
    presets: Mapping[str, Any] = field(default_factory=dict)


_HALF: Final = Share(n=1, d=2)
_QUARTER: Final = Share(n=1, d=4)
_STRICT: Final = (
    "method", "threshold", "approval_quorum", "electorate", "notice_days", "voting_days",
    "appeal_days",
)  # fmt: skip


def _yes_no(n: int, d: int, **fields: Any) -> Rule:
    return Rule(method=Method.YES_NO, threshold=Threshold(share=Share(n=n, d=d)), **fields)


_ALL: Final = (
    Template(code="yes-no", rule=_yes_no(1, 2)),
    Template(
        code="consent",
        rule=Rule(method=Method.CONSENT, quorum=Quorum(share=_QUARTER)),
        floor=("method", "objections_max"),
        fallback=_yes_no(3, 4),
    ),
    Template(code="choose-several", rule=Rule(method=Method.APPROVAL), asks=("options",)),
    Template(code="rank", rule=Rule(method=Method.SCHULZE), asks=("options",)),
    Template(
        code="committee",
        rule=Rule(method=Method.STV, seats=5),
        asks=("candidates", "seats"),
    ),
    Template(
        code="assembly-item",
        rule=_yes_no(1, 2, secrecy=Secrecy.OPEN, notice_days=15, voting_days=0, proxies_max=2),
        floor=(),
        supported=False,
        presets={
            "quorum": Quorum(
                share=_HALF, second_call=SecondCall(share=_QUARTER, days_min=0)
            ).model_dump(mode="json")
        },
    ),
    Template(
        code="budget",
        rule=Rule(method=Method.BUDGET, budget=BudgetRule(total=1, unit="unit"), voting_days=14),
        asks=("projects", "budget"),
    ),
    Template(
        code="surplus",
        rule=Rule(
            method=Method.SURPLUS,
            surplus=tuple(
                SurplusPart(code=code)
                for code in ("reinvest", "reserves", "members", "social", "solidarity")
            ),
        ),
        asks=("surplus",),
        presets={"percent": {"reserves": 45, "members": 45, "social": 10}},
    ),
    Template(
        code="pay-ratio",
        rule=Rule(method=Method.PAY_RATIO),
        presets={"ratios": [[3, 1], [9, 2], [6, 1], [9, 1]]},
    ),
    Template(
        code="admission",
        rule=Rule(method=Method.CONSENT, quorum=Quorum(share=_QUARTER)),
        asks=("subject",),
        floor=("method", "objections_max", "electorate"),
        fallback=_yes_no(2, 3),
        about_somebody=True,
    ),
    Template(
        code="exclusion",
        rule=_yes_no(3, 4, notice_days=30),
        asks=("subject",),
        floor=_STRICT,
        about_somebody=True,
    ),
    Template(
        code="charter-change",
        rule=_yes_no(2, 3, approval_quorum=_QUARTER, appeal_days=14),
        floor=_STRICT,
    ),
    Template(
        code="charter-purpose",
        rule=_yes_no(4, 5, approval_quorum=_QUARTER, appeal_days=14),
        floor=_STRICT,
    ),
)

TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType({one.code: one for one in _ALL})


def differences(rule: Rule, model: Rule, template: Template) -> list[str]:
    """Return the fields in which a rule is laxer than its template allows.

    Args:
        rule: by which it is to be decided.
        model: the template's rule, or its fallback.
    """
    floor = template.floor
    if model is not template.rule:
        floor = ("method", "threshold", *({"electorate"} & {*floor}))
    return [name for name in floor if not _AS_STRICT[name](rule, model)]


def label(code: str, language: str) -> str:
    """Return what a template or a method is called in a language."""
    return words(code, language)[0]


def words(code: str, language: str) -> tuple[str, str]:
    """Return what a template or a method is called, and what it is for."""
    tongue = language.partition("-")[0]
    said = _said()[code]
    name, text = said[tongue if tongue in LANGUAGES else "en"]
    return name, text


def method_code(method: Method) -> str:
    """Return under which code the words of a method stand."""
    return f"method-{method.value}"


def ordered_methods() -> tuple[Method, ...]:
    """Return the methods, those that are offered first."""
    return (*OFFERED, *(one for one in Method if one not in OFFERED))


@cache
def _said() -> Mapping[str, Mapping[str, tuple[str, str]]]:
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for language in LANGUAGES:
        told = json.loads((_TEXTS / f"{language}.json").read_text("utf-8"))
        for code, (name, text) in told.items():
            found.setdefault(code, {})[language] = (name, text)
    return MappingProxyType(found)


def _at_least(one: Share | None, other: Share | None) -> bool:
    if other is None:
        return True
    return one is not None and one.n * other.d >= other.n * one.d


def _threshold(rule: Rule, model: Rule) -> bool:
    asked = model.threshold or Threshold()
    given = rule.threshold or Threshold()
    wider = given.base == asked.base or given.base == "roll"
    softer = given.at_least and not asked.at_least
    strictly_more = not _at_least(asked.share, given.share)
    return wider and _at_least(given.share, asked.share) and (not softer or strictly_more)


_AS_STRICT: Final[Mapping[str, Callable[[Rule, Rule], bool]]] = MappingProxyType(
    {
        "method": lambda rule, model: rule.method is model.method,
        "threshold": _threshold,
        "approval_quorum": lambda rule, model: _at_least(
            rule.approval_quorum, model.approval_quorum
        ),
        "objections_max": lambda rule, model: rule.objections_max <= model.objections_max,
        "electorate": lambda rule, model: {*rule.electorate.groups} <= {*model.electorate.groups},
        "notice_days": lambda rule, model: rule.notice_days >= model.notice_days,
        "voting_days": lambda rule, model: rule.voting_days >= model.voting_days,
        "appeal_days": lambda rule, model: rule.appeal_days >= model.appeal_days,
    }
)
"""By field, whether a rule is at least as strict as its model."""
