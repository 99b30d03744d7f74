"""Rolls: who could vote on a ballot, frozen when it opens, with one root over salted leaves.

The root is told to everybody, and says nothing of who is in the roll: each leaf holds a salt that
only the node, the member and an auditor know, and the leaves lie in an order that is by chance.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from services.governance.electorates import Voter
from services.governance.merkle import leaf_hash
from shared.canonical import canonical
from shared.refusals import Kind, Refusal

SALT_SIZE: Final = 16


class NoRoll(Refusal):
    """A ballot has no roll, because there is none of that id or it has not opened."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "no-roll"
    title: ClassVar[str] = "This ballot has no roll yet"


class NotInRoll(Refusal):
    """Somebody has no vote on a ballot, neither their own nor as a delegate."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-in-roll"
    title: ClassVar[str] = "You have no vote here: the roll was made when the ballot opened"


class RollFrozen(Refusal):
    """A roll was to be made a second time, or changed."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "roll-frozen"
    title: ClassVar[str] = "The roll of this ballot is made already, and never changes"


class EmptyRoll(Refusal):
    """A ballot was to open in which nobody could vote."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "empty-roll"
    title: ClassVar[str] = "Nobody could vote: the register has no full member of this electorate"


class ActsForAnother(Refusal):
    """A person was to act for a second voter of one roll."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "acts-for-another"
    title: ClassVar[str] = "In one ballot a person acts for one voter only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """A frozen roll.

    Args:
        root: of its Merkle tree, in hex.
        size: how many votes there are.
        frozen_at: when, as a stamp.
        kind, groups: of which electorate it is.
    """

    ballot_id: str
    root: str
    size: int
    frozen_at: str
    kind: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One vote of a roll.

    Args:
        voter: ``p:<person>`` or ``e:<entity>``.
        acts: the person; for an entity, who was named when the roll was made, or nobody.
        groups: of the member, when the roll was made.
        place: the leaf's place in the tree.
        salt: what keeps the leaf from being guessed.
    """

    voter: str
    acts: str
    groups: tuple[str, ...]
    place: int = 0
    salt: bytes = b""

    def as_data(self, ballot_id: str) -> dict[str, Any]:
        """Return what the leaf is made of, as data of JSON."""
        return {
            "ballot": ballot_id,
            "voter": self.voter,
            "acts": self.acts,
            "groups": list(self.groups),
            "salt": self.salt.hex(),
        }

    def leaf(self, ballot_id: str) -> bytes:
        """Return the hash of the leaf: of the canonical JSON of ``as_data``."""
        return leaf_hash(canonical(self.as_data(ballot_id)))


def salted(ballot_id: str, voters: Iterable[Voter]) -> list[tuple[bytes, Entry]]:
    """Return the leaves of a roll in their order, each with its entry.

    The order is that of the hashes, which the salts make as good as drawn by lot.
    """
    leaves: list[tuple[bytes, Entry]] = []
    for one in voters:
        salt = secrets.token_bytes(SALT_SIZE)
        entry = Entry(voter=one.voter, acts=one.acts, groups=one.groups, salt=salt)
        leaves.append((entry.leaf(ballot_id), entry))
    leaves.sort(key=lambda pair: pair[0])
    return leaves
