"""What is published with a result, so that another node can check it without a solver."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import orjson

from services.exchange.matching.model import Problem
from services.exchange.matching.outcome import Ring
from services.exchange.matching.prices import Prices

VERSION: Final = 1


def written(problem: Problem, rings: Sequence[Ring], prices: Prices) -> dict[str, Any]:
    """Return the certificate of chosen rings.

    It holds the hash of the problem, its settings, the rings with their worth, and for each slot a
    price in parts of ``1 / scale``. No ring is worth more than its slots cost; so no choice of
    rings is worth more than ``bound``, the sum of all prices. ``seal`` is the hash of the rest.
    """
    priced = np.flatnonzero(prices.of[: problem.size])
    body: dict[str, Any] = {
        "v": VERSION,
        "problem": problem.digest,
        "cap": problem.cap,
        "owners": problem.owners.value,
        "objective": problem.objective.value,
        "value": sum(ring.weight for ring in rings),
        "bound": prices.bound,
        "rings": [{"slots": list(ring.slots), "weight": ring.weight} for ring in rings],
        "scale": prices.scale,
        "prices": {problem.ids[at]: int(prices.of[at]) for at in priced.tolist()},
    }
    return {**body, "seal": sealed(body)}


def sealed(body: Mapping[str, Any]) -> str:
    """Return the hash of a certificate's members, but for the seal itself."""
    rest = {name: value for name, value in body.items() if name != "seal"}
    return hashlib.sha256(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS)).hexdigest()
