"""The life of a decision: it goes where it may go, and nowhere else."""

import pytest

from services.governance.counting.report import Outcome
from services.governance.process import (
    appealing,
    calling,
    concluding,
    discussing,
    proposing,
    repeating,
)
from services.governance.process.actors import Actor
from services.governance.process.facts import File
from services.governance.process.phases import Phase, WrongPhase
from services.governance.process.refusals import (
    AlreadySo,
    AmendmentClosed,
    AmendmentsOpen,
    AppealElsewhere,
    AppealsOver,
    DecidedIt,
    NoNewVote,
    NoSecondCall,
    NoSuchPart,
    NotKeeper,
    NotProposer,
    NotTheirs,
    NotYet,
    NoWords,
    OptionsUnfit,
    OwnerUnfit,
    OwnTranslation,
    SupportLacking,
    TextLacking,
    TimesUnfit,
    VersionOutdated,
    WordsChanged,
)
from services.governance.process.state import AmendmentState, FollowUp
from services.governance.process.steps import FIRST, body_of, chained, step_of
from services.governance.process.wording import language_hash
from services.governance.rules import BudgetRule, Method, Rule
from tests.governance.process.lives import (
    AMINA,
    AUDITOR,
    BADR,
    CHAMA,
    DAY,
    HASH,
    OTHER_STEWARD,
    PLAIN,
    STEWARD,
    TWICE,
    Life,
    count,
    counted,
    decided,
    idea,
    noticed,
    proposal,
    voting,
)

TEXTS = {"fr": ("Un four", "À partager.")}


def test_an_idea_becomes_a_proposal_once_enough_support_it() -> None:
    life = idea(support_min=2)
    life.take(proposing.supported, BADR)
    with pytest.raises(AlreadySo):
        life.take(proposing.supported, BADR)
    with pytest.raises(SupportLacking):
        life.take(proposing.version_written, AMINA, language="fr", texts=TEXTS)
    life.take(proposing.supported, CHAMA)
    life.take(proposing.support_ended, BADR)
    life.take(proposing.supported, BADR)
    with pytest.raises(NotProposer):
        life.take(proposing.version_written, BADR, language="fr", texts=TEXTS)
    life.take(proposing.version_written, AMINA, language="fr", texts=TEXTS)
    assert life.state.phase is Phase.PROPOSAL
    assert life.state.version is not None
    assert life.state.version.texts["fr"].words.text == "À partager."
    with pytest.raises(WrongPhase):
        life.take(proposing.supported, STEWARD)


def test_who_supports_no_longer_must_have_supported() -> None:
    with pytest.raises(AlreadySo):
        idea().take(proposing.support_ended, BADR)


def test_only_stewards_write_a_proposal_that_would_need_support() -> None:
    with pytest.raises(SupportLacking):
        proposal(support_min=2)
    words = {"template": "yes-no", "language": "fr", "title": "Un four", "text": ""}
    steps = proposing.began(STEWARD, **words, support_min=2, now=Life(idea().steps[:1]).now)
    assert Life(steps).state.phase is Phase.PROPOSAL


def test_a_title_needs_letters_that_can_be_seen() -> None:
    with pytest.raises(NoWords):
        idea(title=" \u200b ")


def test_a_translation_is_confirmed_by_somebody_else_and_as_it_stands() -> None:
    life = proposal()
    life.take(
        proposing.translation_written, BADR, version=1, language="ar", title="فرن", text="مشترك"
    )
    said = {"version": 1, "language": "ar"}
    with pytest.raises(OwnTranslation):
        life.take(
            proposing.translation_confirmed, BADR, **said, hash_=language_hash(life.state, "ar")
        )
    with pytest.raises(WordsChanged):
        life.take(proposing.translation_confirmed, CHAMA, **said, hash_=HASH)
    life.take(proposing.translation_confirmed, CHAMA, **said, hash_=language_hash(life.state, "ar"))
    with pytest.raises(AlreadySo):
        life.take(
            proposing.translation_confirmed, CHAMA, **said, hash_=language_hash(life.state, "ar")
        )
    when = calling.times(PLAIN, now=life.now)
    with pytest.raises(TextLacking) as refused:
        life.take(calling.noticed, STEWARD, rule=PLAIN, languages=["fr", "ar", "es"], when=when)
    assert refused.value.members["languages"] == ["es"]
    life.take(calling.noticed, STEWARD, rule=PLAIN, languages=["fr", "ar"], when=when)
    assert life.state.notice is not None
    assert set(life.state.notice.text_hashes) == {"fr", "ar"}


def test_the_only_one_who_knows_a_language_says_so_when_they_confirm_it() -> None:
    life = proposal()
    life.take(
        proposing.translation_written, BADR, version=1, language="zgh", title="Afarnu", text=""
    )
    said = {"version": 1, "language": "zgh", "hash_": language_hash(life.state, "zgh")}
    life.take(proposing.translation_confirmed, BADR, **said, alone="Personne d'autre ne le lit.")
    assert life.state.version is not None
    assert life.state.version.texts["zgh"].confirmed_by == BADR.person


def test_a_new_version_an_option_or_other_words_undo_a_confirmation() -> None:
    life = proposal()
    written = {"version": 1, "language": "ar", "title": "فرن", "text": ""}
    life.take(proposing.translation_written, BADR, **written)
    hash_ = language_hash(life.state, "ar")
    life.take(proposing.translation_confirmed, CHAMA, version=1, language="ar", hash_=hash_)
    life.take(proposing.translation_written, BADR, **written | {"title": "فرن مشترك"})
    assert language_hash(life.state, "ar") != hash_
    when = calling.times(PLAIN, now=life.now)
    with pytest.raises(TextLacking):
        life.take(calling.noticed, STEWARD, rule=PLAIN, languages=["fr", "ar"], when=when)
    again = language_hash(life.state, "ar")
    life.take(proposing.translation_confirmed, CHAMA, version=1, language="ar", hash_=again)
    words = {"fr": ("Oui", ""), "ar": ("نعم", "")}
    life.take(proposing.option_put, AMINA, code="yes", sort="answer", words=words)
    assert language_hash(life.state, "ar") != again
    life.take(proposing.version_written, AMINA, language="fr", texts=TEXTS)
    assert language_hash(life.state, "ar") == ""
    with pytest.raises(VersionOutdated):
        life.take(proposing.translation_written, BADR, **written)


def test_the_authoritative_text_changes_by_a_version_only() -> None:
    life = proposal()
    with pytest.raises(NotTheirs):
        life.take(
            proposing.translation_written, BADR, version=1, language="fr", title="Autre", text=""
        )
    with pytest.raises(NoSuchPart):
        life.take(
            proposing.translation_confirmed, BADR, version=1, language="fr",
            hash_=language_hash(life.state, "fr"),
        )  # fmt: skip


def test_an_amendment_is_accepted_into_a_new_version_rejected_or_withdrawn() -> None:
    life = proposal()
    said = {"version": 1, "language": "fr", "title": "Deux fours", "text": "", "reason": "Loin."}
    for _ in range(3):
        life.take(discussing.amendment_proposed, BADR, **said)
    when = calling.times(PLAIN, now=life.now)
    with pytest.raises(AmendmentsOpen):
        life.take(calling.noticed, STEWARD, rule=PLAIN, languages=["fr"], when=when)
    with pytest.raises(NotProposer):
        life.take(discussing.amendment_accepted, BADR, number=1)
    with pytest.raises(NotTheirs):
        life.take(discussing.amendment_withdrawn, AMINA, number=3)
    life.take(discussing.amendment_accepted, AMINA, number=1)
    life.take(discussing.amendment_rejected, AMINA, number=2, reason="Déjà dedans.")
    life.take(discussing.amendment_withdrawn, BADR, number=3)
    assert [one.state for one in life.state.amendments] == [
        AmendmentState.ACCEPTED, AmendmentState.REJECTED, AmendmentState.WITHDRAWN,
    ]  # fmt: skip
    assert (life.state.amendments[0].taken_into, life.state.versions[-1].amendment) == (2, 1)
    for number in (1, 2, 3):
        for decide in (discussing.amendment_accepted, discussing.amendment_withdrawn):
            with pytest.raises(AmendmentClosed):
                life.take(decide, AMINA, number=number)
    with pytest.raises(NoSuchPart):
        life.take(discussing.amendment_accepted, AMINA, number=4)


def test_a_question_is_answered_once_by_those_who_answer_for_the_proposal() -> None:
    life = proposal()
    life.take(discussing.question_asked, BADR, language="fr", text="Combien ?")
    with pytest.raises(NotProposer):
        life.take(discussing.question_answered, CHAMA, number=1, language="fr", text="Dix.")
    life.take(discussing.question_answered, AMINA, number=1, language="fr", text="Dix.")
    with pytest.raises(AlreadySo):
        life.take(discussing.question_answered, STEWARD, number=1, language="fr", text="Onze.")
    assert life.state.questions[0].answered_by == AMINA.person


def test_a_candidate_stands_only_when_they_accept() -> None:
    rule = Rule(method=Method.STV, seats=1)
    life = proposal(template="committee")
    put = {"sort": "candidate", "words": {"fr": ("Badr", "")}, "person": BADR.person}
    life.take(proposing.option_put, CHAMA, code="badr", **put)
    when = calling.times(rule, now=life.now)
    with pytest.raises(OptionsUnfit):
        life.take(calling.noticed, STEWARD, rule=rule, languages=["fr"], when=when)
    with pytest.raises(NotTheirs):
        life.take(proposing.candidacy_answered, CHAMA, code="badr", accepts=True)
    life.take(proposing.candidacy_answered, BADR, code="badr", accepts=False)
    with pytest.raises(OptionsUnfit):
        life.take(calling.noticed, STEWARD, rule=rule, languages=["fr"], when=when)
    life.take(proposing.candidacy_answered, BADR, code="badr", accepts=True)
    # Other words are not those that were accepted.
    life.take(proposing.option_put, CHAMA, code="badr", **put | {"words": {"fr": ("B.", "")}})
    assert life.state.choices["badr"].accepted is None
    life.take(proposing.candidacy_answered, BADR, code="badr", accepts=True)
    life.take(calling.noticed, STEWARD, rule=rule, languages=["fr"], when=when)
    assert life.state.notice is not None
    assert [one.code for one in life.state.notice.options] == ["badr"]


def test_members_put_up_candidates_and_proposers_the_rest() -> None:
    life = proposal()
    with pytest.raises(NotTheirs):
        life.take(
            proposing.option_put, BADR, code="a", sort="project", words={"fr": ("A", "")}, cost=1
        )
    with pytest.raises(OptionsUnfit):
        life.take(proposing.option_put, AMINA, code="a", sort="candidate", words={"fr": ("A", "")})
    life.take(proposing.option_put, AMINA, code="a", sort="project", words={"fr": ("A", "")})
    with pytest.raises(NotTheirs):
        life.take(proposing.option_dropped, BADR, code="a", reason="Non.")
    life.take(proposing.option_dropped, STEWARD, code="a", reason="Pas ici.")
    assert not life.state.choices


def test_the_options_fit_the_method_before_a_notice() -> None:
    budget = Rule(method=Method.BUDGET, budget=BudgetRule(total=100, unit="MAD"))
    life = proposal()
    for rule in (budget, Rule(method=Method.SCHULZE), Rule(method=Method.APPROVAL)):
        with pytest.raises(OptionsUnfit):
            noticed(rule, life)
    life.take(proposing.option_put, AMINA, code="a", sort="project", words={"fr": ("A", "")})
    for rule in (budget, PLAIN, Rule(method=Method.SCHULZE)):
        with pytest.raises(OptionsUnfit):
            noticed(rule, life)
    life.take(
        proposing.option_put, AMINA, code="a", sort="project", words={"fr": ("A", "")}, cost=40
    )
    noticed(budget, life)
    assert life.state.phase is Phase.NOTICED


def test_an_option_without_words_in_a_language_of_the_charter_is_found() -> None:
    life = proposal()
    life.take(proposing.option_put, AMINA, code="a", sort="answer", words={"ar": ("ا", "")})
    with pytest.raises(TextLacking):
        noticed(Rule(method=Method.APPROVAL), life)


def test_a_notice_is_given_by_keepers_and_lasts_as_long_as_the_rule_says() -> None:
    life = proposal()
    when = calling.times(PLAIN, now=life.now)
    with pytest.raises(NotKeeper):
        life.take(calling.noticed, AMINA, rule=PLAIN, languages=["fr"], when=when)
    with pytest.raises(NotKeeper):
        life.take(proposing.role_given, AMINA, role="facilitator", persons=(AMINA.person,))
    life.take(proposing.role_given, STEWARD, role="facilitator", persons=(BADR.person,))
    life.take(calling.noticed, BADR, rule=PLAIN, languages=["fr"], when=when)
    assert life.state.notice is not None
    assert life.state.notice.rule_hash == PLAIN.hash
    for times in (
        {"opens_at": life.now + 13 * DAY},
        {"closes_at": life.now + 20 * DAY},
        {"closes_at": life.now + 800 * DAY},
        {"objections_until": life.now + 15 * DAY},
        {"objections_until": life.now - DAY},
    ):
        with pytest.raises(TimesUnfit):
            calling.times(PLAIN, now=life.now, **times)


def test_a_ballot_opens_in_its_time_and_closes_in_its_time() -> None:
    life = noticed()
    with pytest.raises(NotYet):
        life.take(calling.opened, roll_root=HASH, roll_size=10)
    life.after(14).take(calling.opened, roll_root=HASH, roll_size=10)
    assert life.state.opened is not None
    assert life.state.notice is not None
    assert life.state.opened.closes_at == life.state.notice.closes_at
    with pytest.raises(NotYet):
        life.take(calling.closed, count())
    life.after(7).take(calling.closed, count())
    assert life.state.phase is Phase.CLOSED


def test_a_ballot_that_opens_late_is_open_for_the_whole_time() -> None:
    life = noticed().after(16)
    life.take(calling.opened, roll_root=HASH, roll_size=10)
    assert life.state.opened is not None
    assert life.state.opened.closes_at == calling.stamp(life.now + 7 * DAY)
    soon = noticed().after(14 + 1 / 48)
    soon.take(calling.opened, roll_root=HASH, roll_size=10)
    assert soon.state.notice is not None
    assert soon.state.opened is not None
    assert soon.state.opened.closes_at == soon.state.notice.closes_at


def test_an_assembly_opens_and_closes_early() -> None:
    life = noticed()
    life.take(calling.opened, roll_root=HASH, roll_size=10, early=True, actor=STEWARD)
    life.take(calling.closed, count(), early=True, call=2, actor=STEWARD)
    assert life.state.closed is not None
    assert (life.state.closed.by, life.state.closed.call) == (STEWARD.person, 2)


def test_a_decision_is_withdrawn_before_its_ballot_opens_and_never_after() -> None:
    for life in (idea(), proposal(), noticed()):
        with pytest.raises(NotProposer):
            life.take(calling.withdrawn, BADR, reason="Non.")
        with pytest.raises(NoWords):
            life.take(calling.withdrawn, STEWARD, reason="")
        assert life.take(calling.withdrawn, AMINA, reason="").phase is Phase.WITHDRAWN
    for life in (voting(), counted(), decided()):
        with pytest.raises(WrongPhase):
            life.take(calling.withdrawn, AMINA, reason="Trop tard.")


def test_what_was_adopted_has_an_owner_and_a_deadline_and_nothing_else_has() -> None:
    passed, failed = counted(), counted(Outcome.TIE_STATUS_QUO)
    for given in (
        {},
        {"owner": BADR.person},
        {"deadline": passed.now + DAY},
        {"owner": BADR.person, "deadline": passed.now - DAY},
    ):
        with pytest.raises(OwnerUnfit):
            passed.take(concluding.settled, STEWARD, **given)
    with pytest.raises(NotKeeper):
        passed.take(concluding.settled, AMINA, owner=BADR.person, deadline=passed.now + DAY)
    with pytest.raises(OwnerUnfit):
        failed.take(concluding.settled, STEWARD, owner="p-badr", deadline=failed.now + DAY)
    failed.take(concluding.settled, STEWARD)
    assert failed.state.phase is Phase.DECIDED
    with pytest.raises(OwnerUnfit):
        failed.take(concluding.done, STEWARD, report="", files=[])


def test_a_follow_up_is_late_then_done_with_its_accounts() -> None:
    life = decided()
    with pytest.raises(NotYet):
        life.take(concluding.late)
    life.after(31).take(concluding.late)
    with pytest.raises(AlreadySo):
        life.take(concluding.late)
    assert life.state.settled is not None
    assert life.state.settled.state is FollowUp.LATE
    accounts = File(name="comptes.xlsx", sha256=HASH)
    with pytest.raises(NotKeeper):
        life.take(concluding.attached, CHAMA, file=accounts)
    life.take(concluding.attached, BADR, file=accounts)
    with pytest.raises(AlreadySo):
        life.take(concluding.attached, BADR, file=accounts)
    life.take(concluding.done, BADR, report="Le four est là.", files=[])
    assert life.state.phase is Phase.FOLLOWED_UP
    assert life.state.settled is not None
    assert (life.state.settled.state, life.state.settled.late) == (FollowUp.DONE, True)
    life.take(concluding.attached, BADR, file=File(name="photo.jpg", sha256="cd" * 32))
    assert life.state.settled is not None
    assert len(life.state.settled.files) == 2


def test_a_follow_up_is_dropped_with_a_reason() -> None:
    life = decided()
    with pytest.raises(NoWords):
        life.take(concluding.dropped, BADR, reason=" ", files=[])
    life.take(concluding.dropped, BADR, reason="Trop cher.", files=[])
    assert life.state.settled is not None
    assert life.state.settled.state is FollowUp.DROPPED


def appealed(life: Life) -> Life:
    life.take(appealing.appealed, CHAMA, ground="count", language="fr", text="Mal compté.")
    return life


def test_an_appeal_is_judged_by_two_who_did_not_decide() -> None:
    life = appealed(decided())
    said = {"number": 1, "order": "dismiss", "reasons": "Tout est en ordre."}
    with pytest.raises(NotKeeper):
        life.take(appealing.appeal_judged, Actor(person="p-anyone"), **said)
    # The steward has given notice, Badr owns what follows, Amina has proposed.
    for actor in (STEWARD, Actor(person=AMINA.person, auditor=True),
                  Actor(person=BADR.person, steward=True),
                  Actor(person=CHAMA.person, steward=True)):  # fmt: skip
        with pytest.raises(DecidedIt):
            life.take(appealing.appeal_judged, actor, **said)
    life.take(appealing.appeal_judged, AUDITOR, **said)
    with pytest.raises(AlreadySo):
        life.take(appealing.appeal_judged, AUDITOR, **said)
    assert life.state.phase is Phase.APPEALED
    life.take(appealing.appeal_judged, OTHER_STEWARD, **said)
    assert life.state.phase is Phase.DECIDED
    with pytest.raises(WrongPhase):
        life.take(appealing.appeal_judged, OTHER_STEWARD, **said)


def test_an_appeal_comes_in_time_or_not_at_all() -> None:
    life = counted()
    for early in (proposal(), noticed(), voting()):
        with pytest.raises(WrongPhase):
            appealed(early)
    with pytest.raises(AppealsOver):
        appealed(life.after(7))


def judged(life: Life, order: str) -> Life:
    for actor in (AUDITOR, OTHER_STEWARD):
        life.take(appealing.appeal_judged, actor, number=1, order=order, reasons="Voilà.")
    return life


def test_a_recount_that_agrees_leaves_all_as_it_was() -> None:
    life = judged(appealed(decided()), "recount")
    assert life.state.phase is Phase.APPEALED
    with pytest.raises(AppealElsewhere):
        life.take(
            appealing.appeal_judged, Actor(person="p-x", auditor=True), number=1,
            order="dismiss", reasons="Encore.",
        )  # fmt: skip
    again = {"outcome": Outcome.ADOPTED, "winners": (), "report_hash": HASH}
    life.take(appealing.recounted, STEWARD, number=1, **again)
    assert life.state.phase is Phase.DECIDED
    assert life.state.settled is not None
    with pytest.raises(WrongPhase):
        life.take(appealing.recounted, STEWARD, number=1, **again)


def test_a_recount_that_differs_is_settled_anew() -> None:
    life = judged(appealed(decided()), "recount")
    other = {"outcome": Outcome.REJECTED, "winners": (), "report_hash": "cd" * 32}
    life.take(appealing.recounted, STEWARD, number=1, **other)
    assert life.state.phase is Phase.CLOSED
    assert life.state.closed is not None
    assert life.state.closed.outcome is Outcome.REJECTED
    assert life.state.settled is None


def test_a_recount_waits_for_the_order() -> None:
    life = appealed(counted())
    again = {"outcome": Outcome.ADOPTED, "winners": (), "report_hash": HASH}
    with pytest.raises(AppealElsewhere):
        life.take(appealing.recounted, STEWARD, number=1, **again)


def test_a_new_vote_annuls_and_is_carried_over_once() -> None:
    life = judged(appealed(decided()), "new-vote")
    assert life.state.phase is Phase.ANNULLED
    steps = repeating.carried_over(
        life.state, STEWARD, decision_id="d" * 36, call=1, when=None, now=life.now
    )
    life.take(repeating.repeated, STEWARD, successor="0" * 36, reason="new-vote")
    with pytest.raises(AlreadySo):
        life.take(repeating.repeated, STEWARD, successor="1" * 36, reason="new-vote")
    anew = Life(steps)
    assert anew.state.phase is Phase.PROPOSAL
    assert anew.state.follows == "d" * 36
    anew.take(proposing.version_written, AMINA, language="fr", texts=TEXTS)
    with pytest.raises(NoNewVote):
        counted().take(repeating.repeated, STEWARD, successor="0" * 36, reason="new-vote")


def test_a_second_call_has_the_same_words_and_rule() -> None:
    life = proposal()
    life.take(proposing.translation_written, BADR, version=1, language="ar", title="فرن", text="")
    hash_ = language_hash(life.state, "ar")
    life.take(proposing.translation_confirmed, CHAMA, version=1, language="ar", hash_=hash_)
    counted(Outcome.NO_QUORUM, TWICE, life)
    before = life.state
    assert repeating.second_call_earliest(before) == life.now + 3 * DAY
    with pytest.raises(NotKeeper):
        life.take(repeating.repeated, AMINA, successor="0" * 36, reason="second-call")
    life.take(repeating.repeated, STEWARD, successor="0" * 36, reason="second-call")
    when = calling.times(TWICE, now=life.now, notice=3 * DAY)
    again = Life(
        repeating.carried_over(
            before, STEWARD, decision_id="d" * 36, call=2, when=when, now=life.now
        )
    )
    assert again.state.phase is Phase.NOTICED
    assert before.notice is not None
    assert again.state.notice is not None
    assert again.state.notice.text_hashes == before.notice.text_hashes
    assert again.state.notice.rule_hash == before.notice.rule_hash
    assert language_hash(again.state, "ar") == hash_
    again.now = life.now + 3 * DAY
    again.take(calling.opened, roll_root=HASH, roll_size=10)
    again.after(7).take(calling.closed, count(Outcome.NO_QUORUM))
    assert again.state.closed is not None
    assert again.state.closed.call == 2
    with pytest.raises(NoSecondCall):
        again.take(repeating.repeated, STEWARD, successor="1" * 36, reason="second-call")


def test_there_is_no_second_call_where_the_quorum_was_reached_or_the_rule_has_none() -> None:
    for life in (counted(Outcome.REJECTED, TWICE), counted(Outcome.NO_QUORUM)):
        with pytest.raises(NoSecondCall):
            life.take(repeating.repeated, STEWARD, successor="0" * 36, reason="second-call")


def test_steps_are_read_back_as_they_were_written_and_their_chain_has_no_gap() -> None:
    life = appealed(decided())
    head = FIRST
    seen = {head}
    for number, step in enumerate(life.steps, start=1):
        body = body_of(step)
        assert step_of(body) == step
        head = chained(head, "d" * 36, number, body)
        assert head not in seen
        seen.add(head)
        assert chained(FIRST, "e" * 36, number, body) != chained(FIRST, "d" * 36, number, body)
