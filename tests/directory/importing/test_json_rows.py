"""GeoJSON by RFC 7946, arrays of objects, and lists that scripts hold."""

import json

import pytest

from services.directory.importing.limits import EmptyList, UnreadableFile
from services.directory.importing.report import RowIssue
from services.directory.importing.rows import FileKind, Row, flat
from services.directory.importing.script_rows import script_value
from services.directory.importing.tables import open_table


def geojson(*features: object, **members: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features, **members}).encode()


def feature(geometry: object = None, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def point(*coordinates: object) -> dict[str, object]:
    return {"type": "Point", "coordinates": list(coordinates)}


def test_features_become_rows_with_longitude_first() -> None:
    data = geojson(
        feature(point(-9.55, 30.42, 12), name="A", **{"description:ar": "تعاونية"}),
        feature(None, name="B"),
        license="CC0-1.0",
        source="https://list.example",
    )
    table = open_table(data)
    assert (table.kind, table.unit, table.typed) == (FileKind.GEOJSON, "feature", True)
    assert dict(table.facts) == {"licence": "CC0-1.0", "source": "https://list.example"}
    assert list(table.items()) == [
        Row(
            1,
            {
                "name": "A",
                "description:ar": "تعاونية",
                "geometry.longitude": -9.55,
                "geometry.latitude": 30.42,
            },
        ),
        Row(2, {"name": "B"}),
    ]


def test_coordinates_that_are_texts_stay_texts() -> None:
    (row,) = open_table(geojson(feature(point("2.35", "48.85"), name="A"))).items()
    assert isinstance(row, Row)
    assert row.cells["geometry.latitude"] == "48.85"


def test_what_is_no_feature_is_reported_and_the_next_is_kept() -> None:
    found = list(open_table(geojson("text", {"type": "Point"}, feature(name="A"))).items())
    assert [(item.line, getattr(item, "reason", "")) for item in found] == [
        (1, "not-a-feature"),
        (2, "not-a-feature"),
        (3, ""),
    ]


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 4], [0, 4], [0, 0]]]},
            (2.0, 1.0, "shape"),
        ),
        ({"type": "MultiPoint", "coordinates": [[3, 5], [3, 5]]}, (5.0, 3.0, "exact")),
        ({"type": "LineString", "coordinates": [[1, 1], [3, 3]]}, (2.0, 2.0, "shape")),
        ({"type": "GeometryCollection", "geometries": [point(3.5, 5.5)]}, (5.5, 3.5, None)),
        ({"type": "Point", "coordinates": []}, (None, None, None)),
        ({"type": "Point", "coordinates": None}, (None, None, None)),
        ({"type": "Polygon", "coordinates": "x"}, (None, None, None)),
        ({"type": "GeometryCollection", "geometries": [{"geometries": []}]}, (None, None, None)),
    ],
)
def test_other_geometries_stand_by_their_middle(
    geometry: object, expected: tuple[object, ...]
) -> None:
    (row,) = open_table(geojson(feature(geometry, name="A"))).items()
    assert isinstance(row, Row)
    columns = ("geometry.latitude", "geometry.longitude", "geometry.precision")
    assert tuple(row.cells.get(column) for column in columns) == expected


def test_an_array_of_objects_is_a_list_and_nested_parts_are_its_columns() -> None:
    entry = {
        "title": "A",
        "address": {"city": "Agde", "location": {"lat": 43.3}},
        "categories": [{"id": 3, "name": "Alimentation"}, {"name": "Troc"}, {"x": {}}],
        "tags": ["a", "b", None],
        "empty": [],
    }
    (row,) = open_table(json.dumps([entry]).encode()).items()
    assert row == Row(
        1,
        {
            "title": "A",
            "address.city": "Agde",
            "address.location.lat": 43.3,
            "categories": ("Alimentation", "Troc"),
            "tags": ("a", "b"),
        },
    )


def test_the_list_inside_an_object_is_found() -> None:
    data = json.dumps({"meta": {"n": 2}, "elements": [{"name": "A"}, {"name": "B"}]}).encode()
    assert [row.line for row in open_table(data).items()] == [1, 2]


def test_objects_by_their_ids_are_a_list_too() -> None:
    data = json.dumps({"x1": {"name": "A"}, "x2": {"name": "B"}}).encode()
    assert len(list(open_table(data).items())) == 2


def test_entries_that_are_no_objects_are_reported() -> None:
    found = list(open_table(b'[{"name": "A"}, 5, ["x"]]').items())
    assert [isinstance(item, RowIssue) for item in found] == [False, True, True]


def test_a_depth_beyond_the_limit_is_passed_over() -> None:
    nested: dict[str, object] = {"name": "deep"}
    for _ in range(60):
        nested = {"in": nested}
    assert flat({"name": "A", **nested}) == {"name": "A"}


def test_json_with_a_comma_too_many_is_read_all_the_same() -> None:
    assert list(open_table(b"[{'name': 'A', \"n\": NaN,},]").items()) == [
        Row(1, {"name": "A", "n": None})
    ]


@pytest.mark.parametrize("data", [b"[]", b'{"type":"FeatureCollection","features":[]}'])
def test_an_empty_list_is_refused(data: bytes) -> None:
    with pytest.raises(EmptyList):
        open_table(data)


def test_damaged_json_is_refused_with_a_reason() -> None:
    with pytest.raises(UnreadableFile):
        open_table(b'{"type": "FeatureCollection", "features": [{"na')


SCRIPT = """
// The list of our members: [do not read this]
/* nor { this: 1 } */
const version = { name: 'map' };
export const places = [
  { nom: 'L\\'Épi<br>vert', ville: "Nîmes", 'code-postal': '30000', lattitude: 43.83,
    longitude: +4.36, ouvert: true, ferme: undefined, $id: 0x1F,
    note: "a" + 'b', emoji: "\\u00e9\\x41\\u{1F33B}" },
  { nom: `Deux
lignes`, ville: null, n: -1.5e2, },
];
places.forEach(function (place) { show(place); });
"""


def test_a_list_in_a_script_is_read_without_running_it() -> None:
    table = open_table(SCRIPT.encode(), filename="places.js")
    assert (table.kind, table.unit) == (FileKind.SCRIPT, "entry")
    assert list(table.items()) == [
        Row(
            1,
            {
                "nom": "L'Épi<br>vert",
                "ville": "Nîmes",
                "code-postal": "30000",
                "lattitude": 43.83,
                "longitude": 4.36,
                "ouvert": True,
                "ferme": None,
                "$id": 31,
                "note": "ab",
                "emoji": "éA🌻",
            },
        ),
        Row(2, {"nom": "Deux\nlignes", "ville": None, "n": -150}),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "module.exports = [{name: 'A'}]",
        "window.data = {entries: [{name: 'A'}]};",
        "callback([{name: 'A'}]);",
        "var x = []; x = [{name: 'A'}]",
    ],
)
def test_lists_are_found_wherever_scripts_keep_them(text: str) -> None:
    rows = list(open_table(text.encode(), filename="list.js").items())
    assert rows == [Row(1, {"name": "A"})]


@pytest.mark.parametrize(
    "text",
    [
        "const x = [{name: load('A')}]",
        "const x = [{name: `A ${secret}`}]",
        "const x = [{name: 'A' 'B'}]",
        "const x = [{name 'A'}]",
        "const x = [{name: 'A'}",
        "const x = [{name: 'A' + 5}]",
        "const x = 5",
        "const x = " + "[" * 100 + "]" * 100,
        "const x = [{a: #}]",
    ],
)
def test_a_script_that_is_more_than_data_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFile):
        script_value(text)


def test_the_refusal_of_a_script_names_the_line() -> None:
    with pytest.raises(UnreadableFile) as refused:
        script_value("const x = [\n  {name: 'A'},\n  {name: fetch('B')}\n]")
    assert refused.value.members["line"] == 3
