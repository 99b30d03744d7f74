"""Instant runoff: the option with the fewest ballots goes, until one has more than half."""

from typing import Any

from services.governance.counting.profiles import Piles, Ranked
from services.governance.counting.report import Outcome, Report
from services.governance.counting.standing import Standing
from services.governance.counting.ties import Lots
from services.governance.rules import Rule


def count_irv(rule: Rule, ballots: Ranked, *, blank: int, roll: int, lots: Lots) -> Report:
    """Eliminate the option with the fewest ballots until one has more than half.

    Options of equal rank on a ballot are passed over. Equals are told apart by the latest earlier
    round in which they differ, then by the lot, whose last goes.
    """
    codes = ballots.codes
    piles = Piles(codes, ballots.orders(), ballots.counts)
    standing = Standing(codes, lots)
    left = list(range(len(codes)))
    rounds: list[dict[str, Any]] = []
    winners: tuple[str, ...] = ()
    while left:
        votes = {option: piles.votes(option) for option in left}
        standing.note(votes)
        told: dict[str, Any] = {
            "kind": "irv",
            "round": standing.round,
            "votes": {codes[option]: number for option, number in votes.items()},
            "continuing": sum(votes.values()),
            "exhausted": piles.exhausted(),
        }
        rounds.append(told)
        if not sum(votes.values()):
            break
        most = max(votes.values())
        if 2 * most > sum(votes.values()):
            winners = tuple(codes[option] for option in left if votes[option] == most)
            told["elected"] = list(winners)
            break
        loser = standing.weakest(left, why="elimination")
        told["eliminated"] = [codes[loser]]
        left.remove(loser)
        piles.close([loser])
        piles.pass_on(loser)
    marked = ballots.voters
    return Report(
        rule=rule.method.value,
        outcome=Outcome.CHOSEN if winners else Outcome.REJECTED,
        winners=winners,
        classes={"counted": marked},
        cast=marked + blank,
        blank=blank,
        roll=roll,
        rounds=tuple(rounds),
        ties=tuple(lots.drawn),
    )
