"""Lists of decisions: by phase, by what they wait for, and the register of objections."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Row, select

from services.governance.casting import issued
from services.governance.process.actors import Actor
from services.governance.process.needs import JUDGES, KEEPERS, MEMBERS, VOTERS
from services.governance.roll_handlers import entry_for
from services.governance.tables.decisions import DECISION, NEED, OBJECTION
from shared.store import Work

LOOKED_AT_MAX: Final = 1_000
"""How many decisions a question for what is awaited from somebody looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A decision in a list, with what it awaits from the asker."""

    row: Row[Any]
    needs: tuple[tuple[str, str], ...] = ()


def decisions(
    work: Work, *, phase: str = "", template: str = "", before: str = "", most: int
) -> list[Listed]:
    """Return decisions, the newest first.

    Args:
        phase, template: only those; empty for all.
        before: the id of the last one seen.
    """
    wanted = select(DECISION).order_by(DECISION.c.id.desc()).limit(most)
    if phase:
        wanted = wanted.where(DECISION.c.phase == phase)
    if template:
        wanted = wanted.where(DECISION.c.template == template)
    if before:
        wanted = wanted.where(DECISION.c.id < before)
    return [Listed(row=row) for row in work.execute(wanted)]


def awaiting(
    work: Work, actor: Actor, *, phase: str = "", before: str = "", most: int
) -> list[Listed]:
    """Return the decisions that wait for something from somebody, the newest first.

    A ballot waits for those who are in its roll and have not voted yet.
    """
    groups = _groups(actor)
    wanted = (
        select(NEED.c.decision, NEED.c.who, NEED.c.what, NEED.c.due)
        .where(NEED.c.who.in_(groups))
        .order_by(NEED.c.decision.desc(), NEED.c.what)
        .limit(LOOKED_AT_MAX)
    )
    if before:
        wanted = wanted.where(NEED.c.decision < before)
    found: dict[str, dict[tuple[str, str], None]] = {}
    for row in work.execute(wanted):
        if row.who == VOTERS and not _votes(work, row.decision, actor):
            continue
        found.setdefault(row.decision, {})[row.what, row.due] = None
    return list(_with_rows(work, found, phase=phase, most=most))


def objections(
    work: Work, *, state: str = "", decision_id: str = "", before: tuple[str, str, int] | None,
    most: int,
) -> list[Row[Any]]:  # fmt: skip
    """Return objections of all decisions, the newest first, each with its decision's titles."""
    table = OBJECTION
    order = (table.c.raised_at, table.c.decision, table.c.number)
    wanted = (
        select(table, DECISION.c.titles, DECISION.c.phase)
        .join(DECISION, DECISION.c.id == table.c.decision)
        .order_by(*(column.desc() for column in order))
        .limit(most)
    )
    if state == "unanswered":
        wanted = wanted.where(table.c.answered_at == "")
    elif state:
        wanted = wanted.where(table.c.state == state)
    if decision_id:
        wanted = wanted.where(table.c.decision == decision_id)
    if before is not None:
        at, of_decision, number = before
        wanted = wanted.where(
            (table.c.raised_at < at)
            | ((table.c.raised_at == at) & (table.c.decision < of_decision))
            | (
                (table.c.raised_at == at)
                & (table.c.decision == of_decision)
                & (table.c.number < number)
            )
        )
    return list(work.execute(wanted))


def titles(text: str) -> dict[str, str]:
    """Return titles by language, as a row holds them."""
    found: dict[str, str] = orjson.loads(text)
    return found


def _groups(actor: Actor) -> Collection[str]:
    groups = {*actor.voters, MEMBERS, VOTERS}
    if actor.steward:
        groups.add(KEEPERS)
    if actor.steward or actor.auditor:
        groups.add(JUDGES)
    return groups


def _votes(work: Work, decision_id: str, actor: Actor) -> bool:
    own = entry_for(work, decision_id, person=actor.person, entities=actor.entities)
    return own is not None and issued(work, decision_id, own.voter) is None


def _with_rows(
    work: Work, found: dict[str, dict[tuple[str, str], None]], *, phase: str, most: int
) -> Iterator[Listed]:
    wanted = select(DECISION).where(DECISION.c.id.in_(found)).order_by(DECISION.c.id.desc())
    if phase:
        wanted = wanted.where(DECISION.c.phase == phase)
    for row in work.execute(wanted.limit(most)):
        yield Listed(row=row, needs=tuple(found[row.id]))
