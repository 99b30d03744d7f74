"""A node that was restored or cloned finds out, and its readers and it agree in a new epoch."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.contracts.node import TokenRevoked
from shared.events import Log
from shared.log.cursors import LogState
from shared.log.page import parse_page
from shared.store import Work
from tests.nodes import until
from tests.shared.peers import Peer
from tests.shared.towns import GATHERED, Machine, Town


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A hub with two nodes below it."""
    async with Town(tmp_path, "fr", "es") as town:
        yield town


async def agree(*machines: Machine, names: set[str]) -> None:
    """Wait until all machines know these names alone, and every log is open."""

    async def all_open() -> bool:
        states = [
            await machine.state_of(node) for machine in machines for node in machine.town.nodes
        ]
        return set(states) == {LogState.OPEN}

    for machine in machines:
        await machine.knows(*names)
    await until(all_open, what="every log is open")
    for machine in machines:
        await machine.knows(*names)
    states = [await machine.reader.state() for machine in machines]
    assert all(state == states[0] for state in states)


async def left_behind(machine: Machine) -> dict[str, str]:
    """Return what became of events that had not left the node."""
    return {row["subject"]: row["outcome"] for row in await machine.reader.rows("left_behind")}


async def told_of(machine: Machine, *, epoch: int) -> list[str]:
    """Return the kinds of the events of an epoch of the own public log."""
    desk = machine.reader.desk
    pages = await desk.store.read(desk.sealer.pages, Log.PUBLIC, epoch=epoch, after=0, most=1000)
    return [event["type"] for page in pages for event in parse_page(page.data).events]


async def test_what_one_node_tells_the_other_knows(town: Town) -> None:
    fr = await town.machine("fr").start()
    es = await town.machine("es").start()
    for number in range(5):
        await fr.tell(f"fr {number}")
        await es.tell(f"es {number}")
    await agree(fr, es, names={f"{node} {n}" for node in town.nodes for n in range(5)})
    assert fr.reader.desk.relays[Log.PUBLIC].state.witnessed


async def backup_and_more(town: Town) -> tuple[Machine, Machine, Machine]:
    """Return fr as it went on, fr as it was before, and es; both fr stand still."""
    fr = await town.machine("fr").start()
    es = await town.machine("es").start()
    for number in range(3):
        await fr.tell(f"before {number}")
    await fr.published()
    await fr.stop()
    before = fr.copied()
    await fr.start()
    for number in range(5):
        await fr.tell(f"since {number}")
    await fr.published()
    await es.knows(*SINCE)
    await fr.stop()
    town.cut(fr)
    return fr, before, es


SINCE = {f"before {n}" for n in range(3)} | {f"since {n}" for n in range(5)}


async def test_a_restored_machine_takes_its_pages_back_and_goes_on_in_a_new_epoch(
    town: Town,
) -> None:
    _, restored, es = await backup_and_more(town)
    await restored.start()
    await restored.in_epoch(2)
    await restored.tell("after")
    await agree(restored, es, names=SINCE | {"after"})
    assert await left_behind(restored) == {}
    assert (await told_of(restored, epoch=2))[0] == "org.twiza.log.reopened.v1"
    assert (await es.reader.cursor(Peer("fr"))).epoch == 2


async def test_a_restored_database_beside_a_whole_stream_goes_on_in_a_new_epoch(
    town: Town,
) -> None:
    fr, restored, es = await backup_and_more(town)
    fr.database.unlink()
    for path in restored.folder.iterdir():
        path.rename(fr.folder / path.name)
    await fr.start()
    await fr.in_epoch(2)
    await fr.tell("after")
    await agree(fr, es, names=SINCE | {"after"})


async def test_a_lost_stream_alone_needs_no_new_epoch(town: Town) -> None:
    fr, _, es = await backup_and_more(town)
    name = fr.own().stream(1)
    fr.server.delete(name)
    fr.server.create(name)
    await fr.start()
    await fr.tell("after")
    await agree(fr, es, names=SINCE | {"after"})
    assert (await es.reader.cursor(Peer("fr"))).epoch == 1


async def test_a_hub_that_lost_its_pages_changes_nothing(town: Town) -> None:
    fr, _, es = await backup_and_more(town)
    town.hub.truncate(GATHERED, 0)
    await fr.start()
    await fr.tell("after")
    await agree(fr, es, names=SINCE | {"after"})
    assert (await es.reader.cursor(Peer("fr"))).epoch == 1


async def test_what_a_restored_machine_told_before_it_found_out_is_told_again(
    town: Town,
) -> None:
    _, restored, es = await backup_and_more(town)
    await restored.start(linked=False)
    ids = [await restored.tell(f"unseen {number}") for number in range(3)]
    await restored.published()
    await restored.stop()
    await restored.start()
    await restored.in_epoch(2)
    await agree(restored, es, names=SINCE | {f"unseen {number}" for number in range(3)})
    assert await left_behind(restored) == dict.fromkeys(ids, "told again")


async def test_what_was_published_counts_where_both_have_changed_a_thing(town: Town) -> None:
    fr = await town.machine("fr").start()
    es = await town.machine("es").start()
    ours = await fr.tell("a thing")
    ahead = await fr.tell("a thing far ahead")
    await fr.published()
    await fr.stop()
    copy = fr.copied()
    await fr.start()
    await fr.tell("published", entity_id=ours, revision=2)
    await fr.tell("published far ahead", entity_id=ahead, revision=9)
    await fr.published()
    await es.knows("published", "published far ahead")
    await fr.stop()
    town.cut(fr)
    await copy.start(linked=False)
    await copy.tell("not published", entity_id=ours, revision=2)
    await copy.tell("nor this", entity_id=ahead, revision=2)
    await copy.published()
    await copy.stop()
    await copy.start()
    await copy.in_epoch(2)
    await agree(copy, es, names={"published", "published far ahead"})
    assert set((await left_behind(copy)).values()) == {"replaced by what was published"}
    assert set(await left_behind(copy)) == {ours, ahead}


async def test_a_clone_that_starts_second_finds_out_before_it_seals(town: Town) -> None:
    fr = await town.machine("fr").start()
    es = await town.machine("es").start()
    await fr.tell("before")
    await fr.published()
    await fr.stop()
    clone = fr.copied()
    await fr.start()
    await fr.tell("of the first")
    await fr.published()
    town.flow()
    await clone.start()
    await clone.tell("of the clone")
    await clone.in_epoch(2)
    await agree(clone, es, names={"before", "of the first", "of the clone"})
    # The first one sees the new epoch of its own log come back, and gives way to a third.
    town.flow()
    await fr.tell("of the first again")
    await fr.in_epoch(3)
    await agree(fr, es, names={"before", "of the first", "of the clone", "of the first again"})


async def test_a_clone_that_has_sealed_already_finds_out_by_what_comes_back(town: Town) -> None:
    fr = await town.machine("fr").start()
    es = await town.machine("es").start()
    await fr.tell("before")
    await fr.published()
    await fr.stop()
    clone = fr.copied()
    await fr.start()
    await fr.tell("of the first")
    await fr.published()
    await es.knows("before", "of the first")
    await fr.stop()
    town.cut(fr)
    # The clone goes on longer than the first: the hub takes what it does not have by number.
    await clone.start(linked=False)
    for number in range(3):
        await clone.tell(f"of the clone {number}")
        await clone.published()
    await clone.stop()
    await clone.start()
    await clone.in_epoch(2)
    names = {"before", "of the first"} | {f"of the clone {number}" for number in range(3)}
    await agree(clone, es, names=names)
    assert set((await left_behind(clone)).values()) == {"told again"}


async def test_a_clone_of_which_the_other_was_reopened_loses_nothing_of_its_own(
    town: Town,
) -> None:
    """What was left behind lies in an epoch that the hub has closed long since."""
    _, first, es = await backup_and_more(town)
    await first.stop()
    second = first.copied()
    await second.start(linked=False)
    for number in range(9):
        await second.tell(f"second {number}")
        await second.published()
    await second.stop()
    await first.start()
    await first.in_epoch(2)
    await first.tell("first")
    await first.published()
    await es.knows(*SINCE, "first")
    await first.stop()
    town.cut(first)
    await second.start()
    await second.in_epoch(3)
    names = SINCE | {"first"} | {f"second {number}" for number in range(9)}
    await agree(second, es, names=names)


async def test_a_reader_that_followed_the_branch_that_was_left_is_healed(town: Town) -> None:
    fr = await town.machine("fr").start()
    es = await town.machine("es").start()
    await fr.tell("before")
    await fr.published()
    await fr.stop()
    clone = fr.copied()
    await fr.start()
    for number in range(3):
        await fr.tell(f"of the first {number}")
        await fr.published()
    first = {f"of the first {number}" for number in range(3)}
    await es.knows("before", *first)
    await fr.stop()
    town.cut(fr)
    # The hub loses the end of its stream, and takes the clone's pages in their place.
    town.hub.truncate(GATHERED, 1)
    for machine in town.linked:
        machine.seen = 0
    town._gathered.clear()
    await clone.start(linked=False)
    await clone.tell("of the clone")
    await clone.published()
    await clone.stop()
    town.link(clone)
    town.flow()
    town.link(fr)
    await clone.start()
    await fr.start()

    async def healed() -> bool:
        return {await machine.state_of("fr") for machine in (es,)} == {LogState.OPEN} and (
            await es.names() >= {"before", "of the clone", *first}
        )

    await until(healed, what="es knows everything", timeout_s=20)


async def test_the_private_log_goes_on_in_a_new_epoch_too(town: Town) -> None:
    fr = await town.machine("fr").start()

    def revoke(work: Work, number: int) -> None:
        work.announce(TokenRevoked(token_id=str(number), expires=1))

    async def private(count: int) -> None:
        async def so() -> bool:
            return len(fr.server.stored(fr.own(Log.PRIVATE).stream(1))) == count

        await until(so, what=f"{count} private pages")

    await fr.reader.store.write(revoke, 1)
    await private(1)
    await fr.stop()
    before = fr.copied()
    await fr.start()
    await fr.reader.store.write(revoke, 2)
    await private(2)
    await fr.stop()
    fr.database.unlink()
    for path in before.folder.iterdir():
        path.rename(fr.folder / path.name)
    await fr.start()
    await fr.reader.store.write(revoke, 3)

    async def goes_on() -> bool:
        name = fr.own(Log.PRIVATE).stream(2)
        return name in fr.server.names() and len(fr.server.stored(name)) == 2

    await until(goes_on, what="the private log goes on")
    desk = fr.reader.desk
    pages = await desk.store.read(desk.sealer.pages, Log.PRIVATE, epoch=1, after=0, most=10)
    assert [page.number for page in pages] == [1, 2]


async def test_pages_that_never_left_a_restored_node_are_told_again(town: Town) -> None:
    fr = await town.machine("fr").start()
    es = await town.machine("es").start()
    await fr.tell("before")
    await fr.published()
    await es.knows("before")
    town.cut(fr)
    fr.server.set_limit(fr.own().stream(1), 1)
    ids = [await fr.tell(f"sealed {number}") for number in range(3)]

    async def sealed() -> bool:
        return not await fr.reader.rows("outbox")

    await until(sealed, what="all is sealed")
    await fr.stop()
    restored = fr.copied()
    # Its stream is as full as the other's, else the pages may leave before it is reopened.
    restored.server.set_limit(fr.own().stream(1), 1)
    await restored.start()
    name = restored.own()
    await restored.reader.desk.reopener.reopen_restored(name, cause="today", alone=False)
    await restored.tell("after")
    await restored.in_epoch(2)
    names = {"before", "after"} | {f"sealed {number}" for number in range(3)}
    await agree(restored, es, names=names)
    assert await left_behind(restored) == dict.fromkeys(ids, "told again")


async def test_strangers_bytes_in_the_own_stream_do_not_stop_a_log(town: Town) -> None:
    fr = await town.machine("fr").start()
    es = await town.machine("es").start()
    await fr.tell("one")
    await fr.published()
    fr.server.add(fr.own().stream(1), "directory.pages", b"rubbish", {})
    await fr.tell("two")
    await fr.in_epoch(2)
    await fr.tell("three")
    for machine in (fr, es):
        await machine.knows("one", "two", "three")


async def test_a_node_that_goes_on_without_its_hub_leaves_what_only_that_has(
    town: Town,
) -> None:
    """Its operator has decided so; readers follow, and keep what was left as evidence."""
    _, restored, es = await backup_and_more(town)
    await restored.start(linked=False)
    name, desk = restored.own(), restored.reader.desk
    await desk.reopener.reopen_restored(name, cause="today", alone=True)
    await desk.reopener.reopen_restored(name, cause="today", alone=True)
    await restored.tell("alone")
    await restored.in_epoch(2)
    await restored.published()
    await restored.stop()
    await restored.start()
    await restored.tell("after")
    await agree(restored, es, names={"before 0", "before 1", "before 2", "alone", "after"})
    assert (await restored.reader.cursor(Peer("fr"))).epoch == 1
    evidence = {row["reason"] for row in await es.reader.rows("quarantine")}
    assert "left-branch" in evidence
