"""Rings at their nodes: held, answered, decided, delivered, and what the clock does to them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.exchange import ring_copies, ring_handlers, ring_rows
from services.exchange.ring_copies import holder
from services.exchange.ring_desk import RingDesk
from services.exchange.ring_handlers import Said
from services.exchange.ring_letters import send, take_in
from services.exchange.rings.parts import (
    ContactMissing,
    Copy,
    NotInDoubt,
    NotUnderWay,
    PartState,
    RingClosed,
    SameSteward,
)
from services.exchange.rings.plans import BadRing, slots
from services.exchange.tables.rings import RING_TABLES
from shared.clock import SetClock
from shared.contracts.rings import (
    RingAnswered,
    RingAsked,
    RingDecided,
    RingPlan,
    RingProposed,
    RingState,
    What,
)
from shared.log.letters import BadLetter
from shared.refusals import Missing, Refusal
from shared.store import Store, Work
from tests.exchange.rings.conftest import (
    BY,
    FAR,
    NO,
    NODE,
    OTHER,
    YES,
    A,
    B,
    C,
    Post,
    between,
    desk_of,
)
from tests.exchange.rings.samples import Letterbox, offer_of, plan


def sent(desk: RingDesk) -> list[tuple[str, Any]]:
    box = desk.post
    assert isinstance(box, Letterbox)
    return box.sent


def receive(work: Work, desk: RingDesk, sender: str, letter: Any) -> None:
    send(work, desk, take_in(work, desk, sender, letter))


async def state_at(post: Post, node: str, ring_id: str) -> RingState:
    copy = await post.stores[node].read(ring_copies.copy_of, ring_id, reading=True)
    assert isinstance(copy, Copy)
    return copy.state


async def test_a_ring_between_two_nodes_is_confirmed_with_the_last_yes_and_settled(
    post: Post,
) -> None:
    made = between(A, FAR, decider="hub")
    await post.propose(made)
    await post.answer(made.ring_id, A)
    assert await state_at(post, NODE, made.ring_id) is RingState.PROPOSED
    await post.answer(made.ring_id, FAR)
    assert await state_at(post, NODE, made.ring_id) is RingState.CONFIRMED
    for leg, member, node in ((0, FAR, OTHER), (1, A, NODE)):
        await post.stores[node].write(
            ring_handlers.report_leg,
            post.desks[node],
            made.ring_id,
            member,
            leg=leg,
            what=What.RECEIVED,
            entered=BY,
        )
        await post.deliver()
    copies = [
        await post.stores[node].read(ring_copies.copy_of, made.ring_id, reading=True)
        for node in (NODE, OTHER)
    ]
    assert copies[0] == copies[1]
    assert isinstance(copies[0], Copy)
    assert [entry.what for entry in copies[0].entries][-1] is What.SETTLED
    assert await post.stores[NODE].read(holder, offer_of(A)) is None
    learned = await post.stores["hub"].read(ring_rows.records)
    assert learned[f"party {A}"][0].yes == 2


async def test_each_party_gets_the_contact_of_its_neighbours_and_of_nobody_else(
    post: Post, clock: SetClock
) -> None:
    made = between(A, B, FAR, C)
    await post.propose(made)
    await post.answer(made.ring_id, A, B, C)
    await post.answer(made.ring_id, FAR, said=Said(accepts=True))
    known = await post.stores[NODE].read(ring_copies.contacts_of, made.ring_id)
    assert set(known) == {(A, B), (A, C), (B, A), (B, FAR), (C, A), (C, FAR)}
    assert known[A, B] is not None
    assert known[B, FAR] is None
    far = await post.stores[OTHER].read(ring_copies.contacts_of, made.ring_id)
    assert set(far) == {(FAR, B), (FAR, C)}
    # After it has ended the contacts are erased, here and there.
    await post.stores[OTHER].write(
        ring_handlers.report_leg,
        post.desks[OTHER],
        made.ring_id,
        FAR,
        leg=1,
        what=What.FAILED,
        why="damaged",
        entered=BY,
    )
    await post.deliver()
    assert await state_at(post, NODE, made.ring_id) is RingState.BROKEN
    clock.move(timedelta(days=91))
    for node in (NODE, OTHER):
        await post.stores[node].write(ring_handlers.look_after, post.desks[node])
        assert await post.stores[node].read(ring_copies.contacts_of, made.ring_id) == {}
    parts = await post.stores[NODE].read(ring_copies.parts_of, made.ring_id)
    assert {part.contact for part in parts.values()} == {""}


async def test_a_no_ends_the_ring_frees_everybody_and_bars_the_arc(post: Post) -> None:
    made = between(A, B, FAR)
    await post.propose(made)
    await post.answer(made.ring_id, A)
    await post.answer(made.ring_id, FAR, said=NO)
    assert await state_at(post, NODE, made.ring_id) is RingState.WITHDRAWN
    for slot in slots(made):
        node = slot.item.partition(":")[0]
        assert await post.stores[node].read(holder, slot.item) is None
    barred = await post.stores[NODE].read(ring_rows.barred_arcs)
    assert (made.legs[1].offer, made.legs[1].want) in barred
    learned = await post.stores[NODE].read(ring_rows.records)
    assert learned[f"party {A}"][1] == 1
    assert learned[f"party {FAR}"][0].no == 1


async def test_a_broken_ring_is_mended_without_those_who_said_no(post: Post) -> None:
    made = between(A, B, FAR)
    await post.propose(made)
    await post.answer(made.ring_id, FAR, said=NO)
    asked: list[str] = []

    async def propose_instead(left: Any) -> list[RingPlan]:
        asked.append(left.broken.ring_id)
        return [plan([A, B, C], number=20), plan([A, B], number=21), made]

    store, desk = post.stores[NODE], post.desks[NODE]
    found = await ring_handlers.repair_rings(store, desk, propose_instead)
    # Nobody has to be asked anew in the smaller ring.
    assert found == [plan([A, B], number=21).ring_id]
    assert asked == [made.ring_id]
    copy = await store.read(ring_copies.copy_of, found[0], reading=True)
    assert isinstance(copy, Copy)
    assert copy.plan.repairs == made.ring_id
    assert await ring_handlers.repair_rings(store, desk, propose_instead) == []


async def test_what_others_have_agreed_to_is_left_alone_by_a_repair(post: Post) -> None:
    agreed = plan([A, B], number=5)
    await post.propose(agreed)
    await post.answer(agreed.ring_id, A)
    failed = plan([C, FAR], number=6)
    await post.propose(failed)
    await post.answer(failed.ring_id, FAR, said=NO)

    async def propose_instead(left: Any) -> list[RingPlan]:
        return [plan([C, A], number=22)]

    store, desk = post.stores[NODE], post.desks[NODE]
    assert await ring_handlers.repair_rings(store, desk, propose_instead) == []


async def test_two_hubs_propose_one_slot_at_once_and_exactly_one_gets_it(
    store: Store,
) -> None:
    desk = desk_of()
    rivals = [plan([A, FAR], number=n, decider=hub) for n, hub in ((1, "hub"), (2, "world"))]
    proposals = [RingProposed(plan=one, entries=[_first()]) for one in rivals]
    await asyncio.gather(
        *(store.write(receive, desk, proposal.plan.decider, proposal) for proposal in proposals * 3)
    )
    answers = {(to, letter.kind) for to, letter in sent(desk)}
    assert answers in (
        {("hub", "ring.held"), ("world", "ring.refused")},
        {("hub", "ring.refused"), ("world", "ring.held")},
    )


async def test_a_yes_and_the_clock_race_and_one_of_them_wins(store: Store, clock: SetClock) -> None:
    for number in range(6):
        desk = desk_of()
        made = plan([A, FAR], number=number, decider="hub", now=clock.now())
        await store.write(receive, desk, "hub", RingProposed(plan=made, entries=[_first()]))
        await store.write(receive, desk, "hub", _opened(made))
        clock.move(timedelta(days=7) + desk.timing.hold_grace - timedelta(milliseconds=1))

        async def later(desk: RingDesk = desk) -> None:
            await asyncio.sleep(0)
            clock.move(timedelta(milliseconds=2))
            await store.write(ring_handlers.look_after, desk)

        said = await asyncio.gather(
            store.write(ring_handlers.answer_ring, desk, made.ring_id, A, YES, entered=BY),
            later(),
            return_exceptions=True,
        )
        accepted = not isinstance(said[0], Refusal)
        held = await store.read(holder, offer_of(A))
        letters = [letter.kind for _, letter in sent(desk)]
        assert (held == made.ring_id) == accepted
        assert ("ring.answered" in letters) == accepted
        await store.write(receive, desk, "hub", _withdrawn(made))
        assert await store.read(holder, offer_of(A)) is None


async def test_after_a_yes_the_clock_frees_nothing(store: Store, clock: SetClock) -> None:
    desk = desk_of()
    made = plan([A, FAR], decider="hub")
    await store.write(receive, desk, "hub", RingProposed(plan=made, entries=[_first()]))
    await store.write(receive, desk, "hub", _opened(made))
    await store.write(ring_handlers.answer_ring, desk, made.ring_id, A, YES, entered=BY)
    clock.move(timedelta(days=400))
    await store.write(ring_handlers.look_after, desk)
    assert await store.read(holder, offer_of(A)) == made.ring_id
    # The decider is asked again, and what was said is said again.
    kinds = [letter.kind for _, letter in sent(desk)]
    assert kinds[-2:] == ["ring.answered", "ring.asked"]


async def test_a_hold_without_a_yes_ends_by_the_clock_and_a_late_yes_is_refused(
    store: Store, clock: SetClock
) -> None:
    desk = desk_of()
    made = plan([A, FAR], decider="hub")
    await store.write(receive, desk, "hub", RingProposed(plan=made, entries=[_first()]))
    await store.write(receive, desk, "hub", _opened(made))
    clock.move(timedelta(days=8))
    with pytest.raises(RingClosed):
        await store.write(ring_handlers.answer_ring, desk, made.ring_id, A, YES, entered=BY)
    await store.write(ring_handlers.look_after, desk)
    assert await store.read(holder, offer_of(A)) is None


async def test_the_same_answer_again_is_sent_once_and_counted_once(post: Post) -> None:
    made = between(A, FAR)
    await post.propose(made)
    await post.answer(made.ring_id, A, A, A)
    again = RingAnswered(ring_id=made.ring_id, party=A, number=1, accepts=True)
    for _ in range(3):
        await post.stores[NODE].write(receive, post.desks[NODE], NODE, again)
    kept = await post.stores[NODE].read(ring_rows.known, made.ring_id, reading=True)
    assert kept is not None
    assert kept.ring is not None
    assert [entry.what for entry in kept.ring.entries].count(What.ACCEPTED) == 1


async def test_a_no_after_a_yes_counts_until_all_have_accepted(post: Post) -> None:
    made = between(A, FAR)
    await post.propose(made)
    await post.answer(made.ring_id, A)
    await post.answer(made.ring_id, A, said=NO)
    assert await state_at(post, OTHER, made.ring_id) is RingState.WITHDRAWN
    with pytest.raises(RingClosed):
        await post.answer(made.ring_id, FAR)


async def test_silence_until_the_deadline_withdraws_the_ring(post: Post, clock: SetClock) -> None:
    made = between(A, FAR)
    await post.propose(made)
    await post.stores[NODE].write(ring_handlers.look_at, post.desks[NODE], made.ring_id, A)
    clock.move(timedelta(days=6))
    for node in post.desks:
        await post.stores[node].write(ring_handlers.look_after, post.desks[node])
    await post.deliver()
    assert await state_at(post, NODE, made.ring_id) is RingState.PROPOSED
    clock.move(timedelta(days=1))
    await post.stores[NODE].write(ring_handlers.look_after, post.desks[NODE])
    await post.deliver()
    assert await state_at(post, OTHER, made.ring_id) is RingState.WITHDRAWN
    learned = await post.stores[NODE].read(ring_rows.records)
    # Who has looked and said nothing is trusted a little less; the other has not seen it.
    assert learned[f"party {A}"][0].no == 1
    assert f"party {FAR}" not in learned


async def test_an_unknown_ring_becomes_a_tombstone_that_no_late_proposal_opens(
    store: Store,
) -> None:
    desk = desk_of()
    made = plan([A, FAR], decider="hub")
    await store.write(receive, desk, "hub", _withdrawn(made))
    await store.write(receive, desk, "hub", RingProposed(plan=made, entries=[_first()]))
    assert await store.read(holder, offer_of(A)) is None
    assert sent(desk) == []
    # At the decider: who asks about a ring that it does not know is told that it is withdrawn.
    asked = RingAsked(ring_id=plan([A, FAR]).ring_id, version=1)
    await store.write(receive, desk, OTHER, asked)
    await store.write(receive, desk, OTHER, asked)
    told = [letter for _, letter in sent(desk)]
    assert [one.state for one in told] == [RingState.WITHDRAWN] * 2
    assert told[0] == told[1]


async def test_a_decider_that_has_forgotten_what_it_said_decides_nothing(store: Store) -> None:
    desk = desk_of()
    asked = RingAsked(ring_id=plan([A, FAR]).ring_id, version=4)
    await store.write(receive, desk, OTHER, asked)
    assert sent(desk) == []
    kept = await store.read(ring_rows.known, asked.ring_id, reading=True)
    assert kept is not None
    assert kept.doubted


async def test_two_stewards_end_a_doubt_and_one_of_them_twice_does_not(
    store: Store, clock: SetClock
) -> None:
    desk = desk_of()
    made = plan([A, FAR], decider="hub")
    await store.write(receive, desk, "hub", RingProposed(plan=made, entries=[_first()]))
    await store.write(receive, desk, "hub", _opened(made))
    await store.write(ring_handlers.answer_ring, desk, made.ring_id, A, YES, entered=BY)
    said = {"token": "t1", "reason": "The hub is gone."}
    with pytest.raises(NotInDoubt):
        await store.write(ring_handlers.resolve_doubt, desk, made.ring_id, steward="s1", **said)
    clock.move(timedelta(days=22))
    assert not await store.write(
        ring_handlers.resolve_doubt, desk, made.ring_id, steward="s1", **said
    )
    with pytest.raises(SameSteward):
        await store.write(ring_handlers.resolve_doubt, desk, made.ring_id, steward="s1", **said)
    assert await store.read(holder, offer_of(A)) == made.ring_id
    assert await store.write(ring_handlers.resolve_doubt, desk, made.ring_id, steward="s2", **said)
    assert await store.read(holder, offer_of(A)) is None
    assert sent(desk)[-1][1].kind == "ring.resolved"


async def test_a_resolution_breaks_a_confirmed_ring_at_its_decider(
    post: Post, clock: SetClock
) -> None:
    made = between(A, FAR, decider="hub")
    await post.propose(made)
    await post.answer(made.ring_id, A, FAR)
    clock.move(timedelta(days=22))
    for steward in ("s1", "s2"):
        await post.stores[NODE].write(
            ring_handlers.resolve_doubt, post.desks[NODE], made.ring_id,
            steward=steward, token="t", reason="silent",
        )  # fmt: skip
    await post.deliver()
    assert await state_at(post, OTHER, made.ring_id) is RingState.BROKEN
    assert await state_at(post, NODE, made.ring_id) is RingState.BROKEN


async def test_nobody_speaks_for_another_nodes_party_or_ring(post: Post) -> None:
    made = between(A, FAR)
    await post.propose(made)
    forged = RingAnswered(ring_id=made.ring_id, party=A, number=1, accepts=True)
    store, desk = post.stores[NODE], post.desks[NODE]
    await store.write(receive, desk, OTHER, forged)
    await store.write(receive, desk, "hub", forged)
    kept = await store.read(ring_rows.known, made.ring_id, reading=True)
    assert kept is not None
    assert kept.ring is not None
    assert not kept.ring.answers
    with pytest.raises(Refusal, match="one decider"):
        await store.write(receive, desk, OTHER, _withdrawn(made))
    with pytest.raises(Refusal, match="one decider"):
        await store.write(receive, desk, "hub", RingProposed(plan=made, entries=[_first()]))
    # A stranger who asks about a ring learns nothing.
    await store.write(receive, desk, "hub", RingAsked(ring_id=made.ring_id, version=0))
    assert sent(desk) == []


async def test_what_nobody_is_asked_yet_nobody_can_answer_or_report(
    store: Store,
) -> None:
    desk = desk_of()
    made = plan([A, FAR], decider="hub")
    await store.write(receive, desk, "hub", RingProposed(plan=made, entries=[_first()]))
    with pytest.raises(Missing):
        await store.write(ring_handlers.answer_ring, desk, made.ring_id, A, YES, entered=BY)
    await store.write(receive, desk, "hub", _opened(made))
    with pytest.raises(Missing):
        await store.write(ring_handlers.answer_ring, desk, made.ring_id, FAR, YES, entered=BY)
    with pytest.raises(ContactMissing):
        await store.write(
            ring_handlers.answer_ring, desk, made.ring_id, A,
            Said(accepts=True, consents=True), entered=BY,
        )  # fmt: skip
    with pytest.raises(NotUnderWay):
        await store.write(
            ring_handlers.report_leg, desk, made.ring_id, A, leg=0, what=What.HANDED_OVER,
            entered=BY,
        )  # fmt: skip
    with pytest.raises(Missing):
        await store.write(
            ring_handlers.report_leg, desk, made.ring_id, A, leg=0, what=What.RECEIVED, entered=BY
        )


async def test_a_plan_that_is_no_ring_is_not_proposed(store: Store) -> None:
    desk = desk_of()
    for wrong in (
        plan([A, FAR], decider="hub"),
        plan([A, B], answer_time=timedelta(days=-1)),
        plan([A, B], answer_time=timedelta(days=99)),
        plan([A, B]).model_copy(update={"legs": plan([A, B]).legs[:1]}),
    ):
        with pytest.raises(BadRing):
            await store.write(ring_handlers.propose_ring, desk, wrong)


async def test_notes_reach_all_parties_once(post: Post) -> None:
    made = between(A, FAR)
    await post.propose(made)
    note_id = made.ring_id.partition(":")[2]
    for _ in range(2):
        await post.stores[OTHER].write(
            ring_handlers.write_note, post.desks[OTHER], made.ring_id, FAR, "Jeudi ?",
            note_id=note_id,
        )  # fmt: skip
        await post.deliver()
    notes = await post.stores[NODE].read(ring_copies.notes_of, made.ring_id)
    assert [(note.party, note.text) for note in notes] == [(FAR, "Jeudi ?")]


async def test_a_ring_taken_back_for_a_better_one_is_only_one_that_nobody_answered(
    post: Post,
) -> None:
    first, second = plan([A, B], number=1), plan([C, FAR], number=2)
    for made in (first, second):
        await post.propose(made)
    await post.answer(first.ring_id, A)
    for made in (first, second):
        await post.stores[NODE].write(ring_handlers.supersede_ring, post.desks[NODE], made.ring_id)
    await post.deliver()
    assert await state_at(post, NODE, first.ring_id) is RingState.PROPOSED
    assert await state_at(post, OTHER, second.ring_id) is RingState.WITHDRAWN


def _first() -> Any:
    return {"at": "2026-11-21T17:00:00.000Z", "what": "proposed"}


def _opened(made: RingPlan) -> RingDecided:
    entries = [_first(), _first() | {"what": "opened"}]
    return RingDecided.model_validate(
        {"ring_id": made.ring_id, "state": "proposed", "entries": entries}
    )


def _withdrawn(made: RingPlan) -> RingDecided:
    entries = [_first(), _first() | {"what": "withdrawn", "why": "silence"}]
    return RingDecided.model_validate(
        {"ring_id": made.ring_id, "state": "withdrawn", "entries": entries}
    )


def test_a_letter_that_is_none_is_refused_by_name() -> None:
    from services.exchange.ring_letters import ring_letter

    assert ring_letter("trade.prepared", {}) is None
    with pytest.raises(BadLetter):
        ring_letter("ring.held", {"ring_id": "x"})


async def test_a_yes_that_comes_after_the_deadline_is_too_late_by_the_deciders_clock(
    post: Post, clock: SetClock
) -> None:
    made = between(A, FAR, decider="hub")
    await post.propose(made)
    await post.answer(made.ring_id, A)
    store, desk = post.stores[OTHER], post.desks[OTHER]
    await store.write(ring_handlers.answer_ring, desk, made.ring_id, FAR, YES, entered=BY)
    # The last yes is under way when the deadline passes; nobody has looked at the clock yet.
    clock.move(timedelta(days=7))
    await post.deliver()
    assert await state_at(post, NODE, made.ring_id) is RingState.WITHDRAWN
    assert await state_at(post, OTHER, made.ring_id) is RingState.WITHDRAWN
    for node, member in ((NODE, A), (OTHER, FAR)):
        assert await post.stores[node].read(holder, offer_of(member)) is None


async def test_a_restored_owner_gets_the_ring_again_and_holds_what_it_still_can(
    post: Post,
) -> None:
    made = between(A, FAR, decider="hub")
    await post.propose(made)

    def forget(work: Work) -> None:
        for table in RING_TABLES:
            work.execute(table.delete())

    await post.stores[OTHER].write(forget)
    await post.answer(made.ring_id, A)
    copy = await post.stores[OTHER].read(ring_copies.copy_of, made.ring_id, reading=True)
    assert isinstance(copy, Copy)
    assert await post.stores[OTHER].read(holder, offer_of(FAR)) == made.ring_id
    await post.answer(made.ring_id, FAR)
    await post.stores[OTHER].write(forget)
    # Its own yes stands in the history, and binds it still.
    letter = {"party": A, "leg": 0, "what": What.HANDED_OVER, "entered": BY}
    await post.stores[NODE].write(
        ring_handlers.report_leg, post.desks[NODE], made.ring_id, **letter
    )
    await post.deliver()
    parts = await post.stores[OTHER].read(ring_copies.parts_of, made.ring_id)
    assert parts[FAR].state is PartState.COMMITTED
    assert await state_at(post, OTHER, made.ring_id) is RingState.IN_DELIVERY
