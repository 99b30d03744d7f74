"""What a store has acknowledged stays, whatever befalls the process, the disk or the server."""

import asyncio
import multiprocessing
import os
import random
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from shared.clock import SystemClock
from shared.store import Store, StoreUnavailable, UnsafeStore, Work, open_store
from tests.databases import NewDatabase, Server, on_postgresql, run_as_owner
from tests.nodes import until
from tests.shared.words import (
    SPEAKER,
    TABLES,
    add,
    again,
    opened,
    told,
    words,
    write_on,
)

KILLS = 10
DISK_MB = 4
forking = multiprocessing.get_context("forkserver")
forking.set_forkserver_preload(["tests.shared.words", "shared.store_sqlite"])


def test_what_was_acknowledged_survives_kill_9(database_url: str) -> None:
    acknowledged: set[int] = set()
    for _ in range(KILLS):
        heard, said = forking.Pipe(duplex=False)
        first = max(acknowledged, default=-1) + 100
        process = forking.Process(target=write_on, args=(database_url, first, said))
        process.start()
        said.close()
        for _ in range(random.randint(1, 60)):
            acknowledged.add(heard.recv())
        process.kill()
        with suppress(EOFError):
            while True:
                acknowledged.add(heard.recv())
        process.join()
        process.close()
        heard.close()
    rows, events = asyncio.run(kept(database_url))
    assert {str(number) for number in acknowledged} <= rows
    assert rows == events


async def kept(url: str) -> tuple[set[str], set[str]]:
    """Return the words that are written down, and those that are told of."""
    async with opened(url) as store:
        events = [orjson.loads(body) for body in await store.read(told)]
        return await store.read(words), {event["data"]["profile"]["name"] for event in events}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_was_acknowledged_survives_the_servers_crash(
    database_url: str, postgresql_server: Server
) -> None:
    acknowledged: set[str] = set()
    await asyncio.to_thread(postgresql_server.checkpoint)
    async with opened(database_url) as store:

        async def write(writer: int) -> None:
            number = 0
            with suppress(StoreUnavailable):
                while True:
                    await store.write(add, f"{writer}-{number}")
                    acknowledged.add(f"{writer}-{number}")
                    number += 1

        writing = [asyncio.create_task(write(writer)) for writer in range(8)]

        async def many() -> bool:
            return len(acknowledged) >= 50

        await until(many, what="50 acknowledged writes")
        await asyncio.to_thread(postgresql_server.crash)
        await asyncio.gather(*writing)
        with pytest.raises(StoreUnavailable):
            await store.read(words)
        await asyncio.to_thread(postgresql_server.start)
        await works_again(store, "after")
        assert acknowledged | {"after"} <= await store.read(words)
    rows, events = await kept(database_url)
    assert rows == events


async def works_again(store: Store, word: str) -> None:
    """Write a word; of connections that have died each may say so once."""
    for _ in range(30):
        try:
            await store.write(add, word)
        except StoreUnavailable:
            await asyncio.sleep(0.05)
        else:
            return
    await store.write(add, word)


async def test_a_lost_connection_refuses_one_unit_by_name(postgresql: NewDatabase) -> None:
    url = postgresql()

    def die(work: Work, how: str) -> None:
        add(work, how)
        own = work.execute(text("SELECT pg_backend_pid()")).scalar_one()
        run_as_owner(url, f"SELECT pg_terminate_backend({own}, 5000)")
        if how == "driver":
            add(work, "never")
        else:
            words(work)

    async with opened(url) as store:
        for how in ("driver", "core"):
            with pytest.raises(StoreUnavailable):
                await store.write(die, how)
            with pytest.raises(StoreUnavailable):
                await store.read(lambda work: die_reading(work, url))
            await works_again(store, f"after {how}")
        assert await store.read(words) == {"after driver", "after core"}


def die_reading(work: Work, url: str) -> None:
    """Read after the connection has been taken away."""
    own = work.execute(text("SELECT pg_backend_pid()")).scalar_one()
    run_as_owner(url, f"SELECT pg_terminate_backend({own}, 5000)")
    words(work)


async def test_units_that_lock_each_other_out_are_tried_again(postgresql: NewDatabase) -> None:
    both = threading.Barrier(2, timeout=10)
    tries: list[str] = []

    def cross(work: Work, first: str, second: str, *, nested: bool) -> None:
        again(work, first)
        tries.append(first)
        if len(tries) <= 2:
            both.wait()
        if nested:
            with work.nested():
                again(work, second)
        else:
            again(work, second)

    async with opened(postgresql()) as store:
        for word in ("argane", "olive"):
            await store.write(add, word)
        for nested in (False, True):
            tries.clear()
            await asyncio.gather(
                store.write(cross, "argane", "olive", nested=nested),
                store.write(cross, "olive", "argane", nested=nested),
            )
            assert len(tries) == 3


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of a few megabytes, and on it a file that can be deleted to make room."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    disk = Path(tempfile.mkdtemp(prefix="twiza-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", disk], check=True)
    try:
        (disk / "ballast").write_bytes(b"\0" * 500_000)
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
        disk.rmdir()


async def test_a_full_disk_is_said_and_costs_nothing_that_was_acknowledged(
    database_url: str, small_disk: Path, postgresql_server: Server
) -> None:
    if on_postgresql(database_url):
        url = postgresql_server.new_database()
        postgresql_server.put_tables_on(small_disk, url)
    else:
        url = f"sqlite:///{small_disk / 'store.db'}"
    acknowledged: set[str] = set()

    async def fill(store: Store, name: str) -> None:
        for number in range(400):
            try:
                await store.write(add, f"{name} {number}", meaning=random.randbytes(8_000).hex())
            except StoreUnavailable:
                return
            acknowledged.add(f"{name} {number}")
        pytest.fail("the disk never filled")

    async with opened(url) as store:
        await asyncio.gather(*(fill(store, f"writer {at}") for at in range(4)))
        assert acknowledged
        # Far more than a cache holds: the disk fills in the midst of the unit.
        with pytest.raises(StoreUnavailable):
            await store.write(add_many)
        assert await store.read(words) == acknowledged
        (small_disk / "ballast").unlink()
        await store.write(add, "after")
        assert await store.read(words) == acknowledged | {"after"}
    async with opened(url) as store:
        assert await store.read(words) == acknowledged | {"after"}
        assert len(await store.read(told)) == len(acknowledged) + 1


def add_many(work: Work) -> None:
    """Write much, each word as if it might fail alone, as projections do."""
    for at in range(400):
        with work.nested():
            add(work, f"many {at}", meaning=random.randbytes(30_000).hex())


async def test_a_store_is_a_file_that_is_synced_at_each_commit(tmp_path: Path) -> None:
    for url in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(UnsafeStore):
            await open_store(url, TABLES, speaker=SPEAKER, clock=SystemClock(), create=True)
    async with opened(f"sqlite:///{tmp_path / 'store.db'}") as store:
        pragmas = "SELECT * FROM pragma_journal_mode, pragma_synchronous"
        full = 2
        found = await store.write(lambda work: tuple(work.execute(text(pragmas)).one()))
        assert found == ("wal", full)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_a_server_that_forgets_at_a_power_cut_is_refused(
    postgresql: NewDatabase, setting: str
) -> None:
    url = postgresql()
    try:
        run_as_owner(url, f"ALTER SYSTEM SET {setting} = off", "SELECT pg_reload_conf()")
        await until_shown(url, setting, "off")
        with pytest.raises(UnsafeStore, match=setting):
            await open_store(url, TABLES, speaker=SPEAKER, clock=SystemClock(), create=True)
    finally:
        run_as_owner(url, f"ALTER SYSTEM RESET {setting}", "SELECT pg_reload_conf()")
    await until_shown(url, setting, "on")
    async with opened(url) as store:
        await store.write(add, "safe")


async def until_shown(url: str, setting: str, value: str) -> None:
    """Wait until new connections to the server see a setting."""

    async def shown() -> bool:
        return run_as_owner(url, f"SHOW {setting}") == [(value,)]

    await until(shown, what=f"{setting} = {value}")


async def test_a_commit_is_awaited_whatever_the_servers_default(postgresql: NewDatabase) -> None:
    url = postgresql()
    name = url.split("/")[3].split("?")[0]
    run_as_owner(url, f"ALTER DATABASE {name} SET synchronous_commit = off")
    assert run_as_owner(url, "SHOW synchronous_commit") == [("off",)]
    async with opened(url) as store:
        shown = text("SHOW synchronous_commit")
        assert await store.write(lambda work: work.execute(shown).scalar_one()) == "on"


async def test_a_database_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    for url in (
        f"postgresql+psycopg://postgres:@/postgres?host={tmp_path}",
        f"sqlite:///{tmp_path / 'missing' / 'store.db'}",
    ):
        with pytest.raises(StoreUnavailable):
            await open_store(url, TABLES, speaker=SPEAKER, clock=SystemClock())


async def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"not a database" * 1_000)
    with pytest.raises(StoreUnavailable):
        await open_store(
            f"sqlite:///{path}", TABLES, speaker=SPEAKER, clock=SystemClock(), create=True
        )


async def test_another_process_that_holds_the_file_is_waited_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    async with opened(url) as store, opened(url) as other:
        held, go_on = threading.Event(), threading.Event()

        def hold(work: Work) -> None:
            held.set()
            assert go_on.wait(10)
            add(work, "held")

        holding = asyncio.create_task(other.write(hold))
        assert await asyncio.to_thread(held.wait, 10)
        waiting = asyncio.create_task(store.write(add, "waited"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        go_on.set()
        await asyncio.gather(holding, waiting)
        assert await store.read(words) == {"held", "waited"}
