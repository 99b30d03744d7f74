"""Reading `.pb` files, which may be damaged: what is wrong is refused, with its line.

The votes of a large city are taken in line by line, and equal ones are looked at once.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from services.governance.formats.contest import text_of
from services.governance.formats.pb_amounts import amounts, bad, whole
from services.governance.formats.pb_values import Pabulib, PbBallots, PbProject, VoteType

CELL_MAX: Final = 16 * 2**20
"""Characters of one cell."""
POINTED: Final = frozenset({VoteType.CUMULATIVE, VoteType.SCORING})
"""Types of ballots that write their points beside the vote."""
_TAKEN: Final = frozenset({"project_id", "cost", "selected"})

_Cell = tuple[str, str]
"""What stands under vote and under points."""


class _Row(NamedTuple):
    line: int
    cells: list[str]


class _Header(NamedTuple):
    """Where the columns of a section stand, how many there are, and up to which a row must go."""

    columns: Mapping[str, int]
    width: int
    needed: int


def read_pb(content: str | bytes) -> Pabulib:
    """Return what a `.pb` file says.

    Args:
        content: the whole file; bytes are UTF-8, with or without a byte order mark.

    Raises:
        BadContestFile: it is no such file, or it was damaged; ``line`` counts from 1.
    """
    text = content.removeprefix("\ufeff") if isinstance(content, str) else text_of(content)
    # The limit belongs to the whole process; it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), CELL_MAX))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    try:
        return _file(reader, lambda: reader.line_num)
    except csv.Error as error:
        raise bad(reader.line_num, str(error)) from error


def _file(rows: Iterator[list[str]], line: Callable[[], int]) -> Pabulib:
    _until("META", rows, line)
    meta = _meta(_until("PROJECTS", rows, line))
    vote_type = _vote_type(meta)
    table = _until("VOTES", rows, line)
    if not table:
        raise bad(line(), "the section PROJECTS is empty")
    header = _header(table[0], "PROJECTS", ("project_id", "cost"))
    for row in table[1:]:
        _require_width(row.cells, header, "PROJECTS", row.line)
    costs = [row.cells[header.columns["cost"]] for row in table[1:]]
    lines = [row.line for row in table[1:]]
    scale, (total, *whole_costs) = amounts([meta["budget"], *costs], [0, *lines])
    projects = _projects(header.columns, table[1:], whole_costs)
    file = Pabulib(
        meta=meta,
        scale=scale,
        total=total,
        vote_type=vote_type,
        projects=projects,
        ballots=_ballots(rows, line, meta, vote_type, [one.code for one in projects]),
    )
    for key, found in (("num_projects", len(projects)), ("num_votes", file.votes)):
        if key in meta and whole(meta[key], "META", 0) != found:
            raise bad(0, f"{key} says {meta[key]}, and there are {found}")
    assert file.threshold >= 0
    return file


def _until(section: str, rows: Iterator[list[str]], line: Callable[[], int]) -> list[_Row]:
    """Return the rows before a section's name, which stands alone on its line."""
    found: list[_Row] = []
    for cells in rows:
        name = cells[0].strip().upper() if cells and not any(cells[1:]) else ""
        if name == section:
            return found
        if name in ("META", "PROJECTS", "VOTES"):
            raise bad(line(), f"the section {name} is out of its place")
        if any(cells):
            if section == "META":
                raise bad(line(), "the first section is not META")
            found.append(_Row(line(), cells))
    raise bad(line(), f"the section {section} is missing")


def _meta(rows: Sequence[_Row]) -> dict[str, str]:
    meta: dict[str, str] = {}
    for row in rows:
        key = row.cells[0].strip()
        if len(row.cells) < 2:
            raise bad(row.line, f"{key!r} has no value")
        if key != "key":
            if key in meta:
                raise bad(row.line, f"{key!r} stands twice")
            meta[key] = row.cells[1].strip()
    for key in ("budget", "vote_type"):
        if key not in meta:
            raise bad(rows[-1].line if rows else 1, f"the section META has no {key}")
    return meta


def _vote_type(meta: Mapping[str, str]) -> VoteType:
    try:
        return VoteType(meta["vote_type"].lower())
    except ValueError:
        raise bad(0, f"ballots of the type {meta['vote_type'][:40]!r} are not known") from None


def _header(row: _Row, section: str, needed: Sequence[str]) -> _Header:
    columns = {name.strip().lower(): at for at, name in enumerate(row.cells)}
    for name in needed:
        if name not in columns:
            raise bad(row.line, f"the section {section} has no column {name}")
    return _Header(columns, len(row.cells), max(columns[name] for name in needed) + 1)


def _require_width(cells: Sequence[str], header: _Header, section: str, line: int) -> None:
    width = len(cells)
    if width < header.needed or any(cells[header.width :]):
        raise bad(line, f"{width} cells where the section {section} has {header.width}")


def _projects(
    header: Mapping[str, int], rows: Sequence[_Row], costs: Sequence[int]
) -> tuple[PbProject, ...]:
    further = {name: at for name, at in header.items() if name not in _TAKEN}
    found: dict[str, PbProject] = {}
    for row, cost in zip(rows, costs, strict=True):
        code = row.cells[header["project_id"]].strip()
        if not code or "," in code:
            raise bad(row.line, f"{code[:40]!r} cannot be the id of a project")
        if code in found:
            raise bad(row.line, f"the project {code[:40]!r} stands twice")
        width = len(row.cells)
        mark = header.get("selected", width)
        found[code] = PbProject(
            code=code,
            cost=cost,
            selected=row.cells[mark].strip() if mark < width else "",
            columns={name: row.cells[at] for name, at in further.items() if at < width},
        )
    return tuple(found.values())


def _ballots(
    rows: Iterator[list[str]],
    line: Callable[[], int],
    meta: Mapping[str, str],
    vote_type: VoteType,
    codes: Sequence[str],
) -> tuple[PbBallots, ...]:
    counts, lines = _cells(rows, line, pointed=vote_type in POINTED)
    at = {code: place for place, code in enumerate(codes)}
    most = meta.get("max_length", "")
    length = whole(most, "META", 0) if most and vote_type is VoteType.ORDINAL else None
    equal: defaultdict[tuple[tuple[int, ...], tuple[int, ...]], int] = defaultdict(int)
    gives_points = vote_type.gives_points
    for cell, count in counts.items():
        named = _named(cell[0], at, lines[cell])
        if vote_type is VoteType.CHOOSE_ONE and len(named) > 1:
            raise bad(lines[cell], "more than one project on a ballot for one")
        if not gives_points:
            named.sort()
            equal[tuple(named), ()] += count
            continue
        if vote_type is VoteType.ORDINAL:
            given = _borda(len(named), length, lines[cell])
        else:
            given = _points(cell[1], len(named), lines[cell])
        pairs = sorted(zip(named, given, strict=True))
        equal[tuple(one for one, _ in pairs), tuple(many for _, many in pairs)] += count
    return tuple(PbBallots(*said, count) for said, count in sorted(equal.items()))


def _cells(
    rows: Iterator[list[str]], line: Callable[[], int], *, pointed: bool
) -> tuple[Mapping[_Cell, int], Mapping[_Cell, int]]:
    """Return how often each vote stands in the file with its points, and on which line first."""
    counts: defaultdict[_Cell, int] = defaultdict(int)
    lines: dict[_Cell, int] = {}
    header: _Header | None = None
    vote = points = width = 0
    for cells in rows:
        if header is None:
            if any(cells):
                needed = ("vote", "points") if pointed else ("vote",)
                header = _header(_Row(line(), cells), "VOTES", needed)
                vote, points = (header.columns[needed[0]], header.columns[needed[-1]])
                width = header.width
            continue
        if len(cells) != width:
            if not any(cells):
                continue
            _require_width(cells, header, "VOTES", line())
        cell = (cells[vote], cells[points] if pointed else "")
        counts[cell] += 1
        if cell not in lines:
            lines[cell] = line()
    if header is None:
        raise bad(line(), "the section VOTES is empty")
    return counts, lines


def _named(cell: str, at: Mapping[str, int], line: int) -> list[int]:
    """Return the projects that a ballot names, once each."""
    if not cell.strip():
        return []
    try:
        named = [at[code] for code in cell.split(",")]
    except KeyError:
        try:
            named = [at[code.strip()] for code in cell.split(",")]
        except KeyError as error:
            raise bad(line, f"no project is called {str(error.args[0])[:40]!r}") from None
    if len(set(named)) < len(named):
        raise bad(line, "a ballot names a project twice")
    return named


def _points(cell: str, number: int, line: int) -> list[int]:
    given = [whole(one, "points", line) for one in cell.split(",")] if cell.strip() else []
    if len(given) != number:
        raise bad(line, f"{len(given)} numbers of points for {number} projects")
    return given


def _borda(number: int, length: int | None, line: int) -> list[int]:
    most = number if length is None else length
    if number > most:
        raise bad(line, f"a ballot ranks {number} projects where {most} are the most")
    return [most - place for place in range(number)]
