"""Votes that others carry: scoped, revocable, capped, and never against the owner's own vote."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.governance.counting.delegation import Given, Why, carried
from services.governance.rules import Rule

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def gives(pair: str, *, day: int = 10, scope: str = "care", revoked: bool = False) -> Given:
    """Return a delegation from ``a>b``, given some days ago."""
    giver, holder = pair.split(">")
    return Given(
        giver=giver,
        holder=holder,
        scope=scope,
        given_at=NOW - day * DAY,
        until=NOW + DAY,
        revoked_at=NOW if revoked else None,
    )


def settled(
    *given_ones: Given, voted: str, held_max: int = 3, transitive: bool = False
) -> dict[str, str]:
    found = carried(
        given_ones, list(voted), scope="care", at=NOW, held_max=held_max, transitive=transitive
    )
    return dict(found.by) | {giver: why.value for giver, why in found.abstaining.items()}


def test_a_rule_has_no_delegation_unless_it_says_so() -> None:
    assert Rule.model_validate({"method": "yes-no"}).delegation is None


def test_a_vote_is_carried_by_its_holder_and_the_own_vote_goes_before() -> None:
    assert settled(gives("a>b"), voted="b") == {"a": "b"}
    assert settled(gives("a>b"), voted="ab") == {}


def test_other_scopes_past_ones_and_those_taken_back_do_not_count() -> None:
    assert settled(gives("a>b", scope="money"), voted="b") == {}
    assert settled(gives("a>b", revoked=True), voted="b") == {}
    assert settled(gives("a>b", day=-2), voted="b") == {}
    assert settled(gives("a>a"), voted="b") == {}


def test_the_latest_of_two_counts() -> None:
    assert settled(gives("a>b", day=9), gives("a>c", day=3), voted="bc") == {"a": "c"}


def test_a_holder_carries_no_more_than_the_rule_bears_and_the_earliest_come_first() -> None:
    given_ones = [gives("a>z", day=1), gives("b>z", day=5), gives("c>z", day=3)]
    assert settled(*given_ones, voted="z", held_max=2) == {
        "b": "z",
        "c": "z",
        "a": Why.HOLDER_FULL.value,
    }


def test_a_vote_is_not_handed_on_unless_chains_are_followed() -> None:
    chain = [gives("a>b"), gives("b>c")]
    assert settled(*chain, voted="c") == {"a": "holder-did-not-vote", "b": "c"}
    assert settled(*chain, voted="c", transitive=True) == {"a": "c", "b": "c"}


def test_a_circle_is_an_abstention() -> None:
    circle = [gives("a>b"), gives("b>c"), gives("c>a"), gives("d>a")]
    assert settled(*circle, voted="z", transitive=True) == dict.fromkeys("abcd", "circle")
    assert settled(*circle, voted="c", transitive=True) == {"a": "c", "b": "c", "d": "c"}


def test_holders_are_listed_with_what_they_carry() -> None:
    found = carried(
        [gives("a>z"), gives("b>z"), gives("c>y")], ["y", "z"], scope="care", at=NOW, held_max=9
    )
    assert found.holders == [("z", 2), ("y", 1)]


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.integers(1, 9))),
    st.sets(st.sampled_from("abcdef")),
    st.integers(1, 3),
    st.booleans(),
)
def test_nobody_is_counted_twice_and_no_holder_carries_too_many(
    pairs: list[tuple[str, str, int]], voted: set[str], held_max: int, transitive: bool
) -> None:
    given_ones = [gives(f"{giver}>{holder}", day=day) for giver, holder, day in pairs]
    found, other = (
        carried(one, voted, scope="care", at=NOW, held_max=held_max, transitive=transitive)
        for one in (given_ones, given_ones[::-1])
    )
    assert found == other
    assert not voted & set(found.by)
    assert not set(found.by) & set(found.abstaining)
    assert set(found.by.values()) <= voted
    assert all(votes <= held_max for _, votes in found.holders)
