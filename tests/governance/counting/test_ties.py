"""The public lot: anybody can draw it again."""

import hashlib

from services.governance.counting.ties import Lots, lot
from services.governance.rules import Ties
from tests.governance.counting.samples import BALLOT, SEED


def lots(ties: Ties = Ties.LOT) -> Lots:
    return Lots(ballot_id=BALLOT, seed=SEED, options=["b", "a", "c"], ties=ties)


def test_a_lot_is_the_hash_of_ballot_seed_and_option() -> None:
    by_hand = hashlib.sha256(f"{BALLOT}{SEED}olive-press".encode()).hexdigest()
    assert lot(BALLOT, SEED, "olive-press") == by_hand


def test_the_smallest_lot_comes_first() -> None:
    by_hand = sorted(
        "abc", key=lambda code: hashlib.sha256(f"{BALLOT}{SEED}{code}".encode()).digest()
    )
    drawn = lots()
    assert drawn.ranked("cab", why="election", at=2) == by_hand
    assert drawn.drawn[0]["candidates"] == by_hand
    assert drawn.drawn[0]["lots"] == [lot(BALLOT, SEED, code) for code in by_hand]


def test_one_alone_needs_no_lot_and_is_not_noted() -> None:
    drawn = lots()
    assert (drawn.first("a", why="election"), drawn.last("a", why="election")) == ("a", "a")
    assert drawn.drawn == []


def test_the_list_decides_where_a_rule_says_so() -> None:
    drawn = lots(Ties.LISTED)
    assert drawn.ordered("abc") == ["b", "a", "c"]
    assert drawn.last("abc", why="elimination") == "c"
    assert drawn.drawn[0]["lots"] == []
