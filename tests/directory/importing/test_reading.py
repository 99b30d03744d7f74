"""A whole list: drafts with reasons, rows that join, keys that stay, totals that add up."""

import csv
import io
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.directory.importing.drafting import Draft
from services.directory.importing.limits import EmptyList, NoNameColumn
from services.directory.importing.preview import preview
from services.directory.importing.reading import read_list
from services.directory.importing.report import (
    REASONS,
    Outcome,
    Report,
    RowIssue,
    Severity,
    rejection,
)
from services.directory.importing.settings import ImportSettings, source_of
from services.directory.intake import profile_of
from shared.contracts.profile import ADDRESSES_MAX
from shared.refusals import Refusal

FRENCH = ImportSettings(languages=("fr", "ar"), source="members")


def drafted(
    data: str | bytes, options: ImportSettings = FRENCH, *, filename: str = ""
) -> tuple[list[Draft], Report]:
    report = Report()
    reading = read_list(
        data if isinstance(data, bytes) else data.encode(), options, filename=filename
    )
    drafts = list(reading.drafts(report))
    assert report.adds_up
    assert report.rows == reading.rows
    return drafts, report


def reasons(report: Report, severity: Severity = Severity.REJECTED) -> list[tuple[int, str, str]]:
    return [(issue.line, issue.column, issue.reason) for issue in report.of(severity)]


def feature_list(*features: dict[str, object]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def at(longitude: object, latitude: object, **properties: object) -> dict[str, object]:
    geometry = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def test_a_row_becomes_a_profile_with_all_its_fields() -> None:
    text = (
        "Identifiant;Nom;Nom (ar);Raison sociale;Sigle;Description;Résumé;Objectif;Pratique;"
        "Activité principale;Activités;Forme juridique;Type de membres;Économie;Rue;Code postal;"
        "Ville;Région;Pays;Latitude;Longitude;Site web;Facebook;Courriel;Téléphone;Contact;"
        "Année de création;Membres;Femmes;Conseil d'administration;Femmes au conseil;"
        "Écart de salaires;Rural;Mots-clés;Valeurs;Certifications;Bénéficiaires;ICE;Horaires;"
        "Photo;Bio;Statut;Territoire;Langue\n"
        "7;Tazart;تازارت;Coopérative Tazart;CT;Des figues;Figues sèches;Vivre au village;"
        "producer-coop;a03;a01;Coopérative;producteurs;solidaire;2 rue du Puits;80000;Agadir;Souss;"
        "Maroc;30.4278;-9.5981;tazart.example;@tazart;info@tazart.example;+212 528 000000;A. B.;"
        "2009;42;40;7;5;3:1;oui;figues, miel;ripess:equity;organic_ma;femmes;001234567000089;"
        "Lu-Ve 9:00-12:00;tazart.example/p.jpg;oui;actif;régional;fr\n"
    )
    (draft,), report = drafted(text)
    assert draft.source_key == "members:7"
    assert draft.contacts == {
        "email": {"value": "info@tazart.example", "visibility": "none"},
        "phone": {"value": "+212 528 000000", "visibility": "none"},
        "contact_name": {"value": "A. B.", "visibility": "none"},
    }
    assert draft.fields == {
        "name": "Tazart",
        "legal_name": "Coopérative Tazart",
        "nickname": "CT",
        "names": {"ar": "تازارت"},
        "summary": {"fr": "Figues sèches"},
        "description": {"fr": "Des figues"},
        "mission": {"fr": "Vivre au village"},
        "original_language": "fr",
        "identifiers": [{"scheme": "ma_ice", "value": "001234567000089"}],
        "org_structure": "organisational-structure:OS115",
        "legal_form": "legal-form:L2",
        "legal_form_local": {"text": "Coopérative", "country": "MA"},
        "membership_type": "base-membership-type:BMT20",
        "activities": ["activities:a03", "activities:a01"],
        "practices": ["practice:producer-coop"],
        "economy": "solidarity",
        "qualifiers": ["qualifiers:Organic"],
        "tags": ["figues", "miel"],
        "values": [{"code": "ripess:equity", "level": 1}],
        "certifications": [{"scheme": "organic_ma"}],
        "beneficiaries": [{"side": "outside", "group": "women"}],
        "addresses": [
            {
                "street": "2 rue du Puits",
                "locality": "Agadir",
                "region": "Souss",
                "postcode": "80000",
                "country": "MA",
                "is_main": True,
            }
        ],
        "geo": {"lat": 304278000, "lon": -95981000},
        "area_served": {"scope": "regional"},
        "primary_url": "http://tazart.example",
        "links": [{"url": "https://www.facebook.com/tazart", "kind": "facebook"}],
        "images": [{"url": "http://tazart.example/p.jpg"}],
        "opening_hours": "Lu-Ve 9:00-12:00",
        "founded_on": "2009",
        "members_total": 42,
        "members_women": 40,
        "board_total": 7,
        "board_women": 5,
        "pay_ratio": {"highest": 3},
        "rural": True,
    }
    assert not list(report.of(Severity.WARNING))
    profile = profile_of({**draft.fields, "contacts": draft.contacts})
    assert profile.contacts is not None


def test_bad_rows_are_reported_and_good_rows_are_kept() -> None:
    text = (
        "name,latitude,longitude,country\n"
        "A,53.8,-1.5,UK\n"
        ",53.8,-1.5,UK\n"
        "C,-1.5,53.8,UK\n"
        "D,0,0,UK\n"
        "E,here,-1.5,UK\n"
        "F,95,-1.5,UK\n"
        "G,53.8,,UK\n"
        "H,53.8,-1.5,UK,shifted\n"
        "I,,,UK\n"
    )
    drafts, report = drafted(text)
    assert [draft.fields["name"] for draft in drafts] == ["A", "I"]
    assert reasons(report) == [
        (3, "name", "no-name"),
        (4, "latitude", "coordinates-swapped"),
        (5, "latitude", "coordinates-zero"),
        (6, "latitude", "coordinate-not-a-number"),
        (7, "latitude", "latitude-out-of-range"),
        (8, "latitude", "coordinate-missing"),
        (9, "", "more-cells-than-columns"),
    ]
    assert (report.rows, report.drafts, report.rejected) == (9, 2, 7)


def test_coordinates_written_as_texts_are_refused_in_geojson() -> None:
    drafts, report = drafted(feature_list(at("2.35", "48.85", name="A"), at(2.35, 48.85, name="B")))
    assert [draft.fields["name"] for draft in drafts] == ["B"]
    assert reasons(report) == [(1, "geometry.latitude", "coordinate-is-text")]


def test_an_entity_may_be_kept_without_its_place() -> None:
    options = ImportSettings(languages=("fr",), keep_without_place=True)
    drafts, report = drafted(
        feature_list(at(0, 0, name="A"), at("2", "48.1234", name="B")), options
    )
    assert all("geo" not in draft.fields for draft in drafts)
    assert reasons(report, Severity.WARNING) == [
        (1, "geometry.latitude", "coordinates-zero"),
        (2, "geometry.latitude", "coordinate-is-text"),
    ]
    assert report.rejected == 0


def test_coordinates_may_be_repaired_where_their_meaning_is_sure() -> None:
    options = ImportSettings(languages=("fr",), repair_coordinates=True)
    data = feature_list(
        at("-9.5981", "30.4278", name="text"),
        at(30.4278, -9.5981, name="swapped", country="Maroc"),
        at(121.0, 14.6, name="right", country="Philippines"),
        at(14.6, 121.0, name="beyond", country="Philippines"),
        at(14.6, 121.0, name="unsure"),
    )
    drafts, report = drafted(data, options)
    assert [(draft.fields["name"], draft.fields["geo"]["lat"]) for draft in drafts] == [
        ("text", 304278000),
        ("swapped", 304278000),
        ("right", 146000000),
        ("beyond", 146000000),
    ]
    assert reasons(report) == [(5, "geometry.latitude", "latitude-out-of-range")]


def test_the_country_is_settled_by_what_is_written_and_by_the_place() -> None:
    data = feature_list(
        at(17.1, 48.15, name="A", country="SR"),
        at(2.35, 48.85, name="B", country="Frace"),
        at(-57.9, 51.7, name="C", country="France"),
        at(-9.598, 30.4278, name="D"),
        at(-9.598, 30.4278, name="E", country="Nowhereland"),
    )
    drafts, report = drafted(data)
    found = [draft.fields["addresses"][0].get("country") for draft in drafts]
    assert found[:3] == ["SK", "FR", "FR"]
    said = {(issue.line, issue.reason) for issue in report.issues}
    assert said >= {
        (1, "country-corrected"),
        (2, "country-guessed"),
        (3, "country-disagrees"),
        (5, "country-unknown"),
    }


def test_rows_with_one_identifier_become_one_entity_with_several_addresses() -> None:
    text = (
        "CUK Organisation ID,Registered Name,Outlet Name,Street,City,Website\n"
        "R1,Coop Ltd,Shop One,1 High St,Leeds,www.coop.example\n"
        "R2,Other Ltd,Mill,2 Mill Rd,York,\n"
        "R1,Coop Ltd,Shop Two,9 Low St,Hull,www.two.example\n"
        "R1,Coop Ltd,Shop One,1 High St,Leeds,www.coop.example\n"
    )
    drafts, report = drafted(text)
    other, coop = drafts
    assert other.fields["name"] == "Other Ltd"
    assert (coop.source_key, coop.lines) == ("cuk:R1", (2, 4, 5))
    assert coop.fields["addresses"] == [
        {"street": "Shop One, 1 High St", "locality": "Leeds", "is_main": True},
        {"street": "Shop Two, 9 Low St", "locality": "Hull"},
    ]
    assert coop.fields["primary_url"] == "http://www.coop.example"
    assert coop.fields["links"] == [{"url": "http://www.two.example", "kind": "outlet"}]
    assert (report.rows, report.drafts, report.joined) == (4, 2, 2)
    assert {(issue.line, issue.reason) for issue in report.issues} == {
        (4, "joins-earlier-row"),
        (5, "repeats-earlier-row"),
    }


def test_addresses_beyond_the_profiles_limit_are_rejected_by_name() -> None:
    rows = "".join(f"R1,Coop,{number} High St\n" for number in range(ADDRESSES_MAX + 3))
    (draft,), report = drafted(f"id,name,street\n{rows}")
    assert len(draft.fields["addresses"]) == ADDRESSES_MAX
    assert (report.joined, report.rejected) == (ADDRESSES_MAX - 1, 3)
    assert {reason for _, _, reason in reasons(report)} == {"too-many-addresses"}
    profile_of(draft.fields, needs="name")


def test_an_identifier_of_two_names_identifies_neither() -> None:
    text = "id,name\n1,A\n2,B\n3,C\n3,D\n4,E\n"
    drafts, report = drafted(text)
    keys = [draft.source_key for draft in drafts]
    assert keys[:2] == ["members:1", "members:2"]
    assert len(set(keys)) == 5
    assert [line for line, _, reason in reasons(report, Severity.WARNING)] == [4, 5]


def test_a_category_is_not_taken_for_an_identifier() -> None:
    text = "ref,name\n75,A\n75,B\n13,C\n13,D\n"
    drafts, report = drafted(text)
    assert all(draft.source_key.startswith("name:") for draft in drafts)
    assert report.by_reason() == {"identifier-shared": 1}


def test_without_an_identifier_name_and_place_tell_entities_apart() -> None:
    text = "nom,ville\nL'Épi,Agde\nl'epi ,AGDE\nL'Épi,Brest\n"
    drafts, _ = drafted(text)
    assert [draft.lines for draft in drafts] == [(2, 3), (4,)]
    again, _ = drafted("Ville,Nom,Description\nagde,L'EPI,Du pain\n")
    assert again[0].source_key == drafts[0].source_key


def test_same_name_and_place_under_two_identifiers_is_said() -> None:
    _, report = drafted("id,nom,ville\n1,L'Épi,Agde\n2,L'EPI,Agde\n")
    assert reasons(report, Severity.NOTE) == [(3, "", "same-name-and-place")]


def test_the_numbers_of_two_lists_are_not_mixed_up_but_registers_are_one() -> None:
    text = "id,siren,nom\n1,552100554,A\n"
    keys = {drafted(text, ImportSettings(source=source))[0][0].source_key for source in ("x", "y")}
    assert keys == {"x:1", "y:1"}
    text = "siren,nom\n552100554,A\n"
    keys = {drafted(text, ImportSettings(source=source))[0][0].source_key for source in ("x", "y")}
    assert keys == {"siren:552100554"}
    assert source_of("members-2023 (2).csv") == source_of("Members 2024.csv") == "members"


def test_an_updated_list_has_the_same_keys_and_other_fields() -> None:
    first, _ = drafted("id,nom,membres\n1,A,10\n2,B,20\n")
    second, _ = drafted("nom;id;membres\nB;2;21\nA;1;10\n")
    assert {draft.source_key for draft in first} == {draft.source_key for draft in second}
    by_key = {draft.source_key: draft.fields for draft in second}
    assert by_key[first[0].source_key] == first[0].fields
    assert by_key[first[1].source_key]["members_total"] == 21


def test_texts_by_language_and_without_html() -> None:
    text = (
        "nom;description;description:ar;descripiton:de;résumé\n"
        f"A;<p>Un <b>marché</b></p>;سوق;Ein Markt;{'x' * 300}\n"
        "B;B;;;\n"
    )
    (first, second), report = drafted(text)
    assert first.fields["description"] == {
        "fr": f"{'x' * 300}\n\nUn marché",
        "ar": "سوق",
        "de": "Ein Markt",
    }
    assert len(first.fields["summary"]["fr"]) == 250
    assert "description" not in second.fields
    assert set(report.by_reason()) == {"html-removed", "column-guessed", "summary-shortened"}


def test_an_address_of_a_person_does_not_travel_in_a_text() -> None:
    (draft,), report = drafted("nom;description\nA;Écrire à rosa@example.org svp\n")
    assert draft.fields["description"] == {"fr": "Écrire à … svp"}
    assert draft.contacts["email"] == {"value": "rosa@example.org", "visibility": "none"}
    assert report.by_reason() == {"contact-in-text": 1}
    assert "rosa" not in repr(report.issues)


def test_contacts_stand_in_no_issue() -> None:
    text = "nom;courriel;téléphone;site web\nA;rosa arroba example;call rosa;rosa@example.org\n"
    (draft,), report = drafted(text)
    assert draft.contacts == {}
    assert "rosa" not in repr(report.issues)
    assert report.by_reason()["contact-unreadable"] == 2


def test_an_address_that_all_rows_share_is_the_lists_own() -> None:
    rows = "".join(f"http://list.example/,N{number}\n" for number in range(20))
    drafts, report = drafted(f"url,name\n{rows}http://own.example,X\n")
    assert "primary_url" not in drafts[0].fields
    assert drafts[0].fields["links"] == [{"url": "http://list.example/", "kind": "list"}]
    assert drafts[-1].fields["primary_url"] == "http://own.example"
    assert report.by_reason() == {"url-shared-by-most": 1}


def test_what_a_field_does_not_take_is_reported_and_the_rest_is_kept() -> None:
    text = (
        "name,founded,members,website,practice,status,women,rural,language,pay ratio,image,tags\n"
        "A,soon,many,nowhere,weaving,sleepy,3,perhaps,klingon,high,none.,x;#x;X\n"
    )
    (draft,), report = drafted(text)
    assert draft.fields == {"name": "A", "members_women": 3, "tags": ["x", "weaving"]}
    assert report.by_reason() == {
        "value-unreadable": 4,
        "url-unreadable": 2,
        "code-unknown": 1,
        "number-unreadable": 1,
        "date-unreadable": 1,
    }


def test_more_women_than_members_are_not_taken() -> None:
    (draft,), report = drafted("name,members,women,men\nA,10,8,8\n")
    assert draft.fields == {"name": "A", "members_total": 10}
    assert report.by_reason() == {"counts-disagree": 2}


def test_codes_of_the_essglobal_standard_are_mapped() -> None:
    base = "https://dev.lod.coop/essglobal/2.1/standard"
    text = (
        "Identifier,Name,Organisational Structure,Primary Activity,Membership Type,Latitude,"
        "Longitude,Geo Container,Geo Container Latitude,Geo Container Longitude,Country ID\n"
        f"R1,A,{base}/organisational-structure/OS60,{base}/activities-ica/ICA210,"
        f"{base}/base-membership-type/BMT30,,,http://data.example/id/postcodeunit/AB1,"
        "53.8,-1.5,GB\n"
    )
    (draft,), _ = drafted(text)
    assert draft.fields["org_structure"] == "organisational-structure:OS60"
    assert draft.fields["activities_ica"] == ["activities-ica:ICA210"]
    assert draft.fields["membership_type"] == "base-membership-type:BMT30"
    assert draft.fields["practices"] == ["practice:worker-coop"]
    assert draft.fields["geo"] == {"lat": 538000000, "lon": -15000000, "precision": "postcode"}


def test_damaged_letters_are_mended_or_reported() -> None:
    (first, second), report = drafted("nom;ville\nCafÃ© SolidÃ¤r;Agde\nCaf\ufffd;Brest\n")
    assert first.fields["name"] == "Café Solidär"
    assert second.fields["name"] == "Caf\ufffd"
    assert {(issue.line, issue.reason) for issue in report.issues} == {
        (2, "text-mended"),
        (3, "text-damaged"),
    }


def test_the_order_of_dates_is_told_by_the_list_or_said_to_be_open() -> None:
    drafts, _ = drafted("name,founded\nA,3/4/2001\nB,4/30/2001\n")
    assert drafts[0].fields["founded_on"] == "2001-03-04"
    _, report = drafted("name,founded\nA,3/4/2001\n")
    assert report.by_reason() == {"date-ambiguous": 1}


def test_the_lists_licence_and_source_are_kept() -> None:
    data = json.dumps(
        {
            "type": "FeatureCollection",
            "license": "ODbL",
            "features": [at(2.35, 48.85, name="A")],
        }
    ).encode()
    (draft,), _ = drafted(data, ImportSettings(attribution="Our federation"))
    assert (draft.fields["licence"], draft.fields["attribution"]) == ("ODbL", "Our federation")


def test_progress_is_told_now_and_then_and_at_the_end() -> None:
    told: list[tuple[int, int]] = []
    reading = read_list(("name\n" + "".join(f"N{n}\n" for n in range(450))).encode())
    for _ in reading.drafts(Report(), lambda done, rows: told.append((done, rows))):
        pass
    assert told == [(200, 450), (400, 450), (450, 450)]


def test_a_list_without_names_is_refused_unless_a_person_says_where_they_are() -> None:
    with pytest.raises(NoNameColumn):
        read_list(b"foo,bar\n1,2\n")
    with pytest.raises(EmptyList):
        read_list(b"name,city\n")
    drafts, _ = drafted("foo,bar\nville,A\n", ImportSettings(mapping={"bar": "name", "foo": None}))
    assert drafts[0].fields["name"] == "A"


def test_a_doubtful_encoding_is_pointed_out() -> None:
    data = "id;name\n1;تعاونية النساء\n2;جمعية العسل\n".encode("cp1256")
    _, report = drafted(data, ImportSettings(languages=("fr",)))
    assert "encoding-doubtful" in report.by_reason()
    drafts, report = drafted(data, ImportSettings(languages=("fr", "ar")))
    assert drafts[0].fields["name"] == "تعاونية النساء"
    assert report.by_reason() == {}


def test_a_preview_shows_how_the_list_was_read() -> None:
    text = "Nom;Ville;Courriel;Truc;Telefphone number\nL'Épi;Agde;a@b.example;x;123456\n;Brest;;;\n"
    shown = preview(read_list(text.encode("cp1252"), FRENCH))
    assert (shown.encoding, shown.encoding_title) == ("cp1252", "Western European (Windows)")
    assert (shown.delimiter, shown.rows, shown.unit) == (";", 2, "line")
    assert [(column.column, column.field, column.guessed) for column in shown.columns] == [
        ("Nom", "name", False),
        ("Ville", "address.locality", False),
        ("Courriel", "contact.email", False),
        ("Truc", "", False),
        ("Telefphone number", "contact.phone", True),
    ]
    assert shown.columns[0].samples == ("L'Épi",)
    assert shown.unmapped == ("Truc",)
    good, bad = shown.first
    assert good.draft is not None
    assert good.draft.fields["name"] == "L'Épi"
    assert bad.draft is None
    assert [issue.reason for issue in bad.issues] == ["no-name"]
    assert {issue.reason for issue in shown.notes} == {"contact-kept-back", "column-guessed"}


def test_a_report_says_its_reasons_in_words_and_counts_outcomes() -> None:
    report = Report(rows=2, drafts=1)
    report.reject([rejection(3, "no-name", "x" * 500, column="Nom")])
    assert report.adds_up
    before = report.settled
    report.settle(Outcome.CREATED)
    assert (before, report.settled) == (False, True)
    (issue,) = report.of(Severity.REJECTED)
    assert issue.sentence.startswith("the row has no name: xxx")
    assert len(issue.detail) <= 160
    with pytest.raises(AssertionError):
        RowIssue(line=1, reason="because", severity=Severity.NOTE)
    assert all(reason == reason.lower() and " " not in reason for reason in REASONS)


HEADERS = (
    *("latitude", "longitude", "url", "description", "id", "Country", "codes", "phone", "founded"),
    *("members", "WKT", "gps", "adresse", "categories", "values", "image", "status", "organic"),
)
CELLS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(
        ("", "0", "48,5", "-", "yes", "http://a.b", "x@y.zz", "FR", "1/2/2003", "POINT(1 2)", "1,2")
    ),
    st.sampled_from(("Ã©", "&eacute;", "&#0;", "<b>x</b>", "a;b", "practice:csa", "4:1", "\ufffd")),
    st.floats().map(str),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(HEADERS), min_size=1, max_size=8),
    st.lists(st.lists(CELLS, max_size=9), max_size=8),
)
def test_every_row_is_accounted_for_and_the_same_list_gives_the_same_drafts(
    headers: list[str], rows: list[list[str]]
) -> None:
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["nom", *headers])
    writer.writerows(rows)
    data = target.getvalue().encode()
    try:
        first, report = drafted(data)
    except Refusal:
        return
    again, same = drafted(data)
    assert first == again
    assert report.issues == same.issues
    assert len({draft.source_key for draft in first}) == len(first)
    for draft in first:
        profile_of({**draft.fields, "contacts": draft.contacts}, needs="name")


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"name,lat\n", b"x = [", b"<kml>", b"PK\x03\x04"]),
)
def test_no_bytes_do_more_harm_than_a_refusal(tail: bytes, start: bytes) -> None:
    with suppress(Refusal):
        reading = read_list(start + tail, filename="list.js" if start == b"x = [" else "")
        preview(reading)
        report = Report()
        list(reading.drafts(report))
        assert report.adds_up
