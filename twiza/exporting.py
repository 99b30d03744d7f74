"""Entities as a list that people open in a spreadsheet, or as GeoJSON for a map.

The headings are those that the import knows, so that a list that was exported can be read again.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TextIO

DEGREE: Final = 10_000_000
_BETWEEN: Final = ";"

Entity = Mapping[str, Any]

_PLAIN: Final = {
    "legal_name": "Legal name",
    "nickname": "Nickname",
    "status": "Status",
    "org_structure": "Organisational structure",
    "legal_form": "Legal form",
    "membership_type": "Membership type",
    "practices": "Practices",
    "activities": "Activities",
    "economy": "Economy",
    "products": "Products",
    "themes": "Themes",
    "tags": "Tags",
    "primary_url": "Website",
    "opening_hours": "Opening hours",
    "founded_on": "Founded",
    "ended_on": "Ended on",
    "members_total": "Members",
    "workers": "Workers",
    "licence": "Licence",
    "attribution": "Attribution",
}
_BY_LANGUAGE: Final = {
    "names": "Name",
    "summary": "Summary",
    "description": "Description",
    "mission": "Mission",
}
_SEAT: Final = {
    "street": "Street",
    "postcode": "Postcode",
    "locality": "Town",
    "region": "Region",
    "country": "Country",
}


def write_csv(entities: Sequence[Entity], out: TextIO) -> None:
    """Write entities as CSV: one a line, a column only where some entity has something."""
    rows = [row_of(one) for one in entities]
    headings = list(dict.fromkeys(heading for row in rows for heading in row))
    order = [*_order(headings)]
    written = csv.DictWriter(out, fieldnames=order, restval="", lineterminator="\r\n")
    written.writeheader()
    written.writerows(rows)


def row_of(entity: Entity) -> dict[str, str]:
    """Return an entity as a row, by heading, without empty cells."""
    profile: dict[str, Any] = entity["profile"]
    row = {"ID": entity["id"], "Origin": entity["origin"], "Name": profile["name"]}
    for field, heading in _BY_LANGUAGE.items():
        row |= {f"{heading} ({lang})": text for lang, text in profile.get(field, {}).items()}
    row |= {
        heading: _text(profile[field]) for field, heading in _PLAIN.items() if profile.get(field)
    }
    seat = seat_of(profile)
    row |= {heading: seat[field] for field, heading in _SEAT.items() if seat.get(field)}
    geo = profile.get("geo")
    if geo:
        row |= {"Latitude": degrees(geo["lat"]), "Longitude": degrees(geo["lon"])}
    contacts = profile.get("contacts") or {}
    named = {"phone": "Telephone", "email": "E-mail"}
    return row | {named[kind]: contacts[kind] for kind in named if contacts.get(kind)}


def geojson(entities: Iterable[Entity]) -> dict[str, Any]:
    """Return entities as a FeatureCollection; one without a place has no geometry (RFC 7946)."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": one["id"],
                "geometry": _point(one["profile"].get("geo")),
                "properties": {"origin": one["origin"], **_properties(one["profile"])},
            }
            for one in entities
        ],
    }


def seat_of(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the address that stands for the entity; an empty one where there is none."""
    addresses: list[dict[str, Any]] = profile.get("addresses", [])
    main = (one for one in addresses if one.get("is_main"))
    return next(main, addresses[0] if addresses else {})


def degrees(value: int) -> str:
    """Return a coordinate in degrees, written out from its whole number without rounding."""
    whole, rest = divmod(abs(value), DEGREE)
    fraction = f"{rest:07d}".rstrip("0")
    return f"{'-' if value < 0 else ''}{whole}{'.' if fraction else ''}{fraction}"


def _properties(profile: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in profile.items() if value not in ("", [], {}, None)}
    # The place stands in the geometry, in the degrees that a map wants.
    geo = found.pop("geo", None)
    return found | ({"geo_precision": geo["precision"]} if geo and "precision" in geo else {})


def _point(geo: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not geo:
        return None
    # JSON's numbers are what GeoJSON wants, and a map needs no more digits than these have.
    return {
        "type": "Point",
        "coordinates": [json.loads(degrees(geo[axis])) for axis in ("lon", "lat")],
    }


def _order(headings: Iterable[str]) -> list[str]:
    """Return headings in a steady order: as they stand above, texts of a field side by side."""
    first = ["ID", "Origin", "Name"]
    fields = [*_BY_LANGUAGE.values(), *_PLAIN.values(), *_SEAT.values()]
    known = {heading: at for at, heading in enumerate([*first, *fields])}
    return sorted(
        headings,
        key=lambda heading: (
            known.get(heading, known.get(heading.partition(" (")[0], len(known))),
            heading,
        ),
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return _BETWEEN.join(map(str, value))
    return str(value)
