"""New epochs: the root key signs one statement for each, and the stream stands before that."""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from sqlalchemy import delete, insert, select

from services.node import tables
from services.node.credentials import Epochs
from shared.contracts.log import LogReopened
from shared.events import Log
from shared.ids import ServiceName
from shared.keys import SigningKey
from shared.log.epochs import Statement, signed_reopening
from shared.refusals import Kind, Refusal
from shared.store import Store, Work

EPOCH_STEP_MAX: Final = 1_000
"""How far the asked epoch may be above the newest known one, after a backup was restored."""

StreamLast = Callable[[str], Awaitable[int]]
"""Returns the last sequence of a stream, 0 where it is empty or is not there."""
OpenEpoch = Callable[[ServiceName, int, bool], Awaitable[None]]
"""Makes the stream of a service's new epoch, of its private log where the third says so."""


class NotItsLog(Refusal):
    """A service asks for a new epoch of another service's log."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-its-log"
    title: ClassVar[str] = "A service speaks of its own logs only"


class EpochPassed(Refusal):
    """The asked epoch is not newer than the ones that are known; ``newest`` says the last."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "epoch-passed"
    title: ClassVar[str] = "This log has reached that epoch already, with other pages"


class EpochTooFar(Refusal):
    """The asked epoch is so far above the known ones that it cannot be meant."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "epoch-too-far"
    title: ClassVar[str] = "This log was never near that epoch"


class Reopenings:
    """Signs what a service's log goes on from, once for each epoch.

    Args:
        store: the node service's database, which remembers what was signed.
        root_key: returns the node's root key; it is read when it is needed, and not kept.
        epochs: returns the current epochs of the node's logs.
        open_epoch: makes the stream of a new epoch.
        stream_last: returns how many pages an epoch's stream holds.
    """

    def __init__(
        self,
        store: Store,
        *,
        root_key: Callable[[], SigningKey],
        epochs: Callable[[], Epochs],
        open_epoch: OpenEpoch,
        stream_last: StreamLast,
    ) -> None:
        self._store = store
        self._root_key = root_key
        self._epochs = epochs
        self._open_epoch = open_epoch
        self._stream_last = stream_last

    async def sign(self, asked: Statement) -> LogReopened:
        """Return the signed reopening; the new epoch's stream stands when this returns.

        Raises:
            EpochPassed: the epoch is not newer than the known ones, or another statement was
                signed for it and pages follow from that.
            EpochTooFar: the epoch is more than ``EPOCH_STEP_MAX`` above them.
            StreamRefused: the stream could not be made; nothing was signed.
        """
        signed = await self._store.read(signed_before, asked)
        if signed is not None and _says(signed, asked):
            await self._make_stream(asked)
            return signed
        known = self.newest(asked)
        # Where the last answer did not arrive, the service may have learnt more meanwhile. As long
        # as no page of the epoch is out nobody has seen the first statement.
        if asked.epoch < known or (asked.epoch == known and await self._begun(asked)):
            raise EpochPassed(f"{asked.name}: epoch {asked.epoch}", newest=known)
        if asked.epoch > known + EPOCH_STEP_MAX:
            raise EpochTooFar(f"{asked.name}: epoch {asked.epoch}", newest=known)
        await self._make_stream(asked)
        event = signed_reopening(self._root_key(), asked)
        await self._store.write(keep_signed, event)
        return event

    def newest(self, asked: Statement) -> int:
        """Return the newest epoch that is known of a log."""
        kept = self._epochs()
        by_service = kept.private if asked.name.log is Log.PRIVATE else kept.public
        return by_service.get(asked.name.service, 1)

    async def _begun(self, asked: Statement) -> bool:
        return await self._stream_last(asked.name.stream(asked.epoch)) > 0 or asked.epoch == 1

    async def _make_stream(self, asked: Statement) -> None:
        if asked.epoch >= self.newest(asked):
            await self._open_epoch(asked.name.service, asked.epoch, asked.name.log is Log.PRIVATE)


def signed_before(work: Work, asked: Statement) -> LogReopened | None:
    """Return what was signed for the asked epoch, if anything was."""
    table = tables.reopening
    text = work.execute(
        select(table.c.statement).where(
            table.c.service == asked.name.service,
            table.c.log == asked.name.log.value,
            table.c.epoch == asked.epoch,
        )
    ).scalar_one_or_none()
    return LogReopened.model_validate_json(text) if text is not None else None


def keep_signed(work: Work, event: LogReopened) -> None:
    """Remember what was signed for an epoch, in the place of a statement that nobody has seen."""
    table = tables.reopening
    place = {"service": event.service, "log": event.which, "epoch": event.epoch}
    work.execute(delete(table).where(*(table.c[name] == value for name, value in place.items())))
    row = place | {"statement": event.model_dump_json(), "at": work.moment}
    work.execute(insert(table).values(row))


def all_signed(work: Work) -> list[tuple[LogReopened, str]]:
    """Return all reopenings that were signed, each with when, oldest first."""
    table = tables.reopening
    rows = work.execute(select(table.c.statement, table.c.at).order_by(table.c.at))
    return [(LogReopened.model_validate_json(row.statement), row.at) for row in rows]


def _says(signed: LogReopened, asked: Statement) -> bool:
    return (signed.old_epoch, signed.last_page, signed.hash, signed.reason) == (
        asked.old_epoch,
        asked.last_page,
        asked.hash,
        asked.reason[:200],
    )
