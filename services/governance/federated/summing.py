"""More than two answers: sums of approvals, grades and pairs, or the ballots' classes together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from typing import Any

from services.governance.counting.report import Outcome
from services.governance.counting.ties import Lots
from services.governance.federated.policies import FederatedRule
from services.governance.rules import Base, Method, MissingGrade, Option
from shared.contracts.decisions import ToldClass
from shared.contracts.seals import Seal

Matrix = Sequence[Sequence[int]]
Orders = Sequence[tuple[tuple[str, ...], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a choice between options gives.

    Args:
        allocation: whole numbers by code, of a budget or a ratio.
        figures: the sums from which it follows.
        ties: what the lot had to decide.
    """

    outcome: Outcome
    winners: tuple[str, ...] = ()
    allocation: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    ties: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a choice between options needs to know besides the seals."""

    ballot_id: str
    rule: FederatedRule
    options: tuple[Option, ...]
    seed: str
    rolls: int
    """How many could vote in all networks together."""

    @property
    def codes(self) -> list[str]:
        """The options' codes, in the order of the notice."""
        return [option.code for option in self.options]

    def lots(self) -> Lots:
        """Return the order among equals; its seed is over what all networks were bound to."""
        return Lots(
            ballot_id=self.ballot_id, seed=self.seed, options=self.codes, ties=self.rule.rule.ties
        )


def chosen_by_sums(question: Question, seals: Sequence[Seal]) -> Chosen:
    """Return the choice that sums of approvals, grades or pairs of the networks give."""
    told = [seal for seal in seals if seal.tally.ballots is not None]
    marked = sum(seal.tally.ballots or 0 for seal in told)
    method = question.rule.rule.method
    size = len(question.options)
    if method is Method.APPROVAL:
        return _approved(
            question, _summed([one.tally.approvals for one in told], size), marked, told
        )
    if method is Method.SCORE:
        sums = _summed([one.tally.sums for one in told], size)
        return _scored(question, sums, _summed([one.tally.graded for one in told], size), marked)
    pairs = [_summed([one.tally.pairs[row] for one in told], size) for row in range(size)]
    if method is Method.STAR:
        return _star(question, _summed([one.tally.sums for one in told], size), pairs, marked)
    if method is Method.SCHULZE:
        return _schulze(question, pairs, marked)
    assert method is Method.RANKED_PAIRS
    return _ranked_pairs(question, pairs, marked)


def chosen_by_orders(question: Question, orders: Orders) -> Chosen:
    """Return the choice where each network's order is one ballot, by Schulze's method."""
    from services.governance.counting.pairwise import pairwise
    from services.governance.counting.profiles import Ranked

    ranked = Ranked.of(question.codes, [({"ranks": order}, 1) for order in orders if order])
    return _schulze(question, pairwise(ranked).tolist(), ranked.voters)


def chosen_by_classes(
    question: Question,
    seals: Sequence[Seal],
    chunks: Mapping[str, Sequence[ToldClass]],
) -> Chosen:
    """Return the choice that the classes of all networks give, counted as one poll.

    Args:
        chunks: the classes by the hash of their chunk; all that the seals name.
    """
    from services.governance.tally import Poll, counted

    # A quorum of the rule is that of each network at home; between them the policy has its own.
    rule = question.rule.rule.model_copy(update={"quorum": None})
    poll = Poll(
        ballot_id=question.ballot_id,
        rule=rule,
        options=question.options,
        roll_size=question.rolls,
        seed=question.seed,
    )
    classes = [
        (one.choice, one.count)
        for seal in seals
        for chunk in seal.tally.chunks
        for one in chunks[chunk]
    ]
    blank = sum(seal.blank or 0 for seal in seals)
    report = counted(poll, [*classes, *([({"blank": True}, blank)] if blank else [])])
    return Chosen(
        outcome=report.outcome,
        winners=report.winners,
        allocation=report.allocation,
        figures={"report": report.hash, "marked": sum(count for _, count in classes)},
        ties=report.ties,
    )


def order_of_pairs(codes: Sequence[str], pairs: Matrix) -> tuple[tuple[str, ...], ...]:
    """Return the options of one network from first to last by Schulze's method."""
    from services.governance.counting.matrices import schulze_order

    return tuple(map(tuple, schulze_order(codes, pairs)))


def _summed(lists: Sequence[Sequence[int]], size: int) -> list[int]:
    return [sum(one[at] for one in lists) for at in range(size)]


def _approved(question: Question, sums: list[int], marked: int, told: Sequence[Seal]) -> Chosen:
    from services.governance.counting.approval import best
    from services.governance.counting.majority import reaches

    votes = dict(zip(question.codes, sums, strict=True))
    able, rule, lots = (
        [code for code in question.codes if votes[code]],
        question.rule.rule,
        question.lots(),
    )
    if rule.threshold is not None:
        bar = rule.threshold
        cast = marked + sum(seal.blank or 0 for seal in told)
        of = {Base.VOTES: marked, Base.CAST: cast, Base.ROLL: question.rolls}[bar.base]
        able = [one for one in able if reaches(votes[one], bar.share, of, at_least=bar.at_least)]
    return _chosen(best(able, votes, rule.seats, lots), {"votes": votes, "marked": marked}, lots)


def _scored(question: Question, sums: list[int], graded: list[int], marked: int) -> Chosen:
    excluded = question.rule.rule.missing_grade is MissingGrade.EXCLUDED
    worth = {
        code: Fraction(total, given if excluded else 1)
        for code, total, given in zip(question.codes, sums, graded, strict=True)
        if given and (not excluded or 2 * given >= marked)
    }
    highest, lots = max(worth.values(), default=Fraction(0)), question.lots()
    equals = [code for code, value in worth.items() if value == highest]
    winners = [lots.first(equals, why="election")] if equals else []
    figures = {
        "votes": dict(zip(question.codes, sums, strict=True)),
        "graded": dict(zip(question.codes, graded, strict=True)),
        "marked": marked,
    }
    return _chosen(winners, figures, lots)


def _star(question: Question, sums: list[int], pairs: Matrix, marked: int) -> Chosen:
    """Let the two highest sums meet, as one network's own count does."""
    codes, lots = question.codes, question.lots()
    at = {code: place for place, code in enumerate(codes)}
    votes = dict(zip(codes, sums, strict=True))

    def beats(one: str, other: str) -> bool:
        return pairs[at[one]][at[other]] > pairs[at[other]][at[one]]

    finalists: list[str] = []
    for total in sorted(set(sums), reverse=True):
        equals = [code for code in codes if votes[code] == total]
        finalists += _preferred(equals, min(2, len(codes)) - len(finalists), beats, lots)
    figures = {"votes": votes, "marked": marked, "finalists": finalists}
    if not marked or not finalists:
        return _chosen([], figures, lots)
    winner = finalists[0]
    if len(finalists) == 2:
        one, other = finalists
        if beats(one, other) or beats(other, one):
            winner = one if beats(one, other) else other
        else:
            winner = lots.first(finalists, why="runoff")
    return _chosen([winner], figures, lots)


def _preferred(equals: list[str], seats: int, beats: Any, lots: Lots) -> list[str]:
    """Return options of equal sums: those first that beat more of the others between the two."""
    if len(equals) < 2 or seats <= 0:
        return equals[: max(0, seats)]
    beaten = {one: sum(beats(one, other) for other in equals if other != one) for one in equals}
    found: list[str] = []
    for number in sorted(set(beaten.values()), reverse=True):
        same, left = [one for one in equals if beaten[one] == number], seats - len(found)
        if left <= 0:
            break
        decides = len(same) > left
        found += (lots.ranked(same, why="finalist") if decides else lots.ordered(same))[:left]
    return found


def _schulze(question: Question, pairs: Matrix, marked: int) -> Chosen:
    lots = question.lots()
    order = order_of_pairs(question.codes, pairs) if pairs else ()
    winners = [lots.first(order[0], why="election")] if marked and order else []
    figures = {"pairs": [list(row) for row in pairs], "order": [list(one) for one in order]}
    return _chosen(winners, {**figures, "marked": marked}, lots)


def _ranked_pairs(question: Question, pairs: Matrix, marked: int) -> Chosen:
    """Lock majorities from the strongest on, equal ones by the lots of the two options."""
    from services.governance.counting.ranked_pairs import lock

    codes, lots = question.codes, question.lots()
    size = range(len(codes))
    majorities = [(a, b) for a in size for b in size if pairs[a][b] > pairs[b][a]]

    def strength(pair: tuple[int, int]) -> tuple[int, int]:
        return (-pairs[pair[0]][pair[1]], pairs[pair[1]][pair[0]])

    ordered: list[tuple[int, int]] = []
    for _, together in groupby(sorted(majorities, key=strength), key=strength):
        equal = sorted(
            together, key=lambda pair: (lots.key(codes[pair[0]]), lots.key(codes[pair[1]]))
        )
        if len(equal) > 1:
            lots.note_pairs([[codes[a], codes[b]] for a, b in equal])
        ordered += equal
    locked, _ = lock(ordered, len(codes))
    beaten = {loser for _, loser in locked}
    first = [code for at, code in enumerate(codes) if at not in beaten]
    winners = [lots.first(first, why="election")] if marked and first else []
    figures = {"pairs": [list(row) for row in pairs], "marked": marked}
    return _chosen(winners, figures, lots)


def _chosen(winners: Sequence[str], figures: Mapping[str, Any], lots: Lots) -> Chosen:
    return Chosen(
        outcome=Outcome.CHOSEN if winners else Outcome.REJECTED,
        winners=tuple(winners),
        figures=figures,
        ties=tuple(lots.drawn),
    )
