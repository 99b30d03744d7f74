"""What a hub makes of decisions and of stewards' words, on both kinds of database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from services.node import joining, membership, tables
from services.node.joining import TooManyWaiting
from services.node.membership import BrokenDecision, DecisionNeeded, EmergencyOver
from services.node.proposals import AlreadySo, CauseMissing, HubMissing
from shared.clock import stamp
from shared.keys import SigningKey
from shared.log.releases import NotReleased
from shared.log.trust import Standing
from tests.databases import database_url, postgresql_server
from tests.node.seat import NOW, Seat, decided, seated
from tests.nodes import TestNode

__all__ = ["database_url", "postgresql_server"]


@pytest.fixture
async def eu(tmp_path: Path, database_url: str) -> AsyncIterator[Seat]:
    async with seated(tmp_path, database_url) as seat:
        yield seat


@pytest.fixture
def a(tmp_path: Path) -> TestNode:
    return TestNode(tmp_path, "a")


async def admitted(eu: Seat, node: TestNode) -> None:
    """Have two stewards admit a node, before there is any charter."""
    await eu.two_say("admit", node.name, fingerprint=await eu.asked_by(node))


async def test_each_act_needs_two_different_stewards_before_there_is_a_charter(
    eu: Seat, a: TestNode
) -> None:
    words = await eu.asked_by(a)
    said = [
        ("admit", {"fingerprint": words}, Standing.NORMAL),
        ("limit", {"cause": "They owe."}, Standing.LIMITED),
        ("quarantine", {"cause": "They owe."}, Standing.QUARANTINED),
        ("restore", {}, Standing.NORMAL),
        ("release", {"cause": "They move.", "to": "af"}, Standing.NORMAL),
        ("cut", {"cause": "They left."}, Standing.CUT),
    ]
    stood: Standing | None = None
    for act, more, standing in said:
        first = await eu.speak("p-amina", act, "a", **more)
        again = await eu.speak("p-amina", act, "a", **more)
        assert (first.state, again.state, len(again.voices)) == ("open", "open", 1), act
        known = eu.hub.telling.trust.node("a")
        assert (known.standing if known else None) is stood, f"one steward alone has done {act}"
        done = await eu.speak("p-boris", act, "a", **more)
        assert (done.state, eu.standing("a")) == ("done", standing), act
        stood = standing
    told = await eu.told()
    assert told == [
        *("peer.admitted", "credential.renewed", "peer.decided"),
        *("peer.limited", "peer.decided"),
        *("peer.quarantined", "peer.decided"),
        *("peer.admitted", "peer.decided"),
        *("peer.released", "peer.decided"),
        *("peer.cut", "peer.decided"),
    ]


async def test_an_act_that_does_not_say_what_it_must_is_refused(eu: Seat, a: TestNode) -> None:
    await admitted(eu, a)
    for act, said, refusal in (
        ("release", {"cause": "They move."}, HubMissing),
        ("release", {"cause": "They move.", "to": "a"}, HubMissing),
        ("release", {"to": "af"}, CauseMissing),
        ("quarantine", {}, CauseMissing),
        ("restore", {}, AlreadySo),
    ):
        with pytest.raises(refusal):
            await eu.speak("p-amina", act, "a", **said)


async def test_with_a_charter_hands_are_refused_with_the_name_of_the_decision_that_is_needed(
    eu: Seat, a: TestNode, tmp_path: Path
) -> None:
    await admitted(eu, a)
    # One steward spoke before the charter; the second one's word comes too late.
    await eu.speak("p-amina", "cut", "a", cause="They left.")
    await eu.chartered()
    other = await eu.asked_by(TestNode(tmp_path, "b"))
    for act, node, said, needed in (
        ("admit", "b", {"fingerprint": other}, "admitted"),
        ("limit", "a", {"cause": "They owe."}, "limited"),
        ("cut", "a", {"cause": "They left."}, "expelled"),
        ("restore", "a", {}, "reinstated"),
        ("release", "a", {"cause": "They move.", "to": "af"}, "moved"),
    ):
        with pytest.raises(DecisionNeeded) as refused:
            await eu.two_say(act, node, **said)
        assert refused.value.members["decision"] == needed
    assert eu.standing("a") is Standing.NORMAL
    # Refusing a request takes nothing from anybody: a decision admits it all the same.
    await eu.two_say("refuse", "b", fingerprint=other, cause="Who are you?")
    await eu.hears(decided("admitted", TestNode(tmp_path, "b"), 1))
    assert eu.standing("b") is Standing.NORMAL


async def test_an_emergency_ends_by_itself_after_three_days_and_cannot_be_repeated(
    eu: Seat, a: TestNode
) -> None:
    await admitted(eu, a)
    await eu.hears(decided("limited", a, 1))
    act = await eu.two_say("quarantine", "a", cause="It floods us.")
    assert act.ends_at == stamp(NOW + timedelta(hours=72))
    eu.clock.move(timedelta(hours=72, seconds=-1))
    await eu.round()
    assert eu.standing("a") is Standing.QUARANTINED
    eu.clock.move(timedelta(seconds=1))
    await eu.round()
    assert eu.standing("a") is Standing.LIMITED, "it stands as it did before"
    assert "Ground 1." in eu.known("a").cause
    told = await eu.told()
    await eu.round()
    assert await eu.told() == told
    with pytest.raises(EmergencyOver):
        await eu.two_say("quarantine", "a", cause="It floods us again.")
    await eu.hears(decided("reinstated", a, 2))
    again = await eu.two_say("quarantine", "a", cause="It floods us again.")
    assert again.state == "done"
    # The two who have set it apart can end it before its time.
    await eu.two_say("restore", "a")
    assert eu.standing("a") is Standing.NORMAL
    eu.clock.move(membership.EMERGENCY_AGAIN + timedelta(days=1))
    assert (await eu.two_say("quarantine", "a", cause="Once more.")).state == "done"


async def test_a_decision_confirms_an_emergency_or_ends_it(eu: Seat, a: TestNode) -> None:
    await admitted(eu, a)
    await eu.chartered()
    await eu.two_say("quarantine", "a", cause="It floods us.")
    await eu.hears(decided("quarantined", a, 1))
    eu.clock.move(timedelta(hours=80))
    await eu.round()
    assert eu.standing("a") is Standing.QUARANTINED
    assert "Ground 1." in eu.known("a").cause
    with pytest.raises(DecisionNeeded):
        await eu.two_say("restore", "a")
    await eu.hears(decided("admitted", a, 2))
    assert eu.standing("a") is Standing.NORMAL


async def test_a_suspension_ends_by_itself_on_its_day(eu: Seat, a: TestNode) -> None:
    await admitted(eu, a)
    await eu.hears(decided("suspended", a, 1, until=stamp(NOW + timedelta(days=90))))
    eu.clock.move(timedelta(days=90, seconds=-1))
    await eu.round()
    assert eu.standing("a") is Standing.LIMITED
    eu.clock.move(timedelta(seconds=1))
    await eu.round()
    assert eu.standing("a") is Standing.NORMAL
    assert (await eu.row("a")).state == "ended"
    assert (await eu.told())[-2:] == ["peer.admitted", "peer.decided"]
    # An older suspension, that a later decision has replaced, ends nothing.
    await eu.hears(decided("suspended", a, 2, until=stamp(NOW + timedelta(days=120))))
    await eu.hears(decided("limited", a, 3))
    eu.clock.move(timedelta(days=60))
    await eu.round()
    assert eu.standing("a") is Standing.LIMITED


async def test_a_suspension_that_ends_during_an_emergency_is_over_after_it(
    eu: Seat, a: TestNode
) -> None:
    await admitted(eu, a)
    await eu.hears(decided("suspended", a, 1, until=stamp(NOW + timedelta(hours=10))))
    assert eu.standing("a") is Standing.LIMITED
    await eu.two_say("quarantine", "a", cause="It floods us.")
    eu.clock.move(timedelta(hours=11))
    await eu.round()
    assert eu.standing("a") is Standing.QUARANTINED
    assert (await eu.row("a")).state == "ended"
    eu.clock.move(timedelta(hours=62))
    await eu.round()
    assert eu.standing("a") is Standing.NORMAL


async def test_whatever_the_order_and_repetition_the_newest_decision_stands(
    eu: Seat, a: TestNode
) -> None:
    await admitted(eu, a)
    kinds = ("limited", "quarantined", "reinstated", "limited", "quarantined", "limited")
    history = [decided(what, a, number) for number, what in enumerate(kinds, start=1)]
    for seed in range(12):
        chance, base = Random(seed), 10 * seed
        arriving = [one.model_copy(update={"revision": base + one.revision}) for one in history]
        arriving = chance.choices(arriving, k=4) + chance.sample(arriving, k=len(arriving))
        for one in arriving:
            await eu.hears(one)
        row = await eu.row("a")
        assert (row.revision, row.state) == (base + len(kinds), "done")
        assert eu.standing("a") is Standing.LIMITED
        told = await eu.told()
        await eu.hears(*arriving)
        assert await eu.told() == told, "what was done is not done again"


async def test_the_same_decision_heard_by_a_restored_hub_tells_nothing_anew(
    eu: Seat, a: TestNode
) -> None:
    await admitted(eu, a)
    await eu.hears(decided("expelled", a, 1))
    told = await eu.told()
    # The database was restored from before the decision, and the log tells it again.
    await eu.store.write(lambda work: work.execute(tables.decided.delete()))
    await eu.hears(decided("expelled", a, 1))
    assert await eu.told() == told
    assert (await eu.row("a")).state == "done"


async def test_a_cut_comes_back_by_decision_only_and_not_by_a_lesser_one(
    eu: Seat, a: TestNode
) -> None:
    await admitted(eu, a)
    await eu.hears(decided("expelled", a, 1))
    await eu.hears(decided("limited", a, 2))
    row = await eu.row("a")
    assert (row.state, row.note) == ("passed", "admission-needed")
    assert eu.standing("a") is Standing.CUT
    await eu.hears(decided("reinstated", a, 3))
    assert eu.standing("a") is Standing.NORMAL
    await eu.hears(decided("withdrawn", a, 4))
    assert eu.standing("a") is Standing.CUT


async def test_a_decided_network_is_received_although_the_waiting_list_is_full(
    eu: Seat, a: TestNode, tmp_path: Path
) -> None:
    await eu.asked_by(TestNode(tmp_path, "b"))
    with pytest.raises(TooManyWaiting):
        await eu.asked_by(a, waiting_max=1)
    await eu.hears(decided("observer", a, 1))
    assert (await eu.row("a")).note == "no-request"
    words = await eu.asked_by(a, waiting_max=1)
    await eu.round()
    answer = await eu.store.read(joining.answered, words, eu.node.home.settings())
    assert (answer.state, bool(answer.leaf_jwt)) == ("admitted", True)


async def test_a_squatter_of_the_name_is_not_admitted_in_the_place_of_the_decided_network(
    eu: Seat, a: TestNode, tmp_path: Path
) -> None:
    squatter = await eu.asked_by(TestNode(tmp_path / "elsewhere", "a"))
    words = await eu.asked_by(a)
    await eu.hears(decided("admitted", a, 1))
    settings = eu.node.home.settings()
    for one, state in ((squatter, "waiting"), (words, "admitted")):
        assert (await eu.store.read(joining.answered, one, settings)).state == state


async def test_a_node_that_belongs_to_another_hub_waits_for_its_word(
    eu: Seat, tmp_path: Path
) -> None:
    m = TestNode(tmp_path, "m")
    await eu.store.write(lambda work: work.execute(known_elsewhere(m)))
    await eu.hub.telling.trust.refresh(eu.store)
    words = await eu.asked_by(m)
    await eu.hears(decided("admitted", m, 1))
    row = await eu.row("m")
    assert (row.state, row.note) == ("waiting", "not-released")
    await eu.store.write(lambda work: work.execute(tables.decided.delete()))
    with pytest.raises(NotReleased):
        await eu.two_say("admit", "m", fingerprint=words)


def test_a_decision_that_does_not_say_what_it_must_is_none(tmp_path: Path) -> None:
    a = TestNode(tmp_path, "a")
    for what, said in (
        ("suspended", {}),
        ("suspended", {"until": stamp(NOW)}),
        ("key-replaced", {}),
        ("key-replaced", {"was": "a"}),
        ("moved", {}),
        ("moved", {"to": "a"}),
    ):
        with pytest.raises(BrokenDecision):
            membership.require_whole(decided(what, a, 1, **said))
    membership.require_whole(decided("moved", a, 1, to="af"))


def known_elsewhere(node: TestNode) -> Any:
    """Return the statement by which the registry holds a node of another hub."""
    return tables.LOG.known_node.insert().values(
        node=node.name,
        continent="af",
        root_key=SigningKey.load(node.home.root_key).public,
        level="local",
        admitted_by="af",
        standing="normal",
        cause="",
        last_pages="{}",
        revision=7,
    )
