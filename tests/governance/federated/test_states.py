"""Every arrow of ballots, legs and objections that there is, and those that there must not be."""

from datetime import timedelta
from typing import Any

import pytest

from services.governance.federated.acts import Does, due, is_due_to_certify
from services.governance.federated.ballot import (
    BALLOT_ARROWS,
    Ballot,
    BallotState,
    outcome_of,
    state_at,
)
from services.governance.federated.facts import hash_of
from services.governance.federated.legs import LEG_ARROWS, LegState
from services.governance.federated.notices import why_unfit
from services.governance.federated.objections import OBJECTION_ARROWS, ObjectionState
from services.governance.federated.policies import Policy
from services.governance.rules import Method, Rule
from shared.clock import stamp
from shared.contracts.decisions import (
    DecisionCommitted,
    DecisionDeclined,
    DecisionEscalated,
    DecisionOpened,
    DecisionReturned,
    DecisionSponsored,
    DecisionWithdrawn,
    ToldLeg,
    ToldText,
)
from shared.contracts.disputes import DecisionAnswered, DecisionChallenged, DecisionObjected
from tests.governance.federated.kit import (
    BALLOT,
    CLOSES,
    GRACE_ENDS,
    HEX,
    NAMES,
    NOTICED,
    OPENS,
    Federation,
    Network,
    digest,
    key_of,
    rule_of,
)
from tests.governance.federated.story import Honest, TwoFaced

OBJECTION = "lima:01990000-0000-7000-8000-0000000000cc"
S, L, O = BallotState, LegState, ObjectionState  # noqa: E741  # three tables of states


def federation(**more: Any) -> Federation:
    return Federation(**({"kinds": dict.fromkeys(NAMES, Honest)} | more))


def states(found: Federation, now: Any, name: str = "lima") -> tuple[BallotState, Ballot]:
    ballot = found[name].ballot()
    return state_at(ballot, now), ballot


def which(node: str, **more: Any) -> dict[str, Any]:
    return {"node": node, "ballot_id": BALLOT, **more}


class Watch:
    """Looks at a ballot again and again, and lets no arrow pass that there is not."""

    def __init__(self) -> None:
        self.ballot = S.DRAFT
        self.legs: dict[str, LegState] = {}
        self.seen: set[tuple[BallotState, BallotState]] = set()
        self.legs_seen: set[tuple[LegState, LegState]] = set()

    def look(self, ballot: Ballot, now: Any) -> None:
        state = state_at(ballot, now)
        if state is not self.ballot:
            back = self.ballot in (S.CONTESTED, S.RECOUNT)
            assert back or state in BALLOT_ARROWS[self.ballot], (self.ballot, state)
            self.seen.add((self.ballot, state))
            self.ballot = state
        for name, leg in ballot.legs.items():
            before = self.legs.setdefault(name, leg.state)
            if leg.state is not before:
                assert leg.state in LEG_ARROWS[before], (name, before, leg.state)
                self.legs_seen.add((before, leg.state))
            self.legs[name] = leg.state


def watched(found: Federation, *times: Any) -> Watch:
    """Let networks act one at a time, and look after each fact."""
    watch = Watch()
    watch.look(found["lima"].ballot(), NOTICED)
    for now in times:
        for _ in range(12):
            moved = []
            for name in NAMES:
                ballot = found[name].ballot()
                acts = [act for act in due(ballot, name, now) if found[name].does(act)]
                for act in acts[:1]:
                    found[name].perform(act, ballot, now)
                    moved.append(act)
                if name not in found.cut:
                    found.share()
                watch.look(found["lima"].ballot(), now)
            if not moved:
                break
    return watch


def test_a_ballot_that_goes_well_goes_along_every_arrow_once() -> None:
    found = federation()
    watch = watched(found, NOTICED, OPENS, CLOSES)
    assert watch.seen == {
        (S.DRAFT, S.NOTICED),
        (S.NOTICED, S.OPEN),
        (S.OPEN, S.CLOSED),
        (S.CLOSED, S.COLLECTING),
        (S.COLLECTING, S.PROVISIONAL),
        (S.PROVISIONAL, S.CERTIFIED),
    }
    assert watch.legs_seen >= {
        (L.INVITED, L.ACCEPTED),
        (L.ACCEPTED, L.ROLL_SEALED),
        (L.ROLL_SEALED, L.VOTING),
        (L.VOTING, L.CLOSED),
        (L.CLOSED, L.SEALED),
        (L.SEALED, L.ATTESTED),
    }


def test_a_draft_becomes_a_ballot_with_its_second_sponsor() -> None:
    found = federation()
    alone = Network("quebec", roll_size=150, choices=[])
    alone.hear(f for f in found.facts if not isinstance(f.event, DecisionSponsored))
    assert state_at(alone.ballot(), NOTICED) is S.DRAFT
    outsider = which("dakar", notice_hash=hash_of(found.event))
    dakar = Network("dakar", roll_size=10, choices=[])
    alone.hear([dakar.tell(DecisionSponsored(**outsider))])
    assert state_at(alone.ballot(), NOTICED) is S.DRAFT
    alone.hear([found["souss"].tell(DecisionSponsored(**outsider | {"node": "souss"}))])
    assert state_at(alone.ballot(), NOTICED) is S.NOTICED


@pytest.mark.parametrize(
    "fields",
    [
        {"texts": {"fr": ToldText(hash=HEX)}},
        {"texts": {"fr": ToldText(hash=HEX), "ar": ToldText(hash=HEX)}},
        {"language": "es"},
        {"closes_at": stamp(OPENS)},
        {"opens_at": "2026-13-40T00:00:00.000Z"},
        {"rule_hash": HEX},
        {"charter_hash": HEX},
        {"level": "network"},
        {"level": "intercontinental"},
        {"matter": "expulsion"},
        {"matter": "admission"},
        {"legs": tuple(ToldLeg(node=name) for name in (*NAMES, "adrar"))},
        {"legs": (*(ToldLeg(node=name) for name in NAMES), ToldLeg(node="dakar", kept_by="lima"))},
    ],
)
def test_of_such_a_notice_no_ballot_comes(fields: dict[str, Any]) -> None:
    found = federation(**fields)
    assert found["lima"].ballot().notice is None
    assert due(found["lima"].ballot(), "lima", NOTICED) == ()


def test_a_notice_whose_rule_cannot_be_read_says_so() -> None:
    found = federation()
    broken = found.event.model_copy(update={"rule": {"policy": "double"}})
    assert why_unfit(found.event, found.charter) == ""
    assert why_unfit(broken, found.charter) == "rule, options or times cannot be read"


def test_a_ballot_can_be_taken_back_until_a_network_has_opened() -> None:
    found = federation()
    found.run(NOTICED)
    found["adrar"].tell(DecisionWithdrawn(**which("adrar", reason="changed")))
    found.share()
    assert states(found, NOTICED)[0] is S.WITHDRAWN
    assert due(found["lima"].ballot(), "lima", OPENS) == ()
    late = federation()
    late.run(NOTICED, OPENS)
    late["adrar"].tell(DecisionWithdrawn(**which("adrar", reason="changed")))
    late.share()
    assert states(late, OPENS)[0] is S.OPEN


def test_nobody_but_its_convener_takes_a_ballot_back() -> None:
    found = federation()
    found.run(NOTICED)
    found["lima"].tell(DecisionWithdrawn(**which("lima", reason="changed")))
    found.share()
    assert states(found, NOTICED)[0] is S.NOTICED


def test_a_ballot_is_not_returned_once_most_have_opened() -> None:
    found = federation()
    found.run(NOTICED, OPENS)
    for name in ("lima", "quebec", "souss"):
        found[name].tell(DecisionReturned(**which(name, reason="level")))
    found.share()
    assert states(found, OPENS)[0] is S.OPEN


def escalated(**fields: Any) -> BallotState:
    found = federation()
    found.run(NOTICED)
    found["lima"].tell(DecisionEscalated(**which("lima", reason="level", **fields)))
    found.share()
    return states(found, NOTICED)[0]


def test_a_matter_goes_up_by_members_a_network_or_an_objection_that_stands() -> None:
    assert escalated(ground="members", supporters=25, roll_size=250) is S.ESCALATED
    assert escalated(ground="members", supporters=24, roll_size=250) is S.NOTICED
    assert escalated(ground="members", supporters=251, roll_size=250) is S.NOTICED
    assert escalated(ground="node") is S.ESCALATED
    assert escalated(ground="objection", objection=OBJECTION) is S.NOTICED


def test_what_was_sent_up_can_be_called_one_level_higher() -> None:
    lower = "lima:01990000-0000-7000-8000-0000000000dd"
    plain = federation(level="intercontinental", follows=lower)
    assert plain["lima"].ballot().notice is None
    plain["lima"].tell(
        DecisionEscalated(node="lima", ballot_id=lower, reason="level", ground="node")
    )
    assert plain["lima"].ballot().notice is not None
    two_up = federation(matter="purchasing", level="intercontinental", follows=lower)
    two_up["lima"].tell(
        DecisionEscalated(node="lima", ballot_id=lower, reason="level", ground="node")
    )
    assert two_up["lima"].ballot().notice is None


def test_a_network_declines_or_comes_back_until_it_has_opened() -> None:
    found = federation()
    found.run(NOTICED)
    found["lima"].tell(DecisionDeclined(**which("lima", revision=2, reason="rule")))
    ballot = found["lima"].ballot()
    assert ballot.legs["lima"].state is L.DECLINED
    assert ballot.legs["lima"].reason == "rule"
    found.run(OPENS, CLOSES)
    certified = found["adrar"].ballot().certified
    assert certified is not None
    assert set(certified.seals) == set(NAMES) - {"lima"}
    late = federation()
    late.run(NOTICED, OPENS)
    late["lima"].tell(DecisionDeclined(**which("lima", revision=2, reason="rule")))
    assert late["lima"].ballot().legs["lima"].state is L.VOTING


def test_who_has_not_adopted_the_charter_takes_no_part() -> None:
    found = federation()
    without = {f for f in found.facts if not (f.teller == "lima" and "adopted" in f.event.kind)}
    found.run(NOTICED)
    told = {f for f in found.facts if f.teller == "lima" and "decision" in f.event.kind}
    quebec = Network("quebec", roll_size=150, choices=[])
    quebec.hear(without | told)
    assert quebec.ballot().legs["lima"].state is L.INVITED


def test_nobody_opens_before_the_time_or_without_a_roll() -> None:
    found = federation()
    found.run(NOTICED)
    root = digest("roll of lima")
    early = DecisionOpened(**which("lima", roll_root=root, opened_at=stamp(NOTICED)))
    other = DecisionOpened(**which("lima", roll_root=HEX, opened_at=stamp(OPENS)))
    for event in (early, other):
        found["lima"].tell(event)
    assert found["lima"].ballot().legs["lima"].state is L.ROLL_SEALED


def test_a_network_that_was_away_opens_late_and_one_that_comes_after_the_close_does_not() -> None:
    found = federation()
    found.run(NOTICED)
    does = {act.does for act in due(found["lima"].ballot(), "lima", CLOSES - timedelta(hours=1))}
    assert does == {Does.OPEN}
    assert due(found["lima"].ballot(), "lima", CLOSES) == ()


def test_a_missing_network_is_waited_for_and_then_it_is_missing() -> None:
    found = federation(votes=None)
    found.run(NOTICED, OPENS)
    found.cut = {"kaolack"}
    for hours in (0, 25, 71):
        found.run(CLOSES + timedelta(hours=hours))
        assert states(found, CLOSES + timedelta(hours=hours))[0] in (S.CLOSED, S.COLLECTING)
        assert not is_due_to_certify(found["lima"].ballot(), "lima", CLOSES)
    found.run(GRACE_ENDS)
    state, ballot = states(found, GRACE_ENDS)
    assert state is S.CERTIFIED
    assert ballot.legs["kaolack"].state is L.MISSING


def test_a_network_that_is_back_within_the_grace_counts() -> None:
    found = federation()
    found.run(NOTICED, OPENS)
    found.cut = {"kaolack"}
    found.run(CLOSES, CLOSES + timedelta(hours=25))
    found.cut = set()
    found.run(CLOSES + timedelta(hours=60))
    state, ballot = states(found, CLOSES + timedelta(hours=60))
    assert state is S.CERTIFIED
    assert ballot.legs["kaolack"].state is L.ATTESTED


def late() -> Federation:
    found = federation()
    found.run(NOTICED, OPENS)
    found.cut = {"kaolack"}
    found.run(CLOSES, CLOSES + timedelta(hours=25), GRACE_ENDS)
    found.cut = set()
    found["kaolack"].hear(found.facts)
    found.run(GRACE_ENDS + timedelta(hours=5))
    return found


def test_a_network_that_is_back_after_the_grace_is_late_and_does_not_count() -> None:
    found = late()
    state, ballot = states(found, GRACE_ENDS)
    assert state is S.CERTIFIED
    assert ballot.legs["kaolack"].state is L.LATE
    assert ballot.certified is not None
    assert "kaolack" not in ballot.certified.seals


def test_a_late_leg_counts_once_a_panel_admits_it() -> None:
    found = late()
    before = found["lima"].ballot().certified
    found["kaolack"].tell(
        DecisionChallenged(
            **which("kaolack", ground="outage", accused="kaolack", evidence_hash=HEX),
            challenged_at=stamp(GRACE_ENDS),
        )
    )
    found.share()
    assert states(found, GRACE_ENDS)[0] is S.CONTESTED
    disputes = tuple(sorted(found["lima"].ballot().disputes))
    now = GRACE_ENDS + timedelta(days=1)
    for name in NAMES:
        if any(act.does is Does.RULE for act in due(found[name].ballot(), name, now)):
            Network.rule(
                found[name], which(name), disputes, now, order="recount", legs=("kaolack",)
            )
    found.share()
    assert states(found, now)[0] is S.RECOUNT
    found.run(now)
    state, ballot = states(found, now)
    assert state is S.CERTIFIED
    assert ballot.legs["kaolack"].state is L.ATTESTED
    assert ballot.certified is not None
    assert before is not None
    assert ballot.certified.computed.hash != before.computed.hash


@pytest.mark.parametrize("order", ["annul", "dismiss", "exclude-leg"])
def test_a_panel_ends_a_contest(order: str) -> None:
    found = federation()
    found.run()
    found["souss"].tell(
        DecisionChallenged(
            **which("souss", ground="ballots", accused="lima", evidence_hash=HEX),
            challenged_at=stamp(CLOSES),
        )
    )
    found.share()
    disputes = ("challenge:souss:ballots:lima",)
    legs = ("lima",) if order == "exclude-leg" else ()
    for name in ("lima", "souss"):
        Network.rule(found[name], which(name), disputes, CLOSES, order="annul")
    found.share()
    assert states(found, CLOSES)[0] is S.CONTESTED, "parties do not rule"
    Network.rule(found["adrar"], which("adrar"), disputes, CLOSES, order=order, legs=legs)
    found.share()
    assert states(found, CLOSES)[0] is S.CONTESTED, "one of three is not most of them"
    Network.rule(found["kaolack"], which("kaolack"), disputes, CLOSES, order=order, legs=legs)
    found.share()
    state, ballot = states(found, CLOSES)
    wanted = {"annul": S.ANNULLED, "dismiss": S.CERTIFIED, "exclude-leg": S.RECOUNT}
    assert state is wanted[order]
    if order == "exclude-leg":
        assert ballot.legs["lima"].state is L.EXCLUDED
        found.run(CLOSES)
        state, ballot = states(found, CLOSES, "quebec")
        assert state is S.CERTIFIED
        assert ballot.certified is not None
        assert "lima" not in {part.network for part in ballot.certified.basis.parts}


def test_a_panelist_who_rules_twice_has_ruled_nothing() -> None:
    found = federation()
    found.run()
    found["souss"].tell(
        DecisionChallenged(
            **which("souss", ground="ballots", accused="lima", evidence_hash=HEX),
            challenged_at=stamp(CLOSES),
        )
    )
    found.share()
    disputes = ("challenge:souss:ballots:lima",)
    for order in ("annul", "dismiss"):
        Network.rule(found["adrar"], which("adrar"), disputes, CLOSES, order=order)
    Network.rule(found["kaolack"], which("kaolack"), disputes, CLOSES, order="annul")
    found.share()
    assert states(found, CLOSES)[0] is S.CONTESTED


def test_two_stories_lead_from_certified_over_a_recount_to_certified() -> None:
    found = Federation(kinds=dict.fromkeys(NAMES, Honest) | {"souss": TwoFaced})
    found.run()
    watch = Watch()
    watch.ballot = S.CERTIFIED
    found["quebec"].hear([found["souss"].other])  # type: ignore[attr-defined]  # the one who cheats
    found.share()
    watch.look(found["lima"].ballot(), CLOSES)
    now = CLOSES + timedelta(hours=1)
    for name in NAMES:
        ballot = found[name].ballot()
        for act in due(ballot, name, now):
            if act.does is Does.RULE:
                found[name].perform(act, ballot, now)
    found.share()
    watch.look(found["lima"].ballot(), now)
    found.run(now)
    watch.look(found["lima"].ballot(), now)
    assert watch.seen == {
        (S.CERTIFIED, S.CONTESTED),
        (S.CONTESTED, S.RECOUNT),
        (S.RECOUNT, S.CERTIFIED),
    }


def test_where_a_ballot_has_ended_nothing_follows() -> None:
    for state in (S.WITHDRAWN, S.RETURNED, S.ESCALATED, S.ANNULLED):
        assert BALLOT_ARROWS[state] == frozenset()
    assert S.WITHDRAWN not in BALLOT_ARROWS[S.OPEN]
    assert S.OPEN not in BALLOT_ARROWS[S.CLOSED]
    assert LEG_ARROWS[L.EXCLUDED] == frozenset()
    assert set(BALLOT_ARROWS) == set(S)
    assert set(LEG_ARROWS) == set(L)
    assert set(OBJECTION_ARROWS) == set(O)


def objecting(*steps: tuple[str, Any]) -> tuple[ObjectionState, bool]:
    found = federation(
        rule=rule_of(Policy.CONSENT, rule=Rule(method=Method.CONSENT)), votes=CONSENT
    )
    found.run(NOTICED)
    for at, (node, state) in enumerate(steps, 1):
        if state in ("raised", "appealed", "withdrawn"):
            said = {"state": state, "ground": "harm", "harm_hash": HEX, "revision": at}
            found[node].tell(DecisionObjected(**which(node, objection=OBJECTION, **said)))
        else:
            said = {"state": state, "reason_hash": HEX, "revision": at}
            found[node].tell(DecisionAnswered(**which(node, objection=OBJECTION, **said)))
    found.share()
    objection = found["souss"].ballot().objections[OBJECTION]
    return objection.state, objection.blocks


CONSENT = {name: [({"answer": "consent"}, 20)] for name in NAMES}
RAISED = ("lima", "raised")


@pytest.mark.parametrize(
    ("steps", "state", "blocks"),
    [
        ((RAISED,), O.RAISED, True),
        ((RAISED, ("adrar", "validated")), O.VALIDATED, True),
        ((RAISED, ("adrar", "stands")), O.STANDS, True),
        ((RAISED, ("adrar", "integrated")), O.INTEGRATED, False),
        ((RAISED, ("adrar", "not-validated")), O.NOT_VALIDATED, False),
        ((RAISED, ("lima", "withdrawn")), O.WITHDRAWN, False),
        ((RAISED, ("adrar", "validated"), ("lima", "withdrawn")), O.WITHDRAWN, False),
        ((RAISED, ("adrar", "not-validated"), ("lima", "appealed")), O.NOT_VALIDATED, True),
        (
            (RAISED, ("adrar", "not-validated"), ("lima", "appealed"), ("kaolack", "stands")),
            O.STANDS,
            True,
        ),
        (
            (
                RAISED,
                ("adrar", "not-validated"),
                ("lima", "appealed"),
                ("kaolack", "not-validated"),
            ),
            O.NOT_VALIDATED,
            False,
        ),
        # Neither the objector nor who is no sponsor judges, and the convener judges once.
        ((RAISED, ("quebec", "not-validated")), O.RAISED, True),
        ((RAISED, ("kaolack", "not-validated")), O.RAISED, True),
        (
            (
                RAISED,
                ("adrar", "not-validated"),
                ("lima", "appealed"),
                ("adrar", "not-validated"),
                ("lima", "integrated"),
            ),
            O.NOT_VALIDATED,
            True,
        ),
    ],
)
def test_an_objection_goes_its_way(steps: Any, state: ObjectionState, blocks: bool) -> None:
    assert objecting(*steps) == (state, blocks)


def test_an_objection_that_stands_withholds_consent_and_its_withdrawal_gives_it() -> None:
    for withdrawn in (False, True):
        found = federation(
            rule=rule_of(Policy.CONSENT, rule=Rule(method=Method.CONSENT)), votes=CONSENT
        )
        found.run(NOTICED)
        said = {"ground": "harm", "harm_hash": HEX, "objection": OBJECTION}
        found["lima"].tell(DecisionObjected(**which("lima", revision=1, state="raised", **said)))
        if withdrawn:
            event = DecisionObjected(**which("lima", revision=2, state="withdrawn", **said))
            found["lima"].tell(event)
        found.run(OPENS, CLOSES)
        computed = outcome_of(found["souss"].ballot(), CLOSES)
        assert computed is not None
        assert computed.outcome.outcome.value == ("adopted" if withdrawn else "rejected")


def test_objections_in_others_names_or_on_other_grounds_are_none() -> None:
    found = federation()
    found.run(NOTICED)
    said = {"revision": 1, "state": "raised", "harm_hash": HEX}
    mine = "quebec:01990000-0000-7000-8000-0000000000cc"
    found["quebec"].tell(
        DecisionObjected(**which("quebec", objection=OBJECTION, ground="harm", **said))
    )
    found["quebec"].tell(
        DecisionObjected(**which("quebec", objection=mine, ground="taste", **said))
    )
    found.share()
    assert found["lima"].ballot().objections == {}


def test_a_network_on_paper_votes_by_two_tellers() -> None:
    legs = (*(ToldLeg(node=name) for name in NAMES), ToldLeg(node="dakar", kept_by="adrar"))
    found = federation(legs=legs)
    found["adrar"].adopt(found.charter, leg="dakar")
    found.run()
    state, ballot = states(found, CLOSES)
    assert state is S.CERTIFIED
    assert ballot.certified is not None
    assert set(ballot.certified.seals) == {*NAMES, "dakar"}
    assert ballot.legs["dakar"].state is L.SEALED
    facts = {f for f in found.facts if not ("sealed" in f.event.kind and f.event.tellers)}  # type: ignore[attr-defined]  # seals have them
    (paper,) = found.facts - facts
    quebec = Network("quebec", roll_size=150, choices=[])
    one_teller = paper.event.model_copy(update={"tellers": ("a-first", "a-first")})
    quebec.hear([*facts, found["adrar"].tell(one_teller)])
    assert not quebec.ballot().legs["dakar"].counts
    assert key_of("adrar").public != key_of("dakar").public


def test_a_commitment_of_who_never_opened_closes_nothing() -> None:
    found = federation()
    found.run(NOTICED)
    event = DecisionCommitted(**which("lima", commitment=HEX, closed_at=stamp(NOTICED)))
    found["lima"].tell(event)
    assert found["lima"].ballot().legs["lima"].state is L.ROLL_SEALED
