"""Recount packages whose hashes fit, and that would have people read something else."""

from collections.abc import Callable
from typing import Any

import pytest

from services.governance.package import BadPackage, recount
from services.governance.rules import Ties
from shared.store import Store
from tests.governance.ballots.polls import options, rule
from tests.governance.ballots.test_package import METHODS, again, packaged

Parts = dict[str, Any]
UNHEARD: list[tuple[str, Callable[[Parts], Any]]] = [
    ("another outcome beside the count", lambda it: it["result"].update(outcome="rejected")),
    ("a word beside the ballot", lambda it: it["ballot"].update(chair="p-amina")),
    ("a roll with names", lambda it: it["roll"].update(voters=["p:person-1"])),
    ("a truth for a number", lambda it: it["result"].update(invalid=True)),
    ("a truth for a call", lambda it: it["result"].update(call=True)),
    ("a third call", lambda it: it["result"].update(call=3)),
    ("objections below none", lambda it: it["result"].update(standing_objections=-1)),
    ("a note that is none", lambda it: it["result"].update(notes=["x"])),
    ("notes that are none", lambda it: it["result"].update(notes=None)),
    (
        "a note that is read backwards",
        lambda it: it["result"].update(
            notes=[{"kind": "urn", "ticks": 1, "slips": 1, "note": "\u202edetnuoc"}]
        ),
    ),
    ("texts that are none", lambda it: it.update(texts="x")),
    ("texts without hashes", lambda it: it["texts"].update(fr=3)),
    ("an end before the beginning", lambda it: it["ballot"].update(closed_at="1999-01-01T00:00Z")),
]


async def test_a_package_says_nothing_that_is_not_counted(sqlite_store: Store) -> None:
    data = await packaged(sqlite_store, *METHODS[0])
    assert recount(again(data, lambda parts: None)).as_data()["outcome"]
    for what, change in UNHEARD:
        with pytest.raises(BadPackage) as told:
            recount(again(data, change))
        assert "has not the form" in str(told.value.detail), what


async def test_an_option_stands_once_in_a_package(sqlite_store: Store) -> None:
    under = rule("approval", ties=Ties.LISTED)
    votes = [{"options": ["a"]}, {"options": ["b"]}, {"options": ["b"]}]
    data = await packaged(sqlite_store, under, options("a", "b"), votes)
    with pytest.raises(BadPackage):
        recount(again(data, lambda parts: parts["options"].append(parts["options"][0])))
