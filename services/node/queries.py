"""What is asked of the node service's tables, for people and programs that look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from services.node import tables
from shared.contracts.node import DescriptionPublished
from shared.contracts.peers import PeerDecided
from shared.log.trust import KnownNode
from shared.store import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A node of the federation: how it stands, what it says of itself, when it was last heard."""

    known: KnownNode
    said: DescriptionPublished | None
    heard_at: str
    """When the last page of its node or governance log was applied here; empty if never."""
    word: PeerDecided | None = None
    """On whose word its hub has acted on it last."""
    word_at: str = ""


def neighbours(work: Work, known: Mapping[str, KnownNode]) -> list[Neighbour]:
    """Return all known nodes with what they say, by name."""
    said = descriptions(work)
    logs = tables.LOG.peer_log
    heard = {
        row.node: row.at
        for row in work.execute(
            select(logs.c.node, func.max(logs.c.applied_at).label("at")).group_by(logs.c.node)
        )
    }
    table = tables.peer_decision
    words = {
        row.node: (PeerDecided.model_validate_json(row.body), row.at)
        for row in work.execute(select(table))
    }
    return [
        Neighbour(
            known=known[name],
            said=said.get(name),
            heard_at=heard.get(name) or "",
            word=words[name][0] if name in words else None,
            word_at=words[name][1] if name in words else "",
        )
        for name in sorted(known)
    ]


def descriptions(work: Work) -> dict[str, DescriptionPublished]:
    """Return what the nodes say of themselves, by name."""
    table = tables.description
    return {
        row.node: DescriptionPublished.model_validate_json(row.body)
        for row in work.execute(select(table.c.node, table.c.body))
    }


def happenings(work: Work, *, before: int | None, most: int) -> list[Any]:
    """Return the last happenings in the federation, newest first.

    Args:
        before: only those with a smaller id, for the next page of the list.
        most: how many at most.
    """
    table = tables.happening
    statement = select(table).order_by(table.c.id.desc()).limit(most)
    if before is not None:
        statement = statement.where(table.c.id < before)
    return list(work.execute(statement))


def left_behind(work: Work) -> list[Any]:
    """Return the events that the world had not seen when a log of this service was reopened."""
    table = tables.LOG.left_behind
    return list(work.execute(select(table).order_by(table.c.log, table.c.epoch, table.c.number)))
