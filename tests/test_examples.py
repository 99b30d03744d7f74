"""The example lists are what their README says: decodable, well coded, in place, and invented."""

import csv
import io
import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

EXAMPLES: Final = Path(__file__).parents[1] / "examples"
FIVE_LANGUAGES: Final = ("ar", "en", "es", "fr", "pt")
TEXTS_MIN: Final = 20

KAWANO: Final = """
    worker-coop producer-coop volunteer-collective community-garden self-employed-collective
    unpaid-care self-provisioning self-help-group informal-workers-union recovered-enterprise
    fair-trade csa local-currency time-bank barter solidarity-market gift
    consumer-coop buying-club housing-coop cohousing community-land-trust platform-coop sharing
    credit-union community-finance public-bank peer-lending mutual-insurance crowdfunding
    participatory-budgeting commons-management neighbourhood-council public-sector
"""
RIPESS: Final = """
    humanism democracy solidarity inclusiveness subsidiarity diversity creativity
    sustainable-development equity integration plural-economy
"""
ESPACE: Final = "solidarity democracy social-justice autonomy transparency people-first"
LABELS: Final = "pgs organic_eu organic_ma wfto_guarantee fairtrade_international spp fair_for_life"

PRACTICES: Final = frozenset(KAWANO.split())
ACTIVITIES: Final = frozenset(f"a{number:02}" for number in range(1, 22))
ECONOMIES: Final = frozenset({"social", "solidarity", "both"})
VALUES: Final = frozenset(
    {f"ripess:{code}" for code in RIPESS.split()} | {f"espace:{code}" for code in ESPACE.split()}
)
CERTIFICATIONS: Final = frozenset(LABELS.split())

FIELDS: Final = {
    "id": ("identifiant", "identificador", "id", "المعرف"),
    "name": ("nom", "nome", "nombre", "name", "الاسم"),
    "description": ("description", "descrição", "descripción", "الوصف"),
    "practices": ("pratique", "práticas", "prácticas", "practices", "الممارسة"),
    "activities": ("activité", "atividades", "actividades", "activities", "النشاط"),
    "economy": ("économie", "economia", "economía", "economy", "الاقتصاد"),
    "country": ("pays", "país", "country", "البلد"),
    "latitude": ("latitude", "latitud", "خط العرض"),
    "longitude": ("longitude", "longitud", "خط الطول"),
    "founded": (
        "année de création",
        "ano de fundação",
        "año de fundación",
        "founded",
        "سنة التأسيس",
    ),
    "members": ("membres", "membros", "miembros", "socias y socios", "members", "عدد الأعضاء"),
    "women": ("femmes", "mulheres", "mujeres", "women", "النساء"),
    "men": ("hommes", "homens", "hombres", "varones", "men", "الرجال"),
    "youth": ("jeunes", "jovens", "jóvenes", "youth", "الشباب"),
    "values": ("valeurs", "valores", "values", "القيم"),
    "certifications": ("certifications", "certificações", "certificaciones", "الشهادات"),
}
"""The headers of the columns that are looked at here, in small letters."""
MEANINGS: Final = {header: field for field, headers in FIELDS.items() for header in headers}

BOXES: Final = {
    # West, south, east, north, in degrees; islands far out are part of their country.
    ("Maroc", "المغرب"): (-13.5, 27.6, -0.9, 36.0),
    ("Algérie", "الجزائر"): (-8.7, 18.9, 12.0, 37.2),
    ("تونس",): (7.5, 30.2, 11.7, 37.6),
    ("Mauritanie", "موريتانيا"): (-17.2, 14.7, -4.8, 27.3),
    ("Senegal",): (-17.7, 12.2, -11.3, 16.8),
    ("The Gambia",): (-16.9, 13.0, -13.7, 13.9),
    ("Cabo Verde",): (-25.5, 14.7, -22.6, 17.3),
    ("Guiné-Bissau",): (-16.8, 10.8, -13.6, 12.7),
    ("São Tomé e Príncipe",): (6.4, -0.1, 7.5, 1.8),
    ("Guinea Ecuatorial",): (5.5, -1.6, 11.4, 3.9),
    # The list is of the Canary Islands alone.
    ("España",): (-18.3, 27.5, -13.3, 29.5),
    ("Kenya",): (33.9, -4.8, 41.9, 5.1),
    ("Tanzania",): (29.3, -11.8, 40.5, -0.9),
    ("Uganda",): (29.5, -1.5, 35.1, 4.3),
    ("Rwanda",): (28.8, -2.9, 30.9, -1.0),
    ("Ghana",): (-3.3, 4.7, 1.3, 11.2),
    ("Togo",): (-0.2, 6.0, 1.9, 11.2),
    ("Benin",): (0.7, 6.2, 3.9, 12.5),
    ("Côte d'Ivoire",): (-8.7, 4.3, -2.4, 10.8),
    ("Mali",): (-12.3, 10.1, 4.3, 25.1),
    ("Burkina Faso",): (-5.6, 9.4, 2.5, 15.1),
    ("South Africa",): (16.4, -34.9, 32.9, -22.1),
    ("Uruguay",): (-58.5, -35.0, -53.1, -30.0),
    ("Brasil",): (-74.1, -33.8, -34.7, 5.3),
    ("Bolivia",): (-69.7, -22.9, -57.4, -9.6),
    ("Argentina",): (-73.6, -55.1, -53.6, -21.7),
    ("Chile",): (-75.7, -56.0, -66.4, -17.5),
    ("México",): (-118.5, 14.5, -86.7, 32.8),
}
BOX_OF: Final = {name: box for names, box in BOXES.items() for name in names}


class Source(NamedTuple):
    """A list, as ``networks.toml`` announces it."""

    path: str
    encoding: str
    language: str


Entry = dict[str, list[str]]
"""Texts by field; a field that stands in several languages or holds several codes has several."""


def _networks() -> list[dict[str, Any]]:
    document = tomllib.loads((EXAMPLES / "networks.toml").read_text(encoding="utf-8"))
    networks: list[dict[str, Any]] = document["networks"]
    return networks


SOURCES: Final = [Source(**file) for network in _networks() for file in network.get("files", [])]
EXPECTED: Final[dict[str, dict[str, int]]] = json.loads((EXAMPLES / "expected.json").read_bytes())


def _headed(header: str, language: str) -> tuple[str, str]:
    """Return a column's name without its tag, in small letters, and its language."""
    tagged = re.fullmatch(r"(.+?)\s*(?:\((\w{2,3})\)|:(\w{2,3}))", header)
    if tagged is None:
        return header.lower(), language
    return tagged[1].lower(), tagged[2] or tagged[3]


def _records(source: Source) -> list[dict[str, Any]]:
    text = (EXAMPLES / source.path).read_bytes().decode(source.encoding)
    if source.path.endswith(".geojson"):
        records = []
        for feature in json.loads(text)["features"]:
            longitude, latitude = feature["geometry"]["coordinates"]
            place = {"latitude": latitude, "longitude": longitude}
            records.append({**feature["properties"], **place})
        return records
    header = text.split("\n", 1)[0]
    delimiter = max(";,", key=header.count)
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return list(rows)


def _entries(source: Source) -> list[Entry]:
    """Return a list's entries by field; a text's language goes before it: ``fr|Le moulin``."""
    entries = []
    for record in _records(source):
        entry: Entry = {}
        for header, cell in record.items():
            word, language = _headed(header, source.language)
            field = MEANINGS.get(word)
            values = cell if isinstance(cell, list) else [cell]
            texts = [str(value).strip() for value in values if str(value).strip()]
            if field in ("practices", "activities", "values", "certifications"):
                texts = [code for text in texts for code in text.split(";")]
            elif field == "description" or (field == "name" and word != header.lower()):
                texts = [f"{language}|{text}" for text in texts]
            if field is not None and texts:
                entry.setdefault(field, []).extend(texts)
        entries.append(entry)
    return entries


def _in_place(entry: Entry) -> bool:
    west, south, east, north = BOX_OF[entry["country"][0]]
    latitude, longitude = float(entry["latitude"][0]), float(entry["longitude"][0])
    return south <= latitude <= north and west <= longitude <= east


def _good(entry: Entry) -> bool:
    return "name" in entry and _in_place(entry)


ENTRIES: Final = {source.path: _entries(source) for source in SOURCES}
ALL: Final = [entry for entries in ENTRIES.values() for entry in entries]
GOOD: Final = [entry for entry in ALL if _good(entry)]


def test_every_list_is_announced_and_expected() -> None:
    lists = {
        path.relative_to(EXAMPLES).as_posix()
        for path in EXAMPLES.rglob("*")
        if path.suffix in (".csv", ".geojson")
        and path.name != "offers.csv"
        and "decisions" not in path.parts
    }
    assert lists == {source.path for source in SOURCES} == set(EXPECTED)


def test_the_lists_come_in_several_encodings() -> None:
    assert {source.encoding for source in SOURCES} == {
        "utf-8",
        "utf-8-sig",
        "latin-1",
        "windows-1256",
    }
    for source in SOURCES:
        data = (EXAMPLES / source.path).read_bytes()
        assert data.startswith(b"\xef\xbb\xbf") == (source.encoding == "utf-8-sig")
        if source.encoding in ("latin-1", "windows-1256"):
            with pytest.raises(UnicodeDecodeError):
                data.decode("utf-8")


@pytest.mark.parametrize("path", sorted(EXPECTED))
def test_a_list_has_the_rows_that_are_expected(path: str) -> None:
    good = sum(_good(entry) for entry in ENTRIES[path])
    rows = len(ENTRIES[path])
    assert {"rows": rows, "good": good, "bad": rows - good} == EXPECTED[path]


def test_exactly_the_rows_that_the_readme_names_are_bad() -> None:
    bad = [entry["id"][0] for entry in ALL if not _good(entry)]
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert bad == re.findall(r"^- `([A-Z]+-\d+)`", readme, flags=re.MULTILINE)


def test_one_row_has_its_coordinates_swapped() -> None:
    (row,) = [entry for entry in ALL if not _in_place(entry)]
    assert _in_place({**row, "latitude": row["longitude"], "longitude": row["latitude"]})


def test_every_code_is_known_and_every_practice_and_activity_is_met() -> None:
    used = {
        field: {code for entry in ALL for code in entry.get(field, [])}
        for field in ("practices", "activities", "values", "certifications", "economy")
    }
    assert used["practices"] == PRACTICES
    assert used["activities"] == ACTIVITIES
    assert used["economy"] == ECONOMIES
    assert used["values"] <= VALUES
    assert used["certifications"] == CERTIFICATIONS
    assert all(entry["practices"] and entry["activities"] for entry in ALL)


@pytest.mark.parametrize("language", FIVE_LANGUAGES)
def test_each_of_the_five_languages_has_its_texts(language: str) -> None:
    texts = [
        text.partition("|")[2]
        for entry in GOOD
        for text in entry["description"]
        if text.startswith(f"{language}|")
    ]
    assert len(texts) >= TEXTS_MIN
    assert all(len(text.split()) >= 9 for text in texts)
    arabic = sum(bool(re.search(r"[\u0600-\u06ff]", text)) for text in texts)
    assert arabic == (len(texts) if language == "ar" else 0)


def test_no_text_and_no_name_is_said_twice() -> None:
    for field in ("id", "description", "name"):
        counted = Counter(text for entry in ALL for text in entry.get(field, []))
        assert [text for text, times in counted.items() if times > 1] == []


def test_texts_differ_in_their_first_words() -> None:
    openings = Counter(" ".join(text.split()[:3]) for entry in ALL for text in entry["description"])
    assert max(openings.values()) <= 2


def test_coordinates_are_written_as_people_write_them() -> None:
    for source in SOURCES:
        if source.path.endswith(".csv"):
            for entry in ENTRIES[source.path]:
                for field in ("latitude", "longitude"):
                    assert re.fullmatch(r"-?\d{1,3}\.\d{4,6}", entry[field][0])


def test_women_and_men_add_up_to_the_members() -> None:
    counted = [entry for entry in ALL if "members" in entry]
    assert len(counted) >= len(ALL) - 5
    for entry in counted:
        members, women, men, youth = (
            int(entry[field][0]) for field in ("members", "women", "men", "youth")
        )
        assert women + men == members
        assert youth <= members
    assert all(1900 <= int(entry["founded"][0]) <= 2025 for entry in ALL)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.path)
def test_nobody_can_be_called_or_written_to(source: Source) -> None:
    text = (EXAMPLES / source.path).read_bytes().decode(source.encoding)
    for host in re.findall(r"[\w.+-]+@([\w.-]+)|https?://([\w.-]+)", text):
        assert re.fullmatch(r"(?:[\w-]+\.)*example\.(?:org|com)", "".join(host))
    assert text.count("@") == len(re.findall(r"[\w.+-]+@[\w-]", text))
    # Eight digits or more in a row, with what people put between the groups of a number.
    assert re.findall(r"(?<![\d.])\+?\d(?:[ .()/-]?\d){7,}", text) == []


def test_networks_form_a_tree_of_hubs_and_the_small_example_stands_alone() -> None:
    networks = {network["name"]: network for network in _networks()}
    small = [name for name, network in networks.items() if not network["world"]]
    assert small == ["africa", "souss", "teranga", "ilhas"]
    above = {"local": "continental", "continental": "intercontinental", "intercontinental": None}
    seen: dict[str, str] = {}
    for name, network in networks.items():
        # A parent stands before its children, so that they can be founded in this order.
        assert seen.get(network["parent"]) == above[network["level"]]
        seen[name] = network["level"]
        if network["level"] == "local":
            assert network["continent"] == networks[network["parent"]]["continent"]
        assert set(FIVE_LANGUAGES) <= set(network["names"])
        assert len(set(network["stewards"])) == 2
