"""What a dishonest participant can do, each tried: found out, bounded, or plainly not visible."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from services.governance.counting.report import Outcome
from services.governance.federated import draws
from services.governance.federated.acts import (
    Does,
    certificate_fields,
    due,
    entries_to_look_up,
    may_reveal,
)
from services.governance.federated.ballot import BallotState, outcome_of, state_at
from services.governance.federated.certificates import Verdict
from services.governance.federated.disputes import growth_auditors, outcome_auditors, panel_for
from services.governance.federated.facts import Fact, hash_of, told
from services.governance.federated.legs import Fault, LegState
from services.governance.federated.seals import commitment, is_signed, signed
from services.governance.merkle import leaf_hash, root
from shared.clock import stamp
from shared.contracts.decisions import (
    DecisionCommitted,
    DecisionNoticed,
    DecisionReturned,
    DecisionRolled,
    DecisionSealed,
    DecisionShown,
    DecisionSponsored,
    ToldLeg,
)
from shared.contracts.disputes import DecisionAudited, DecisionChallenged
from tests.governance.federated.kit import (
    BALLOT,
    CLOSES,
    GRACE_ENDS,
    HEX,
    NAMES,
    NOTICED,
    OPENS,
    ROLLS,
    VOTES,
    Federation,
    Network,
    answers,
    digest,
    key_of,
)
from tests.governance.federated.story import LONG_AFTER, Honest, Liar, TwoFaced, Unbound, Waiting

EVENT = {"node": "lima", "ballot_id": BALLOT}


def federation(**more: Any) -> Federation:
    fields: dict[str, Any] = {"kinds": dict.fromkeys(NAMES, Honest)}
    return Federation(**(fields | more))


def with_one(kind: type[Network], name: str = "souss") -> Federation:
    return federation(kinds=dict.fromkeys(NAMES, Honest) | {name: kind})


def audited(node: str, of: str, roll_root: str, **more: Any) -> DecisionAudited:
    fields: dict[str, Any] = {
        "node": node,
        "ballot_id": BALLOT,
        "audited": of,
        "roll_root": roll_root,
        "entries": 59,
        "bad": 0,
        "report_hash": HEX,
    }
    return DecisionAudited(**(fields | more))


def inflated_rolls() -> Mapping[str, int]:
    return ROLLS | {"kaolack": 4_000}


def test_invented_members_are_not_visible_in_a_tally() -> None:
    votes = {name: answers(*VOTES[name]) for name in NAMES} | {"kaolack": answers(3_900, 40)}
    found = federation(votes=votes, rolls=inflated_rolls())
    found.run()
    ballot = found["lima"].ballot()
    assert ballot.legs["kaolack"].state is LegState.ATTESTED, "nothing shows it"
    assert ballot.disputes == frozenset()


def test_invented_yes_votes_do_not_carry_a_double_majority() -> None:
    votes = {name: answers(10, 90) for name in NAMES} | {"kaolack": answers(3_900, 0)}
    found = federation(votes=votes, rolls=inflated_rolls())
    found.run()
    computed = outcome_of(found["lima"].ballot(), CLOSES)
    assert computed is not None
    assert computed.outcome.figures["yes"] > computed.outcome.figures["no"]
    assert computed.outcome.outcome is Outcome.REJECTED


def grown(audits: bool) -> Federation:
    legs = tuple(ToldLeg(node=name, audited=600 if name == "kaolack" else 0) for name in NAMES)
    found = federation(legs=legs)
    found.run(NOTICED)
    if audits:
        ballot = found["lima"].ballot()
        roll = ballot.legs["kaolack"].roll
        assert ballot.notice is not None
        assert roll is not None
        for auditor in growth_auditors(ballot.notice, "kaolack", roll.root):
            found[auditor].tell(audited(auditor, "kaolack", roll.root))
        found.share()
    found.run(OPENS, CLOSES, GRACE_ENDS)
    return found


def test_a_roll_that_has_grown_too_much_does_not_count_until_it_was_audited() -> None:
    found = grown(audits=False)
    ballot = found["lima"].ballot()
    assert Fault.GROWTH in ballot.legs["kaolack"].faults
    assert ballot.legs["kaolack"].state is LegState.CONTESTED
    assert ballot.certified is not None
    assert set(ballot.certified.seals) == set(NAMES) - {"kaolack"}


def test_a_grown_roll_that_was_audited_counts() -> None:
    ballot = grown(audits=True)["lima"].ballot()
    assert ballot.legs["kaolack"].faults == frozenset()
    assert ballot.certified is not None
    assert set(ballot.certified.seals) == set(NAMES)


def test_a_grown_roll_is_not_audited_by_who_was_not_drawn_or_with_too_few_entries() -> None:
    legs = tuple(ToldLeg(node=name, audited=600 if name == "kaolack" else 0) for name in NAMES)
    found = federation(legs=legs)
    found.run(NOTICED)
    ballot = found["lima"].ballot()
    roll = ballot.legs["kaolack"].roll
    assert ballot.notice is not None
    assert roll is not None
    drawn = growth_auditors(ballot.notice, "kaolack", roll.root)
    assert [
        act.details["audited"]
        for name in NAMES
        for act in due(ballot, name, NOTICED)
        if act.does is Does.AUDIT
    ] == ["kaolack"] * len(drawn)
    for name in set(NAMES) - {*drawn, "kaolack"}:
        found[name].tell(audited(name, "kaolack", roll.root))
    for name in drawn:
        found[name].tell(audited(name, "kaolack", roll.root, entries=3))
    found.share()
    assert Fault.GROWTH in found["lima"].ballot().legs["kaolack"].faults


def test_a_false_member_is_met_by_a_drawn_audit_and_contests_the_ballot() -> None:
    found = federation()
    found.run()
    ballot = found["lima"].ballot()
    acts = [act for name in NAMES for act in due(ballot, name, CLOSES) if act.does is Does.AUDIT]
    act = next(act for act in acts if act.details["audited"] == "kaolack")
    entries = entries_to_look_up(act)
    assert len(entries) == 59
    assert max(entries) < 900
    details = {key: act.details[key] for key in ("roll_root", "outcome_hash")}
    strange = next(
        name
        for name in NAMES
        if name not in outcome_auditors_of(found, "kaolack") and name != "kaolack"
    )
    found[strange].tell(audited(strange, "kaolack", bad=1, **details))
    found.share()
    assert state_at(found["lima"].ballot(), CLOSES) is BallotState.CERTIFIED
    found[act.network].tell(audited(act.network, "kaolack", bad=1, doubles=2, **details))
    found.share()
    ballot = found["lima"].ballot()
    assert ballot.disputes == {"audit:kaolack"}
    assert ballot.doubles == {"kaolack": 2}
    assert ballot.legs["kaolack"].state is LegState.CONTESTED


def outcome_auditors_of(found: Federation, network: str) -> list[str]:
    ballot = found["lima"].ballot()
    assert ballot.notice is not None
    assert ballot.certified is not None
    return outcome_auditors(ballot.notice, network, ballot.certified.seals.values())


@pytest.mark.parametrize(("entries", "share", "percent"), [(59, (1, 20), 95), (299, (1, 100), 95)])
def test_so_many_entries_find_false_members(
    entries: int, share: tuple[int, int], percent: int
) -> None:
    found, of = draws.found_with(share, entries)
    assert found * 100 >= percent * of
    less, of = draws.found_with(share, entries - 2)
    assert less * 100 < percent * of


def test_a_changed_ballot_does_not_fit_the_receipt_that_its_voter_has() -> None:
    ballots = [f"receipt {at}: yes".encode() for at in range(9)]
    sealed = root([leaf_hash(one) for one in ballots])
    ballots[4] = b"receipt 4: no"
    assert root([leaf_hash(one) for one in ballots]) != sealed


def test_two_tallies_to_two_hubs_prove_themselves() -> None:
    found = with_one(TwoFaced)
    found.run(NOTICED, OPENS, CLOSES)
    assert state_at(found["lima"].ballot(), CLOSES) is BallotState.CERTIFIED
    found["quebec"].hear([found["souss"].other])  # type: ignore[attr-defined]  # the one who cheats
    ballot = found["quebec"].ballot()
    assert ballot.disputes == {"equivocation:souss"}
    assert len(ballot.legs["souss"].proofs) == 2
    found.share()
    assert {state_at(found[name].ballot(), CLOSES) for name in NAMES} == {BallotState.CONTESTED}
    found.run(CLOSES + timedelta(hours=1), GRACE_ENDS)
    ballot = found["lima"].ballot()
    assert state_at(ballot, GRACE_ENDS) is BallotState.CERTIFIED
    assert ballot.legs["souss"].state is LegState.EXCLUDED
    assert ballot.certified is not None
    assert "souss" not in ballot.certified.seals


def test_whoever_holds_a_second_seal_can_show_it() -> None:
    found = with_one(TwoFaced)
    found.run(NOTICED, OPENS, CLOSES)
    other = found["souss"].other.event  # type: ignore[attr-defined]  # the one who cheats
    found["quebec"].tell(DecisionShown(node="quebec", ballot_id=BALLOT, seal=other.seal))
    found.share()
    assert found["lima"].ballot().disputes == {"equivocation:souss"}


def test_a_seal_that_its_network_never_signed_proves_nothing() -> None:
    found = federation()
    found.run()
    seal = found["souss"].bound["souss"][0]
    forged = seal.model_copy(update={"ballots_root": HEX})
    by_other = forged.model_copy(update={"signature": signed(key_of("quebec"), forged.statement())})
    for one in (forged, by_other):
        found["quebec"].tell(DecisionShown(node="quebec", ballot_id=BALLOT, seal=one))
    found.share()
    ballot = found["lima"].ballot()
    assert ballot.disputes == frozenset()
    assert not is_signed(key_of("souss").public, by_other.statement(), by_other.signature)


def test_a_hub_that_hides_a_seal_is_found_when_logs_are_compared() -> None:
    found = federation()
    found.run(NOTICED, OPENS)
    hidden = "adrar"
    for _ in range(6):
        for name in NAMES:
            found[name].step(CLOSES)
        everything = found.facts
        for name in ("lima", "quebec"):
            # The hub of these two keeps one network's seal back.
            found[name].hear(
                fact
                for fact in everything
                if not (isinstance(fact.event, DecisionSealed) and fact.teller == hidden)
            )
        for name in ("adrar", "kaolack", "souss"):
            found[name].hear(everything)
    assert outcome_of(found["adrar"].ballot(), CLOSES) is not None
    # They see that it was bound, that others name a seal of it, and that they do not have it.
    lima = found["lima"].ballot()
    assert lima.legs[hidden].state is LegState.CLOSED
    unknown = {one.network for one in lima.certificates if one.verdict is Verdict.UNKNOWN}
    assert unknown == {"adrar", "kaolack", "souss"}
    found.share()
    found.run(CLOSES + timedelta(hours=2))
    ends = {found[name].ballot().certified.computed.hash for name in NAMES}  # type: ignore[union-attr]  # it is certified
    assert len(ends) == 1


def test_a_convener_alone_can_choose_neither_words_nor_time() -> None:
    found = federation()
    alone = Network("adrar", roll_size=400, choices=answers(1, 0))
    alone.hear(fact for fact in found.facts if not fact.event.kind.endswith("sponsored"))
    assert state_at(alone.ballot(), NOTICED) is BallotState.DRAFT
    short = federation(opens_at=stamp(NOTICED + timedelta(days=13)))
    assert state_at(short["lima"].ballot(), NOTICED) is BallotState.DRAFT


def test_a_third_of_the_networks_return_a_ballot() -> None:
    found = federation()
    found.run(NOTICED)
    for name in ("lima", "quebec"):
        which = EVENT | {"node": name}
        found[name].tell(DecisionReturned(**which, reason="level"))
        found.share()
        state = state_at(found["adrar"].ballot(), NOTICED)
        wanted = BallotState.NOTICED if name == "lima" else BallotState.RETURNED
        assert state is wanted


def test_seals_cannot_be_read_before_all_are_bound() -> None:
    found = federation()
    found.run(NOTICED, OPENS)
    found.cut = {"souss"}
    found.step(CLOSES)
    ballot = found["lima"].ballot()
    assert {leg.state for leg in ballot.legs.values()} == {LegState.CLOSED, LegState.VOTING}
    assert not may_reveal(ballot, CLOSES + timedelta(hours=23))
    assert may_reveal(ballot, CLOSES + timedelta(hours=24))
    seal, nonce, _ = found["lima"].bound["lima"]
    guess = seal.model_copy(update={"cast": 250})
    assert ballot.legs["lima"].commitment == commitment(seal, bytes.fromhex(nonce))
    assert commitment(guess, bytes(32)) != ballot.legs["lima"].commitment


def test_who_waits_for_the_others_seals_is_marked_with_whose_it_could_have_seen() -> None:
    found = with_one(Waiting)
    found.run(NOTICED, OPENS, CLOSES, CLOSES + timedelta(hours=25), CLOSES + timedelta(hours=30))
    leg = found["lima"].ballot().legs["souss"]
    assert Fault.UNWITNESSED in leg.faults
    assert leg.unheard_by == ("adrar", "kaolack", "lima", "quebec")
    assert leg.counts, "it may have been cut off; that is for others to challenge"


def test_who_shows_another_seal_than_it_was_bound_to_does_not_count() -> None:
    found = with_one(Unbound)
    found.run(NOTICED, OPENS, CLOSES, GRACE_ENDS)
    ballot = found["lima"].ballot()
    assert Fault.NOT_BOUND in ballot.legs["souss"].faults
    assert ballot.certified is not None
    assert "souss" not in ballot.certified.seals
    # Nor if somebody else shows it for them.
    seal, _, _ = found["souss"].bound["souss"]
    found["quebec"].tell(DecisionShown(node="quebec", ballot_id=BALLOT, seal=seal))
    found.share()
    assert not found["lima"].ballot().legs["souss"].counts


def test_two_commitments_are_two_stories() -> None:
    found = federation()
    found.run(NOTICED, OPENS)
    for text in ("one", "other"):
        which = EVENT | {"commitment": digest(text), "closed_at": stamp(CLOSES)}
        found["lima"].tell(DecisionCommitted(**which))
    found.share()
    assert found["adrar"].ballot().disputes == {"equivocation:lima"}


def test_two_rolls_of_one_epoch_are_two_stories() -> None:
    found = federation()
    found.run(NOTICED)
    which = EVENT | {"roll_epoch": 1, "roll_size": 300, "rolled_at": stamp(NOTICED)}
    found["lima"].tell(DecisionRolled(**which, roll_root=digest("more members")))
    found.share()
    assert found["adrar"].ballot().disputes == {"equivocation:lima"}


def test_a_false_certificate_is_computed_again_and_contests_the_ballot() -> None:
    found = with_one(Liar)
    found.run(NOTICED, OPENS)
    for name in NAMES:
        found[name].does = lambda act: act.does not in (Does.RULE, Does.AUDIT)  # type: ignore[method-assign]  # nobody rules yet
    found.run(CLOSES)
    ballot = found["lima"].ballot()
    assert ballot.disputes == {"false-certificate:souss:0"}
    assert state_at(ballot, CLOSES) is BallotState.CONTESTED
    assert "souss" not in panel_for(ballot.disputes, ballot.notice)  # type: ignore[arg-type]  # there is one


def test_a_certificate_that_comes_too_soon_has_no_effect() -> None:
    found = federation()
    found.run(NOTICED, OPENS)
    found.cut = {"kaolack", "lima", "quebec"}
    found.run(CLOSES, CLOSES + timedelta(hours=25))
    assert found["souss"].ballot().certificates == ()
    which = {"node": "souss", "ballot_id": BALLOT}
    fields = certificate_fields(found["souss"].ballot())
    found["souss"].certify(which, fields, CLOSES + timedelta(hours=25))
    found["adrar"].certify(which | {"node": "adrar"}, fields, GRACE_ENDS)
    found.share()
    verdicts = {one.network: one.verdict for one in found["adrar"].ballot().certificates}
    assert verdicts == {"souss": Verdict.EARLY, "adrar": Verdict.SOUND}
    # One that says the grace were over rests on it: a reader's own clock has to have seen it, too.
    assert state_at(found["adrar"].ballot(), CLOSES + timedelta(hours=26)) is not (
        BallotState.CERTIFIED
    )
    found.cut = set()
    found.share()
    found.run(CLOSES + timedelta(hours=27), LONG_AFTER)
    states = {state_at(found[name].ballot(), LONG_AFTER) for name in NAMES}
    assert states == {BallotState.CERTIFIED}


def test_a_tiny_network_tells_its_sign_only() -> None:
    votes = {name: answers(*VOTES[name]) for name in NAMES} | {"souss": answers(3, 0)}
    found = federation(votes=votes)
    found.run()
    ballot = found["lima"].ballot()
    seal = ballot.legs["souss"].seal
    assert seal is not None
    assert (seal.tally.sign, seal.tally.yes, seal.cast) == (1, None, None)
    assert state_at(ballot, CLOSES) is BallotState.CERTIFIED


def test_a_network_that_splits_into_tiny_ones_gains_no_votes_of_networks() -> None:
    rolls = dict.fromkeys(NAMES, 9) | {"kaolack": 900, "adrar": 400}
    votes = {name: answers(9, 0) for name in NAMES}
    votes |= {"kaolack": answers(0, 50), "adrar": answers(0, 60)}
    found = federation(votes=votes, rolls=rolls)
    found.run()
    computed = outcome_of(found["lima"].ballot(), CLOSES)
    assert computed is not None
    figures = computed.outcome.figures
    assert (figures["networks_yes"], figures["networks_no"]) == (0, 2)


def test_a_second_notice_is_a_dispute_in_which_its_convener_does_not_rule() -> None:
    found = federation()
    found.run(NOTICED)
    other: DecisionNoticed = found.event.model_copy(
        update={"closes_at": stamp(CLOSES + timedelta(days=1))}
    )
    found["adrar"].tell(other)
    found["kaolack"].tell(
        DecisionSponsored(node="kaolack", ballot_id=BALLOT, notice_hash=hash_of(other))
    )
    found.share()
    ballot = found["lima"].ballot()
    assert ballot.disputes == {"notice"}
    assert ballot.notice is not None
    assert ballot.notice.event == found.event, "most have accepted this one"
    assert "adrar" not in panel_for(ballot.disputes, ballot.notice)


def test_facts_in_others_names_have_no_effect() -> None:
    found = federation()
    found.run()
    before = found["lima"].ballot()
    in_name_of_lima: list[Fact] = [
        told("quebec", fact.event.model_copy(update=change))
        for fact in found["lima"].log
        for change in ({}, {"node": "lima"})
        if hasattr(fact.event, "ballot_id")
    ]
    assert in_name_of_lima
    for name in NAMES:
        found[name].hear(in_name_of_lima)
    assert found["lima"].ballot() == before


@pytest.mark.parametrize("kind", ["accepted", "certified"])
def test_what_is_not_signed_by_its_teller_has_no_effect(kind: str) -> None:
    found = federation()
    found.run()
    wanted = f"governance.decision.{kind}"
    known = {fact for fact in found.facts if fact.event.kind != wanted or fact.teller != "lima"}
    broken = {
        told("lima", fact.event.model_copy(update={"signature": "A" * 86}))
        for fact in found.facts - known
    }
    assert broken
    network = Network("quebec", roll_size=150, choices=answers(1, 0))
    network.hear(known | broken)
    without = Network("quebec", roll_size=150, choices=answers(1, 0))
    without.hear(known)
    assert network.ballot() == without.ballot()


def test_one_who_only_quarrels_holds_a_ballot_up_until_a_panel_dismisses_it() -> None:
    found = federation()
    found.run()
    found["souss"].tell(
        DecisionChallenged(
            node="souss",
            ballot_id=BALLOT,
            ground="count",
            accused="lima",
            evidence_hash=HEX,
            challenged_at=stamp(CLOSES),
        )
    )
    found.share()
    ballot = found["adrar"].ballot()
    assert state_at(ballot, CLOSES) is BallotState.CONTESTED
    assert ballot.notice is not None
    assert set(panel_for(ballot.disputes, ballot.notice)) == set(NAMES) - {"souss", "lima"}
    found.run(CLOSES + timedelta(days=1))
    ballot = found["adrar"].ballot()
    assert state_at(ballot, CLOSES) is BallotState.CERTIFIED
    assert ballot.rulings.settled == {"challenge:souss:count:lima"}
