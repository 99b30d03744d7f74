"""Merkle trees over rolls and ballots: one root for all, and a short proof for each.

The shape is that of RFC 9162: a tree splits at the largest power of two below its size, so that
level by level neighbours are hashed together and an odd last one moves up as it is. The tags are
our own, and differ for leaves, nodes and the empty tree, so that none passes for another.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, ClassVar, Final, Self

from shared.refusals import Kind, Refusal

HASH_SIZE: Final = 32
"""The bytes of a leaf hash, a node and a root."""
TREE_SIZE_MAX: Final = 2**40
"""The most leaves of a tree; a proof has at most 40 steps."""

_LEAF: Final = b"twiza-merkle-leaf-1\n"
_NODE: Final = b"twiza-merkle-node-1\n"
_EMPTY: Final = b"twiza-merkle-empty-1\n"
_PAIR: Final = 2 * HASH_SIZE
_TAKEN_AT_ONCE: Final = 8_192

_sha256: Final = hashlib.sha256


class BadProof(Refusal):
    """What was handed in as a proof of inclusion has not the form of one."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-proof"
    title: ClassVar[str] = "This has not the form of a proof of inclusion"


@dataclass(frozen=True, slots=True)
class Proof:
    """The path from one leaf to the root of its tree.

    Args:
        index: the leaf's place, from 0.
        size: how many leaves the tree has.
        path: the neighbours on the way, the lowest first.
    """

    index: int
    size: int
    path: tuple[bytes, ...]

    @property
    def sides(self) -> tuple[str, ...]:
        """On which side of the way each neighbour stands: ``left`` or ``right``."""
        return _sides(self.index, self.size)

    def as_data(self) -> dict[str, Any]:
        """Return the proof as data of JSON; each step names its side, to be followed by hand."""
        steps = zip(self.sides, self.path, strict=True)
        return {
            "index": self.index,
            "size": self.size,
            "path": [{"side": side, "hash": one.hex()} for side, one in steps],
        }

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Self:
        """Return the proof that ``as_data`` has written.

        Raises:
            BadProof: it has another form, or sides that its place does not have.
        """
        try:
            index, size, steps = data["index"], data["size"], data["path"]
            path = tuple(bytes.fromhex(step["hash"]) for step in steps)
            sides = tuple(step["side"] for step in steps)
        except (KeyError, TypeError, ValueError) as error:
            raise BadProof(
                "a proof has an index, a size, and a path of sides and hashes"
            ) from error
        if type(index) is not int or type(size) is not int:
            raise BadProof("index and size are whole numbers")
        if not 0 <= index < size <= TREE_SIZE_MAX:
            raise BadProof("the index lies within the size")
        if any(len(one) != HASH_SIZE for one in path) or sides != _sides(index, size):
            raise BadProof("the path does not lead from this place to a root")
        return cls(index, size, path)


def leaf_hash(data: bytes) -> bytes:
    """Return the hash by which a thing stands in a tree."""
    return _sha256(_LEAF + data).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaves; that of none is a hash of its own.

    Args:
        leaves: what ``leaf_hash`` returned for each, in the tree's order.
    """
    level = _joined(leaves)
    if not level:
        return _sha256(_EMPTY).digest()
    while len(level) > HASH_SIZE:
        level = _above(level)
    return level


class Tree:
    """A tree that keeps its levels, for many proofs; 64 bytes for each leaf.

    Args:
        leaves: what ``leaf_hash`` returned for each, in the tree's order.
    """

    __slots__ = ("_levels", "root", "size")

    def __init__(self, leaves: Iterable[bytes]) -> None:
        levels = [_joined(leaves)]
        while len(levels[-1]) > HASH_SIZE:
            levels.append(_above(levels[-1]))
        self._levels = levels
        self.size: int = len(levels[0]) // HASH_SIZE
        self.root: bytes = levels[-1] or _sha256(_EMPTY).digest()

    def proof(self, index: int) -> Proof:
        """Return the proof of one leaf.

        Raises:
            IndexError: no leaf has this place.
        """
        if not 0 <= index < self.size:
            raise IndexError(f"leaf {index} of {self.size}")
        path: list[bytes] = []
        place = index
        for level in self._levels[:-1]:
            at = (place ^ 1) * HASH_SIZE
            if at < len(level):
                path.append(level[at : at + HASH_SIZE])
            place >>= 1
        return Proof(index, self.size, tuple(path))


def proof(leaves: Sequence[bytes], index: int) -> Proof:
    """Return the proof of one leaf; for many of one tree, ``Tree`` hashes once.

    Raises:
        IndexError: no leaf has this place.
    """
    return Tree(leaves).proof(index)


def verified(root: bytes, leaf: bytes, proof: Proof) -> bool:
    """Return whether a proof leads from a leaf to the root.

    Args:
        root: the root that was published.
        leaf: what ``leaf_hash`` returns for the thing itself.
        proof: of whatever origin; one that does not fit its own place leads nowhere.
    """
    if not 0 <= proof.index < proof.size <= TREE_SIZE_MAX:
        return False
    sides = proof.sides
    if len(sides) != len(proof.path):
        return False
    reached = leaf
    for side, one in zip(sides, proof.path, strict=True):
        pair = one + reached if side == "left" else reached + one
        reached = _sha256(_NODE + pair).digest()
    return reached == root


def _sides(index: int, size: int) -> tuple[str, ...]:
    sides: list[str] = []
    place, last = index, size - 1
    while last > 0:
        if place & 1:
            sides.append("left")
        elif place < last:
            sides.append("right")
        place, last = place >> 1, last >> 1
    return tuple(sides)


def _joined(leaves: Iterable[bytes]) -> bytes:
    """Return the leaves in one piece: a million lie in 32 MB, as objects they would take 90."""
    rest = iter(leaves)
    pieces: list[bytes] = []
    while some := list(islice(rest, _TAKEN_AT_ONCE)):
        # In a joined level a leaf of another length would shift all that follow it.
        if any(len(leaf) != HASH_SIZE for leaf in some):
            raise ValueError(f"a leaf is given by its hash of {HASH_SIZE} bytes")
        pieces.append(b"".join(some))
    return b"".join(pieces)


def _above(level: bytes) -> bytes:
    """Return the level above: pairs hashed, an odd last one as it is."""
    paired = len(level) // _PAIR * _PAIR
    step = _TAKEN_AT_ONCE * _PAIR
    pieces = (_pairs(level[at : min(at + step, paired)]) for at in range(0, paired, step))
    return b"".join(chain(pieces, (level[paired:],)))


def _pairs(piece: bytes) -> bytes:
    sha256, node, pair = _sha256, _NODE, _PAIR
    return b"".join(
        [sha256(node + piece[at : at + pair]).digest() for at in range(0, len(piece), pair)]
    )
