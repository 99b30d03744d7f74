"""Leaves that a network adds below our tree, in its own words."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

import orjson
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from services.exchange import categories
from services.exchange.categories import UnknownCategory
from services.exchange.items import OwnCategory
from services.exchange.tables.offers import CATEGORY
from shared.canonical import trusted_canonical
from shared.ids import NodeName
from shared.refusals import Kind, Missing, Refusal
from shared.store import Prepared, Work

OWN_MAX: Final = 500
"""How many leaves of its own a network may have."""


class CategoryTaken(Refusal):
    """A network has a leaf of that word already, and says something else of it."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "category-taken"
    title: ClassVar[str] = "There is a category of that word already"


class TooManyCategories(Refusal):
    """A network adds more leaves than a tree can hold."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "too-many-categories"
    title: ClassVar[str] = "A network adds at most 500 categories of its own"


class OwnLeaf(NamedTuple):
    """A leaf of this network."""

    code: str
    above: str
    labels: dict[str, str]
    synonyms: dict[str, list[str]]
    closed: bool


_columns = (CATEGORY.c.code, CATEGORY.c.above, CATEGORY.c.labels, CATEGORY.c.synonyms)
_OWN = Prepared(select(*_columns, CATEGORY.c.closed).where(CATEGORY.c.code == bindparam("wanted")))
_KEEP = Prepared(
    insert(CATEGORY).on_conflict_do_nothing(),
    columns=("code", "above", "labels", "synonyms", "closed", "made_at"),
)
_CLOSE = Prepared(update(CATEGORY).where(CATEGORY.c.code == bindparam("wanted")).values(closed=1))


def add_category(
    work: Work,
    *,
    node: NodeName,
    word: str,
    above: str,
    labels: Mapping[str, str],
    synonyms: Mapping[str, Sequence[str]],
) -> OwnLeaf:
    """Add a leaf below one of our categories; asked again with the same words, it is one.

    Raises:
        UnknownCategory: what it is to stand below is none of ours.
        CategoryTaken, TooManyCategories
    """
    categories.category(above)
    code = f"{node}:{word}"
    row = {
        "code": code,
        "above": above,
        "labels": trusted_canonical(dict(labels)).decode(),
        "synonyms": trusted_canonical({tag: list(said) for tag, said in synonyms.items()}).decode(),
        "closed": 0,
        "made_at": work.moment,
    }
    known = _own(work, code)
    if known is None:
        if len(own_categories(work)) >= OWN_MAX:
            raise TooManyCategories()
        work.run(_KEEP, row)
        known = _own(work, code)
        assert known is not None
    if (known.above, known.labels) != (above, dict(labels)) or known.closed:
        raise CategoryTaken(code)
    return known


def close_category(work: Work, code: str) -> None:
    """Have a leaf take no new items; those that stand in it stay.

    Raises:
        Missing
    """
    if not work.run(_CLOSE, {"wanted": code}):
        raise Missing()


def own_categories(work: Work) -> list[OwnLeaf]:
    """Return the leaves that this network has added, in the order of their codes."""
    query = select(*_columns, CATEGORY.c.closed).order_by(CATEGORY.c.code)
    return [_leaf(tuple(row)) for row in work.execute(query)]


def resolved(work: Work, code: str, *, closed_too: bool = False) -> tuple[str, OwnCategory | None]:
    """Return the category of ours that a code stands for, and the network's own leaf if it is one.

    Args:
        work: a unit.
        code: of our tree, or ``<node>:<word>``.
        closed_too: whether a closed leaf is good, as for an item that stands in it.

    Raises:
        UnknownCategory
    """
    if ":" not in code:
        return categories.category(code).code, None
    leaf = _own(work, code)
    if leaf is None or (leaf.closed and not closed_too):
        raise UnknownCategory(code[:60])
    return leaf.above, OwnCategory(code=leaf.code, labels=leaf.labels)


def synonyms_of(work: Work, code: str) -> dict[str, list[str]]:
    """Return what a leaf of this network is called otherwise, by language."""
    leaf = _own(work, code)
    return leaf.synonyms if leaf else {}


def _own(work: Work, code: str) -> OwnLeaf | None:
    found = work.rows(_OWN, {"wanted": code})
    return _leaf(found[0]) if found else None


def _leaf(row: tuple[Any, ...]) -> OwnLeaf:
    code, above, labels, synonyms, closed = row
    return OwnLeaf(code, above, orjson.loads(labels), orjson.loads(synonyms), bool(closed))
