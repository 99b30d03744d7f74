"""Intake: what is handed in becomes a profile, or is refused by name."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory.coordinates import (
    CoordinatesNotNumbers,
    CoordinatesOutOfRange,
    CoordinatesSwapped,
    CoordinatesZero,
)
from services.directory.intake import (
    PROFILE_BYTES_MAX,
    BadProfile,
    CountsDisagree,
    NoName,
    NoPractice,
    ProfileTooLarge,
    UnknownCountry,
    profile_of,
)
from services.directory.profile import Profile, public_part
from services.directory.vocabulary import UnknownTerm
from shared import cleaning
from shared.canonical import canonical
from shared.contracts.profile import PublicProfile
from shared.refusals import Kind, Refusal
from tests.directory.samples import SMALL, TYPICAL


def refusal(**fields: Any) -> type[Refusal]:
    """Return how a profile with these fields is refused."""
    with pytest.raises(Refusal) as refused:
        profile_of({**TYPICAL, **fields})
    assert refused.value.kind in (Kind.INVALID, Kind.TOO_LARGE)
    return type(refused.value)


def test_an_entity_has_a_name() -> None:
    for name in ("", "  ", "\u200e\u202e", None, 3, {"fr": "x"}):
        assert refusal(name=name) is NoName
    with pytest.raises(NoName):
        profile_of({"practices": ["practice:gift"]})


def test_an_entity_says_a_practice() -> None:
    assert NoPractice.slug == "no-practice"
    assert refusal(practices=[]) is NoPractice
    with pytest.raises(NoPractice):
        profile_of({"name": "Argane", "activities": ["a01"]})


def test_an_imported_entity_may_have_an_activity_or_what_its_network_does() -> None:
    activity = {"name": "Argane", "activities": ["a01"]}
    assert profile_of(activity, needs="practice-or-activity").practices == ()
    with pytest.raises(NoPractice):
        profile_of({"name": "Argane"}, needs="practice-or-activity")
    named = profile_of({"name": "SEL"}, default_practice="practice:local-currency")
    assert named.practices == ("practice:local-currency",)
    assert profile_of({"name": "Argane"}, needs="name").practices == ()
    with pytest.raises(UnknownTerm):
        profile_of({"name": "Argane"}, default_practice="practice:unheard-of")


def test_terms_are_written_with_their_scheme() -> None:
    profile = profile_of(
        {
            "name": "Argane",
            "practices": ["producer-coop", "Commerce équitable", "practice:fair-trade"],
            "activities": ["a03"],
            "org_structure": (
                "https://dev.lod.coop/essglobal/2.1/standard/organisational-structure/OS60"
            ),
            "labour_types": ["T1"],
            "themes": ["T1"],
            "values": [{"code": "ripess:equity"}],
        }
    )
    assert profile.practices == ("practice:producer-coop", "practice:fair-trade")
    assert profile.org_structure == "organisational-structure:OS60"
    assert (profile.labour_types, profile.themes) == (("type-of-labour:T1",), ("themes:T1",))


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"practices": ["practice:unheard-of"]}, UnknownTerm),
        ({"practices": ["themes:T1"]}, UnknownTerm),
        ({"practices": [3]}, BadProfile),
        ({"practices": "practice:gift"}, BadProfile),
        ({"values": [{"code": "practice:gift"}]}, UnknownTerm),
        ({"values": [{"level": 1}]}, BadProfile),
        ({"org_structure": "OS999"}, UnknownTerm),
        ({"primary_url": "update6"}, cleaning.BadUrl),
        ({"primary_url": "http://name@host.example"}, cleaning.BadUrl),
        ({"links": [{"url": "ftp://files.example.org"}]}, cleaning.BadUrl),
        ({"images": [{"url": "data:image/png;base64,AAAA"}]}, cleaning.BadUrl),
        ({"addresses": [{"country": "ZZ"}]}, UnknownCountry),
        ({"addresses": [{"country": "Maroc"}]}, UnknownCountry),
        ({"addresses": {"country": "MA"}}, BadProfile),
        ({"geo": {"lat": 0, "lon": 0}}, CoordinatesZero),
        ({"geo": {"lat": "30", "lon": "9"}}, CoordinatesNotNumbers),
        ({"geo": {"lat": 30}}, CoordinatesNotNumbers),
        ({"geo": {"lat": 2_000_000_000, "lon": 1}}, CoordinatesOutOfRange),
        ({"geo": {"lat": -95_981_000, "lon": 304_277_000}}, CoordinatesSwapped),
        ({"members_women": 41}, CountsDisagree),
        ({"members_youth": 41}, CountsDisagree),
        ({"members_women": 30, "members_men": 11}, CountsDisagree),
        ({"board_women": 6}, CountsDisagree),
        ({"description": "no map of languages"}, BadProfile),
        ({"description": {"fr": "a" * 9_000}}, BadProfile),
        ({"description": {f"x-{n}": "a" * 7_900 for n in range(9)}}, ProfileTooLarge),
        ({"practises": ["practice:gift"]}, BadProfile),
        ({"contacts": {"email": {"value": "nobody"}}}, BadProfile),
        ({"tags": [[[[[[[[["deep"]]]]]]]]]}, BadProfile),
    ],
)
def test_each_fault_has_its_name(fields: dict[str, Any], kind: type[Refusal]) -> None:
    assert refusal(**fields) is kind


def test_a_refusal_tells_the_field_and_not_what_was_in_it() -> None:
    with pytest.raises(BadProfile) as refused:
        profile_of({**TYPICAL, "contacts": {"phone": {"value": "secret" * 20}}})
    assert refused.value.members["fields"][0]["field"] == "contacts.phone.value"
    assert "secret" not in str(refused.value.members) + refused.value.detail


def test_text_is_cleaned_on_the_way_in() -> None:
    profile = profile_of(
        {
            **TYPICAL,
            "name": "  Coope\u0301rative \u202eTafukt\u202c\n ",
            "names": {"ar_MA": " تعاونية\u200f ", "fr": "  "},
            "description": {"fr": "One\r\n\r\n\r\n\r\nTwo \t words\u200b"},
            "tags": ["argan", " argan ", "", "bio"],
            "legal_name": "",
        }
    )
    assert profile.name == "Coopérative Tafukt"
    assert profile.names == {"ar-MA": "تعاونية"}
    assert profile.description == {"fr": "One\n\nTwo words"}
    assert profile.tags == ("argan", "bio")


@given(st.text(max_size=300))
def test_a_cleaned_text_may_travel_and_is_clean(text: str) -> None:
    name, long = cleaning.line(text), cleaning.prose(text)
    assert cleaning.line(name) == name
    assert cleaning.prose(long) == long
    if name:
        PublicProfile.model_validate({"name": name[:250], "description": {"fr": long}})


@given(
    st.dictionaries(
        st.sampled_from([*Profile.model_fields, "other"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=8), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=6,
    )
)
def test_whatever_is_handed_in_becomes_a_profile_or_a_refusal(fields: dict[str, Any]) -> None:
    with suppress(Refusal):
        profile = profile_of({**SMALL, **fields})
        canonical(public_part(profile).model_dump(exclude_defaults=True))


def test_what_was_taken_in_is_taken_in_again_unchanged() -> None:
    once = profile_of(TYPICAL)
    assert profile_of(once.model_dump(exclude_defaults=True)) == once
    assert len(orjson.dumps(once.model_dump())) < PROFILE_BYTES_MAX


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://example.org", "https://example.org"),
        (" HTTP://Example.ORG/Path?q=1#x ", "http://example.org/Path?q=1#x"),
        ("https://تعاونية.example/صفحة", "https://تعاونية.example/صفحة"),
        ("http://example.org:8080/", "http://example.org:8080/"),
    ],
)
def test_an_address_of_the_web_is_kept(written: str, kept: str) -> None:
    assert cleaning.web_address(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "",
        "example.org",
        "http:/example.org",
        "http://",
        "http://localhost",
        "http://[email removed]",
        "https://a b.example",
        "http://example.org:port/",
        "mailto:a@example.org",
        "javascript:alert(1)",
        "//example.org",
        'https://example.org/"><script>',
        "https://example.org/" + "a" * 1000,
    ],
)
def test_what_is_no_address_of_the_web_is_refused(written: str) -> None:
    with pytest.raises(cleaning.BadUrl):
        cleaning.web_address(written)
