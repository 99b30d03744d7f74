"""Budgets in the `.pb` files of Pabulib: three sections of lines whose cells a semicolon parts.

Amounts become whole numbers of the smallest unit that the file uses, so that 106165,64 is read
without loss. What a file says about its own winners is kept beside the ballots and decides
nothing. A file that was damaged on its way is refused with the line at which it shows.

Source: the format as pabulib.org describes it, and what its files do besides: decimal commas, a
byte order mark, very long cells, and winners that were funded from elsewhere.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from services.governance.formats.contest import BadContestFile, text_of, wrong

CELL_MAX: Final = 16 * 2**20
"""Characters of one cell."""
DECIMALS_MAX: Final = 6
"""Digits behind the decimal sign of an amount."""
AMOUNT_MAX: Final = 2**53 - 1
_SECTIONS: Final = ("META", "PROJECTS", "VOTES")
_NAME_MAX: Final = 16
"""Characters of a line that may be the name of a section, spaces included."""


class VoteType(StrEnum):
    """What the ballots of a file say."""

    APPROVAL = "approval"
    CHOOSE_ONE = "choose-1"
    CUMULATIVE = "cumulative"
    SCORING = "scoring"
    ORDINAL = "ordinal"

    @property
    def gives_points(self) -> bool:
        """Whether a ballot gives each project its own number of points."""
        return self not in (VoteType.APPROVAL, VoteType.CHOOSE_ONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PbProject:
    """A project of a file; ``cost`` is in the file's smallest unit."""

    code: str
    cost: int
    selected: str = ""
    """The file's own mark: 1 funded, 0 not, others funded outside of the count, or nothing."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """All further cells, by the name of their column."""


class PbBallots(NamedTuple):
    """Equal ballots: whom they name, in the order of the file's projects, and how many they are."""

    projects: tuple[int, ...]
    points: tuple[int, ...] = ()
    """As many as projects, where the ballots give points; for an ordinal file Borda's."""
    ballots: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pabulib:
    """A `.pb` file as values.

    Args:
        meta: the section META as it stands; budget, numbers of projects and votes included.
        scale: how many smallest units make one unit of the file's currency: 1, 10, 100 ...
        total: the budget, in smallest units.
    """

    meta: Mapping[str, str]
    scale: int
    total: int
    vote_type: VoteType
    projects: tuple[PbProject, ...]
    ballots: tuple[PbBallots, ...]

    @property
    def votes(self) -> int:
        """Return how many ballots there are."""
        return sum(one.ballots for one in self.ballots)

    @property
    def threshold(self) -> int:
        """Return the least score of a project that can be funded; 0 where none is stated."""
        return _whole(self.meta.get("min_project_score_threshold", "0"), "META", 0)

    @property
    def published(self) -> tuple[frozenset[str], frozenset[str]] | None:
        """Return the projects marked as funded, and those with another code than 0 and 1."""
        marks = {one.code: one.selected for one in self.projects if one.selected}
        if not marks:
            return None
        funded = frozenset(code for code, mark in marks.items() if mark == "1")
        return funded, frozenset(code for code, mark in marks.items() if mark not in ("0", "1"))


class _Row(NamedTuple):
    line: int
    cells: list[str]


def read_pb(content: str | bytes) -> Pabulib:
    """Return what a `.pb` file says.

    Args:
        content: the whole file; bytes are UTF-8, with or without a byte order mark.

    Raises:
        BadContestFile: it is no such file, or it was damaged; ``line`` counts from 1.
    """
    sections = _sections(
        content.removeprefix("\ufeff") if isinstance(content, str) else text_of(content)
    )
    meta = _meta(sections["META"])
    vote_type = _vote_type(meta)
    header, rows = _table(sections["PROJECTS"], "PROJECTS", ("project_id", "cost"))
    amounts = [meta["budget"], *(row.cells[header["cost"]] for row in rows)]
    lines = [0, *(row.line for row in rows)]
    scale, (total, *costs) = _amounts(amounts, lines)
    projects = _projects(header, rows, costs)
    ballots = _ballots(sections["VOTES"], meta, vote_type, [one.code for one in projects])
    file = Pabulib(
        meta=meta,
        scale=scale,
        total=total,
        vote_type=vote_type,
        projects=projects,
        ballots=ballots,
    )
    for key, found in (("num_projects", len(projects)), ("num_votes", file.votes)):
        if key in meta and _whole(meta[key], "META", 0) != found:
            raise _bad(0, f"{key} says {meta[key]}, and there are {found}")
    assert file.threshold >= 0
    return file


def write_pabulib(file: Pabulib) -> str:
    """Return a file as text: equal values give equal bytes, whatever order ballots came in.

    Voters are numbered in the order of their ballots, so that no line tells when it was cast.
    Borda points are not written, because the order of the projects says them.
    """
    meta = dict(file.meta)
    meta |= {
        "num_projects": str(len(file.projects)),
        "num_votes": str(file.votes),
        "budget": _written(file.total, file.scale),
        "vote_type": file.vote_type.value,
    }
    marked = any(one.selected for one in file.projects)
    further = sorted({name for one in file.projects for name in one.columns})
    pointed = file.vote_type in (VoteType.CUMULATIVE, VoteType.SCORING)
    out = io.StringIO()
    lines = csv.writer(out, delimiter=";", lineterminator="\n")
    lines.writerows([["META"], ["key", "value"], *meta.items(), ["PROJECTS"]])
    lines.writerow(["project_id", "cost", *(["selected"] if marked else []), *further])
    for one in file.projects:
        mark = [one.selected or "0"] if marked else []
        cells = [one.columns.get(name, "") for name in further]
        lines.writerow([one.code, _written(one.cost, file.scale), *mark, *cells])
    lines.writerows([["VOTES"], ["voter_id", "vote", *(["points"] if pointed else [])]])
    voter = 0
    for said, count in sorted(_said(file)):
        for _ in range(count):
            voter += 1
            lines.writerow([voter, *said[: 2 if pointed else 1]])
    return out.getvalue()


def _said(file: Pabulib) -> Iterator[tuple[tuple[str, str], int]]:
    """Give each ballot's cells, votes and points, and how many ballots are like it."""
    codes = [one.code for one in file.projects]
    for ballot in file.ballots:
        pairs = list(zip(ballot.projects, ballot.points or ballot.projects, strict=True))
        if file.vote_type is VoteType.ORDINAL:
            pairs.sort(key=lambda pair: -pair[1])
        votes = ",".join(codes[at] for at, _ in pairs)
        yield (votes, ",".join(str(points) for _, points in pairs)), ballot.ballots


def _sections(text: str) -> dict[str, list[_Row]]:
    """Return the rows of each section; the names of the sections stand alone on their lines."""
    # The limit belongs to the whole process; it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), CELL_MAX))
    found: dict[str, list[_Row]] = {}
    rows: list[_Row] | None = None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    try:
        for cells in reader:
            first = cells[0] if cells else ""
            # Most lines are ballots, and their first cell is no word.
            if first[:1].isalpha() and len(first) <= _NAME_MAX and not any(cells[1:]):
                first = first.strip().upper()
            if first in _SECTIONS and not any(cells[1:]):
                if len(found) == len(_SECTIONS) or first != _SECTIONS[len(found)]:
                    raise _bad(reader.line_num, f"the section {first} is out of its place")
                rows = found[first] = []
            elif first or any(cells):
                if rows is None:
                    raise _bad(reader.line_num, "the first section is not META")
                rows.append(_Row(reader.line_num, cells))
    except csv.Error as error:
        raise _bad(reader.line_num, str(error)) from error
    if len(found) < len(_SECTIONS):
        raise _bad(reader.line_num, f"the section {_SECTIONS[len(found)]} is missing")
    return found


def _meta(rows: Sequence[_Row]) -> dict[str, str]:
    meta: dict[str, str] = {}
    for row in rows:
        key = row.cells[0].strip()
        if len(row.cells) < 2:
            raise _bad(row.line, f"{key!r} has no value")
        if key != "key":
            if key in meta:
                raise _bad(row.line, f"{key!r} stands twice")
            meta[key] = row.cells[1].strip()
    for key in ("budget", "vote_type"):
        if key not in meta:
            raise _bad(rows[-1].line if rows else 1, f"the section META has no {key}")
    return meta


def _vote_type(meta: Mapping[str, str]) -> VoteType:
    try:
        return VoteType(meta["vote_type"].lower())
    except ValueError:
        raise _bad(0, f"ballots of the type {meta['vote_type'][:40]!r} are not known") from None


def _table(
    rows: Sequence[_Row], section: str, needed: Sequence[str]
) -> tuple[dict[str, int], Sequence[_Row]]:
    """Return where each column stands, and the rows, all of which reach the needed ones."""
    if not rows:
        raise _bad(0, f"the section {section} is empty")
    header = {name.strip().lower(): at for at, name in enumerate(rows[0].cells)}
    for name in needed:
        if name not in header:
            raise _bad(rows[0].line, f"the section {section} has no column {name}")
    least, most = max(header[name] for name in needed) + 1, len(rows[0].cells)
    for line, cells in rows[1:]:
        width = len(cells)
        if width != most and (width < least or any(cells[most:])):
            raise _bad(line, f"{width} cells where the section {section} has {most}")
    return header, rows[1:]


def _projects(
    header: Mapping[str, int], rows: Sequence[_Row], costs: Sequence[int]
) -> tuple[PbProject, ...]:
    further = {name: at for name, at in header.items() if name not in _TAKEN}
    found: dict[str, PbProject] = {}
    for row, cost in zip(rows, costs, strict=True):
        code = row.cells[header["project_id"]].strip()
        if not code or "," in code:
            raise _bad(row.line, f"{code[:40]!r} cannot be the id of a project")
        if code in found:
            raise _bad(row.line, f"the project {code[:40]!r} stands twice")
        width = len(row.cells)
        mark = header.get("selected", width)
        found[code] = PbProject(
            code=code,
            cost=cost,
            selected=row.cells[mark].strip() if mark < width else "",
            columns={name: row.cells[at] for name, at in further.items() if at < width},
        )
    return tuple(found.values())


_TAKEN: Final = frozenset({"project_id", "cost", "selected"})


def _ballots(
    rows: Sequence[_Row], meta: Mapping[str, str], vote_type: VoteType, codes: Sequence[str]
) -> tuple[PbBallots, ...]:
    pointed = vote_type in (VoteType.CUMULATIVE, VoteType.SCORING)
    header, rows = _table(rows, "VOTES", ("vote", "points") if pointed else ("vote",))
    vote, points = header["vote"], header.get("points", 0) if pointed else None
    # Equal cells are read once; the line of the first is told where they cannot be read.
    lines: dict[tuple[str, str], int] = {}
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line, row in rows:
        cell = (row[vote], "" if points is None else row[points])
        if cell not in lines:
            lines[cell] = line
        counts[cell] += 1
    at = {code: place for place, code in enumerate(codes)}
    most = meta.get("max_length", "")
    length = _whole(most, "META", 0) if most and vote_type is VoteType.ORDINAL else None
    equal: defaultdict[tuple[tuple[int, ...], tuple[int, ...]], int] = defaultdict(int)
    gives_points = vote_type.gives_points
    for cell, count in counts.items():
        named = _named(cell[0], at, lines[cell])
        if vote_type is VoteType.CHOOSE_ONE and len(named) > 1:
            raise _bad(lines[cell], "more than one project on a ballot for one")
        if not gives_points:
            equal[tuple(sorted(named)), ()] += count
            continue
        given = (
            _points(cell[1], len(named), lines[cell])
            if pointed
            else _borda(len(named), length, lines[cell])
        )
        pairs = sorted(zip(named, given, strict=True))
        equal[tuple(one for one, _ in pairs), tuple(many for _, many in pairs)] += count
    return tuple(
        PbBallots(projects, given, count) for (projects, given), count in sorted(equal.items())
    )


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
            raise _bad(line, f"no project is called {str(error.args[0])[:40]!r}") from None
    if len(set(named)) < len(named):
        raise _bad(line, "a ballot names a project twice")
    return named


def _points(cell: str, number: int, line: int) -> list[int]:
    given = [_whole(one, "points", line) for one in cell.split(",")] if cell.strip() else []
    if len(given) != number:
        raise _bad(line, f"{len(given)} numbers of points for {number} projects")
    return given


def _borda(number: int, length: int | None, line: int) -> list[int]:
    most = number if length is None else length
    if number > most:
        raise _bad(line, f"a ballot ranks {number} projects where {most} are the most")
    return [most - place for place in range(number)]


def _amounts(texts: Sequence[str], lines: Sequence[int]) -> tuple[int, list[int]]:
    """Return how many smallest units one is, and all amounts in smallest units."""
    parts = [_amount(text, line) for text, line in zip(texts, lines, strict=True)]
    decimals = max(len(behind) for _, behind in parts)
    amounts = [int(before + behind.ljust(decimals, "0")) for before, behind in parts]
    for amount, line in zip(amounts, lines, strict=True):
        if amount > AMOUNT_MAX:
            raise _bad(line, "an amount is too large")
    return 10**decimals, amounts


def _amount(text: str, line: int) -> tuple[str, str]:
    """Return the digits before and behind the decimal sign, which is a point or a comma."""
    before, _, behind = text.strip().replace(",", ".").partition(".")
    behind = behind.rstrip("0")
    digits = before + behind
    if not (before and digits.isascii() and digits.isdigit()) or len(behind) > DECIMALS_MAX:
        raise _bad(line, f"{text[:40]!r} is no amount")
    return before, behind


def _written(amount: int, scale: int) -> str:
    """Return an amount of smallest units as decimals of one unit."""
    if scale == 1:
        return str(amount)
    whole, rest = divmod(amount, scale)
    return f"{whole}.{str(rest).rjust(len(str(scale)) - 1, '0')}"


def _whole(text: str, where: str, line: int) -> int:
    before, behind = _amount(text, line)
    if behind or len(before) > 15:
        raise _bad(line, f"{text[:40]!r} under {where} is no whole number")
    return int(before)


def _bad(line: int, why: str) -> BadContestFile:
    """Return a refusal; line 0 stands for a section as a whole."""
    return wrong(why, line=line or None)
