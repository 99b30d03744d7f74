"""How records of assemblies and of budget cycles are read from their tables, and added to.

A record is locked while a step is added, so that two who write at once follow one another. Each
step has the SHA-256 of the hash before it and of itself: the last hash stands for the whole record.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Table, and_, bindparam, insert, or_, select, update

from services.governance.tables.assemblies import (
    ASSEMBLY,
    ASSEMBLY_STEP,
    CYCLE,
    CYCLE_STEP,
    DECLARATION,
)
from shared.canonical import canonical
from shared.ids import new_uuid7
from shared.refusals import Missing
from shared.store import Prepared, Work

FIRST_HASH: Final = "0" * 64
RECORD_STEPS_MAX: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStep:
    """A step as it lies in the database."""

    number: int
    what: str
    body: dict[str, Any]
    actor: str
    at: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A record in a list."""

    id: str
    kind: str
    state: str
    due: str
    steps: int


def step_hash(before: str, *, number: int, body: dict[str, Any], actor: str, at: str) -> str:
    """Return the hash of a step, which stands for all that was recorded until then."""
    data = canonical({"before": before, "number": number, "step": body, "by": actor, "at": at})
    return hashlib.sha256(data).hexdigest()


class Records:
    """The records of one kind.

    Args:
        head: the table of the records.
        steps: the table of their steps, whose first column names the record.
    """

    def __init__(self, head: Table, steps: Table) -> None:
        of = steps.c[head.name]
        row = (head.c.id, head.c.kind, head.c.state, head.c.due, head.c.steps)
        step = (
            steps.c.number, steps.c.what, steps.c.body, steps.c.actor, steps.c.at, steps.c.hash,
        )  # fmt: skip
        one = select(*row).where(head.c.id == bindparam("wanted"))
        self._of = head.name
        self._one = Prepared(one)
        self._locked = Prepared(one.with_for_update())
        self._steps = Prepared(
            select(*step)
            .where(of == bindparam("wanted"))
            .order_by(steps.c.number)
            .limit(RECORD_STEPS_MAX)
        )
        self._new = Prepared(insert(head), columns=[column.name for column in head.c])
        self._add = Prepared(insert(steps), columns=[column.name for column in steps.c])
        self._moved = Prepared(
            update(head)
            .where(head.c.id == bindparam("of_id"))
            .values(
                state=bindparam("to_state"),
                due=bindparam("to_due"),
                steps=bindparam("to_steps"),
                changed_at=bindparam("to_changed_at"),
            )
        )
        before = or_(
            head.c.due < bindparam("before_due"),
            and_(head.c.due == bindparam("before_due"), head.c.id < bindparam("before_id")),
        )
        newest = select(*row).order_by(head.c.due.desc(), head.c.id.desc()).limit(bindparam("most"))
        self._newest = Prepared(newest)
        self._older = Prepared(newest.where(before))

    def record(self, work: Work, wanted: str) -> list[KeptStep]:
        """Return the steps of a record, the first one first.

        Raises:
            Missing: there is none of that id.
        """
        rows = work.rows(self._steps, {"wanted": wanted})
        if not rows:
            raise Missing()
        return [
            KeptStep(
                number=number, what=what, body=orjson.loads(body), actor=actor, at=at, hash=sha
            )
            for number, what, body, actor, at, sha in rows
        ]

    def lock(self, work: Work, wanted: str) -> Listed:
        """Return a record's row; until the unit ends nobody else adds to it.

        Raises:
            Missing: there is none of that id.
        """
        rows = work.rows(self._locked, {"wanted": wanted})
        if not rows:
            raise Missing()
        return _listed(rows[0])

    def begin(self, work: Work, *, kind: str, record_id: str = "") -> str:
        """Make a row for a new record, and return its id; its first step is added next."""
        record_id = record_id or new_uuid7()
        row = {
            "id": record_id, "kind": kind, "state": "", "due": "", "steps": 0,
            "changed_at": work.moment,
        }  # fmt: skip
        work.run(self._new, row)
        return record_id

    def add(
        self,
        work: Work,
        record_id: str,
        body: dict[str, Any],
        *,
        actor: str,
        before: KeptStep | None,
    ) -> KeptStep:
        """Add a step to a record that is locked.

        Args:
            before: the last step so far.
        """
        number = before.number + 1 if before else 1
        sha = step_hash(
            before.hash if before else FIRST_HASH,
            number=number, body=body, actor=actor, at=work.moment,
        )  # fmt: skip
        kept = KeptStep(
            number=number, what=body["what"], body=body, actor=actor, at=work.moment, hash=sha
        )
        row = {
            self._of: record_id,
            "number": number,
            "what": kept.what,
            "body": canonical(body).decode(),
            "actor": actor,
            "at": kept.at,
            "hash": sha,
        }
        work.run(self._add, row)
        return kept

    def move(self, work: Work, record_id: str, *, state: str, due: str, steps: int) -> None:
        """Keep where a record stands now, for lists."""
        row = {
            "of_id": record_id, "to_state": state, "to_due": due, "to_steps": steps,
            "to_changed_at": work.moment,
        }  # fmt: skip
        work.run(self._moved, row)

    def listed(self, work: Work, *, after: tuple[str, str] | None, most: int) -> list[Listed]:
        """Return records, those whose time is latest first.

        Args:
            after: time and id of the last one that was seen.
        """
        if after is None:
            rows = work.rows(self._newest, {"most": most})
        else:
            due, record_id = after
            asked = {"before_due": due, "before_id": record_id, "most": most}
            rows = work.rows(self._older, asked)
        return [_listed(row) for row in rows]


def _listed(row: Sequence[Any]) -> Listed:
    record_id, kind, state, due, steps = row
    return Listed(id=record_id, kind=kind, state=state, due=due, steps=steps)


ASSEMBLIES: Final = Records(ASSEMBLY, ASSEMBLY_STEP)
CYCLES: Final = Records(CYCLE, CYCLE_STEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Something that was declared of a year."""

    key: int
    id: str
    kind: str
    year: int
    body: dict[str, Any]
    actor: str
    at: str


_DECLARE = Prepared(
    insert(DECLARATION),
    columns=[column.name for column in DECLARATION.c if column.name != "key"],
)
_DECLARED = Prepared(select(DECLARATION).order_by(DECLARATION.c.key))


def declare(work: Work, *, kind: str, year: int, body: dict[str, Any], actor: str) -> str:
    """Add a declaration and return its id; of one kind and year the newest counts."""
    declared = new_uuid7()
    row = {
        "id": declared, "kind": kind, "year": year, "body": canonical(body).decode(),
        "actor": actor, "at": work.moment,
    }  # fmt: skip
    work.run(_DECLARE, row)
    return declared


def declarations(work: Work) -> list[Declared]:
    """Return all that was declared, in the order in which it was; there are a few in each year."""
    return [
        Declared(
            key=key, id=declared, kind=kind, year=year, body=orjson.loads(body), actor=actor, at=at
        )
        for key, declared, kind, year, body, actor, at in work.rows(_DECLARED, {})
    ]
