"""Charters: what stands in them, who has signed, and which rights follow from that."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.governance.federated.charter import (
    LANGUAGES,
    VALUES,
    BadCharter,
    Charter,
    CompetenceLevel,
    Parameters,
    Rights,
    chained,
    charter_of,
    preamble,
    rights,
    secrecy_statement,
)
from services.governance.federated.competence import above, competent_level, returned
from services.governance.federated.draws import drawn, drawn_entries
from services.governance.federated.policies import (
    Bar,
    FederatedRule,
    OptionsBy,
    Policy,
    fallback_of,
    reached,
)
from services.governance.rules import Method, Rule, Share, Threshold
from shared.clock import stamp
from shared.contracts.charters import CharterAdopted, CharterLeft, CharterPublished
from tests.governance.federated.kit import ASSOCIATION, HEX, NOTICED, digest, rule_of
from tests.governance.federated.kit import charter_of as made

DAY = timedelta(days=1)


def second(first: Charter, **more: Any) -> Charter:
    return made(**({"number": 2, "previous": first.hash} | more))


def adopted(charter: Charter, node: str = "lima", **more: Any) -> CharterAdopted:
    fields: dict[str, Any] = {
        "association": ASSOCIATION,
        "node": node,
        "number": charter.number,
        "charter_hash": charter.hash,
        "adopted_at": stamp(NOTICED),
        "signature": "A" * 86,
    }
    return CharterAdopted(**(fields | more))


def published(charter: Charter, /, **more: Any) -> CharterPublished:
    fields: dict[str, Any] = {
        "association": ASSOCIATION,
        "node": "adrar",
        "number": charter.number,
        "charter": charter.as_data(),
        "charter_hash": charter.hash,
    }
    return CharterPublished(**(fields | more))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_preamble_says_every_value_in_five_languages(language: str) -> None:
    found = preamble(language)
    assert tuple(sorted(found["values"])) == tuple(sorted(VALUES))
    assert found["opening"]
    assert all(one["name"] and one["sentence"] for one in found["values"].values())
    assert len({one["sentence"] for one in found["values"].values()}) == len(VALUES)
    assert preamble(f"{language}-XX") == found


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_secrecy_protects_against_and_what_not_is_said_in_five_languages(
    language: str,
) -> None:
    assert len(secrecy_statement(language)) == 6
    assert len({secrecy_statement(one) for one in LANGUAGES}) == len(LANGUAGES)
    assert secrecy_statement("xx") == secrecy_statement("en")


@pytest.mark.parametrize(
    "fields",
    [
        {"languages": ("fr", "fr")},
        {"texts": {"fr": HEX}},
        {"authoritative": "es"},
        {"rules": {"unheard-of": rule_of()}},
        {"previous": HEX},
        {"number": 2},
        {"association": "adrar"},
        {"competence": {"Not A Code": "network"}},
        {"competence": {"fund": "planet"}},
    ],
)
def test_a_charter_whose_parts_do_not_go_together_is_none(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(**fields)


def test_seals_are_shown_before_the_grace_is_over() -> None:
    with pytest.raises(ValidationError):
        Parameters(grace_s=10, reveal_s=11)


def test_a_charter_is_known_by_the_hash_of_all_of_it() -> None:
    charter = made()
    assert charter_of(published(charter)) == charter
    assert made(parameters=Parameters(floor=6)).hash != charter.hash
    for wrong in (
        {"charter_hash": digest("other")},
        {"number": 3},
        {"association": ASSOCIATION.replace("aa", "ab")},
        {"node": "lima"},
        {"charter": {"number": 1}},
    ):
        with pytest.raises(BadCharter):
            charter_of(published(charter, **wrong))


def test_versions_follow_each_other_and_a_fork_ends_the_chain() -> None:
    first = made()
    then = second(first)
    third = made(number=3, previous=then.hash)
    assert chained([third, first, then]) == (first, then, third)
    assert chained([third, first]) == (first,)
    other = second(first, objections=("harm",))
    assert chained([first, then, other]) == (first,)
    assert chained([made(number=5, previous=first.hash), first]) == (first,)


def test_who_signs_is_a_full_member_and_who_does_not_observes_for_a_time() -> None:
    first = made()
    then = second(first)
    at = {first.hash: NOTICED, then.hash: NOTICED + 10 * DAY}

    def of(network: str, day: int, *signed: CharterAdopted, left: int | None = None) -> Rights:
        gone = (
            []
            if left is None
            else [CharterLeft(association=ASSOCIATION, node=network, left_at=_day(left))]
        )
        now = NOTICED + day * DAY
        return rights([first, then], signed, gone, network, published_at=at, now=now)

    assert of("lima", 20, adopted(first), adopted(then)) is Rights.FULL
    assert of("lima", 20, adopted(first)) is Rights.OBSERVER
    assert of("lima", 189, adopted(first)) is Rights.OBSERVER
    assert of("lima", 190, adopted(first)) is Rights.NONE
    assert of("lima", 20) is Rights.NONE
    assert of("lima", 20, adopted(then, "souss")) is Rights.NONE
    assert of("lima", 20, adopted(then), left=5) is Rights.NONE
    again = adopted(then, adopted_at=_day(7))
    assert of("lima", 20, again, left=5) is Rights.FULL
    kept = adopted(then, "adrar", leg="dakar")
    assert of("dakar", 20, kept) is Rights.FULL
    assert of("adrar", 20, kept) is Rights.NONE


def _day(number: int) -> str:
    return stamp(NOTICED + number * DAY)


def test_a_matter_belongs_to_the_lowest_level_that_can_decide_it() -> None:
    charter = made()
    assert competent_level(charter, "purchasing") is CompetenceLevel.NETWORK
    assert competent_level(charter, "unheard-of") is CompetenceLevel.ENTITY
    assert above("entity") is CompetenceLevel.NETWORK
    assert above("intercontinental") is None


@pytest.mark.parametrize(
    ("networks", "of", "is_enough"),
    [(0, 5, 0), (1, 5, 0), (2, 5, 1), (2, 6, 1), (3, 10, 0), (4, 10, 1)],
)
def test_a_third_returns_a_ballot(networks: int, of: int, is_enough: int) -> None:
    assert returned(networks, of, Share(n=1, d=3)) is bool(is_enough)


@pytest.mark.parametrize(
    "fields",
    [
        {"policy": Policy.CONSENT},
        {"policy": Policy.OPTIONS},
        {"policy": Policy.DOUBLE, "rule": Rule(method=Method.SCHULZE)},
        {"policy": Policy.DOUBLE, "rule": Rule(method=Method.YES_NO, threshold=Threshold())},
        {"policy": Policy.DOUBLE, "jagiellonian": True},
        {"policy": Policy.DEGRESSIVE, "jagiellonian": True},
        {"policy": Policy.DEGRESSIVE, "cap": Share(n=0, d=1)},
        {"policy": Policy.DOUBLE, "scheme": "blind"},
        {"policy": Policy.DOUBLE, "scheme": "open"},
        {
            "policy": Policy.OPTIONS,
            "rule": Rule(method=Method.STV),
            "options_by": OptionsBy.NETWORKS,
        },
        {
            "policy": Policy.OPTIONS,
            "rule": Rule(method=Method.SCHULZE),
            "approval_quorum": Share(n=1, d=4),
        },
    ],
)
def test_a_rule_whose_parts_do_not_go_together_is_none(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FederatedRule(**({"rule": Rule(method=Method.YES_NO)} | fields))


def test_the_fallback_of_consent_is_a_double_majority_of_three_quarters() -> None:
    rule = rule_of(Policy.CONSENT, rule=Rule(method=Method.CONSENT))
    fallback = fallback_of(rule)
    assert (fallback.policy, fallback.rule.method) == (Policy.DOUBLE, Method.YES_NO)
    assert fallback.members == fallback.networks == Bar(share=Share(n=3, d=4))
    assert FederatedRule.model_validate(fallback.model_dump(mode="json")) == fallback


def test_of_nothing_nothing_is_reached() -> None:
    assert not reached(0, Bar(), 0)
    assert not reached(0, Bar(share=Share(n=0, d=1), at_least=True), 0)
    assert reached(1, Bar(share=Share(n=0, d=1)), 9)


def test_a_draw_is_the_same_for_everybody_and_another_for_another_seed() -> None:
    names = [f"n{at}" for at in range(20)]
    assert drawn("seed", names, 3) == drawn("seed", list(reversed(names)), 3)
    assert drawn("seed", names, 3) != drawn("other", names, 3)
    entries = drawn_entries("seed", "lima", roll_size=1_000, number=59)
    assert len(set(entries)) == 59
    assert entries == sorted(entries)
    assert drawn_entries("seed", "lima", roll_size=7, number=59) == list(range(7))
    every = [drawn_entries(f"s{at}", "lima", roll_size=10, number=1)[0] for at in range(400)]
    assert set(every) == set(range(10))
