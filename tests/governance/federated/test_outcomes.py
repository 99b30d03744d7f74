"""The outcome of seals under each policy, in whole numbers."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.governance.counting.report import Outcome
from services.governance.federated.aggregate import (
    FederatedOutcome,
    Part,
    Poll,
    TwoStories,
    aggregated,
    half,
)
from services.governance.federated.policies import (
    FOUR_FIFTHS,
    THREE_QUARTERS,
    TWO_THIRDS,
    Bar,
    FederatedRule,
    Policy,
    Spread,
)
from services.governance.federated.weights import capped, degressive, passes_jagiellonian
from services.governance.rules import Method, Quorum, Rule
from shared.contracts.seals import Tally
from tests.governance.federated.kit import BALLOT, NAMES, ROLLS, VOTES, rule_of, share
from tests.governance.federated.seals import seal_of_tally


def parts(votes: Mapping[str, tuple[int, int]], rolls: Mapping[str, int] = ROLLS) -> list[Part]:
    return [
        Part(
            network=name,
            roll_size=rolls[name],
            seal=seal_of_tally(name, rolls[name], Tally(yes=yes, no=no)),
        )
        for name, (yes, no) in votes.items()
    ]


def outcome(
    rule: FederatedRule, legs: list[Part], *, called: tuple[str, ...] = NAMES, **more: Any
) -> FederatedOutcome:
    return aggregated(Poll(ballot_id=BALLOT, rule=rule, called=called, **more), legs)


def test_the_worked_example_passes_by_members_and_by_networks() -> None:
    found = outcome(rule_of(), parts(VOTES))
    assert found.outcome is Outcome.ADOPTED
    assert (found.figures["yes"], found.figures["no"]) == (970, 850)
    assert (found.figures["networks_yes"], found.figures["networks_no"]) == (4, 1)
    for policy in (Policy.PER_MEMBER, Policy.PER_NETWORK):
        assert outcome(rule_of(policy), parts(VOTES)).outcome is Outcome.ADOPTED


def test_the_worked_example_fails_by_roots_under_penroses_quota() -> None:
    rule = rule_of(Policy.DEGRESSIVE, cap=None, jagiellonian=True)
    found = outcome(rule, parts(VOTES))
    assert found.outcome is Outcome.REJECTED
    assert found.figures["weights"] == {
        "adrar": 20,
        "kaolack": 30,
        "lima": 15,
        "quebec": 12,
        "souss": 10,
    }
    assert (found.figures["weight_yes"], found.figures["weight_no"]) == ("57/1", "30/1")
    # 57 of 87 are more than half, and less than the quota of 74 in a hundred.
    assert outcome(rule_of(Policy.DEGRESSIVE, cap=None), parts(VOTES)).outcome is Outcome.ADOPTED


def test_with_five_networks_a_cap_of_a_fifth_makes_all_weigh_the_same() -> None:
    weights = degressive(ROLLS, cap=share(1, 5))
    assert len(set(weights.values())) == 1


def test_a_cap_is_lowered_until_nothing_changes() -> None:
    weights = capped({"a": 100, "b": 30, "c": 20, "d": 20, "e": 20, "f": 20}, share(1, 5))
    total = sum(weights.values())
    assert all(weight <= total // 5 for weight in weights.values())
    assert weights["c"] == 20


def test_below_five_networks_a_cap_of_a_fifth_gives_way_to_the_double_majority() -> None:
    votes = {"adrar": (10, 390), "lima": (200, 50), "quebec": (90, 60), "souss": (70, 50)}
    found = outcome(rule_of(Policy.DEGRESSIVE), parts(votes))
    assert "weights" not in found.figures
    assert found.outcome is Outcome.REJECTED


def test_a_split_weight_is_divided_as_the_members_were() -> None:
    rule = rule_of(Policy.DEGRESSIVE, cap=None, spread=Spread.SPLIT)
    found = outcome(rule, parts(dict.fromkeys(NAMES, (1, 2))))
    assert found.figures["weight_yes"] == "29/1"
    assert found.figures["weight_no"] == "58/1"
    assert found.outcome is Outcome.REJECTED


def test_a_double_majority_wants_both() -> None:
    one_large = dict.fromkeys(NAMES, (10, 90)) | {"kaolack": (900, 0)}
    found = outcome(rule_of(), parts(one_large))
    assert found.figures["yes"] > found.figures["no"]
    assert found.outcome is Outcome.REJECTED
    assert outcome(rule_of(Policy.PER_MEMBER), parts(one_large)).outcome is Outcome.ADOPTED


@pytest.mark.parametrize(("yes", "no"), [(2, 1), (20, 10), (200, 100)])
def test_two_thirds_exactly_is_not_more_than_two_thirds(yes: int, no: int) -> None:
    assert half(yes, no, TWO_THIRDS) < 0
    assert half(yes + 1, no, TWO_THIRDS) > 0
    assert half(yes, no, Bar(share=share(2, 3), at_least=True)) > 0


def test_values_want_four_networks_in_five() -> None:
    rule = rule_of(networks=Bar(share=FOUR_FIFTHS.share, at_least=True))
    assert outcome(rule, parts(VOTES)).outcome is Outcome.ADOPTED
    assert outcome(rule_of(networks=FOUR_FIFTHS), parts(VOTES)).outcome is Outcome.REJECTED
    assert outcome(rule_of(networks=THREE_QUARTERS), parts(VOTES)).outcome is Outcome.ADOPTED


def test_a_response_quorum_counts_the_networks_that_were_called() -> None:
    two = {name: VOTES[name] for name in NAMES[:2]}
    assert outcome(rule_of(), parts(two)).outcome is Outcome.NO_QUORUM
    three = {name: VOTES[name] for name in NAMES[:3]}
    assert outcome(rule_of(), parts(three)).outcome is not Outcome.NO_QUORUM
    assert outcome(rule_of(), []).outcome is Outcome.NO_QUORUM


def test_an_approval_quorum_counts_all_rolls_and_those_who_are_missing() -> None:
    legs = parts(dict.fromkeys(NAMES, (30, 10)))
    rule = rule_of(approval_quorum=share(1, 4))
    found = outcome(rule, legs)
    assert found.outcome is Outcome.REJECTED
    assert found.figures["short_of_approval"] == 455
    enough = parts(dict.fromkeys(NAMES, (91, 10)))
    assert outcome(rule, enough).outcome is Outcome.ADOPTED
    missing = [*enough[:4], Part(network="souss", roll_size=120)]
    assert outcome(rule, missing).outcome is Outcome.REJECTED


def test_a_network_without_its_own_quorum_has_no_sign_and_still_answers() -> None:
    local = Rule(method=Method.YES_NO, quorum=Quorum(share=share(1, 2)))
    votes = {**VOTES, "adrar": (30, 10), "lima": (20, 5)}
    found = outcome(rule_of(Policy.PER_NETWORK, rule=local), parts(votes))
    assert (found.figures["networks_yes"], found.figures["networks_even"]) == (2, 2)
    assert found.figures["sealed"] == 5


def test_a_network_below_the_least_roll_has_no_vote_as_a_network() -> None:
    rolls = {**ROLLS, "souss": 9}
    votes = {**VOTES, "souss": (9, 0)}
    found = outcome(rule_of(), parts(votes, rolls), roll_min=10)
    assert found.figures["networks_yes"] == 3
    assert found.figures["yes"] == 909


def test_a_tie_leaves_things_as_they_are() -> None:
    even = parts(dict.fromkeys(NAMES, (50, 50)))
    found = outcome(rule_of(), even)
    assert found.outcome is Outcome.REJECTED, "no network says anything"
    assert outcome(rule_of(Policy.PER_MEMBER), even).outcome is Outcome.TIE_STATUS_QUO
    nobody = parts(dict.fromkeys(NAMES, (0, 0)))
    assert outcome(rule_of(Policy.PER_MEMBER), nobody).outcome is Outcome.REJECTED


def test_a_withheld_tally_has_a_sign_and_no_number() -> None:
    legs = parts(dict.fromkeys(NAMES[:2], (0, 10)))
    legs += [
        Part(network=name, roll_size=20, seal=seal_of_tally(name, 20, Tally(sign=1)))
        for name in NAMES[2:]
    ]
    found = outcome(rule_of(Policy.PER_NETWORK), legs)
    assert found.outcome is Outcome.ADOPTED
    assert (found.figures["yes"], found.figures["withheld"]) == (0, 3)


def test_consent_is_withheld_by_one_objection_that_stands() -> None:
    rule = rule_of(Policy.CONSENT, rule=Rule(method=Method.CONSENT))
    legs = [
        Part(
            network=name,
            roll_size=100,
            seal=seal_of_tally(name, 100, Tally(consent=40, aside=5, objecting=1)),
        )
        for name in NAMES
    ]
    assert outcome(rule, legs).outcome is Outcome.ADOPTED
    assert outcome(rule, legs, standing=(BALLOT,)).outcome is Outcome.REJECTED
    assert outcome(rule, legs[:2], standing=(BALLOT,)).outcome is Outcome.NO_QUORUM


def test_two_seals_of_one_network_are_not_put_together() -> None:
    first = parts(VOTES)
    second = parts({"adrar": (0, 400)})
    with pytest.raises(TwoStories):
        outcome(rule_of(), first + second)
    assert outcome(rule_of(), first + first) == outcome(rule_of(), first)


def test_penroses_quota_is_compared_without_a_root() -> None:
    assert not passes_jagiellonian(57, 87, list(ROLLS.values()))
    assert passes_jagiellonian(65, 87, list(ROLLS.values()))
    # Half and half the root of 1,600 members of 80: exactly at the quota is not above it.
    assert not passes_jagiellonian(60, 80, [1600])
    assert passes_jagiellonian(61, 80, [1600])
