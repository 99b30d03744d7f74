"""The nodes below this hub: what is drawn from them, and the credentials by which they enter."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import select

from services.node import credentials, jwt, system, tables
from services.node.handlers import Telling, next_revision
from services.node.home import Home
from services.node.stream_configs import Continent, Member
from shared.canonical import parse_canonical
from shared.contracts.node import CredentialRenewed
from shared.events import Log
from shared.ids import FEDERATED, NodeName, ServiceName
from shared.log.trust import KnownNode, Standing, Trust
from shared.store import Store, Work
from shared.subjects import Level, continental_stream

EPOCHS_MAX: Final = 32
"""The highest epoch of a member's log that is drawn; a member cannot make a hub's lists endless."""

log = structlog.get_logger(__name__)

EpochsOf = dict[ServiceName, int]


class Members:
    """The nodes that this hub has admitted.

    Args:
        home: the hub's home, whose keys issue credentials.
        store: the node service's database.
        telling: announces in the hub's name.
        trust: the registry of nodes.
        renew_before: how long before its end a credential is renewed.
    """

    def __init__(
        self,
        home: Home,
        store: Store,
        telling: Telling,
        trust: Trust,
        *,
        renew_before: timedelta,
    ) -> None:
        self._home = home
        self._store = store
        self._telling = telling
        self._trust = trust
        self._renew_before = renew_before
        self._on_change: list[Callable[[], None]] = []

    def on_change(self, call: Callable[[], None]) -> None:
        """Call back when what is drawn from the members may have changed."""
        self._on_change.append(call)

    def changed(self) -> None:
        """Tell that what is drawn from the members may have changed."""
        for call in self._on_change:
            call()

    def admitted(self) -> list[KnownNode]:
        """Return the members that were not cut off, by name."""
        return [known for known in self._all() if known.standing is not Standing.CUT]

    async def drawn(self) -> list[Member]:
        """Return the local members with the epochs of their logs, as a continental hub draws."""
        epochs = await self._store.read(known_epochs)
        return [
            Member(known.node, epochs.get(known.node, {}))
            for known in self.admitted()
            if known.level == Level.LOCAL
        ]

    def continents(self) -> list[Continent]:
        """Return the continents that the intercontinental hub gathers."""
        return [
            Continent(NodeName(known.continent), known.node, continental_stream(known.node))
            for known in self.admitted()
            if known.level == Level.CONTINENTAL
        ]

    def other_continents(self) -> list[str]:
        """Return the continents that this hub's own hub has admitted."""
        own = self._telling.own
        return sorted(
            {
                known.continent
                for known in self._trust.nodes()
                if known.level == Level.CONTINENTAL and known.admitted_by != own
            }
        )

    async def enforce(self) -> None:
        """Make felt that a member was cut off, or has gone: its credential is void, its link ends.

        A crash after the decision is mended by the next call.

        Raises:
            BusUnreachable: the server does not answer; the revocation is on disk nevertheless.
        """
        cut = {known.node for known in self._all() if known.standing is Standing.CUT}
        # A node that another hub has received enters there.
        own = self._telling.own
        cut |= {known.node for known in self._trust.nodes() if known.admitted_by != own}
        revoked, changed = credentials.revocations(self._home), False
        for row in await self._store.read(_credentials):
            if row.node in cut and revoked.get(row.leaf_key, 0) < row.issued:
                # A token may bear a second that has yet to come, if it replaced a revoked one.
                at = max(self._store.clock.now(), _moment(row.issued, self._store.clock.now()))
                credentials.revoke(self._home, row.leaf_key, at=at)
                log.warning("credential revoked", peer=row.node)
                changed = True
        if changed:
            await system.announce_claims(self._home)

    async def revoke_key(self, leaf_key: str) -> None:
        """Void the credentials of a key that its node has replaced."""
        credentials.revoke(self._home, leaf_key, at=self._store.clock.now())
        await system.announce_claims(self._home)

    async def renew(self) -> list[str]:
        """Renew what ends soon or names too few epochs; return the members' names."""
        return await self._store.write(self._renew_due)

    def issue(
        self, work: Work, member: NodeName, level: str, *, leaf_key: str, epochs: EpochsOf
    ) -> None:
        """Issue a member's credential and tell it in this hub's log; it is useless without a seed.

        Args:
            leaf_key: the public key by which the member enters.
            epochs: the current epochs of its public logs.
        """
        user_jwt = credentials.issue_member_leaf(
            self._home,
            user=leaf_key,
            member=member,
            member_level=Level(level),
            epochs=epochs,
            at=work.now,
        )
        row = credential_of(work, member)
        event = CredentialRenewed(
            node=member,
            revision=next_revision(work, row.revision if row else None),
            user_jwt=user_jwt,
            expires=jwt.claims_of(user_jwt)["exp"],
        )
        self._telling.credential(work, event, epochs=dict(epochs))

    def _renew_due(self, work: Work) -> list[str]:
        due_from = int((work.now + self._renew_before).timestamp())
        epochs, renewed = known_epochs(work), []
        for member in self.admitted():
            row = credential_of(work, member.node)
            if row is None:
                continue
            issued_for = parse_canonical(row.epochs.encode())
            current = epochs.get(member.node, {})
            newer = any(epoch > issued_for.get(name, 1) for name, epoch in current.items())
            if row.expires <= due_from or newer:
                both = {
                    service: max(current.get(service, 1), issued_for.get(service, 1))
                    for service in FEDERATED
                }
                self.issue(work, member.node, member.level, leaf_key=row.leaf_key, epochs=both)
                renewed.append(str(member.node))
        return renewed

    def _all(self) -> list[KnownNode]:
        own = self._telling.own
        below = (
            Level.LOCAL if self._home.settings().level is Level.CONTINENTAL else (Level.CONTINENTAL)
        )
        return [
            known
            for known in self._trust.nodes()
            if known.admitted_by == own and known.node != own and known.level == below
        ]


def credential_of(work: Work, node: str) -> Any:
    """Return the row of a member's newest credential, or none."""
    table = tables.credential
    return work.execute(select(table).where(table.c.node == node)).one_or_none()


def known_epochs(work: Work) -> Mapping[str, EpochsOf]:
    """Return, by node, the newest epochs of public logs that its heads or its pages have shown."""
    found: dict[str, EpochsOf] = {}
    heads, logs = tables.LOG.announced_head, tables.LOG.peer_log
    rows = [
        *work.execute(select(heads.c.node, heads.c.service, heads.c.epoch)),
        *work.execute(
            select(logs.c.node, logs.c.service, logs.c.epoch).where(logs.c.log == Log.PUBLIC.value)
        ),
    ]
    for node, service, epoch in rows:
        of_node = found.setdefault(node, {})
        name = ServiceName(service)
        if name in FEDERATED:
            of_node[name] = max(of_node.get(name, 1), min(epoch, EPOCHS_MAX))
    return found


def _credentials(work: Work) -> list[Any]:
    return list(work.execute(select(tables.credential)))


def _moment(unix: int, now: datetime) -> datetime:
    return datetime.fromtimestamp(unix, tz=now.tzinfo)
