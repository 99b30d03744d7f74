"""Cast vote records: the sheets of ESS, tables with a column for each candidate, and CDF.

Each reader gives ballots as marks, equal ones together; a record that is not understood is refused
with its line. Names are those of the configuration, whatever alias a record uses.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.governance.formats.contest import text_of, wrong
from services.governance.formats.rctab_reading import OVERVOTE, Marks, ranked

WRITE_INS: Final = "Undeclared Write-ins"
SHEET_SUFFIXES: Final = frozenset({".xlsx", ".xls", ".xlsb", ".ods"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How one file of records is to be read.

    Args:
        names: the candidates' names, by every name or alias that a record may use.
        first_column: the first column with votes, from 0.
        first_row: the first row with votes, from 0.
        ranks_max: how many ranks a ballot has.
    """

    path: str
    provider: str
    names: Mapping[str, str]
    contest: str = ""
    first_column: int = 0
    first_row: int = 0
    ranks_max: int = 0
    overvote_label: str = ""
    overvote_delimiter: str = ""
    skipped_label: str = ""
    write_in_label: str = ""
    blank_is_write_in: bool = False

    def candidate(self, said: str, line: int) -> str:
        """Return the name of who is meant.

        Raises:
            BadContestFile: nobody of that name is a candidate.
        """
        if self.overvote_label and said == self.overvote_label:
            return OVERVOTE
        if self.write_in_label and said == self.write_in_label:
            return WRITE_INS
        name = self.names.get(said)
        if name is None:
            raise wrong(f"nobody called {said[:80]!r} is a candidate", line=line)
        return name


def sheet_rows(data: bytes) -> list[list[str]]:
    """Return the cells of the first sheet of a workbook as text.

    Raises:
        BadContestFile: it is no workbook.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError) as error:
        raise wrong(f"it is no sheet that can be read: {error}") from error
    return [[_cell(cell) for cell in row] for row in rows]


def csv_rows(data: bytes) -> list[list[str]]:
    """Return the cells of a table of comma-separated values."""
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text_of(data)))]


def by_rank(rows: Sequence[Sequence[str]], source: Source) -> Iterable[tuple[Marks, int]]:
    """Return the ballots of a sheet with a column for each rank."""
    first = source.first_column
    lines: dict[tuple[str, ...], int] = {}
    found: Counter[tuple[str, ...]] = Counter()
    for line, row in enumerate(rows[source.first_row :], start=source.first_row + 1):
        if not any(row):
            continue
        cells = tuple(row[first : first + source.ranks_max])
        found[cells] += 1
        lines.setdefault(cells, line)
    for cells, number in found.items():
        marks: list[tuple[int, str]] = []
        for rank, cell in enumerate(cells, start=1):
            for said in _said(cell, source):
                marks.append((rank, source.candidate(said, lines[cells])))
        yield ranked(marks), number


def by_candidate(rows: Sequence[Sequence[str]], source: Source) -> Iterable[tuple[Marks, int]]:
    """Return the ballots of a table with a column for each candidate, and ranks in its cells."""
    if not rows:
        raise wrong("it is empty")
    first = source.first_column
    columns = [source.candidate(said, 1) if said else "" for said in rows[0][first:]]
    for line, row in enumerate(rows[max(1, source.first_row) :], start=max(1, source.first_row)):
        marks: list[tuple[int, str]] = []
        for name, cell in zip(columns, row[first:], strict=False):
            if not cell or not name:
                continue
            if not cell.isdecimal() or not 1 <= int(cell[:6]) <= len(columns):
                raise wrong(f"{cell[:40]!r} is no rank", line=line + 1)
            marks.append((int(cell), name))
        if any(row):
            yield ranked(marks), 1


def of_report(data: bytes, source: Source) -> Iterable[tuple[Marks, int]]:
    """Return the ballots of a report in NIST's common data format, in JSON.

    Raises:
        BadContestFile: it is no such report, or has no contest of that name.
    """
    try:
        report = json.loads(data)
        elections = report["Election"]
        contests = [one for election in elections for one in election["Contest"]]
        people = {
            one["@id"]: one["Name"] for election in elections for one in election["Candidate"]
        }
        contest = next(
            one for one in contests if source.contest in (one["@id"], one.get("Name"), "")
        )
        meant = {one["@id"]: _person(one, people) for one in contest["ContestSelection"]}
        for line, record in enumerate(report["CVR"], start=1):
            yield _marks(record, contest["@id"], meant, source, line), 1
    except StopIteration as error:
        raise wrong(f"it has no contest {source.contest!r}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise wrong(f"it is no report of cast vote records: {error!r}") from error


def _marks(
    record: Mapping[str, Any], contest: str, meant: Mapping[str, str], source: Source, line: int
) -> Marks:
    current = record["CurrentSnapshotId"]
    snapshot = next(one for one in record["CVRSnapshot"] if one["@id"] == current)
    marks: list[tuple[int, str]] = []
    for part in snapshot["CVRContest"]:
        if part["ContestId"] != contest:
            continue
        for selection in part["CVRContestSelection"]:
            name = source.candidate(meant[selection["ContestSelectionId"]], line)
            for position in selection["SelectionPosition"]:
                if position.get("HasIndication") == "no" or position.get("IsAllocable") == "no":
                    continue
                rank = position["Rank"]
                if type(rank) is not int or rank < 1:
                    raise wrong(f"record {line}: {rank!r} is no rank")
                if rank <= source.ranks_max:
                    marks.append((rank, name))
    return ranked(marks)


def _person(selection: Mapping[str, Any], people: Mapping[str, str]) -> str:
    named = selection.get("CandidateIds") or ()
    return people[named[0]] if named else WRITE_INS


def _said(cell: str, source: Source) -> Sequence[str]:
    """Return whom a cell names: nobody where it is empty or says so."""
    if not cell:
        return (source.write_in_label or WRITE_INS,) if source.blank_is_write_in else ()
    if source.skipped_label and cell == source.skipped_label:
        return ()
    if source.overvote_delimiter and source.overvote_delimiter in cell:
        return [part.strip() for part in cell.split(source.overvote_delimiter)]
    return (cell,)


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()
