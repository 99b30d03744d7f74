"""Revoked tokens: what the node's private logs say of them, and the answer that a gate needs.

Every service keeps the list in its own database and the ids in memory, so that asking costs
nothing. A token is put into memory before the page that revokes it is committed: if that commit
fails the page comes again, and nobody was let in meanwhile.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import insert

from shared.contracts.node import TokenRevoked
from shared.log.arrived import Arrived
from shared.log.projector import Projector
from shared.people import CLOCKS_DIFFER_MAX, Claims
from shared.store import Prepared, Store, Work

KEPT_AFTER_END: Final = CLOCKS_DIFFER_MAX + timedelta(days=1)
"""How long a revoked token stays listed after it has ended anyway."""


def revocation_table(metadata: MetaData) -> Table:
    """Return the table of revoked tokens, added to a service's own MetaData."""
    return Table(
        "revoked_token",
        metadata,
        Column("token_id", Text, primary_key=True),
        Column("expires", BigInteger, nullable=False),
    )


class Revocations:
    """The revoked tokens of this node, as one service knows them.

    An instance is what ``hosted(revoked=...)`` and ``Gate`` take: called with claims it answers
    whether the token was ended. ``follow`` before the service starts, ``load`` once it has its
    store.

    Args:
        table: what ``revocation_table`` returned.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._ids: set[str] = set()
        # SQLite's insert is used for its ON CONFLICT, which PostgreSQL writes the same way.
        self._keep = Prepared(
            insert(table).on_conflict_do_nothing(), columns=("token_id", "expires")
        )

    def __call__(self, claims: Claims) -> bool:
        """Return whether a token was ended before its time."""
        return claims.jti in self._ids

    def follow(self, projector: Projector) -> None:
        """Have a projector remember what the node's private log revokes."""
        projector.on(TokenRevoked, self._remember)

    async def load(self, store: Store) -> None:
        """Read what was revoked before this start, and forget what has ended anyway."""
        self._ids = set(await store.write(self._begin))

    def revoke(self, work: Work, token_id: str, *, expires: int) -> None:
        """End a token here, within the unit that announces it to the others."""
        work.run(self._keep, {"token_id": token_id, "expires": expires})
        self._ids.add(token_id)

    def _remember(self, work: Work, arrived: Sequence[Arrived[TokenRevoked]]) -> None:
        for told in arrived:
            self.revoke(work, told.event.token_id, expires=told.event.expires)

    def _begin(self, work: Work) -> list[str]:
        ended = int((work.now - KEPT_AFTER_END).timestamp())
        work.execute(delete(self._table).where(self._table.c.expires < ended))
        return list(work.execute(select(self._table.c.token_id)).scalars())
