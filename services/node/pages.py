"""Answering for pages: what another node lacks of a log is looked up here, or asked further on.

Any holder may serve a page, since it is signed: a node answers for its own logs, a hub for what it
has gathered, and asks its parent or down the leaf for what it has not.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Annotated, Any, Final, Literal

import orjson
import structlog
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.bus import Answer, Bus, BusUnreachable, Delivered, NoStream
from shared.bus_nats import NatsBus
from shared.contracts.node import Name
from shared.events import Log
from shared.ids import FEDERATED, NodeName, ServiceName
from shared.log.desk import LogDesk
from shared.log.names import LogName, gathered_subject
from shared.log.page import CERTIFICATE_HEADER, SIGNATURE_HEADER, claimed_place
from shared.log.repair import PAGES_A_TIME, Fetch
from shared.log.trust import Standing
from shared.refusals import Refusal
from shared.subjects import (
    Level,
    ask_subject,
    offered_streams,
    reply_prefix,
)

REQUEST_BYTES_MAX: Final = 1_024
ANSWER_BYTES_MAX: Final = 8_000_000
HOPS_MAX: Final = 5
"""How often a question is passed on: from a node over two hubs to the world's and down again."""
PASS_ON_TIMEOUT_S: Final = 5.0
GET_TIMEOUT_S: Final = 5.0

log = structlog.get_logger(__name__)

Place = tuple[int, int]
Pages = AsyncGenerator[Delivered, None]


class Asked(BaseModel):
    """A question for pages of a public log, as ``shared.log.repair.page_request`` writes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    node: Name
    service: Literal["directory", "exchange", "governance", "node"]
    epoch: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    after: Annotated[int, Field(strict=True, ge=0, le=2**53 - 1)]
    most: Annotated[int, Field(strict=True, ge=1, le=PAGES_A_TIME)] = PAGES_A_TIME
    hops: Annotated[int, Field(strict=True, ge=0, le=HOPS_MAX)] = 0

    @property
    def name(self) -> LogName:
        """The log that is asked for."""
        return LogName(NodeName(self.node), ServiceName(self.service), Log.PUBLIC)


Holder = Callable[[Asked, Place], Pages]
"""Yields the pages of a log after a place, as far as it has them."""


class PageDesk:
    """Answers ``ask.<own>.pages``.

    Args:
        desk: the node service's log desk: its own pages, those it has applied, and the registry.
        fed: the connection within the federated account.
        fetch_sibling: asks a sibling service for pages of its own.
        bus_towards: returns the connection on which a node below this one may answer.
    """

    def __init__(
        self,
        desk: LogDesk,
        fed: NatsBus,
        *,
        fetch_sibling: Fetch,
        bus_towards: Callable[[NodeName], Bus] | None = None,
    ) -> None:
        self._desk = desk
        self._place = desk.place
        self._fed = fed
        self._fetch_sibling = fetch_sibling
        self._bus_towards = bus_towards or self._answered_from_below
        self.answered_pages = 0

    @property
    def answer(self) -> Answer:
        """What ``Bus.serve`` takes."""
        return self._answer

    async def _answer(self, data: bytes) -> AsyncIterator[Delivered]:
        try:
            asked = Asked.model_validate_json(data[: REQUEST_BYTES_MAX + 1])
        except ValidationError:
            log.info("pages refused", reason="invalid")
            return
        at, sent, size = (asked.epoch, asked.after), 0, 0
        for holder in self._holders(asked):
            try:
                async with aclosing(holder(asked, at)) as pages:
                    async for page in pages:
                        place = claimed_place(page.data)
                        if place is None or place <= at:
                            continue
                        if not _follows(at, place):
                            break
                        at, sent, size = place, sent + 1, size + len(page.data)
                        yield page
                        if sent >= asked.most or size >= ANSWER_BYTES_MAX:
                            break
            except (BusUnreachable, NoStream, Refusal) as error:
                log.info("holder silent", log=str(asked.name), reason=error.slug)
            if sent:
                self.answered_pages += sent
                return

    async def last_gathered(self, node: str) -> dict[str, Place]:
        """Return, by service, the last page of a member's logs that this hub has gathered.

        What lies there last and is no page of that log is looked past: then the last page counts
        that this service has applied, or none.
        """
        known = self._desk.trust.node(node)
        streams = offered_streams(self._place.node, Level(self._place.level))
        last: dict[str, Place] = {}
        for service in FEDERATED if known and streams else ():
            name = LogName(NodeName(node), service, Log.PUBLIC)
            found = await self._get(streams[0], {"last_by_subj": self._subject(streams[0], name)})
            place = self._checked_place(name, found)
            if place is None:
                cursor = await self._desk.store.read(self._desk.cursors.load, name)
                place = (cursor.epoch, cursor.number) if cursor.number else None
            if place is not None:
                last[service] = place
        return last

    def _checked_place(self, name: LogName, found: Delivered | None) -> Place | None:
        if found is None:
            return None
        try:
            page = self._desk.door.check(
                found.data,
                signature=found.headers[SIGNATURE_HEADER],
                certificate=found.headers[CERTIFICATE_HEADER],
                expected=name,
            ).page
        except Refusal as error:
            log.warning("last page refused", log=str(name), reason=error.slug)
            return None
        return page.epoch, page.number

    def _subject(self, stream: str, name: LogName) -> str:
        """Return the subject of a known node's log in a stream in which this hub gathers."""
        known = self._desk.trust.node(name.node)
        assert known is not None
        front = "" if stream.startswith("CONT_") else f"{known.continent}."
        return f"{front}{gathered_subject(name)}"

    def _holders(self, asked: Asked) -> list[Holder]:
        """Return who may have the pages, the nearest first."""
        if asked.node == self._place.node:
            return [self._own if asked.service == self._place.service else self._siblings]
        if self._place.level == "local":
            return []
        return [self._applied, self._gathered, self._passed_on]

    async def _own(self, asked: Asked, at: Place) -> Pages:
        for epoch, after in (at, (at[0] + 1, 0)):
            for page in await self._desk.store.read(
                self._desk.sealer.pages, Log.PUBLIC, epoch=epoch, after=after, most=asked.most
            ):
                yield Delivered(0, "", page.data, page.headers)

    async def _siblings(self, asked: Asked, at: Place) -> Pages:
        if asked.service in self._place.siblings:
            async for page in self._fetch_sibling(asked.name, *at):
                yield page

    async def _applied(self, asked: Asked, at: Place) -> Pages:
        """Yield what this service has applied itself: the node and the governance logs."""
        for epoch, after in (at, (at[0] + 1, 0)):
            for page in await self._desk.store.read(
                self._desk.cursors.pages_after,
                asked.name,
                epoch=epoch,
                after=after,
                most=asked.most,
            ):
                yield Delivered(0, "", page.data, page.headers)

    async def _gathered(self, asked: Asked, at: Place) -> Pages:
        """Yield what lies in the streams in which this hub gathers."""
        if self._desk.trust.node(asked.node) is None:
            return
        for stream in offered_streams(self._place.node, Level(self._place.level)):
            subject = self._subject(stream, asked.name)
            found = await self._first_after(stream, subject, at)
            while found is not None:
                yield found
                found = await self._next(stream, subject, found.seq + 1)

    async def _first_after(self, stream: str, subject: str, at: Place) -> Delivered | None:
        """Return the first page after a place; a log's pages lie in their order in a stream."""
        state = await self._fed.state(stream)
        low, high = max(state.first, 1), state.last + 1
        while low < high:
            middle = (low + high) // 2
            found = await self._next(stream, subject, middle)
            if found is None:
                high = middle
                continue
            place = claimed_place(found.data)
            if place is not None and place > at:
                high = middle
            else:
                low = found.seq + 1
        return await self._next(stream, subject, low)

    async def _next(self, stream: str, subject: str, seq: int) -> Delivered | None:
        """Return the first message of a subject at or after a sequence, or none."""
        return await self._get(stream, {"seq": seq, "next_by_subj": subject})

    async def _get(self, stream: str, asked: dict[str, Any]) -> Delivered | None:
        """Return the message of a stream that a direct get finds, or none."""
        try:
            found = await self._fed.client.request(
                f"$JS.API.DIRECT.GET.{stream}", orjson.dumps(asked), timeout=GET_TIMEOUT_S
            )
        except NoRespondersError as error:
            raise NoStream(stream) from error
        except (NatsError, OSError) as error:
            raise BusUnreachable(type(error).__name__) from error
        headers = found.headers or {}
        if "Nats-Sequence" not in headers:
            return None
        kept = {name: headers.get(name, "") for name in _KEPT}
        subject = headers.get("Nats-Subject", "")
        return Delivered(int(headers["Nats-Sequence"]), subject, found.data, kept)

    async def _passed_on(self, asked: Asked, at: Place) -> Pages:
        """Yield what the next node on the way to the log's own node answers.

        The federation is a tree: down where the node is below us, else up; never back and forth.
        """
        towards = self._way_to(asked.node)
        if towards is None or asked.hops >= HOPS_MAX:
            return
        further = asked.model_copy(update={"epoch": at[0], "after": at[1], "hops": asked.hops + 1})
        up = self._place.hub is not None and towards == self._place.hub.node
        bus = self._fed if up else self._bus_towards(towards)
        async for page in bus.ask(
            ask_subject(towards),
            further.model_dump_json().encode("ascii"),
            timeout_s=PASS_ON_TIMEOUT_S,
        ):
            kept = {name: page.headers.get(name, "") for name in _KEPT}
            yield Delivered(0, page.subject, page.data, kept)

    def _way_to(self, node: str) -> NodeName | None:
        """Return the member or the parent through which a node is reached."""
        known = self._desk.trust.node(node)
        for _ in range(HOPS_MAX):
            if known is None or known.node == self._place.node:
                break
            if known.admitted_by == self._place.node and not self._is_parent(known.node):
                return known.node if known.standing is not Standing.CUT else None
            known = self._desk.trust.node(known.admitted_by)
        return NodeName(self._place.hub.node) if self._place.hub is not None else None

    def _is_parent(self, node: str) -> bool:
        return self._place.hub is not None and node == self._place.hub.node

    def _answered_from_below(self, member: NodeName) -> Bus:
        """Return a connection with the inbox in which a member's leaf may answer."""
        prefix = reply_prefix(member, self._place.node, self._place.service)
        return NatsBus(self._fed.client, prefix)


_KEPT: Final = (SIGNATURE_HEADER, CERTIFICATE_HEADER)


def _follows(at: Place, place: Place) -> bool:
    """Return whether a page may come next: the following number, or the first of a later epoch."""
    return place == (at[0], at[1] + 1) or (place[0] > at[0] and place[1] == 1)
