"""Merkle trees: the shape of RFC 9162, and proofs that hold for their own leaf alone."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.governance.merkle import (
    BadProof,
    Proof,
    Tree,
    leaf_hash,
    proof,
    root,
    verified,
)


def _leaves(count: int) -> list[bytes]:
    return [leaf_hash(f"leaf {number}".encode()) for number in range(count)]


def _by_the_book(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, with our tags: split at the largest power of two below the size."""
    if not leaves:
        return hashlib.sha256(b"twiza-merkle-empty-1\n").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    both = _by_the_book(leaves[:split]) + _by_the_book(leaves[split:])
    return hashlib.sha256(b"twiza-merkle-node-1\n" + both).digest()


@pytest.mark.parametrize("size", [*range(70), 127, 128, 129, 1000])
def test_a_tree_has_the_shape_of_the_standard(size: int) -> None:
    leaves = _leaves(size)
    assert root(leaves) == _by_the_book(leaves)
    assert Tree(iter(leaves)).root == root(leaves)


def test_a_tree_larger_than_what_is_hashed_at_once_has_it_too() -> None:
    leaves = _leaves(3 * 8_192 + 5)
    assert root(leaves) == _by_the_book(leaves)


@pytest.mark.parametrize("size", range(1, 40))
def test_each_leaf_has_a_proof_that_holds(size: int) -> None:
    leaves = _leaves(size)
    tree = Tree(leaves)
    for index, leaf in enumerate(leaves):
        shown = tree.proof(index)
        assert shown == proof(leaves, index)
        assert verified(tree.root, leaf, shown)
        assert Proof.of_data(shown.as_data()) == shown


@given(st.integers(2, 60), st.data())
def test_a_proof_holds_for_no_other_leaf_place_or_path(size: int, data: st.DataObject) -> None:
    leaves = _leaves(size)
    tree = Tree(leaves)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda one: one != index))
    step = data.draw(st.integers(0, len(tree.proof(index).path) - 1))
    shown = tree.proof(index)
    bent = list(shown.path)
    bent[step] = bytes(32)
    assert not verified(tree.root, leaves[other], shown)
    assert not verified(tree.root, leaves[index], Proof(index, size, tuple(bent)))
    assert not verified(tree.root, leaves[index], Proof(index, size, shown.path[:-1]))
    assert not verified(tree.root, leaves[index], Proof(index, size, (*shown.path, bytes(32))))
    assert not verified(bytes(32), leaves[index], shown)


def test_a_proof_with_a_place_outside_its_tree_leads_nowhere() -> None:
    leaves = _leaves(4)
    tree = Tree(leaves)
    path = tree.proof(1).path
    assert not verified(tree.root, leaves[1], Proof(-1, 4, path))
    assert not verified(tree.root, leaves[1], Proof(4, 4, path))
    assert not verified(tree.root, leaves[1], Proof(0, 2**60, path))


def test_a_node_does_not_pass_for_a_leaf() -> None:
    left, right = _leaves(2)
    assert leaf_hash(left + right) != root([left, right])


def test_the_order_of_the_leaves_matters() -> None:
    leaves = _leaves(5)
    assert root(leaves) != root(leaves[::-1])


def test_a_leaf_that_was_not_hashed_is_an_error() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        root([b"a vote"])


def test_a_place_that_no_leaf_has_is_an_error() -> None:
    with pytest.raises(IndexError):
        Tree(_leaves(3)).proof(3)
    with pytest.raises(IndexError):
        proof(_leaves(3), -1)


_FINE: dict[str, Any] = proof(_leaves(5), 2).as_data()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {**_FINE, "index": 5},
        {**_FINE, "index": True},
        {**_FINE, "size": "5"},
        {**_FINE, "size": 2**60},
        {**_FINE, "path": _FINE["path"][:-1]},
        {**_FINE, "path": 7},
        {**_FINE, "path": [{"side": "left", "hash": "zz"}]},
        {**_FINE, "path": [{**step, "side": "left"} for step in _FINE["path"]]},
        {**_FINE, "path": [{**step, "hash": step["hash"][2:]} for step in _FINE["path"]]},
    ],
)
def test_what_has_not_the_form_of_a_proof_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(BadProof):
        Proof.of_data(data)
