"""Objections and rounds of consent: each arrow of their life, and none besides."""

import pytest

from services.governance.process import calling, objecting, proposing
from services.governance.process.actors import Actor
from services.governance.process.phases import WrongPhase
from services.governance.process.refusals import (
    JudgesOwn,
    NoFallback,
    NoSuchPart,
    NotKeeper,
    NotProposer,
    NotTheirs,
    ObjectionElsewhere,
    ObjectionsOver,
    ObjectionsStand,
    ObjectionUnanswered,
    RoundsOver,
    VersionOutdated,
)
from services.governance.process.state import ObjectionState
from services.governance.rules import Method, Rule
from tests.governance.process.lives import (
    AMINA,
    BADR,
    CHAMA,
    DAY,
    HASH,
    OTHER_STEWARD,
    PLAIN,
    STEWARD,
    Life,
    noticed,
    proposal,
    voting,
)

CONSENT = Rule(method=Method.CONSENT)
TEXTS = {"fr": ("Un four", "Plus loin.")}


def raised(life: Life | None = None) -> Life:
    life = life or proposal(template="consent")
    life.take(
        objecting.objection_raised, BADR, ground="harm-members", language="fr",
        harm="La fumée.", change="Plus loin des maisons.",
    )  # fmt: skip
    return life


def judged(life: Life | None = None, *, valid: bool = True) -> Life:
    life = raised(life)
    number = len(life.state.objections)
    life.take(objecting.objection_judged, STEWARD, number=number, valid=valid, reason="Voilà.")
    return life


def standing(life: Life | None = None) -> Life:
    life = judged(life)
    number = len(life.state.objections)
    life.take(objecting.objection_stood, AMINA, number=number, answer="Il n'y a pas d'ailleurs.")
    return life


def appealed() -> Life:
    life = judged(valid=False)
    life.take(objecting.objection_appealed, BADR, number=1, reason="On respire.")
    return life


def integrated() -> Life:
    life = judged()
    life.take(proposing.version_written, AMINA, language="fr", texts=TEXTS)
    life.take(objecting.objection_integrated, AMINA, number=1)
    return life


def withdrawn() -> Life:
    life = judged()
    life.take(objecting.objection_withdrawn, BADR, number=1, reason="")
    return life


def dismissed() -> Life:
    life = appealed()
    life.take(objecting.objection_judged, OTHER_STEWARD, number=1, valid=False, reason="Non.")
    return life


MOVES = {
    "judge": lambda life: life.take(
        objecting.objection_judged, OTHER_STEWARD, number=1, valid=True, reason="Oui."
    ),
    "appeal": lambda life: life.take(
        objecting.objection_appealed, BADR, number=1, reason="Encore."
    ),
    "integrate": lambda life: life.take(objecting.objection_integrated, AMINA, number=1),
    "withdraw": lambda life: life.take(objecting.objection_withdrawn, BADR, number=1, reason=""),
    "stand": lambda life: life.take(
        objecting.objection_stood, AMINA, number=1, answer="C'est ainsi."
    ),
}
LIVES = {
    "raised": (raised, {"judge": ObjectionState.VALIDATED}),
    "validated": (
        judged,
        {"withdraw": ObjectionState.WITHDRAWN, "stand": ObjectionState.STANDS,
         "integrate": ObjectionState.INTEGRATED},
    ),
    "not-validated": (
        lambda: judged(valid=False), {"appeal": ObjectionState.NOT_VALIDATED}
    ),
    "appealed": (appealed, {"judge": ObjectionState.VALIDATED}),
    "dismissed": (dismissed, {}),
    "integrated": (integrated, {}),
    "withdrawn": (withdrawn, {}),
    "stands": (standing, {}),
}  # fmt: skip


@pytest.mark.parametrize("where", LIVES)
@pytest.mark.parametrize("move", MOVES)
def test_an_objection_goes_where_it_may_go_and_nowhere_else(where: str, move: str) -> None:
    make, arrows = LIVES[where]
    life = make()
    if where == "validated" and move == "integrate":
        life.take(proposing.version_written, AMINA, language="fr", texts=TEXTS)
    if move in arrows:
        MOVES[move](life)
        assert life.state.objections[0].state is arrows[move]
    else:
        before = life.state
        with pytest.raises(ObjectionElsewhere):
            MOVES[move](life)
        assert life.state == before


def test_nobody_judges_their_own_objection_or_proposal_or_twice() -> None:
    life = appealed()
    said = {"number": 1, "valid": True, "reason": "Oui."}
    for actor in (
        STEWARD,
        Actor(person=BADR.person, steward=True),
        Actor(person=AMINA.person, steward=True),
    ):
        with pytest.raises(JudgesOwn):
            life.take(objecting.objection_judged, actor, **said)
    with pytest.raises(NotKeeper):
        life.take(objecting.objection_judged, CHAMA, **said)
    life.take(objecting.objection_judged, OTHER_STEWARD, **said)
    assert life.state.objections[0].judged_again_by == OTHER_STEWARD.person


def test_only_the_objector_appeals_or_withdraws_and_only_the_proposer_integrates() -> None:
    with pytest.raises(NotTheirs):
        judged(valid=False).take(objecting.objection_appealed, CHAMA, number=1, reason="Pour Badr.")
    life = judged()
    with pytest.raises(NotTheirs):
        life.take(objecting.objection_withdrawn, CHAMA, number=1, reason="")
    with pytest.raises(NotProposer):
        life.take(objecting.objection_integrated, STEWARD, number=1)
    with pytest.raises(NotKeeper):
        life.take(objecting.objection_stood, CHAMA, number=1, answer="Non.")
    with pytest.raises(NoSuchPart):
        life.take(objecting.objection_stood, AMINA, number=2, answer="Non.")


def test_an_objection_is_integrated_by_a_version_that_came_after_it() -> None:
    with pytest.raises(VersionOutdated):
        judged().take(objecting.objection_integrated, AMINA, number=1)
    assert integrated().state.objections[0].integrated_in == 2


def test_an_objection_for_an_entity_needs_its_mandate() -> None:
    fields = {"ground": "law", "language": "fr", "harm": "Le bail.", "change": ""}
    life = proposal()
    with pytest.raises(NotTheirs):
        life.take(objecting.objection_raised, BADR, **fields, entity="souss:1")
    delegate = Actor(person="p-badr", entities=frozenset({"souss:1"}))
    life.take(objecting.objection_raised, delegate, **fields, entity="souss:1")
    assert life.state.objections[0].entity == "souss:1"


@pytest.mark.parametrize("make", [raised, judged, appealed])
def test_objections_are_answered_before_the_notice_and_before_the_opening(make: object) -> None:
    assert callable(make)
    with pytest.raises(ObjectionUnanswered):
        noticed(CONSENT, make())
    life = raised(noticed(CONSENT, proposal(template="consent")))
    with pytest.raises(ObjectionUnanswered):
        life.after(14).take(calling.opened, roll_root=HASH, roll_size=3)
    life.take(objecting.objection_judged, STEWARD, number=1, valid=False, reason="Pas d'effet.")
    life.take(calling.opened, roll_root=HASH, roll_size=3)
    with pytest.raises(WrongPhase):
        raised(life)


def test_an_objection_that_was_raised_after_the_notice_is_not_integrated() -> None:
    life = judged(noticed(CONSENT, proposal(template="consent")))
    with pytest.raises(WrongPhase):
        life.take(objecting.objection_integrated, AMINA, number=1)
    life.take(objecting.objection_stood, AMINA, number=1, answer="On vote.")
    life.after(14).take(calling.opened, roll_root=HASH, roll_size=3)
    assert len(life.state.standing) == 1


def test_objections_end_when_the_notice_says() -> None:
    life = proposal()
    when = calling.times(PLAIN, now=life.now, objections_until=life.now + 10 * DAY)
    life.take(calling.noticed, STEWARD, rule=PLAIN, languages=["fr"], when=when)
    assert objecting.answer_due(raised(life).state, life.state.objections[0]) == (
        calling.stamp(life.now + 14 * DAY)
    )
    with pytest.raises(ObjectionsOver):
        raised(life.after(10))


def test_consent_is_not_asked_for_where_an_objection_stands() -> None:
    life = standing()
    with pytest.raises(ObjectionsStand):
        noticed(CONSENT, life)
    lenient = Rule(method=Method.CONSENT, objections_max=1)
    assert noticed(lenient, life).state.notice is not None


def test_another_version_is_another_question() -> None:
    life = standing()
    assert len(life.state.standing) == 1
    life.take(proposing.version_written, AMINA, language="fr", texts=TEXTS)
    assert not life.state.standing
    noticed(CONSENT, life)


def failed() -> Life:
    life = standing()
    life.take(objecting.round_ended, STEWARD)
    life.take(proposing.version_written, AMINA, language="fr", texts=TEXTS)
    standing(life)
    life.take(objecting.round_ended, STEWARD)
    return life


def test_after_two_rounds_the_proposer_withdraws() -> None:
    life = failed()
    assert [one.standing for one in life.state.rounds] == [(1,), (2,)]
    for rule in (CONSENT, PLAIN, Rule(method=Method.CONSENT, objections_max=5)):
        with pytest.raises(ObjectionsStand):
            noticed(rule, life)
    with pytest.raises(RoundsOver):
        life.take(proposing.version_written, AMINA, language="fr", texts=TEXTS)
    with pytest.raises(RoundsOver):
        life.take(objecting.round_ended, STEWARD)
    life.take(calling.withdrawn, AMINA, reason="Sans consentement.")
    assert life.state.withdrawn == "Sans consentement."


def test_after_two_rounds_the_proposer_calls_the_vote_and_nobody_else_does() -> None:
    life = failed()
    with pytest.raises(NotProposer):
        life.take(objecting.fallback_called, STEWARD)
    life.take(objecting.fallback_called, AMINA)
    with pytest.raises(NoFallback):
        life.take(objecting.fallback_called, AMINA)
    with pytest.raises(ObjectionsStand):
        noticed(CONSENT, life)
    assert noticed(PLAIN, life).state.notice is not None


def test_no_vote_takes_the_place_of_consent_before_two_rounds_or_where_none_stands() -> None:
    with pytest.raises(NoFallback):
        standing().take(objecting.fallback_called, AMINA)
    life = proposal(template="consent")
    for _ in range(2):
        life.take(objecting.round_ended, STEWARD)
    with pytest.raises(NoFallback):
        life.take(objecting.fallback_called, AMINA)
    assert noticed(CONSENT, life).state.notice is not None


def test_a_round_ends_when_objections_are_answered_and_keepers_say_so() -> None:
    with pytest.raises(ObjectionUnanswered):
        raised().take(objecting.round_ended, STEWARD)
    with pytest.raises(NotKeeper):
        proposal().take(objecting.round_ended, AMINA)
    with pytest.raises(WrongPhase):
        voting().take(objecting.round_ended, STEWARD)
