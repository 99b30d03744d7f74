"""The tally: from a poll and its ballots to the report, by the engine of the poll's method.

The engines are loaded when something is counted, so that the service stays light until then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from services.governance.rules import RANKED, Method, Option, Quorum, Rule, Share
from shared.canonical import trusted_canonical

if TYPE_CHECKING:
    from services.governance.counting.report import Report
    from services.governance.counting.ties import Lots

Choice = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What a count needs to know besides the ballots.

    Args:
        ballot_id: the id of the ballot, which is that of its decision.
        options: what can be chosen, in the order in which it is listed.
        roll_size: how many could vote.
        seed: the root over the ballots, in hex; the lots are drawn with it.
        call: 1, or 2 where the first call had no quorum.
        standing_objections: how many objections stand, where consent is asked for.
    """

    ballot_id: str
    rule: Rule
    options: tuple[Option, ...]
    roll_size: int
    seed: str
    call: int = 1
    standing_objections: int = 0


def counted(poll: Poll, choices: Iterable[tuple[Choice, int]]) -> "Report":
    """Count the ballots of a poll.

    The report is a function of the poll and of how many ballots say what: the order in which they
    come, and whether equal ones come together, change no byte of it.

    Args:
        choices: valid choices in their canonical form, each with how many ballots say so.
    """
    from services.governance.counting.report import Outcome, Report

    said: list[tuple[Choice, int]] = []
    blank = 0
    for choice, number in choices:
        assert number > 0, "who says something is somebody"
        if choice.get("blank"):
            blank += number
        else:
            said.append((choice, number))
    marked = sum(number for _, number in said)
    cast = marked + blank
    taken_part = _quorum(poll, cast)
    if taken_part and cast < taken_part["needed"]:
        return Report(
            rule=poll.rule.method.value,
            outcome=Outcome.NO_QUORUM,
            classes=_classes(poll.rule.method, said, marked),
            cast=cast,
            blank=blank,
            roll=poll.roll_size,
            rounds=(taken_part,),
        )
    report = _by_method(poll, said, blank)
    if taken_part:
        return replace(report, rounds=(taken_part, *report.rounds))
    return report


def _quorum(poll: Poll, cast: int) -> dict[str, Any]:
    """Return how many had to take part, as a round of the report; nothing without a quorum."""
    from services.governance.counting.majority import needed

    quorum = poll.rule.quorum
    if quorum is None:
        return {}
    share = _share(quorum, poll.call)
    return {
        "kind": "quorum",
        "call": poll.call,
        "share": [share.n, share.d],
        "cast": cast,
        "roll": poll.roll_size,
        "needed": needed(share, poll.roll_size, at_least=True),
    }


def _share(quorum: Quorum, call: int) -> Share:
    second = quorum.second_call
    return second.share if call > 1 and second is not None else quorum.share


def _classes(method: Method, said: list[tuple[Choice, int]], marked: int) -> dict[str, int]:
    """Return the classes of a count that was not made for want of a quorum."""
    answers = {
        Method.YES_NO: ("yes", "no"),
        Method.CONSENT: ("consent", "stand-aside", "object"),
    }.get(method)
    if answers is None:
        return {"counted": marked}
    found = dict.fromkeys(answers, 0)
    for choice, number in said:
        found[choice["answer"]] += number
    return found


def _by_method(poll: Poll, said: list[tuple[Choice, int]], blank: int) -> "Report":
    rule, roll = poll.rule, poll.roll_size
    match rule.method:
        case Method.YES_NO:
            from services.governance.counting.majority import count_majority

            return count_majority(rule, said, blank=blank, roll=roll)
        case Method.CONSENT:
            from services.governance.counting.consent import count_consent

            return count_consent(
                rule, said, blank=blank, roll=roll, standing=poll.standing_objections
            )
        case Method.APPROVAL:
            from services.governance.counting.approval import count_approval

            codes = [option.code for option in poll.options]
            return count_approval(rule, codes, said, blank=blank, roll=roll, lots=lots_of(poll))
        case Method.BUDGET:
            from services.governance.counting.budgets import count_budget

            return count_budget(poll, _together(said, blank))
        case Method.SURPLUS:
            from services.governance.counting.surplus import count_surplus

            return count_surplus(poll, _together(said, blank))
        case Method.PAY_RATIO:
            from services.governance.counting.pay_ratio import count_pay_ratio

            return count_pay_ratio(poll, _together(said, blank))
    return _ranked(poll, said, blank) if rule.method in RANKED else _scored(poll, said, blank)


def _ranked(poll: Poll, said: list[tuple[Choice, int]], blank: int) -> "Report":
    from services.governance.counting.irv import count_irv
    from services.governance.counting.profiles import Ranked
    from services.governance.counting.ranked_pairs import count_ranked_pairs
    from services.governance.counting.schulze import count_schulze
    from services.governance.counting.stv import count_stv

    ballots = Ranked.of([option.code for option in poll.options], said)
    rule, roll, lots = poll.rule, poll.roll_size, lots_of(poll)
    if rule.method is Method.STV:
        groups = {option.code: option.groups for option in poll.options}
        return count_stv(rule, ballots, blank=blank, roll=roll, lots=lots, groups=groups)
    count = {
        Method.SCHULZE: count_schulze,
        Method.RANKED_PAIRS: count_ranked_pairs,
        Method.IRV: count_irv,
    }[rule.method]
    return count(rule, ballots, blank=blank, roll=roll, lots=lots)


def _scored(poll: Poll, said: list[tuple[Choice, int]], blank: int) -> "Report":
    from services.governance.counting.profiles import Scored
    from services.governance.counting.scores import count_score, count_star

    ballots = Scored.of([option.code for option in poll.options], said)
    count = {Method.SCORE: count_score, Method.STAR: count_star}[poll.rule.method]
    return count(poll.rule, ballots, blank=blank, roll=poll.roll_size, lots=lots_of(poll))


def lots_of(poll: Poll) -> "Lots":
    """Return the order among equals of a poll."""
    from services.governance.counting.ties import Lots

    return Lots(
        ballot_id=poll.ballot_id,
        seed=poll.seed,
        options=[option.code for option in poll.options],
        ties=poll.rule.ties,
    )


def _together(said: list[tuple[Choice, int]], blank: int) -> list[tuple[Choice, int]]:
    """Return the choices with equal ones together, in an order that only they decide."""
    found: dict[bytes, tuple[Choice, int]] = {}
    if blank:
        said = [*said, ({"blank": True}, blank)]
    for choice, number in said:
        key = trusted_canonical(choice)
        found[key] = (choice, found[key][1] + number if key in found else number)
    return [found[key] for key in sorted(found)]
