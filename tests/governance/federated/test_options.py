"""Options between networks: sums and classes of several networks give what one roll would give."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.governance.choices import checked_choice
from services.governance.counting.report import Outcome, Report
from services.governance.federated.aggregate import (
    FederatedOutcome,
    Part,
    Poll,
    aggregated,
    lot_seed,
)
from services.governance.federated.policies import FederatedRule, OptionsBy, Policy
from services.governance.federated.tallies import (
    PLACES_MAX,
    BadTally,
    chunk_hash,
    counted_at_home,
    require_numbers,
    withheld_order,
)
from services.governance.rules import (
    BudgetCount,
    BudgetRule,
    Method,
    Option,
    Reserved,
    Rule,
    SurplusPart,
)
from services.governance.tally import Poll as LocalPoll
from services.governance.tally import counted
from shared.contracts.seals import Tally
from tests.governance.federated.kit import BALLOT, rule_of
from tests.governance.federated.seals import seal_of_tally

CODES = ("ahmed", "bintou", "carla", "dawit")
OPTIONS = tuple(Option(code=code) for code in CODES)
PROJECTS = tuple(
    Option(code=code, cost=cost) for code, cost in zip(CODES, (40, 30, 50, 20), strict=True)
)

orders = st.lists(st.sampled_from(CODES), unique=True, min_size=1).map(
    lambda codes: {"ranks": [[code] for code in codes]}
)
approvals = st.lists(st.sampled_from(CODES), unique=True, min_size=1).map(
    lambda codes: {"options": sorted(codes)}
)
grades = st.dictionaries(st.sampled_from(CODES), st.integers(0, 5), min_size=1).map(
    lambda scores: {"scores": dict(sorted(scores.items()))}
)
CHOICES = {
    Method.APPROVAL: approvals,
    Method.SCORE: grades,
    Method.STAR: grades,
    Method.SCHULZE: orders,
    Method.RANKED_PAIRS: orders,
    Method.IRV: orders,
    Method.STV: orders,
    Method.BUDGET: approvals,
}
RULES = {
    Method.STV: Rule(method=Method.STV, seats=2),
    Method.BUDGET: Rule(method=Method.BUDGET, budget=BudgetRule(total=80, unit="mad")),
}

Ballots = Sequence[tuple[dict[str, Any], int]]


def federated(method: Method, **more: Any) -> FederatedRule:
    rule = RULES[method] if method in RULES else Rule(method=method)
    return rule_of(Policy.OPTIONS, rule=rule, **more)


def options_of(method: Method) -> tuple[Option, ...]:
    return PROJECTS if method is Method.BUDGET else OPTIONS


def together(
    rule: FederatedRule, networks: dict[str, Ballots], options: tuple[Option, ...]
) -> FederatedOutcome:
    parts, chunks = [], {}
    for name, ballots in networks.items():
        said = counted_at_home(rule, options, ballots)
        chunks.update({chunk_hash(one): one for one in said.chunks})
        seal = seal_of_tally(name, 1_000, said.tally, method=rule.rule.method)
        parts.append(Part(network=name, roll_size=1_000, commitment=seal.rule_hash, seal=seal))
    poll = Poll(ballot_id=BALLOT, rule=rule, options=options, called=tuple(networks))
    return aggregated(poll, parts, chunks=chunks)


def alone(rule: FederatedRule, ballots: Ballots, options: tuple[Option, ...], seed: str) -> Report:
    poll = LocalPoll(ballot_id=BALLOT, rule=rule.rule, options=options, roll_size=2_000, seed=seed)
    return counted(poll, ballots)


@pytest.mark.parametrize("method", CHOICES)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_one_roll_split_into_two_networks_gives_the_same(method: Method, data: Any) -> None:
    ballots = st.lists(st.tuples(CHOICES[method], st.integers(1, 9)), min_size=1, max_size=8)
    one, other = data.draw(ballots), data.draw(ballots)
    rule, options = federated(method), options_of(method)
    found = together(rule, {"adrar": one, "lima": other}, options)
    same = alone(rule, [*one, *other], options, found.figures["seed"])
    assert found.outcome is same.outcome
    assert found.winners == same.winners
    assert dict(found.allocation) == dict(same.allocation)
    assert list(found.ties) == [dict(tie) for tie in same.ties]


def test_the_order_of_each_network_can_count_as_one_ballot() -> None:
    rule = federated(Method.SCHULZE, options_by=OptionsBy.NETWORKS)
    large: Ballots = [({"ranks": [["ahmed"], ["bintou"]]}, 900)]
    small: Ballots = [({"ranks": [["bintou"], ["ahmed"]]}, 10)]
    networks = {"adrar": large, "lima": small, "quebec": small}
    assert together(rule, networks, OPTIONS).winners == ("bintou",)
    assert together(federated(Method.SCHULZE), networks, OPTIONS).winners == ("ahmed",)


def test_a_withheld_order_speaks_for_a_network_and_for_none_of_its_members() -> None:
    rule = federated(Method.APPROVAL)
    said = counted_at_home(rule, OPTIONS, [({"options": ["carla"]}, 3)])
    order = withheld_order(Method.APPROVAL, CODES, said.tally)
    assert order == (("carla",), ("ahmed", "bintou", "dawit"))
    shown = Tally(order=order)
    seal = seal_of_tally("lima", 40, shown, method=Method.APPROVAL)
    big = counted_at_home(rule, OPTIONS, [({"options": ["ahmed"]}, 7)])
    parts = [
        Part(network="lima", roll_size=40, seal=seal),
        Part(
            network="adrar",
            roll_size=40,
            seal=seal_of_tally("adrar", 40, big.tally, method=Method.APPROVAL),
        ),
    ]
    poll = Poll(ballot_id=BALLOT, rule=rule, options=OPTIONS, called=("adrar", "lima"))
    found = aggregated(poll, parts)
    assert found.winners == ("ahmed",)
    assert found.figures["votes"] == {"ahmed": 7, "bintou": 0, "carla": 0, "dawit": 0}


def test_a_board_has_seats_for_each_continent_and_for_women() -> None:
    groups = {
        "ahmed": ("africa", "man"),
        "bintou": ("africa", "woman"),
        "carla": ("americas", "woman"),
        "dawit": ("africa", "man"),
        "elena": ("americas", "woman"),
        "fatou": ("africa", "woman"),
    }
    options = tuple(Option(code=code, groups=those) for code, those in groups.items())
    rule = rule_of(
        Policy.OPTIONS,
        rule=Rule(
            method=Method.STV,
            seats=3,
            reserved=(Reserved(group="americas", seats=1), Reserved(group="woman", seats=2)),
        ),
    )
    ballots: Ballots = [
        ({"ranks": [["ahmed"], ["dawit"]]}, 60),
        ({"ranks": [["dawit"], ["ahmed"]]}, 55),
        ({"ranks": [["bintou"], ["fatou"]]}, 20),
        ({"ranks": [["elena"]]}, 6),
    ]
    networks = {"adrar": ballots, "souss": ballots, "lima": [({"ranks": [["carla"]]}, 9)]}
    found = together(rule, networks, options)
    chosen = [groups[code] for code in found.winners]
    assert len(chosen) == 3
    assert sum("woman" in those for those in chosen) >= 2
    assert any("americas" in those for those in chosen)


def test_a_solidarity_fund_is_shared_out_over_all_networks() -> None:
    rule = rule_of(
        Policy.OPTIONS,
        rule=Rule(
            method=Method.BUDGET,
            budget=BudgetRule(total=80, unit="eur", count=BudgetCount.GREEDY_SKIP),
        ),
    )
    networks: dict[str, Ballots] = {
        "adrar": [({"options": ["ahmed", "bintou"]}, 10)],
        "lima": [({"options": ["carla"]}, 12), ({"options": ["dawit"]}, 5)],
    }
    found = together(rule, networks, PROJECTS)
    assert found.outcome is Outcome.CHOSEN
    assert dict(found.allocation)["carla"] == 50
    assert sum(found.allocation.values()) == 80


def test_a_surplus_is_split_by_the_members_of_all_networks() -> None:
    parts = (SurplusPart(code="fund"), SurplusPart(code="reserves", percent_min=10))
    rule = rule_of(Policy.OPTIONS, rule=Rule(method=Method.SURPLUS, surplus=parts))
    said: Ballots = [({"percent": {"fund": 60, "reserves": 40}}, 8)]
    found = together(rule, {"adrar": said, "lima": said}, (Option(code="none"),))
    assert dict(found.allocation) == {"fund": 60, "reserves": 40}


def test_rankings_are_told_to_six_places_only() -> None:
    codes = [f"c{number}" for number in range(9)]
    options = tuple(Option(code=code) for code in codes)
    rule = federated(Method.STV)
    said = counted_at_home(rule, options, [({"ranks": [[code] for code in codes]}, 7)])
    ((only,),) = said.chunks
    assert len(only.choice["ranks"]) == PLACES_MAX
    assert checked_choice(rule.rule, options, only.choice) == only.choice


def test_many_classes_go_in_several_chunks_and_their_order_is_theirs() -> None:
    codes = [f"c{number:03}" for number in range(60)]
    options = tuple(Option(code=code) for code in codes)
    ballots: Ballots = [
        ({"ranks": [[one], [other]]}, 1) for one in codes for other in codes if one != other
    ]
    rule = federated(Method.IRV)
    said = counted_at_home(rule, options, ballots)
    assert len(said.chunks) == 2
    assert said == counted_at_home(rule, options, list(reversed(ballots)))
    assert sum(one.count for chunk in said.chunks for one in chunk) == len(ballots)


@pytest.mark.parametrize(
    ("method", "tally"),
    [
        (Method.APPROVAL, Tally(ballots=3, approvals=(4, 0, 0, 0))),
        (Method.APPROVAL, Tally(ballots=3, approvals=(1, 1))),
        (Method.SCORE, Tally(ballots=1, sums=(6, 0, 0, 0), graded=(1, 0, 0, 0))),
        (Method.SCORE, Tally(ballots=1, sums=(5, 0, 0, 0), graded=(2, 0, 0, 0))),
        (Method.SCHULZE, Tally(ballots=1, pairs=((0, 1), (1, 0)))),
        (
            Method.SCHULZE,
            Tally(ballots=1, pairs=((0, 1, 0, 0), (1, 0, 0, 0), (0,) * 4, (0,) * 4)),
        ),
        (Method.SCHULZE, Tally(ballots=1, pairs=((1, 0, 0, 0), *((0,) * 4,) * 3))),
        (Method.STV, Tally(ballots=4)),
        (Method.SCHULZE, Tally(order=(("ahmed",), ("ahmed",)))),
        (Method.SCHULZE, Tally(order=(("nobody",),))),
    ],
)
def test_numbers_that_no_ballots_could_have_are_refused(method: Method, tally: Tally) -> None:
    with pytest.raises(BadTally):
        require_numbers(federated(method), OPTIONS, tally)


def test_the_last_seal_does_not_choose_the_lot() -> None:
    seals = {name: seal_of_tally(name, 50, Tally(yes=9, no=1)) for name in ("adrar", "lima")}
    legs = [
        Part(network=name, roll_size=50, commitment="0" * 64, seal=seal)
        for name, seal in seals.items()
    ]
    whole = lot_seed(legs)
    hidden = Part(network="lima", roll_size=50, commitment="0" * 64)
    # It can take its own seal away, and then it has no votes; it cannot put another in its place.
    assert len({whole, lot_seed([legs[0], hidden])}) == 2
    assert lot_seed([*reversed(legs)][::-1]) == whole
