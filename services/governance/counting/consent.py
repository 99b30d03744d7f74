"""Consent: it passes unless more objections stand than the rule bears."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.governance.counting.report import Outcome, Report
from services.governance.rules import Rule


def count_consent(
    rule: Rule,
    choices: Iterable[tuple[Mapping[str, Any], int]],
    *,
    blank: int,
    roll: int,
    standing: int,
) -> Report:
    """Count who consents, stands aside or objects, and judge by the objections that stand.

    A ballot that objects is an announcement; what decides is how many objections, each with its
    ground and its answer, still stand at the close. Where nobody answers, nothing passes.

    Args:
        standing: how many objections were validated and neither integrated nor withdrawn.
    """
    said = {"consent": 0, "stand-aside": 0, "object": 0}
    for choice, number in choices:
        said[choice["answer"]] += number
    answers = sum(said.values())
    passes = answers > 0 and standing <= rule.objections_max
    return Report(
        rule=rule.method.value,
        outcome=Outcome.ADOPTED if passes else Outcome.REJECTED,
        classes=said,
        cast=answers + blank,
        blank=blank,
        roll=roll,
        rounds=(
            {
                "kind": "consent",
                "consent": said["consent"],
                "aside": said["stand-aside"],
                "object": said["object"],
                "blank": blank,
                "standing": standing,
                "bearable": rule.objections_max,
            },
        ),
    )
