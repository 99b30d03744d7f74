"""Whom we believe: the nodes we know, by whom they were admitted, and their root keys.

Every service follows all node logs and keeps this registry in its own database. Rules: a hub admits
its own children and nobody else; the intercontinental hub admits continental hubs; a name keeps its
root key; a hub's word on its own parent is believed by the nodes below it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import bindparam, delete, insert, select, update

from shared.canonical import canonical, parse_canonical
from shared.contracts.node import (
    DescriptionPublished,
    LetterKeyAnnounced,
    Parent,
    PeerAdmitted,
    PeerCut,
    PeerLimited,
    PeerQuarantined,
)
from shared.contracts.peers import PeerReceived
from shared.ids import NodeName
from shared.log.moves import follow_move, goes_over
from shared.log.releases import require_way
from shared.log.tables import LogTables
from shared.refusals import Kind, Refusal
from shared.store import Prepared, Store, Work

LETTER_KEYS_KEPT = 2
"""How many letter keys of a service are kept: the one in use, and the one before it."""


class Standing(StrEnum):
    """How a node stands with the hub that admitted it."""

    NORMAL = "normal"
    LIMITED = "limited"
    QUARANTINED = "quarantined"
    CUT = "cut"


class NotItsChild(Refusal):
    """A node speaks of another node's belonging without being the hub of it."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-its-child"
    title: ClassVar[str] = "Only a node's own hub admits it or changes its standing"


class NameTaken(Refusal):
    """A name is admitted again with another root key."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "name-taken"
    title: ClassVar[str] = "That name belongs to another root key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNode:
    """A node of the federation, as its hub admitted it."""

    node: NodeName
    continent: str
    root_key: str
    level: str
    admitted_by: str
    standing: Standing
    cause: str
    last_pages: dict[str, tuple[int, int]]
    revision: int


class Trust:
    """The registry of known nodes: in memory for the door, in the database for keeps.

    Args:
        own: this node; its root key is known from its own files.
        hub: the hub named in the invitation by which this node joined, if it joined one.
    """

    def __init__(self, tables: LogTables, *, own: Parent, hub: Parent | None) -> None:
        self._tables = tables
        self._own = own
        self._hub = hub
        self._nodes: dict[str, KnownNode] = {}
        self._changed: list[Callable[[], None]] = []
        known = tables.known_node
        self._all = select(known)
        self._one = Prepared(
            select(known.c.continent, known.c.root_key, known.c.admitted_by, known.c.level).where(
                known.c.node == bindparam("node")
            )
        )

    def node(self, name: str) -> KnownNode | None:
        """Return what is known of a node."""
        return self._nodes.get(name)

    def nodes(self) -> list[KnownNode]:
        """Return all known nodes, by name."""
        return [self._nodes[name] for name in sorted(self._nodes)]

    def on_change(self, call: Callable[[], None]) -> None:
        """Call back each time that the registry has changed."""
        self._changed.append(call)

    async def load(self, store: Store) -> None:
        """Write down this node and its hub, then read the whole registry."""
        await store.write(self.begin)
        await self.refresh(store)

    async def join(self, store: Store, hub: Parent) -> None:
        """Believe in the hub of an invitation from now on."""
        self._hub = hub
        await self.load(store)

    async def refresh(self, store: Store) -> None:
        """Read the registry again after it has changed."""
        self._nodes = {known.node: known for known in await store.read(self.read_all)}
        for call in self._changed:
            call()

    def begin(self, work: Work) -> None:
        """Keep this node and its hub, whose root keys are given and not learnt."""
        for given, by in ((self._own, self._own.node), (self._hub, self._own.node)):
            if given is not None:
                self._keep(work, given, admitted_by=by)
        if self._hub is not None and self._own.level == "local":
            follow_move(work, self._tables.known_node, own=self._own, hub=self._hub)

    def read_all(self, work: Work) -> list[KnownNode]:
        """Return all rows of the registry."""
        return [
            KnownNode(
                node=NodeName(row.node),
                continent=row.continent,
                root_key=row.root_key,
                level=row.level,
                admitted_by=row.admitted_by,
                standing=Standing(row.standing),
                cause=row.cause,
                last_pages={
                    service: (epoch, number)
                    for service, (epoch, number) in parse_canonical(row.last_pages.encode()).items()
                },
                revision=row.revision,
            )
            for row in work.execute(self._all)
        ]

    def described(self, work: Work, event: DescriptionPublished, *, origin: str) -> None:
        """Learn the parent of a hub above this node.

        Raises:
            NameTaken: the parent's name has another root key.
            NotItsChild: what it names is no hub of hubs.
        """
        if event.parent is not None and origin in self._above(work):
            if event.parent.level != "intercontinental":
                # Else a hub could make known, in this way, whatever it may not admit.
                raise NotItsChild(f"{origin} names {event.parent.node} as its hub")
            self._keep(work, event.parent, admitted_by=origin)

    def admitted(self, work: Work, event: PeerAdmitted, *, origin: str) -> None:
        """Learn a node that its hub admits.

        Raises:
            NotItsChild: the one who says it is no hub, or not a hub of such nodes.
            NameTaken: the name has another root key, or another hub.
        """
        self._require_its_place(work, event, origin)
        row = self._row(work, event.node)
        if row is not None and not self._is_hub_of(work, origin, row):
            # Else any hub could bring a node back that its own one has cut.
            raise NameTaken(f"{event.node} belongs to {row.admitted_by}")
        self._keep(work, _parent(event), admitted_by=origin, revision=event.revision)

    def received(self, work: Work, event: PeerReceived, *, origin: str) -> None:
        """Learn that a node goes on with another hub, which shows its former hub's word.

        Raises:
            NotItsChild: the one who says it is not a hub of such nodes.
            NameTaken: the name has another root key.
            NotReleased: the hub to which it belongs has not let it go there.
        """
        self._require_its_place(work, event, origin)
        row = self._row(work, event.node)
        if row is None or self._is_hub_of(work, origin, row):
            self._keep(work, _parent(event), admitted_by=origin, revision=event.revision)
            return
        if row.root_key != event.root_key:
            raise NameTaken(event.node)
        if row.node == self._own.node:
            # Where this node itself belongs, its own settings say.
            return
        require_way(
            event.releases,
            node=event.node,
            root_key=row.root_key,
            at=row.admitted_by,
            to=origin,
            root_key_of=lambda name: self._continental_key(work, name),
        )
        goes_over(work, self._tables.known_node, event, hub=origin)

    def standing_changed(
        self, work: Work, event: PeerLimited | PeerQuarantined | PeerCut, *, origin: str
    ) -> None:
        """Learn how a node stands with its hub.

        Raises:
            NotItsChild: the one who says it is not the node's hub.
        """
        row = self._row(work, event.node)
        if row is None or not self._is_hub_of(work, origin, row):
            raise NotItsChild(f"{origin} speaks of {event.node}")
        standing = {
            PeerLimited: Standing.LIMITED,
            PeerQuarantined: Standing.QUARANTINED,
            PeerCut: Standing.CUT,
        }[type(event)]
        last_pages = event.last_pages if isinstance(event, PeerCut) else {}
        known = self._tables.known_node
        work.execute(
            update(known)
            .where(known.c.node == event.node, known.c.revision < event.revision)
            .values(
                standing=standing.value,
                cause=event.cause,
                last_pages=canonical(
                    {service: list(place) for service, place in last_pages.items()}
                ).decode(),
                revision=event.revision,
            )
        )

    def letter_key(self, work: Work, event: LetterKeyAnnounced, *, origin: str) -> None:
        """Keep the newest letter keys of a service of a node."""
        table = self._tables.letter_key
        of_service = (table.c.node == origin) & (table.c.service == event.service)
        numbers = set(work.execute(select(table.c.number).where(of_service)).scalars())
        if event.number in numbers:
            return
        work.execute(
            insert(table).values(
                node=origin, service=event.service, key=event.key, number=event.number
            )
        )
        kept = sorted({*numbers, event.number})[-LETTER_KEYS_KEPT:]
        work.execute(delete(table).where(of_service, table.c.number < kept[0]))

    def _require_its_place(
        self, work: Work, event: PeerAdmitted | PeerReceived, origin: str
    ) -> None:
        """Return quietly when a hub may admit nodes of that level and continent.

        Raises:
            NotItsChild: it is no hub, or not a hub of such nodes.
        """
        hub = self._row(work, origin)
        may = hub is not None and (
            (hub.level == "intercontinental" and event.level == "continental")
            or (
                hub.level == "continental"
                and event.level == "local"
                and event.continent == hub.continent
            )
        )
        if not may:
            raise NotItsChild(f"{origin} admits {event.node}")

    def _continental_key(self, work: Work, name: str) -> str | None:
        row = self._row(work, name)
        return row.root_key if row is not None and row.level == "continental" else None

    def _is_hub_of(self, work: Work, origin: str, row: Any) -> bool:
        """Return whether a node is the hub of another: the one that admitted it.

        This node and its hub were given and not learnt; their hubs are the ones above them.
        """
        if row.admitted_by == origin:
            return True
        if self._hub is None or row.node not in (self._own.node, self._hub.node):
            return False
        if row.node == self._own.node:
            return origin == self._hub.node
        return origin != self._hub.node and origin in self._above(work)

    def _above(self, work: Work) -> set[str]:
        """Return the hubs above this node, as far as they are known."""
        above: set[str] = set()
        rows = {row.node: row for row in self.read_all(work)}
        at = self._hub.node if self._hub is not None else None
        while at is not None and at not in above:
            above.add(at)
            at = next(
                (
                    row.node
                    for row in rows.values()
                    if row.admitted_by == at and row.level == "intercontinental"
                ),
                None,
            )
        return above

    def _row(self, work: Work, node: str) -> Any:
        known = self._tables.known_node
        return work.execute(select(known).where(known.c.node == node)).one_or_none()

    def _keep(self, work: Work, node: Parent, *, admitted_by: str, revision: int = 0) -> None:
        """Keep a node; a node that was cut and is admitted again stands normal again."""
        known = self._tables.known_node
        row = self._row(work, node.node)
        if row is None:
            work.execute(
                insert(known).values(
                    node=node.node,
                    continent=node.continent,
                    root_key=node.root_key,
                    level=node.level,
                    admitted_by=admitted_by,
                    standing=Standing.NORMAL.value,
                    cause="",
                    last_pages="{}",
                    revision=revision,
                )
            )
            return
        if row.root_key != node.root_key:
            raise NameTaken(node.node)
        if revision > row.revision:
            work.execute(
                update(known)
                .where(known.c.node == node.node)
                .values(
                    standing=Standing.NORMAL.value, cause="", last_pages="{}", revision=revision
                )
            )


def _parent(event: PeerAdmitted | PeerReceived) -> Parent:
    return Parent(
        node=event.node,
        continent=event.continent,
        root_key=event.root_key,
        level=event.level,
    )
