"""Secrecy by custody: identity and ballot lie apart, and what joins them is destroyed at the close.

A slip lies under a keyed hash of its voter, so that a vote can be changed while the ballot is open
and is one vote all the same. The key is random, of one ballot, and lies in a table of its own.
Whoever runs the node could use it until the close; nobody can afterwards.
"""

import hmac
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import Table, bindparam, delete, insert, select, text

from services.governance.tables.ballots import BALLOT_KEY, BALLOT_SLIP, BALLOT_WORD, PAPER_MARK
from shared.store import Prepared, Work

KEY_BYTES: Final = 32
_INSERT: Final = Prepared(insert(BALLOT_KEY), columns=("ballot_id", "key"))
_FIND: Final = Prepared(
    select(BALLOT_KEY.c.key).where(BALLOT_KEY.c.ballot_id == bindparam("of_ballot"))
)
_ERASED: Final[tuple[Table, ...]] = (BALLOT_KEY, BALLOT_WORD, BALLOT_SLIP, PAPER_MARK)
"""What no longer exists once a ballot is closed.

The key comes first, as for everybody who casts or enters: a close waits for those who have it, and
whoever comes later waits for the close before they have anything that it needs.
"""


def make_key(work: Work, ballot_id: str) -> None:
    """Give a ballot its key."""
    work.run(_INSERT, {"ballot_id": ballot_id, "key": token_hex(KEY_BYTES)})


def key_of(work: Work, ballot_id: str) -> bytes:
    """Return the key of a ballot that is open."""
    [(key,)] = work.rows(_FIND, {"of_ballot": ballot_id})
    return bytes.fromhex(key)


def hidden(key: bytes, what: str, *parts: str) -> str:
    """Return the keyed hash under which something lies, in hex.

    Args:
        key: of the ballot.
        what: of which sort it is: ``voter``, ``slip``, ``mark``, ``nonce``, ``word``.
        parts: what is hidden; none of them holds a line feed.
    """
    assert not any("\n" in part for part in parts)
    return hmac.digest(key, "\n".join((what, *parts)).encode(), "sha256").hex()


def erase(work: Work, ballot_id: str) -> None:
    """Destroy a ballot's key, its slips and its tellers' marks, once the urn holds the ballots.

    A row that is merely deleted stays on the disk until something is written over it. On SQLite
    the bytes are overwritten; on a server the tables are emptied, which gives up their files, and
    what belongs to other ballots is written anew.
    """
    if work.dialect.name == "sqlite":
        work.execute(text("PRAGMA secure_delete = ON"))
        for table in _ERASED:
            work.execute(delete(table).where(table.c.ballot_id == ballot_id))
        return
    for table in _ERASED:
        work.execute(text(f"LOCK TABLE {table.name} IN ACCESS EXCLUSIVE MODE"))
        rows = _others(work, table, ballot_id)
        work.execute(text(f"TRUNCATE {table.name}"))
        if rows:
            work.execute(insert(table), rows)


def _others(work: Work, table: Table, ballot_id: str) -> list[dict[str, Any]]:
    query = select(table).where(table.c.ballot_id != ballot_id).order_by(*table.primary_key.columns)
    return [dict(row) for row in work.execute(query).mappings()]
