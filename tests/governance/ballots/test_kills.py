"""Kill -9 while votes are cast and while a ballot closes: no acknowledged vote is lost."""

import asyncio
import multiprocessing
import random
import time
from contextlib import suppress

import pytest

from services.governance.ballots import ballot_of
from services.governance.casting import issued_count
from services.governance.package import recount, write_package
from services.governance.receipts import urn
from services.governance.tables.ballots import BALLOT_KEY, BALLOT_SLIP
from shared.clock import SetClock
from tests.governance.ballots.dying import cast_on, close_on
from tests.governance.ballots.polls import BALLOT, CLOSES, NO, YES, begin, close, vote
from tests.governance.conftest import NOW, opened

PEOPLE = 400
KILLS = 3
MANY_KILLS = 20
forking = multiprocessing.get_context("forkserver")
forking.set_forkserver_preload(["tests.governance.ballots.dying", "shared.store_sqlite"])


def killed_while_casting(url: str, luck: random.Random, known: dict[int, str]) -> None:
    """Have a process cast, kill it, and learn what was acknowledged until then."""
    heard, said = forking.Pipe(duplex=False)
    first = luck.randrange(PEOPLE - 100)
    process = forking.Process(target=cast_on, args=(url, first, PEOPLE, said))
    process.start()
    said.close()
    for _ in range(luck.randint(1, 40)):
        number, receipt = heard.recv()
        known[number] = receipt
    process.kill()
    with suppress(EOFError, OSError):
        while True:
            number, receipt = heard.recv()
            known[number] = receipt
    process.join()
    process.close()
    heard.close()


def killed_while_closing(url: str, wait_s: float) -> str:
    """Have a process close the ballot and kill it; return the root if it was acknowledged."""
    heard, said = forking.Pipe(duplex=False)
    process = forking.Process(target=close_on, args=(url, BALLOT, said))
    process.start()
    said.close()
    root = ""
    with suppress(EOFError, OSError):
        heard.recv()
        time.sleep(wait_s)
        process.kill()
        root = heard.recv()
    process.join()
    process.close()
    heard.close()
    return root


def test_no_acknowledged_vote_is_lost_when_processes_die(database_url: str) -> None:
    asyncio.run(_prepared(database_url))
    luck, known = random.Random(11), dict[int, str]()
    for _ in range(KILLS):
        killed_while_casting(database_url, luck, known)
    roots = {killed_while_closing(database_url, luck.random() * 0.02) for _ in range(KILLS)}
    asyncio.run(_counted(database_url, known, roots - {""}))


@pytest.mark.slow
def test_no_acknowledged_vote_is_lost_however_often_processes_die(database_url: str) -> None:
    asyncio.run(_prepared(database_url))
    luck, known = random.Random(12), dict[int, str]()
    for _ in range(MANY_KILLS):
        killed_while_casting(database_url, luck, known)
    roots = {killed_while_closing(database_url, at * 0.002) for at in range(MANY_KILLS)}
    asyncio.run(_counted(database_url, known, roots - {""}))


async def _prepared(url: str) -> None:
    async with opened(url, clock=SetClock(NOW)) as store:
        await store.write(begin, PEOPLE)


async def _counted(url: str, known: dict[int, str], roots: set[str]) -> None:
    """Fail unless what was acknowledged is there, and the ballot is whole: open or closed."""
    async with opened(url, clock=SetClock(NOW), create=False) as store:
        state = await store.read(ballot_of, BALLOT)
        assert state is not None
        keys = await store.read(lambda work: len(work.execute(BALLOT_KEY.select()).all()))
        slips = await store.read(lambda work: len(work.execute(BALLOT_SLIP.select()).all()))
        if state.closed is None:
            assert (keys, slips) == (1, await store.read(issued_count, BALLOT))
            assert not roots
            await store.write(vote, 0, YES)
            known.pop(0, None)
        else:
            assert (keys, slips) == (0, 0)
        closed = await store.write(close)
        assert roots <= {closed.root}
        counted = {one.receipt: one.choice for one in await store.read(urn, BALLOT)}
        for number, receipt in known.items():
            assert receipt in counted
            assert ('"yes"' in counted[receipt]) is ((YES, NO)[number % 2] == YES)
        assert closed.cast == closed.issued == len(counted) >= len(known) > 0
        again = recount(await store.read(write_package, BALLOT))
        assert (again.root, again.report.hash) == (closed.root, closed.report_hash)
        assert (await store.write(close, at=CLOSES)).root == closed.root
