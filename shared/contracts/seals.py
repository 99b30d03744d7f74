"""The seal of a network on its part of a ballot between networks, and what stands in it.

A seal holds sums and hashes: no ballot, no name, no pseudonym of a member. It carries a signature
of its own, because it travels outside of pages too: by letter, on a stick, as a picture.
"""

import hashlib
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.canonical import canonical
from shared.contracts.log import Epoch, PageNumber, Sha256
from shared.contracts.rings import Node, Stamp

OPTIONS_MAX: Final = 200
"""How many options a ballot between networks has at most."""
CHUNKS_MAX: Final = 400
NODES_MAX: Final = 1_000
"""How many networks a ballot has at most."""

BallotId = Annotated[
    str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?:[0-9a-f-]{36}$", max_length=69)
]
"""``<node>:<uuid7>`` of the network that has called the ballot."""
Count = Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
"""A short name of an option, a ground, a matter: small letters, digits and hyphens."""
Signature = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{86}$")]
"""64 bytes as base64url without padding."""
Counts = Annotated[tuple[Count, ...], Field(max_length=OPTIONS_MAX)]
Scheme = Literal["open", "custody", "blind", "homomorphic"]
"""How the ballots under a seal are kept apart from who cast them; the last two are reserved."""

SEAL_TAG: Final = b"twiza/seal/1\n"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Tally(_Part):
    """What the valid ballots of one network say, in whole numbers; by the method one of these.

    Lists go by the options in the order of the notice.

    Args:
        yes, no: of a yes or no.
        consent, aside, objecting: of a question of consent.
        ballots: how many ballots name something, where options are chosen, graded or ranked.
        approvals: how many ballots name each option.
        sums: the sum of the grades of each option.
        graded: how many ballots grade each option.
        pairs: how many ballots put the one of the row before the one of the column.
        chunks: the hashes of the numbered chunks in which the classes of equal ballots are told.
        sign: 1, 0 or -1: whether yes or no was more, where more than that cannot be said.
        order: the options from first to last, equals together, where no more can be said.
        pooled: the sister network whose seal holds these ballots, too.
        pools: the sister networks whose ballots this seal holds, too.
    """

    yes: Count | None = None
    no: Count | None = None
    consent: Count | None = None
    aside: Count | None = None
    objecting: Count | None = None
    ballots: Count | None = None
    approvals: Counts = ()
    sums: Counts = ()
    graded: Counts = ()
    pairs: Annotated[tuple[Counts, ...], Field(max_length=OPTIONS_MAX)] = ()
    chunks: Annotated[tuple[Sha256, ...], Field(max_length=CHUNKS_MAX)] = ()
    sign: Literal[-1, 0, 1] | None = None
    order: Annotated[tuple[tuple[Code, ...], ...], Field(max_length=OPTIONS_MAX)] = ()
    pooled: Node | None = None
    pools: Annotated[tuple[Node, ...], Field(max_length=10)] = ()


class SealHead(_Part):
    """The last page of the network's log of decisions when it made the seal."""

    epoch: Epoch
    page: PageNumber
    hash: Sha256


class Seal(_Part):
    """What a network says of its part of a ballot, once and for all.

    Args:
        node: the network whose members have voted.
        roll_epoch, roll_root, roll_size: the roll that was sealed before the opening.
        issued: how many could take a ballot; at most the roll.
        cast: how many ballots there are, blank and invalid ones included. The four numbers are left
            out where fewer voted than the floor below which a number would show a vote.
        ballots_root: the root over all ballots; each receipt leads to it.
        closed_at: when voting ended, by the network's clock.
        signature: by the key of the network's service of decisions, over ``statement()``.
    """

    ballot_id: BallotId
    rule_hash: Sha256
    charter_hash: Sha256
    node: Node
    roll_epoch: Epoch
    roll_root: Sha256
    roll_size: Count
    issued: Count | None = None
    cast: Count | None = None
    blank: Count | None = None
    invalid: Count | None = None
    ballots_root: Sha256
    tally: Tally
    closed_at: Stamp
    head: SealHead
    scheme: Scheme = "custody"
    signature: Signature

    def __hash__(self) -> int:
        """Return a number for tables in memory, from the fields that tell seals apart."""
        return hash((self.signature, self.node, self.cast, self.closed_at))

    def as_data(self) -> dict[str, Any]:
        """Return the seal as it stands in an event: what has its default is left out."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def statement(self) -> bytes:
        """Return the bytes that are signed: the tag, and the canonical seal without signature."""
        return _statement(self)

    def canonical(self) -> bytes:
        """Return the canonical bytes of the seal with its signature, by which it is known."""
        return _canonical(self)

    @property
    def hash(self) -> str:
        """The SHA-256 of the canonical seal with its signature, in hex."""
        return _hash(self)


# A seal is looked at many times, and never changes.
@lru_cache(maxsize=4_096)
def _statement(seal: Seal) -> bytes:
    data = seal.as_data()
    data.pop("signature", None)
    return SEAL_TAG + canonical(data)


@lru_cache(maxsize=4_096)
def _canonical(seal: Seal) -> bytes:
    return canonical(seal.as_data())


@lru_cache(maxsize=4_096)
def _hash(seal: Seal) -> str:
    return hashlib.sha256(_canonical(seal)).hexdigest()
