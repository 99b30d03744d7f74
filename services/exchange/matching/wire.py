"""A problem of matching and its result as they travel: plain JSON, without numpy.

A problem is one object::

    {"v": 1, "cap": 4, "owners": "once", "objective": "expected", "tiers": ["agreed", "value"],
     "slots": {"id": [...], "owner": [...], "dummy": [...], "gift": [...], "standing": [...]},
     "arcs": {"tail": [...], "head": [...], "utility": [...], "confirm": [...],
              "tier": [...], "fixed": [...]}}

Columns that are left out have their default; ``dummy``, ``gift`` and ``fixed`` hold 0 or 1.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import orjson

VERSION: Final = 1
CAP_MIN: Final = 2
CAP_MAX: Final = 5
CAP_DEFAULT: Final = 4
PER_MILLE: Final = 1000


class Owners(StrEnum):
    """How often one owner may stand in a ring."""

    ONCE = "once"
    ANY = "any"


class Objective(StrEnum):
    """What a ring is worth."""

    PLAIN = "plain"
    """The sum of its utilities."""
    EXPECTED = "expected"
    """That sum times the chance that all confirm, in thousandths of a utility."""


class Tier(StrEnum):
    """What is made as large as can be before the next is looked at."""

    AGREED = "agreed"
    """Links that were agreed beforehand, by their number."""
    NETWORK = "network"
    """The worth of the rings that lie wholly inside one's own network."""
    CONTINENT = "continent"
    """The worth of the rings that lie wholly inside the continent."""
    VALUE = "value"
    """The worth of all rings."""
    WORST_OFF = "worst-off"
    """How many are served of those with the lowest standing, then of the next, and so on."""
    PEOPLE = "people"
    """How many different participants are served."""
    SHORT = "short"
    """Short rings before long ones: the sum of their squared sizes, as small as can be."""


def problem_bytes(
    *,
    slots: Mapping[str, Sequence[Any]],
    arcs: Mapping[str, Sequence[int]],
    cap: int = CAP_DEFAULT,
    owners: str = Owners.ONCE,
    objective: str = Objective.EXPECTED,
    tiers: Sequence[str] = (Tier.VALUE,),
) -> bytes:
    """Return a problem as the solver's process takes it.

    Args:
        slots: columns ``id`` and ``owner`` (text), and if need be ``dummy``, ``gift`` (0 or 1)
            and ``standing`` (lower is worse off).
        arcs: columns ``tail`` and ``head`` (places in the list of slots: the tail's owner would
            receive the head), and if need be ``utility``, ``confirm`` (per mille), ``tier``
            (0 own network, 1 continent, 2 beyond) and ``fixed`` (0 or 1).
        cap: the most real slots in a ring.
        owners: ``once`` or ``any``.
        objective: ``plain`` or ``expected``.
        tiers: names of ``Tier`` in the order in which they count.
    """
    return orjson.dumps(
        {
            "v": VERSION, "cap": cap, "owners": owners, "objective": objective,
            "tiers": list(tiers), "slots": dict(slots), "arcs": dict(arcs),
        }
    )  # fmt: skip
