"""The Method of Equal Shares: every voter has the same part of the budget to buy projects with.

Again and again the project is bought that costs its supporters least for what it gives them; they
share its cost as equally as their purses allow. In ``cost`` a project gives each supporter as much
as it costs; in ``cardinality`` every project gives one. A voter who gave points counts a project
as many times as points.

Source: Peters, Pierczyński and Skowron (2021), Proportional participatory budgeting with additive
utilities; docs/decisions/0008-counting.md.
"""

import heapq
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any, NamedTuple

from services.governance.counting.budgets.model import Election, Room, pair
from services.governance.counting.budgets.purses import Price, Purses, Unaffordable

Choice = Callable[[Sequence[int]], int]
"""Which of several equals comes first."""


class Purchase(NamedTuple):
    """One project bought: what it costs for what it gives, and what its supporters pay."""

    at: int
    rho: Fraction
    pays: Fraction
    """What a supporter pays for each point, who has as much."""
    paid_in_full: int
    paid_all_they_had: int
    rival: Fraction | None = None
    """What any other project would have cost for what it gives, or more; None: there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesRun:
    """What one run of Equal Shares has bought.

    Args:
        each: what a voter began with.
        ties: number of the purchase and the equals between which an order had to decide.
        same_until: after how many more steps of Add1 a decision could come out differently, at
            the earliest; None: never.
    """

    each: Fraction
    purchases: tuple[Purchase, ...] = ()
    ties: tuple[tuple[int, tuple[int, ...]], ...] = ()
    same_until: int | None = None

    @property
    def chosen(self) -> tuple[int, ...]:
        """Return the projects in the order in which they were bought."""
        return tuple(one.at for one in self.purchases)

    def holds_up_to(self, raised: "SharesRun") -> bool:
        """Return whether every beginning between that of this run and a larger one buys the same.

        For a given order of purchases, whoever begins with more has no less at any time, and so
        every project costs no more. If each purchase at the smaller beginning costs less than all
        its rivals at the larger one, then nothing between the two can come before it.
        """
        return self.chosen == raised.chosen and all(
            more.rival is None or one.rho < more.rival
            for one, more in zip(self.purchases, raised.purchases, strict=True)
        )


class _Bound(NamedTuple):
    """A project may cost its supporters this much, or more; ``slope`` with each step of Add1."""

    rho: Fraction
    at: int
    slope: Fraction


def equal_shares(
    of: Election,
    first: Choice,
    *,
    among: Collection[int],
    cardinality: bool = False,
    raised: int = 0,
    step: int = 0,
) -> SharesRun:
    """Return what voters buy with equal shares of the budget; what is left stays unspent.

    Args:
        first: which of equals is bought first.
        among: the projects that can be funded; each has a supporter.
        cardinality: a project gives its supporters one, and not as much as it costs.
        raised: by how many steps every voter has more than a share of the budget.
        step: how much a step of Add1 is, in smallest units; 0 where there is none.
    """
    if of.voters == 0:
        return SharesRun(each=Fraction(0))
    each = Fraction(of.total, of.voters) + raised * step
    shop = _Shop(of, first, cardinality, Purses(of, each, step))
    shop.open(among)
    return SharesRun(
        each=each,
        purchases=tuple(shop.purchases),
        ties=tuple(shop.ties),
        same_until=None if shop.until is None else max(1, ceil(shop.until)),
    )


class _Shop:
    """One run: the purses, what can still be bought, and what was."""

    def __init__(self, of: Election, first: Choice, cardinality: bool, purses: Purses) -> None:
        self._of = of
        self._first = first
        self._purses = purses
        self._worth = [1 if cardinality else one.cost for one in of.projects]
        self._room = Room(of)
        self._offers: list[_Bound] = []
        self.until: Fraction | None = None
        self.purchases: list[Purchase] = []
        self.ties: list[tuple[int, tuple[int, ...]]] = []

    def open(self, among: Collection[int]) -> None:
        """Sell what can be bought, until nobody can buy more."""
        for at in sorted(among):
            if self._of.projects[at].cost == 0:
                self._keep(Purchase(at, Fraction(0), Fraction(0), self._of.supporters(at), 0))
            else:
                # Every price is found when it is asked for; until then it may be nothing.
                self._offers.append(_Bound(Fraction(0), at, Fraction(0)))
        heapq.heapify(self._offers)
        while self._sell():
            pass

    def _sell(self) -> bool:
        """Sell what costs its supporters least; return whether there was something."""
        asked: dict[int, tuple[_Bound, Price]] = {}
        best: Fraction | None = None
        while self._offers and (best is None or self._offers[0].rho <= best):
            at = heapq.heappop(self._offers).at
            offer = self._offer(at)
            if offer is None:
                continue
            asked[at] = offer
            best = offer[0].rho if best is None else min(best, offer[0].rho)
        if best is None:
            return False
        tied = [at for at, (bound, _) in asked.items() if bound.rho == best]
        at = self._first(sorted(tied)) if len(tied) > 1 else tied[0]
        if len(tied) > 1:
            self.ties.append((len(self.purchases) + 1, tuple(sorted(tied))))
        bound, price = asked.pop(at)
        for other, _ in asked.values():
            heapq.heappush(self._offers, other)
        self._limit(bound, price)
        paid = Fraction(price.owed, price.weight * self._purses.denominator)
        who = self._purses.pay(self._of.backing[at], price)
        rival = self._offers[0].rho if self._offers else None
        self._keep(Purchase(at, bound.rho, paid, *who, rival))
        return True

    def _offer(self, at: int) -> tuple[_Bound, Price] | None:
        """Return a project's price now, or None where it can never be bought any more."""
        project = self._of.projects[at]
        if not self._room.allowed(at):
            return None
        price = self._purses.price(self._of.backing[at], project.cost)
        if isinstance(price, Unaffordable):
            if price.slope > 0:
                self._at_most(Fraction(price.missing, price.slope))
            return None
        whole = price.weight * self._purses.denominator * self._worth[at]
        rho = Fraction(price.owed, whole)
        return _Bound(rho, at, Fraction(-price.poor_slope, whole)), price

    def _limit(self, bought: _Bound, price: Price) -> None:
        """Note how far the beginning can be raised and this purchase is still made in this way."""
        steps = self._purses.steps(price)
        if steps is not None:
            self._at_most(steps)
        for other in self._offers:
            if other.slope < bought.slope:
                self._at_most((other.rho - bought.rho) / (bought.slope - other.slope))

    def _at_most(self, steps: Fraction) -> None:
        if self.until is None or steps < self.until:
            self.until = steps

    def _keep(self, purchase: Purchase) -> None:
        self._room.take(purchase.at)
        self.purchases.append(purchase)


def told(of: Election, run: SharesRun) -> list[dict[str, Any]]:
    """Return a run as rounds of a report."""
    rounds: list[dict[str, Any]] = []
    left, purses = of.total, run.each * of.voters
    for purchase in run.purchases:
        project = of.projects[purchase.at]
        left -= project.cost
        purses -= project.cost
        rounds.append(
            {
                "kind": "budget-bought",
                "project": project.code,
                "cost": project.cost,
                "score": of.scores[purchase.at],
                "rho": pair(purchase.rho),
                "pays": pair(purchase.pays),
                "pays_about": int(purchase.pays),
                "paid_in_full": purchase.paid_in_full,
                "paid_all_they_had": purchase.paid_all_they_had,
                "purses": pair(purses),
                "left": left,
            }
        )
    return rounds
