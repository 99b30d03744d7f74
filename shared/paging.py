"""Lists by pages: an opaque cursor says after which row the next page begins.

A cursor holds the values by which the list is ordered, and no count of rows: what is added or
withdrawn between two pages makes nobody miss a row or see one twice. It is not signed, because it
can say nothing that a query could not; but it has one form, and every other is refused.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

from pydantic import BaseModel, Field

from shared.canonical import Malformed, NotCanonical, canonical, parse_canonical
from shared.refusals import Kind, Refusal

T = TypeVar("T")
R = TypeVar("R")
Value = str | int

PAGE_SIZE: Final = 50
"""How many rows a page has where nothing is said."""
PAGE_SIZE_MAX: Final = 200
CURSOR_LENGTH_MAX: Final = 1_024
CURSOR_VALUES_MAX: Final = 8

_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]+")


class BadCursor(Refusal):
    """A cursor that no list of ours has given out."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-cursor"
    title: ClassVar[str] = "This is no cursor of this list; begin at the first page"


class Page(BaseModel, Generic[T]):
    """A page of a list."""

    items: list[T]
    next: str | None = Field(
        default=None,
        description="What to hand in as `after` for the next page; null on the last one.",
        examples=["WyJhcmdhbmUiXQ"],
    )


def cursor(*values: Value) -> str:
    """Return the cursor that says these values, those of the last row that was shown."""
    assert 0 < len(values) <= CURSOR_VALUES_MAX
    text = _text(canonical(list(values)))
    assert len(text) <= CURSOR_LENGTH_MAX, "lists are ordered by short values"
    return text


def cursor_values(text: str, *types: type[Value]) -> tuple[Any, ...]:
    """Return what a cursor says.

    Args:
        text: what the asker handed in.
        types: of each value by which the list is ordered, ``str`` or ``int``.

    Raises:
        BadCursor: it is malformed, or belongs to a list of another order.
    """
    if len(text) > CURSOR_LENGTH_MAX or not _CURSOR.fullmatch(text) or len(text) % 4 == 1:
        raise BadCursor()
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    try:
        values = parse_canonical(data, depth_max=1)
    except (Malformed, NotCanonical) as error:
        raise BadCursor() from error
    # The last letter may hold bits that say nothing; a cursor has one form.
    if _text(data) != text or not isinstance(values, list):
        raise BadCursor()
    # True and false would pass for integers.
    if [type(value) for value in values] != list(types):
        raise BadCursor()
    # No row of ours has a NUL, and PostgreSQL does not even look for one.
    if any("\0" in value for value in values if isinstance(value, str)):
        raise BadCursor()
    return tuple(values)


def page(
    rows: Sequence[R],
    *,
    size: int,
    shown: Callable[[R], T],
    order: Callable[[R], tuple[Value, ...]],
) -> Page[T]:
    """Return a page of the rows that a query found.

    Args:
        rows: in the order of the list; one more than ``size`` tells that there is a next page.
        size: how many rows the page has.
        shown: what the page shows of a row.
        order: the values by which the list is ordered, the last one unlike any other's.
    """
    here = rows[:size]
    following = cursor(*order(here[-1])) if len(rows) > size and here else None
    return Page(items=[shown(row) for row in here], next=following)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
