"""What holds for every budget, by whichever rule it is counted."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from services.governance.counting.budgets.add1 import add1
from services.governance.counting.budgets.counting import How, count_election, funded
from services.governance.counting.budgets.equal_shares import equal_shares
from services.governance.counting.budgets.greedy import eligible
from services.governance.counting.budgets.model import Election, Project, election
from services.governance.counting.budgets.phragmen import phragmen
from services.governance.counting.ties import Lots
from services.governance.rules import BudgetCount, Ties
from services.governance.tally import counted
from tests.governance.budgets.samples import (
    elections,
    poll,
    slow_phragmen,
    slow_shares,
    voters_of,
)

HOWS = st.builds(
    How,
    count=st.sampled_from(BudgetCount),
    threshold=st.integers(0, 3),
    add1=st.booleans(),
    then_greedy=st.booleans(),
)
FEW = settings(max_examples=60, deadline=None)


@FEW
@given(elections(), HOWS)
def test_no_rule_spends_more_than_there_is_or_funds_what_nobody_wants(
    of: Election, how: How
) -> None:
    found = funded(of, how, range(len(of.projects)))
    assert of.cost_of(found.chosen) <= of.total
    assert len(set(found.chosen)) == len(found.chosen)
    assert all(of.scores[at] >= max(1, how.threshold) for at in found.chosen)


@FEW
@given(elections(points=True), st.booleans(), st.integers(0, 9))
def test_equal_shares_follow_their_definition(of: Election, cardinality: bool, raised: int) -> None:
    among = eligible(of)
    run = equal_shares(of, min, among=among, cardinality=cardinality, raised=raised, step=1)
    each = run.each
    chosen, purses = slow_shares(of, among, cardinality=cardinality, each=each)
    assert list(run.chosen) == chosen
    assert all(0 <= purse <= each for purse in purses)
    assert sum(purses) == each * of.voters - of.cost_of(run.chosen)


@FEW
@given(elections(projects=8), st.booleans())
def test_equal_shares_of_approvals_follow_their_definition(of: Election, cardinality: bool) -> None:
    among = eligible(of)
    run = equal_shares(of, min, among=among, cardinality=cardinality)
    chosen, _ = slow_shares(of, among, cardinality=cardinality, each=run.each)
    assert list(run.chosen) == chosen
    assert run.each * of.voters <= of.total or not of.voters


@FEW
@given(elections())
def test_nobody_pays_more_than_a_share(of: Election) -> None:
    run = equal_shares(of, min, among=eligible(of))
    paid = [Fraction(0) for _ in range(of.voters)]
    for purchase in run.purchases:
        collected = Fraction(0)
        for one, points in enumerate(voters_of(of)):
            if purchase.at in points:
                pays = min(purchase.pays, run.each - paid[one])
                paid[one] += pays
                collected += pays
        assert collected == of.projects[purchase.at].cost
    assert all(one <= run.each for one in paid)


@FEW
@given(elections(points=True, projects=5), st.booleans())
def test_skipped_steps_of_add1_change_nothing(of: Election, cardinality: bool) -> None:
    among = eligible(of)
    fast = add1(of, min, among=among, cardinality=cardinality)
    slow = add1(of, min, among=among, cardinality=cardinality, one_by_one=True)
    assert (fast.run.purchases, fast.steps) == (slow.run.purchases, slow.steps)
    assert fast.run.ties == slow.run.ties
    assert fast.runs <= slow.runs * 3 // 2 + 2


@FEW
@given(elections(projects=8))
def test_phragmen_follows_its_definition(of: Election) -> None:
    among = eligible(of)
    assert list(phragmen(of, min, among=among).chosen) == slow_phragmen(of, among)


@FEW
@given(elections(), HOWS, st.randoms(use_true_random=False))
def test_the_order_of_projects_and_names_does_not_matter(
    of: Election, how: How, luck: object
) -> None:
    places = list(range(len(of.projects)))
    luck.shuffle(places)  # type: ignore[attr-defined]  # it is a Random
    moved = election(
        [of.projects[at] for at in places],
        of.total,
        [(sorted(places.index(at) for at in one), (), 1) for one in voters_of(of)],
    )
    lots = [
        Lots(ballot_id="b", seed="5eed", options=one.codes, ties=Ties.LOT) for one in (of, moved)
    ]
    first = count_election(of, how, lots=lots[0])
    second = count_election(moved, how, lots=lots[1])
    assert first.winners == second.winners
    assert first.ties == second.ties
    assert first.rounds[1:] == second.rounds[1:]


@FEW
@given(elections(), HOWS)
def test_only_the_order_among_equals_can_change_an_outcome(of: Election, how: How) -> None:
    there = range(len(of.projects))
    found = funded(of, how, there)
    other = funded(of, how, [-at for at in there])
    if not found.ties:
        assert sorted(found.chosen) == sorted(other.chosen)


@FEW
@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from("abcd"), unique=True).map(sorted), st.integers(1, 5)),
        max_size=6,
    ),
    st.sampled_from(BudgetCount),
    st.randoms(use_true_random=False),
)
def test_the_order_of_ballots_changes_no_byte(
    said: list[tuple[list[str], int]], count: BudgetCount, luck: object
) -> None:
    asked = poll({"total": 50, "count": count.value}, {"a": 20, "b": 10, "c": 25, "d": 25})
    together = [
        ({"options": options} if options else {"blank": True}, number) for options, number in said
    ]
    apart = [(choice, 1) for choice, number in together for _ in range(number)]
    luck.shuffle(apart)  # type: ignore[attr-defined]  # it is a Random
    assert counted(asked, together).hash == counted(asked, apart).hash


def test_twice_the_money_and_twice_the_voters_fund_the_same() -> None:
    made = [Project(code=f"p{at}", cost=cost) for at, cost in enumerate((30, 20, 25, 5))]
    said = [((0, 1), (), 4), ((1, 2), (), 3), ((3,), (), 1), ((0, 3), (), 2)]
    twice = [Project(code=one.code, cost=2 * one.cost) for one in made]
    for count in BudgetCount:
        how = How(count=count)
        once = funded(election(made, 60, said), how, range(4))
        more = funded(
            election(twice, 120, [(one[0], (), 2 * one[2]) for one in said]), how, range(4)
        )
        assert once.chosen == more.chosen
