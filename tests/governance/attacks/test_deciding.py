"""Those who lead a decision, and would rather not leave it to the others."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from services.governance import decision_handlers, decision_rows
from services.governance.counting.report import Outcome
from services.governance.process import appealing, calling, discussing, objecting, repeating
from services.governance.process.refusals import DecidedIt, TimesUnfit
from services.governance.rules import Method, Quorum, Rule, SecondCall, Share
from tests.governance.conftest import STEWARD
from tests.governance.process import lives
from tests.governance.process.conftest import VOTERS
from tests.governance.process.lives import Life
from tests.governance.process.test_api import OTHER, begun, ok, refused

NONE = Share(n=0, d=1)
CONSENT = Rule(
    method=Method.CONSENT,
    quorum=Quorum(share=Share(n=1, d=2), second_call=SecondCall(share=NONE, days_min=0)),
)


async def test_a_person_does_not_run_for_two_seats_under_two_names(network: AsyncClient) -> None:
    decision = await begun(network, template="committee")
    at = f"decisions/{decision}/options"
    said = {"sort": "candidate", "person": VOTERS[1], "words": {"fr": {"title": "Moi"}}}
    ok(await network.put(f"{at}/one", json=said, headers=OTHER))
    answer = await network.put(f"{at}/another", json=said, headers=OTHER)
    assert refused(answer) == "options-unfit"
    candidacy = f"{at}/one/candidacy"
    ok(await network.put(candidacy, json={"accepts": False}, headers=OTHER))
    ok(await network.put(f"{at}/another", json=said, headers=OTHER))
    answer = await network.put(candidacy, json={"accepts": True}, headers=OTHER)
    assert refused(answer) == "already-so"


def test_a_second_call_does_not_shake_off_the_objections_that_stand() -> None:
    life = lives.noticed(CONSENT, lives.proposal(template="consent"))
    life.take(
        objecting.objection_raised, lives.BADR, ground="law", language="fr", harm="Interdit.",
        change="",
    )  # fmt: skip
    life.take(objecting.objection_judged, lives.STEWARD, number=1, valid=True, reason="En effet.")
    life.take(objecting.objection_stood, lives.AMINA, number=1, answer="Tant pis.")
    life.after(CONSENT.notice_days).take(calling.opened, roll_root=lives.HASH, roll_size=10)
    life.after(7).take(calling.closed, lives.count(Outcome.NO_QUORUM))
    when = calling.times(CONSENT, now=life.now, notice=timedelta(0))
    again = Life(
        repeating.carried_over(
            life.state, lives.STEWARD, decision_id="d" * 36, call=2, when=when, now=life.now
        ),
        now=life.now,
    )
    again.take(calling.opened, roll_root=lives.HASH, roll_size=10)
    again.after(7).take(calling.closed, lives.count())
    assert again.state.closed is not None
    assert again.state.closed.standing == 1
    [objection] = again.state.objections
    assert (objection.by, objection.harm) == (lives.BADR.person, "Interdit.")


def test_nobody_announces_for_consent_what_nobody_has_the_time_to_object_to() -> None:
    soon = lives.NOW + timedelta(minutes=1)
    with pytest.raises(TimesUnfit):
        calling.times(CONSENT, now=lives.NOW, objections_until=soon)
    whole = lives.NOW + timedelta(days=CONSENT.notice_days)
    assert calling.times(CONSENT, now=lives.NOW, objections_until=whole).opens_at == whole


@pytest.mark.parametrize(
    ("template", "laxer"),
    [
        ("exclusion", {"electorate": {"groups": ["friends"]}}),
        ("exclusion", {"appeal_days": 0}),
        ("charter-change", {"electorate": {"groups": ["friends"]}}),
        ("charter-change", {"appeal_days": 7}),
        ("charter-purpose", {"electorate": {"groups": ["friends"]}}),
        ("admission", {"electorate": {"groups": ["friends"]}}),
    ],
)
async def test_who_belongs_and_by_what_charter_is_not_left_to_a_group_of_friends(
    network: AsyncClient, template: str, laxer: dict[str, Any]
) -> None:
    model = decision_handlers.template_of(template)
    subject = f"p:{VOTERS[3]}" if model.about_somebody else ""
    decision = await begun(network, template=template, subject=subject)
    rule = model.rule.model_dump(mode="json")
    at = f"decisions/{decision}/notice"
    answer = await network.post(at, json={"rule": rule | laxer}, headers=STEWARD)
    assert refused(answer) == "rule-not-of-template"
    ok(await network.post(at, json={"rule": rule}, headers=STEWARD))


def test_whom_a_decision_is_about_judges_no_appeal_against_it() -> None:
    life = lives.proposal(template="exclusion", subject=f"p:{lives.OTHER_STEWARD.person}")
    lives.counted(life=life)
    life.take(
        appealing.appealed, lives.BADR, ground="rights", language="fr", text="Sans l'entendre."
    )
    said = {"number": 1, "order": "new-vote", "reasons": "Pour moi."}
    with pytest.raises(DecidedIt):
        life.take(appealing.appeal_judged, lives.OTHER_STEWARD, **said)
    life.take(appealing.appeal_judged, lives.AUDITOR, **said)


def test_nobody_talks_until_a_ballot_cannot_open_or_close_any_more() -> None:
    life = lives.voting()
    asked = discussing.question_asked(
        life.state, lives.BADR, language="fr", text="Encore ?", now=life.now
    )
    decision_rows.require_room(decision_rows.STEPS_MAX - 1, asked)
    with pytest.raises(decision_rows.TooManySteps):
        decision_rows.require_room(decision_rows.STEPS_MAX, asked)
    closing = calling.closed(life.state, lives.count(), now=life.after(7).now)
    decision_rows.require_room(decision_rows.STEPS_MAX, closing)
