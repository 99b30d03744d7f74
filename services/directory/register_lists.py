"""Lists of members as networks keep them: a CSV file with headings in five languages.

A row with a number is a person, who is found again by it; a row without one is an entity. The same
list again changes nothing.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final

from services.directory.register import NOTE_MAX, NUMBER_MAX, of_our_time
from services.directory.register_words import GENDERS, HEADINGS, NO, STANDINGS, YES
from shared.refusals import Kind, Refusal

ROWS_MAX: Final = 2_000
"""The most rows of one request; a longer list is sent in parts."""
COLUMNS_MAX: Final = 60
LIST_SIZE_MAX: Final = 2_000_000
"""The longest list of one request, in bytes."""

_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_ENTITY: Final = re.compile(r"[a-z0-9-]{1,32}:[0-9a-f-]{36}")
_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_SINCE: Final = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_BETWEEN: Final = re.compile(r"[\s,;|]+")


class BadList(Refusal):
    """A file cannot be read as a list of members."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-list"
    title: ClassVar[str] = "This cannot be read as a list of members"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a list; what its list does not have is None, and is left as it is."""

    line: int
    number: str = ""
    entity: str = ""
    note: str | None = None
    standing: str | None = None
    groups: tuple[str, ...] | None = None
    gender: str | None = None
    worker: bool | None = None
    worker_since: str | None = None
    since: datetime | None = None
    delegate_of: str = ""
    begins: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """Why a row was not taken: its line, the column, a name for the reason, what stood there."""

    line: int
    column: str
    reason: str
    detail: str = ""


class _Wrong(Exception):
    def __init__(self, column: str, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.column, self.reason, self.detail = column, reason, detail


def read_list(data: bytes) -> tuple[list[Row], list[Issue]]:
    """Return the rows of a list and what could not be read of it.

    Args:
        data: CSV in UTF-8 with a header, by comma, semicolon or tab.

    Raises:
        BadList: it is no such file, too long, or no column says who a member is.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadList("it is not written in UTF-8") from error
    if "\0" in text:
        raise BadList("it holds NUL characters")
    header = text.partition("\n")[0]
    mark = max(",;\t", key=header.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    except csv.Error as error:
        raise BadList(str(error)) from error
    if not lines or len(lines) - 1 > ROWS_MAX:
        raise BadList(f"a list has a header and at most {ROWS_MAX:,} rows", rows_max=ROWS_MAX)
    return _rows(lines)


def _rows(lines: Sequence[Sequence[str]]) -> tuple[list[Row], list[Issue]]:
    columns = [HEADINGS.get(_plain(cell), "") for cell in lines[0][:COLUMNS_MAX]]
    if not {"number", "entity"} & {*columns}:
        raise BadList("it needs a column 'number' for persons or 'entity' for entities")
    named = [one for one in columns if one]
    if len(named) > len({*named}):
        raise BadList("two columns say the same")
    rows, issues = [], []
    for line, cells in enumerate(lines[1:], 2):
        given = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}
        if not any(given.values()):
            continue
        try:
            rows.append(_row(line, given))
        except _Wrong as wrong:
            issues.append(Issue(line, wrong.column, wrong.reason, wrong.detail[:100]))
    return rows, issues


def _row(line: int, given: Mapping[str, str]) -> Row:
    for column, cell in given.items():
        most = NUMBER_MAX if column == "number" else NOTE_MAX
        if len(cell) > most or _UNSEEN.search(cell):
            raise _Wrong(column, "bad-text", "")
    number, entity = given.get("number", ""), given.get("entity", "")
    if bool(number) is bool(entity):
        raise _Wrong("number", "person-or-entity", number)
    _require(entity, _ENTITY, "entity", "bad-entity")
    delegate_of = given.get("delegate_of", "")
    _require(delegate_of, _ENTITY, "delegate_of", "bad-entity")
    if delegate_of and entity:
        raise _Wrong("delegate_of", "not-a-person", delegate_of)
    worker_since = given.get("worker_since")
    _require(worker_since or "", _SINCE, "worker_since", "bad-day")
    return Row(
        line=line,
        number=number,
        entity=entity,
        note=given.get("name"),
        standing=_word(given, "standing", STANDINGS),
        groups=_groups(given.get("groups")),
        gender=_word(given, "gender", GENDERS),
        worker=_yes_or_no(given.get("worker")),
        worker_since=worker_since,
        since=_day(given, "since"),
        delegate_of=delegate_of,
        begins=_day(given, "begins"),
        ends=_day(given, "ends"),
    )


def _require(cell: str, pattern: re.Pattern[str], column: str, reason: str) -> None:
    if cell and not pattern.fullmatch(cell):
        raise _Wrong(column, reason, cell)


def _word(given: Mapping[str, str], column: str, words: Mapping[str, str]) -> str | None:
    """Return the word that a cell says; an empty cell of ``gender`` takes it back."""
    cell = given.get(column)
    if not cell:
        return "" if cell == "" and column == "gender" else None
    try:
        return words[_plain(cell)]
    except KeyError as error:
        raise _Wrong(column, "unknown-word", cell) from error


def _yes_or_no(cell: str | None) -> bool | None:
    if cell is None:
        return None
    said = _plain(cell)
    if said in YES:
        return True
    if said in NO or not said:
        return False
    raise _Wrong("worker", "unknown-word", cell)


def _groups(cell: str | None) -> tuple[str, ...] | None:
    if cell is None:
        return None
    found = tuple(sorted({one for one in _BETWEEN.split(cell.lower()) if one}))
    for one in found:
        _require(one, _CODE, "groups", "bad-group")
    if len(found) > 20:
        raise _Wrong("groups", "too-many-groups", cell)
    return found


def _day(given: Mapping[str, str], column: str) -> datetime | None:
    cell = given.get(column)
    if not cell:
        return None
    match = _DAY.fullmatch(cell)
    try:
        if match is None:
            raise ValueError
        year, month, day = map(int, match.groups())
        return of_our_time(datetime(year, month, day, tzinfo=UTC))
    except ValueError as error:
        raise _Wrong(column, "bad-day", cell) from error


def _plain(cell: str) -> str:
    return " ".join(cell.strip().casefold().replace("_", " ").split())
