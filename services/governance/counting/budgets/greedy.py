"""Greedy: projects by their votes, most first, as long as money is left.

What most cities do. It has two forms: ``skip`` passes over what does not fit and goes on, ``stop``
ends at the first project that does not fit.

Source: docs/decisions/0008-counting.md.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from services.governance.counting.budgets.model import Election, Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of a rule has funded, and how.

    Args:
        chosen: places of projects, in the order in which they were funded.
        rounds: the report's rounds; the first to fund a project is number 1.
        ties: number of the round and the equals between which an order had to decide.
    """

    chosen: tuple[int, ...]
    rounds: tuple[dict[str, Any], ...] = ()
    ties: tuple[tuple[int, tuple[int, ...]], ...] = ()


def eligible(of: Election, threshold: int = 0) -> list[int]:
    """Return the projects that can be funded: with a vote, and with as many as are asked for."""
    least = max(1, threshold)
    return [at for at, score in enumerate(of.scores) if score >= least]


def greedy(
    of: Election,
    order: Sequence[int],
    *,
    among: Collection[int],
    stop: bool = False,
    funded: Iterable[int] = (),
) -> Run:
    """Return what is funded by votes.

    Args:
        order: for each project its rank among equals; the smallest comes first.
        among: the projects that can be funded.
        stop: end at the first project that does not fit, and do not pass over it.
        funded: projects that are paid for already, and stay so.
    """
    room = Room(of)
    done = set(funded)
    for at in done:
        room.take(at)
    chosen: list[int] = []
    rounds: list[dict[str, Any]] = []
    ties: list[tuple[int, tuple[int, ...]]] = []
    ranking = sorted(set(among) - done, key=lambda at: (-of.scores[at], order[at]))
    for _, equals in groupby(ranking, key=lambda at: of.scores[at]):
        level = list(equals)
        rivals = tuple(level if stop else filter(room.fits, level))
        began, left_out = len(chosen) + 1, False
        for at in level:
            fits = room.fits(at)
            rounds.append(_told(of, room, at, fits=fits))
            if fits:
                room.take(at)
                chosen.append(at)
                rounds[-1]["left"] = room.left
                continue
            left_out = left_out or at in rivals
            if stop:
                break
        if left_out and len(rivals) > 1:
            ties.append((began, rivals))
        if left_out and stop:
            break
    return Run(chosen=tuple(chosen), rounds=tuple(rounds), ties=tuple(ties))


def _told(of: Election, room: Room, at: int, *, fits: bool) -> dict[str, Any]:
    project = of.projects[at]
    told: dict[str, Any] = {
        "kind": "budget-funded" if fits else "budget-passed-over",
        "project": project.code,
        "cost": project.cost,
        "score": of.scores[at],
        "left": room.left,
    }
    if not fits:
        told["why"] = "cap" if project.cost <= room.left else "budget"
    return told
