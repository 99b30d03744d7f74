"""Where a row says that its entity is: address, country and coordinates, checked by one another."""

from dataclasses import dataclass, field
from typing import Any

from services.directory.countries import Found, country, inside
from services.directory.importing.addresses import PARTS, address
from services.directory.importing.cells import Cells
from services.directory.importing.places import NoPlace, Place, of_wkt, pair, place, precision_of
from services.directory.importing.settings import ImportSettings
from services.directory.importing.values import precision, text_of


@dataclass(slots=True)
class Whereabouts:
    """An address and a place, as fields of the profile; ``refused`` if the row is not taken."""

    address: dict[str, str] = field(default_factory=dict)
    geo: dict[str, Any] | None = None
    refused: bool = False


@dataclass(slots=True)
class _Coordinates:
    """What the columns of coordinates hold, before it is judged."""

    found: Place | NoPlace | None = None
    column: str = ""
    latitude_column: str = ""
    longitude_column: str = ""
    shape: bool = False
    address: str = ""


def whereabouts(cells: Cells, settings: ImportSettings, *, typed: bool) -> Whereabouts:
    """Return where a row says that its entity is.

    Args:
        typed: the file's format tells numbers from texts.
    """
    said = _coordinates(cells, typed=typed)
    full = cells.one_line("address.full", joint=", ") or said.address
    parts = {name: cells.one_line(f"address.{name}", joint=", ") for name in PARTS}
    column, _ = cells.first("address.country")
    written = cells.one_line("address.country")
    known = country(written) if written else None
    where = address({k: v for k, v in parts.items() if v}, full, known.code if known else None)
    code = where.fields.get("country") or (known.code if known else None)

    result = Whereabouts(address=where.fields)
    found = _judged(cells, said, code, settings)
    if found is None and said.found is not None and not settings.keep_without_place:
        result.refused = True
        return result
    _country(cells, result, column, written, code, found)
    if where.zeros:
        cells.remark("postcode-filled-up", where.fields["postcode"])
    if found is not None:
        result.geo = _geo(cells, said, found)
    return result


def _coordinates(cells: Cells, *, typed: bool) -> _Coordinates:
    """Return the coordinates of a row, from the first kind of column that holds any."""
    column, cell = cells.first("geo.wkt")
    shape = of_wkt(cell)
    # Some lists keep the address in the column that is called after a format of geometry.
    text = cells.clean_line(column, cell, joint=", ") if shape is None else ""
    there = text if any(letter.isalpha() for letter in text) else ""
    latitude_column, latitude = cells.first("geo.latitude")
    longitude_column, longitude = cells.first("geo.longitude")
    found = place(latitude, longitude, typed=typed)
    if found is not None:
        return _Coordinates(
            found=found,
            column=latitude_column or longitude_column,
            latitude_column=latitude_column,
            longitude_column=longitude_column,
            shape=text_of(cells.first("geo.precision")[1]) == "shape",
            address=there,
        )
    if shape is not None:
        found = place(shape[0], shape[1], typed=False)
        return _Coordinates(found=found, column=column, shape=shape[2])
    if text and not there:
        return _Coordinates(found=NoPlace("coordinates-unreadable", text), column=column)
    column, cell = cells.first("geo.pair")
    both = pair(cell)
    if both is not None:
        return _Coordinates(found=place(*both, typed=False), column=column, address=there)
    if cell != "":
        unread = NoPlace("coordinates-unreadable", text_of(cell))
        return _Coordinates(found=unread, column=column, address=there)
    return _Coordinates(address=there)


def _judged(
    cells: Cells, said: _Coordinates, code: str | None, settings: ImportSettings
) -> Place | None:
    """Return the place if it can be one, and say why if it cannot."""
    found = said.found
    if found is None:
        return None
    if isinstance(found, Place):
        turned = found.turned()
        if code is None or turned is None or inside(code, found.point):
            return found
        if not inside(code, turned.point):
            return found
        found = NoPlace(
            "coordinates-swapped",
            f"{_degrees(found)} is not in {code}, {_degrees(turned)} is",
            perhaps=turned,
        )
    meant = found.perhaps
    if meant is not None and found.reason == "latitude-out-of-range":
        # Exchanging the axes is sure only where the country says so.
        if code is None or not inside(code, meant.point):
            meant = None
        else:
            found = NoPlace("coordinates-swapped", found.detail, found.axis, meant)
    column = said.column
    if found.axis is not None:
        of_axis = said.latitude_column if found.axis == "latitude" else said.longitude_column
        column = of_axis or column
    if settings.repair_coordinates and meant is not None:
        cells.remark("coordinates-repaired", f"{found.detail} -> {_degrees(meant)}", column)
        return meant
    hint = f"{found.detail}; perhaps {_degrees(meant)}" if meant is not None else found.detail
    if settings.keep_without_place:
        cells.warn(found.reason, hint, column)
    else:
        cells.reject(found.reason, hint, column)
    return None


def _country(
    cells: Cells,
    result: Whereabouts,
    column: str,
    written: str,
    code: str | None,
    found: Place | None,
) -> None:
    """Settle the country by what is written and by the place, and say where they disagree."""
    point = found.point if found else None
    meant: Found | None = None
    if written or (code is None and point is not None):
        meant = country(written, point)
    if meant is None:
        if written:
            cells.warn("country-unknown", written, column)
        elif code is not None and point is not None and not inside(code, point):
            cells.remark(
                "country-disagrees", f"{code}, {_degrees(found)}", cells.first("geo.wkt")[0]
            )
        return
    if meant.how == "place" and not written:
        cells.remark("country-from-place", meant.code)
    elif meant.how == "place" and code is not None:
        cells.warn("country-corrected", f"{written} -> {meant.code}", column)
    elif meant.how == "place":
        cells.warn("country-unknown", f"{written}; by its place {meant.code}", column)
    elif meant.how == "likeness":
        cells.remark("country-guessed", f"{written} -> {meant.code}", column)
    if meant.agrees is False:
        cells.warn("country-disagrees", f"{written}, {_degrees(found)}", column)
    result.address["country"] = meant.code


def _geo(cells: Cells, said: _Coordinates, found: Place) -> dict[str, Any]:
    container = text_of(cells.first("geo.place")[1])
    exact = precision(cells.first("geo.precision")[1]) if not said.shape else ""
    geo: dict[str, Any] = {"lat": found.lat, "lon": found.lon}
    how = precision_of(found, exact, container, shape=said.shape)
    if how != "exact":
        geo["precision"] = how
    if said.shape:
        cells.remark("place-of-a-shape", "", said.column)
    elif how in ("region", "country") and not exact:
        cells.remark("coordinates-coarse", _degrees(found), said.column)
    return geo


def _degrees(found: Place | None) -> str:
    if found is None:
        return ""
    return f"{found.lat / 10_000_000:.5f}, {found.lon / 10_000_000:.5f}"
