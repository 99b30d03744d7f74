"""The fourteen laws of a ballot between networks, whatever is voted and however facts arrive."""

import random
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.governance import rules
from services.governance.counting.report import Outcome
from services.governance.federated import policies
from services.governance.federated.acts import Does, due
from services.governance.federated.aggregate import Part, Poll, aggregated
from services.governance.federated.ballot import BallotState, folded, outcome_of, state_at
from services.governance.federated.charter import Charter, Matter
from services.governance.federated.competence import NotCompetent, require_competent
from services.governance.federated.facts import Fact
from services.governance.federated.legs import Fault, LegState
from services.governance.federated.membership import ARROWS, MembershipState
from services.governance.federated.policies import FederatedRule, Policy, Spread
from services.governance.federated.tallies import marked_in
from services.governance.merkle import Tree, leaf_hash, verified
from services.governance.rules import Method
from shared.clock import stamp
from shared.contracts.decisions import (
    DecisionCommitted,
    DecisionOpened,
    DecisionRolled,
    DecisionSealed,
    ToldLeg,
)
from shared.contracts.disputes import DecisionCertified
from shared.contracts.seals import Tally
from tests.governance.federated.kit import (
    BALLOT,
    CLOSES,
    GRACE_ENDS,
    KEYS,
    NAMES,
    NOTICED,
    OPENS,
    ROLLS,
    Federation,
    answers,
    charter_of,
    digest,
    rule_of,
)
from tests.governance.federated.seals import seal_of_tally

said = st.tuples(st.integers(0, 50), st.integers(0, 50))
divided = st.fixed_dictionaries(dict.fromkeys(NAMES, said))
RULES = (
    rule_of(Policy.PER_MEMBER),
    rule_of(Policy.PER_NETWORK),
    rule_of(Policy.DOUBLE),
    rule_of(Policy.DEGRESSIVE, cap=None),
    rule_of(Policy.DEGRESSIVE),
    rule_of(Policy.DEGRESSIVE, cap=None, spread=Spread.SPLIT),
    rule_of(Policy.DEGRESSIVE, cap=None, jagiellonian=True),
    rule_of(Policy.DOUBLE, approval_quorum=rules.Share(n=1, d=10)),
)


@cache
def certified() -> Federation:
    """A ballot that went well, to be looked at."""
    found = Federation()
    found.run()
    return found


def parts(votes: Mapping[str, tuple[int, int]]) -> list[Part]:
    return [
        Part(
            network=name,
            roll_size=ROLLS[name],
            seal=seal_of_tally(name, ROLLS[name], Tally(yes=yes, no=no)),
        )
        for name, (yes, no) in votes.items()
    ]


def outcome(rule: FederatedRule, votes: Mapping[str, tuple[int, int]]) -> Outcome:
    return aggregated(Poll(ballot_id=BALLOT, rule=rule, called=NAMES), parts(votes)).outcome


def events(kind: type[Any]) -> list[Any]:
    return [fact.event for fact in certified().facts if isinstance(fact.event, kind)]


@settings(max_examples=25, deadline=None)
@given(votes=divided, blank=st.integers(0, 20))
def test_1_and_3_cast_is_within_issued_and_the_roll_and_is_the_sum_of_its_classes(
    votes: Mapping[str, tuple[int, int]], blank: int
) -> None:
    found = Federation(votes={name: answers(*votes[name], blank) for name in NAMES})
    found.run(NOTICED, OPENS, CLOSES)
    for leg in found["lima"].ballot().legs.values():
        assert leg.seal is not None
        seal, marked = leg.seal, marked_in(Method.YES_NO, leg.seal.tally)
        if marked is None:
            assert (seal.issued, seal.cast, seal.blank, seal.invalid) == (None,) * 4
            continue
        assert seal.cast == marked + (seal.blank or 0) + (seal.invalid or 0)
        assert seal.cast <= (seal.issued or 0) <= seal.roll_size


@given(st.integers(1, 40))
def test_2_each_receipt_is_in_exactly_one_root(number: int) -> None:
    trees = {
        name: Tree([leaf_hash(f"{name} {at}".encode()) for at in range(number)])
        for name in ("adrar", "lima")
    }
    for at in range(number):
        leaf, proof = leaf_hash(f"adrar {at}".encode()), trees["adrar"].proof(at)
        assert verified(trees["adrar"].root, leaf, proof)
        assert not verified(trees["lima"].root, leaf, proof)


def test_4_one_rule_stands_in_notice_acceptance_seal_and_outcome() -> None:
    ballot = certified()["lima"].ballot()
    assert ballot.notice is not None
    assert ballot.certified is not None
    hashes = {
        ballot.notice.event.rule_hash,
        ballot.notice.rule.hash,
        ballot.certified.computed.outcome.rule_hash,
        *(one.rule_hash for one in (fact.event for fact in certified().facts) if _is_accepted(one)),
        *(one.seal.rule_hash for one in events(DecisionSealed)),
    }
    assert len(hashes) == 1


def _is_accepted(event: Any) -> bool:
    return bool(event.kind.endswith("decision.accepted"))


def test_5_a_roll_is_sealed_before_the_opening() -> None:
    found = Federation()
    found.run(NOTICED)
    found["lima"].tell(
        DecisionRolled(
            node="lima",
            ballot_id=BALLOT,
            roll_epoch=2,
            roll_root=digest("after the opening"),
            roll_size=260,
            rolled_at=stamp(OPENS.replace(hour=10)),
        )
    )
    found.share()
    roll = found["adrar"].ballot().legs["lima"].roll
    assert roll is not None
    assert roll.epoch == 1


def test_5_a_roll_is_corrected_before_the_opening_by_a_new_epoch() -> None:
    found = Federation()
    found.run(NOTICED)
    which = {"node": "lima", "ballot_id": BALLOT, "roll_root": digest("corrected")}
    found["lima"].tell(
        DecisionRolled(**which, roll_epoch=2, roll_size=260, rolled_at=stamp(NOTICED))
    )
    found.share()
    leg = found["adrar"].ballot().legs["lima"]
    assert leg.roll is not None
    assert (leg.roll.epoch, leg.roll.size) == (2, 260)
    assert leg.faults == frozenset()


def test_5_for_matters_of_the_charter_rolls_are_sealed_before_the_notice() -> None:
    bare = Federation(matter="charter")
    assert bare["lima"].ballot().notice is None
    legs = tuple(
        ToldLeg(node=name, roll_root=digest(f"roll of {name}" if name != "lima" else "older"))
        for name in NAMES
    )
    found = Federation(matter="charter", legs=legs)
    found.run()
    ballot = found["adrar"].ballot()
    assert Fault.ROLL_AFTER_NOTICE in ballot.legs["lima"].faults
    assert ballot.certified is not None
    assert set(ballot.certified.seals) == set(NAMES) - {"lima"}


def test_6_nothing_is_told_of_the_votes_before_the_close() -> None:
    found = Federation()
    found.run(NOTICED, OPENS)
    telling = (DecisionCommitted, DecisionSealed, DecisionCertified)
    assert not any(isinstance(fact.event, telling) for fact in found.facts)
    before = CLOSES.replace(hour=8)
    does = {act.does for name in NAMES for act in due(found[name].ballot(), name, before)}
    assert does == set()
    assert state_at(found["lima"].ballot(), before) is BallotState.OPEN


@settings(max_examples=40, deadline=None)
@given(votes=divided, rule=st.sampled_from(RULES), seed=st.integers(0, 2**32))
def test_7_an_outcome_follows_from_the_seals_alone(
    votes: Mapping[str, tuple[int, int]], rule: FederatedRule, seed: int
) -> None:
    legs = parts(votes)
    poll = Poll(ballot_id=BALLOT, rule=rule, called=NAMES)
    mixed = [*legs, *legs[:3]]
    random.Random(seed).shuffle(mixed)
    assert aggregated(poll, mixed).hash == aggregated(poll, legs).hash


def test_8_a_member_has_one_vote_in_a_roll_and_two_rolls_are_reported() -> None:
    # That a member stands once in a roll is a law of the roll; here it is that a network which
    # says more votes than its roll has members does not count.
    found = certified()["lima"]
    seal = found.bound["lima"][0]
    assert (seal.cast or 0) <= seal.roll_size
    assert certified()["adrar"].ballot().doubles == {}


@given(
    matter=st.sampled_from(["purchasing", "solidarity-fund", "charter", "unheard-of"]),
    level=st.sampled_from(["entity", "network", "continent", "intercontinental"]),
)
def test_9_no_level_decides_what_belongs_to_a_lower_one(matter: str, level: str) -> None:
    charter = charter_of()
    lowest = {"purchasing": "network", "unheard-of": "entity"}.get(matter, "continent")
    if level == lowest:
        require_competent(charter, matter, level, escalated=False)
    else:
        with pytest.raises(NotCompetent):
            require_competent(charter, matter, level, escalated=False)


@pytest.mark.parametrize("model", [FederatedRule, Charter, policies.Bar, rules.Rule, rules.Share])
def test_10_no_money_of_a_voter_stands_in_what_decides(model: type[Any]) -> None:
    words = ("capital", "dues", "donation", "amount", "money", "stake", "token", "paid")
    names = [*model.model_fields, *map(str, (get_args(f) for f in model.model_fields))]
    assert not [name for name in names if any(word in name for word in words)]


def test_11_a_seal_counts_once_and_two_contest_the_ballot() -> None:
    found = Federation()
    found.run()
    before = found["lima"].ballot()
    assert before.certified is not None
    again = [fact for fact in found.facts if isinstance(fact.event, DecisionSealed)]
    assert folded(BALLOT, [*found.facts, *again], keys=KEYS) == before
    assert len(before.certified.seals) == len(NAMES)


def test_12_the_subject_of_a_ballot_does_not_vote_on_itself() -> None:
    legs = tuple(ToldLeg(node=name, roll_root=digest(f"roll of {name}")) for name in NAMES)
    itself = Federation(matter="admission", subject="souss", legs=legs)
    assert itself["lima"].ballot().notice is None
    others = Federation(matter="admission", subject="dakar", legs=legs)
    assert others["lima"].ballot().notice is not None


def test_12_every_arrow_of_belonging_has_a_ballot() -> None:
    assert {state for state, _ in ARROWS} == {
        MembershipState.APPLICANT,
        MembershipState.OBSERVER,
        MembershipState.MEMBER,
        MembershipState.SUSPENDED,
    }
    assert {matter for _, matter in ARROWS} <= set(Matter)


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_13_the_order_and_the_repetition_of_facts_change_nothing(luck: random.Random) -> None:
    facts = sorted(certified().facts, key=lambda fact: fact.key)
    mixed: list[Fact] = [*facts, *luck.sample(facts, 9)]
    luck.shuffle(mixed)
    assert folded(BALLOT, mixed, keys=KEYS) == folded(BALLOT, facts, keys=KEYS)
    some = luck.sample(facts, luck.randint(1, len(facts)))
    first = folded(BALLOT, some, keys=KEYS)
    assert first == folded(BALLOT, list(reversed(some)), keys=KEYS)


@settings(max_examples=80, deadline=None)
@given(
    votes=divided,
    rule=st.sampled_from(RULES),
    name=st.sampled_from(NAMES),
    more=st.integers(1, 40),
    instead=st.booleans(),
)
def test_14_one_more_yes_never_turns_adopted_into_rejected(
    votes: dict[str, tuple[int, int]], rule: FederatedRule, name: str, more: int, instead: bool
) -> None:
    if outcome(rule, votes) is not Outcome.ADOPTED:
        return
    yes, no = votes[name]
    less = min(no, more) if instead else 0
    assert outcome(rule, votes | {name: (yes + more, no - less)}) is Outcome.ADOPTED


def test_what_came_out_is_the_same_for_all_who_have_the_facts() -> None:
    found = certified()
    ends = [outcome_of(found[name].ballot(), CLOSES) for name in NAMES]
    assert ends[0] is not None
    assert ends == ends[:1] * len(NAMES)
    assert {leg.state for leg in found["lima"].ballot().legs.values()} == {LegState.ATTESTED}
    assert {does.value for does in Does} >= {"seal-roll", "open", "commit", "reveal", "certify"}
    assert state_at(found["lima"].ballot(), GRACE_ENDS) is BallotState.CERTIFIED
    assert [one for one in events(DecisionOpened) if one.opened_at < stamp(OPENS)] == []
