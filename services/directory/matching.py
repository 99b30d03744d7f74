"""How words are asked of both databases: the same tiers over the same tokens.

In the first tier the words stand in the name as they are written; in the second in one of their
forms in names, places, tags and practices; in the third anywhere. No match is in two of them.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    cast,
    column,
    literal_column,
    not_,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from services.directory.tables import SEARCH, TOKEN_COLUMNS

TIERS: Final = len(TOKEN_COLUMNS)
PREFIX_LETTERS_MIN: Final = 3
"""Letters of the last word from which it is taken for the beginning of one, too."""

Groups = list[tuple[str, ...]]

_fts: Final = table("search_fts", column("rowid"))


def matches(
    groups: Groups, tier: int, *, sqlite: bool, before: int | None, most: int
) -> Select[Any]:
    """Return the query for the keys that the words match in a tier and in none before it.

    Args:
        groups: what is asked for, as ``text.query_tokens`` says it.
        tier: from 0, the nearest.
        sqlite: which of the two databases is asked.
        before: the key from which on matches have been seen.
        most: how many.
    """
    if sqlite:
        place: ColumnElement[int] = _fts.c.rowid
        matched = literal_column("search_fts").bool_op("MATCH")(_fts_question(groups, tier))
        query = select(place).select_from(_fts).where(matched)
    else:
        place = SEARCH.c.entity
        query = select(place).where(_tsvector_question(groups, tier))
    if before is not None:
        query = query.where(place < before)
    return query.order_by(place.desc()).limit(most)


def _fts_question(groups: Groups, tier: int) -> str:
    """Return a tier's question as FTS5 asks it."""
    question = _fts_tier(groups, tier)
    return question if tier == 0 else f"({question}) NOT ({_fts_tier(groups, tier - 1)})"


def _fts_tier(groups: Groups, tier: int) -> str:
    columns = " ".join(_columns(tier))
    asked = (
        f"{{{columns}}} : ({' OR '.join(_quoted(*wanted) for wanted in forms)})"
        for forms in _forms(groups, tier)
    )
    return " AND ".join(f"({one})" for one in asked)


def _quoted(token: str, beginning: bool) -> str:
    return f'"{token}"*' if beginning else f'"{token}"'


def _tsvector_question(groups: Groups, tier: int) -> ColumnElement[bool]:
    question = _tsvector_tier(groups, tier)
    return question if tier == 0 else and_(question, not_(_tsvector_tier(groups, tier - 1)))


def _tsvector_tier(groups: Groups, tier: int) -> ColumnElement[bool]:
    return and_(
        *(
            or_(*(SEARCH.c[name].bool_op("@@")(_tsquery(forms)) for name in _columns(tier)))
            for forms in _forms(groups, tier)
        )
    )


def _tsquery(forms: Iterable[tuple[str, bool]]) -> ColumnElement[Any]:
    text = " | ".join(f"'{token}':*" if beginning else f"'{token}'" for token, beginning in forms)
    return cast(text, TSQUERY)


def _columns(tier: int) -> tuple[str, ...]:
    return TOKEN_COLUMNS[: tier + 1]


def _forms(groups: Groups, tier: int) -> list[list[tuple[str, bool]]]:
    """Return the tokens of which each group needs one, each with whether it is a beginning.

    The first tier takes words as they were written, the others in all their forms, and there the
    last one may be a word half typed.
    """
    if tier == 0:
        return [[(group[0], False)] for group in groups]
    forms = [[(token, False) for token in group] for group in groups]
    last = groups[-1][0]
    if len(last) >= PREFIX_LETTERS_MIN:
        forms[-1].append((last, True))
    return forms
