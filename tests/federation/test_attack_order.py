"""A log has one history: what is replayed, out of order or told in two ways does not pass."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from shared.contracts.node import HeadsAnnounced
from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.log.cursors import EQUIVOCATION, OLDER_EPOCH
from shared.log.names import LogName
from shared.log.page import NO_PAGE
from tests.federation.attacked import Attacked, attacked, evidence, quarantines
from tests.federation.forging import Forger, changed
from tests.nodes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def federation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Attacked]:
    async with attacked(tmp_path_factory.mktemp("order")) as scene:
        await scene.forger.tell()
        yield scene


@pytest_asyncio.fixture(loop_scope="module")
async def scene(federation: Attacked) -> AsyncIterator[Attacked]:
    """The federation, in which fr's log is open at the beginning of each test."""
    await federation.forger.heal()
    await federation.stands("open", number=1)
    yield federation


async def test_a_page_that_comes_again_is_passed_over(scene: Attacked) -> None:
    forger, before = scene.forger, await scene.counts()
    told = [await forger.tell(forger.listed(f"told once {n}")) for n in range(3)]
    await scene.know("told once 2")
    for page in (*told, *reversed(told), *told):
        await forger.send(page)
    await scene.others_go_on()
    await forger.tell(forger.listed("told after the replay"))
    await scene.know("told after the replay")
    await scene.stands("open", number=5)
    assert await scene.counts() == before


async def test_a_page_with_a_changed_byte_is_nobodys(scene: Attacked) -> None:
    forger, before = scene.forger, await scene.counts()
    page = forger.signed(forger.page(forger.listed("Honest")))
    await forger.send(changed(page, data=page.data.replace(b"Honest", b"Bought")))
    await scene.refused(before, "unsigned")
    await scene.others_go_on()
    await scene.nobody_knows("Bought")
    for desk in scene.receivers.values():
        kept = (await evidence(desk, "unsigned"))[-1]
        assert b"Bought" in kept.bytes
        assert kept.signature == page.signature
    # Anyone on the way may have changed it: the log waits for the true page, and goes on.
    await forger.send(page)
    forger.follow(page)
    await scene.know("Honest")


async def test_pages_out_of_order_are_applied_in_order(scene: Attacked) -> None:
    forger = scene.forger
    pages = []
    for number in range(4):
        pages.append(forger.signed(forger.page(forger.listed(f"in order {number}"))))
        forger.follow(pages[-1])
    for page in (pages[3], pages[1], pages[2]):
        await forger.send(page)
    await scene.others_go_on()
    await scene.nobody_knows("in order 1", "in order 2", "in order 3")
    await forger.send(pages[0])
    await scene.know(*(f"in order {number}" for number in range(4)))
    await scene.stands("open", number=5)


async def test_a_page_of_far_ahead_keeps_nobody_waiting(scene: Attacked) -> None:
    forger = scene.forger
    await forger.send(forger.signed(forger.page(forger.listed("far ahead"), number=2**53 - 1)))
    await scene.stands("gap", number=1)
    await scene.others_go_on()
    await forger.tell(forger.listed("the next one"))
    await scene.know("the next one")
    await scene.nobody_knows("far ahead")


async def test_two_pages_of_one_number_quarantine_their_log_alone(scene: Attacked) -> None:
    forger, before = scene.forger, await scene.counts()
    told = [len(await quarantines(desk)) for desk in scene.receivers.values()]
    first = forger.signed(forger.page(forger.listed("to the one")))
    second = forger.signed(forger.page(forger.listed("to the other")))
    await forger.send(first)
    await scene.know("to the one")
    await forger.send(second)
    await scene.refused(before, EQUIVOCATION)
    await scene.stands("quarantined", number=2)
    await scene.nobody_knows("to the other")
    for desk, earlier in zip(scene.receivers.values(), told, strict=True):
        kept = (await evidence(desk, EQUIVOCATION))[-2:]
        assert {row.bytes for row in kept} == {first.data, second.data}
        assert {row.signature for row in kept} == {first.signature, second.signature}
        assert all(row.certificate == forger.certificate for row in kept)
        [told_of] = await quarantines_since(desk, earlier)
        assert (told_of.node, told_of.service, told_of.which) == ("fr", "directory", "public")
        assert (told_of.epoch, told_of.number, told_of.reason) == (forger.epoch, 2, EQUIVOCATION)
        assert (told_of.first_hash, told_of.second_hash) == (first.sha256, second.sha256)
    # What follows is not applied, whichever of the two it follows.
    forger.follow(first)
    await forger.tell(forger.listed("after both"))
    await scene.refused(plus(before, EQUIVOCATION), "log-quarantined")
    await scene.nobody_knows("after both")
    # Its operator's other log goes on, and so do all others.
    await scene.others_go_on()
    node_log = scene.node_log
    await node_log.tell(node_log.listed("of the node service"))

    async def moved_on() -> bool:
        return [c.number for c in await scene.stand(node_log.name)] == [node_log.number] * 2

    await until(moved_on, what="fr's node log is followed")


async def test_a_page_that_follows_another_history_quarantines_its_log(scene: Attacked) -> None:
    forger, before = scene.forger, await scene.counts()
    await forger.tell(forger.listed("the history"))
    page = forger.signed(forger.page(forger.listed("another history"), prev="ab" * 32))
    await forger.send(page)
    await scene.refused(before, EQUIVOCATION)
    await scene.stands("quarantined", number=2)
    for desk in scene.receivers.values():
        assert {row.number for row in (await evidence(desk, EQUIVOCATION))[-2:]} == {2, 3}
    await scene.others_go_on()
    await scene.nobody_knows("another history")


async def test_two_pages_of_one_number_behind_a_gap_are_found_when_it_closes(
    scene: Attacked,
) -> None:
    forger, before = scene.forger, await scene.counts()
    missing = forger.signed(forger.page(forger.listed("missing")))
    forger.follow(missing)
    for name in ("one", "two"):
        await forger.send(forger.signed(forger.page(forger.listed(f"behind the gap {name}"))))
    await scene.stands("gap", number=1)
    await forger.send(missing)
    await scene.refused(before, EQUIVOCATION)
    await scene.stands("quarantined", number=3)
    await scene.others_go_on()


async def test_the_root_key_ends_a_quarantine_on_the_branch_that_was_applied(
    scene: Attacked,
) -> None:
    forger = scene.forger
    first = forger.signed(forger.page(forger.listed("kept")))
    await forger.send(first)
    await forger.send(forger.signed(forger.page(forger.listed("dropped"))))
    await scene.stands("quarantined", number=2)
    forger.follow(first)
    await forger.heal()
    await forger.tell(forger.listed("goes on"))
    await scene.know("kept", "goes on")
    await scene.stands("open", number=2)
    await scene.nobody_knows("dropped")


async def test_the_root_key_ends_a_quarantine_on_the_other_branch(scene: Attacked) -> None:
    forger = scene.forger
    await forger.send(forger.signed(forger.page(forger.listed("dropped"))))
    second = forger.signed(forger.page(forger.listed("kept")))
    await forger.send(second)
    await scene.stands("quarantined", number=2)
    forger.follow(second)
    # Refused while the log is in quarantine; the hub has it.
    await forger.tell(forger.listed("kept too"))
    await forger.tell(forger.listed("kept as well"))
    await scene.others_go_on()
    await forger.heal()
    await forger.tell(forger.listed("goes on"))
    await scene.know("kept", "kept too", "kept as well", "goes on")
    await scene.stands("open", number=2)
    await scene.nobody_knows("dropped")


def openings(forger: Forger) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return openings of the next epoch that do not count: the event, and changes of its page."""
    good = forger.reopening()
    # The service's key is not enough: who has stolen it must not begin anew.
    own, forger.root = forger.root, forger.key
    unsigned = forger.reopening()
    forger.root = own
    ahead = (forger.epoch + 1, 1, "ab" * 32)
    return {
        "no reopening": (forger.listed("no reopening"), {}),
        "of another key": (unsigned, {}),
        "of another log": (good | {"data": good["data"] | {"service": "node"}}, {}),
        "with another reason": (good | {"data": good["data"] | {"reason": "changed"}}, {}),
        "of a later epoch": (forger.reopening(epoch=forger.epoch + 2), {}),
        "after itself": (forger.reopening(old=ahead), {}),
        "in another's name": (good | {"source": "twiza:es/directory"}, {}),
        "of no event": ({"id": 1}, {}),
        "with a page before it": (good, {"prev": "ab" * 32}),
    }


@pytest.mark.parametrize("opening", list(openings(Forger.stranger("x", "directory"))))
async def test_an_epoch_that_the_root_key_did_not_open_is_none(
    scene: Attacked, opening: str
) -> None:
    forger, before = scene.forger, await scene.counts()
    event, page = openings(forger)[opening]
    await forger.send(
        forger.signed(
            forger.page(event, **{"epoch": forger.epoch + 1, "number": 1, "prev": NO_PAGE} | page)
        )
    )
    await scene.refused(before, "bad-reopening")
    await scene.stands("quarantined", number=1)
    await scene.nobody_knows("no reopening")
    await scene.others_go_on()
    await forger.heal()
    await scene.stands("open", number=1)


async def test_an_opening_of_a_newer_form_waits_for_an_upgrade(scene: Attacked) -> None:
    forger, before = scene.forger, await scene.counts()
    newer = forger.reopening() | {"type": "org.twiza.log.reopened.v2"}
    await forger.send(
        forger.signed(forger.page(newer, epoch=forger.epoch + 1, number=1, prev=NO_PAGE))
    )
    await scene.stands("gap", number=1)
    await scene.others_go_on()
    assert await scene.counts() == before
    await forger.heal()
    await scene.stands("open", number=1)


async def test_an_opening_that_cannot_be_read_yet_hides_no_fork(scene: Attacked) -> None:
    """Whoever has stolen a service's key may make such a page, without the root key."""
    forger = scene.forger
    newer = forger.reopening() | {"type": "org.twiza.log.reopened.v2"}
    opening = forger.page(newer, epoch=forger.epoch + 1, number=1, prev=NO_PAGE)
    await forger.send(forger.signed(opening))
    await scene.stands("gap", number=1)
    before = await scene.counts()
    for name in ("to the one", "to the other"):
        await forger.send(forger.signed(forger.page(forger.listed(name))))
    await scene.refused(before, EQUIVOCATION)
    await scene.stands("quarantined", number=2)
    await scene.others_go_on()


async def test_a_head_that_is_a_lie_costs_its_own_log_alone(scene: Attacked) -> None:
    """A node tells where its logs stand; what it says of others' logs counts for nothing."""
    forger, node = scene.forger, scene.node_log
    far = {"epoch": forger.epoch, "number": 2**53 - 1, "hash": "ab" * 32}
    heads = [{"service": "directory", **far}, {"service": "exchange", **far}]
    told = {"node": "es", "revision": 1, "heads": heads}
    await node.tell(node.event(HeadsAnnounced.wire_type(), "es", told))
    own = {"service": "directory", "epoch": forger.epoch, "number": 1, "hash": "cd" * 32}
    told = {"node": "fr", "revision": 2, "heads": [own]}
    await node.tell(node.event(HeadsAnnounced.wire_type(), "fr", told))

    async def heard() -> bool:
        return [c.number for c in await scene.stand(node.name)] == [node.number] * 2

    await until(heard, what="fr's heads are read")
    for desk in scene.receivers.values():
        await desk.desk.repairer.round()
    await scene.stands("quarantined", number=1)
    es = LogName(NodeName("es"), ServiceName("directory"), Log.PUBLIC)
    at_hub = (await scene.stand(es))[0]
    assert at_hub.state == "open"
    await scene.others_go_on()


async def test_an_opening_after_a_page_that_nobody_has_is_waited_for_in_peace(
    scene: Attacked,
) -> None:
    forger = scene.forger
    told = [len(await quarantines(desk)) for desk in scene.receivers.values()]
    stands_at = (forger.epoch, forger.number, forger.prev)
    await forger.heal(old=(forger.epoch, forger.number + 7, "ab" * 32))
    # A page of the epoch that is over, with a history of its own.
    stray = forger.page(forger.listed(), epoch=stands_at[0], number=2, prev="cd" * 32)
    await forger.send(forger.signed(stray))
    await scene.others_go_on()
    await scene.stands("gap", epoch=stands_at[0], number=1)
    for desk, earlier in zip(scene.receivers.values(), told, strict=True):
        assert not await quarantines_since(desk, earlier)
    await forger.heal(old=stands_at)
    await scene.stands("open", number=1)


async def test_a_page_of_an_epoch_that_is_over_is_refused(scene: Attacked) -> None:
    forger = scene.forger
    over = forger.page(forger.listed("of the epoch that is over"))
    await forger.heal()
    await scene.stands("open", number=1)
    before = await scene.counts()
    page = forger.signed(over)
    await forger.send(page)
    await scene.refused(before, OLDER_EPOCH)
    for desk in scene.receivers.values():
        assert (await evidence(desk, OLDER_EPOCH))[-1].bytes == page.data
    await scene.others_go_on()
    await scene.stands("open", number=1)
    await scene.nobody_knows("of the epoch that is over")


def plus(before: dict[str, Any], reason: str) -> dict[str, Any]:
    """Return the counts with one refusal more of fr."""
    return {at: counts + Counter({("fr", reason): 1}) for at, counts in before.items()}


async def quarantines_since(desk: Any, earlier: int) -> list[Any]:
    """Return what a service has told of quarantines since, the relay having sealed it."""
    await desk.list("a page of its own")
    return (await quarantines(desk))[earlier:]
