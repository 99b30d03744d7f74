"""Steps lie in the database for good: one after the other, one writer at a time."""

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from services.governance import decision_handlers, decision_rows
from services.governance.decision_ballots import open_decision
from services.governance.decision_handlers import act, begin, call_again, record
from services.governance.decision_keeper import (
    DecisionKeeper,
    close_due,
    mark_late,
    open_due,
    settle_due,
)
from services.governance.decision_rows import StepTaken
from services.governance.process import calling, discussing, objecting, proposing
from services.governance.process.folding import fold
from services.governance.process.phases import Phase, WrongPhase
from services.governance.process.refusals import (
    AlreadySo,
    NoSecondCall,
    ObjectionUnanswered,
    RuleNotOfTemplate,
)
from services.governance.process.steps import FIRST, body_of, chained, step_of
from services.governance.process.steps_after import FollowUpLate
from services.governance.rolls import EmptyRoll
from services.governance.rules import Method, Rule, Share, Threshold
from services.governance.tables.base import LOG
from services.governance.tables.decisions import DECISION, NEED, STEP
from shared.clock import SetClock
from shared.refusals import Missing
from shared.store import Store, Work
from tests.governance.process.conftest import VOTERS, tell_register
from tests.governance.process.lives import AMINA, BADR, CHAMA, NOW, PLAIN, STEWARD, TWICE

WORDS = {"template": "yes-no", "language": "fr", "title": "Un four", "text": "Commun."}


async def begun(store: Store, **fields: Any) -> str:
    return await store.write(lambda work: begin(work, AMINA, **(WORDS | fields)))


async def noticed(store: Store, rule: Rule = PLAIN, **fields: Any) -> str:
    decision_id = await begun(store, **fields)
    await store.write(give_notice, decision_id, rule)
    return decision_id


def give_notice(work: Work, decision_id: str, rule: Rule) -> None:
    act(
        work,
        decision_id,
        lambda one: decision_handlers.give_notice(
            one, STEWARD, rule=rule, languages=["fr"], now=work.now
        ),
    )


def ask(work: Work, decision_id: str, text: str, expected: int | None = None) -> int:
    def decide(one: Any) -> Any:
        return discussing.question_asked(one, BADR, language="fr", text=text, now=work.now)

    return act(work, decision_id, decide, expected=expected).steps


def execute(work: Work, statement: Any) -> None:
    work.execute(statement)


async def told(store: Store) -> list[tuple[str, str, str]]:
    """Return whom notices were announced to: about what, who, and what."""

    def read(work: Work) -> list[tuple[str, str, str]]:
        rows = work.execute(select(LOG.outbox.c.body)).scalars()
        data = [orjson.loads(body)["data"] for body in rows]
        return [(one["matter"], one["to"], one["what"]) for one in data]

    return await store.read(read)


async def test_the_record_is_a_chain_that_anybody_can_check(both: Store) -> None:
    decision_id = await noticed(both)
    links = await both.read(decision_rows.links, decision_id, most=100)
    head = FIRST
    for number, link in enumerate(links, start=1):
        assert (link.number, link.previous) == (number, head)
        head = chained(head, decision_id, number, link.body.encode())
        assert head == link.hash
        assert body_of(step_of(link.body)).decode() == link.body
    kept = await both.read(decision_rows.kept, decision_id)
    assert (kept.steps, kept.head) == (len(links), head)
    assert kept.decision == fold([step_of(link.body) for link in links])


async def test_the_database_itself_keeps_steps_as_they_are(both: Store) -> None:
    decision_id = await begun(both)
    before = await both.read(decision_rows.links, decision_id, most=10)
    for statement in (
        update(STEP).values(body="{}"),
        update(STEP).values(at="2020-01-01T00:00:00.000Z"),
        delete(STEP),
        delete(STEP).where(STEP.c.number == 2),
    ):
        with pytest.raises(DBAPIError, match="step_stays"):
            await both.write(execute, statement)
    assert await both.read(decision_rows.links, decision_id, most=10) == before


async def test_the_database_itself_takes_no_step_that_does_not_follow(both: Store) -> None:
    decision_id = await begun(both)
    head = (await both.read(decision_rows.kept, decision_id)).head
    wrong = ((4, head), (3, FIRST), (3, "ab" * 32), (1, head), (0, FIRST), (2, head))
    for number, previous in wrong:
        row = {
            "decision": decision_id,
            "number": number,
            "what": "supported",
            "at": "2026-11-22T09:00:00.000Z",
            "body": "{}",
            "previous": previous,
            "hash": "cd" * 32,
        }
        with pytest.raises(DBAPIError, match="step_follows"):
            await both.write(execute, insert(STEP).values(row))
    assert (await both.read(decision_rows.kept, decision_id)).head == head


async def test_of_two_who_write_on_what_they_have_read_one_is_refused(both: Store) -> None:
    decision_id = await begun(both)
    answers = await asyncio.gather(
        *(both.write(ask, decision_id, f"{number} ?", 2) for number in range(8)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in answers) == ["StepTaken"] * 7 + ["int"]
    kept = await both.read(decision_rows.kept, decision_id)
    assert (kept.steps, len(kept.decision.questions)) == (3, 1)


async def test_of_many_who_write_at_once_nobody_is_lost(both: Store) -> None:
    decision_id = await begun(both)
    steps = await asyncio.gather(
        *(both.write(ask, decision_id, f"{number} ?") for number in range(8))
    )
    assert sorted(steps) == list(range(3, 11))
    kept = await both.read(decision_rows.kept, decision_id)
    assert [one.number for one in kept.decision.questions] == list(range(1, 9))


async def test_a_writer_who_looked_away_cannot_take_a_number_that_is_taken(both: Store) -> None:
    decision_id = await begun(both)
    stale = await both.read(decision_rows.kept, decision_id)
    await both.write(ask, decision_id, "Combien ?")

    def write(work: Work) -> None:
        asked = discussing.question_asked(
            stale.decision, BADR, language="fr", text="Quand ?", now=work.now
        )
        decision_rows.keep(work, stale, asked)

    with pytest.raises(StepTaken):
        await both.write(write)


async def test_a_step_that_the_phase_does_not_have_is_not_recorded(sqlite_store: Store) -> None:
    decision_id = await begun(sqlite_store)

    def write(work: Work) -> None:
        late = FollowUpLate(by="node", at="2026-11-22T09:00:00.000Z")
        record(work, decision_id, (late,))

    with pytest.raises(WrongPhase):
        await sqlite_store.write(write)
    with pytest.raises(Missing):
        await sqlite_store.read(decision_handlers.decision_of, "0" * 36)


async def test_the_clock_opens_closes_and_settles_each_once(both: Store, clock: SetClock) -> None:
    await tell_register(both)
    decision_id = await noticed(both)
    assert await both.write(open_due, clock.now()) == []
    clock.move(timedelta(days=14))
    assert await both.write(open_due, clock.now()) == [decision_id]
    assert await both.write(open_due, clock.now()) == []
    assert await both.write(close_due, clock.now()) == []
    clock.move(timedelta(days=7))
    assert await both.write(close_due, clock.now()) == [decision_id]
    state = await both.read(decision_handlers.decision_of, decision_id)
    assert state.opened is not None
    assert state.opened.roll_size == len(VOTERS)
    assert state.closed is not None
    assert (state.closed.cast, state.closed.roll) == (0, len(VOTERS))
    assert await both.write(settle_due, clock.now()) == []
    clock.move(timedelta(days=7))
    assert await both.write(settle_due, clock.now()) == [decision_id]
    assert await both.write(mark_late, clock.now()) == []


async def test_people_are_told_once_of_notice_opening_and_close(
    sqlite_store: Store, clock: SetClock
) -> None:
    await tell_register(sqlite_store)
    decision_id = await noticed(sqlite_store)
    keeper = DecisionKeeper(sqlite_store, clock, every_s=60.0)
    for days in (0, 14, 7, 0):
        clock.move(timedelta(days=days))
        await keeper.look()
    expected = [
        (decision_id, f"p:{who}", what)
        for what in ("noticed", "opened", "closed")
        for who in VOTERS
    ]
    assert sorted(await told(sqlite_store)) == sorted(expected)


async def test_whom_a_step_concerns_is_told_and_nobody_of_their_own(sqlite_store: Store) -> None:
    decision_id = await begun(sqlite_store)
    now, said = NOW, {"ground": "law", "language": "fr", "harm": "Le bail.", "change": ""}
    named = {"role": "facilitator", "persons": (CHAMA.person, "Not:Tellable!")}
    moves: list[Any] = [
        lambda one: proposing.role_given(one, STEWARD, now=now, **named),
        lambda one: discussing.question_asked(one, BADR, language="fr", text="Qui ?", now=now),
        lambda one: discussing.question_answered(
            one, AMINA, number=1, language="fr", text="Nous.", now=now
        ),
        lambda one: discussing.question_asked(one, AMINA, language="fr", text="Moi ?", now=now),
        lambda one: objecting.objection_raised(one, BADR, now=now, **said),
        lambda one: objecting.objection_judged(
            one, STEWARD, number=1, valid=True, reason="Oui.", now=now
        ),
        lambda one: objecting.objection_stood(one, AMINA, number=1, answer="Ainsi.", now=now),
        lambda one: proposing.version_written(
            one, AMINA, language="fr", texts={"fr": ("Deux", "")}, now=now
        ),
    ]
    for move in moves:
        await sqlite_store.write(act, decision_id, move)
    proposer, asker, facilitator = (f"p:{who.person}" for who in (AMINA, BADR, CHAMA))
    assert [(who, what) for _, who, what in await told(sqlite_store)] == [
        (proposer, "asked"),
        (asker, "answered"),
        (facilitator, "asked"),
        (proposer, "asked"),
        (asker, "answered"),
        (asker, "answered"),
        (asker, "asked"),
    ]


async def test_a_ballot_that_cannot_open_does_not_hold_up_the_others(
    both: Store, clock: SetClock
) -> None:
    await tell_register(both)
    held_up, fine = await noticed(both), await noticed(both)

    def object_(work: Work) -> None:
        said = {"ground": "law", "language": "fr", "harm": "Le bail.", "change": ""}
        act(work, held_up, lambda one: objecting.objection_raised(one, BADR, now=work.now, **said))

    await both.write(object_)
    clock.move(timedelta(days=14))
    assert await both.write(open_due, clock.now()) == [fine]
    with pytest.raises(ObjectionUnanswered):
        await both.write(lambda work: open_decision(work, held_up, now=work.now))

    def judge(work: Work) -> None:
        said = {"number": 1, "valid": False, "reason": "Le bail le permet."}
        act(
            work,
            held_up,
            lambda one: objecting.objection_judged(one, STEWARD, now=work.now, **said),
        )

    await both.write(judge)
    clock.move(timedelta(days=1))
    assert await both.write(open_due, clock.now()) == [held_up]
    state = await both.read(decision_handlers.decision_of, held_up)
    assert state.opened is not None
    assert state.opened.closes_at == calling.stamp(clock.now() + timedelta(days=7))


async def test_a_ballot_without_anybody_in_its_roll_does_not_open(
    sqlite_store: Store, clock: SetClock
) -> None:
    decision_id = await noticed(sqlite_store)
    clock.move(timedelta(days=14))
    assert await sqlite_store.write(open_due, clock.now()) == []
    with pytest.raises(EmptyRoll):
        await sqlite_store.write(lambda work: open_decision(work, decision_id, now=work.now))
    state = await sqlite_store.read(decision_handlers.decision_of, decision_id)
    assert state.phase is Phase.NOTICED


async def test_whom_a_decision_is_about_is_not_in_its_roll(
    sqlite_store: Store, clock: SetClock
) -> None:
    await tell_register(sqlite_store)
    rule = Rule(method=Method.CONSENT)
    decision_id = await noticed(sqlite_store, rule, template="admission", subject=f"p:{VOTERS[3]}")
    clock.move(timedelta(days=14))
    await sqlite_store.write(open_due, clock.now())
    state = await sqlite_store.read(decision_handlers.decision_of, decision_id)
    assert state.opened is not None
    assert state.opened.roll_size == len(VOTERS) - 1


async def test_a_second_call_opens_with_its_own_quorum_after_its_days(
    sqlite_store: Store, clock: SetClock
) -> None:
    await tell_register(sqlite_store)
    first = await noticed(sqlite_store, TWICE)
    for days, unit in ((14, open_due), (7, close_due)):
        clock.move(timedelta(days=days))
        assert await sqlite_store.write(unit, clock.now()) == [first]
    again = await sqlite_store.write(call_again, first, STEWARD)
    with pytest.raises(AlreadySo):
        await sqlite_store.write(call_again, first, STEWARD)
    clock.move(timedelta(days=2))
    assert await sqlite_store.write(open_due, clock.now()) == []
    clock.move(timedelta(days=1))
    assert await sqlite_store.write(open_due, clock.now()) == [again]
    clock.move(timedelta(days=7))
    assert await sqlite_store.write(close_due, clock.now()) == [again]
    before, after = [
        await sqlite_store.read(decision_handlers.decision_of, one) for one in (first, again)
    ]
    assert (before.successor, after.follows) == (again, first)
    assert after.closed is not None
    assert after.closed.call == 2
    with pytest.raises(NoSecondCall):
        await sqlite_store.write(call_again, again, STEWARD)


async def test_a_charter_is_not_changed_by_a_laxer_rule(sqlite_store: Store) -> None:
    decision_id = await begun(sqlite_store, template="charter-change")
    quarter = Share(n=1, d=4)
    for laxer in (
        PLAIN,
        Rule(method=Method.YES_NO, threshold=Threshold(share=Share(n=2, d=3))),
        Rule(
            method=Method.YES_NO,
            threshold=Threshold(share=Share(n=2, d=3), at_least=True),
            approval_quorum=quarter,
            appeal_days=14,
        ),
        Rule(method=Method.CONSENT),
    ):
        with pytest.raises(RuleNotOfTemplate):
            await sqlite_store.write(give_notice, decision_id, laxer)
    stricter = Rule(
        method=Method.YES_NO,
        threshold=Threshold(share=Share(n=3, d=4), at_least=True),
        approval_quorum=Share(n=1, d=3),
        appeal_days=14,
    )
    await sqlite_store.write(give_notice, decision_id, stricter)


async def test_lists_say_what_the_record_says(sqlite_store: Store, clock: SetClock) -> None:
    decision_id = await noticed(sqlite_store)

    def read(work: Work) -> tuple[Any, list[Any]]:
        row = work.execute(select(DECISION).where(DECISION.c.id == decision_id)).one()
        return row, list(work.execute(select(NEED)))

    row, needs = await sqlite_store.read(read)
    assert (row.phase, row.steps, row.template) == ("noticed", 3, "yes-no")
    assert row.next_at == row.opens_at == calling.stamp(NOW + timedelta(days=14))
    assert needs == []
