"""What a run answers: the rings, their worth, and how far from the best they can be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

PER_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One ring: each slot receives from the next, and the last from the first.

    Args:
        slots: the names, dummies among them; in a chain the giver stands first.
        weight: what it is worth in the problem's objective.
        size: how many real slots it has.
        is_open: a chain that starts with a gift, and whose last receiver gives to nobody.
    """

    slots: tuple[str, ...]
    weight: int
    size: int
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run found, and how far from the best it can be.

    Args:
        value: the worth of all rings.
        bound: no choice of rings is worth more.
        rings: the rings, in their order.
        proven: whether nothing better is possible (tiers that count before the worth aside).
        certificate: what another node needs in order to check it all.
        report: how it went: counts, steps, tiers.
    """

    value: int
    bound: int
    rings: tuple[Ring, ...]
    proven: bool
    certificate: Mapping[str, Any]
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def gap_ppm(self) -> int:
        """How much better the best can be at most, in parts per million of the bound."""
        return 0 if self.bound <= 0 else -(-(self.bound - self.value) * PER_MILLION // self.bound)

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "value": self.value,
            "bound": self.bound,
            "gap_ppm": self.gap_ppm,
            "proven": self.proven,
            "rings": [
                {
                    "slots": list(ring.slots), "weight": ring.weight, "size": ring.size,
                    "open": ring.is_open,
                }
                for ring in self.rings
            ],
            "certificate": dict(self.certificate),
            "report": dict(self.report),
        }  # fmt: skip
