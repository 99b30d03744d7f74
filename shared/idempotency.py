"""Writes that may be sent twice: an ``Idempotency-Key`` makes the second one ask what became of it.

The answer is kept in the same transaction as the effect, by caller, operation and key. A request
that was refused changed nothing and is not kept: sent again, it is tried again. After a day a key
is forgotten.

Source: The Idempotency-Key HTTP Header Field, draft-ietf-httpapi-idempotency-key-header-07.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated, ClassVar, Final

import orjson
from fastapi import Header
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from starlette.responses import Response

from shared.access import Caller
from shared.clock import stamp
from shared.log.tables import LogTables
from shared.refusals import Kind, Refusal
from shared.store import Prepared, Work

KEY_LENGTH_MAX: Final = 255
KEPT: Final = timedelta(hours=24)
"""How long an answer is kept for a request that comes again."""
REPLAYED_HEADER: Final = "Idempotency-Replayed"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=KEY_LENGTH_MAX,
        pattern=r"^[\x20-\x7e]+$",
        description="A word of yours for this one request; sent again with it, it is done once.",
    ),
]


class KeyReused(Refusal):
    """One idempotency key came with two different requests."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "idempotency-key-reused"
    title: ClassVar[str] = "This Idempotency-Key stands for another request already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request to change something, as far as it must be the same to be the same request."""

    caller: str
    operation: str
    key: str
    request: str
    """A hash of all that was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered to a change."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    replayed: bool = False

    def response(self) -> Response:
        """Return the answer as HTTP sends it."""
        headers = dict(self.headers)
        if self.replayed:
            headers[REPLAYED_HEADER] = "true"
        media_type = self.media_type if self.body else None
        return Response(self.body, self.status, headers, media_type=media_type)


def asked(
    caller: Caller, operation: str, key: str | None, *parts: bytes | str | None
) -> Asked | None:
    """Return what makes a request the same as another one, or None where it has no key.

    Args:
        caller: who is asking; another's key is another key.
        operation: the operation's id.
        key: the header, if it was sent.
        parts: everything that was asked: what stands in the path, conditions, the body.
    """
    if key is None:
        return None
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        # The length stands before each part, so that two parts cannot pass for one.
        digest.update(b"-" if data is None else b"%d:" % len(data))
        digest.update(data or b"")
    return Asked(
        caller=f"{caller.kind or ''}:{caller.id}",
        operation=operation,
        key=key,
        request=digest.hexdigest(),
    )


class Answers:
    """The answers that one service has given, in its own database.

    Args:
        tables: the service's log tables, of which ``answered`` is one.
    """

    def __init__(self, tables: LogTables) -> None:
        table = tables.answered
        of_key = (
            table.c.caller == bindparam("of_caller"),
            table.c.operation == bindparam("of_operation"),
            table.c.key == bindparam("of_key"),
        )
        self._purge = Prepared(delete(table).where(table.c.at < bindparam("before")))
        self._drop = Prepared(delete(table).where(*of_key, table.c.at < bindparam("before")))
        self._claim = Prepared(
            insert(table).on_conflict_do_nothing(),
            columns=[column.name for column in table.c],
        )
        self._find = Prepared(
            select(table.c.request, table.c.status, table.c.body, table.c.headers).where(*of_key)
        )
        self._keep = Prepared(
            update(table)
            .where(*of_key)
            .values(
                status=bindparam("new_status"),
                body=bindparam("new_body"),
                headers=bindparam("new_headers"),
            )
        )

    def once(self, work: Work, asked: Asked | None, do: Callable[[], Answer]) -> Answer:
        """Do what was asked, or return what was answered when it was asked before.

        Args:
            work: the unit in which it is done; the answer is kept in it.
            asked: the request, or None where it carries no key: then it is done.
            do: does it, and says what to answer.

        Raises:
            KeyReused: the key came before, with another request.
        """
        if asked is None:
            return do()
        of_key = {
            "of_caller": asked.caller,
            "of_operation": asked.operation,
            "of_key": asked.key,
        }
        work.run(self._drop, {**of_key, "before": stamp(work.now - KEPT)})
        # The row is claimed first: on a server a second request with this key waits here until the
        # first has committed, and then finds its answer.
        claimed = work.run(
            self._claim,
            {
                "caller": asked.caller,
                "operation": asked.operation,
                "key": asked.key,
                "request": asked.request,
                "status": 0,
                "body": b"",
                "headers": "{}",
                "at": work.moment,
            },
        )
        if not claimed:
            request, status, body, headers = work.rows(self._find, of_key)[0]
            if request != asked.request:
                raise KeyReused()
            return _replayed(status, body, headers)
        answer = do()
        work.run(
            self._keep,
            {
                **of_key,
                "new_status": answer.status,
                "new_body": answer.body,
                "new_headers": orjson.dumps(
                    {**answer.headers, "Content-Type": answer.media_type}
                ).decode(),
            },
        )
        return answer

    def purge(self, work: Work) -> int:
        """Forget the answers that have been kept long enough; return how many."""
        return work.run(self._purge, {"before": stamp(work.now - KEPT)})


def _replayed(status: int, body: bytes, headers: str) -> Answer:
    read: dict[str, str] = orjson.loads(headers)
    media_type = read.pop("Content-Type", "application/json")
    answer = Answer(status=status, body=bytes(body), headers=read, media_type=media_type)
    return replace(answer, replayed=True)
