"""Vocabularies: every code has its words in five languages, and one address."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.directory import vocabulary
from services.directory.vocabulary import Concept, UnknownTerm
from shared.text import words

DATA = Path(os.environ.get("TWIZA_DATA", Path(__file__).parents[3] / "shared" / "data"))
PUBLISHED = DATA / "directory" / "essglobal_vocab.json"
EVERY = [found for scheme in vocabulary.SCHEMES for found in vocabulary.concepts(scheme)]


def test_every_code_has_five_labels() -> None:
    for found in EVERY:
        assert set(found.labels) == {"ar", "en", "es", "fr", "pt"}
        for lang, label in found.labels.items():
            assert label == label.strip()
            assert label
            assert not label.isdigit()
            assert any("\u0600" <= letter <= "\u06ff" for letter in label) == (lang == "ar")


def test_no_code_stands_twice() -> None:
    folder = Path(vocabulary.__file__).parent / "data" / "vocabulary"
    files = {file.stem: file for file in folder.glob("*.json")}
    assert set(files) == set(vocabulary.SCHEMES)
    for file in files.values():

        def once(pairs: list[tuple[str, object]], file: Path = file) -> dict[str, object]:
            keys = [key for key, _ in pairs]
            assert len(keys) == len(set(keys)), file.name
            return dict(pairs)

        json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=once)


def test_no_label_means_two_terms_of_a_scheme() -> None:
    for scheme in vocabulary.SCHEMES:
        for lang in vocabulary.LANGUAGES:
            labels = [tuple(words(found.labels[lang])) for found in vocabulary.concepts(scheme)]
            assert len(labels) == len(set(labels)), (scheme, lang)


def test_addresses_and_terms_are_each_others() -> None:
    addresses = {vocabulary.uri(found.term) for found in EVERY}
    assert len(addresses) == len(EVERY)
    for found in EVERY:
        assert vocabulary.from_uri(vocabulary.uri(found.term)) == found.term


def test_essglobal_has_its_published_address_and_both_bases_are_read() -> None:
    term = "organisational-structure:OS60"
    published = "http://purl.org/essglobal/standard/organisational-structure/OS60"
    assert vocabulary.uri(term) == published
    for address in (
        published,
        published.replace("http:", "https:"),
        "https://dev.lod.coop/essglobal/2.1/standard/organisational-structure/OS60",
    ):
        assert vocabulary.from_uri(address) == term
    assert vocabulary.from_uri("https://example.org/standard/organisational-structure/OS60") is None


def test_a_broader_term_is_a_term_of_its_scheme() -> None:
    for found in EVERY:
        for broader in vocabulary.above(found.term):
            assert vocabulary.concept(broader) is not None
    assert vocabulary.above("practice:community-fishery") == ["practice:csa", "practice:exchange"]


def test_there_are_five_sectors_with_all_practices_below_them() -> None:
    sectors = [found.code for found in vocabulary.concepts("practice") if not found.broader]
    assert sectors == ["production", "exchange", "consumption", "finance", "governance"]
    counts = [len(vocabulary.narrower(f"practice:{sector}")) for sector in sectors]
    assert counts == [10, 7, 7, 6, 4]


@pytest.mark.parametrize(
    "term",
    [
        *(f"activities:a{number:02}" for number in range(1, 22)),
        *(f"legal-form:L{number}" for number in range(1, 6)),
        *(f"themes:T{number}" for number in range(1, 20)),
        *(f"type-of-labour:T{number}" for number in range(1, 6)),
        *(f"products-services:{code}000000" for code in (70, 76, 80, 86, 90, 94, 95)),
        "products-services:77130000",
        "products-services:80150000",
        "products-services:85150000",
        "products-services:85170000",
        "products-services:90150000",
        "products-services:93150000",
    ],
)
def test_what_was_missing_or_misprinted_in_essglobal_is_there(term: str) -> None:
    assert vocabulary.concept(term) is not None


def test_misprints_of_essglobal_are_gone() -> None:
    assert vocabulary.concept("products-services:805170000") is None
    for found in vocabulary.concepts("products-services"):
        assert not any(label.isdigit() for label in found.labels.values())
        if found.broader:
            assert found.broader[:2] == found.code[:2]
    labels = {label for found in EVERY for label in found.labels.values()}
    for misspelt in ("Craftmanship", "Social Entreprise", "souvereignty", "Reciclage,"):
        assert not any(misspelt in label for label in labels)
    assert vocabulary.label("legal-form:L5", "en") == "Social enterprise"
    assert vocabulary.label("themes:T1", "en") != vocabulary.label("type-of-labour:T1", "en")


def test_no_published_code_was_lost() -> None:
    if not PUBLISHED.exists():
        pytest.skip("the published vocabulary is not beside the repository (TWIZA_DATA)")
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    for scheme, content in published.items():
        codes = {concept["code"] for concept in content["concepts"]} - {"805170000"}
        assert codes <= {found.code for found in vocabulary.concepts(scheme)}
        for concept in content["concepts"]:
            label = concept["labels"].get("en", "")
            if label and not label.isdigit():
                assert vocabulary.resolve(label.replace("&amp;", "&"), scheme) == (
                    f"{scheme}:{concept['code']}"
                )


@pytest.mark.parametrize(
    ("text", "scheme", "term"),
    [
        ("practice:time-bank", "practice", "practice:time-bank"),
        ("time-bank", "practice", "practice:time-bank"),
        ("Time Bank", "practice", "practice:time-bank"),
        ("BANQUE DE TEMPS", "practice", "practice:time-bank"),
        ("بنك الوقت", "practice", "practice:time-bank"),
        ("الحكامة", "practice", "practice:governance"),
        ("A01", "activities", "activities:a01"),
        ("educacion y formacion", "activities", "activities:a16"),
        ("Workers co-operative", "organisational-structure", "organisational-structure:OS60"),
        ("T1", "type-of-labour", "type-of-labour:T1"),
        ("http://purl.org/essglobal/standard/themes/T1", "themes", "themes:T1"),
    ],
)
def test_a_term_is_known_by_code_address_or_label(text: str, scheme: str, term: str) -> None:
    assert vocabulary.resolve(text, scheme) == term


@pytest.mark.parametrize("text", ["", "  ", "themes:T1", "nothing of the kind", "://", "practice:"])
def test_what_is_not_in_the_scheme_is_no_term_of_it(text: str) -> None:
    assert vocabulary.resolve(text, "practice") is None


def test_a_term_of_another_scheme_is_refused() -> None:
    assert vocabulary.require("themes:T1", "themes") == "themes:T1"
    for term in ("type-of-labour:T1", "themes:T99", "T1"):
        with pytest.raises(UnknownTerm):
            vocabulary.require(term, "themes")
    with pytest.raises(UnknownTerm):
        vocabulary.concepts("colours")


def test_labels_come_in_the_language_asked_for_or_else_in_english() -> None:
    assert vocabulary.label("practice:gift", "pt") == "Economia da dádiva"
    assert vocabulary.label("practice:gift", "wo") == "Gift economy"
    assert vocabulary.label("ma-forms:GIE", "fr") == "GIE"


def test_a_region_replaces_words() -> None:
    assert vocabulary.label("practice:governance", "ar") == "الحوكمة"
    assert vocabulary.label("practice:governance", "ar_MA") == "الحكامة"
    assert vocabulary.label("practice:participatory-budgeting", "ar-MA") == "الميزانية التشاركية"
    assert vocabulary.label("practice:peer-lending", "ar_EG").endswith("جمعية")
    assert vocabulary.label("activities:a18", "pt_PT").endswith("desporto")
    assert vocabulary.label("activities:a18", "pt_BR") == vocabulary.label("activities:a18", "pt")


def test_practices_and_essglobal_say_the_same_where_they_can() -> None:
    assert vocabulary.practices_of(["organisational-structure:OS60"]) == ["practice:worker-coop"]
    assert vocabulary.practices_of(
        ["organisational-structure:OS115", "activities-ica:ICA140", "base-membership-type:BMT60"]
    ) == ["practice:credit-union"]
    assert vocabulary.practices_of(["organisational-structure:OS20"]) == []
    assert vocabulary.essglobal_of("practice:time-bank") == []
    practices: list[Concept] = vocabulary.concepts("practice")
    for practice in practices:
        terms = vocabulary.essglobal_of(practice.term)
        assert all(vocabulary.concept(term) is not None for term in terms)
        if terms:
            assert vocabulary.practices_of(terms) == [practice.term]


def test_a_scheme_is_read_when_it_is_asked_for() -> None:
    check = (
        "import services.directory.vocabulary as v; v.label('practice:gift', 'fr'); "
        "raise SystemExit(v._scheme.cache_info().currsize - 1)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
