"""What a list may hold at most, and the refusals of whole files."""

from typing import ClassVar, Final

from shared.refusals import Kind, Refusal

FILE_SIZE_MAX_BYTES: Final = 50_000_000
UNPACKED_SIZE_MAX_BYTES: Final = 300_000_000
"""The size of a spreadsheet once its archive is unpacked: a small archive may hold a huge sheet."""
ROWS_MAX: Final = 200_000
COLUMNS_MAX: Final = 1_000
SHEET_CELLS_MAX: Final = 10_000_000
CELL_LENGTH_MAX: Final = 32_767
"""Characters of one cell, as spreadsheets have it."""
NESTING_MAX: Final = 32
"""Lists and objects inside one another, in JSON and its likes."""


class FileTooLarge(Refusal):
    """The file is larger than an import takes."""

    kind: ClassVar[Kind] = Kind.TOO_LARGE
    slug: ClassVar[str] = "file-too-large"
    title: ClassVar[str] = "The file is too large: import it in parts"


class TooManyRows(Refusal):
    """The list has more rows than one import takes."""

    kind: ClassVar[Kind] = Kind.TOO_LARGE
    slug: ClassVar[str] = "too-many-rows"
    title: ClassVar[str] = "The list has too many rows: import it in parts"


class TooManyColumns(Refusal):
    """The list has more columns than one import takes."""

    kind: ClassVar[Kind] = Kind.TOO_LARGE
    slug: ClassVar[str] = "too-many-columns"
    title: ClassVar[str] = "The list has too many columns"


class UnknownFileKind(Refusal):
    """The file is none of those that can be read."""

    kind: ClassVar[Kind] = Kind.UNSUPPORTED
    slug: ClassVar[str] = "unknown-file-kind"
    title: ClassVar[str] = "A list is CSV, XLSX, ODS, GeoJSON, JSON or KML"


class UnreadableFile(Refusal):
    """The file is damaged, or is not what it says it is."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unreadable-file"
    title: ClassVar[str] = "The file cannot be read"


class UnsafeXml(Refusal):
    """The file declares a document type, by which a small file can swell or reach for others."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unsafe-xml"
    title: ClassVar[str] = "XML with a document type or entities is not read"


class EmptyList(Refusal):
    """The file holds no rows."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "empty-list"
    title: ClassVar[str] = "The list has no rows"


class NoNameColumn(Refusal):
    """No column is known to hold the names of the entities."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "no-name-column"
    title: ClassVar[str] = "No column is recognised as the name: say which one it is"


class BadMapping(Refusal):
    """A mapping names a field that does not exist, or a column that the list does not have."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-mapping"
    title: ClassVar[str] = "The mapping of columns does not fit"


class UnknownEncoding(Refusal):
    """A person asked for an encoding that does not exist, or that cannot read the file."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-encoding"
    title: ClassVar[str] = "The text cannot be read that way"


def require_size(data: bytes) -> None:
    """Refuse a file that is too large or empty.

    Raises:
        FileTooLarge: more than ``FILE_SIZE_MAX_BYTES``.
        EmptyList: no bytes at all.
    """
    if len(data) > FILE_SIZE_MAX_BYTES:
        raise FileTooLarge(f"{len(data)} bytes; at most {FILE_SIZE_MAX_BYTES}")
    if not data:
        raise EmptyList
