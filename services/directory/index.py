"""The index follows: entities are analysed after they are kept, and then found by their words.

Keeping an entity marks its row. The indexer takes marked rows in small batches, analyses them
outside the writer, and writes tokens, terms and the end of the mark in one transaction, unless the
entity has changed meanwhile. The mark lies beside the row, so a crash loses nothing; see
docs/decisions/0003-search-index-follows.md.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from services.directory import vocabulary
from services.directory.tables import ENTITY, SEARCH, TERM
from shared.store import Prepared, Store, Work
from shared.text import tokens

BATCH_ROWS: Final = 64
"""Rows that are analysed and written together: some 5 ms of analysis, so that others get a turn."""
POLL_S: Final = 1.0
"""How often the indexer looks for rows that nobody woke it for."""
SETTLE_S: Final = 0.25
"""How long the indexer waits after it was woken: changes seldom come alone."""
BUSY_S: Final = 0.5
"""For how long after pages arrived the service is taken to be busy with more of them."""
BUSY_SHARE: Final = 4
"""While pages arrive the indexer takes one part in so many of the time."""
TERMS_REMEMBERED_MAX: Final = 256

_TERM_FIELDS: Final = ("practices", "activities")
_TEXT_FIELDS: Final = ("summary", "description", "mission")
_PLACE_FIELDS: Final = ("locality", "region", "admin1", "admin2", "commune")


@dataclass(frozen=True, slots=True)
class ToIndex:
    """An entity that has changed since it was indexed."""

    key: int
    id: str
    revision: int
    profile: str


@dataclass(frozen=True, slots=True)
class Analysed:
    """The tokens and terms by which an entity is found, and the revision that they are of."""

    of: ToIndex
    name: str
    near: str
    rest: str
    terms: tuple[str, ...]


_rows: Final = select(ENTITY.c.key, ENTITY.c.id, ENTITY.c.revision, ENTITY.c.profile)
# A literal, not a parameter: only then is the index over the marked rows used.
_MARKED: Final = Prepared(
    _rows.where(ENTITY.c.indexed == literal_column("0"))
    .order_by(ENTITY.c.key)
    .limit(bindparam("most"))
)
_ONE: Final = Prepared(_rows.where(ENTITY.c.id == bindparam("wanted"), ENTITY.c.withdrawn == 0))
# Locked, so that on a server no withdrawal comes between this look and what is written.
_STILL: Final = Prepared(
    select(ENTITY.c.key)
    .where(
        ENTITY.c.key == bindparam("at"),
        ENTITY.c.id == bindparam("wanted"),
        ENTITY.c.revision == bindparam("seen"),
        ENTITY.c.withdrawn == 0,
    )
    .with_for_update()
)
_new = insert(SEARCH)
_KEEP: Final = Prepared(
    _new.on_conflict_do_update(
        index_elements=("entity",),
        set_={name: _new.excluded[name] for name in ("name", "near", "rest")},
    ),
    columns=("entity", "name", "near", "rest"),
)
_CLEAR_TERMS: Final = Prepared(delete(TERM).where(TERM.c.entity == bindparam("of")))
_KEEP_TERMS: Final = Prepared(insert(TERM), columns=("term", "entity"))
_UNMARK: Final = Prepared(
    update(ENTITY).where(ENTITY.c.key == bindparam("at")).values(indexed=literal_column("1"))
)


class Indexer:
    """Keeps the search up with the entities, in the background.

    Args:
        store: the directory's database.
        poll_s: how often it looks for rows that nobody woke it for, in seconds.
    """

    def __init__(self, store: Store, *, poll_s: float = POLL_S) -> None:
        self._store = store
        self._poll_s = poll_s
        self._changed = asyncio.Event()
        self._arrived_at = float("-inf")

    def arrived(self) -> None:
        """Hear that pages have been applied; there may be more of them right behind."""
        self._arrived_at = time.monotonic()
        self._changed.set()

    def changed(self) -> None:
        """Hear that the node itself has changed entities."""
        self._changed.set()

    async def run(self) -> None:
        """Index what is marked, until cancelled."""
        while True:
            self._changed.clear()
            began = time.monotonic()
            if await index_some(self._store):
                await asyncio.sleep(self._rest_s(time.monotonic() - began))
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._poll_s)
                await asyncio.sleep(SETTLE_S)

    def _rest_s(self, worked_s: float) -> float:
        busy = time.monotonic() - self._arrived_at < BUSY_S
        return worked_s * (BUSY_SHARE - 1) if busy else 0.0


async def follow(store: Store) -> int:
    """Index all that is marked; return how many entities that were."""
    count = 0
    while some := await index_some(store):
        count += some
    return count


async def index_some(store: Store) -> int:
    """Index one batch of what is marked; return how many entities it was made of."""
    found = await store.read(marked, BATCH_ROWS)
    if found:
        done = await asyncio.to_thread(lambda: [analysed(one) for one in found])
        await store.write(keep, done)
    return len(found)


def index_now(work: Work, entity_id: str) -> None:
    """Index one entity in the unit that changed it, so that it is found at once."""
    keep(work, [analysed(ToIndex(*row)) for row in work.rows(_ONE, {"wanted": entity_id})])


def marked(work: Work, most: int) -> list[ToIndex]:
    """Return entities that have changed since they were indexed, the longest known first."""
    return [ToIndex(*row) for row in work.rows(_MARKED, {"most": most})]


def keep(work: Work, found: Sequence[Analysed]) -> None:
    """Write what was analysed, but for entities that have changed since; these stay marked."""
    still = [one for one in found if work.rows(_STILL, _seen(one.of))]
    work.run(
        _KEEP,
        [
            {"entity": one.of.key, "name": one.name, "near": one.near, "rest": one.rest}
            for one in still
        ],
    )
    work.run(_CLEAR_TERMS, [{"of": one.of.key} for one in still])
    work.run(
        _KEEP_TERMS, [{"term": term, "entity": one.of.key} for one in still for term in one.terms]
    )
    work.run(_UNMARK, [{"at": one.of.key} for one in still])


def analysed(of: ToIndex) -> Analysed:
    """Return by what an entity is found."""
    profile: dict[str, Any] = orjson.loads(of.profile)
    terms = dict.fromkeys(term for field in _TERM_FIELDS for term in profile.get(field, ()))
    return Analysed(
        of=of,
        name=_joined(_names(profile)),
        near=_joined([*_whereabouts(profile), *(word for term in terms for word in _called(term))]),
        rest=_joined(_texts(profile)),
        terms=tuple(
            dict.fromkeys([*terms, *(up for term in terms for up in vocabulary.above(term))])
        ),
    )


def _seen(of: ToIndex) -> dict[str, Any]:
    return {"at": of.key, "wanted": of.id, "seen": of.revision}


def _names(profile: dict[str, Any]) -> list[str]:
    own = profile.get("original_language")
    names: dict[str, str] = profile.get("names", {})
    found = tokens(profile["name"], own)
    for field in ("legal_name", "nickname"):
        found += tokens(profile.get(field, ""), own)
    for language, name in names.items():
        found += tokens(name, language)
    return found


def _whereabouts(profile: dict[str, Any]) -> list[str]:
    own = profile.get("original_language")
    found: list[str] = []
    for address in profile.get("addresses", ()):
        for field in _PLACE_FIELDS:
            found += tokens(address.get(field, ""))
    for tag in profile.get("tags", ()):
        found += tokens(tag, own)
    return found


@lru_cache(maxsize=TERMS_REMEMBERED_MAX)
def _called(term: str) -> tuple[str, ...]:
    """Return the tokens of what a term is called in each language."""
    concept = vocabulary.concept(term)
    labels = concept.labels if concept else {}
    found = [word for language, label in labels.items() for word in tokens(label, language)]
    return tuple(dict.fromkeys(found))


def _texts(profile: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for field in _TEXT_FIELDS:
        for language, text in profile.get(field, {}).items():
            found += tokens(text, language)
    return found


def _joined(found: list[str]) -> str:
    """Return tokens as a column holds them, each once."""
    return " ".join(dict.fromkeys(found))
