"""A service so small that its tests see the store alone: it keeps words, and tells of each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from typing import Final
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, insert, select, update

from shared.clock import SystemClock
from shared.contracts.directory import EntityListed
from shared.contracts.profile import PublicProfile
from shared.events import Speaker
from shared.ids import NodeName, ServiceName, global_id, uuid7
from shared.log.tables import LogTables
from shared.refusals import Refusal
from shared.store import Prepared, Store, Work, open_store

NODE: Final = NodeName("souss")
SPEAKER: Final = Speaker(NODE, ServiceName("directory"))
METADATA: Final = MetaData()
TABLES: Final = LogTables(METADATA)
WORD: Final = Table(
    "word",
    METADATA,
    Column("text", Text, primary_key=True),
    Column("times", Integer, nullable=False, server_default="1"),
    Column("meaning", Text, nullable=False, server_default=""),
)
ADD: Final = Prepared(insert(WORD), columns=("text", "meaning"))
AGAIN: Final = Prepared(
    update(WORD).where(WORD.c.text == bindparam("of_text")).values(times=WORD.c.times + 1)
)
WRITERS: Final = 8


class Unheard(Refusal):
    """A word that nobody wants to hear."""

    slug = "unheard"
    title = "That word is not written down"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    """Open a store with its tables, and close it."""
    store = await open_store(url, TABLES, speaker=SPEAKER, clock=SystemClock(), create=True)
    try:
        yield store
    finally:
        await store.aclose()


def add(work: Work, text: str, *, meaning: str = "", event_id: UUID | None = None) -> None:
    """Write a word down, and tell of it."""
    work.run(ADD, {"text": text, "meaning": meaning})
    tell(work, text, event_id=event_id)


def again(work: Work, text: str) -> None:
    """Count a word once more."""
    work.run(AGAIN, {"of_text": text})


def tell(work: Work, text: str, *, event_id: UUID | None = None) -> None:
    """Tell of a word and write nothing."""
    event = EntityListed(
        entity_id=global_id(NODE, uuid7()), revision=1, profile=PublicProfile(name=text)
    )
    work.announce(event, event_id=event_id)


def refuse(work: Work, text: str) -> None:
    """Write a word down, tell of it, and refuse after all.

    Raises:
        Unheard: always.
    """
    add(work, text)
    raise Unheard(text)


def words(work: Work) -> set[str]:
    """Return the words that are written down."""
    return set(work.execute(select(WORD.c.text)).scalars())


def told(work: Work) -> list[bytes]:
    """Return the events that wait in the outbox, in their order."""
    outbox = TABLES.outbox
    return list(work.execute(select(outbox.c.body).order_by(outbox.c.position)).scalars())


def write_on(url: str, first: int, said: Connection) -> None:
    """Write words from a number on, several at a time, and say each one that was acknowledged.

    It goes on until the process is killed.
    """

    async def run() -> None:
        async with opened(url) as store:

            async def one(number: int) -> None:
                while True:
                    await store.write(add, str(number))
                    said.send(number)
                    number += WRITERS

            await asyncio.gather(*(one(first + writer) for writer in range(WRITERS)))

    asyncio.run(run())
