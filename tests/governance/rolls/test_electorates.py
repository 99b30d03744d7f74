"""Who has a vote: persons, entities, both, groups; and nobody twice, whatever the register says."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from services.governance.electorates import (
    ENTITY,
    PERSON,
    Mandate,
    Member,
    Voter,
    assigned,
    voters,
)
from services.governance.rules import Electorate, ElectorateKind
from tests.governance.rolls.told import entity

BEFORE, SINCE, AT, LATER = "2023", "2024", "2026", "2027"
ARGAN, SAFRAN, TAPIS = entity(1), entity(2), entity(3)
PERSONS = Electorate(kind=ElectorateKind.PERSONS)
ENTITIES = Electorate(kind=ElectorateKind.ENTITIES)
MIXED = Electorate(kind=ElectorateKind.MIXED)


def member(id_: str, *groups: str, standing: str = "full", left_at: str = "") -> Member:
    return Member(id=id_, standing=standing, groups=groups, since=SINCE, left_at=left_at)


def mandate(person: str, of: str, begins: str = SINCE, until: str = "") -> Mandate:
    return Mandate(person, of, begins, until)


def names(found: list[Voter]) -> list[str]:
    return [one.voter for one in found]


def test_observers_and_those_who_have_left_or_come_later_have_no_vote() -> None:
    members = [
        member("amina"),
        member("badr", standing="observer"),
        member("chadia", left_at=AT),
        member("driss", left_at=LATER),
        Member(id="elif", standing="full", since=LATER),
        Member(id="fadma", standing="", since=SINCE, left_at=BEFORE),
        member(ARGAN),
    ]
    assert names(voters(PERSONS, members, [], AT)) == ["p:amina", "p:driss"]


def test_with_groups_only_their_members_vote() -> None:
    members = [member("amina", "worker"), member("badr", "user", "supporter"), member("chadia")]
    asked = Electorate(kind=ElectorateKind.PERSONS, groups=("worker", "supporter"))
    assert names(voters(asked, members, [], AT)) == ["p:amina", "p:badr"]
    assert voters(asked, members, [], AT)[1].groups == ("user", "supporter")


def test_an_entity_has_one_vote_by_the_delegate_who_has_held_the_mandate_longest() -> None:
    mandates = [mandate("badr", ARGAN), mandate("amina", ARGAN, begins=BEFORE)]
    found = voters(ENTITIES, [member(ARGAN), member("amina")], mandates, AT)
    assert found == [Voter(ENTITY + ARGAN, "amina", ())]


def test_an_entity_whose_mandates_are_over_has_a_vote_that_nobody_is_named_for() -> None:
    mandates = [mandate("badr", ARGAN, until=AT), mandate("amina", ARGAN, begins=LATER)]
    assert voters(ENTITIES, [member(ARGAN)], mandates, AT) == [Voter(ENTITY + ARGAN, "", ())]


def test_a_delegate_of_two_entities_acts_for_one_and_the_other_finds_somebody_else() -> None:
    mandates = [
        mandate("amina", ARGAN),
        mandate("amina", SAFRAN, begins=BEFORE),
        mandate("badr", SAFRAN),
    ]
    found = voters(ENTITIES, [member(ARGAN), member(SAFRAN)], mandates, AT)
    assert [(one.voter, one.acts) for one in found] == [
        (ENTITY + ARGAN, "amina"),
        (ENTITY + SAFRAN, "badr"),
    ]


def test_who_acts_for_an_entity_of_a_mixed_roll_has_no_vote_as_a_person_besides() -> None:
    members = [member("amina"), member("badr"), member(ARGAN)]
    found = voters(MIXED, members, [mandate("amina", ARGAN)], AT)
    assert found == [Voter(ENTITY + ARGAN, "amina", ()), Voter(PERSON + "badr", "badr", ())]


def test_a_delegate_with_no_vote_of_their_own_is_named_before_one_who_would_lose_it() -> None:
    members = [member("amina"), member(ARGAN)]
    mandates = [mandate("amina", ARGAN, begins=BEFORE), mandate("badr", ARGAN)]
    found = voters(MIXED, members, mandates, AT)
    assert found == [Voter(ENTITY + ARGAN, "badr", ()), Voter(PERSON + "amina", "amina", ())]


def test_the_subject_of_a_decision_can_be_left_out() -> None:
    members = [member("amina"), member(ARGAN), member(SAFRAN)]
    without = frozenset({ENTITY + ARGAN, PERSON + "amina"})
    found = voters(MIXED, members, [mandate("amina", ARGAN)], AT, without=without)
    assert names(found) == [ENTITY + SAFRAN]


def test_a_long_chain_of_delegates_is_resolved_so_that_every_entity_has_one() -> None:
    many = 3_000
    delegates = {f"e{at:05}": [f"p{at:05}", f"p{at - 1:05}"] for at in range(1, many)}
    delegates["e00000"] = ["p00000"]
    # Each would like the one that the next one has; only by moving all does the last find one.
    delegates["e99999"] = [f"p{many - 1:05}"]
    delegates["e00000"].append("p99999")
    found = assigned(delegates, delegates, own_vote=frozenset())
    assert len(found) == len(set(found.values())) == many + 1


people = st.sampled_from([f"person-{number}" for number in range(6)])
places = st.sampled_from([entity(number) for number in range(5)])
moments = st.sampled_from(["", BEFORE, SINCE, AT, LATER])
standings = st.sampled_from(["full", "observer", ""])
groups = st.lists(st.sampled_from(["worker", "user"]), max_size=2, unique=True).map(tuple)
members_of_any_kind = st.builds(
    Member,
    id=st.one_of(people, places),
    standing=standings,
    groups=groups,
    since=moments,
    left_at=moments,
)
registers = st.lists(members_of_any_kind, max_size=12, unique_by=lambda one: one.id)
histories = st.lists(st.builds(Mandate, people, places, moments, moments), max_size=14)
kinds = st.builds(Electorate, kind=st.sampled_from(ElectorateKind), groups=groups)


@settings(max_examples=150)
@given(kinds, registers, histories)
def test_a_person_stands_at_most_once_in_a_roll_and_an_entity_too(
    kind: Electorate, members: list[Member], mandates: list[Mandate]
) -> None:
    found = voters(kind, members, mandates, AT)
    acting = Counter(one.acts for one in found if one.acts)
    assert max(acting.values(), default=0) <= 1
    assert max(Counter(names(found)).values(), default=0) <= 1
    full = {one.id for one in members if one.votes(AT)}
    for one in found:
        assert one.voter[2:] in full
        if one.voter.startswith(ENTITY) and one.acts:
            holding = [each for each in mandates if each.holds(AT)]
            assert (one.acts, one.voter[2:]) in [(each.person, each.entity) for each in holding]


@given(kinds, registers, histories, st.randoms())
def test_the_order_in_which_the_register_is_read_changes_nothing(
    kind: Electorate, members: list[Member], mandates: list[Mandate], luck: object
) -> None:
    shuffled, mixed_up = list(members), list(mandates)
    luck.shuffle(shuffled)  # type: ignore[attr-defined]  # it is a Random
    luck.shuffle(mixed_up)  # type: ignore[attr-defined]  # it is a Random
    assert voters(kind, shuffled, mixed_up, AT) == voters(kind, members, mandates, AT)


@given(st.dictionaries(places, st.lists(people, max_size=4, unique=True), max_size=5))
def test_as_many_entities_as_can_be_have_somebody_who_acts(delegates: dict[str, list[str]]) -> None:
    found = assigned(delegates, delegates, own_vote=frozenset({"person-1", "person-2"}))
    best = 0
    for chosen in _choices(list(delegates.items())):
        best = max(best, len(chosen))
    assert len(found) == len(set(found.values())) == best


def _choices(rest: list[tuple[str, list[str]]], taken: tuple[str, ...] = ()) -> list[list[str]]:
    if not rest:
        return [list(taken)]
    (_, some), *others = rest
    found = _choices(others, taken)
    for who in some:
        if who not in taken:
            found += _choices(others, (*taken, who))
    return found
