"""Which rows speak of which entity: keys that stay the same when a list is read again.

An entity is known by its number in a register or in the list itself. Without one it is known by
its folded name and its place, so that case, accents and a better description change nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.directory.importing.cells import Cells, Columns
from services.directory.importing.places import Place, pair, place
from services.directory.importing.values import text_of
from shared.text import fold, words

IDENTIFIER_MAX: Final = 120
"""Characters of an identifier that stands in a key as it is; a longer one is hashed."""
FILLED_MIN: Final = 0.5
"""The share of rows that must have an identifier for its column to identify."""
SHARED_MAX: Final = 0.5
"""The share of identifiers that may stand for several names before the column is none."""
SHARED_URL_MIN: Final = 0.5
SHARED_URL_ROWS_MIN: Final = 10


class RowIdentity(NamedTuple):
    """What identifies one row, before the whole list is known."""

    line: int
    identifier: str
    name: str
    by_name: str


class RowKey(NamedTuple):
    """A row's key in the list.

    Args:
        twin: the line of an earlier row with another key, but the same name and place; or 0.
        shared: the identifier stands for several names and identifies none of them.
    """

    key: str
    twin: int = 0
    shared: bool = False


@dataclass(frozen=True, slots=True)
class IdentityColumn:
    """The field whose column identifies the rows of a list, and what its numbers are numbers of."""

    field: str
    register: str


def identity_of(cells: Cells, column: IdentityColumn | None) -> RowIdentity:
    """Return what identifies a row."""
    identifier = ""
    if column is not None:
        identifier = " ".join(text_of(cells.first(column.field)[1]).split())
    name = _name(cells)
    return RowIdentity(cells.line, identifier, name, _by_name(name, _place(cells)))


def _name(cells: Cells) -> str:
    """Return a row's name, folded: the same for "Coopérative  L'Épi" and "cooperative l'epi"."""
    for field in ("name", "legal_name"):
        for column, _, cell in cells.each(field):
            text = " ".join(words(cells.clean_line(column, cell)))
            if text:
                return text
    return ""


def _place(cells: Cells) -> str:
    """Return the shortest thing that tells two entities of one name apart."""
    for field in ("address.postcode", "address.locality", "address.commune"):
        text = fold(text_of(cells.first(field)[1])).replace(" ", "")
        if text:
            return text
    latitude, longitude = cells.first("geo.latitude")[1], cells.first("geo.longitude")[1]
    if latitude == "" and (both := pair(cells.first("geo.pair")[1])):
        latitude, longitude = both
    found = place(latitude, longitude, typed=False)
    if isinstance(found, Place):
        # About a kilometre: a pin that was moved to the right door is the same place.
        return f"{round(found.lat / 100_000)},{round(found.lon / 100_000)}"
    return fold(text_of(cells.first("address.full")[1]))


def _by_name(name: str, where: str) -> str:
    digest = hashlib.sha256(f"{name}\x1f{where}".encode()).hexdigest()
    return f"name:{digest[:32]}"


def identity_column(
    columns: Columns, filled: Counter[str], rows: int, source: str
) -> IdentityColumn | None:
    """Return the column that identifies the rows: the list's own number, or a register's.

    Args:
        filled: how many rows have each field filled.
        rows: how many rows there are.
        source: the list's name, of which its own numbers are numbers.
    """
    registers = [field for field in columns if field.startswith("identifier:")]
    registers.sort(key=lambda field: -filled[field])
    for field in ("source_id", *registers):
        if field in columns and rows and filled[field] >= FILLED_MIN * rows:
            register = field.partition(":")[2] or source
            return IdentityColumn(field, register)
    return None


def keys(
    identities: Sequence[RowIdentity], column: IdentityColumn | None
) -> tuple[list[RowKey], bool]:
    """Return the key of each row, and whether the identifiers were trusted.

    Rows with one identifier and one name are one entity. An identifier that stands for several
    names identifies none: those rows are told apart by their names as well. If most identifiers
    do so, the column is a category and not an identifier.
    """
    names: dict[str, set[str]] = {}
    for row in identities:
        if row.identifier:
            names.setdefault(row.identifier, set()).add(row.name)
    shared = {identifier for identifier, several in names.items() if len(several) > 1}
    trusted = column is not None and len(shared) <= SHARED_MAX * len(names)
    found: list[RowKey] = []
    first_lines: dict[str, tuple[int, str]] = {}
    for row in identities:
        if column is None or not trusted or not row.identifier:
            key, is_shared = row.by_name, False
        else:
            is_shared = row.identifier in shared
            own = (
                row.identifier if len(row.identifier) <= IDENTIFIER_MAX else _hashed(row.identifier)
            )
            key = f"{column.register}:{own}"
            if is_shared:
                key = f"{key}:{_hashed(row.name)}"
        line, known = first_lines.setdefault(row.by_name, (row.line, key))
        twin = line if known != key and row.name else 0
        found.append(RowKey(key, twin, is_shared))
    return found, trusted


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def shared_address(cells: Iterable[str], rows: int) -> str:
    """Return the cell that most rows have as their web address; empty if there is none."""
    counted = Counter(cells).most_common(1)
    if rows >= SHARED_URL_ROWS_MIN and counted:
        text, times = counted[0]
        if times > SHARED_URL_MIN * rows:
            return text
    return ""
