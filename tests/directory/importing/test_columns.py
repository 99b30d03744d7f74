"""Columns are recognised by their names in five languages, and a person has the last word."""

import json
from importlib import resources

import pytest

from services.directory.importing.columns import mapped, told_mapping
from services.directory.importing.counting import COUNTS
from services.directory.importing.headers import (
    header_key,
    is_known,
    known_fields,
    language_of_word,
    recognised,
)
from services.directory.importing.limits import BadMapping
from services.directory.importing.terms import SCHEMES_OF
from shared.contracts.profile import ProfileFields

FIVE = ("en", "fr", "es", "pt", "ar")
# A network's own page, a register's number: words that are the same everywhere.
ONE_WORD = ("identifier:", "link:", "geo.wkt", "geo.place")
# Nobody writes these into a list: the node fills them, or the network's stewards do.
FILLED_BY_THE_NODE = {
    "uri",
    "review_state",
    "translations",
    "location_visibility",
    "relationships",
    "provenance",
    "created_at",
    "updated_at",
    "verified_at",
    "expires_at",
}
ELSEWHERE = {
    "names": "name",
    "legal_form_local": "legal_form",
    "identifiers": "identifier:siren",
    "addresses": "address.street",
    "geo": "geo.latitude",
    "primary_url": "url",
    "links": "page",
    "images": "image",
}


def headers() -> dict[str, dict[str, list[str]]]:
    source = resources.files("services.directory.importing") / "headers.json"
    table: dict[str, dict[str, list[str]]] = json.loads(source.read_text(encoding="utf-8"))
    return table


def test_every_field_of_the_profile_has_headers_in_five_languages() -> None:
    for field in ProfileFields.model_fields.keys() - FILLED_BY_THE_NODE:
        assert ELSEWHERE.get(field, field) in known_fields(), field
    for field, languages in headers().items():
        if not field.startswith(ONE_WORD):
            assert all(languages.get(language) for language in FIVE), field


def test_no_header_belongs_to_two_fields() -> None:
    owners: dict[str, str] = {}
    for field, languages in headers().items():
        for names in languages.values():
            for name in names:
                assert owners.setdefault(header_key(name), field) == field, name


def test_every_header_is_recognised_as_its_field() -> None:
    for field, languages in headers().items():
        for names in languages.values():
            for name in names:
                target = recognised(name)
                assert target is not None, name
                assert (target.field, target.guessed) == (field, False), name


def test_every_coded_and_counted_field_can_be_mapped() -> None:
    assert set(SCHEMES_OF) <= set(known_fields())
    assert set(COUNTS) <= set(known_fields())


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("NOM", "name"),
        (" Code  Postal ", "address.postcode"),
        ("address.postalCode", "address.postcode"),
        ("addr:city", "address.locality"),
        ("properties.name", "name"),
        ("description:de", "description@de"),
        ("description:gr", "description@el"),
        ("description_de", "description@de"),
        ("Description (français)", "description@fr"),
        ("الاسم (بالفرنسية)", "name@fr"),
        ("Nome:kea", "name@kea"),
        ("Name (zgh)", "name@zgh"),
        ("Nombre [arn]", "name@arn"),
        ("descrição@pt-BR", "description@pt-BR"),
        ("Résumé (en)", "summary@en"),
        ("lattitude", "geo.latitude"),
        ("Geo Container", "geo.place"),
        ("CUK Organisation ID", "identifier:cuk"),
        ("UK Nation", "address.country"),
        ("خط العرض", "geo.latitude"),
        ("عدد الاعضاء", "members_total"),
        ("Ownership Classification", "membership_type"),
    ],
)
def test_headers_of_real_lists_are_recognised(header: str, key: str) -> None:
    target = recognised(header)
    assert target is not None
    assert (target.key, target.guessed) == (key, False)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("descripiton:de", "description@de"),
        ("desription:de", "description@de"),
        ("Telefphone number", "contact.phone"),
        ("Descripcoin", "description"),
    ],
)
def test_misspelt_headers_are_guessed_and_marked(header: str, key: str) -> None:
    target = recognised(header)
    assert target is not None
    assert (target.key, target.guessed) == (key, True)
    assert not is_known(header)


@pytest.mark.parametrize(
    "header", ["", "xyz", "owner.name", "_timestamp", "a" * 500, "SIC section"]
)
def test_other_headers_are_left_alone(header: str) -> None:
    assert recognised(header) is None


def test_of_two_possible_names_the_surer_one_is_the_name() -> None:
    mapping = mapped(["association", "nom", "ville"])
    assert mapping.as_json() == {"nom": "name", "ville": "address.locality", "association": ""}


def test_a_list_in_two_languages_keeps_both_columns_of_names() -> None:
    mapping = mapped(["nome", "nombre"])
    assert [column for column, _ in mapping.columns("name")] == ["nome", "nombre"]


def test_a_person_may_say_what_a_column_is() -> None:
    columns = ["Nom", "Truc", "Notes", "Registre"]
    told = {"Nom": "nickname", "Truc": "name@ary", "Notes": None, "Registre": "identifier:xx_reg"}
    mapping = mapped(columns, told)
    assert mapping.as_json() == {
        "Nom": "nickname",
        "Truc": "name@ary",
        "Registre": "identifier:xx_reg",
        "Notes": "",
    }
    assert mapped(columns, mapping.as_json()) == mapping


def test_who_names_the_name_column_needs_no_other() -> None:
    mapping = mapped(["nom", "enseigne"], {"enseigne": "name"})
    assert mapping.as_json() == {"enseigne": "name", "nom": ""}


@pytest.mark.parametrize(
    "told",
    [
        {"Nope": "name"},
        {"Nom": "no-such-field"},
        {"Nom": "geo.latitude@fr"},
        {"Nom": "identifier:UPPER"},
        {"Nom": "link:"},
        {"Nom": 5},
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(told: dict[str, str]) -> None:
    with pytest.raises(BadMapping):
        mapped(["Nom"], told)


def test_a_mapping_is_kept_in_a_json_file() -> None:
    kept = json.dumps(mapped(["Nom", "Truc"]).as_json()).encode()
    assert told_mapping(kept) == {"Nom": "name", "Truc": ""}
    for data in (b"[]", b"{", b"\xff", b'{"Nom": 5}'):
        with pytest.raises(BadMapping):
            told_mapping(data)


def test_languages_are_known_by_code_and_by_name() -> None:
    assert language_of_word("fr") == "fr"
    assert language_of_word("Français") == "fr"
    assert language_of_word("pt_BR") == "pt-BR"
    assert language_of_word("العربية") == "ar"
    assert language_of_word("diversity") is None
