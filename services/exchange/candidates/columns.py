"""Entries as columns of integers, so that millions of pairs are judged at once."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import attrgetter
from typing import Final

import numpy as np
import numpy.typing as npt

from services.exchange.candidates.entries import DAY_MAX, PREFERRED, Entry
from services.exchange.candidates.places import reach_square, vector
from services.exchange.candidates.rules import value_range
from services.exchange.items import Kind, Visibility

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

KINDS: Final = tuple(Kind)
_KIND: Final = {kind: number for number, kind in enumerate(KINDS)}
_FACTS: Final = 12
TABLE_MAX: Final = 1_000_000
"""Up to so many pairs of codes are looked up in a table; sorting the pairs is slower."""
SPREAD_M: Final = 500
"""By how many metres a place is moved before neighbours are sought: entries of one town stand in
one point, and each is to meet others of them, not all the same few."""
ANY_REACH: Final = 2**62


class Codes:
    """Values and the numbers that stand for them; equal values have equal numbers."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def of(self, values: Iterable[Hashable]) -> Ints:
        """Return the numbers of values; new values get the next ones."""
        numbers, given = self._numbers, list(values)
        for value in dict.fromkeys(given):
            numbers.setdefault(value, len(numbers))
        return np.fromiter(map(numbers.__getitem__, given), np.int64, len(given))

    @property
    def values(self) -> list[Hashable]:
        """The values by their numbers."""
        return list(self._numbers)


@dataclass(frozen=True, slots=True)
class Common:
    """The numbers that offers and wants share."""

    owners: Codes
    nodes: Codes
    continents: Codes
    categories: Codes
    measures: Codes
    texts: Codes
    certificates: Codes
    blocks: Codes

    @classmethod
    def empty(cls) -> "Common":
        """Return codes in which nothing is said has number 0."""
        found = cls(*(Codes() for _ in range(8)))
        for codes in (found.continents, found.measures, found.texts):
            codes.of([""])
        for codes in (found.certificates, found.blocks):
            codes.of([frozenset()])
        return found


@dataclass(frozen=True, slots=True)
class Columns:
    """The entries of one side in the order of their ids; every array has one row for each.

    Args:
        whole, each: values of the whole and of one large unit: a row of the lows, one of the highs.
        place: metres from the middle of the earth, three rows; ``placed`` says where known.
        points: the places as neighbours are sought in them.
        keys: 64 bits of each id, by which ties are broken without favour.
    """

    entries: Sequence[Entry]
    owner: Ints
    node: Ints
    continent: Ints
    category: Ints
    measure: Ints
    text: Ints
    held: Ints
    required: Ints
    blocks: Ints
    kind: Ints
    hidden: Mask
    prefers: Ints
    quantity: Ints
    whole: Ints
    each: Ints
    first: Ints
    last: Ints
    placed: Mask
    place: Ints
    reach: Ints
    points: Floats
    keys: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.entries)


def columns(entries: Sequence[Entry], common: Common) -> Columns:
    """Return the columns of entries that stand in the order of their ids."""
    facts = np.array([_facts(entry) for entry in entries], np.int64).reshape(-1, _FACTS).T
    place = np.array([_vector(entry) for entry in entries], np.int64).reshape(-1, 3)
    digests = b"".join(blake2b(e.id.encode(), digest_size=16).digest() for e in entries)
    keys = np.frombuffer(digests, "<u8").reshape(-1, 2)
    kind, hidden, prefers, quantity, first, last, placed, reach, low, high, least, most = (
        np.ascontiguousarray(fact) for fact in facts
    )
    return Columns(
        entries=entries,
        owner=common.owners.of(map(attrgetter("owner"), entries)),
        node=common.nodes.of(map(attrgetter("node"), entries)),
        continent=common.continents.of(map(attrgetter("continent"), entries)),
        category=common.categories.of(map(attrgetter("category"), entries)),
        measure=common.measures.of(map(attrgetter("measure"), entries)),
        text=common.texts.of(map(attrgetter("text"), entries)),
        held=common.certificates.of(map(attrgetter("held"), entries)),
        required=common.certificates.of(map(attrgetter("required"), entries)),
        blocks=common.blocks.of(map(attrgetter("blocks"), entries)),
        kind=kind,
        hidden=hidden.astype(bool),
        prefers=prefers,
        quantity=quantity,
        whole=np.stack((low, high)),
        each=np.stack((least, most)),
        first=first,
        last=last,
        placed=placed.astype(bool),
        place=np.ascontiguousarray(place.T),
        reach=reach,
        points=place + _moved(keys[:, 1]),
        keys=np.ascontiguousarray(keys[:, 0]).astype(np.uint64),
    )


def square_of(offers: Columns, wants: Columns, o: Ints, w: Ints) -> Ints:
    """Return the squares of the metres between the places of pairs."""
    found = np.zeros(o.size, np.int64)
    for offered, wanted in zip(offers.place, wants.place, strict=True):
        apart = offered[o] - wanted[w]
        found += apart * apart
    return found


def root(squares: Ints) -> Ints:
    """Return whole square roots, rounded down; exact, for squares of metres stay below 2^53."""
    return np.sqrt(squares).astype(np.int64)


def by_pair(one: Ints, other: Ints, judged: Callable[[int, int], int]) -> Ints:
    """Return what is judged of pairs of codes, each different pair once."""
    if not one.size:
        return np.empty(0, np.int64)
    width = int(other.max()) + 1
    pair = one * width + other
    size = (int(one.max()) + 1) * width
    if size <= TABLE_MAX:
        table = np.zeros(size, np.int64)
        table[pair] = 1
        known = np.flatnonzero(table)
        table[known] = [judged(*divmod(number, width)) for number in known.tolist()]
        told: Ints = table[pair]
        return told
    known, where = np.unique(pair, return_inverse=True)
    found = [judged(*divmod(number, width)) for number in known.tolist()]
    return np.array(found, np.int64)[where]


def different(values: Ints) -> Ints:
    """Return the different values in their order; sorting beats what ``unique`` does with many."""
    values = np.sort(values)
    return values[np.concatenate(([True], values[1:] != values[:-1]))] if values.size else values


def _facts(entry: Entry) -> tuple[int, ...]:
    """Return the numbers of one entry that need no codes."""
    return (
        _KIND[entry.kind],
        entry.visibility is Visibility.NETWORK,
        PREFERRED[entry.prefers],
        entry.quantity or 1,
        entry.first_day or 0,
        entry.last_day or DAY_MAX,
        entry.lat is not None,
        ANY_REACH if entry.radius_km is None else reach_square(entry.radius_km),
        *value_range(entry, False),
        *value_range(entry, True),
    )


def _vector(entry: Entry) -> tuple[int, int, int]:
    if entry.lat is None or entry.lon is None:
        return (0, 0, 0)
    return vector(entry.lat, entry.lon)


def _moved(keys: npt.NDArray[np.uint64]) -> Floats:
    parts = [(keys >> np.uint64(shift)) & np.uint64(0xFFFF) for shift in (0, 16, 32)]
    moved: Floats = np.stack(parts, axis=1).astype(np.float64) * (2 * SPREAD_M / 65_535) - SPREAD_M
    return moved
