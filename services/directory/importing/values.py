"""Single values out of cells: dates, whole numbers, yes and no, words with one meaning."""

import json
import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final, Literal

from services.directory.importing.headers import header_key
from services.directory.importing.rows import Cell

DateOrder = Literal["day", "month"]
"""What comes first in 3/4/2019."""

YEAR_MIN: Final = 1600
YEAR_MAX: Final = 2200

_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:[T ].*)?")
_SLASHED: Final = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})(?:\s.*)?")
_MONTH_YEAR: Final = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{4})")
_YEAR: Final = re.compile(r"(?<!\d)(1[6-9]\d\d|20\d\d|21\d\d)(?!\d)")
_DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_WHOLE: Final = re.compile(
    r"[~≈±<>≥≤]?\s*(\d{1,3}(?:[\s.,'\u202f]\d{3})+|\d{1,10})(?:[.,]0+)?\s*\+?"
)
_RATIO: Final = re.compile(r"(\d{1,6})\s*(?:[:/]|à|a|to|para|إلى|contre)\s*(\d{1,6})|(\d{1,6})")


@cache
def _meanings() -> dict[str, dict[str, str]]:
    """Return the words with one meaning by their kind, folded as headers are."""
    source = resources.files("services.directory.importing") / "words.json"
    raw: dict[str, dict[str, list[str]]] = json.loads(source.read_text(encoding="utf-8"))
    return {
        kind: {header_key(word): meaning for meaning, words in table.items() for word in words}
        for kind, table in raw.items()
    }


def _meaning(kind: str, cell: Cell) -> str | None:
    return _meanings()[kind].get(header_key(text_of(cell)))


def text_of(cell: Cell) -> str:
    """Return a cell as text: numbers as they are written, lists with semicolons."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, tuple):
        return "; ".join(cell)
    return str(cell)


def yes(cell: Cell) -> bool | None:
    """Return whether a cell says yes or no, None if it says neither."""
    meaning = _meaning("yes", cell)
    return None if meaning is None else meaning == "yes"


def status(cell: Cell) -> str | None:
    """Return an entity's state of life."""
    return _meaning("status", cell)


def scope(cell: Cell) -> str | None:
    """Return how far an entity's work reaches."""
    return _meaning("scope", cell)


def economy(cell: Cell) -> str | None:
    """Return whether an entity counts itself to the social or to the solidarity economy."""
    return _meaning("economy", cell)


def group(word: str) -> str | None:
    """Return a group of people by its name."""
    return _meaning("group", word)


def precision(cell: Cell) -> str:
    """Return how exact a place is said to be; empty if nothing is said."""
    return _meaning("precision", cell) or ""


def whole(cell: Cell) -> int | None:
    """Return a whole number, as "1 234", "about 50" or 12.0 are; None if it is none."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int):
        return cell if cell >= 0 else None
    if isinstance(cell, float):
        return int(cell) if cell >= 0 and cell.is_integer() else None
    match = _WHOLE.fullmatch(text_of(cell).translate(_DIGITS).strip())
    return int(re.sub(r"\D", "", match[1])) if match else None


def pay_ratio(cell: Cell) -> dict[str, int] | None:
    """Return the highest pay to the lowest: "4:1", "4 à 1", 4."""
    match = _RATIO.fullmatch(text_of(cell).translate(_DIGITS).strip().lower())
    if match is None:
        return None
    highest = int(match[1] or match[3])
    lowest = int(match[2] or 1)
    return {"highest": highest, "lowest": lowest} if highest >= lowest >= 1 else None


def day(cell: Cell, order: DateOrder) -> str | None:
    """Return a date as ISO 8601 writes it, or as much of it as is known: ``2019``, ``2019-04``."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return str(int(cell)) if YEAR_MIN <= cell <= YEAR_MAX and cell == int(cell) else None
    text = text_of(cell).translate(_DIGITS).strip()
    iso = _ISO.fullmatch(text)
    if iso:
        return _date(int(iso[1]), int(iso[2]), int(iso[3]) if iso[3] else None)
    slashed = _SLASHED.fullmatch(text)
    if slashed:
        first, second, year = int(slashed[1]), int(slashed[2]), int(slashed[3])
        day_first = first > 12 or (second <= 12 and order == "day")
        return _date(year, second, first) if day_first else _date(year, first, second)
    month = _MONTH_YEAR.fullmatch(text)
    if month:
        return _date(int(month[2]), int(month[1]), None)
    years = _YEAR.findall(text)
    return str(years[0]) if len(years) == 1 else None


def _date(year: int, month: int, of_month: int | None) -> str | None:
    if not YEAR_MIN <= year <= YEAR_MAX or not 1 <= month <= 12:
        return None
    if of_month is None:
        return f"{year:04}-{month:02}"
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last = (
        29 if month == 2 and leap else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
    )
    return f"{year:04}-{month:02}-{of_month:02}" if 1 <= of_month <= last else None


def date_order(cells: Iterable[Cell]) -> tuple[DateOrder, bool]:
    """Return what comes first in a list's dates, and whether any date proves it.

    A list in which nothing is beyond 12 leaves it open; then the day is taken to come first, as
    it does nearly everywhere.
    """
    ambiguous = False
    for cell in cells:
        match = _SLASHED.fullmatch(cell.strip()) if isinstance(cell, str) else None
        if match is None:
            continue
        if int(match[1]) > 12:
            return "day", True
        if int(match[2]) > 12:
            return "month", True
        ambiguous = ambiguous or match[1] != match[2]
    return "day", not ambiguous
