"""The encoding of a list is found among those that the network's languages are written in."""

import pytest

from services.directory.importing.encodings import candidates, decoded
from services.directory.importing.limits import UnknownEncoding

FRENCH = "nom;ville\nCoopérative d'épicerie « Le Pré »;Orléans\nÀ l'école des Îles;Nîmes\n"
SPANISH = "nombre;ciudad\nCooperativa de niños;Málaga\nAsociación ÑANDÚ ¿Qué tal?;León\n"
PORTUGUESE = "nome;cidade\nAssociação de produção João;São Paulo\nPão e habitação;Évora\n"
ARABIC = "الاسم;المدينة\nتعاونية أركان النسائية;أكادير\nجمعية العسل;مراكش\n"

NODES = {
    "fr": [["fr"], ["ar", "fr"], ["fr", "ar", "en"]],
    "es": [["es"], ["es", "pt", "fr", "ar", "en"]],
    "pt": [["pt"], ["pt-BR", "es"]],
    "ar": [["ar"], ["ar_MA", "fr"], ["en", "fr", "ar"]],
}


@pytest.mark.parametrize(
    ("text", "language", "encoding"),
    [
        (FRENCH, "fr", "cp1252"),
        (FRENCH, "fr", "iso8859-15"),
        (FRENCH, "fr", "mac_roman"),
        (FRENCH.replace("œ", "oe"), "fr", "cp850"),
        (SPANISH, "es", "cp1252"),
        (SPANISH, "es", "iso8859-15"),
        (SPANISH, "es", "mac_roman"),
        (SPANISH, "es", "cp850"),
        (PORTUGUESE, "pt", "cp1252"),
        (PORTUGUESE, "pt", "mac_roman"),
        (PORTUGUESE, "pt", "cp850"),
        (ARABIC, "ar", "cp1256"),
        (ARABIC, "ar", "iso8859-6"),
        (ARABIC, "ar", "utf-8"),
        (ARABIC, "ar", "utf-8-sig"),
        (ARABIC, "ar", "utf-16"),
        (ARABIC, "ar", "utf-16-le"),
        (FRENCH, "fr", "utf-16-be"),
    ],
)
def test_a_text_reads_well_in_every_encoding_of_its_language(
    text: str, language: str, encoding: str
) -> None:
    for languages in NODES[language]:
        reading = decoded(text.encode(encoding), languages)
        assert reading.text == text
        assert reading.undecodable == 0
        assert 0 < reading.confidence <= 100


def test_a_list_in_arabic_and_french_is_read_as_both() -> None:
    text = "تعاونية;Coopérative\nجمعية النساء;Société à façon\n"
    reading = decoded(text.encode("cp1256"), ["ar", "fr"])
    assert reading.text == text


def test_greek_and_polish_networks_have_their_own_encodings() -> None:
    assert decoded("Συνεταιρισμός;Αθήνα".encode("iso8859-7"), ["el"]).text.startswith("Συνεταιρ")
    assert decoded("Spółdzielnia „Źródło”;Łódź".encode("cp1250"), ["pl"]).text.endswith("Łódź")


def test_valid_utf8_is_sure() -> None:
    reading = decoded("Coopérative".encode(), ["ar"])
    assert (reading.encoding, reading.confidence) == ("utf-8", 100)


def test_a_person_may_choose_another_encoding() -> None:
    data = "Café".encode("cp1252")
    assert decoded(data, ["fr"], encoding="cp850").text != "Café"
    assert decoded(data, ["ar"], encoding="latin-1").text == "Café"


@pytest.mark.parametrize("encoding", ["klingon", "base64", "zlib"])
def test_what_is_no_writing_is_refused_as_encoding(encoding: str) -> None:
    with pytest.raises(UnknownEncoding):
        decoded(b"name", ["fr"], encoding=encoding)


def test_bytes_that_are_no_letters_are_counted() -> None:
    reading = decoded(b"Caf\xe9 \xff\xfe", ["fr"], encoding="utf-8")
    assert reading.undecodable == 3
    assert "\ufffd" in reading.text


def test_a_large_list_is_judged_by_the_lines_that_tell() -> None:
    data = b"only plain words;here\n" * 30_000 + "Coopérative à façon;Besançon\n".encode(
        "mac_roman"
    )
    assert decoded(data, ["fr"]).text.endswith("Coopérative à façon;Besançon\n")


def test_a_network_without_known_languages_expects_western_european() -> None:
    assert candidates(["sw"])[0] == "cp1252"
    assert candidates([]) == candidates(["fr"])
