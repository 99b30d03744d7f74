"""Receipts: a voter's proof that a ballot was counted, which does not show what it says.

A receipt is the leaf of a ballot in the tree whose root is published at the close. It is made of
the ballot's id, a nonce and the canonical choice. A voter may bring the nonce along: then they can
see that the receipt is that of their own choice, and so can anybody whom they give the nonce to.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from sqlalchemy import bindparam, select

from services.governance.ballot_refusals import NoSuchReceipt
from services.governance.merkle import Proof, Tree, leaf_hash
from services.governance.tables.ballots import BALLOT_URN
from shared.canonical import canonical
from shared.paging import cursor_values
from shared.store import Prepared, Work

NONCE_BYTES: Final = 32
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_TAG: Final = b"twiza-ballot-1\n"


class Cast(NamedTuple):
    """A ballot as it lies in the urn: nothing of who cast it."""

    receipt: str
    nonce: str
    choice: str
    """The choice as canonical JSON."""


def receipt_of(ballot_id: str, nonce: str, choice: bytes) -> str:
    """Return the receipt of a ballot, in hex.

    Args:
        ballot_id: of the decision.
        nonce: 32 bytes in hex.
        choice: the canonical JSON of the canonical choice.
    """
    return leaf_hash(_TAG + canonical([ballot_id, nonce]) + b"\n" + choice).hex()


def is_hash(text: str) -> bool:
    """Return whether a text is 32 bytes in small hex digits."""
    return _HEX.fullmatch(text) is not None


def tree_of(receipts: Iterable[str]) -> Tree:
    """Return the tree of receipts that stand in their order."""
    return Tree(map(bytes.fromhex, receipts))


_OF_BALLOT: Final = Prepared(
    select(BALLOT_URN.c.receipt, BALLOT_URN.c.nonce, BALLOT_URN.c.choice)
    .where(BALLOT_URN.c.ballot_id == bindparam("of_ballot"))
    .order_by(BALLOT_URN.c.place)
)
_RECEIPTS: Final = Prepared(
    select(BALLOT_URN.c.receipt)
    .where(BALLOT_URN.c.ballot_id == bindparam("of_ballot"))
    .order_by(BALLOT_URN.c.place)
)


def urn(work: Work, ballot_id: str) -> list[Cast]:
    """Return the ballots of a closed urn, in the order of their receipts."""
    return [Cast(*row) for row in work.rows(_OF_BALLOT, {"of_ballot": ballot_id})]


def listed_receipts(
    work: Work, ballot_id: str, *, beginning: str, after: str | None, most: int
) -> list[tuple[int, str]]:
    """Return places and receipts of a closed ballot, in order.

    Args:
        beginning: the first hex digits of the receipts wanted; of all where it is empty. Who asks
            for a few that begin alike does not say which one is theirs.
        after: a cursor.
        most: how many.
    """
    query = (
        select(BALLOT_URN.c.place, BALLOT_URN.c.receipt)
        .where(BALLOT_URN.c.ballot_id == ballot_id)
        .order_by(BALLOT_URN.c.place)
        .limit(most)
    )
    if beginning:
        last = beginning + "g"
        query = query.where(BALLOT_URN.c.receipt >= beginning, BALLOT_URN.c.receipt < last)
    if after is not None:
        [place] = cursor_values(after, int)
        query = query.where(BALLOT_URN.c.place > min(place, 2**31 - 1))
    return [(row.place, row.receipt) for row in work.execute(query)]


def inclusion(work: Work, ballot_id: str, receipt: str) -> Proof:
    """Return the proof that a receipt stands under the root of its ballot.

    Raises:
        NoSuchReceipt: it does not.
    """
    places = _indexed(work, ballot_id)
    index = places.places.get(receipt)
    if index is None:
        raise NoSuchReceipt()
    return places.tree.proof(index)


class _Indexed(NamedTuple):
    tree: Tree
    places: dict[str, int]


def _indexed(work: Work, ballot_id: str) -> _Indexed:
    receipts = tuple(row[0] for row in work.rows(_RECEIPTS, {"of_ballot": ballot_id}))
    return _index(receipts)


@lru_cache(maxsize=2)
def _index(receipts: tuple[str, ...]) -> _Indexed:
    return _Indexed(tree_of(receipts), {one: place for place, one in enumerate(receipts)})
