"""What a round asks: its offers and wants, and by which rules they are matched; plain JSON.

The question holds no names and no texts that people read, but folded words, so that nothing
personal leaves the service for the process that answers it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

import orjson

from services.exchange.candidates.chances import ArcClass, Chances
from services.exchange.candidates.entries import Agreed, Entry, Tier
from services.exchange.candidates.weights import Weights
from services.exchange.items import Kind, Preference, Side, Visibility
from services.exchange.rings.confidence import Record

VERSION: Final = 1


class Level(StrEnum):
    """How far a round reaches."""

    NETWORK = "network"
    CONTINENT = "continent"
    WORLD = "world"

    @property
    def tier(self) -> Tier:
        """How far apart two sides may be."""
        return {"network": Tier.NETWORK, "continent": Tier.CONTINENT, "world": Tier.WORLD}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a round asks.

    Args:
        level: how far it reaches.
        cap: how many take part in a ring at most, 2 to 5.
        entries: its offers and wants, those that nobody holds.
        ancestors: of each category those above it.
        agreed: links that are fixed.
        barred: (offer, want) that somebody has declined.
        weights: of the utility.
        chances: what has been learned of members and of classes of arcs.
        quotas: in how many rings an owner may be at a time.
    """

    level: Level
    cap: int
    entries: Sequence[Entry]
    ancestors: Mapping[str, Sequence[str]]
    agreed: Sequence[Agreed] = ()
    barred: Sequence[tuple[str, str]] = ()
    weights: Weights = field(default_factory=Weights)
    chances: Chances = field(default_factory=Chances)
    quotas: Mapping[str, int] = field(default_factory=dict)


def question_bytes(question: Question) -> bytes:
    """Return a question as the process takes it."""
    return orjson.dumps(
        {
            "v": VERSION,
            "level": question.level,
            "cap": question.cap,
            "entries": [_entry_fields(entry) for entry in question.entries],
            "ancestors": {code: list(above) for code, above in question.ancestors.items()},
            "agreed": [[one.offer, one.want] for one in question.agreed],
            "barred": [list(pair) for pair in question.barred],
            "weights": {one.name: getattr(question.weights, one.name) for one in fields(Weights)},
            "members": _records(question.chances.members),
            "classes": _records(
                {f"{kind} {tier}": one for (kind, tier), one in question.chances.classes.items()}
            ),
            "quotas": dict(question.quotas),
        }
    )


def question_of(given: bytes) -> Question:
    """Return the question of what ``question_bytes`` has written."""
    told = orjson.loads(given)
    assert told["v"] == VERSION
    return Question(
        level=Level(told["level"]),
        cap=told["cap"],
        entries=[_entry(one) for one in told["entries"]],
        ancestors=told["ancestors"],
        agreed=[Agreed(offer, want) for offer, want in told["agreed"]],
        barred=[(offer, want) for offer, want in told["barred"]],
        weights=Weights.of(told["weights"]),
        chances=Chances(
            members={one: Record(*values) for one, values in told["members"].items()},
            classes={_class(one): Record(*values) for one, values in told["classes"].items()},
        ),
        quotas=told["quotas"],
    )


def arc_class(word: str) -> ArcClass | None:
    """Return the class of arcs that a word of the records names, or None."""
    try:
        return _class(word)
    except (ValueError, KeyError):
        return None


def _class(word: str) -> ArcClass:
    kind, _, tier = word.partition(" ")
    return Kind(kind), Tier(int(tier))


def _records(records: Mapping[str, Record]) -> dict[str, list[int]]:
    return {one: [record.yes, record.no] for one, record in records.items()}


_SETS: Final = ("held", "required", "blocks")
_WORDS: Final = {"side": Side, "kind": Kind, "visibility": Visibility, "prefers": Preference}
_USUAL: Final = {one.name: one.default for one in fields(Entry)}


def _entry_fields(entry: Entry) -> dict[str, Any]:
    """Return what an entry says beyond what is usual."""
    found = {}
    for name, usual in _USUAL.items():
        value = getattr(entry, name)
        if value != usual:
            found[name] = sorted(value) if name in _SETS else value
    return found


def _entry(told: Mapping[str, Any]) -> Entry:
    values = dict(told)
    for name in _SETS:
        if name in values:
            values[name] = frozenset(values[name])
    for name, kind in _WORDS.items():
        if name in values:
            values[name] = kind(values[name])
    return Entry(**values)
