"""Drawing people by lot: seats by the size of groups, and a lot that anybody can draw again."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.governance.counting.sortition import PoolTooSmall, drawn

SEED = "c0ffee"
POOL = {
    "north": [f"n{at}" for at in range(10)],
    "south": [f"s{at}" for at in range(5)],
    "islands": [f"i{at}" for at in range(2)],
}


def test_seats_follow_the_size_of_groups() -> None:
    found = drawn(POOL, 7, SEED)
    # 10, 5 and 2 of 17: 4.12, 2.06 and 0.82 seats.
    assert dict(found.seats) == {"islands": 1, "north": 4, "south": 2}
    assert {group: len(chosen) for group, chosen in found.chosen.items()} == dict(found.seats)


def test_the_lot_can_be_drawn_again_by_hand() -> None:
    found = drawn(POOL, 7, SEED)
    by_hand = sorted(
        POOL["north"], key=lambda one: hashlib.sha256(f"{SEED}{one}".encode()).hexdigest()
    )
    assert list(found.chosen["north"]) == by_hand[:4]
    assert list(found.substitutes["north"]) == by_hand[4:]


def test_seats_that_a_small_pool_cannot_fill_go_to_the_others() -> None:
    found = drawn(
        {"women": ["a", "b"], "men": ["c", "d", "e", "f"]}, 5, SEED, sizes={"women": 60, "men": 40}
    )
    assert dict(found.seats) == {"men": 3, "women": 2}


def test_a_group_without_a_size_is_drawn_from_only_when_nobody_else_is_left() -> None:
    found = drawn({"a": ["x"], "b": ["y", "z"]}, 2, SEED, sizes={"a": 1, "b": 0})
    assert dict(found.seats) == {"a": 1, "b": 1}


def test_more_seats_than_people_are_refused() -> None:
    with pytest.raises(PoolTooSmall):
        drawn(POOL, 18, SEED)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 7), min_size=1),
    st.integers(0, 28),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9)),
    st.text("0123456789abcdef", min_size=1, max_size=8),
)
def test_everybody_is_drawn_once_and_only_the_seed_decides(
    sizes: dict[str, int], seats: int, weights: dict[str, int], seed: str
) -> None:
    pool = {group: [f"{group}{at}" for at in range(size)] for group, size in sizes.items()}
    seats = min(seats, sum(sizes.values()))
    outside = {group: weights.get(group, 0) for group in pool} if weights else None
    found = drawn(pool, seats, seed, sizes=outside)
    other = drawn(
        {group: pool[group][::-1] for group in reversed(pool)}, seats, seed, sizes=outside
    )
    assert found == other
    assert sum(found.seats.values()) == seats
    assert all(found.seats[group] <= len(pool[group]) for group in pool)
    for group, members in pool.items():
        assert sorted((*found.chosen[group], *found.substitutes[group])) == sorted(members)
