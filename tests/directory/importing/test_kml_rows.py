"""KML: placemarks with and without points, HTML in descriptions, and documents that mean harm."""

import io
import zipfile

import pytest

from services.directory.importing.limits import EmptyList, UnreadableFile, UnsafeXml
from services.directory.importing.rows import FileKind, Row
from services.directory.importing.tables import open_table

START = (
    '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
)
END = "</Document></kml>"


def kml(*placemarks: str) -> bytes:
    inner = "".join(f"<Placemark>{placemark}</Placemark>" for placemark in placemarks)
    return f"{START}{inner}{END}".encode()


def test_placemarks_become_rows() -> None:
    data = kml(
        "<name><![CDATA[Banc del Temps]]></name><description><![CDATA[<b><a target='_blank'"
        " href=https://bdt.example/x?a=1&b=2>Banc</a></b>]]></description>"
        "<Point><coordinates>\n 2.1234567,42.7654321,0 </coordinates></Point>",
        '<name>A &amp; B</name><ExtendedData><Data name="telephone"><value>123456</value></Data>'
        '<SchemaData><SimpleData name="ville">Olot</SimpleData></SchemaData></ExtendedData>',
    )
    table = open_table(data)
    assert (table.kind, table.unit) == (FileKind.KML, "placemark")
    first, second = table.items()
    assert isinstance(first, Row)
    assert first.cells["name"] == "Banc del Temps"
    assert first.cells["description.link"] == "https://bdt.example/x?a=1&b=2"
    assert first.cells["geometry.longitude"] == "2.1234567"
    assert first.cells["geometry.latitude"] == "42.7654321"
    assert second == Row(2, {"name": "A & B", "telephone": "123456", "ville": "Olot"})


def test_an_area_stands_by_its_middle() -> None:
    data = kml(
        "<name>A</name><Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 2,0 2,4 0,4 0,0"
        "</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    )
    (row,) = open_table(data).items()
    assert isinstance(row, Row)
    assert (row.cells["geometry.latitude"], row.cells["geometry.precision"]) == (2.0, "shape")


def test_entities_of_html_and_bare_ampersands_are_no_obstacle() -> None:
    (row,) = open_table(kml("<name>Caf&eacute; & Bar&nbsp;A</name>")).items()
    assert isinstance(row, Row)
    assert row.cells["name"] == "Café & Bar\xa0A"


def test_folders_and_prefixes_are_no_obstacle() -> None:
    data = (
        b'<kml:kml xmlns:kml="http://www.opengis.net/kml/2.2"><kml:Folder><kml:name>Folder'
        b"</kml:name><kml:Placemark><kml:name>A</kml:name></kml:Placemark></kml:Folder></kml:kml>"
    )
    assert list(open_table(data).items()) == [Row(1, {"name": "A"})]


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE kml SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE kml [<!ENTITY x SYSTEM "http://attacker.example/">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(doctype: str, encoding: str) -> None:
    data = f"{doctype}<kml><Placemark><name>&b;</name></Placemark></kml>".encode(encoding)
    with pytest.raises(UnsafeXml):
        open_table(data, filename="list.kml")


def test_damaged_and_empty_documents_are_refused() -> None:
    with pytest.raises(UnreadableFile):
        open_table(START.encode() + b"<Placemark><name>A</name>")
    with pytest.raises(UnreadableFile):
        open_table((START + "<Folder>" * 100).encode())
    with pytest.raises(EmptyList):
        open_table(kml())


def test_a_kmz_archive_is_opened() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("doc.kml", kml("<name>A</name>"))
        packed.writestr("images/a.png", b"\x89PNG")
    assert list(open_table(target.getvalue()).items()) == [Row(1, {"name": "A"})]
