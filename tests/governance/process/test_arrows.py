"""Every arrow between phases that there is, and every one that there must not be."""

from collections.abc import Callable

import pytest

from services.governance.counting.report import Outcome
from services.governance.process import appealing, calling, concluding
from services.governance.process.facts import Step
from services.governance.process.folding import applied
from services.governance.process.phases import ALLOWED, Phase, WrongPhase
from services.governance.process.steps import _STEP
from services.governance.process.steps_after import FollowUpDone
from services.governance.process.steps_ballot import (
    BallotClosed,
    BallotOpened,
    NoticeGiven,
    OutcomeSettled,
    Withdrawn,
)
from services.governance.process.steps_proposal import Begun, OptionPut, VersionWritten
from tests.governance.process.lives import (
    AMINA,
    AUDITOR,
    BADR,
    CHAMA,
    OTHER_STEWARD,
    Life,
    counted,
    decided,
    idea,
    noticed,
    proposal,
    voting,
)


def appealed() -> Life:
    life = decided()
    life.take(appealing.appealed, CHAMA, ground="roll", language="fr", text="Il en manque.")
    return life


def annulled() -> Life:
    life = appealed()
    for actor in (AUDITOR, OTHER_STEWARD):
        life.take(
            appealing.appeal_judged, actor, number=1, order="new-vote", reasons="Il en manque."
        )
    return life


def followed_up() -> Life:
    life = decided()
    life.take(concluding.done, BADR, report="Fait.", files=[])
    return life


def withdrawn() -> Life:
    life = proposal()
    life.take(calling.withdrawn, AMINA, reason="")
    return life


LIVES: dict[Phase, Callable[[], Life]] = {
    Phase.IDEA: idea,
    Phase.PROPOSAL: proposal,
    Phase.NOTICED: noticed,
    Phase.VOTING: voting,
    Phase.CLOSED: counted,
    Phase.DECIDED: decided,
    Phase.FOLLOWED_UP: followed_up,
    Phase.APPEALED: appealed,
    Phase.ANNULLED: annulled,
    Phase.WITHDRAWN: withdrawn,
}
KINDS = sorted({*ALLOWED, Begun}, key=lambda kind: kind.__name__)

MOVING: dict[type[Step], set[Phase]] = {
    VersionWritten: {Phase.IDEA, Phase.PROPOSAL},
    NoticeGiven: {Phase.PROPOSAL},
    BallotOpened: {Phase.NOTICED},
    BallotClosed: {Phase.VOTING},
    OutcomeSettled: {Phase.CLOSED},
    FollowUpDone: {Phase.DECIDED},
    Withdrawn: {Phase.IDEA, Phase.PROPOSAL, Phase.NOTICED},
}
"""Said once more here, by hand: from where a decision may be moved on, and by what."""


def test_each_phase_has_a_life_that_reaches_it() -> None:
    assert {phase: make().state.phase for phase, make in LIVES.items()} == {
        phase: phase for phase in Phase
    }


@pytest.mark.parametrize("phase", Phase)
def test_no_step_is_taken_in_a_phase_that_does_not_have_it(phase: Phase) -> None:
    state = LIVES[phase]().state
    for kind in KINDS:
        step = kind.model_construct(by="p-x", at="2026-11-22T09:00:00.000Z")
        if phase not in ALLOWED.get(kind, ()):
            with pytest.raises(WrongPhase):
                applied(state, step)


def test_what_moves_a_decision_on_is_where_it_must_be() -> None:
    for kind, phases in MOVING.items():
        assert ALLOWED[kind] == phases


def test_nothing_that_is_voted_on_changes_after_the_notice() -> None:
    later = {phase for phase in Phase if phase not in (Phase.IDEA, Phase.PROPOSAL)}
    for name in (
        "VersionWritten", "TranslationWritten", "TranslationConfirmed", "OptionPut",
        "OptionDropped", "CandidacyAnswered", "AmendmentAccepted", "NoticeGiven",
    ):  # fmt: skip
        (kind,) = (one for one in KINDS if one.__name__ == name)
        assert not ALLOWED[kind] & later
    assert OptionPut in ALLOWED


def test_a_withdrawn_decision_takes_no_step_at_all() -> None:
    assert not any(Phase.WITHDRAWN in phases for phases in ALLOWED.values())


def test_each_kind_of_step_can_be_read_and_stands_in_some_phase() -> None:
    known = set(_STEP.json_schema()["discriminator"]["mapping"])
    assert known == {str(kind.model_fields["what"].default) for kind in KINDS}
    assert all(ALLOWED.values())


def test_a_count_that_came_to_nothing_ends_without_a_follow_up() -> None:
    life = decided(Outcome.REJECTED)
    assert life.state.settled is not None
    assert life.state.settled.owner == ""
