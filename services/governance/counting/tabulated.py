"""Counting by rounds as the configuration of a public election says: what RCTab's files name.

Where our own STV has one rule, elections differ: the quota may be Hare's or have decimals, several
are elected in one round and their surpluses pass on together, the hopeless go in one batch, and the
fraction of a surplus is cut off before it is used. Rounds are numbered as those reports do: in a
contest of several seats one more round shows how the last surplus leaves the elected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Any

import numpy as np

from services.governance.counting.profiles import Integers, Piles
from services.governance.counting.report import Outcome, Report
from services.governance.counting.standing import Standing
from services.governance.counting.ties import Lots


class Mode(StrEnum):
    """How winners are found."""

    MAJORITY = "majority"
    TOGETHER = "together"
    """Several seats; all who reach the quota in a round are elected in it."""
    ONE_BY_ONE = "one-by-one"
    """Several seats; of those who reach the quota the first is elected in a round."""
    BOTTOMS_UP = "bottoms-up"
    """Several seats; eliminations until as many are left, nothing passes on from the elected."""
    AGAIN = "again"
    """Several seats, each by a count of its own without those elected before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """What a configuration says about the counting.

    Args:
        decimals: to how many digits values and fractions are cut off.
        hare: votes / seats, rounded up, instead of the next above votes / (seats + 1).
        whole: whether the quota is a whole number of votes.
        first_round: whether a single winner's quota is that of the first round.
        minimum: with fewer votes than this, options are eliminated at once.
        batch: whether those go together who could not win even with each other's votes.
        until_two: whether rounds go on after the election until two options are left.
        stop_after: the last round, where the count is to stop early.
        earlier: whether equals are told apart by earlier rounds before the order of the list.
        write_ins: the option that stands for all write-ins that nobody declared; it goes first.
    """

    mode: Mode
    seats: int
    decimals: int = 4
    hare: bool = False
    whole: bool = True
    first_round: bool = False
    minimum: int = 0
    batch: bool = False
    until_two: bool = False
    stop_after: int | None = None
    earlier: bool = False
    write_ins: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Orders:
    """Ballots as a configuration lets them be read: one option after the other, and why they end.

    Args:
        codes: the options, those that are excluded left out.
        orders: a row for each class: the options by their place in ``codes``, -1 for none.
        counts: how many ballots a class has.
        ends: for each class, which of ``reasons`` ends it.
    """

    codes: tuple[str, ...]
    orders: Integers
    counts: Integers
    ends: Integers
    reasons: tuple[str, ...]

    def without(self, gone: Sequence[str]) -> "Orders":
        """Return the same ballots with some options struck out."""
        left = [at for at, code in enumerate(self.codes) if code not in set(gone)]
        place = np.full(len(self.codes) + 1, -1, dtype=np.int16)
        place[left] = np.arange(len(left))
        return replace(self, codes=tuple(self.codes[at] for at in left), orders=place[self.orders])


def count_tabulated(convention: Convention, ballots: Orders, *, blank: int, lots: Lots) -> Report:
    """Count a contest as its configuration says.

    Args:
        blank: ballots without any mark, which stand in no round.
    """
    rounds: list[dict[str, Any]] = []
    winners: list[str] = []
    if convention.mode is Mode.AGAIN:
        once = replace(convention, mode=Mode.MAJORITY, seats=1)
        while len(winners) < min(convention.seats, len(ballots.codes)):
            count = _Tabulation(once, ballots.without(winners), lots)
            found = count.winners()
            rounds += [told | {"seat": len(winners) + 1} for told in count.rounds]
            if not found:
                break
            winners += found
    else:
        count = _Tabulation(convention, ballots, lots)
        winners, rounds = count.winners(), count.rounds
    marked = int(ballots.counts.sum())
    return Report(
        rule="irv" if convention.seats == 1 else "stv",
        outcome=Outcome.CHOSEN if winners else Outcome.REJECTED,
        winners=tuple(winners),
        classes={"counted": marked},
        cast=marked + blank,
        blank=blank,
        roll=marked + blank,
        rounds=tuple(rounds),
        ties=tuple(lots.drawn),
    )


class _Tabulation:
    def __init__(self, convention: Convention, ballots: Orders, lots: Lots) -> None:
        self.like = convention
        self.ballots = ballots
        self.codes = ballots.codes
        self.several = convention.seats > 1
        self.unit = 10**convention.decimals
        self.rounds: list[dict[str, Any]] = []
        self.piles = Piles(self.codes, ballots.orders, ballots.counts, scale=self.unit)
        self.standing = Standing(self.codes, lots, earlier=convention.earlier)
        self.hopeful = list(range(len(self.codes)))
        self.elected: list[int] = []
        self.gone: list[int] = []
        self.kept: dict[int, int] = {}
        self.quota = 0
        self.undistributed = 0
        write_ins = convention.write_ins
        self.write_ins = None if write_ins is None else self.codes.index(write_ins)

    def winners(self) -> list[str]:
        """Count, and return who is elected, in the order of election."""
        if not sum(self.piles.votes(one) for one in self.hopeful):
            return []
        again = True
        while again:
            votes, told = self._round()
            new = self._winners(votes)
            gone: list[int] = []
            if new:
                self._elect(new, votes, told)
            elif self._eliminates():
                gone = self._losers(votes)
                told["eliminated"] = [self.codes[one] for one in gone]
                self._leave(gone)
            again = self._goes_on(new, gone)
        return [self.codes[one] for one in self.elected]

    def _round(self) -> tuple[dict[int, int], dict[str, Any]]:
        """Take down the votes of a round; set the quota where the round decides it."""
        votes = {one: self.piles.votes(one) for one in self._continuing()}
        first = not self.standing.round
        if first or not (self.several or self.like.first_round):
            self.quota = max(self._quota(sum(votes.values())), self.like.minimum * self.unit)
        shown = votes | self.kept
        self.standing.note(shown)
        told: dict[str, Any] = {
            "kind": "tabulated",
            "round": self.standing.round,
            "scale": self.unit,
            "quota": self.quota,
            "votes": {self.codes[one]: shown[one] for one in sorted(shown)},
            "inactive": self._inactive(),
        }
        if self.undistributed:
            told["undistributed"] = self.undistributed
        self.rounds.append(told)
        return votes, told

    def _continuing(self) -> list[int]:
        """Return who can receive votes: with ``until_two`` the elected one too."""
        if self.like.until_two and not self.several:
            return sorted([*self.hopeful, *self.elected])
        return self.hopeful

    def _quota(self, active: int) -> int:
        """Return the votes that elect, in parts, from those that count for somebody."""
        step = self.unit if self.like.whole else 1
        if self.like.hare:
            return -(-active // (self.like.seats * step)) * step
        return (active // ((self.like.seats + 1) * step) + 1) * step

    def _inactive(self) -> dict[str, int]:
        """Return what counts for nobody any more, by why it does not."""
        ended = self.piles.ended
        reasons = self.ballots.ends[ended]
        return {
            reason: self.piles.worth(ended[reasons == at])
            for at, reason in enumerate(self.ballots.reasons)
        }

    def _winners(self, votes: Mapping[int, int]) -> list[int]:
        """Return who is elected in this round; nobody while write-ins have votes."""
        seats = self.like.seats - len(self.elected)
        if seats <= 0 or (self.write_ins is not None and votes.get(self.write_ins)):
            return []
        able = [one for one in self.hopeful if one != self.write_ins]
        reached = [one for one in able if votes[one] >= self.quota]
        most = [one for one in able if votes[one] == max(votes.values())]
        if len(self.hopeful) == seats:
            found = list(able)
        elif self.like.first_round and len(self.hopeful) - 1 == self.like.seats:
            found = most
        elif self.like.mode is Mode.BOTTOMS_UP:
            found = []
        else:
            found = reached
        single = self.like.mode is Mode.ONE_BY_ONE or self.like.first_round
        # Of two who are left in a contest for one seat, one is elected now.
        decides = not self.several and not found and len(self.hopeful) == 2
        if decides and min(votes[one] for one in self.hopeful) < self.like.minimum * self.unit:
            decides = False
        if (len(found) > 1 and single) or decides:
            return [self.standing.strongest(most, why="election")]
        return self.standing.strongest_first(found, why="order") if found else []

    def _elect(self, new: list[int], votes: Mapping[int, int], told: dict[str, Any]) -> None:
        told["elected"] = [self.codes[one] for one in new]
        self.elected += new
        self.hopeful = [one for one in self.hopeful if one not in new]
        if not self.several or self.like.mode is Mode.BOTTOMS_UP:
            return
        self.piles.close(new)
        full = len(self.elected) >= self.like.seats
        surpluses: dict[str, int] = {}
        for one in new:
            surplus = max(0, votes[one] - self.quota)
            self.kept[one] = votes[one] - surplus
            if surplus:
                surpluses[self.codes[one]] = surplus
            self.piles.reduce(one, surplus * self.unit // votes[one] if surplus else 0, self.unit)
        for one in new:
            if full:
                self.undistributed += self.piles.votes(one)
            else:
                self.piles.pass_on(one)
        if surpluses and not full:
            told["surpluses"] = surpluses

    def _eliminates(self) -> bool:
        """Tell whether somebody has to go: seats are left, or more than two are."""
        many = len(self.codes) - len(self.gone) > 2
        return len(self.elected) < self.like.seats or (self.like.until_two and many)

    def _losers(self, votes: Mapping[int, int]) -> list[int]:
        """Return who goes: write-ins, who has too few, a batch, or the weakest."""
        if self.write_ins is not None and votes.get(self.write_ins):
            return [self.write_ins]
        few = [one for one, number in votes.items() if number < self.like.minimum * self.unit]
        if few and len(few) < len(votes):
            return few
        batch = self._batch(votes) if self.like.batch else []
        if len(batch) > 1:
            return batch
        return [self.standing.weakest(list(votes), why="elimination")]

    def _batch(self, votes: Mapping[int, int]) -> list[int]:
        """Return the weakest whose votes together are fewer than those of the next above them."""
        total = 0
        seen: list[int] = []
        found: list[int] = []
        before: list[int] = []
        for number, group in groupby(sorted(votes, key=votes.__getitem__), key=votes.__getitem__):
            if seen and total < number:
                before, found = found, list(seen)
            equals = list(group)
            seen += equals
            total += number * len(equals)
        if self.like.until_two and len(found) + len(self.gone) == len(self.codes) - 1:
            return before
        return found

    def _leave(self, gone: list[int]) -> None:
        self.gone += gone
        self.hopeful = [one for one in self.hopeful if one not in gone]
        self.piles.close(gone)
        for one in gone:
            self.piles.pass_on(one)

    def _goes_on(self, new: list[int], gone: list[int]) -> bool:
        """Tell whether there is another round."""
        done = len(self.elected)
        if self.like.stop_after is not None and self.standing.round >= self.like.stop_after:
            return False
        if self.like.until_two:
            return bool(gone) or len(self.gone) + done + 1 < len(self.codes)
        if done < self.like.seats:
            return bool(self.hopeful)
        return self.several and bool(new) and self.like.mode is not Mode.BOTTOMS_UP
