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

import orjson
import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from shared.bus import Bus, BusUnreachable, NoStream
from shared.contracts.log import REOPENING_TAG, LogReopened
from shared.events import Log, frame
from shared.ids import new_uuid7
from shared.keys import SigningKey
from shared.log.cursors import LEFT_BRANCH, Cursors
from shared.log.door import Door
from shared.log.names import LogName, gathered_subject
from shared.log.page import (
    CERTIFICATE_HEADER,
    NO_PAGE,
    SIGNATURE_HEADER,
    SealedPage,
    SignedPage,
    parse_page,
)
from shared.log.projector import Projector
from shared.log.relay import Rewound
from shared.log.seal import Head, Sealer
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
            Rewound: the hub has more pages of this log than the page table, or other bytes.
        """
        if self._gathering is None or name.log is Log.PRIVATE:
            return False
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
        if not ours or ours[0].number != theirs.number:
            raise Rewound(f"the hub has page {theirs.number} of epoch {theirs.epoch}, we do not")
        if ours[0].sha256 != theirs.sha256:
            raise Rewound(f"the hub's page {theirs.number} has other bytes than ours")


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
        projector: Projector,
        cursors: Cursors,
        bus_of: Callable[[Log], Bus],
        door: Door,
        witness: HubWitness,
        sign: SignReopening,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._projector = projector
        self._cursors = cursors
        self._bus_of = bus_of
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
        published = {
            (page.sealed.epoch, page.sealed.number): page
            for page in [*await self._local(name, head), *gathered]
        }
        adopted = [published[place] for place in sorted(published)]
        last = adopted[-1].sealed if adopted else None
        if last is None or (last.epoch, last.number) < (head.epoch, head.number):
            last = await self._newest_common(name, head, adopted)
        at = (last.epoch, last.number, last.sha256) if last else (head.epoch, 0, NO_PAGE)
        statement = Statement(name, max(head.epoch, at[0]) + 1, *at, reason)
        event = await self._sign(statement)
        left = await self._store.write(self._adopt_and_reopen, name, adopted, event, cause)
        log.warning(
            "log goes on in a new epoch", log=str(name), epoch=statement.epoch, left_behind=left
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

    async def _local(self, name: LogName, head: Head) -> list[SignedPage]:
        """Return the pages that the node's own stream has beyond, or other than, the page table."""
        bus = self._bus_of(name.log)
        stream = name.stream(head.epoch)
        try:
            state = await bus.state(stream)
        except NoStream:
            return []
        found: list[SignedPage] = []
        for number in range(state.last, max(state.first, 1) - 1, -1):
            message = await bus.message(stream, number)
            if message is None:
                break
            ours = await self._store.read(
                self._sealer.pages, name.log, epoch=head.epoch, after=number - 1, most=1
            )
            if ours and ours[0].data == message.data:
                break
            found.append(
                self._door.check(
                    message.data,
                    signature=message.headers.get(SIGNATURE_HEADER, ""),
                    certificate=message.headers.get(CERTIFICATE_HEADER, ""),
                    expected=name,
                )
            )
        return found

    async def _newest_common(
        self, name: LogName, head: Head, adopted: Sequence[SignedPage]
    ) -> SealedPage | None:
        """Return the last page that counts where we have pages beyond those that were published.

        Where all that was published agrees with ours, our own head counts.
        """
        for page in adopted:
            sealed = page.sealed
            ours = await self._store.read(
                self._sealer.pages, name.log, epoch=sealed.epoch, after=sealed.number - 1, most=1
            )
            if not ours or ours[0].sha256 != sealed.sha256:
                return adopted[-1].sealed
        ours = await self._store.read(
            self._sealer.pages, name.log, epoch=head.epoch, after=head.number - 1, most=1
        )
        return ours[0] if ours else None

    def _adopt_and_reopen(
        self,
        work: Work,
        name: LogName,
        adopted: Sequence[SignedPage],
        event: LogReopened,
        cause: str,
    ) -> int:
        """Adopt what was published, list what was left behind, and seal the new epoch's page 1."""
        ours_left = self._left_behind(work, name, event)
        newer: set[tuple[str, str]] = set()
        for page in adopted:
            if self._adopted(work, name, page):
                newer |= {_aggregate(told) for told in page.page.events}
        for sealed in ours_left:
            self._list(work, sealed, newer)
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
        return len(ours_left)

    def _left_behind(self, work: Work, name: LogName, event: LogReopened) -> list[SealedPage]:
        """Take the pages out of the table that are not on the branch that counts."""
        pages = self._store.tables.pages
        left = [
            page
            for page in self._sealer.pages(
                work, name.log, epoch=event.old_epoch, after=0, most=2**31 - 1
            )
            if page.number > event.last_page
            or (page.number == event.last_page and page.sha256 != event.hash)
        ]
        if any(page.number == event.last_page for page in left):
            # The branches part somewhere before: what stays is decided page by page on adoption.
            left = [page for page in left if page.number >= event.last_page]
        for page in left:
            self._cursors.keep_evidence(work, name, page, reason=LEFT_BRANCH)
            work.execute(
                delete(pages).where(
                    pages.c.log == name.log.value,
                    pages.c.epoch == page.epoch,
                    pages.c.number == page.number,
                )
            )
        return left

    def _adopted(self, work: Work, name: LogName, page: SignedPage) -> bool:
        """Keep and apply a published page that the table lacks; return whether it was lacking."""
        sealed, pages = page.sealed, self._store.tables.pages
        ours = self._sealer.pages(
            work, name.log, epoch=sealed.epoch, after=sealed.number - 1, most=1
        )
        if ours and ours[0].number == sealed.number:
            if ours[0].sha256 == sealed.sha256:
                return False
            self._cursors.keep_evidence(work, name, ours[0], reason=LEFT_BRANCH)
            self._list(work, ours[0], {_aggregate(told) for told in page.page.events})
            work.execute(
                delete(pages).where(
                    pages.c.log == name.log.value,
                    pages.c.epoch == sealed.epoch,
                    pages.c.number == sealed.number,
                )
            )
        self._sealer.keep(work, sealed, sealed_at=page.page.sealed_at)
        self._projector.apply(work, page.page)
        return True

    def _list(self, work: Work, sealed: SealedPage, newer: set[tuple[str, str]]) -> None:
        """List the events of a page left behind; tell again what nothing newer replaces."""
        table = self._store.tables.left_behind
        for told in parse_page(sealed.data).events:
            again = _aggregate(told) not in newer and told["type"] != LogReopened.wire_type()
            work.execute(
                insert(table)
                .values(
                    event_id=told["id"],
                    log=sealed.log.value,
                    epoch=sealed.epoch,
                    number=sealed.number,
                    type=told["type"],
                    subject=told["subject"],
                    outcome="told again" if again else "replaced by what was published",
                )
                .on_conflict_do_nothing()
            )
            if again:
                work.announce_again(
                    sealed.log, told["id"], orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
                )


def _aggregate(told: dict[str, Any]) -> tuple[str, str]:
    """Return of which thing an event tells."""
    return str(told.get("type", "")).rsplit(".", 2)[0], str(told.get("subject", ""))
