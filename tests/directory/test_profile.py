"""The profile: what an entity says of itself, and what leaves its node."""

import timeit
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.directory import cleaning
from services.directory.coordinates import (
    BLUR,
    CoordinatesNotNumbers,
    CoordinatesOutOfRange,
    CoordinatesSwapped,
    CoordinatesZero,
    blurred,
    point_of,
    require_point,
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
from services.directory.profile import Profile, Reader, public_part, visible_contacts, women_led
from services.directory.vocabulary import UnknownTerm
from shared.canonical import canonical
from shared.contracts.fields import DEGREE, LATITUDE_MAX, LONGITUDE_MAX
from shared.contracts.profile import PublicProfile
from shared.refusals import Kind, Refusal

CONSENT = {"at": "2026-03-01T09:00:00Z", "by": "person-17"}
TYPICAL: dict[str, Any] = {
    "name": "Coopérative Tafukt",
    "names": {"ar": "تعاونية تافوكت", "zgh-Tfng": "ⵜⴰⴼⵓⴽⵜ"},
    "summary": {"fr": "Huile d'argan, pressée par celles qui la vendent."},
    "description": {
        "fr": "Quarante femmes de six douars concassent, pressent et vendent ensemble." * 4,
        "ar": "أربعون امرأة من ستة دواوير يكسرن ويعصرن ويبعن معا." * 4,
    },
    "original_language": "fr",
    "identifiers": [{"scheme": "ma_ice", "value": "000000000000000"}],
    "org_structure": "organisational-structure:OS90",
    "legal_form": "legal-form:L2",
    "activities": ["activities:a01", "activities:a03"],
    "practices": ["practice:producer-coop", "practice:fair-trade"],
    "economy": "both",
    "tags": ["argan", "bio"],
    "values": [{"code": "ripess:equity", "level": 3}],
    "addresses": [
        {
            "street": "Route du Souk 4",
            "locality": "Agadir",
            "region": "Souss-Massa",
            "postcode": "80000",
            "country": "MA",
            "is_main": True,
        }
    ],
    "geo": {"lat": 304_277_001, "lon": -95_981_003, "precision": "street"},
    "primary_url": "https://tafukt.example.org",
    "links": [{"url": "https://social.example.org/@tafukt", "kind": "mastodon"}],
    "founded_on": "2007",
    "members_total": 40,
    "members_women": 40,
    "board_total": 5,
    "board_women": 5,
    "licence": "CC0-1.0",
    "updated_at": "2026-03-01T09:00:00Z",
}
SMALL: dict[str, Any] = {"name": "Argane", "practices": ["practice:producer-coop"]}


def contact(value: str, visibility: str, *, consent: bool = True) -> dict[str, Any]:
    return {"value": value, "visibility": visibility, **({"consent": CONSENT} if consent else {})}


def with_contacts(visibility: str, *, consent: bool = True) -> Profile:
    contacts = {
        "email": contact("canary@example.org", visibility, consent=consent),
        "phone": contact("+212 5 00 00 00 17", visibility, consent=consent),
        "contact_name": contact("Canary Name", visibility, consent=consent),
    }
    return profile_of({**TYPICAL, "contacts": contacts})


# --- The public profile as it travels -------------------------------------------------------


def test_a_public_profile_comes_back_as_it_went() -> None:
    for fields in (SMALL, TYPICAL):
        profile = PublicProfile.model_validate(fields)
        assert profile.model_dump(exclude_defaults=True) == fields
        again = orjson.loads(canonical(profile.model_dump(exclude_defaults=True)))
        assert PublicProfile.model_validate(again) == profile


def test_a_whole_profile_lies_within_the_grammar_of_signed_data() -> None:
    canonical(PublicProfile.model_validate(TYPICAL).model_dump())


def test_fields_of_a_later_release_are_passed_over() -> None:
    later = {**SMALL, "colour": "green", "geo": {"lat": 1, "lon": 1, "height": 3}}
    profile = PublicProfile.model_validate(later)
    assert profile.geo is not None
    assert "colour" not in profile.model_dump()


@pytest.mark.parametrize(
    "fault",
    [
        {"name": ""},
        {"name": "a" * 251},
        {"name": "nul\x00"},
        {"name": "\u202eevil"},
        {"name": 3},
        {"names": {"not a tag": "x"}},
        {"names": {"fr_FR": "x"}},
        {"names": {f"x-{number}": "x" for number in range(25)}},
        {"summary": {"fr": "a" * 251}},
        {"geo": {"lat": 30.4, "lon": -9.6}},
        {"geo": {"lat": 900_000_001, "lon": 0}},
        {"geo": {"lat": True, "lon": 0}},
        {"geo": {"lat": "1", "lon": "1"}},
        {"practices": ["time-bank"]},
        {"practices": ["practice:"]},
        {"practices": "practice:time-bank"},
        {"tags": [""]},
        {"tags": ["t"] * 101},
        {"status": "open"},
        {"values": [{"code": "ripess:equity", "level": 4}]},
        {"same_as": [{"uri": "https://a.example", "score": 101}]},
        {"primary_url": "javascript:alert(1)"},
        {"primary_url": "https://a b.example"},
        {"founded_on": "2007-13"},
        {"members_total": -1},
        {"addresses": [{"country": "Maroc"}]},
        {"updated_at": "yesterday"},
        {"area_served": {"polygons": [[[0, 0], [1, 1], [0, 0]]]}},
        {"contacts": {"email": "nobody"}},
    ],
)
def test_what_a_field_does_not_take_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PublicProfile.model_validate({**SMALL, **fault})


def test_any_language_may_be_used() -> None:
    tags = ["ary", "zgh-Tfng", "shi-Latn-MA", "wo", "qu", "pt-BR", "x-darija", "de-1996"]
    PublicProfile.model_validate({**SMALL, "names": dict.fromkeys(tags, "Argane")})


def test_a_typical_profile_is_checked_and_written_in_microseconds() -> None:
    profile = PublicProfile.model_validate(TYPICAL)
    check = min(timeit.repeat(lambda: PublicProfile.model_validate(TYPICAL), number=300, repeat=7))
    write = min(
        timeit.repeat(lambda: profile.model_dump(exclude_defaults=True), number=300, repeat=7)
    )
    # 13 and 8 µs on an idle core; the limits leave room for one that is shared.
    assert check / 300 < 60e-6
    assert write / 300 < 40e-6


# --- What leaves the node -------------------------------------------------------------------


@pytest.mark.parametrize("visibility", ["members", "node", "none"])
def test_a_contact_that_is_not_public_is_not_in_the_public_part(visibility: str) -> None:
    told = public_part(with_contacts(visibility)).model_dump_json()
    for canary in ("canary", "Canary", "00 17", "person-17", "consent"):
        assert canary not in told


def test_a_public_contact_without_consent_is_not_in_the_public_part() -> None:
    assert public_part(with_contacts("public", consent=False)).contacts is None


def test_a_public_contact_with_consent_is_there_without_its_consent() -> None:
    told = public_part(with_contacts("public"))
    assert told.contacts is not None
    assert told.contacts.email == "canary@example.org"
    assert "person-17" not in told.model_dump_json()


@pytest.mark.parametrize(
    ("visibility", "readers"),
    [
        ("public", {"public", "members", "node"}),
        ("members", {"members", "node"}),
        ("node", {"node"}),
        ("none", set()),
    ],
)
def test_a_contact_is_read_by_whom_it_is_for(visibility: str, readers: set[str]) -> None:
    profile = with_contacts(visibility)
    asked: tuple[Reader, ...] = ("public", "members", "node")
    seen = {reader for reader in asked if visible_contacts(profile, reader) is not None}
    assert seen == readers


def test_an_exact_place_stays_exact() -> None:
    profile = profile_of(TYPICAL)
    assert public_part(profile).model_dump(exclude_defaults=True) == TYPICAL


def test_a_blurred_place_has_no_street_and_about_ten_kilometres() -> None:
    profile = profile_of(
        {
            **TYPICAL,
            "location_visibility": "blurred",
            "links": [{"url": "https://www.openstreetmap.org/node/1"}, *TYPICAL["links"]],
            "identifiers": [{"scheme": "osm", "value": "node/1"}],
            "same_as": [{"uri": "geo:30.4277,-9.5981"}],
        }
    )
    told = public_part(profile)
    assert told.geo is not None
    assert (told.geo.lat, told.geo.precision) == (304 * DEGREE // 10, "locality")
    address = told.addresses[0]
    assert (address.street, address.postcode) == ("", "")
    assert (address.locality, address.country) == ("Agadir", "MA")
    assert [link.kind for link in told.links] == ["mastodon"]
    assert told.identifiers == []
    assert told.same_as == []
    assert "304277" not in told.model_dump_json()


def test_a_place_told_by_its_country_has_no_point_and_no_town() -> None:
    profile = profile_of(
        {
            **TYPICAL,
            "location_visibility": "country",
            "primary_url": "https://maps.example.org/x",
            "area_served": {"scope": "local", "codes": ["MA-AGD"]},
            "addresses": [*TYPICAL["addresses"], {"locality": "Tiznit", "country": "MA"}],
        }
    )
    told = public_part(profile)
    assert told.geo is None
    assert told.primary_url is None
    assert told.area_served is not None
    assert told.area_served.codes == []
    assert {address.country for address in told.addresses} == {"MA"}
    for hidden in ("Agadir", "Souss", "Tiznit", "80000", "304277"):
        assert hidden not in told.model_dump_json()


def test_a_region_is_not_told_as_a_town_by_blurring() -> None:
    rough = {"lat": 304_277_001, "lon": -95_981_003, "precision": "region"}
    told = public_part(profile_of({**TYPICAL, "geo": rough, "location_visibility": "blurred"}))
    assert told.geo is not None
    assert told.geo.precision == "region"


points = st.tuples(
    st.integers(-LATITUDE_MAX, LATITUDE_MAX), st.integers(-LONGITUDE_MAX, LONGITUDE_MAX)
)


@given(points)
def test_a_blurred_point_is_near_and_blurring_again_changes_nothing(point: tuple[int, int]) -> None:
    lat, lon = blurred(point)
    assert abs(lat) <= LATITUDE_MAX
    assert abs(lon) <= LONGITUDE_MAX
    assert abs(lat - point[0]) <= BLUR
    assert blurred((lat, lon)) == (lat, lon)
    if abs(point[0]) < 60 * DEGREE:
        assert abs(lon - point[1]) <= 2 * BLUR


# --- What is taken in -----------------------------------------------------------------------


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
    assert profile_of(activity, needs="practice-or-activity").practices == []
    with pytest.raises(NoPractice):
        profile_of({"name": "Argane"}, needs="practice-or-activity")
    named = profile_of({"name": "SEL"}, default_practice="practice:local-currency")
    assert named.practices == ["practice:local-currency"]
    assert profile_of({"name": "Argane"}, needs="name").practices == []
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
    assert profile.practices == ["practice:producer-coop", "practice:fair-trade"]
    assert profile.org_structure == "organisational-structure:OS60"
    assert (profile.labour_types, profile.themes) == (["type-of-labour:T1"], ["themes:T1"])


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
    assert profile.tags == ["argan", "bio"]


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


# --- Places and pages -----------------------------------------------------------------------


def test_degrees_become_integers() -> None:
    assert point_of(30.4277, -9.5981) == (304_277_000, -95_981_000)
    assert point_of(0, 10) == (0, 10 * DEGREE)


@pytest.mark.parametrize(
    ("lat", "lon", "kind"),
    [
        ("30.4", "-9.6", CoordinatesNotNumbers),
        (None, 1.0, CoordinatesNotNumbers),
        (True, False, CoordinatesNotNumbers),
        (float("nan"), 1.0, CoordinatesNotNumbers),
        (float("inf"), 1.0, CoordinatesNotNumbers),
        (91.0, 1.0, CoordinatesOutOfRange),
        pytest.param(10**400, 1, CoordinatesOutOfRange, id="a number with 400 digits"),
        (1.0, 180.1, CoordinatesOutOfRange),
        (0, 0.0, CoordinatesZero),
        (-9.5981, 30.4277, CoordinatesSwapped),
    ],
)
def test_coordinates_that_cannot_be_right_are_refused(
    lat: Any, lon: Any, kind: type[Refusal]
) -> None:
    with pytest.raises(kind):
        point_of(lat, lon, country="MA")


def test_exchanged_coordinates_come_with_a_repair() -> None:
    with pytest.raises(CoordinatesSwapped) as refused:
        require_point(1_740_000_000, -410_000_000, country="NZ")
    assert refused.value.members == {"lat": -410_000_000, "lon": 1_740_000_000}


def test_a_point_outside_its_country_is_kept_if_exchanging_does_not_help() -> None:
    assert point_of(48.85, 2.35, country="MA") == (488_500_000, 23_500_000)


@pytest.mark.parametrize(
    ("board", "said", "led"),
    [
        ((4, 2), None, True),
        ((5, 2), None, False),
        ((5, 0), True, True),
        ((5, 5), False, False),
        ((None, None), None, None),
        ((0, 0), None, None),
        ((5, None), None, None),
    ],
)
def test_women_lead_where_they_are_half_of_the_board_or_the_entity_says_so(
    board: tuple[int | None, int | None], said: bool | None, led: bool | None
) -> None:
    fields = {"board_total": board[0], "board_women": board[1], "women_led": said}
    assert women_led(profile_of({**SMALL, **fields})) is led


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
