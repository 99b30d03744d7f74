"""The work of a round's process: candidates, the solver, and what there is to say about both.

Only the process of a round imports this; it needs numpy and scipy.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import orjson

from services.exchange.candidates.building import Built, built
from services.exchange.candidates.closure import Closure
from services.exchange.candidates.entries import Entry
from services.exchange.candidates.explanations import Missing, nearest_missing
from services.exchange.candidates.figures import Leg, figures
from services.exchange.candidates.graph import Graph
from services.exchange.candidates.rules import Bounds
from services.exchange.candidates.search import Settings, candidates
from services.exchange.matching.outcome import Outcome, Ring
from services.exchange.matching.solve import solve
from services.exchange.rounds.question import Question

PUBLISHED_MAX: Final = 200_000
"""Up to so many arcs the problem is kept with its certificate; beyond it is made again from the
offers and wants, which the hash tells to be the same."""

Tell = Callable[[str, int, int], None]

EXPLAINED_MAX: Final = 2_000
"""How many unmatched entries a round explains; a larger one explains the first ones by id."""
COMPARED_MAX: Final = 200
"""How many entries of its part of the tree an unmatched one is compared with."""


def answer(question: Question, tell: Tell) -> dict[str, Any]:
    """Return what a round finds, as ``answer.answered`` reads it."""
    graph = candidates(
        question.entries,
        question.ancestors,
        Settings(weights=question.weights, chances=question.chances, level=question.level.tier),
        agreed=question.agreed,
    )
    graph = _without(graph, frozenset(question.barred))
    tell("candidates", len(graph), 0)
    made = built(graph, cap=question.cap, quotas=question.quotas)
    outcome = solve(made.problem, tell=tell)
    rings = [_legs(made, ring) for ring in outcome.rings]
    return {
        "rings": [
            {
                "legs": [_leg(graph, number) for number in legs],
                "weight": ring.weight,
                "chain": ring.is_open,
            }
            for ring, legs in zip(outcome.rings, rings, strict=True)
        ],
        "input_hash": made.problem.digest,
        "value": outcome.value,
        "bound": outcome.bound,
        "gap_ppm": outcome.gap_ppm,
        "proven": outcome.proven,
        "arcs": len(graph),
        "considered": _considered(graph),
        "figures": _figures(question, graph, rings, outcome),
        "missing": _missing(question, graph, rings),
        "certificate": dict(outcome.certificate),
        "problem": orjson.loads(made.written()) if len(graph) <= PUBLISHED_MAX else {},
        "report": dict(outcome.report),
    }


def _without(graph: Graph, barred: frozenset[tuple[str, str]]) -> Graph:
    """Return the graph without the arcs that somebody has declined; what is agreed stays."""
    if not barred:
        return graph
    offers = [entry.id for entry in graph.offers]
    wants = [entry.id for entry in graph.wants]
    stays = np.array(
        [
            fixed or (offers[offer], wants[want]) not in barred
            for offer, want, fixed in zip(
                graph.offer.tolist(), graph.want.tolist(), graph.fixed.tolist(), strict=True
            )
        ],
        dtype=bool,
    )
    names = ("offer", "want", "fixed", "likeness", "terms", "chance", "tier", "quantity")
    return replace(graph, **{name: getattr(graph, name)[stays] for name in names})


def _legs(made: Built, ring: Ring) -> list[int]:
    """Return the arcs of a ring from giver to giver; the solver goes from receiver to receiver."""
    return made.arcs(ring.slots, ring.is_open)[::-1]


def _leg(graph: Graph, number: int) -> dict[str, Any]:
    arc = graph.arc(number)
    return {
        "offer": arc.offer.id,
        "want": arc.want.id,
        "quantity": arc.quantity,
        "terms": {term.value: points for term, points in arc.terms.items() if points},
        "chance": arc.chance,
        "tier": int(arc.tier),
    }


def _considered(graph: Graph) -> dict[str, Any]:
    of = graph.considered
    return {
        "seen": of.seen,
        "refused": {rule.value: count for rule, count in of.refused.items() if count},
        "crowded": of.crowded,
        "kept": len(graph),
    }


def _figures(
    question: Question, graph: Graph, rings: Sequence[Sequence[int]], outcome: Outcome
) -> dict[str, Any]:
    legs = [[_passed(graph, number) for number in ring] for ring in rings]
    found = figures(question.entries, legs, value=outcome.value, bound=outcome.bound)
    return found.document()


def _passed(graph: Graph, number: int) -> Leg:
    arc = graph.arc(number)
    return Leg(offer=arc.offer, want=arc.want, utility=arc.utility)


def _missing(question: Question, graph: Graph, rings: Sequence[Sequence[int]]) -> Mapping[str, Any]:
    """Return what keeps the nearest arc of each unmatched entry from being one."""
    matched = {
        entry.id
        for ring in rings
        for arc in map(graph.arc, ring)
        for entry in (arc.offer, arc.want)
    }
    closure = Closure(question.ancestors)
    bounds = Bounds(level=question.level.tier, text_least=question.weights.text_least)
    near: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(question.entries, key=lambda one: one.id):
        near[_root(closure, entry)].append(entry)
    left = [entry for entry in question.entries if entry.id not in matched]
    found: dict[str, Any] = {}
    for entry in sorted(left, key=lambda one: one.id)[:EXPLAINED_MAX]:
        others = [
            other
            for other in near[_root(closure, entry)]
            if other.side is not entry.side and other.owner != entry.owner
        ]
        missing = nearest_missing(entry, others[:COMPARED_MAX], closure, bounds)
        found[entry.id] = None if missing is None else _told(missing)
    return found


def _told(missing: Missing) -> dict[str, Any]:
    return {
        "other": missing.other,
        "failures": [
            {"rule": failure.rule.value, "by": failure.by, "what": list(failure.what)}
            for failure in missing.failures
        ],
    }


def _root(closure: Closure, entry: Entry) -> str:
    return closure.with_above(entry.category)[-1]
