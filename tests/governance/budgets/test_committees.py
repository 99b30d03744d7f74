"""Committees elected by approval: a seat is a project that costs one.

The instances are not part of this repository. ``TWIZA_DATA`` names the folder that holds them.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.governance.budgets.committees import (
    INSTANCES,
    by_loads,
    by_shares,
    by_shares_then_votes,
    by_votes,
    instance,
    seats_as_budget,
)
from tests.governance.budgets.samples import DATA

EXPECTED: Final[dict[str, Any]] = (
    json.loads((DATA / "expected.json").read_bytes())["committees"] if INSTANCES else {}
)
SPREAD: Final = 6

pytestmark = pytest.mark.skipif(
    not INSTANCES, reason=f"there are no committees at {DATA}; set TWIZA_DATA"
)
committees = pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=() if at % SPREAD == 0 else pytest.mark.slow, id=path.name[:14])
        for at, path in enumerate(INSTANCES)
    ],
)


def published(path: Path, rule: str) -> list[list[int]]:
    found: list[list[int]] = EXPECTED[f"committees/{path.name}"]["published"][rule]["all"]
    return sorted(map(sorted, found))


@committees
def test_the_most_approved_are_those_of_the_file(path: Path) -> None:
    found = instance(path)
    of = seats_as_budget(found)
    assert by_votes(of, found["committeesize"]) == published(path, "av")


@committees
def test_phragmen_elects_the_committees_of_the_file(path: Path) -> None:
    found = instance(path)
    elected = by_loads(seats_as_budget(found))
    approved = sorted(set().union(*found["profile"]))
    if len(approved) >= found["committeesize"]:
        assert elected == published(path, "seqphragmen")
        return
    # The file fills the seats with candidates whom nobody approves; we leave them empty.
    assert elected == [approved]
    assert all(set(approved) < set(full) for full in published(path, "seqphragmen"))


@committees
def test_equal_shares_elect_the_committees_of_the_file(path: Path) -> None:
    found = instance(path)
    of = seats_as_budget(found)
    seats = found["committeesize"]
    assert by_shares_then_votes(of, seats) == published(path, "equal-shares-with-av-completion")
    elected = by_shares(of)
    assert all(
        any(set(one) <= set(full) for full in published(path, "equal-shares")) for one in elected
    )
    if all(len(one) == seats for one in elected):
        assert elected == published(path, "equal-shares")
