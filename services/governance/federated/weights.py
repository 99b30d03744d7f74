"""Weights that fall with size: the root of a roll, and no network above a share of all."""

from collections.abc import Mapping, Sequence
from math import isqrt

from services.governance.rules import Share


def degressive(rolls: Mapping[str, int], *, cap: Share | None) -> dict[str, int]:
    """Return the weight of each network: the whole root of its roll, at least one, and capped.

    With exactly as many networks as the cap has shares (five, for a fifth) all weigh the same,
    because none may be above the mean.
    """
    weights = {network: max(1, isqrt(size)) for network, size in rolls.items()}
    return weights if cap is None else capped(weights, cap)


def capped(weights: Mapping[str, int], cap: Share) -> dict[str, int]:
    """Return weights of which none is above a share of all, lowered until nothing changes.

    All is reckoned in whole numbers: a fifth of them is ``total // 5``.
    """
    found = dict(weights)
    while found:
        most = sum(found.values()) * cap.n // cap.d
        lowered = {network: min(weight, most) for network, weight in found.items()}
        if lowered == found:
            break
        found = lowered
    return found


def passes_jagiellonian(yes: int, total: int, rolls: Sequence[int]) -> bool:
    """Tell whether weights reach the quota of Penrose's rule, without taking a root.

    The quota is half of the weights and half the root of all members: ``2 yes - total`` has to be
    more than that root.

    Source: Slomczynski and Zyczkowski (2006), Penrose voting system and optimal quota.
    """
    over = 2 * yes - total
    return over > 0 and over * over > sum(rolls)
