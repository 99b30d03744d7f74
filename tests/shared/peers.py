"""Nodes as their pages show them: each has its keys, and tells histories of any shape."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from shared.canonical import canonical
from shared.contracts.directory import EntityListed
from shared.contracts.log import LogReopened
from shared.contracts.node import Parent, PeerAdmitted
from shared.contracts.profile import PublicProfile
from shared.events import Event, Log, frame
from shared.ids import NodeName, ServiceName, global_id
from shared.keys import Prefix, SigningKey
from shared.log.certificates import certify
from shared.log.epochs import Statement, signed_reopening
from shared.log.names import LogName
from shared.log.page import (
    NO_PAGE,
    SealedPage,
    page_bytes,
    parse_page,
    sha256_hex,
    sign_page,
)

AT: Final = "2026-11-21T17:00:00.000Z"
Begins = Mapping[Log, tuple[int, int]]


class Peer:
    """A service of a node that tells; with ``root`` of another, a second service of that node."""

    def __init__(
        self,
        name: str,
        service: str = "directory",
        *,
        continent: str = "eu",
        level: str = "local",
        log: Log = Log.PUBLIC,
    ) -> None:
        self.node = NodeName(name)
        self.service = ServiceName(service)
        self.continent = continent
        self.level = level
        self.name = LogName(self.node, self.service, log)
        self.root = _key(f"{name} root", Prefix.ROOT)
        self.key = _key(f"{name} {service}", Prefix.SERVICE)

    @property
    def as_parent(self) -> Parent:
        """What a registry holds of this node."""
        return Parent.model_validate(
            {
                "node": self.node,
                "continent": self.continent,
                "root_key": self.root.public,
                "level": self.level,
            }
        )

    def admission(self, *, revision: int = 1, **other: Any) -> PeerAdmitted:
        """Return the event by which a hub admits this node."""
        told = self.as_parent.model_dump() | {"revision": revision} | other
        return PeerAdmitted.model_validate(told)

    def certificate(
        self, *, key: SigningKey | None = None, begins: Begins | None = None, **other: Any
    ) -> str:
        """Return a certificate of this node's root key for a key of the service."""
        given: dict[str, Any] = {"node": self.node, "service": self.service}
        given |= {"key": (key or self.key).public, "begins": begins} | other
        root = given.pop("root", self.root)
        return certify(root, **given)

    def body(self, event: Event, *, event_id: int = 1, **other: Any) -> bytes:
        """Return the canonical form of an event that this service tells."""
        given = {"source": f"twiza:{self.node}/{self.service}", "time": AT} | other
        return frame(event, event_id=str(UUID(int=event_id)), **given)

    def page(
        self,
        number: int,
        prev: str,
        *bodies: bytes,
        epoch: int = 1,
        key: SigningKey | None = None,
        begins: Begins | None = None,
    ) -> SealedPage:
        """Return a page of this log."""
        data = page_bytes(
            node=self.node,
            service=self.service,
            log=self.name.log,
            epoch=epoch,
            number=number,
            prev=prev,
            sealed_at=AT,
            bodies=bodies,
        )
        return self.signed(data, key=key, begins=begins, place=(epoch, number))

    def signed(
        self,
        data: bytes,
        *,
        key: SigningKey | None = None,
        begins: Begins | None = None,
        place: tuple[int, int] = (1, 1),
    ) -> SealedPage:
        """Return any bytes as this service signs them, as if they were a page."""
        sha256 = sha256_hex(data)
        return SealedPage(
            log=self.name.log,
            epoch=place[0],
            number=place[1],
            data=data,
            sha256=sha256,
            signature=sign_page(sha256, key or self.key),
            certificate=self.certificate(key=key, begins=begins),
        )

    def altered(self, page: SealedPage, **fields: Any) -> SealedPage:
        """Return a page with other fields, signed again; None takes a field away."""
        value = fields_of(page) | fields
        value = {name: field for name, field in value.items() if field is not None}
        return self.signed(canonical(value), place=(page.epoch, page.number))

    def history(
        self,
        count: int,
        *,
        after: SealedPage | None = None,
        label: str = "",
        events: int = 1,
        epoch: int = 1,
    ) -> list[SealedPage]:
        """Return pages that follow one another; each lists entities of its own number.

        The same entities with another label are another history.

        Args:
            count: how many pages.
            after: the page before the first of them; none at an epoch's beginning.
            label: what the names of the entities begin with.
            events: how many a page holds.
            epoch: of which epoch, where there is no page before.
        """
        pages: list[SealedPage] = []
        for _ in range(count):
            number, prev = (after.number + 1, after.sha256) if after else (1, NO_PAGE)
            at = after.epoch if after else epoch
            bodies = [
                self.listing(f"{label}{at}.{number}.{place}", (at, number, place))
                for place in range(events)
            ]
            after = self.page(number, prev, *bodies, epoch=at)
            pages.append(after)
        return pages

    def listing(
        self, name: str, place: tuple[int, int, int], *, revision: int = 1, origin: str = ""
    ) -> bytes:
        """Return the event that lists the entity of a place, under a name."""
        epoch, number, at = place
        identity = epoch << 64 | number << 16 | at | 7 << 76 | 2 << 62
        event = EntityListed(
            entity_id=global_id(NodeName(origin or self.node), UUID(int=identity)),
            revision=revision,
            profile=PublicProfile(name=name),
        )
        return self.body(event, event_id=identity)

    def telling(self, after: SealedPage | None, *events: Event) -> SealedPage:
        """Return the page after another that tells of some events."""
        number, prev = (after.number + 1, after.sha256) if after else (1, NO_PAGE)
        bodies = [self.body(event, event_id=number << 16 | at) for at, event in enumerate(events)]
        return self.page(number, prev, *bodies, epoch=after.epoch if after else 1)

    def reopening(
        self,
        last: SealedPage | None,
        *,
        epoch: int = 2,
        root: SigningKey | None = None,
        reason: str = "restored",
        **other: Any,
    ) -> SealedPage:
        """Return the first page of a new epoch, which goes on after ``last`` of an older one."""
        at = (last.epoch, last.number, last.sha256) if last else (epoch - 1, 0, NO_PAGE)
        statement = Statement(self.name, epoch, *at, reason)
        event = signed_reopening(root or self.root, statement)
        event = LogReopened(**event.model_dump() | other)
        body = self.body(event, event_id=int(event.hash[:20], 16) ^ epoch)
        return self.page(1, NO_PAGE, body, epoch=epoch)


def fields_of(page: SealedPage) -> dict[str, Any]:
    """Return what a page says."""
    read = parse_page(page.data)
    return {
        "v": 1,
        "node": read.node,
        "service": read.service,
        "log": read.log.value,
        "epoch": read.epoch,
        "number": read.number,
        "prev": read.prev,
        "sealed_at": read.sealed_at,
        "events": read.events,
    }


def told_by(pages: Sequence[SealedPage]) -> dict[str, str]:
    """Return the entities that pages list, by id: what a reader knows who has read them all."""
    return {
        event["data"]["entity_id"]: event["data"]["profile"]["name"]
        for page in pages
        for event in parse_page(page.data).events
        if event["type"] == EntityListed.wire_type()
    }


def _key(name: str, prefix: Prefix) -> SigningKey:
    """Return the same key in every run."""
    return SigningKey(hashlib.sha256(name.encode()).digest(), prefix)
