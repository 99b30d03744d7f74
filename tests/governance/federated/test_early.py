"""Early certification: only when no seal that may still come could change what is decided."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.governance.federated.aggregate import Part, Poll, aggregated
from services.governance.federated.certain import MISSING_MAX, imagined, is_certain
from services.governance.federated.policies import FederatedRule, OptionsBy, Policy, Spread
from services.governance.rules import Method, Quorum, Rule, Share
from shared.contracts.seals import Tally
from tests.governance.federated.kit import BALLOT, NAMES, plain_options, rule_of
from tests.governance.federated.seals import seal_of_tally

HALF_AT_HOME = Rule(method=Method.YES_NO, quorum=Quorum(share=Share(n=1, d=2)))
RULES = (
    rule_of(Policy.PER_MEMBER),
    rule_of(Policy.PER_NETWORK),
    rule_of(Policy.DOUBLE),
    rule_of(Policy.DOUBLE, approval_quorum=Share(n=1, d=4)),
    rule_of(Policy.DOUBLE, rule=HALF_AT_HOME),
    rule_of(Policy.DEGRESSIVE),
    rule_of(Policy.DEGRESSIVE, cap=None, spread=Spread.SPLIT),
    rule_of(Policy.DEGRESSIVE, cap=None, jagiellonian=True),
)


def poll_of(rule: FederatedRule, **more: Any) -> Poll:
    return Poll(ballot_id=BALLOT, rule=rule, called=NAMES, **more)


def leg(poll: Poll, name: str, size: int, votes: tuple[int, int] | None) -> Part:
    if votes is None:
        return Part(network=name, roll_size=size)
    seal = imagined(poll, name, roll_size=size, yes=votes[0], no=votes[1])
    return Part(network=name, roll_size=size, seal=seal)


sizes = st.integers(5, 60)
legs = st.tuples(sizes, st.booleans(), st.integers(0, 100), st.integers(0, 100))


@settings(max_examples=120, deadline=None)
@given(
    rule=st.sampled_from(RULES),
    drawn=st.lists(legs, min_size=5, max_size=5),
    seed=st.integers(0, 2**32),
)
def test_what_is_certain_is_never_changed_by_what_comes(
    rule: FederatedRule, drawn: list[tuple[int, bool, int, int]], seed: int
) -> None:
    poll, luck = poll_of(rule), random.Random(seed)
    now: list[Part] = []
    for name, (size, is_there, yes, no) in zip(NAMES, drawn, strict=True):
        votes = (yes * size // 200, no * size // 200)
        now.append(leg(poll, name, size, votes if is_there else None))
    if not is_certain(poll, now):
        return
    decided = aggregated(poll, now).outcome
    for _ in range(25):
        later = [
            leg(poll, one.network, one.roll_size, _some(luck, one.roll_size))
            if one.seal is None and luck.random() < 0.7
            else one
            for one in now
        ]
        assert aggregated(poll, later).outcome is decided


def _some(luck: random.Random, size: int) -> tuple[int, int]:
    yes = luck.choice((0, size, luck.randint(0, size)))
    return yes, luck.choice((0, size - yes, luck.randint(0, size - yes)))


@pytest.mark.parametrize("rule", RULES[:4])
def test_a_clear_outcome_is_certain_before_all_are_there(rule: FederatedRule) -> None:
    poll = poll_of(rule)
    there = [leg(poll, name, 50, (45, 2)) for name in NAMES[:4]]
    assert is_certain(poll, [*there, leg(poll, "souss", 20, None)])
    # The whole roll of the one that is missing counts, on either side.
    close = [leg(poll, name, 50, (26, 24)) for name in NAMES[:4]]
    if rule.policy in (Policy.PER_MEMBER, Policy.DOUBLE):
        assert not is_certain(poll, [*close, leg(poll, "souss", 20, None)])


def test_a_network_whose_roll_nobody_knows_makes_nothing_certain() -> None:
    poll = poll_of(rule_of())
    there = [leg(poll, name, 50, (45, 2)) for name in NAMES[:4]]
    assert is_certain(poll, there)
    assert not is_certain(poll, there, unknown=True)


def test_a_network_that_cannot_count_any_more_is_not_waited_for() -> None:
    poll = poll_of(rule_of())
    parts = [leg(poll, name, 50, (26, 24)) for name in NAMES[:4]]
    parts.append(leg(poll, "souss", 400, None))
    assert not is_certain(poll, parts)
    assert is_certain(poll, parts, gone=frozenset({"souss"}))


def test_the_quorum_of_answers_is_certain_when_it_is_reached_or_out_of_reach() -> None:
    poll = poll_of(rule_of())
    two = [leg(poll, name, 50, (45, 2)) for name in NAMES[:2]]
    assert is_certain(poll, two), "nobody else may come, and two of five are too few"
    assert not is_certain(poll, [*two, leg(poll, "souss", 1, None)])


def test_too_many_missing_networks_under_weights_are_waited_for() -> None:
    poll = Poll(
        ballot_id=BALLOT,
        rule=rule_of(Policy.DEGRESSIVE, response_quorum=Share(n=1, d=100)),
        called=tuple(f"n{at}" for at in range(30)),
    )
    there = [leg(poll, f"n{at}", 900, (900, 0)) for at in range(18)]
    missing = [leg(poll, f"n{at}", 1, None) for at in range(18, 18 + MISSING_MAX + 1)]
    assert not is_certain(poll, [*there, *missing])
    assert is_certain(poll, [*there, *missing[:2]])


def test_consent_and_classes_are_waited_for() -> None:
    options = plain_options("credit", "seeds")
    for rule in (
        rule_of(Policy.CONSENT, rule=Rule(method=Method.CONSENT)),
        rule_of(Policy.OPTIONS, rule=Rule(method=Method.STV)),
        rule_of(Policy.OPTIONS, rule=Rule(method=Method.SCHULZE), options_by=OptionsBy.NETWORKS),
    ):
        poll = poll_of(rule, options=options)
        tally = (
            Tally(consent=9, aside=0, objecting=0)
            if rule.policy is Policy.CONSENT
            else Tally(ballots=9, pairs=((0, 9), (0, 0)))
        )
        parts = [
            Part(
                network=name,
                roll_size=50,
                seal=seal_of_tally(name, 50, tally, method=Method.CONSENT)
                if rule.policy is Policy.CONSENT
                else seal_of_tally(name, 50, tally, method=Method.SCHULZE),
            )
            for name in NAMES[:4]
        ]
        assert is_certain(poll, parts)
        assert not is_certain(poll, [*parts, Part(network="souss", roll_size=1)])


@pytest.mark.parametrize(
    ("method", "tally", "lead"),
    [
        (Method.APPROVAL, {"approvals": (40, 10, 5)}, 30),
        (Method.SCORE, {"sums": (200, 100, 20), "graded": (40, 40, 40)}, 20),
        (Method.SCHULZE, {"pairs": ((0, 40, 40), (10, 0, 20), (10, 20, 0))}, 30),
        (Method.RANKED_PAIRS, {"pairs": ((0, 40, 40), (10, 0, 20), (10, 20, 0))}, 30),
    ],
)
def test_a_lead_has_to_be_larger_than_all_who_are_missing(
    method: Method, tally: dict[str, Any], lead: int
) -> None:
    rule = rule_of(Policy.OPTIONS, rule=Rule(method=method), response_quorum=Share(n=1, d=5))
    poll = poll_of(rule, options=plain_options("credit", "seeds", "tools"))
    seal = seal_of_tally("adrar", 90, Tally(ballots=50, **tally), method=method)
    there = Part(network="adrar", roll_size=90, seal=seal)
    assert is_certain(poll, [there, Part(network="lima", roll_size=lead - 1)])
    assert not is_certain(poll, [there, Part(network="lima", roll_size=lead)])
