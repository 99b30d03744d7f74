"""Opening a list: bytes in, a table of rows out, whatever the format."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Final

from services.directory.importing import csv_rows
from services.directory.importing.archives import unpacked
from services.directory.importing.csv_rows import Known
from services.directory.importing.encodings import Reading, decoded
from services.directory.importing.headers import is_known
from services.directory.importing.json_rows import json_table, parsed
from services.directory.importing.kml_rows import kml_table
from services.directory.importing.limits import (
    UnknownFileKind,
    UnreadableFile,
    require_size,
)
from services.directory.importing.rows import FileKind, Item, Table
from services.directory.importing.script_rows import script_value
from services.directory.importing.sheet_rows import sheet_table

_ZIP: Final = b"PK\x03\x04"
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SCRIPT_STARTS: Final = ("const ", "let ", "var ", "export ", "window.", "module.", "//", "/*")
_CONTROLS_MAX: Final = 8
"""Control characters in the first few thousand characters above which this is no text."""


def open_table(
    data: bytes,
    *,
    filename: str = "",
    languages: Sequence[str] = (),
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    columns: Collection[str] = (),
) -> Table:
    """Return the list that a file holds.

    Args:
        data: the file.
        filename: its name, which helps only where the content does not tell the format.
        languages: the languages of the network, by which the encoding is guessed.
        encoding: what a person chose instead of the guess.
        delimiter: likewise, for CSV.
        sheet: likewise, for a workbook.
        columns: names of columns that a person has named, by which the header is known too.

    Raises:
        EmptyList: there are no rows in it.
        FileTooLarge: it is larger than an import takes.
        TooManyColumns, TooManyRows: likewise.
        UnknownEncoding: there is no encoding of that name.
        UnknownFileKind: it is none of the formats that are read.
        UnreadableFile: it is damaged.
        UnsafeXml: it declares a document type.
    """
    require_size(data)

    def known(text: str) -> bool:
        return is_known(text) or " ".join(text.split()) in columns

    if data.startswith(_ZIP):
        return _of_archive(unpacked(data), languages, known, sheet)
    if data.startswith(_OLD_OFFICE):
        raise UnknownFileKind("a spreadsheet of the old kind: save it as XLSX, ODS or CSV")
    reading = decoded(data, languages, encoding=encoding)
    table = _of_text(data, reading, PurePath(filename).suffix.lower(), known, delimiter)
    return replace(
        table,
        encoding=reading.encoding,
        confidence=reading.confidence,
        undecodable=reading.undecodable,
    )


def _of_archive(
    entries: dict[str, bytes], languages: Sequence[str], known: Known, sheet: str | None
) -> Table:
    if "xl/workbook.xml" in entries or "content.xml" in entries:
        return sheet_table(entries, known, sheet=sheet)
    documents = [name for name in entries if name.lower().endswith(".kml")]
    if documents:
        reading = decoded(entries[documents[0]], languages)
        return kml_table(reading.text, encoding=reading.encoding)
    raise UnknownFileKind("an archive that holds neither a spreadsheet nor a map")


def _of_text(
    data: bytes, reading: Reading, suffix: str, known: Known, delimiter: str | None
) -> Table:
    text = reading.text
    start = text[:4000].lstrip("\ufeff \t\r\n")
    if sum(letter < " " and letter not in "\t\r\n" for letter in start) > _CONTROLS_MAX:
        raise UnknownFileKind("this is no text")
    if start.startswith("%PDF"):
        raise UnknownFileKind("a PDF: ask for the table that it was made from")
    if start.startswith("<"):
        if "<kml" in start.lower() or suffix == ".kml":
            return kml_table(text, encoding=reading.encoding)
        raise UnknownFileKind("a web page or XML of another kind")
    if start.startswith(("{", "[")):
        return _of_json(data, reading)
    if suffix in (".js", ".mjs", ".ts") or start.startswith(_SCRIPT_STARTS):
        return json_table(script_value(text), kind=FileKind.SCRIPT)
    return _of_csv(text, known, delimiter)


def _of_json(data: bytes, reading: Reading) -> Table:
    plain = data if reading.encoding == "utf-8" else reading.text.lstrip("\ufeff").encode()
    try:
        value = parsed(plain)
    except UnreadableFile as error:
        # Many hand-kept lists are JSON but for a comma at the end, or single quotes.
        try:
            return json_table(script_value(reading.text), kind=FileKind.SCRIPT)
        except UnreadableFile:
            raise error from None
    return json_table(value)


def _of_csv(text: str, known: Known, delimiter: str | None) -> Table:
    between = delimiter or csv_rows.delimiter_of(text, known)
    line, columns = csv_rows.header_of(text, between, known)

    def items() -> Iterator[Item]:
        return csv_rows.csv_items(text, between, line, columns)

    return Table(
        kind=FileKind.CSV,
        columns=columns,
        items=items,
        unit="line",
        delimiter=between,
        header_line=line,
    )
