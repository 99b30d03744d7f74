"""Scottish council wards as they are shared in ``.csv``: equal ballots with their number.

The first line has the numbers of candidates and of seats; then a line for each kind of ballot, its
number and the candidates by preference; then a line for each candidate, and the ward's name.
"""

import csv
import io
from typing import Final

from services.governance.formats.contest import OPTIONS_MAX, Contest, codes_for, number_of, wrong
from services.governance.rules import SEATS_MAX, Method, Option, Rule, Ties

_CANDIDATE: Final = "candidate "


def contest(text: str, *, name: str) -> Contest:
    """Return the ward that a file holds; its rule is STV, equals in the file's order.

    Raises:
        BadContestFile: a line is not of this form.
    """
    rows = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(csv.reader(io.StringIO(text)), start=1)
        if any(cell.strip() for cell in row)
    ]
    if not rows:
        raise wrong("it is empty")
    size, seats = _head(*rows[0])
    names: dict[int, str] = {}
    ballots: dict[tuple[int, ...], int] = {}
    for line, row in rows[1:]:
        if row[0].lower().startswith(_CANDIDATE):
            names[_number(row[0][len(_CANDIDATE) :], line, size)] = _name(row, line)
        elif row[0].isdecimal():
            order = tuple(_number(cell, line, size) for cell in row[1:] if cell)
            if len(set(order)) < len(order):
                raise wrong("a candidate stands twice on a ballot", line=line)
            if names:
                raise wrong("a ballot stands behind the candidates", line=line)
            ballots[order] = ballots.get(order, 0) + number_of(row[0], line)
        elif len([cell for cell in row if cell]) == 1 and line == rows[-1][0]:
            name = row[0]
        else:
            raise wrong("neither a ballot nor a candidate", line=line)
    if len(names) != size:
        raise wrong(f"{size} candidates were announced, {len(names)} are named")
    codes = codes_for(names[at] for at in range(1, size + 1))
    return Contest(
        format="scottish",
        name=name,
        options=tuple(Option(code=code) for code in codes),
        names={code: names[at] for at, code in enumerate(codes, start=1)},
        choices=tuple(
            ({"ranks": [[codes[at - 1]] for at in order]}, number)
            for order, number in ballots.items()
        ),
        rule=Rule(method=Method.STV, seats=seats, ties=Ties.LISTED),
    )


def _head(line: int, row: list[str]) -> tuple[int, int]:
    cells = [cell for cell in row if cell]
    if len(cells) != 2 or not all(cell.isdecimal() for cell in cells):
        raise wrong("the numbers of candidates and of seats are missing", line=line)
    size, seats = (number_of(cell, line) for cell in cells)
    if not 1 <= size <= OPTIONS_MAX or not 1 <= seats <= SEATS_MAX:
        raise wrong("there are too few or too many candidates or seats", line=line)
    return size, seats


def _number(cell: str, line: int, size: int) -> int:
    if not cell.isdecimal() or not 1 <= number_of(cell, line) <= size:
        raise wrong(f"there is no candidate {cell!r}", line=line)
    return int(cell)


def _name(row: list[str], line: int) -> str:
    if len(row) < 2 or not row[1]:
        raise wrong("a candidate has no name", line=line)
    return row[1]
