"""How a decider's rings are read from its tables and kept there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import orjson
from pydantic import TypeAdapter
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.exchange.rings.confidence import Record
from services.exchange.rings.repairs import Barred
from services.exchange.rings.ring import Answer, Ring
from services.exchange.tables.rings import RING, RING_BARRED, RING_RECORD, RING_REPAIR
from shared.clock import stamp
from shared.contracts.rings import Entry, RingPlan, RingState, What
from shared.store import Prepared, Work

DUE_MOST: Final = 200
"""How many rings are looked at in one unit."""

_ENTRIES: Final = TypeAdapter(tuple[Entry, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A ring with what its decider notes beside it.

    Args:
        ring: none on a tombstone, and where we were told of a ring that we have forgotten.
        doubted: somebody knows more of it than we do, so nothing is decided.
    """

    ring_id: str
    state: RingState
    ring: Ring | None
    reserved: bool = False
    doubted: bool = False
    tries: int = 0


_COLUMNS: Final = tuple(column.name for column in RING.c)
_READ = select(
    RING.c.id,
    RING.c.state,
    RING.c.plan,
    RING.c.entries,
    RING.c.standing,
    RING.c.reserved,
    RING.c.doubted,
    RING.c.tries,
).where(RING.c.id == bindparam("wanted"))
_SEEN = Prepared(_READ)
_KNOWN = Prepared(_READ.with_for_update())
_NEW = Prepared(insert(RING).on_conflict_do_nothing(), columns=_COLUMNS)
_CHANGED = ("state", "version", "entries", "standing", "reserved", "next_at", "tries", "changed_at")
_KEEP = Prepared(
    update(RING)
    .where(RING.c.id == bindparam("of_id"))
    .values({name: bindparam(f"to_{name}") for name in _CHANGED})
)
_DOUBT = Prepared(update(RING).where(RING.c.id == bindparam("of_id")).values(doubted=1, next_at=""))
_DUE = Prepared(
    select(RING.c.id)
    .where(RING.c.next_at != "", RING.c.next_at <= bindparam("now"))
    .order_by(RING.c.next_at, RING.c.id)
    .limit(DUE_MOST)
)
_REPAIR = Prepared(insert(RING_REPAIR).on_conflict_do_nothing(), columns=("ring", "at"))
_TO_REPAIR = Prepared(select(RING_REPAIR.c.ring).order_by(RING_REPAIR.c.at, RING_REPAIR.c.ring))
_REPAIRED = Prepared(delete(RING_REPAIR).where(RING_REPAIR.c.ring == bindparam("of_ring")))
_BAR = Prepared(
    insert(RING_BARRED).on_conflict_do_nothing(), columns=("offer", "want", "why", "at")
)
_BARRED = Prepared(select(RING_BARRED.c.offer, RING_BARRED.c.want, RING_BARRED.c.why))
_new_record = insert(RING_RECORD)
_RECORD = Prepared(
    _new_record.on_conflict_do_update(
        index_elements=("subject",),
        set_={
            "yes": RING_RECORD.c.yes + _new_record.excluded.yes,
            "no": RING_RECORD.c.no + _new_record.excluded.no,
            "waited": RING_RECORD.c.waited + _new_record.excluded.waited,
        },
    ),
    columns=("subject", "yes", "no", "waited"),
)
_SERVED = Prepared(
    update(RING_RECORD).where(RING_RECORD.c.subject == bindparam("of_subject")).values(waited=0)
)
_RECORDS = Prepared(
    select(RING_RECORD.c.subject, RING_RECORD.c.yes, RING_RECORD.c.no, RING_RECORD.c.waited)
)


def known(work: Work, ring_id: str, *, reading: bool = False) -> Kept | None:
    """Return what the decider knows of a ring; until the unit ends no other one changes it.

    Args:
        reading: the unit only reads, and locks nothing.
    """
    rows = work.rows(_SEEN if reading else _KNOWN, {"wanted": ring_id})
    if not rows:
        return None
    found_id, state, plan, entries, standing, reserved, doubted, tries = rows[0]
    ring = _ring(RingState(state), plan, entries, standing) if plan else None
    return Kept(
        ring_id=found_id,
        state=RingState(state),
        ring=ring,
        reserved=bool(reserved),
        doubted=bool(doubted),
        tries=tries,
    )


def begin(work: Work, ring: Ring, *, next_at: str) -> bool:
    """Keep a new ring; return whether it is new."""
    row = _row(ring) | {
        "id": ring.plan.ring_id,
        "plan": ring.plan.model_dump_json(exclude_defaults=True),
        "deadline": ring.plan.deadline,
        "reserved": 0,
        "doubted": 0,
        "next_at": next_at,
        "tries": 0,
        "changed_at": work.moment,
    }
    return bool(work.run(_NEW, row))


def bury(work: Work, ring_id: str, *, doubted: bool = False) -> None:
    """Keep that a ring is unknown here: withdrawn for ever, or in doubt."""
    entries = () if doubted else (tombstone_entry(work),)
    row = {
        "id": ring_id,
        "state": (RingState.PROPOSED if doubted else RingState.WITHDRAWN).value,
        "version": len(entries),
        "plan": "",
        "entries": entries_text(entries),
        "standing": "{}",
        "deadline": "",
        "reserved": 0,
        "doubted": int(doubted),
        "next_at": "",
        "tries": 0,
        "changed_at": work.moment,
    }
    work.run(_NEW, row)


def tombstone_entry(work: Work) -> Entry:
    """Return the one line of the history of a ring that nobody knows."""
    return Entry(at=work.moment, what=What.WITHDRAWN, why="unknown")


def tombstone_entries(work: Work, ring_id: str) -> Sequence[Entry]:
    """Return the history that a tombstone has."""
    rows = work.rows(_SEEN, {"wanted": ring_id})
    return entries_of(rows[0][3])


def keep(work: Work, kept: Kept, ring: Ring, *, next_at: str, tries: int, reserved: bool) -> None:
    """Keep a ring as it stands now."""
    row = _row(ring) | {
        "reserved": int(reserved),
        "next_at": next_at,
        "tries": tries,
        "changed_at": work.moment,
    }
    work.run(_KEEP, {"of_id": kept.ring_id} | {f"to_{name}": row[name] for name in _CHANGED})


def doubt(work: Work, ring_id: str) -> None:
    """Decide nothing about a ring any more: others know more of it than we do."""
    work.run(_DOUBT, {"of_id": ring_id})


def due(work: Work) -> list[str]:
    """Return the rings that the decider looks at by itself now."""
    return [row[0] for row in work.rows(_DUE, {"now": work.moment})]


def to_repair(work: Work) -> list[str]:
    """Return the withdrawn rings in whose place nothing was looked for yet."""
    return [row[0] for row in work.rows(_TO_REPAIR, {})]


def want_repair(work: Work, ring_id: str) -> None:
    """Note that another ring is to be looked for in a ring's place."""
    work.run(_REPAIR, {"ring": ring_id, "at": work.moment})


def repaired(work: Work, ring_id: str) -> None:
    """Note that another ring was looked for."""
    work.run(_REPAIRED, {"of_ring": ring_id})


def bar(work: Work, arcs: Iterable[Barred]) -> None:
    """Note arcs that are not proposed again."""
    rows = [
        {"offer": one.offer, "want": one.want, "why": one.why, "at": work.moment} for one in arcs
    ]
    work.run(_BAR, rows)


def barred_arcs(work: Work) -> dict[tuple[str, str], str]:
    """Return the arcs (offer, want) that are not proposed again, with the reasons."""
    return {(offer, want): why for offer, want, why in work.rows(_BARRED, {})}


def learn(work: Work, subject: str, *, yes: int = 0, no: int = 0, waited: int = 0) -> None:
    """Add to the record of a party, ``party <id>``, or of a class of arcs, ``class <category>``."""
    work.run(_RECORD, {"subject": subject, "yes": yes, "no": no, "waited": waited})


def served(work: Work, party: str) -> None:
    """Note that a party was served: it has not waited since."""
    work.run(_SERVED, {"of_subject": f"party {party}"})


def records(work: Work) -> dict[str, tuple[Record, int]]:
    """Return the records by subject, and how often each has waited in vain."""
    return {
        subject: (Record(yes, no), waited) for subject, yes, no, waited in work.rows(_RECORDS, {})
    }


def entries_text(entries: Sequence[Entry]) -> str:
    """Return a history as it is kept."""
    return orjson.dumps([entry.model_dump(exclude_defaults=True) for entry in entries]).decode()


def entries_of(text: str) -> tuple[Entry, ...]:
    """Return the history that a row holds."""
    return _ENTRIES.validate_json(text)


def after(work: Work, wait: timedelta) -> str:
    """Return the moment that lies so long after the unit's own."""
    return stamp(work.now + wait)


def _row(ring: Ring) -> dict[str, object]:
    standing = {"held": sorted(ring.held), "seen": sorted(ring.seen)}
    return {
        "state": ring.state.value,
        "version": ring.version,
        "entries": entries_text(ring.entries),
        "standing": orjson.dumps(standing).decode(),
    }


def _ring(state: RingState, plan: str, entries: str, standing: str) -> Ring:
    history = entries_of(entries)
    notes = orjson.loads(standing)
    answers = {
        entry.party: Answer(
            party=entry.party,
            number=entry.number,
            accepts=entry.what is What.ACCEPTED,
            why=entry.why,
        )
        for entry in history
        if entry.party and entry.number and entry.what in (What.ACCEPTED, What.DECLINED)
    }
    return Ring(
        plan=RingPlan.model_validate_json(plan),
        state=state,
        opened=any(entry.what is What.OPENED for entry in history),
        held=frozenset(notes["held"]),
        answers=answers,
        seen=frozenset(notes["seen"]),
        entries=history,
    )
