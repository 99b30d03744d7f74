"""How the signs of health are said: names, definitions, alerts and reasons in five languages."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from services.governance.assemblies.wording import language_of
from services.governance.health.facts import Pair
from services.governance.health.signs import Alert, Sign
from services.governance.templates import TEMPLATES, label

_FOLDER: Final = Path(__file__).parent / "texts"
_KIND: Final = "kind-"
_COUNTS: Final = frozenset({"worker-members-fall", "few-candidates", "long-terms", "pay-apart"})
_DAYS: Final = frozenset({"short-notice", "papers-wait"})
_WHOLE: Final = frozenset({"median-days", "days-in-office", "days-to-join"})


@cache
def phrases(language: str) -> Mapping[str, str]:
    """Return the sentences of one of the five languages, by their names."""
    found: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return found


def name_of(sign: Sign, language: str) -> str:
    """Return what a sign is called."""
    return phrases(language_of(language))[sign.code]


def what(sign: Sign, language: str) -> str:
    """Return what a sign says, in one sentence."""
    return phrases(language_of(language))[f"{sign.code}-what"]


def because(reason: str, language: str) -> str:
    """Return why there is no value; nothing where there is one."""
    return phrases(language_of(language))[reason] if reason else ""


def warning(alert: Alert, language: str) -> str:
    """Return an alert as a sentence with its figure and its limit."""
    unit = _unit_of(alert.name)
    return phrases(language_of(language))[alert.name].format(
        figure=figure(alert.figure, unit, language), limit=figure(alert.limit, unit, language)
    )


def beside(name: str, language: str) -> str:
    """Return what a figure beside a sign is called; kinds of decisions by their own names."""
    if name.startswith(_KIND):
        code = name.removeprefix(_KIND)
        return label(code, language) if code in TEMPLATES else code
    known = phrases(language_of(language))
    return known.get(f"beside-{name}") or known.get(f"beside-{name}-figure") or name


def beside_unit(name: str) -> str:
    """Return the unit of a figure beside a sign."""
    return "days" if name in _WHOLE else "share"


def figure(value: Pair, unit: str, language: str) -> str:
    """Return a number as people read it: a percentage, days, or a number with one place.

    The pair decides; what is shown is rounded to the nearest, a half upwards.
    """
    n, d = value
    if unit == "share":
        return _number(f"{(200 * n + d) // (2 * d)}", language) + " %"
    tenths = (20 * n + d) // (2 * d)
    whole, rest = divmod(tenths, 10)
    return _number(f"{whole}.{rest}" if rest else f"{whole}", language)


def _number(text: str, language: str) -> str:
    return text if language_of(language) == "en" else text.replace(".", ",")


def _unit_of(limit: str) -> str:
    if limit in _COUNTS:
        return "count"
    return "days" if limit in _DAYS else "share"
