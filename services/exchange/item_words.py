"""The words by which items are found, and the categories that they stand in.

What a person posts is indexed in the unit that keeps it. What comes from other nodes is only
marked as it arrives; the indexer takes marked items in small batches, analyses them outside the
writer, and writes their words unless the item has changed meanwhile.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from services.exchange import categories
from services.exchange.categories import UnknownCategory
from services.exchange.tables.offers import ITEM, ITEM_TERM, ITEM_WORD
from shared.store import Prepared, Store, Work
from shared.text import tokens

BATCH_ROWS: Final = 64
SETTLE_S: Final = 0.25
"""How long the indexer waits after it was woken: changes seldom come alone."""
WORDS_MAX: Final = 400
"""Words of one item under which it is found."""
TITLE: Final = 0
TEXT: Final = 1


@dataclass(frozen=True, slots=True)
class ToIndex:
    """An item that has changed since it was indexed."""

    key: int
    id: str
    revision: int
    state: str
    data: str


@dataclass(frozen=True, slots=True)
class Analysed:
    """The words and categories by which an item is found, and the revision that they are of."""

    of: ToIndex
    words: dict[str, int]
    terms: tuple[str, ...]


_rows: Final = select(ITEM.c.key, ITEM.c.id, ITEM.c.revision, ITEM.c.state, ITEM.c.data)
# A literal, not a parameter: only then is the index over the marked rows used.
_MARKED: Final = Prepared(
    _rows.where(ITEM.c.indexed == literal_column("0")).order_by(ITEM.c.key).limit(bindparam("most"))
)
_ONE: Final = Prepared(_rows.where(ITEM.c.id == bindparam("wanted")))
# Locked, so that on a server no change comes between this look and what is written.
_STILL: Final = Prepared(
    select(ITEM.c.key)
    .where(
        ITEM.c.key == bindparam("at"),
        ITEM.c.id == bindparam("wanted"),
        ITEM.c.revision == bindparam("seen"),
    )
    .with_for_update()
)
_CLEAR_WORDS: Final = Prepared(delete(ITEM_WORD).where(ITEM_WORD.c.item == bindparam("of")))
_CLEAR_TERMS: Final = Prepared(delete(ITEM_TERM).where(ITEM_TERM.c.item == bindparam("of")))
_KEEP_WORDS: Final = Prepared(insert(ITEM_WORD), columns=("word", "item", "rank"))
_KEEP_TERMS: Final = Prepared(insert(ITEM_TERM), columns=("term", "item"))
_UNMARK: Final = Prepared(
    update(ITEM).where(ITEM.c.key == bindparam("at")).values(indexed=literal_column("1"))
)


class Indexer:
    """Keeps the search up with the items, in the background."""

    def __init__(self, store: Store, *, poll_s: float) -> None:
        self._store = store
        self._poll_s = poll_s
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Hear that items have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Index what is marked, until cancelled."""
        while True:
            self._changed.clear()
            if await index_some(self._store):
                # Others get a turn between two batches.
                await asyncio.sleep(0)
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._poll_s)
                await asyncio.sleep(SETTLE_S)


async def follow(store: Store) -> int:
    """Index all that is marked; return how many items that were."""
    count = 0
    while some := await index_some(store):
        count += some
    return count


async def index_some(store: Store) -> int:
    """Index one batch of what is marked; return how many items it was made of."""
    found = await store.read(marked, BATCH_ROWS)
    if found:
        done = await asyncio.to_thread(lambda: [analysed(one) for one in found])
        await store.write(keep, done)
    return len(found)


def index_now(work: Work, item_id: str) -> None:
    """Index one item in the unit that changed it, so that it is found at once."""
    keep(work, [analysed(ToIndex(*row)) for row in work.rows(_ONE, {"wanted": item_id})])


def marked(work: Work, most: int) -> list[ToIndex]:
    """Return items that have changed since they were indexed, the longest known first."""
    return [ToIndex(*row) for row in work.rows(_MARKED, {"most": most})]


def keep(work: Work, found: Sequence[Analysed]) -> None:
    """Write what was analysed, but for items that have changed since; these stay marked."""
    still = [
        one
        for one in found
        if work.rows(_STILL, {"at": one.of.key, "wanted": one.of.id, "seen": one.of.revision})
    ]
    keys = [{"of": one.of.key} for one in still]
    work.run(_CLEAR_WORDS, keys)
    work.run(_CLEAR_TERMS, keys)
    work.run(
        _KEEP_WORDS,
        [
            {"word": word, "item": one.of.key, "rank": rank}
            for one in still
            for word, rank in one.words.items()
        ],
    )
    work.run(
        _KEEP_TERMS, [{"term": term, "item": one.of.key} for one in still for term in one.terms]
    )
    work.run(_UNMARK, [{"at": one.of.key} for one in still])


def analysed(of: ToIndex) -> Analysed:
    """Return by what an item is found; a tombstone by nothing."""
    if not of.data:
        return Analysed(of, {}, ())
    data: dict[str, Any] = orjson.loads(of.data)
    found: dict[str, int] = {}
    for language, title in data["title"].items():
        _enter(found, tokens(title, language), TITLE)
    own = data.get("own_category")
    for language, label in (own["labels"] if own else {}).items():
        _enter(found, tokens(label, language), TITLE)
    terms = terms_of(data["category"], own["code"] if own else "")
    for term in terms[:2]:
        _enter(found, list(_called(term)), TITLE)
    for language, text in data.get("text", {}).items():
        _enter(found, tokens(text, language), TEXT)
    for text in (data.get("market", ""), data.get("place", {}).get("locality", "")):
        _enter(found, tokens(text), TEXT)
    return Analysed(of, found, terms)


def terms_of(code: str, own_code: str = "") -> tuple[str, ...]:
    """Return the categories under which an item is listed: its own leaf, ours, all above it."""
    try:
        ours = categories.closure(code)
    except UnknownCategory:
        # A later release has it; it is found by its words and its code.
        ours = (code,)
    return (own_code, *ours) if own_code else ours


def _enter(found: dict[str, int], words: Sequence[str], rank: int) -> None:
    for word in words:
        if len(found) >= WORDS_MAX:
            return
        found.setdefault(word, rank)


@lru_cache(maxsize=256)
def _called(code: str) -> tuple[str, ...]:
    """Return the words of what a category is called in each language."""
    known = categories.tree().get(code)
    if known is None:
        return ()
    names = [(language, label) for language, label in known.labels.items()]
    names += [(language, name) for language, said in known.synonyms.items() for name in said]
    return tuple(dict.fromkeys(word for language, name in names for word in tokens(name, language)))
