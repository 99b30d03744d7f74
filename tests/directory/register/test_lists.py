"""Lists of members: headings in five languages, rows that are refused by name, twice the same."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory import handlers, register_rows
from services.directory.register_import import Account, take_list
from services.directory.register_lists import ROWS_MAX, BadList, Issue, read_list
from services.directory.register_words import GENDERS, HEADINGS, STANDINGS
from shared.store import Store, Work
from tests.directory.conftest import NODE, entity_id, entry

ARGAN = entity_id(1)
LIST = f"""number,name,groups,gender,worker,worker_since,since,delegate_of,begins,ends,entity
A-1,Amina,worker user,w,yes,2019-04,2021-01-01,{ARGAN},2026-01-01,2028-01-01,
A-2,بدر,user,,no,,,,,,
A-3,Chadia,,,,,,,,,
,,,,,,2020-05-01,,,,{ARGAN}
"""


def take(work: Work, text: str, *, preview: bool = False) -> Account:
    rows, issues = read_list(text.encode())
    return take_list(work, rows, issues, node=NODE, by="steward-1", preview=preview)


async def test_a_list_is_taken_in_and_the_same_again_changes_nothing(store: Store) -> None:
    await store.write(handlers.list_entity, entry(1))
    first = await store.write(take, LIST)
    assert first.issues == []
    assert first.done == {"entered": 3, "admitted": 4, "mandates": 1}
    again = await store.write(take, LIST)
    assert again.done == {"unchanged": 4}
    amina = await store.read(register_rows.numbered, "A-1")
    assert amina is not None
    assert (amina.note, amina.gender, amina.worker_since) == ("Amina", "woman", "2019-04")
    member = await store.read(register_rows.member, amina.id)
    assert member is not None
    assert (member.groups, member.since) == (("user", "worker"), "2021-01-01T00:00:00.000Z")
    (mandate,) = await store.read(register_rows.mandates_of, person=amina.id)
    assert mandate.term().until == datetime(2028, 1, 1, tzinfo=UTC)


async def test_what_a_list_does_not_have_stays_as_it_is(sqlite_store: Store) -> None:
    await sqlite_store.write(handlers.list_entity, entry(1))
    await sqlite_store.write(take, LIST)
    account = await sqlite_store.write(take, "number;worker\nA-1;non\nA-2;non\n")
    assert account.done == {"amended": 1, "unchanged": 1}
    amina = await sqlite_store.read(register_rows.numbered, "A-1")
    assert amina is not None
    assert (amina.note, amina.gender, amina.worker) == ("Amina", "woman", False)


async def test_a_preview_keeps_nothing(store: Store) -> None:
    await store.write(handlers.list_entity, entry(1))
    account = await store.write(take, LIST, preview=True)
    assert account.done["entered"] == 3
    assert await store.read(register_rows.listed_persons, after=0, most=5) == []
    assert (await store.write(take, LIST)).done["entered"] == 3


async def test_a_row_that_is_refused_leaves_the_others(store: Store) -> None:
    text = f"number,delegate_of,since\nA-1,{entity_id(9)},\nA-2,,2026-13-01\nA-3,,\n"
    account = await store.write(take, text)
    assert [(one.line, one.reason) for one in account.issues] == [
        (2, "unknown-entity"),
        (3, "bad-day"),
    ]
    # The person of a refused row is not entered by halves.
    assert [
        one.number for one in await store.read(register_rows.listed_persons, after=0, most=5)
    ] == ["A-3"]


async def test_an_old_list_lets_nobody_in_again(sqlite_store: Store) -> None:
    from services.directory.register_handlers import let_go

    await sqlite_store.write(take, "number\nA-1\n")
    (one,) = await sqlite_store.read(register_rows.listed_persons, after=0, most=5)
    await sqlite_store.write(let_go, one.id, reason="excluded", by="s")
    assert (await sqlite_store.write(take, "number\nA-1\n")).done == {"unchanged": 1}
    member = await sqlite_store.read(register_rows.member, one.id)
    assert member is not None
    assert member.standing == ""


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("number,entity\n,\nA-1,souss:x\n", 3, "number", "person-or-entity"),
        ("number,entity\n,souss\n", 2, "entity", "bad-entity"),
        ("number,gender\nA-1,unknown\n", 2, "gender", "unknown-word"),
        ("number,standing\nA-1,boss\n", 2, "standing", "unknown-word"),
        ("number,worker\nA-1,perhaps\n", 2, "worker", "unknown-word"),
        ("number,groups\nA-1,café\n", 2, "groups", "bad-group"),
        ("number,since\nA-1,01/02/2024\n", 2, "since", "bad-day"),
        ("number,worker_since\nA-1,long ago\n", 2, "worker_since", "bad-day"),
        ("number,name\nA-1,a\u202eb\n", 2, "name", "bad-text"),
        ("number,name\n" + "A" * 61 + ",x\n", 2, "number", "bad-text"),
        (f"entity,delegate_of\n{ARGAN},{ARGAN}\n", 2, "delegate_of", "not-a-person"),
        (
            "number,groups\nA-1," + " ".join(f"g{n}" for n in range(21)),
            2,
            "groups",
            "too-many-groups",
        ),
    ],
)
def test_each_thing_that_is_wrong_has_a_name(
    text: str, line: int, column: str, reason: str
) -> None:
    _, (issue,) = read_list(text.encode())
    assert (issue.line, issue.column, issue.reason) == (line, column, reason)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"number\x00\nA\n",
        b"name,since\nAmina,2024-01-01\n",
        b"number,number\nA,B\n",
        b'number\n"A\n',
        b"number\n" + b"A\n" * (ROWS_MAX + 1),
    ],
)
def test_what_is_no_list_is_refused_whole(data: bytes) -> None:
    with pytest.raises(BadList):
        read_list(data)


@pytest.mark.parametrize(
    "header",
    [
        "Number;Name",
        "Numéro\tNom",
        "numero,nombre",
        "número,nome",
        "رقم,الاسم",
        "\ufeffnumber,name",
    ],
)
def test_headings_are_known_in_five_languages(header: str) -> None:
    mark = next(one for one in ";\t," if one in header)
    rows, issues = read_list(f"{header}\nA-1{mark}Amina\n".encode())
    assert issues == []
    assert (rows[0].number, rows[0].note) == ("A-1", "Amina")


def test_words_of_lists_mean_what_the_log_can_say() -> None:
    assert {*STANDINGS.values()} == {"full", "observer"}
    assert {*GENDERS.values()} == {"woman", "man", "other"}
    assert "worker since" in HEADINGS


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    try:
        rows, issues = read_list(b"number,name,groups,since\n" + data)
    except BadList:
        return
    assert all(isinstance(one, Issue) for one in issues)
    assert all(row.number for row in rows)
