"""A problem of matching as arrays.

An arc leads from tail to head: the tail's owner would receive what the head offers. A ring is a
closed path; a dummy slot stands for no one and says "at most one of these".
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from services.exchange.matching.refusals import BadProblem
from services.exchange.matching.wire import (
    CAP_DEFAULT,
    CAP_MAX,
    CAP_MIN,
    PER_MILLE,
    VERSION,
    Objective,
    Owners,
    Tier,
)

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float64]

SLOTS_MAX: Final = 2_000_000
ARCS_MAX: Final = 20_000_000
UTILITY_MAX: Final = 10**7
ID_LETTERS_MAX: Final = 200
TIERS: Final = 8


@dataclass(frozen=True, eq=False, kw_only=True)
class Problem:
    """Slots and arcs in one order, whatever the order in which they were given.

    Made by ``arranged``: slots are sorted by id, arcs by tail and head, and owners are numbered
    as their first slot comes.

    Args:
        ids: the slots' names.
        owner: the owner of each slot, as a number.
        dummy: slots that count nothing and stand for no one.
        gift: slots that give without receiving: a chain that starts there has an open end.
        standing: how well off the owner is; the lowest come first where a tier asks for it.
        tail: who would receive, as a place in ``ids``.
        head: whose offer it is.
        utility: what the receiving is worth, 0 or more.
        confirm: how likely it is to be confirmed, per mille.
        tier: 0 inside one's own network, 1 inside the continent, 2 beyond.
        fixed: arcs that were agreed beforehand.
        cap: the most real slots in a ring, 2 to 5.
        owners: whether an owner may stand in a ring more than once.
        objective: what a ring is worth.
        tiers: what counts first.
    """

    ids: tuple[str, ...]
    owner: Ints
    dummy: Flags
    gift: Flags
    standing: Ints
    tail: Ints
    head: Ints
    utility: Ints
    confirm: Ints
    tier: Ints
    fixed: Flags
    cap: int = CAP_DEFAULT
    owners: Owners = Owners.ONCE
    objective: Objective = Objective.PLAIN
    tiers: tuple[Tier, ...] = (Tier.VALUE,)

    @property
    def size(self) -> int:
        """The number of slots."""
        return len(self.ids)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the problem, the same for every order of its slots and arcs."""
        head = {
            "v": VERSION, "ids": self.ids, "cap": self.cap, "owners": self.owners,
            "objective": self.objective, "tiers": self.tiers,
        }  # fmt: skip
        made = hashlib.sha256(orjson.dumps(head, option=orjson.OPT_SORT_KEYS))
        for column in (
            self.owner, self.dummy, self.gift, self.standing, self.tail, self.head,
            self.utility, self.confirm, self.tier, self.fixed,
        ):  # fmt: skip
            made.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
        return made.hexdigest()

    def replaced(self, **settings: Any) -> "Problem":
        """Return the same slots and arcs with another cap, objective, tiers or rule of owners."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        made = Problem(**{**values, **settings})
        _require_settings(made.cap)
        return made


def arranged(
    *,
    ids: Sequence[str],
    owners_of: Sequence[Any] | Ints,
    tail: Sequence[int] | Ints,
    head: Sequence[int] | Ints,
    dummy: Sequence[Any] | Flags | Ints | None = None,
    gift: Sequence[Any] | Flags | None = None,
    standing: Sequence[int] | Ints | None = None,
    utility: Sequence[int] | Ints | None = None,
    confirm: Sequence[int] | Ints | None = None,
    tier: Sequence[int] | Ints | None = None,
    fixed: Sequence[Any] | Flags | None = None,
    cap: int = CAP_DEFAULT,
    owners: Owners = Owners.ONCE,
    objective: Objective = Objective.PLAIN,
    tiers: Sequence[Tier] = (Tier.VALUE,),
) -> Problem:
    """Return a problem in its one order; of parallel arcs the best is kept.

    Args:
        ids: the slots' names, each once.
        owners_of: who owns each slot; equal values are one owner.
        tail: places in ``ids``.
        head: places in ``ids``.
        dummy: 0 or 1 for each slot; none where left out.
        gift: 0 or 1 for each slot; none where left out.
        standing: one number for each slot.
        utility: for each arc; 1 out of real slots and 0 out of dummies where left out.
        confirm: for each arc, per mille; 1000 where left out.
        tier: for each arc; 0 where left out.
        fixed: 0 or 1 for each arc; none where left out.
        cap: the most real slots in a ring.
        owners: whether an owner may stand in a ring more than once.
        objective: what a ring is worth.
        tiers: what counts first.

    Raises:
        BadProblem: columns of unlike length, names that repeat, numbers out of their range, an
            arc to nowhere.
    """
    _require_settings(cap)
    _require_ids(ids)
    n, m = len(ids), len(tail)
    if n > SLOTS_MAX or m > ARCS_MAX:
        raise BadProblem(f"at most {SLOTS_MAX} slots and {ARCS_MAX} arcs")
    if len(owners_of) != n:
        raise BadProblem("each slot has one owner")
    place = np.array(sorted(range(n), key=lambda one: (len(ids[one]), ids[one])), dtype=np.int64)
    at = np.empty(n, dtype=np.int64)
    at[place] = np.arange(n)
    is_dummy = _flags(dummy, n, "dummy")
    tails, heads = _column(tail, m, "tail", 0, n - 1), _column(head, m, "head", 0, n - 1)
    if bool((tails == heads).any()):
        raise BadProblem("an arc leads from a slot to itself")
    worth = (
        (~is_dummy[tails]).astype(np.int64)
        if utility is None
        else _column(utility, m, "utility", 0, UTILITY_MAX)
    )
    chance = _column(confirm, m, "confirm", 0, PER_MILLE, default=PER_MILLE)
    level = _column(tier, m, "tier", 0, TIERS - 1, default=0)
    agreed = _flags(fixed, m, "fixed")
    tails, heads = at[tails], at[heads]
    # The best of parallel arcs comes first, and the first is kept.
    order = np.lexsort((level, -worth, -(worth * chance), ~agreed, heads, tails))
    tails, heads = tails[order], heads[order]
    first = np.ones(m, dtype=np.bool_)
    first[1:] = (tails[1:] != tails[:-1]) | (heads[1:] != heads[:-1])
    kept = order[first]
    return Problem(
        ids=tuple(ids[one] for one in place),
        owner=_numbered([owners_of[one] for one in place]),
        dummy=is_dummy[place],
        gift=_flags(gift, n, "gift")[place],
        standing=_column(standing, n, "standing", -UTILITY_MAX, UTILITY_MAX, default=0)[place],
        tail=tails[first], head=heads[first], utility=worth[kept], confirm=chance[kept],
        tier=level[kept], fixed=agreed[kept],
        cap=cap, owners=owners, objective=objective, tiers=tuple(tiers),
    )  # fmt: skip


def problem_of(document: Mapping[str, Any]) -> Problem:
    """Return the problem that a document of ``wire`` holds.

    Raises:
        BadProblem: it is not one.
    """
    try:
        if document["v"] != VERSION:
            raise BadProblem(f"version {document['v']}")
        slots, arcs = document["slots"], document["arcs"]
        unknown = (
            (document.keys() - {"v", "cap", "owners", "objective", "tiers", "slots", "arcs"})
            | (slots.keys() - {"id", "owner", "dummy", "gift", "standing"})
            | (arcs.keys() - {"tail", "head", "utility", "confirm", "tier", "fixed"})
        )
        if unknown:
            raise BadProblem(f"unknown: {', '.join(sorted(map(str, unknown)))}")
        return arranged(
            ids=slots["id"],
            owners_of=slots["owner"],
            **{name: slots.get(name) for name in ("dummy", "gift", "standing")},
            tail=arcs["tail"],
            head=arcs["head"],
            **{name: arcs.get(name) for name in ("utility", "confirm", "tier", "fixed")},
            cap=document.get("cap", CAP_DEFAULT),
            owners=Owners(document.get("owners", Owners.ONCE)),
            objective=Objective(document.get("objective", Objective.EXPECTED)),
            tiers=[Tier(one) for one in document.get("tiers", [Tier.VALUE])],
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadProblem(str(error)[:200]) from error


def _require_settings(cap: int) -> None:
    if type(cap) is not int or not CAP_MIN <= cap <= CAP_MAX:
        raise BadProblem(f"a ring has {CAP_MIN} to {CAP_MAX} members at most: {cap}")


def _require_ids(ids: Sequence[str]) -> None:
    if not all(type(one) is str and 0 < len(one) <= ID_LETTERS_MAX for one in ids):
        raise BadProblem(f"a slot's name is a text of at most {ID_LETTERS_MAX} letters")
    if len(set(ids)) != len(ids):
        raise BadProblem("two slots have one name")


def _column(
    given: Sequence[int] | Ints | None,
    size: int,
    name: str,
    low: int,
    high: int,
    default: int | None = None,
) -> Ints:
    if given is None and default is not None:
        return np.full(size, default, dtype=np.int64)
    made = np.asarray(given)
    if made.size == 0 and size == 0:
        return np.zeros(0, dtype=np.int64)
    if made.shape != (size,) or made.dtype.kind not in "iu":
        raise BadProblem(f"{name}: {size} whole numbers")
    if int(made.min()) < low or int(made.max()) > high:
        raise BadProblem(f"{name}: from {low} to {high}")
    return made.astype(np.int64)


def _flags(given: Sequence[Any] | Flags | Ints | None, size: int, name: str) -> Flags:
    if given is None:
        return np.zeros(size, dtype=np.bool_)
    made = np.asarray(given)
    if made.dtype.kind == "b" and made.shape == (size,):
        return made.astype(np.bool_)
    return _column(made, size, name, 0, 1).astype(np.bool_)


def _numbered(values: Sequence[Any]) -> Ints:
    numbers: dict[Any, int] = {}
    made = [numbers.setdefault(value, len(numbers)) for value in values]
    return np.array(made, dtype=np.int64)
