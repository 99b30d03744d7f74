"""Whatever people do, and in whatever order: a decision keeps its promises."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.governance.counting.report import Outcome
from services.governance.process import (
    appealing,
    calling,
    concluding,
    discussing,
    objecting,
    proposing,
    repeating,
)
from services.governance.process.actors import Actor
from services.governance.process.folding import applied, begun, fold
from services.governance.process.needs import needs, next_look
from services.governance.process.phases import ALLOWED, Phase
from services.governance.process.state import Decision, ObjectionState
from services.governance.process.steps import body_of, step_of
from services.governance.process.steps_ballot import NoticeGiven
from services.governance.process.wording import language_hash
from services.governance.rules import Method, Rule
from shared.refusals import Refusal
from tests.governance.process.lives import HASH, NOW, TWICE, count

PEOPLE = [
    Actor(person="p-a"),
    Actor(person="p-b"),
    Actor(person="p-c", auditor=True),
    Actor(person="p-s", steward=True),
    Actor(person="p-t", steward=True),
]
RULES = [Rule(method=Method.YES_NO), Rule(method=Method.CONSENT), TWICE]
LANGUAGES = ["fr", "ar"]
people = st.sampled_from(PEOPLE)
numbers = st.integers(min_value=1, max_value=3)

PHASE_ARROWS = {
    Phase.IDEA: {Phase.PROPOSAL, Phase.WITHDRAWN},
    Phase.PROPOSAL: {Phase.NOTICED, Phase.WITHDRAWN},
    Phase.NOTICED: {Phase.VOTING, Phase.WITHDRAWN},
    Phase.VOTING: {Phase.CLOSED},
    Phase.CLOSED: {Phase.DECIDED, Phase.APPEALED},
    Phase.DECIDED: {Phase.FOLLOWED_UP, Phase.APPEALED},
    Phase.FOLLOWED_UP: {Phase.APPEALED},
    Phase.APPEALED: {Phase.CLOSED, Phase.DECIDED, Phase.FOLLOWED_UP, Phase.ANNULLED},
    Phase.ANNULLED: set(),
    Phase.WITHDRAWN: set(),
}
OBJECTION_ARROWS = {
    ObjectionState.RAISED: {ObjectionState.VALIDATED, ObjectionState.NOT_VALIDATED},
    ObjectionState.VALIDATED: {
        ObjectionState.INTEGRATED, ObjectionState.WITHDRAWN, ObjectionState.STANDS,
    },
    # After an appeal, and for good.
    ObjectionState.NOT_VALIDATED: {ObjectionState.VALIDATED},
    ObjectionState.INTEGRATED: set(),
    ObjectionState.WITHDRAWN: set(),
    ObjectionState.STANDS: set(),
}  # fmt: skip


class AnyLife(RuleBasedStateMachine):
    """People do things to one decision, most of which are refused."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        steps = proposing.began(
            PEOPLE[0], template="yes-no", language="fr", title="Un four", text="", now=NOW
        )
        self.bodies = [body_of(step) for step in steps]
        self.state = fold(steps)
        self.notice: NoticeGiven | None = None

    def take(self, decide: Any, *args: Any, **fields: Any) -> None:
        """Try to do something; what is refused changes nothing."""
        before, phases = self.state, [self.state.phase]
        with suppress(Refusal):
            for step in decide(self.state, *args, now=self.now, **fields):
                assert self.state.phase in ALLOWED[type(step)]
                self.state = applied(self.state, step)
                self.bodies.append(body_of(step))
                phases.append(self.state.phase)
        for one, other in pairwise(phases):
            assert one is other or other in PHASE_ARROWS[one]
        self._objections_went_where_they_may(before)

    def _objections_went_where_they_may(self, before: Decision) -> None:
        for one, other in zip(before.objections, self.state.objections, strict=False):
            assert one.state is other.state or other.state in OBJECTION_ARROWS[one.state]

    @rule(days=st.integers(min_value=0, max_value=40))
    def pass_time(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(who=people, text=st.sampled_from(["a", "b"]))
    def write(self, who: Actor, text: str) -> None:
        self.take(proposing.version_written, who, language="fr", texts={"fr": ("Un four", text)})

    @rule(who=people, other=people)
    def translate(self, who: Actor, other: Actor) -> None:
        version = len(self.state.versions)
        said = {"version": version, "language": "ar", "title": "فرن", "text": ""}
        self.take(proposing.translation_written, who, **said)
        hash_ = language_hash(self.state, "ar")
        self.take(
            proposing.translation_confirmed, other, version=version, language="ar", hash_=hash_
        )

    @rule(who=people, other=people, number=numbers, how=st.sampled_from("ar-w"))
    def amend(self, who: Actor, other: Actor, number: int, how: str) -> None:
        said = {"language": "fr", "title": "Deux", "text": "", "reason": "Loin."}
        self.take(discussing.amendment_proposed, who, version=len(self.state.versions), **said)
        if how == "a":
            self.take(discussing.amendment_accepted, other, number=number)
        elif how == "r":
            self.take(discussing.amendment_rejected, other, number=number, reason="Non.")
        elif how == "w":
            self.take(discussing.amendment_withdrawn, other, number=number)

    @rule(who=people)
    def object(self, who: Actor) -> None:
        self.take(
            objecting.objection_raised, who, ground="law", language="fr", harm="Le bail.", change=""
        )

    @rule(
        who=people, number=numbers, valid=st.booleans(),
        how=st.sampled_from(["judge", "appeal", "integrate", "withdraw", "stand", "round", "call"]),
    )  # fmt: skip
    def answer(self, who: Actor, number: int, valid: bool, how: str) -> None:
        match how:
            case "judge":
                self.take(
                    objecting.objection_judged, who, number=number, valid=valid, reason="Parce que."
                )
            case "appeal":
                self.take(objecting.objection_appealed, who, number=number, reason="Encore.")
            case "integrate":
                self.take(objecting.objection_integrated, who, number=number)
            case "withdraw":
                self.take(objecting.objection_withdrawn, who, number=number, reason="")
            case "stand":
                self.take(objecting.objection_stood, who, number=number, answer="C'est ainsi.")
            case "round":
                self.take(objecting.round_ended, who)
            case _:
                self.take(objecting.fallback_called, who)

    @rule(who=people, by=st.sampled_from(RULES))
    def notice_it(self, who: Actor, by: Rule) -> None:
        when = calling.times(by, now=self.now)
        self.take(calling.noticed, who, rule=by, languages=LANGUAGES, when=when)
        self.notice = self.notice or self.state.notice

    @rule()
    def make_votable(self) -> None:
        """Do what most lives need in order to come further than a proposal."""
        self.translate(PEOPLE[1], PEOPLE[2])
        for number in range(1, len(self.state.amendments) + 1):
            self.take(discussing.amendment_rejected, PEOPLE[0], number=number, reason="Non.")
        for number in range(1, len(self.state.objections) + 1):
            for judge in (PEOPLE[3], PEOPLE[4]):
                self.answer(judge, number, False, "judge")
            self.answer(PEOPLE[0], number, False, "stand")
        self.notice_it(PEOPLE[3], RULES[0])

    @rule()
    def take_an_objection_in(self) -> None:
        """Do all that an objection needs in order to be integrated."""
        self.object(PEOPLE[1])
        number = len(self.state.objections)
        self.answer(PEOPLE[4], number, True, "judge")
        self.write(PEOPLE[0], "a")
        self.answer(PEOPLE[0], number, True, "integrate")

    @rule()
    def fail_to_find_consent(self) -> None:
        """Do all that a round needs in order to end with an objection standing."""
        self.object(PEOPLE[1])
        number = len(self.state.objections)
        self.answer(PEOPLE[4], number, True, "judge")
        self.answer(PEOPLE[0], number, True, "stand")
        self.answer(PEOPLE[3], number, True, "round")
        self.answer(PEOPLE[0], number, True, "call")

    @precondition(lambda self: self.state.phase not in (Phase.IDEA, Phase.PROPOSAL))
    @rule(outcome=st.sampled_from(Outcome), owner=st.sampled_from(["", "p-b"]))
    def go_on(self, outcome: Outcome, owner: str) -> None:
        """Take the step that the phase waits for."""
        match self.state.phase:
            case Phase.NOTICED:
                self.open_it(early=True)
            case Phase.VOTING:
                self.close_it(early=True, outcome=outcome)
            case Phase.CLOSED:
                self.settle(PEOPLE[3], owner)
            case Phase.DECIDED:
                self.follow_up(PEOPLE[1], "done")

    @rule(early=st.booleans())
    def open_it(self, early: bool) -> None:
        self.take(calling.opened, roll_root=HASH, roll_size=10, early=early)

    @rule(early=st.booleans(), outcome=st.sampled_from(Outcome))
    def close_it(self, early: bool, outcome: Outcome) -> None:
        self.take(calling.closed, count(outcome), early=early)

    @precondition(lambda self: self.state.closed is not None)
    @rule(who=people, owner=st.sampled_from(["", "p-b"]))
    def settle(self, who: Actor, owner: str) -> None:
        deadline = self.now + timedelta(days=30) if owner else None
        self.take(concluding.settled, who, owner=owner, deadline=deadline)

    @precondition(lambda self: self.state.settled is not None)
    @rule(who=people, how=st.sampled_from(["late", "done", "dropped"]))
    def follow_up(self, who: Actor, how: str) -> None:
        if how == "late":
            self.take(concluding.late)
        elif how == "done":
            self.take(concluding.done, who, report="", files=[])
        else:
            self.take(concluding.dropped, who, reason="Trop cher.", files=[])

    @precondition(lambda self: self.state.closed is not None)
    @rule(who=people, judges=st.lists(people, max_size=4), order=st.sampled_from(
        ["dismiss", "recount", "new-vote"]))  # fmt: skip
    def appeal(self, who: Actor, judges: list[Actor], order: str) -> None:
        self.take(appealing.appealed, who, ground="count", language="fr", text="Mal compté.")
        number = len(self.state.appeals)
        for judge in judges:
            self.take(appealing.appeal_judged, judge, number=number, order=order, reasons="Vu.")
        other = {"outcome": Outcome.REJECTED, "winners": (), "report_hash": "cd" * 32}
        self.take(appealing.recounted, PEOPLE[3], number=number, **other)

    @rule(who=people, reason=st.sampled_from(["second-call", "new-vote"]))
    def repeat(self, who: Actor, reason: str) -> None:
        self.take(repeating.repeated, who, successor="0" * 36, reason=reason)

    @precondition(lambda self: len(self.bodies) > 10)
    @rule(who=people)
    def withdraw(self, who: Actor) -> None:
        self.take(calling.withdrawn, who, reason="Assez.")

    @invariant()
    def the_record_says_what_the_decision_is(self) -> None:
        first, *others = (step_of(body) for body in self.bodies)
        again = begun(first)  # type: ignore[arg-type]  # the first step begins
        for step in others:
            again = applied(again, step)
        assert again == self.state
        assert self.state.steps == len(self.bodies)

    @invariant()
    def a_notice_is_never_edited(self) -> None:
        notice = self.state.notice
        assert notice == self.notice
        if notice is not None:
            assert notice.rule.hash == notice.rule_hash
            assert notice.version == len(self.state.versions)
            for language, hash_ in notice.text_hashes.items():
                assert language_hash(self.state, language) == hash_

    @invariant()
    def nobody_votes_before_objections_are_answered(self) -> None:
        if self.state.opened is not None:
            assert not self.state.unanswered
            assert self.state.withdrawn == ""

    @invariant()
    def appeals_were_judged_by_others(self) -> None:
        for one in self.state.appeals:
            judges = {who for who, _, _ in one.words}
            assert one.by not in judges
            assert self.state.proposer not in judges
            assert len(judges) == len(one.words)

    @invariant()
    def what_is_awaited_can_be_told(self) -> None:
        assert len(needs(self.state)) < 50
        assert isinstance(next_look(self.state), str)
        if self.state.phase is Phase.WITHDRAWN:
            assert not needs(self.state)


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
