"""Yes or no: a share of the votes, of the ballots or of the roll, compared without a remainder."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.governance.counting.report import Outcome, Report
from services.governance.rules import Base, Rule, Share, Threshold


def count_majority(
    rule: Rule, choices: Iterable[tuple[Mapping[str, Any], int]], *, blank: int, roll: int
) -> Report:
    """Count a yes or no.

    It passes where the yes are more than the share of the base (or as many, where the rule says
    at least), and where they are the approval quorum's share of the roll. Without a yes nothing
    passes. As many yes as no, where that is all that is missing, leaves things as they are.
    """
    said = {"yes": 0, "no": 0}
    for choice, number in choices:
        said[choice["answer"]] += number
    yes, no = said["yes"], said["no"]
    threshold = rule.threshold or Threshold()
    cast = yes + no + blank
    of = {Base.VOTES: yes + no, Base.CAST: cast, Base.ROLL: roll}[threshold.base]
    passes = yes > 0 and reaches(yes, threshold.share, of, at_least=threshold.at_least)
    rounds: list[dict[str, Any]] = [
        {
            "kind": "majority",
            "yes": yes,
            "no": no,
            "blank": blank,
            "share": [threshold.share.n, threshold.share.d],
            "at_least": "at-least" if threshold.at_least else "more-than",
            "base": threshold.base.value,
            "of": of,
            "needed": needed(threshold.share, of, at_least=threshold.at_least),
        }
    ]
    approved = True
    if rule.approval_quorum is not None:
        share = rule.approval_quorum
        approved = reaches(yes, share, roll, at_least=True)
        rounds.append(
            {
                "kind": "approval-quorum",
                "yes": yes,
                "roll": roll,
                "share": [share.n, share.d],
                "needed": needed(share, roll, at_least=True),
            }
        )
    if passes and approved:
        outcome = Outcome.ADOPTED
    elif not passes and yes == no > 0 and yes * threshold.share.d == threshold.share.n * of:
        outcome = Outcome.TIE_STATUS_QUO
    else:
        outcome = Outcome.REJECTED
    return Report(
        rule=rule.method.value,
        outcome=outcome,
        classes=said,
        cast=cast,
        blank=blank,
        roll=roll,
        rounds=tuple(rounds),
    )


def reaches(number: int, share: Share, of: int, *, at_least: bool) -> bool:
    """Tell whether a number is more than a share of another, or at least as much."""
    have, want = number * share.d, share.n * of
    return have >= want if at_least else have > want


def needed(share: Share, of: int, *, at_least: bool) -> int:
    """Return the smallest number that reaches a share of another."""
    if at_least:
        return -(-share.n * of // share.d)
    return share.n * of // share.d + 1
