"""Single values out of cells: web addresses, dates, numbers, words, terms, contacts, addresses."""

import pytest

from services.directory.importing import contacts, terms, values
from services.directory.importing.addresses import address
from services.directory.importing.languages import language_of
from services.directory.importing.links import Addresses, addresses_in, kind_of, of_network
from services.directory.importing.rows import Cell


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("https://coop.example/fr?a=1&b=2", ["https://coop.example/fr?a=1&b=2"]),
        ("www.coop.example", ["http://www.coop.example"]),
        ("coop.example/about/", ["http://coop.example/about/"]),
        ("Http://WWW.Coop.Example ", ["http://www.coop.example"]),
        ("http:/coop.example", ["http://coop.example"]),
        ("http:\\\\coop.example", ["http://coop.example"]),
        ("www.http://coop.example", ["http://coop.example"]),
        ("http://http://coop.example", ["http://coop.example"]),
        ("https://a.example/ ; www.b.example", ["https://a.example/", "http://www.b.example"]),
        ("http://a.example  (site en construction)", ["http://a.example"]),
        ("https://a.example/x @handle", ["https://a.example/x"]),
        ("www.facebook.com/OurCoop.", ["http://www.facebook.com/OurCoop"]),
        ("https://münchen.example/", ["https://münchen.example/"]),
        ("http://a.example/?x[y]=1|2", ["http://a.example/?x%5By%5D=1%7C2"]),
        ("https://a.example:8443/x", ["https://a.example:8443/x"]),
    ],
)
def test_web_addresses_are_read_as_people_write_them(text: str, urls: list[str]) -> None:
    assert addresses_in(text) == Addresses(tuple(urls))


@pytest.mark.parametrize(
    "text",
    [
        "later",
        "http://",
        "http:// ",
        "info@coop.example",
        "http://user:secret@coop.example/",
        "javascript:alert(1)",
        "ftp://coop.example/",
        "data:image/png;base64,AAAA",
        "http://localhost/",
        "http://10.0.0.1/",
        "http://coop.example/a- b/c/",
        "Le jardin d'en face",
        "http://coop.example/" + "x" * 1000,
        "http://[::1",
    ],
)
def test_what_is_no_web_address_is_told_apart(text: str) -> None:
    found = addresses_in(text)
    assert found.urls == ()
    assert found.unread


def test_handles_become_pages_of_their_networks() -> None:
    assert of_network("twitter", "@ourcoop") == "https://twitter.com/ourcoop"
    assert of_network("facebook", "www.facebook.com/coop") == "http://www.facebook.com/coop"
    assert of_network("mastodon", "@coop") is None
    assert kind_of("https://fr-fr.facebook.com/coop") == "facebook"
    assert kind_of("https://notfacebook.com/") == "website"


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2009-04-30", "2009-04-30"),
        ("2009-04-30T10:00:00Z", "2009-04-30"),
        ("30/04/2009", "2009-04-30"),
        ("3/4/2009", "2009-04-03"),
        ("4/30/2009", "2009-04-30"),
        ("30.4.2009", "2009-04-30"),
        ("٣٠/٠٤/٢٠٠٩", "2009-04-30"),
        ("04/2009", "2009-04"),
        ("2009-04", "2009-04"),
        (2009, "2009"),
        (2009.0, "2009"),
        ("founded in 1998", "1998"),
        ("29/02/2008", "2008-02-29"),
        ("29/02/2009", None),
        ("31/04/2009", None),
        ("1998 or 1999", None),
        ("12", None),
        (45000, None),
        ("soon", None),
        (True, None),
    ],
)
def test_dates_are_as_exact_as_they_are_known(cell: Cell, day: str | None) -> None:
    assert values.day(cell, "day") == day


def test_what_comes_first_in_a_date_is_told_by_the_whole_list() -> None:
    assert values.date_order(["3/4/2009", "30/4/2009"]) == ("day", True)
    assert values.date_order(["3/4/2009", "4/30/2009"]) == ("month", True)
    assert values.date_order(["3/4/2009"]) == ("day", False)
    assert values.date_order(["3/3/2009", "2009", None]) == ("day", True)
    assert values.day("3/4/2009", "month") == "2009-03-04"


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (42, 42),
        (42.0, 42),
        ("1 234", 1234),
        ("1,234", 1234),
        ("1.234.567", 1234567),
        ("~50", 50),
        ("50+", 50),
        ("٤٢", 42),
        ("12.0", 12),
        ("12.5", None),
        (12.5, None),
        (-3, None),
        ("about fifty", None),
        ("12 of 20", None),
        (True, None),
        (float("inf"), None),
    ],
)
def test_whole_numbers_are_read_in_their_several_writings(cell: Cell, number: int | None) -> None:
    assert values.whole(cell) == number


def test_words_with_one_meaning_are_known_in_five_languages() -> None:
    assert [values.status(word) for word in ("Live", "Actif", "activa", "ativa", "نشيطة")] == (
        ["active"] * 5
    )
    assert [values.status(word) for word in ("Dead", "dissoute", "disuelta", "منحلة")] == (
        ["completed"] * 4
    )
    assert [values.yes(word) for word in ("yes", "Oui", "sí", "Não", "لا", "maybe")] == [
        True,
        True,
        True,
        False,
        False,
        None,
    ]
    assert values.scope("Régional") == "regional"
    assert values.economy("sociale et solidaire") == "both"
    assert values.group("Mujeres") == "women"
    assert values.pay_ratio("4 à 1") == {"highest": 4, "lowest": 1}
    assert values.pay_ratio("1:4") is None
    assert values.text_of(("a", "b")) == "a; b"


def test_terms_are_codes_addresses_or_labels() -> None:
    ess = "https://dev.lod.coop/essglobal/2.1/standard/activities-ica/ICA210"
    assert terms.terms(ess, "activity_primary") == (["activities-ica:ICA210"], [])
    assert terms.terms("a01;a03", "activities") == (["activities:a01", "activities:a03"], [])
    assert terms.terms("Agriculture et environnement", "activities") == (["activities:a01"], [])
    assert terms.terms("CSA, banque de temps; xyz", "practices") == (
        ["practice:csa", "practice:time-bank"],
        ["xyz"],
    )
    assert terms.terms(("community_garden", "timebanking"), "terms") == (
        ["practice:community-garden", "practice:time-bank"],
        [],
    )
    assert terms.terms("Community of Interest", "membership_type") == (
        ["base-membership-type:BMT60"],
        [],
    )
    assert terms.terms("http://elsewhere.example/a01", "activities")[1] == [
        "http://elsewhere.example/a01"
    ]


def test_values_have_levels_and_tags_have_no_signs() -> None:
    assert terms.values("ripess:equity=3; ripess:solidarity; nope:x") == (
        [{"code": "ripess:equity", "level": 3}, {"code": "ripess:solidarity", "level": 1}],
        ["nope:x"],
    )
    assert terms.as_tag("#slow_food ") == "slow food"
    assert terms.as_tag("https://a.example") is None
    assert terms.as_tag("…") is None
    assert terms.as_tag("Autre") is None
    assert terms.as_word("Fair for Life") == "fair_for_life"
    assert terms.as_word("شهادة") is None


def test_every_alias_means_a_term_of_its_vocabulary() -> None:
    from services.directory.vocabulary import concept

    for scheme, words in terms._aliases().items():
        for word, code in words.items():
            assert concept(f"{scheme}:{code}") is not None, (scheme, word)


def test_contacts_are_read_and_shown_to_nobody() -> None:
    assert contacts.email("écrire à: coop@example.org ou x@example.org") == "coop@example.org"
    assert contacts.email("[email removed]") is None
    assert contacts.phone("Tél. +212 5 28 00 00 00 (matin)") == "+212 5 28 00 00 00"
    assert contacts.phone("٠٥٢٨٠٠٠٠٠٠") == "0528000000"
    assert contacts.phone("12") is None
    assert contacts.person(" A.  B. ") == "A. B."
    assert contacts.kept_back("x") == {"value": "x", "visibility": "none"}
    assert contacts.without_addresses("Write to a@b.example!") == (
        "Write to …!",
        ["a@b.example"],
    )


def test_an_address_is_put_together_from_its_parts() -> None:
    parts = {"street": "Mill Road", "number": "4", "building": "Old House"}
    assert address(parts, "", "GB").fields == {
        "street": "Old House, 4 Mill Road",
        "country": "GB",
    }
    assert address({"street": "Дълга улица", "number": "56"}, "", "BG").fields["street"] == (
        "Дълга улица 56"
    )
    assert address({"building": "yes", "locality": "Agde"}, "", None).fields == {"locality": "Agde"}


def test_zeros_that_a_spreadsheet_took_come_back() -> None:
    written = address({"postcode": "1000", "locality": "Bourg"}, "", "FR")
    assert written.fields["postcode"] == "01000"
    assert written.zeros
    assert not address({"postcode": "1000"}, "", "BG").zeros


@pytest.mark.parametrize(
    ("full", "parts", "expected"),
    [
        (
            "Cape Town, Western Cape, South Africa",
            {},
            {"locality": "Cape Town", "region": "Western Cape", "country": "ZA"},
        ),
        ("Portland, IN", {}, {"locality": "Portland", "region": "IN"}),
        ("South Africa", {}, {"country": "ZA"}),
        ("Lisboa", {}, {"locality": "Lisboa"}),
        ("12 High Street, Leeds, UK", {}, {"street": "12 High Street", "locality": "Leeds"}),
        (
            "3 rue Verte, 29600 Morlaix",
            {},
            {"street": "3 rue Verte", "postcode": "29600", "locality": "Morlaix"},
        ),
        (
            "3 rue Verte, 29600 Morlaix",
            {"locality": "Morlaix"},
            {"street": "3 rue Verte", "postcode": "29600", "locality": "Morlaix"},
        ),
        ("3 rue Verte", {"locality": "Morlaix"}, {"street": "3 rue Verte", "locality": "Morlaix"}),
    ],
)
def test_an_address_in_one_cell_is_taken_apart(
    full: str, parts: dict[str, str], expected: dict[str, str]
) -> None:
    assert expected.items() <= address(parts, full, None).fields.items()


def test_the_letters_of_a_text_tell_when_its_language_is_another() -> None:
    assert language_of("تعاونية النساء", "fr", ["fr", "ar"]) == "ar"
    assert language_of("تعاونية", "ary", ["fr", "ar"]) == "ary"
    assert language_of("Coopérative", "ar", ["ar", "fr"]) == "fr"
    assert language_of("Cooperativa", "es", ["fr", "ar"]) == "es"
    assert language_of("ⵜⴰⴼⵙⵓⵜ", "fr", ["fr"]) == "zgh"
    assert language_of("2024", "ar", ["ar"]) == "ar"
    assert language_of("Село", "en", ["en"]) == "und"
