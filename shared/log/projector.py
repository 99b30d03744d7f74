"""Which function remembers which event: the way from a page that was taken in to the tables."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import and_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.canonical import parse_canonical, trusted_canonical
from shared.clock import BadTime, moment, stamp
from shared.events import BrokenContract, Event, Log, checked_payload, contract_of
from shared.ids import NodeName, ServiceName
from shared.log.arrived import Arrived, Readable, SetAside
from shared.log.door import require_namespace
from shared.log.evidence import counting
from shared.log.page import Page
from shared.log.tables import LogTables, storable
from shared.refusals import Refusal
from shared.store import Prepared, Work, of_the_database

E = TypeVar("E", bound=Event)
DEFECT: Final = "defect"
"""The reason of an event at which our own code failed."""
RETRIED_TOGETHER: Final = 256
"""How many events that were set aside are tried again in one transaction."""
_PLACE: Final = ("node", "service", "log", "epoch", "number", "place")

log = structlog.get_logger(__name__)


Remember = Callable[[Work, Sequence[Arrived[Any]]], None]
Forget = Callable[[Work, NodeName, ServiceName], None]


class Projector:
    """A service's projections by kind of event.

    A projection takes the consecutive events of one kind in a page together, so that it can write
    them in one batch. It is told the same event twice at times, and keeps the highest revision.
    """

    def __init__(self, tables: LogTables, *, release: str) -> None:
        self._tables = tables
        self._release = release
        self._remember: dict[str, list[Remember]] = {}
        self._forget: list[Forget] = []
        self._aside = Prepared(
            insert(tables.set_aside).on_conflict_do_nothing(),
            columns=[column.name for column in tables.set_aside.c],
        )
        self._count = counting(tables)
        aside = tables.set_aside
        of_one = and_(*(aside.c[name] == bindparam(f"of_{name}") for name in _PLACE))
        self._of_another_release = (
            select(aside)
            .where(aside.c.release != release)
            .order_by(*(aside.c[name] for name in _PLACE))
            .limit(RETRIED_TOGETHER)
        )
        self._done = Prepared(delete(aside).where(of_one))
        self._still = Prepared(
            update(aside)
            .where(of_one)
            .values({name: bindparam(f"to_{name}") for name in ("reason", "detail", "release")})
        )

    def on(self, contract: type[E], remember: Callable[[Work, Sequence[Arrived[E]]], None]) -> None:
        """Have a function remember the events of a contract."""
        self._remember.setdefault(contract.kind, []).append(remember)

    def on_forget(self, forget: Forget) -> None:
        """Have a function forget all that it remembers of a service of a node, for a replay."""
        self._forget.append(forget)

    def kinds(self) -> frozenset[str]:
        """Return the kinds that this service remembers."""
        return frozenset(self._remember)

    def forget(self, work: Work, node: NodeName, service: ServiceName) -> None:
        """Forget all that was remembered of a service of a node."""
        for forget in self._forget:
            forget(work, node, service)

    def apply(self, work: Work, page: Page, *, readable: Readable | None = None) -> int:
        """Remember the events of a page; return how many were set aside.

        An event that this release cannot read, or that breaks a rule, is set aside with its reason,
        and the log goes on.

        Args:
            work: the unit in which the page's cursor moves, too.
            page: a page that passed the door, the next of its log.
            readable: its events, where they have been read before.
        """
        aside = self._tried(work, page, readable or self.readable(page, arrived_at=work.moment))
        for place, reason, detail in aside:
            self._set_aside(work, page, place, reason, detail)
        return len(aside)

    def retry_set_aside(self, work: Work) -> int:
        """Try some events again that another release has set aside; return how many were tried.

        To be called until there are none. What this release cannot read either stays, under its
        name, and is not tried again before the next one.
        """
        rows = work.execute(self._of_another_release).all()
        for row in rows:
            page = Page(
                node=NodeName(row.node),
                service=ServiceName(row.service),
                log=Log(row.log),
                epoch=row.epoch,
                number=row.number,
                prev="",
                sealed_at="",
                events=[parse_canonical(bytes(row.body))],
            )
            place = {f"of_{name}": getattr(row, name) for name in _PLACE}
            aside = self._tried(work, page, self.readable(page, arrived_at=work.moment))
            if aside:
                (_, reason, detail), *_ = aside
                to = {"to_reason": reason, "to_detail": storable(detail, 500)}
                work.run(self._still, place | to | {"to_release": self._release})
            else:
                work.run(self._done, place)
                log.info("event read after an upgrade", origin=row.node, type=row.type)
        return len(rows)

    def readable(self, page: Page, *, arrived_at: str) -> Readable:
        """Return what this service can remember of a page's events, held against their contracts.

        It needs no database, so that it is done while the pages before this one are written.

        Args:
            page: a page that passed the door.
            arrived_at: now, as ``shared.clock.stamp`` writes it.
        """
        found = Readable()
        told, remembered = found.told, self._remember
        for place, event in enumerate(page.events):
            try:
                kind, version = require_namespace(event, page)
                if kind not in remembered:
                    contract_of(kind, version)
                    continue
                contract, data = checked_payload(kind, version, event["data"])
                if contract.log is not page.log and kind not in ("log.reopened",):
                    raise BrokenContract(f"{kind} in the {page.log.value} log")
                if version == contract.version and _about(contract, data) != event["subject"]:
                    raise BrokenContract(f"{kind}: the subject is another thing")
                said_at = _moment_said(event["time"])
            except Refusal as error:
                found.aside.append(SetAside(place, error.slug, error.detail))
                continue
            # Other people's clocks are shown, never trusted.
            at = said_at if said_at < arrived_at else arrived_at
            told.append(
                (
                    place,
                    Arrived(
                        contract, data, page.node, page.service, event["id"], at,
                        page.epoch, page.number,
                    ),
                )
            )  # fmt: skip
        return found

    def _tried(self, work: Work, page: Page, readable: Readable) -> list[SetAside]:
        """Remember what can be remembered; return the others, with the reasons."""
        aside = list(readable.aside)
        try:
            with work.nested():
                self._together(work, page, readable.told)
        except Exception as error:
            if of_the_database(error):
                raise
            # One of them fails: each for itself shows which.
            for place, arrived in readable.told:
                try:
                    with work.nested():
                        self._tell(work, [arrived])
                except Refusal as refusal:
                    if of_the_database(refusal):
                        raise
                    aside.append(SetAside(place, refusal.slug, refusal.detail))
                except Exception as defect:
                    if of_the_database(defect):
                        raise
                    log.exception("projection failed", origin=page.node, epoch=page.epoch)
                    aside.append(SetAside(place, DEFECT, type(defect).__name__))
        return aside

    def _together(self, work: Work, page: Page, readable: list[tuple[int, Arrived[Any]]]) -> None:
        run: list[Arrived[Any]] = []
        for _, arrived in readable:
            if run and run[0].contract is not arrived.contract:
                self._tell(work, run)
                run = []
            run.append(arrived)
        if run:
            self._tell(work, run)

    def _tell(self, work: Work, run: list[Arrived[Any]]) -> None:
        for remember in self._remember[run[0].contract.kind]:
            remember(work, run)

    def _set_aside(self, work: Work, page: Page, place: int, reason: str, detail: str) -> None:
        event = page.events[place]
        log.info(
            "event set aside",
            origin=page.node,
            service=page.service,
            epoch=page.epoch,
            page=page.number,
            reason=reason,
        )
        work.run(
            self._aside,
            {
                "node": page.node,
                "service": page.service,
                "log": page.log.value,
                "epoch": page.epoch,
                "number": page.number,
                "place": place,
                "type": storable(str(event.get("type")), 200),
                "reason": reason,
                "detail": storable(detail, 500),
                "body": trusted_canonical(event),
                "release": self._release,
            },
        )
        work.run(self._count, {"node": page.node, "reason": reason, "count": 1})


def _about(contract: type[Event], data: dict[str, Any]) -> str:
    """Return the id of the aggregate of which checked data tells."""
    if contract.about_field:
        return str(data[contract.about_field])
    return contract.model_validate(data).about()


@lru_cache(maxsize=4096)
def _moment_said(text: str) -> str:
    """Return the time of an event, which is one that we write.

    Raises:
        BrokenContract: it is none.
    """
    try:
        return stamp(moment(text))
    except BadTime as error:
        raise BrokenContract(f"time: {error.detail or 'not in our form'}") from error
