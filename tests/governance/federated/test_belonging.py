"""How a network belongs, arrow by arrow, and how much its vote weighs."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.governance.counting.report import Outcome
from services.governance.federated.banzhaf import (
    NETWORKS_MAX,
    Past,
    TooManyNetworks,
    power,
    simulated,
    weighted,
)
from services.governance.federated.charter import Matter
from services.governance.federated.membership import (
    ARROWS,
    Belonging,
    Cause,
    MembershipState,
    belonging,
    cause_of,
    may_be_appealed,
    members,
    why_wrong_legs,
)
from services.governance.federated.policies import FederatedRule, Policy
from shared.clock import stamp
from shared.contracts.charters import CharterAdopted, CharterLeft
from shared.contracts.decisions import DecisionReplied, ToldLeg
from shared.contracts.disputes import DecisionChallenged
from tests.governance.federated.kit import (
    ASSOCIATION,
    BALLOT,
    CLOSES,
    HEX,
    NAMES,
    NOTICED,
    ROLLS,
    VOTES,
    Federation,
    Network,
    answers,
    charter_of,
    digest,
    rule_of,
)

DAY = timedelta(days=1)
CHARTER = charter_of()
S = MembershipState


def at(day: float) -> datetime:
    return NOTICED + day * DAY


def signed(day: float = 0) -> CharterAdopted:
    return CharterAdopted(
        association=ASSOCIATION,
        node="dakar",
        number=1,
        charter_hash=CHARTER.hash,
        adopted_at=stamp(at(day)),
        signature="A" * 86,
    )


def left(day: float) -> CharterLeft:
    return CharterLeft(association=ASSOCIATION, node="dakar", left_at=stamp(at(day)))


def cause(matter: Matter, day: float, **more: Any) -> Cause:
    fields: dict[str, Any] = {
        "ballot_id": f"adrar:01990000-0000-7000-8000-{int(day * 10):012}",
        "outcome_hash": HEX,
        "matter": matter,
        "network": "dakar",
        "noticed_at": at(day - 40),
        "at": at(day),
        "appeal_until": at(day + 7),
        "grounds": (),
        "voters": frozenset(NAMES),
    }
    return Cause(**(fields | more))


def standing(*causes: Cause, day: float = 1_000, **more: Any) -> Belonging:
    fields: dict[str, Any] = {"adoptions": [signed()]}
    return belonging("dakar", charter=CHARTER, causes=causes, now=at(day), **(fields | more))


ADMITTED = (cause(Matter.ADMISSION, 10), cause(Matter.ADMISSION, 110))
SUSPENDED = (*ADMITTED, cause(Matter.SUSPENSION, 200))


def test_a_network_goes_from_its_signature_to_membership_by_two_ballots() -> None:
    assert standing(adoptions=[]).state is S.NONE
    assert standing().state is S.APPLICANT
    assert standing(*ADMITTED[:1]).state is S.OBSERVER
    found = standing(*ADMITTED)
    assert found.state is S.MEMBER
    assert [one.became for one in found.history] == [S.APPLICANT, S.OBSERVER, S.MEMBER]
    assert [one.told_as for one in found.history] == [None, "observer", "admitted"]
    assert found.history[0].cause is None
    assert all(one.cause is not None for one in found.history[1:])
    assert standing(*reversed(ADMITTED), *ADMITTED) == found


def test_an_applicant_observes_for_ninety_days_before_it_is_a_member() -> None:
    early = standing(cause(Matter.ADMISSION, 10), cause(Matter.ADMISSION, 99.9))
    assert early.state is S.OBSERVER
    ((_, why),) = early.without_effect
    assert why == "it has not observed long enough"


def test_a_suspension_ends_by_itself_and_a_ballot_can_end_it_before() -> None:
    assert standing(*SUSPENDED, day=289).state is S.SUSPENDED
    assert standing(*SUSPENDED, day=290).state is S.MEMBER
    back = standing(*SUSPENDED, cause(Matter.REINSTATEMENT, 220), day=230)
    assert back.state is S.MEMBER
    assert back.history[-1].told_as == "reinstated"


def test_an_expulsion_follows_on_a_suspension_and_the_right_of_reply() -> None:
    fair = standing(*SUSPENDED, cause(Matter.EXPULSION, 250), day=260)
    assert fair.state is S.EXPELLED
    assert fair.history[-1].told_as == "expelled"
    hasty = cause(Matter.EXPULSION, 250, noticed_at=at(225))
    assert standing(*SUSPENDED, hasty, day=260).state is S.SUSPENDED
    assert standing(*ADMITTED, cause(Matter.EXPULSION, 250)).state is S.MEMBER
    # The suspension may end by itself while the vote goes on.
    slow = cause(Matter.EXPULSION, 300, noticed_at=at(260))
    assert standing(*SUSPENDED, slow, day=310).state is S.EXPELLED


def test_a_network_leaves_when_it_wants_and_can_ask_again() -> None:
    assert standing(*ADMITTED, departures=[left(300)]).state is S.WITHDRAWN
    assert standing(*SUSPENDED, departures=[left(210)], day=220).state is S.WITHDRAWN
    again = standing(*ADMITTED, departures=[left(300)], adoptions=[signed(), signed(400)])
    assert again.state is S.APPLICANT


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize(
    "matter", [Matter.ADMISSION, Matter.SUSPENSION, Matter.REINSTATEMENT, Matter.EXPULSION]
)
def test_there_is_no_other_arrow(state: MembershipState, matter: Matter) -> None:
    ways: dict[MembershipState, Belonging] = {
        S.NONE: standing(adoptions=[], day=240),
        S.APPLICANT: standing(day=240),
        S.OBSERVER: standing(*ADMITTED[:1], day=240),
        S.MEMBER: standing(*ADMITTED, day=240),
        S.SUSPENDED: standing(*SUSPENDED, day=240),
        S.EXPELLED: standing(*SUSPENDED, cause(Matter.EXPULSION, 230), day=240),
        S.WITHDRAWN: standing(*ADMITTED, departures=[left(230)], day=240),
    }
    before = ways[state]
    assert before.state is state
    causes = [one.cause for one in before.history if one.cause]
    after = standing(
        *causes,
        cause(matter, 245),
        adoptions=[] if state is S.NONE else [signed()],
        departures=[left(230)] if state is S.WITHDRAWN else [],
        day=246,
    )
    assert after.state is ARROWS.get((state, matter), state)
    assert bool(after.without_effect) is ((state, matter) not in ARROWS)


def test_who_has_voted_on_itself_is_not_admitted() -> None:
    own = cause(Matter.ADMISSION, 10, voters=frozenset((*NAMES, "dakar")))
    found = standing(own)
    assert found.state is S.APPLICANT
    assert found.without_effect == ((own.ballot_id, "the network has voted on itself"),)


def test_a_ballot_about_another_network_changes_nothing() -> None:
    assert standing(replace(ADMITTED[0], network="evora")).state is S.APPLICANT


def test_founders_are_members_by_their_signature() -> None:
    assert standing(founders=["dakar"]).state is S.MEMBER
    gone = standing(founders=["dakar"], departures=[left(3)], adoptions=[signed(), signed(9)])
    assert gone.state is S.APPLICANT
    assert members([standing(founders=["dakar"]), standing()]) == ("dakar",)


def expelling(**more: Any) -> Federation:
    legs = tuple(ToldLeg(node=name, roll_root=digest(f"roll of {name}")) for name in NAMES)
    fields: dict[str, Any] = {
        "matter": "expulsion",
        "subject": "dakar",
        "grounds": ("fraud",),
        "legs": legs,
        "noticed_at": stamp(NOTICED - 20 * DAY),
    }
    found = Federation(**(fields | more))
    found.run()
    return found


def test_a_certified_ballot_is_a_cause_and_a_contested_one_is_none() -> None:
    found = expelling()
    ballot = found["lima"].ballot()
    causing = cause_of(ballot, CLOSES)
    assert causing is not None
    assert (causing.matter, causing.network, causing.grounds) == (
        Matter.EXPULSION,
        "dakar",
        ("fraud",),
    )
    assert causing.voters == set(NAMES)
    assert may_be_appealed(ballot, causing, CLOSES)
    assert not may_be_appealed(ballot, causing, CLOSES + 8 * DAY)
    dakar = Network("dakar", roll_size=80, choices=answers(1, 0))
    appeal = {"node": "dakar", "ballot_id": BALLOT, "evidence_hash": HEX}
    for ground in ("count", "appeal"):
        event = DecisionChallenged(**appeal, ground=ground, challenged_at=stamp(CLOSES))
        found["lima"].hear([dakar.tell(event)])
    contested = found["lima"].ballot()
    assert contested.disputes == {"challenge:dakar:appeal:"}, "it appeals, and does no more"
    assert cause_of(contested, CLOSES) is None
    assert not may_be_appealed(contested, causing, CLOSES)


def test_what_was_not_adopted_causes_nothing() -> None:
    votes = {name: answers(10, 90) for name in NAMES}
    assert cause_of(expelling(votes=votes)["lima"].ballot(), CLOSES) is None
    assert cause_of(Federation()["lima"].ballot(), CLOSES) is None


def test_the_subject_replies_and_nobody_else_in_its_place() -> None:
    found = expelling()
    reply = {"ballot_id": BALLOT, "reply_hash": HEX}
    found["lima"].tell(DecisionReplied(node="lima", **reply))
    assert not found["lima"].ballot().replied
    dakar = Network("dakar", roll_size=80, choices=answers(1, 0))
    found["lima"].hear([dakar.tell(DecisionReplied(node="dakar", **reply))])
    assert found["lima"].ballot().replied


def test_an_expulsion_is_noticed_long_enough_for_a_reply() -> None:
    assert expelling(noticed_at=stamp(NOTICED))["lima"].ballot().notice is None


def test_a_network_sees_who_was_not_called() -> None:
    notice = Federation()["lima"].ballot().notice
    assert notice is not None
    assert why_wrong_legs(notice, NAMES) == ""
    assert why_wrong_legs(notice, (*NAMES, "dakar")) == "these are not called: dakar"
    assert why_wrong_legs(notice, NAMES[:4]) == "these are no members: souss"


# --- What a vote weighs ---------------------------------------------------------------------


def brute(weights: dict[str, int], wanted: int) -> dict[str, int]:
    found = dict.fromkeys(weights, 0)
    for size in range(len(weights) + 1):
        for those in combinations(weights, size):
            total = sum(weights[one] for one in those)
            for one in those:
                found[one] += total >= wanted > total - weights[one]
    return found


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.integers(1, 120))
def test_the_swings_are_those_of_all_divisions(numbers: list[int], wanted: int) -> None:
    weights = {f"n{place}": number for place, number in enumerate(numbers)}
    wanted = min(wanted, max(1, sum(numbers)))
    assert weighted(weights, wanted) == brute(weights, wanted)


def test_the_index_of_a_known_council_is_that_of_the_books() -> None:
    # Three states of 4, three of 2, 2, 1 and 12 of 17 votes: the smallest has no power at all.
    council = {"de": 4, "fr": 4, "it": 4, "be": 2, "nl": 2, "lu": 1}
    swings = weighted(council, 12)
    assert swings == {"de": 10, "fr": 10, "it": 10, "be": 6, "nl": 6, "lu": 0}


@pytest.mark.parametrize(
    "rule",
    [
        rule_of(Policy.PER_MEMBER),
        rule_of(Policy.PER_NETWORK),
        rule_of(Policy.DOUBLE),
        rule_of(Policy.DEGRESSIVE),
        rule_of(Policy.DEGRESSIVE, cap=None),
        rule_of(Policy.DEGRESSIVE, cap=None, jagiellonian=True),
    ],
)
def test_the_index_agrees_with_what_the_rule_decides(rule: FederatedRule) -> None:
    found = power(rule, ROLLS)
    swings = dict.fromkeys(ROLLS, 0)
    names = list(ROLLS)
    for size in range(len(names) + 1):
        for those in combinations(names, size):
            for one in those:
                swings[one] += _adopted(rule, set(those)) and not _adopted(rule, {*those} - {one})
    assert {name: index.swings for name, index in found.items()} == swings
    assert all(index.divisions == 16 for index in found.values())
    shares = [Fraction(index.swings, index.total) for index in found.values()]
    assert sum(shares) == 1


def _adopted(rule: FederatedRule, yes: set[str]) -> bool:
    votes = {name: (size, 0) if name in yes else (0, size) for name, size in ROLLS.items()}
    ((found,),) = (
        (one["past"],) for one in simulated([rule], [Past(name="past", votes=votes, rolls=ROLLS)])
    )
    return found.outcome is Outcome.ADOPTED


def test_a_rule_is_tried_on_the_past_before_a_charter_is_signed() -> None:
    rules = [rule_of(), rule_of(Policy.DEGRESSIVE, cap=None, jagiellonian=True)]
    past = [Past(name="fund", votes=VOTES, rolls=ROLLS)]
    found = simulated(rules, past)
    assert [one["fund"].outcome for one in found] == [Outcome.ADOPTED, Outcome.REJECTED]
    away = {name: votes for name, votes in VOTES.items() if name in NAMES[:2]}
    (first,) = simulated(rules[:1], [Past(name="few", votes=away, rolls=ROLLS)])
    assert first["few"].outcome is Outcome.NO_QUORUM


def test_more_networks_than_can_be_reckoned_are_refused() -> None:
    many = {f"n{place}": 10 for place in range(NETWORKS_MAX + 1)}
    with pytest.raises(TooManyNetworks):
        power(rule_of(Policy.PER_NETWORK), many)
    with pytest.raises(TooManyNetworks):
        power(rule_of(), dict(list(many.items())[:19]))
    hundred = dict(list(many.items())[:100])
    assert len({one.swings for one in power(rule_of(Policy.PER_NETWORK), hundred).values()}) == 1
