"""Rows out of KML: the placemarks, read without resolving anything that a document declares."""

import html
import re
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from services.directory.importing.csv_rows import SPACES
from services.directory.importing.json_rows import LATITUDE, LONGITUDE, middle
from services.directory.importing.limits import (
    NESTING_MAX,
    ROWS_MAX,
    EmptyList,
    TooManyRows,
    UnreadableFile,
    UnsafeXml,
)
from services.directory.importing.repair import links_in
from services.directory.importing.rows import Cell, FileKind, Item, Row, Table, columns_of

LINK: Final = "description.link"
"""The first address in a placemark's description, where maps put the entity's page."""

_NAMED: Final = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,31});")
_BARE: Final = re.compile(r"&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|(?:amp|lt|gt|quot|apos);)")
_PLAIN: Final = frozenset({"name", "description", "address", "phoneNumber", "styleUrl", "link"})
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*\?>")


class _Placemarks:
    """Collects the placemarks while the parser goes through the document."""

    def __init__(self) -> None:
        self.found: list[dict[str, Cell]] = []
        self._path: list[str] = []
        self._cells: dict[str, Cell] | None = None
        self._key = ""
        self._text: list[str] = []
        self._points: list[tuple[float, float]] = []

    def open(self, tag: str, attributes: dict[str, str]) -> None:
        """Note what begins."""
        tag = tag.rpartition(":")[2]
        self._path.append(tag)
        if len(self._path) > NESTING_MAX:
            raise UnreadableFile(f"more than {NESTING_MAX} elements inside one another")
        if tag == "Placemark":
            if len(self.found) >= ROWS_MAX:
                raise TooManyRows(f"at most {ROWS_MAX}")
            self._cells = {"id": attributes["id"]} if attributes.get("id") else {}
            self._points = []
        elif tag in ("Data", "SimpleData"):
            self._key = attributes.get("name", "")
        self._text = []

    def text(self, piece: str) -> None:
        """Take a piece of text."""
        if self._cells is not None:
            self._text.append(piece)

    def close(self, tag: str) -> None:
        """Take what an element held."""
        tag = tag.rpartition(":")[2]
        self._path.pop()
        parent = self._path[-1] if self._path else ""
        cells = self._cells
        if cells is None:
            return
        text = "".join(self._text).strip(SPACES)
        self._text = []
        if tag == "Placemark":
            self.found.append(self._finished(cells))
            self._cells = None
        elif tag == "coordinates":
            self._place(text, parent)
        elif text and tag in _PLAIN and parent == "Placemark":
            cells.setdefault(tag, text)
        elif text and self._key and tag in ("value", "SimpleData"):
            cells.setdefault(self._key, text)

    def _place(self, text: str, parent: str) -> None:
        """Take the coordinates: longitude, latitude and perhaps height, by commas."""
        assert self._cells is not None
        places = re.sub(r"\s*,\s*", ",", text).split()
        if parent == "Point" and LONGITUDE not in self._cells and places:
            for column, number in zip((LONGITUDE, LATITUDE), places[0].split(","), strict=False):
                self._cells[column] = number
            return
        for place in places[:10_000]:
            numbers = place.split(",")
            try:
                self._points.append((float(numbers[0]), float(numbers[1])))
            except (ValueError, IndexError):
                continue

    def _finished(self, cells: dict[str, Cell]) -> dict[str, Cell]:
        description = cells.get("description")
        if isinstance(description, str) and (links := links_in(description)):
            cells[LINK] = links[0]
        if LONGITUDE not in cells and self._points:
            cells |= middle(self._points)
        return cells


def kml_table(text: str, *, encoding: str) -> Table:
    """Return the placemarks of a KML document.

    Args:
        text: the document, already decoded; an encoding that it declares is passed over.

    Raises:
        EmptyList: it has no placemark.
        TooManyRows: it has more than ``ROWS_MAX``.
        UnreadableFile: it is not well-formed XML.
        UnsafeXml: it declares a document type.
    """
    placemarks = _Placemarks()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = placemarks.open
    parser.EndElementHandler = placemarks.close
    parser.CharacterDataHandler = placemarks.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    body = _DECLARATION.sub("", text.lstrip("\ufeff"), count=1)
    # HTML's entities, and ampersands in addresses, are no XML; many maps write them all the same.
    body = _BARE.sub("&amp;", _NAMED.sub(_letter, body))
    try:
        parser.Parse(body.encode("utf-8", errors="replace"), True)
    except expat.ExpatError as error:
        raise UnreadableFile(str(error)[:200]) from error
    if not placemarks.found:
        raise EmptyList("no placemark in it")
    items: list[Item] = [Row(number, cells) for number, cells in enumerate(placemarks.found, 1)]

    def again() -> Iterator[Item]:
        return iter(items)

    return Table(
        kind=FileKind.KML,
        columns=columns_of(placemarks.found),
        items=again,
        unit="placemark",
        encoding=encoding,
    )


def _letter(match: re.Match[str]) -> str:
    return html.unescape(match.group())


def _refuse(*_: object) -> None:
    raise UnsafeXml
