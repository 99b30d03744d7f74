"""Epochs: how a restored or cloned node finds out, and how its log goes on.

Before it seals, a relay compares its head with its own last page at the hub. If the hub has more,
or other bytes, the node takes its own pages back, applies them again, and opens a new epoch, whose
first page says which branch counts. What was published is never lost; what had not left the node
is listed, and told again where nothing newer has been published of it.
"""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from shared.bus import Bus, BusUnreachable, NoStream
from shared.contracts.log import REOPENING_TAG, LogReopened
from shared.events import Log, frame
from shared.ids import new_uuid7
from shared.keys import SigningKey
from shared.log.adoption import Adoption, branch_of
from shared.log.branches import Stated
from shared.log.door import Door
from shared.log.evidence import EQUIVOCATION, LEFT_BRANCH
from shared.log.names import LogName, gathered_subject
from shared.log.page import (
    CERTIFICATE_HEADER,
    SIGNATURE_HEADER,
    SealedPage,
    SignedPage,
    parse_page,
)
from shared.log.relay import Rewound
from shared.log.seal import Head, Sealer
from shared.log.tables import LogTables
from shared.refusals import Refusal
from shared.store import Store, Work

WITNESS_WAIT_S: Final = 20.0
ASK_AGAIN_S: Final = 0.5
READ_S: Final = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Gathering:
    """Where the hub gathers a node's pages: its domain, the stream, and what it puts in front."""

    domain: str
    stream: str
    prefix: str = ""

    def subject(self, name: LogName) -> str:
        """Return the subject of a log's pages in the gathering stream."""
        return f"{self.prefix}{gathered_subject(name)}"


class HubWitness:
    """Asks the hub's gathering stream for a log's own last page.

    Args:
        bus: the connection in the federation's account.
        door: checks what the hub shows, so that it cannot invent a page of ours.
        gathering: where the hub keeps the pages; none for a node without a hub.
        wait_s: how long to wait for the hub, in seconds, before going on unwitnessed.
    """

    def __init__(
        self, bus: Bus, door: Door, gathering: Gathering | None, *, wait_s: float = WITNESS_WAIT_S
    ) -> None:
        self._bus = bus
        self._door = door
        self._gathering = gathering
        self._wait_s = wait_s

    async def compare(self, name: LogName, store: Store, sealer: Sealer) -> bool:
        """Return whether the hub could be asked. See ``relay.Witness``.

        Raises:
            Rewound: the hub has more pages of this log than the page table, or other bytes; or a
                page of this epoch has come back that is not the one of the page table.
        """
        if self._gathering is None or name.log is Log.PRIVATE:
            return False
        await store.read(_require_one_history, name, store.tables, sealer)
        last = await self._last(name, self._gathering)
        if last is None:
            return False
        if isinstance(last, SignedPage):
            await self._require_known(last.sealed, name, store, sealer)
        return True

    async def pages(self, name: LogName) -> list[SignedPage]:
        """Return all pages of a log that the hub has gathered, in its order.

        Raises:
            BusUnreachable, NoStream: the hub cannot be asked now.
        """
        if self._gathering is None or name.log is Log.PRIVATE:
            return []
        subject = self._gathering.subject(name)
        last = await self._bus.last_of(
            self._gathering.stream, subject, domain=self._gathering.domain
        )
        if last is None:
            return []
        feed = await self._bus.feed(
            self._gathering.stream, start=1, subjects=(subject,), domain=self._gathering.domain
        )
        found: list[SignedPage] = []
        try:
            seq = 0
            while seq < last.seq:
                messages = await feed.batch(READ_S)
                if not messages:
                    raise BusUnreachable("the hub's pages do not come")
                for message in messages:
                    seq = message.seq
                    page = self._checked(name, message.data, message.headers)
                    if page is not None:
                        found.append(page)
        finally:
            await feed.aclose()
        return found

    async def _last(self, name: LogName, gathering: Gathering) -> SignedPage | bool | None:
        """Return the log's last page at the hub; False where it has none, none where it is mute."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._wait_s
        while True:
            try:
                found = await self._bus.last_of(
                    gathering.stream, gathering.subject(name), domain=gathering.domain
                )
            except (BusUnreachable, NoStream):
                if loop.time() >= until:
                    log.warning("unwitnessed", log=str(name), reason="hub-unreachable")
                    return None
                await asyncio.sleep(ASK_AGAIN_S)
                continue
            if found is None:
                return False
            return self._checked(name, found.data, found.headers) or False

    def _checked(self, name: LogName, data: bytes, headers: Any) -> SignedPage | None:
        try:
            return self._door.check(
                data,
                signature=headers.get(SIGNATURE_HEADER, ""),
                certificate=headers.get(CERTIFICATE_HEADER, ""),
                expected=name,
            )
        except Refusal as error:
            log.warning("the hub shows what is not ours", log=str(name), reason=error.slug)
            return None

    async def _require_known(
        self, theirs: SealedPage, name: LogName, store: Store, sealer: Sealer
    ) -> None:
        ours = await store.read(
            sealer.pages, name.log, epoch=theirs.epoch, after=theirs.number - 1, most=1
        )
        if ours and ours[0].sha256 == theirs.sha256:
            return
        if await store.read(_left, name, store.tables, sealer, theirs):
            return
        if not ours or ours[0].number != theirs.number:
            raise Rewound(f"the hub has page {theirs.number} of epoch {theirs.epoch}, we do not")
        raise Rewound(f"the hub's page {theirs.number} has other bytes than ours")


def _require_one_history(work: Work, name: LogName, tables: LogTables, sealer: Sealer) -> None:
    """Refuse to go on in an epoch of which two histories have been seen here.

    Raises:
        Rewound: a page of the current epoch that is not ours lies among the evidence.
    """
    kept = tables.quarantine
    found = work.execute(
        select(kept.c.number)
        .where(kept.c.node == name.node, kept.c.service == name.service)
        .where(kept.c.log == name.log.value, kept.c.reason == EQUIVOCATION)
        .where(kept.c.epoch >= sealer.head_seen(work, name.log).epoch)
    ).first()
    if found is not None:
        raise Rewound(f"another page {found.number} of this epoch has come back")


def _left(work: Work, name: LogName, tables: LogTables, sealer: Sealer, page: SealedPage) -> bool:
    """Return whether a page is of a branch that this log has left when it was reopened."""
    kept = tables.quarantine
    found = work.execute(
        select(kept.c.number)
        .where(kept.c.node == name.node, kept.c.service == name.service)
        .where(kept.c.log == name.log.value, kept.c.reason == LEFT_BRANCH)
        .where(kept.c.epoch == page.epoch, kept.c.number == page.number)
        .where(kept.c.signature == page.signature)
    ).first()
    return found is not None and page.epoch < sealer.head_seen(work, name.log).epoch


@dataclass(frozen=True, slots=True)
class Statement:
    """What the root key is asked to sign: a log goes on in a new epoch after this page."""

    name: LogName
    epoch: int
    old_epoch: int
    last_page: int
    hash: str
    reason: str


SignReopening = Callable[[Statement], Awaitable[LogReopened]]
"""Has the root key sign a reopening, and makes the new epoch's stream."""


def signed_reopening(root: SigningKey, asked: Statement) -> LogReopened:
    """Return the reopening of a log, signed by the node's root key."""
    fields: dict[str, Any] = {
        "node": asked.name.node,
        "service": asked.name.service,
        "which": asked.name.log.value,
        "epoch": asked.epoch,
        "old_epoch": asked.old_epoch,
        "last_page": asked.last_page,
        "hash": asked.hash,
        "reason": asked.reason[:200],
    }
    statement = LogReopened(**fields, signature="").statement()
    signature = urlsafe_b64encode(root.sign(REOPENING_TAG + statement)).rstrip(b"=").decode()
    return LogReopened(**fields, signature=signature)


class Reopener:
    """Opens a new epoch of a log: fetch, sign, then adopt and reopen in one transaction."""

    def __init__(
        self,
        *,
        store: Store,
        sealer: Sealer,
        adoption: Adoption,
        bus_of: Callable[[Log], Bus],
        door: Door,
        stated: Stated,
        witness: HubWitness,
        sign: SignReopening,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._adoption = adoption
        self._bus_of = bus_of
        self._stated = stated
        self._door = door
        self._witness = witness
        self._sign = sign

    async def reopen(
        self, name: LogName, reason: str, *, cause: str = "", alone: bool = False
    ) -> None:
        """Take back what was published of a log, and go on in a new epoch.

        Args:
            name: the log.
            reason: what the new epoch's first event says of it.
            cause: the restore for which this happens, where it is one; it happens once for each.
            alone: go on without the hub, where the operator has decided that it will not answer.

        Raises:
            BusUnreachable, NoStream: what was published cannot be fetched now; nothing changed.
        """
        head = await self._store.write(self._sealer.head, name.log)
        try:
            gathered = await self._witness.pages(name)
        except (BusUnreachable, NoStream):
            if not alone:
                raise
            gathered = []
        local, stored = await self._local(name, head)
        found = [*gathered, *local]
        branch = branch_of(found, self._stated)
        ours = await self._store.read(self._adoption.own, name.log)
        if all(ours.get(_place(page)) == page.sealed.sha256 for page in branch):
            # All that was published is ours, too, and what we have beyond it follows from that.
            # But the old stream is closed: what it does not hold, and the hub neither, would be
            # missing to every reader. It is told again.
            branch = await self._store.read(self._published, name, gathered, (head.epoch, stored))
        last = branch[-1].sealed if branch else head
        newest = max([head.epoch, *(page.sealed.epoch for page in found)])
        at = (last.epoch, last.number, last.sha256 if isinstance(last, SealedPage) else last.hash)
        event = await self._sign(Statement(name, newest + 1, *at, reason))
        left = await self._store.write(self._adopt_and_reopen, name, branch, found, event, cause)
        log.warning(
            "log goes on in a new epoch", log=str(name), epoch=event.epoch, left_behind=left
        )

    async def reopen_restored(self, name: LogName, *, cause: str, alone: bool) -> None:
        """Reopen a log once after a restore: what it told since the backup is not in its tables.

        Raises:
            BusUnreachable, NoStream: the hub, which may know more, does not answer.
        """
        if cause and not await self._store.read(self._reopened_for, name, cause):
            await self.reopen(name, f"restored {cause}", cause=cause, alone=alone)

    def _reopened_for(self, work: Work, name: LogName, cause: str) -> bool:
        table = self._store.tables.reopened_for
        found = work.execute(
            select(table.c.cause).where(table.c.log == name.log.value, table.c.cause == cause)
        )
        return found.first() is not None

    def _published(
        self, work: Work, name: LogName, gathered: Sequence[SignedPage], stored: tuple[int, int]
    ) -> list[SignedPage]:
        """Return the last own page that anybody else can have; none where nobody is known to."""
        ours = self._adoption.own(work, name.log)
        known = [_place(one) for one in gathered if ours.get(_place(one)) == one.sealed.sha256]
        epoch, number = max([stored, *known])
        if not known or not number:
            return []
        [sealed] = self._sealer.pages(work, name.log, epoch=epoch, after=number - 1, most=1)
        return [SignedPage(page=parse_page(sealed.data), sealed=sealed)]

    async def _local(self, name: LogName, head: Head) -> tuple[list[SignedPage], int]:
        """Return, in order, the pages of the own stream that the table lacks.

        Beside them stands the last number at which both agree; 0 where they do at none.
        """
        bus = self._bus_of(name.log)
        stream = name.stream(head.epoch)
        try:
            state = await bus.state(stream)
        except NoStream:
            return [], 0
        found: list[SignedPage] = []
        agrees = 0
        for number in range(state.last, max(state.first, 1) - 1, -1):
            message = await bus.message(stream, number)
            if message is None:
                break
            ours = await self._store.read(
                self._sealer.pages, name.log, epoch=head.epoch, after=number - 1, most=1
            )
            if ours and ours[0].data == message.data:
                agrees = number
                break
            try:
                page = self._door.check(
                    message.data,
                    signature=message.headers.get(SIGNATURE_HEADER, ""),
                    certificate=message.headers.get(CERTIFICATE_HEADER, ""),
                    expected=name,
                )
            except Refusal as error:
                # Nobody's bytes in our stream: it is left with them, and nothing is adopted.
                log.warning("not ours in the own stream", log=str(name), reason=error.slug)
            else:
                found.append(page)
        return found[::-1], agrees

    def _adopt_and_reopen(
        self,
        work: Work,
        name: LogName,
        branch: Sequence[SignedPage],
        found: Sequence[SignedPage],
        event: LogReopened,
        cause: str,
    ) -> int:
        """Adopt what was published, list what was left behind, and seal the new epoch's page 1."""
        left = self._adoption.adopt(work, name, branch, found)
        body = frame(
            event,
            source=f"twiza:{name.node}/{name.service}",
            event_id=new_uuid7(),
            time=work.moment,
        )
        self._sealer.open_epoch(work, name.log, epoch=event.epoch, first=body)
        if cause:
            table = self._store.tables.reopened_for
            row = {"log": name.log.value, "cause": cause}
            work.execute(insert(table).values(row).on_conflict_do_nothing())
        return left


def _place(signed: SignedPage) -> tuple[int, int]:
    return signed.sealed.epoch, signed.sealed.number
