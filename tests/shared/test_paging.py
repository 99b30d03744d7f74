"""A cursor leads through a list once, whatever happens to the list meanwhile."""

from base64 import urlsafe_b64encode

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from shared.canonical import canonical
from shared.edge import AfterQuery, SizeQuery
from shared.paging import (
    CURSOR_LENGTH_MAX,
    PAGE_SIZE,
    PAGE_SIZE_MAX,
    BadCursor,
    Page,
    cursor,
    cursor_values,
    page,
)
from shared.problems import install

whole = st.integers(-(2**53) + 1, 2**53 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=100)


@given(st.lists(texts | whole, min_size=1, max_size=4))
def test_a_cursor_says_what_it_was_made_of(values: list[str | int]) -> None:
    assert cursor_values(cursor(*values), *map(type, values)) == tuple(values)


@given(st.text(max_size=40) | st.text("ABCabc012-_", max_size=40))
def test_any_other_text_is_refused_by_name(text: str) -> None:
    try:
        values = cursor_values(text, str)
    except BadCursor:
        return
    assert cursor(*values) == text


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "a",
        "ab=",
        cursor("a") + "=",
        cursor("a") + "\n",
        cursor("a")[:-1] + "1",
        cursor("a", "b"),
        cursor(1),
        _encoded(b"[true]"),
        _encoded(b"[null]"),
        _encoded(b'["a", "b"]'),
        _encoded(b'["a" ]'),
        _encoded(b'[["a"]]'),
        _encoded(b'{"0":"a"}'),
        _encoded(b'"a"'),
        _encoded(b"[1.0]"),
        _encoded(b'["\\ud800"]'),
        _encoded(b"\xff"),
        _encoded(canonical(["a" * CURSOR_LENGTH_MAX])),
        "١٢٣٤",
    ],
)
def test_a_cursor_has_one_form_and_belongs_to_one_order(text: str) -> None:
    with pytest.raises(BadCursor):
        cursor_values(text, str)


def _walk(names: set[str], size: int, *, meanwhile: dict[int, tuple[str, bool]]) -> list[str]:
    """Read a whole list while it changes between its pages."""
    seen: list[str] = []
    after: str | None = None
    for step in range(1_000):
        last = cursor_values(after, str)[0] if after else ""
        rows = sorted(name for name in names if name > last)[: size + 1]
        found = page(rows, size=size, shown=str.upper, order=lambda name: (name,))
        seen += found.items
        if found.next is None:
            return seen
        after = found.next
        if step in meanwhile:
            name, comes = meanwhile[step]
            names = names | {name} if comes else names - {name}
    raise AssertionError("a list that does not end")


letters = st.text("abcdef", min_size=1, max_size=3)


@given(
    st.sets(letters),
    st.integers(1, 5),
    st.dictionaries(st.integers(0, 9), st.tuples(letters, st.booleans())),
)
def test_who_stays_in_a_list_is_seen_once_however_it_changes(
    names: set[str], size: int, meanwhile: dict[int, tuple[str, bool]]
) -> None:
    seen = _walk(names, size, meanwhile=meanwhile)
    assert seen == sorted(set(seen))
    touched = {name for name, _ in meanwhile.values()}
    assert {name.upper() for name in names - touched} <= set(seen)


async def test_a_list_is_walked_over_http() -> None:
    app = FastAPI()

    @app.get("/numbers")
    async def numbers(size: SizeQuery = PAGE_SIZE, after: AfterQuery = None) -> Page[int]:
        first = cursor_values(after, int)[0] + 1 if after else 0
        rows = range(first, min(first + size + 1, 10))
        return page(rows, size=size, shown=int, order=lambda number: (number,))

    install(app)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://node.test") as client:
        seen, after = [], None
        while True:
            asked = {"size": 4} | ({"after": after} if after else {})
            answer = (await client.get("/numbers", params=asked)).json()
            seen.append(answer["items"])
            after = answer["next"]
            if after is None:
                break
        assert seen == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        bad = await client.get("/numbers", params={"after": cursor("a")})
        assert (bad.status_code, bad.json()["type"]) == (422, "/problems/bad-cursor")
        for size in (0, PAGE_SIZE_MAX + 1):
            assert (await client.get("/numbers", params={"size": size})).status_code == 422


def test_a_cursor_has_no_nul_which_no_database_looks_for() -> None:
    with pytest.raises(BadCursor):
        cursor_values(cursor("a\0b"), str)
