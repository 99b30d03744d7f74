"""A certificate holds for its problem, and no longer once anything of it was changed."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from services.exchange.matching.certificate import sealed
from services.exchange.matching.refusals import BadCertificate
from services.exchange.matching.solve import solve
from services.exchange.matching.verify import verify
from services.exchange.matching.wire import Objective, Owners
from tests.exchange.matching.brute import problem_at_random

PROBLEM = problem_at_random(9, cap=4, owners=Owners.ANY, objective=Objective.EXPECTED)
CERTIFICATE = dict(solve(PROBLEM).certificate)

Change = Callable[[dict[str, Any]], Any]


def first(given: dict[str, Any]) -> dict[str, Any]:
    ring: dict[str, Any] = given["rings"][0]
    return ring


def cheapened(given: dict[str, Any]) -> None:
    name = max(given["prices"], key=given["prices"].get)
    less = given["prices"].pop(name)
    given["bound"] = sum(given["prices"].values()) // given["scale"]
    assert less


CHANGES: dict[str, Change] = {
    "another version": lambda given: given.update(v=2),
    "another problem": lambda given: given.update(problem="0" * 64),
    "another cap": lambda given: given.update(cap=5),
    "another rule of owners": lambda given: given.update(owners="once"),
    "another objective": lambda given: given.update(objective="plain"),
    "a higher value": lambda given: given.update(value=given["value"] + 1),
    "a lower bound": lambda given: given.update(bound=given["bound"] - 1),
    "a heavier ring": lambda given: first(given).update(weight=first(given)["weight"] + 1),
    "a ring without a slot": lambda given: first(given)["slots"].pop(),
    "a ring turned round": lambda given: first(given)["slots"].append(first(given)["slots"][0]),
    "a slot that is not there": lambda given: first(given).update(slots=["x", "y"]),
    "a ring twice": lambda given: given["rings"].append(copy.deepcopy(first(given))),
    "no rings": lambda given: given.update(rings=[]),
    "lower prices": cheapened,
    "no scale": lambda given: given.update(scale=0),
    "a larger scale": lambda given: given.update(scale=given["scale"] * 2),
    "a price that is no number": lambda given: given["prices"].update(s0=1.5),
    "a price of nothing": lambda given: given["prices"].update(x=1),
    "one member more": lambda given: given.update(note="x"),
    "one member less": lambda given: given.pop("scale"),
}


def test_what_the_solver_writes_is_accepted() -> None:
    assert CERTIFICATE["rings"]
    verify(PROBLEM, CERTIFICATE)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("seal", [False, True], ids=["as it is", "sealed anew"])
def test_a_changed_certificate_is_refused(change: Change, seal: bool) -> None:
    changed = copy.deepcopy(CERTIFICATE)
    change(changed)
    if seal:
        changed["seal"] = sealed(changed)
    with pytest.raises(BadCertificate):
        verify(PROBLEM, changed)


def test_another_seal_is_refused() -> None:
    with pytest.raises(BadCertificate):
        verify(PROBLEM, {**CERTIFICATE, "seal": "0" * 64})


def test_a_certificate_is_of_one_problem() -> None:
    with pytest.raises(BadCertificate):
        verify(PROBLEM.replaced(cap=3), CERTIFICATE)
