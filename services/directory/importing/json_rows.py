"""Rows out of JSON: GeoJSON by RFC 7946, and any array of objects."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from services.directory.importing.limits import ROWS_MAX, EmptyList, TooManyRows, UnreadableFile
from services.directory.importing.report import rejection
from services.directory.importing.rows import Cell, FileKind, Item, Row, Table, columns_of, flat

LONGITUDE: Final = "geometry.longitude"
LATITUDE: Final = "geometry.latitude"
PRECISION: Final = "geometry.precision"
FEATURE_ID: Final = "feature.id"


def parsed(data: bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        UnreadableFile: it is not JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise UnreadableFile(str(error)[:200]) from error


def json_table(value: Any, *, kind: FileKind = FileKind.JSON, encoding: str = "utf-8") -> Table:
    """Return the list that a parsed value holds.

    Args:
        value: a FeatureCollection, an array of objects, or an object that holds such an array.

    Raises:
        EmptyList: there is no array of objects.
        TooManyRows: more than ``ROWS_MAX`` entries.
        UnreadableFile: the value is neither a list nor an object.
    """
    if isinstance(value, dict) and value.get("type") == "Feature":
        value = {"type": "FeatureCollection", "features": [value]}
    if isinstance(value, dict) and value.get("type") == "FeatureCollection":
        features = value.get("features")
        entries = features if isinstance(features, list) else []
        facts = _facts(value)
        items: list[Item] = [_feature(number, entry) for number, entry in enumerate(entries, 1)]
        kind, unit = FileKind.GEOJSON, "feature"
    else:
        entries = _entries(value)
        facts = _facts(value) if isinstance(value, dict) else {}
        items = [_entry(number, entry) for number, entry in enumerate(entries, 1)]
        unit = "entry"
    if not entries:
        raise EmptyList
    if len(entries) > ROWS_MAX:
        raise TooManyRows(f"{len(entries)}; at most {ROWS_MAX}")

    def again() -> Iterator[Item]:
        return iter(items)

    return Table(
        kind=kind,
        columns=columns_of(item.cells for item in items if isinstance(item, Row)),
        items=again,
        unit=unit,
        typed=True,
        encoding=encoding,
        facts=facts,
    )


def _entries(value: Any) -> list[Any]:
    """Return the array of objects: the value itself, or the longest that it holds."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise UnreadableFile("neither a list nor an object")
    lists = [
        inner
        for inner in value.values()
        if isinstance(inner, list) and any(isinstance(entry, dict) for entry in inner)
    ]
    if lists:
        return max(lists, key=len)
    # Some write {"id": {...}, "id": {...}}.
    objects = [inner for inner in value.values() if isinstance(inner, dict)]
    return objects if len(objects) > 1 and len(objects) == len(value) else [value]


def _facts(value: Mapping[str, Any]) -> dict[str, str]:
    found = {
        "licence": value.get("license") or value.get("licence") or value.get("license_url"),
        "source": value.get("source") or value.get("attribution") or value.get("generator"),
    }
    return {name: text for name, text in found.items() if isinstance(text, str) and text}


def _entry(number: int, entry: Any) -> Item:
    if not isinstance(entry, dict):
        return rejection(number, "row-unreadable", type(entry).__name__)
    if entry.get("type") == "Feature":
        return _feature(number, entry)
    return Row(number, flat(entry))


def _feature(number: int, feature: Any) -> Item:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return rejection(number, "not-a-feature")
    properties = feature.get("properties")
    cells = flat(properties) if isinstance(properties, dict) else {}
    if isinstance(feature.get("id"), str | int):
        cells[FEATURE_ID] = feature["id"]
    geometry = feature.get("geometry")
    if isinstance(geometry, dict):
        cells |= _place(geometry)
    return Row(number, cells)


def _place(geometry: Mapping[str, Any]) -> dict[str, Cell]:
    """Return a geometry's coordinates as they stand, longitude first (RFC 7946, 3.1.1)."""
    if geometry.get("type") == "GeometryCollection":
        inner = geometry.get("geometries")
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            return {} if "geometries" in inner[0] else _place(inner[0])
        return {}
    coordinates = geometry.get("coordinates")
    if geometry.get("type") == "Point":
        if not isinstance(coordinates, list):
            return {} if coordinates is None else {LONGITUDE: str(coordinates)}
        pair = [_bare(value) for value in coordinates[:2]]
        return dict(zip((LONGITUDE, LATITUDE), pair, strict=False))
    points = list(_points(coordinates))
    if not points:
        return {}
    return middle(points)


def middle(points: list[tuple[float, float]]) -> dict[str, Cell]:
    """Return the cells for the middle of a shape's bounds."""
    longitudes = [longitude for longitude, _ in points]
    latitudes = [latitude for _, latitude in points]
    return {
        LONGITUDE: (min(longitudes) + max(longitudes)) / 2,
        LATITUDE: (min(latitudes) + max(latitudes)) / 2,
        PRECISION: "shape" if len(set(points)) > 1 else "exact",
    }


def _points(value: Any) -> Iterator[tuple[float, float]]:
    """Return the points of nested arrays of coordinates."""
    layer = [value]
    for _ in range(5):
        inner: list[Any] = []
        for item in layer:
            if not isinstance(item, list):
                continue
            if len(item) >= 2 and all(
                isinstance(number, int | float) and not isinstance(number, bool)
                for number in item[:2]
            ):
                yield float(item[0]), float(item[1])
            else:
                inner += item
        layer = inner


def _bare(value: Any) -> Cell:
    return value if value is None or isinstance(value, str | int | float) else str(value)[:80]
