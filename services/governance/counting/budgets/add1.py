"""Add1: voters begin with more and more, until what they buy uses up the real budget.

Equal Shares alone leaves money over, because supporters of a project may hold more than it costs
and others too little for theirs. So every voter is given one step more, and everything is counted
anew, until nothing more would fit; or until it costs more than there is, then the count before
that one holds. Steps on which no decision can differ are not counted one by one.
"""

from collections.abc import Collection
from typing import NamedTuple

from services.governance.counting.budgets.equal_shares import Choice, SharesRun, equal_shares
from services.governance.counting.budgets.model import Election, Room


class Raised(NamedTuple):
    """The run that holds, by how many steps its voters began with more, and how many were run."""

    run: SharesRun
    steps: int
    runs: int


def add1(
    of: Election,
    first: Choice,
    *,
    among: Collection[int],
    cardinality: bool = False,
    step: int = 1,
    one_by_one: bool = False,
) -> Raised:
    """Return Equal Shares with the largest beginning that the budget bears.

    Args:
        step: by how much every voter begins with more each time, in smallest units.
        one_by_one: count every step; the same comes out, later.
    """

    def run_at(steps: int) -> SharesRun:
        return equal_shares(
            of, first, among=among, cardinality=cardinality, raised=steps, step=step
        )

    steps, runs, run = 0, 1, run_at(0)
    # How many steps more than the next are tried at once, and how often the next alone is taken
    # before that is tried again.
    leap, patience = 0, 0
    while run.same_until is not None and not exhaustive(of, run.chosen, among):
        after = steps + (1 if one_by_one else run.same_until)
        if leap and not one_by_one:
            runs += 1
            far = run_at(after + leap)
            if run.holds_up_to(far):
                steps, run, leap = after + leap, far, 2 * leap
                continue
            leap, patience = 0, 2
        runs += 1
        more = run_at(after)
        if of.cost_of(more.chosen) > of.total:
            if after - 1 > steps:
                # The last step before the one that was too much; it buys the same as this run.
                last = run_at(after - 1)
                assert last.chosen == run.chosen
                return Raised(last, after - 1, runs + 1)
            return Raised(run, steps, runs)
        if run.holds_up_to(more):
            patience -= 1
            leap = 1 if patience <= 0 else 0
        steps, run = after, more
    return Raised(run, steps, runs)


def exhaustive(of: Election, chosen: Collection[int], among: Collection[int]) -> bool:
    """Return whether no further project fits into the budget."""
    room = Room(of)
    for at in chosen:
        room.take(at)
    return not any(room.fits(at) for at in set(among) - set(chosen))
