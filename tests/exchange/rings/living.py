"""One exchange as a process of its own, for tests that kill it: ``python -m ... FOLDER NODE``.

Its database is a real file. It reads what others have put into their outboxes from where its own
cursor stands, and moves the cursor in the unit that takes the letters in, as an inbox does. Its
parties answer and deliver by themselves. It ends when the file ``stop`` is there.
"""

import asyncio
import sqlite3
import sys
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson

from services.exchange import ring_copies, ring_handlers
from services.exchange.ring_copies import hold_slot
from services.exchange.ring_desk import RingDesk, Rules
from services.exchange.ring_handlers import Said
from services.exchange.ring_letters import ring_letter, send, take_in
from services.exchange.rings.parts import Copy, PartState, Timing
from services.exchange.rings.plans import place_of
from services.exchange.tables import LOG
from shared.clock import SystemClock
from shared.contracts.rings import AGREED, Contact, RingLetter, RingPlan, RingState, What
from shared.events import Log, Speaker
from shared.ids import NodeName, ServiceName, new_uuid7
from shared.refusals import Refusal
from shared.store import Store, Work, open_store
from tests.exchange.rings.conftest import BY
from tests.exchange.rings.samples import party, plan
from tests.exchange.rings.world import KeptItems

NODES: Final = ("souss", "ilhas", "andes")
EACH: Final = 8
RINGS: Final = 10
"""How many rings each node proposes."""
TICK_S: Final = 0.02
TIMING: Final = Timing(
    ask_first=timedelta(milliseconds=200),
    ask_most=timedelta(seconds=2),
    hold_grace=timedelta(seconds=1),
)
_OWN: Final = (
    "CREATE TABLE IF NOT EXISTS sim_gone (item TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS sim_cursor (node TEXT PRIMARY KEY, position INTEGER NOT NULL)",
)


class FilePost:
    """Puts letters into the outbox, from which others read them."""

    def send(self, work: Work, to: str, letter: RingLetter) -> None:
        """Announce a letter."""
        body = letter.model_dump(mode="json", exclude_defaults=True)
        told = {"to": to, "kind": letter.kind, "body": body}
        work.announce_again(Log.PUBLIC, new_uuid7(), orjson.dumps(told))


def database(folder: Path, node: str) -> Path:
    """Return where a node's database lies."""
    return folder / f"{node}.db"


def ring_of(node: str, number: int, random: Random) -> RingPlan:
    """Return one of the rings that a node proposes, alike after each restart but for its days."""
    everybody = [party(name, one) for name in NODES for one in range(1, EACH + 1)]
    now = SystemClock().now()
    made = plan(
        random.sample(everybody, random.choice((2, 2, 3, 4))),
        number=number,
        decider=node,
        now=now,
        answer_time=timedelta(seconds=12),
    )
    days = {
        "from_day": now.date().isoformat(),
        "until_day": (now + timedelta(days=6)).date().isoformat(),
    }
    return made.model_copy(update={"legs": [leg.model_copy(update=days) for leg in made.legs]})


async def read_letters(store: Store, desk: RingDesk, folder: Path) -> None:
    """Take in what the others have written to us, as far as the links are not cut."""
    for other in NODES:
        cut = folder / f"cut-{'-'.join(sorted((other, desk.node)))}"
        if other == desk.node or cut.exists() or not database(folder, other).exists():
            continue
        since = await store.read(_cursor, other)
        with sqlite3.connect(f"file:{database(folder, other)}?mode=ro", uri=True) as there:
            try:
                rows = there.execute(
                    "SELECT position, body FROM outbox"
                    " WHERE position > ? AND log = 'public' ORDER BY position"
                    " LIMIT 50",
                    (since,),
                ).fetchall()
            except sqlite3.OperationalError:
                # It has just been killed, or has not made its tables yet.
                rows = []
        there.close()
        if rows:
            await store.write(_take_page, desk, other, rows)


def _cursor(work: Work, other: str) -> int:
    query = "SELECT position FROM sim_cursor WHERE node = ?"
    found = work.connection.exec_driver_sql(query, (other,)).scalar()
    return int(found or 0)


def _take_page(work: Work, desk: RingDesk, other: str, rows: list[tuple[int, bytes]]) -> None:
    for _, body in rows:
        told = orjson.loads(body)
        if told["to"] == desk.node:
            letter = ring_letter(told["kind"], told["body"])
            assert letter is not None
            send(work, desk, take_in(work, desk, other, letter))
    work.connection.exec_driver_sql(
        "INSERT INTO sim_cursor VALUES (?, ?) ON CONFLICT (node) DO UPDATE SET position ="
        " excluded.position",
        (other, rows[-1][0]),
    )


async def act(store: Store, desk: RingDesk, random: Random) -> None:
    """Have one of our parties do what it would do next."""
    waiting = await store.read(_waiting)
    if not waiting:
        return
    ring_id, who = random.choice(waiting)
    copy = await store.read(ring_copies.copy_of, ring_id, reading=True)
    assert isinstance(copy, Copy)
    try:
        if copy.state is RingState.PROPOSED:
            yes = Said(accepts=True, consents=True, contact=Contact(name="N", telephone="+212 600"))
            # Who says no or yes is written in the ring, so that a restart changes no minds.
            no = Said(accepts=False, why="time")
            said = no if (hash((ring_id[-3:], who[-2:])) % 17) == 0 else yes
            await store.write(ring_handlers.answer_ring, desk, ring_id, who, said, entered=BY)
        else:
            place = place_of(copy.plan, who)
            for leg, what in ((place.gives, What.HANDED_OVER), (place.receives, What.RECEIVED)):
                assert leg is not None
                await store.write(
                    ring_handlers.report_leg, desk, ring_id, who, leg=leg, what=what, entered=BY
                )
    except Refusal:
        # Its time was over, or it has ended in the meantime.
        return


def _waiting(work: Work) -> list[tuple[str, str]]:
    states = ", ".join(f"'{state}'" for state in (RingState.PROPOSED, *sorted(AGREED)))
    parts = ", ".join(f"'{state}'" for state in (PartState.HELD, PartState.COMMITTED))
    rows = work.connection.exec_driver_sql(
        "SELECT p.ring, p.party FROM ring_part p JOIN ring_copy c ON c.id = p.ring"
        f" WHERE c.opened = 1 AND c.state IN ({states}) AND p.state IN ({parts})"
        " AND NOT (c.state != 'proposed' AND (SELECT count(*) FROM ring_report r"
        "  WHERE r.ring = p.ring AND r.party = p.party) >= 2)"
        " ORDER BY p.ring, p.party"
    )
    return [(row[0], row[1]) for row in rows]


async def live(folder: Path, node: str) -> None:
    """Live until there is a file ``stop``."""
    store = await open_store(
        f"sqlite:///{database(folder, node)}",
        LOG,
        speaker=Speaker(NodeName(node), ServiceName("exchange")),
        clock=SystemClock(),
        create=True,
    )

    def begin(work: Work) -> None:
        for statement in _OWN:
            work.connection.exec_driver_sql(statement)

    await store.write(begin)
    desk = RingDesk(
        node=node, items=KeptItems(), post=FilePost(), rules=Rules(hold=hold_slot), timing=TIMING
    )
    chances, number = Random(), 0
    while not (folder / "stop").exists():
        await read_letters(store, desk, folder)
        if number < RINGS and chances.random() < 0.2:
            number += 1
            made = ring_of(node, number, Random(f"{node} {number}"))
            await store.write(ring_handlers.propose_ring, desk, made)
        await act(store, desk, chances)
        await store.write(ring_handlers.look_after, desk)
        await asyncio.sleep(TICK_S)
    await store.aclose()


def rows_of(folder: Path, node: str, sql: str) -> list[tuple[Any, ...]]:
    """Return what a query finds in a node's database."""
    with sqlite3.connect(f"file:{database(folder, node)}?mode=ro", uri=True) as there:
        found = there.execute(sql).fetchall()
    there.close()
    return found


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2]))
