"""Real budgets: outcomes that their sources published, and those that were counted elsewhere.

The files are not part of this repository. ``TWIZA_DATA`` names the folder that holds them.
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import pytest

from services.governance.counting.budgets.add1 import add1
from services.governance.counting.budgets.counting import How, funded
from services.governance.counting.budgets.equal_shares import equal_shares
from services.governance.counting.budgets.greedy import eligible, greedy
from services.governance.counting.budgets.model import Election, Project, election
from services.governance.counting.budgets.phragmen import phragmen
from services.governance.formats.pabulib import contest, how_in, rule_of
from services.governance.formats.pb_files import Pabulib, read_pb, write_pabulib
from services.governance.rules import BudgetCount
from shared.canonical import canonical
from tests.governance.budgets.samples import DATA, by

EXPECTED: Final = DATA / "expected.json"
BUDGETS: Final[dict[str, Any]] = (
    json.loads(EXPECTED.read_bytes())["participatory_budgets"] if EXPECTED.is_file() else {}
)
SPREAD: Final = (
    "pb/Netherlands_Assen_2024.pb",
    "pb/Netherlands_Amsterdam_515.pb",
    "pb/Poland_Czestochowa_2025_Mirow.pb",
    "pb/Poland_Gdynia_2020_Pogorze__small.pb",
    "pb/Poland_Katowice_2022_Murcki.pb",
    "pb/Poland_Krakow_2020_Podgorze_Duchackie.pb",
    "pb/Poland_Poznan_2023_10_-_Swierczewo_Wilda_Zielony_Debiec.pb",
    "pb/Poland_Warszawa_2018_Las.pb",
    "pb/Poland_Warszawa_2018_Przyczolek_Grochowski.pb",
    "pb/Poland_Wroclaw_2018_Rejon_nr_2_750.pb",
)
"""Each type of ballot, each rule, a cost with parts, other codes than 0 and 1."""

pytestmark = pytest.mark.skipif(
    not BUDGETS, reason=f"there are no budgets at {DATA}; set TWIZA_DATA"
)


def files(names: Sequence[str]) -> Any:
    """Return parameters: the spread for every run, and the others for a long one."""
    marks = [
        pytest.param(name, marks=() if name in SPREAD else pytest.mark.slow, id=name[3:33])
        for name in names
    ]
    return pytest.mark.parametrize("name", marks)


@cache
def loaded(name: str) -> tuple[Pabulib, Election]:
    file = read_pb((DATA / name).read_bytes())
    projects = [Project(code=one.code, cost=one.cost) for one in file.projects]
    return file, election(projects, file.total, file.ballots)


def codes(of: Election, chosen: Sequence[int]) -> list[str]:
    return sorted(of.codes[at] for at in chosen)


def published_by(name: str, rule: str) -> list[str]:
    """Return what a rule of the list of published outcomes funds; equals by the file's order."""
    file, of = loaded(name)
    order = range(len(of.projects))
    if rule == "mes_cost_add1":
        among = eligible(of)
        return codes(of, add1(of, min, among=among, step=file.scale).run.chosen)
    threshold = file.threshold if rule.endswith("_threshold") else 0
    among = eligible(of, threshold)
    return codes(of, greedy(of, order, among=among, stop="noskip" in rule).chosen)


def outcomes(name: str) -> dict[str, list[str]]:
    """Return what each rule of the list of computed outcomes funds; equals by their ids."""
    file, of = loaded(name)
    keys = sorted(of.codes)
    first, among = by(keys, of), eligible(of)
    order = [keys.index(code) for code in of.codes]
    found = {
        "greedy_skip": greedy(of, order, among=among).chosen,
        "mes_cost": equal_shares(of, first, among=among).chosen,
        "mes_card": equal_shares(of, first, among=among, cardinality=True).chosen,
        "seq_phragmen": phragmen(of, first, among=among).chosen,
    }
    if "mes_cost_add1" in BUDGETS[name]["computed"]:
        raised = add1(of, first, among=among, step=file.scale)
        found["mes_cost_add1"] = raised.run.chosen
    return {rule: codes(of, chosen) for rule, chosen in found.items()}


@files([name for name, one in BUDGETS.items() if one.get("published", {}).get("reproduced_by")])
def test_a_published_outcome_is_reproduced(name: str) -> None:
    published = BUDGETS[name]["published"]
    others = set(published.get("other_selected_codes", ()))
    found = published_by(name, published["reproduced_by"])
    assert [code for code in found if code not in others] == sorted(published["selected"])


@files([name for name, one in BUDGETS.items() if "computed" in one])
def test_a_computed_outcome_is_reproduced_by_every_rule(name: str) -> None:
    found = outcomes(name)
    assert found == {rule: sorted(chosen) for rule, chosen in BUDGETS[name]["computed"].items()}


@files(
    [
        name
        for name, one in BUDGETS.items()
        if one.get("published", {}).get("reproduced_by")
        and one["rule_in_file"] not in ("greedy-custom", "greedy-exclusive")
    ]
)
def test_the_rule_that_a_file_names_gives_what_was_published(name: str) -> None:
    published = BUDGETS[name]["published"]
    report = contest((DATA / name).read_bytes(), name="").own
    assert report is not None
    found = set(report().winners) - set(published.get("other_selected_codes", ()))
    assert found == set(published["selected"])


@files([name for name, one in BUDGETS.items() if one.get("published", {"": 0}).get("selected")])
def test_what_no_rule_reproduces_stays_so(name: str) -> None:
    published = BUDGETS[name]["published"]
    if published["reproduced_by"] is not None:
        return
    file, of = loaded(name)
    for count in BudgetCount:
        for threshold in {0, file.threshold}:
            how = How(count=count, threshold=threshold)
            found = funded(of, how, range(len(of.projects)))
            assert codes(of, found.chosen) != sorted(published["selected"])


@files(list(BUDGETS))
def test_the_votes_that_a_file_prints_are_those_of_its_ballots(name: str) -> None:
    file, of = loaded(name)
    column = "score" if "score" in file.projects[0].columns else "votes"
    assert [int(one.columns[column]) for one in file.projects] == list(of.scores)
    assert (file.votes, len(file.projects)) == (BUDGETS[name]["votes"], BUDGETS[name]["projects"])


@files(list(BUDGETS))
def test_a_file_that_is_written_again_says_the_same(name: str) -> None:
    file, _ = loaded(name)
    again = read_pb(write_pabulib(file))
    assert again.ballots == file.ballots
    assert (again.total, again.scale, again.threshold) == (file.total, file.scale, file.threshold)
    assert [(one.code, one.cost) for one in again.projects] == [
        (one.code, one.cost) for one in file.projects
    ]
    assert again.published == file.published


@files([name for name, one in BUDGETS.items() if "mes_cost_add1" in one.get("computed", {})])
def test_skipped_steps_of_add1_are_not_missed(name: str) -> None:
    file, of = loaded(name)
    among = eligible(of)
    fast = add1(of, min, among=among, step=file.scale)
    slow = add1(of, min, among=among, step=file.scale, one_by_one=True)
    assert (fast.run.purchases, fast.steps) == (slow.run.purchases, slow.steps)
    # Where every step differs, as in a large city, some are tried from afar in vain.
    assert fast.runs <= slow.runs * 3 // 2


@files(list(BUDGETS))
def test_the_report_of_a_file_is_canonical_and_compares_with_greedy(name: str) -> None:
    found = contest((DATA / name).read_bytes(), name="")
    assert found.own is not None
    report = found.own()
    assert canonical(report.as_data())
    assert report.rounds[-1]["kind"] == "budget-comparison"
    assert report.rounds[-1]["voters"] == BUDGETS[name]["votes"]
    file, of = loaded(name)
    assert how_in(file, rule_of(file)).step == file.scale
    assert sum(report.allocation.values()) <= of.total


@pytest.mark.slow
def test_the_comparison_of_two_cities_is_the_one_that_is_known() -> None:
    known = {
        "Poland_Swiecie_2023": (17, 998, 9, 909),
        "Poland_Wieliczka_2023_Green_Budget": (31, 819, 23, 724),
    }
    for name, figures in known.items():
        own = contest((DATA / "pb" / f"{name}.pb").read_bytes(), name="").own
        assert own is not None
        told = own().rounds[-1]
        reached = (2000 * told["reached"] + told["voters"]) // (2 * told["voters"])
        plain = (2000 * told["greedy_reached"] + told["voters"]) // (2 * told["voters"])
        assert (told["funded"], reached, told["greedy_funded"], plain) == figures
