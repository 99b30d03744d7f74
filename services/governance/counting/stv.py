"""Single transferable vote: weighted inclusive Gregory in whole parts of a vote.

A vote has 100,000 parts. Who reaches the quota is elected; one surplus passes on at a time, the
largest first, over all ballots of the elected, each at value * surplus / votes, cut off. Where
there is no surplus, the candidate with the fewest votes goes. When as many are left as there are
seats, all of them are elected.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.governance.counting.profiles import Piles, Ranked
from services.governance.counting.report import Outcome, Report
from services.governance.counting.reserved import Reservation, groups_of
from services.governance.counting.standing import Standing
from services.governance.counting.ties import Lots
from services.governance.rules import Rule

SCALE: Final = 100_000
"""How many parts a vote has."""


def count_stv(
    rule: Rule,
    ballots: Ranked,
    *,
    blank: int,
    roll: int,
    lots: Lots,
    groups: Mapping[str, Iterable[str]] | None = None,
) -> Report:
    """Elect a committee.

    The quota is the least number that only as many candidates as there are seats can reach (Droop).
    Seats that are reserved are kept by guarding the last candidates who can fill them, and by
    leaving out those whose election would take such a seat away.

    Args:
        groups: the groups of each candidate, for reserved seats.

    Source: the weighted inclusive transfer is that of Scottish local elections; guarding is Hill's
    (1998), STV with constraints.
    """
    count = _Count(rule, ballots, lots, groups or {})
    winners = count.winners()
    marked = ballots.voters
    return Report(
        rule=rule.method.value,
        outcome=Outcome.CHOSEN if winners else Outcome.REJECTED,
        winners=winners,
        classes={"counted": marked},
        cast=marked + blank,
        blank=blank,
        roll=roll,
        rounds=tuple(count.rounds),
        ties=tuple(lots.drawn),
    )


@dataclass(slots=True)
class _Tally:
    """Who stands where in a count that is under way."""

    hopeful: list[int]
    elected: list[int] = field(default_factory=list)
    surplus: list[int] = field(default_factory=list)
    """Who is elected and has a surplus that has not passed on."""
    kept: dict[int, int] = field(default_factory=dict)
    """What those keep whose surplus has passed on, or who had none."""


class _Count:
    def __init__(
        self, rule: Rule, ballots: Ranked, lots: Lots, groups: Mapping[str, Iterable[str]]
    ) -> None:
        self.codes = ballots.codes
        self.seats = rule.seats
        self.rounds: list[dict[str, Any]] = []
        self.piles = Piles(self.codes, ballots.orders(), ballots.counts, scale=SCALE)
        self.standing = Standing(self.codes, lots)
        self.tally = _Tally(hopeful=list(range(len(self.codes))))
        self.first = sum(self.piles.votes(option) for option in self.tally.hopeful)
        self.quota = (self.first // SCALE // (rule.seats + 1) + 1) * SCALE
        self.kept_seats = Reservation(
            rule.reserved, groups_of(self.codes, groups), min(rule.seats, len(self.codes))
        )
        self.needs = self.kept_seats.needs

    @property
    def left(self) -> int:
        """How many seats are left."""
        return self.seats - len(self.tally.elected)

    def winners(self) -> tuple[str, ...]:
        """Count, and return who is elected, in the order of election."""
        if not self.first:
            return ()
        if self.kept_seats.lowered:
            self.rounds.append({"kind": "reserved-lowered", "groups": self.kept_seats.lowered})
        while self.left and self.tally.hopeful:
            told = self._round()
            self._elect(told)
            if not self.left or not self.tally.hopeful:
                break
            self._move(told)
        return tuple(self.codes[option] for option in self.tally.elected)

    def _round(self) -> dict[str, Any]:
        """Take down how the candidates stand, as a new round of the report."""
        tally = self.tally
        votes = {option: self.piles.votes(option) for option in (*tally.hopeful, *tally.surplus)}
        self.standing.note(votes | tally.kept)
        shown = {**votes, **tally.kept}
        exhausted = self.piles.exhausted()
        told: dict[str, Any] = {
            "kind": "stv",
            "round": self.standing.round,
            "scale": SCALE,
            "quota": self.quota,
            "votes": {self.codes[option]: shown[option] for option in sorted(shown)},
            "exhausted": exhausted,
            "rounding": self.piles.total - sum(shown.values()) - exhausted,
        }
        self.rounds.append(told)
        return told

    def _elect(self, told: dict[str, Any]) -> None:
        """Elect who has the quota, and all who are left where there is a seat for each."""
        tally = self.tally
        reached = [one for one in tally.hopeful if self.piles.votes(one) >= self.quota]
        elected: list[int] = []
        if len(tally.hopeful) <= self.left:
            reached = list(tally.hopeful)
        for one in self.standing.strongest_first(reached, why="order") if reached else ():
            if one not in self._doomed():
                elected.append(one)
                self._seat(one)
        if tally.hopeful and len(tally.hopeful) <= self.left:
            for one in self.standing.strongest_first(tally.hopeful, why="order"):
                elected.append(one)
                self._seat(one)
        if elected:
            told["elected"] = [self.codes[one] for one in elected]

    def _seat(self, one: int) -> None:
        tally = self.tally
        tally.hopeful.remove(one)
        tally.elected.append(one)
        self.piles.close([one])
        self.needs = self.kept_seats.after(self.needs, one)
        if self.piles.votes(one) > self.quota:
            tally.surplus.append(one)
        else:
            tally.kept[one] = self.piles.votes(one)
            self.piles.settle(one)

    def _move(self, told: dict[str, Any]) -> None:
        """Exclude one who can no longer be elected, pass a surplus on, or exclude the weakest."""
        tally = self.tally
        if doomed := self._doomed():
            self._exclude(self.standing.weakest(sorted(doomed), why="elimination"), told)
            told["for_reserved"] = told["eliminated"]
        elif tally.surplus:
            one = self.standing.strongest(tally.surplus, why="surplus")
            tally.surplus.remove(one)
            votes = self.piles.votes(one)
            surplus = votes - self.quota
            self.piles.reduce(one, surplus, votes)
            self.piles.pass_on(one)
            tally.kept[one] = self.quota
            told |= {"surplus_of": self.codes[one], "surplus": surplus}
        else:
            guarded = self.kept_seats.guarded(tally.hopeful, self.needs, self.left)
            if guarded:
                told["guarded"] = [self.codes[one] for one in sorted(guarded)]
            able = [one for one in tally.hopeful if one not in guarded]
            self._exclude(self.standing.weakest(able, why="elimination"), told)

    def _exclude(self, one: int, told: dict[str, Any]) -> None:
        told["eliminated"] = [self.codes[one]]
        self.tally.hopeful.remove(one)
        self.piles.close([one])
        self.piles.pass_on(one)

    def _doomed(self) -> set[int]:
        if not any(self.needs):
            return set()
        return self.kept_seats.doomed(self.tally.hopeful, self.needs, self.left)
