"""Who belongs to an association is decided by certified ballots, however they are heard."""

import random
from typing import Any

import pytest

from services.governance.federated.ballot import BallotState, state_at
from services.governance.federated.charter import Parameters, Rights
from services.governance.federated.facts import Fact, told
from services.governance.federated.membership import MembershipState
from tests.governance.associations.kit import (
    FOUNDERS,
    World,
    root_key_of,
    usual_charter,
)
from tests.governance.federated.kit import answers

DAKAR = "dakar"


def test_founders_belong_once_they_have_signed_and_others_do_not() -> None:
    world = World()
    found = world.association()
    assert found.voters == FOUNDERS
    assert found.state_of(DAKAR) is MembershipState.NONE
    assert world.words() == []
    world.adopt(DAKAR)
    assert world.association().state_of(DAKAR) is MembershipState.APPLICANT


def test_a_network_is_observer_first_and_a_member_by_a_second_ballot() -> None:
    world = World()
    world.apply(DAKAR)
    world.sponsor(DAKAR)
    world.decide("admission", DAKAR)
    assert world.association().state_of(DAKAR) is MembershipState.OBSERVER
    assert world.keep() == [(DAKAR, "observer")]
    early = world.decide("admission", DAKAR)
    assert "long enough" in world.association().passed[early]
    world.later(40)
    last = world.decide("admission", DAKAR)
    assert world.keep() == [(DAKAR, "admitted")]
    (word,) = world.association().told[DAKAR][-1:]
    assert (word.revision, word.root_key) == (2, root_key_of(DAKAR).public)
    assert word.cause.ballot == last
    assert word.cause.ground == "Ninety days have gone well."
    assert world.association().voters == (*FOUNDERS[:1], DAKAR, *FOUNDERS[1:])
    assert world.keep() == []


def suspended(world: World, network: str) -> None:
    world.decide("suspension", network)


def test_a_member_is_suspended_for_a_time_and_stands_again_by_itself() -> None:
    world = World()
    suspended(world, "souss")
    assert world.keep() == [("souss", "suspended")]
    assert "souss" not in world.voters
    (word,) = world.association().told["souss"]
    assert word.until is not None
    world.later(100)
    assert "souss" in world.voters
    # The node service ends it by itself; nothing more is told.
    assert world.keep() == []


def test_a_suspension_that_was_over_before_it_could_be_told_is_not_told() -> None:
    world = World()
    suspended(world, "souss")
    world.later(100)
    assert world.keep() == []


def test_a_member_is_expelled_after_a_suspension_and_may_ask_anew() -> None:
    world = World()
    direct = world.decide("expulsion", "souss")
    assert world.keep() == []
    assert "no expulsion leads on" in world.association().passed[direct]
    suspended(world, "souss")
    world.decide("expulsion", "souss")
    assert world.keep() == [("souss", "expelled")]
    world.admit("souss")
    assert world.keep() == [("souss", "admitted")]


def test_a_reinstatement_ends_a_suspension_before_its_time() -> None:
    world = World()
    suspended(world, "souss")
    world.keep()
    world.decide("reinstatement", "souss")
    assert world.keep() == [("souss", "reinstated")]
    assert "souss" in world.voters


def test_an_appeal_leaves_all_as_it_is_until_it_is_ruled_on() -> None:
    world = World()
    suspended(world, "souss")
    ballot_id = world.decide("expulsion", "souss")
    assert world.keep() == [("souss", "expelled")]
    world.appeal("souss", ballot_id)
    assert state_at(world.ballot(ballot_id), world.now) is BallotState.CONTESTED
    assert world.association().state_of("souss") is MembershipState.EXPELLED
    assert world.association().effects[ballot_id].in_doubt
    assert world.keep() == []
    world.rule(ballot_id, "dismiss")
    assert world.association().state_of("souss") is MembershipState.EXPELLED
    assert world.keep() == []


def test_an_appeal_that_succeeds_takes_back_what_was_told_once() -> None:
    world = World()
    suspended(world, "souss")
    world.keep()
    ballot_id = world.decide("expulsion", "souss")
    world.keep()
    world.appeal("souss", ballot_id)
    world.rule(ballot_id, "annul")
    assert state_at(world.ballot(ballot_id), world.now) is BallotState.ANNULLED
    assert world.keep() == [("souss", "reinstated")]
    assert world.keep() == []
    assert world.association().state_of("souss") is not MembershipState.EXPELLED


def test_a_contested_ballot_of_which_nothing_was_told_has_no_effect_yet() -> None:
    world = World()
    suspended(world, "souss")
    world.keep()
    ballot_id = world.decide("expulsion", "souss")
    world.appeal("souss", ballot_id)
    assert world.keep() == []
    assert world.association().state_of("souss") is MembershipState.SUSPENDED


def test_the_subject_never_votes_on_itself() -> None:
    world = World()
    event = world.notice("suspension", "souss", legs=FOUNDERS)
    world.vote(event, sponsors=("kaolack", "lima"))
    assert world.ballot(event.ballot_id).notice is None
    assert world.keep() == []


def test_a_ballot_to_which_not_all_members_were_called_has_no_effect() -> None:
    world = World()
    ballot_id = world.decide("suspension", "souss", legs=("adrar", "kaolack", "lima"))
    assert state_at(world.ballot(ballot_id), world.now) is BallotState.CERTIFIED
    assert "not called: quebec" in world.association().passed[ballot_id]
    assert world.keep() == []


def test_what_follows_from_a_ballot_is_what_its_notice_says() -> None:
    world = World()
    world.apply(DAKAR)
    world.sponsor(DAKAR)
    refused = {
        "another root key": {"root_key": root_key_of("evora").public},
        "another network": {"network": "evora"},
        "only a matter of hubs": {"was": "evora"},
    }
    for why, effect in refused.items():
        ballot_id = world.decide("admission", DAKAR, effect=effect)
        assert why in world.association().passed[ballot_id]
    silent = world.vote(world.notice("admission", DAKAR).model_copy(update={"effect": None}))
    assert world.association().passed[silent] == "the notice does not say what follows"
    assert world.keep() == []


def test_without_sponsors_nobody_is_admitted_and_late_ones_help() -> None:
    world = World()
    world.apply(DAKAR)
    ballot_id = world.decide("admission", DAKAR)
    assert world.association().passed[ballot_id] == "too few members stand for it"
    # One that is no member, and one for another key, are none.
    world.sponsor(DAKAR, "evora", "lima")
    assert world.keep() == []
    world.sponsor(DAKAR, "souss")
    assert world.keep() == [(DAKAR, "observer")]


def test_who_leaves_needs_nobodys_leave() -> None:
    world = World()
    world.admit(DAKAR)
    world.keep()
    world.later(1)
    world.leave(DAKAR)
    assert world.association().state_of(DAKAR) is MembershipState.WITHDRAWN
    assert world.keep() == [(DAKAR, "withdrawn")]
    assert DAKAR not in world.voters


def test_who_has_lost_the_root_key_goes_on_under_a_new_name() -> None:
    world = World(others=(DAKAR, "evora"))
    world.admit(DAKAR)
    world.keep()
    world.later(1)
    effect = {"network": "evora", "was": DAKAR, "root_key": root_key_of("evora").public}
    world.decide("hub", DAKAR, effect=effect)
    assert world.keep() == [("evora", "key-replaced")]
    (word,) = world.association().told["evora"]
    assert (word.was, word.root_key) == (DAKAR, root_key_of("evora").public)
    found = world.association()
    assert found.state_of("evora") is MembershipState.MEMBER
    assert DAKAR not in found.members
    assert "evora" in found.voters
    # It is called from then on, and what is decided of it is told under its name.
    world.later(1)
    suspended(world, "evora")
    assert world.keep() == [("evora", "suspended")]


def test_a_move_to_another_hub_is_told_and_belonging_stays() -> None:
    world = World()
    world.admit(DAKAR)
    world.keep()
    world.later(1)
    world.decide("hub", DAKAR, effect={"to": "europe"})
    assert world.keep() == [(DAKAR, "moved")]
    assert world.association().told[DAKAR][-1].to == "europe"
    assert world.association().state_of(DAKAR) is MembershipState.MEMBER


def test_a_new_version_holds_for_those_who_sign_it_and_others_observe_for_a_time() -> None:
    world = World()
    changed = usual_charter(
        number=2,
        previous=world.charter.hash,
        parameters=Parameters(sponsors_min=3, observing_s=30 * 86_400),
    )
    world.publish(changed)
    assert len(world.association().versions) == 1, "nobody has decided on it"
    effect = {"network": None, "root_key": None, "charter_hash": changed.hash}
    event = world.notice("charter", "nobody", effect=effect, legs=FOUNDERS, subject=None)
    ballot_id = world.vote(event)
    world.publish(changed, ballot_id)
    found = world.association()
    assert [one.number for one in found.versions] == [1, 2]
    assert found.charter == world.charter, "few have signed it yet"
    for name in FOUNDERS[:3]:
        world.adopt(name, changed)
    found = world.association()
    assert found.charter == changed
    assert found.voters == FOUNDERS[:3]
    assert found.rights["souss"] is Rights.OBSERVER
    world.adopt("souss", changed)
    assert "souss" in world.voters


def test_a_version_that_nobody_decided_on_or_that_changes_its_founders_is_none() -> None:
    world = World()
    for more in ({"founders": (*FOUNDERS, "fes")}, {"values": ("ripess:equity",)}):
        changed = usual_charter(number=2, previous=world.charter.hash, **more)
        effect = {"network": None, "root_key": None, "charter_hash": changed.hash}
        event = world.notice("charter", "nobody", effect=effect, legs=FOUNDERS, subject=None)
        world.publish(changed, world.vote(event))
        assert len(world.association().versions) == 1


def test_a_suspension_that_members_rejected_changes_nothing() -> None:
    world = World()
    for name in FOUNDERS[:3]:
        world.networks[name].choices = answers(10, 80)
    suspended(world, "souss")
    assert world.keep() == []
    assert "souss" in world.voters


def story() -> World:
    """Return a world in which much has happened, and nothing was told yet."""
    world = World()
    world.admit(DAKAR)
    world.later(1)
    suspended(world, "souss")
    world.decide("expulsion", "souss")
    world.later(1)
    world.leave("quebec")
    return world


def test_the_order_in_which_facts_come_changes_nothing_of_what_is_told_in_the_end() -> None:
    world = story()
    whole = sorted(world.facts, key=lambda one: one.key)
    wanted = {(one.node, one.what) for one in world.words()}
    assert wanted == {(DAKAR, "admitted"), ("quebec", "withdrawn"), ("souss", "expelled")}
    for seed in range(2):
        luck = random.Random(seed)
        facts = whole + luck.sample(whole, 30)
        luck.shuffle(facts)
        said: list[Fact] = []
        for piece in range(1, 6):
            heard = [*facts[: len(facts) * piece // 5], *said]
            said += [told("adrar", word) for word in world.words(heard)]
        ends = {one.event.node: one.event for one in said}  # type: ignore[attr-defined]
        assert {(name, one.what) for name, one in ends.items()} == wanted
        keys = [(one.event.node, one.event.what, one.event.cause.ballot) for one in said]  # type: ignore[attr-defined]
        assert len(set(keys)) == len(keys)
        assert world.words([*facts, *said]) == []


def test_what_others_tell_in_the_keepers_place_counts_for_nothing() -> None:
    world = World()
    world.apply(DAKAR)
    world.sponsor(DAKAR)
    world.decide("admission", DAKAR)
    (word,) = world.words()
    forged = told("lima", word.model_copy(update={"what": "expelled"}))
    assert world.association([*world.facts, forged]).told == {}
    assert world.words([*world.facts, forged]) == [word]


def test_a_word_of_the_keeper_without_a_certified_ballot_makes_nobody_a_member() -> None:
    world = World()
    world.apply(DAKAR)
    world.sponsor(DAKAR)
    event = world.notice("admission", DAKAR)
    world.tell(event.node, event)
    other = World(others=(DAKAR,))
    other.apply(DAKAR)
    other.sponsor(DAKAR)
    other.decide("admission", DAKAR)
    (word,) = other.words()
    forged = word.cause.model_copy(update={"ballot": event.ballot_id})
    fact = told("adrar", word.model_copy(update={"cause": forged, "what": "admitted"}))
    found = world.association([*world.facts, fact])
    assert found.state_of(DAKAR) is MembershipState.APPLICANT
    assert found.voters == FOUNDERS


def test_while_a_log_is_read_again_nothing_is_told_and_nothing_taken_back() -> None:
    world = World()
    world.apply(DAKAR)
    world.sponsor(DAKAR)
    world.decide("admission", DAKAR)
    world.later(40)
    world.decide("admission", DAKAR)
    world.decide("suspension", "souss")
    # The observer's word is never told: what follows it is known already.
    assert sorted(world.keep()) == [(DAKAR, "admitted"), ("souss", "suspended")]
    for teller in world.networks:
        left = [one for one in world.facts if one.teller != teller]
        words = [one for one in world.words(left) if teller != "adrar"]
        assert words == [], teller


@pytest.mark.parametrize("forge", ["leg", "name"])
def test_nobody_signs_or_leaves_for_another_network(forge: str) -> None:
    world = World()
    more: dict[str, Any] = {"leg": "souss"} if forge == "leg" else {}
    adoption = world.adoption("lima", **more)
    fact = told("lima", adoption if forge == "leg" else adoption.model_copy(update={"node": DAKAR}))
    assert world.association([*world.facts, fact]).state_of(DAKAR) is MembershipState.NONE
    found = world.association([one for one in [*world.facts, fact] if one.teller != "souss"])
    assert found.state_of("souss") is MembershipState.NONE
