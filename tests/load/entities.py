"""Entities for the benchmark: profiles of the size that lists have, each with its own name."""

from collections.abc import Sequence
from typing import Any, Final

from services.directory.entries import Entry
from shared.contracts.profile import PublicProfile
from shared.ids import NodeName, global_id, uuid7

_FIELDS: Final[dict[str, Any]] = {
    "names": {"ar": "تعاونية نساء الوادي"},
    "description": {"fr": "Trente femmes pressent l'huile et vendent au marché le jeudi."},
    "practices": ["practice:producer-coop"],
    "activities": ["activities:a01"],
    "geo": {"lat": 296947000, "lon": -97307000, "precision": "locality"},
    "members_total": 30,
}


def entries(node: NodeName, start: int, count: int) -> Sequence[Entry]:
    """Return new entities of a node, named by their numbers from ``start`` on."""
    return [
        Entry(
            entity_id=global_id(node, uuid7()),
            public=PublicProfile.model_validate({"name": f"Coopérative {number}", **_FIELDS}),
        )
        for number in range(start, start + count)
    ]
