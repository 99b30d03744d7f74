"""PrefLib's files of preferences: complete or not, with or without equal ranks, and categories.

Lines that begin with ``#`` say what the file is; the others are equal ballots, their number first.
``{2,3}`` are options of equal rank. In ``.cat`` files the groups are categories, the best first.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.governance.formats.contest import (
    OPTIONS_MAX,
    BadContestFile,
    Contest,
    codes_for,
    number_of,
    wrong,
)
from services.governance.rules import SCALE_MAX, Method, Option, Rule, Ties

_ALTERNATIVE: Final = re.compile(r"ALTERNATIVE NAME (\d+)", re.IGNORECASE)
_GROUP: Final = re.compile(r"\{([^{}]*)\}|([^,{}]+)")
_ORDER: Final = re.compile(r"(?:\{[^{}]*\}|[^,{}]*)(?:,(?:\{[^{}]*\}|[^,{}]*))*")
_DIGITS: Final = 12

Groups = list[list[int]]


@dataclass(frozen=True, slots=True)
class Written:
    """A file to be written: its text, and the ending that says what kind it is."""

    suffix: str
    text: str


def contest(text: str, *, suffix: str, name: str) -> Contest:
    """Return the preferences that a file holds; it names no rule, but for one of two categories.

    Raises:
        BadContestFile: a line is not of the form that the file's ending promises.
    """
    facts, names, ballots = _lines(text)
    size = _size(facts, names, ballots)
    for line, _, groups in ballots:
        _check(groups, size, line, suffix)
    shown = [names.get(at) or str(at) for at in range(1, size + 1)]
    codes = codes_for(shown)
    rule: Rule | None = None
    if suffix == ".cat":
        choices, rule = _graded(facts, ballots, codes)
    else:
        alone = [[code] for code in codes]
        choices = [
            (
                {
                    "ranks": [
                        alone[group[0] - 1] if len(group) == 1 else [codes[at - 1] for at in group]
                        for group in groups
                    ]
                },
                number,
            )
            for _, number, groups in ballots
        ]
    return Contest(
        format="preflib",
        name=facts.get("TITLE") or name,
        options=tuple(Option(code=code) for code in codes),
        names=dict(zip(codes, shown, strict=True)),
        choices=tuple(choices),
        rule=rule,
    )


def _lines(
    text: str,
) -> tuple[dict[str, str], dict[int, str], list[tuple[int, int, Groups]]]:
    """Return what the file says of itself, the names by number, and its ballots."""
    facts: dict[str, str] = {}
    names: dict[int, str] = {}
    ballots: list[tuple[int, int, Groups]] = []
    # An option that stands alone is one list for all ballots: a million lists would be slow.
    known: dict[str, list[int]] = {}
    for line, row in enumerate(text.splitlines(), start=1):
        content = row.strip()
        if not content:
            continue
        if content.startswith("#"):
            key, _, value = content.removeprefix("#").partition(":")
            key = key.strip()
            if found := _ALTERNATIVE.fullmatch(key):
                names[number_of(found[1], line)] = value.strip()
            else:
                facts[key.upper()] = value.strip()
            continue
        number, colon, order = content.partition(":")
        if not colon or not number.strip().isdecimal():
            raise wrong("how many ballots say so is missing in front of a colon", line=line)
        ballots.append((line, number_of(number.strip(), line), _groups(order, line, known)))
    return facts, names, ballots


def _groups(order: str, line: int, known: dict[str, list[int]]) -> Groups:
    order = order.replace(" ", "")
    if "{" not in order:
        return [known.get(cell) or _alone(cell, line, known) for cell in order.split(",")]
    if not _ORDER.fullmatch(order):
        raise wrong("this is no order of numbers", line=line)
    found: Groups = []
    for together, alone in _GROUP.findall(order):
        cells = together.split(",") if not alone else [alone]
        group = [cell for cell in cells if cell]
        if not all(cell.isdecimal() for cell in group):
            raise wrong("options are named by their numbers", line=line)
        found.append([number_of(cell, line) for cell in group])
    return found


def _alone(cell: str, line: int, known: dict[str, list[int]]) -> list[int]:
    """Return the group of one option, and keep it for the other ballots."""
    if not cell.isdecimal():
        raise wrong("options are named by their numbers", line=line)
    known[cell] = [number_of(cell, line)]
    return known[cell]


def _size(
    facts: Mapping[str, str], names: Mapping[int, str], ballots: Iterable[tuple[int, int, Groups]]
) -> int:
    stated = facts.get("NUMBER ALTERNATIVES", "")[:_DIGITS]
    named = max(
        max(names, default=0),
        max((at for _, _, groups in ballots for group in groups for at in group), default=0),
    )
    size = int(stated) if stated.isdecimal() else named
    if not 1 <= size <= OPTIONS_MAX:
        raise BadContestFile("it has no alternatives, or too many")
    return size


def _check(groups: Groups, size: int, line: int, suffix: str) -> None:
    """Refuse a ballot that the file's ending rules out.

    Raises:
        BadContestFile: an option that is not there or stands twice, a tie in a strict order, or a
            missing option in a complete one.
    """
    flat = [at for group in groups for at in group]
    if flat and not 1 <= min(flat) <= max(flat) <= size:
        stranger = next(at for at in flat if not 1 <= at <= size)
        raise wrong(f"there is no alternative {stranger}", line=line)
    if len(set(flat)) < len(flat):
        raise wrong("an alternative stands twice on a ballot", line=line)
    if suffix in {".soc", ".soi"} and any(len(group) != 1 for group in groups):
        raise wrong(f"a {suffix} file has no equal ranks", line=line)
    if suffix in {".toc", ".toi"} and not all(groups):
        raise wrong("a rank is empty", line=line)
    if suffix in {".soc", ".toc"} and len(flat) != size:
        raise wrong(f"a {suffix} file ranks every alternative on every ballot", line=line)


def _graded(
    facts: Mapping[str, str], ballots: Sequence[tuple[int, int, Groups]], codes: Sequence[str]
) -> tuple[list[tuple[dict[str, Any], int]], Rule]:
    """Return the ballots of categories: approvals where there are two, else grades."""
    stated = facts.get("NUMBER CATEGORIES", "")[:_DIGITS]
    most = max((len(groups) for _, _, groups in ballots), default=0)
    size = int(stated) if stated.isdecimal() else most
    if size < max(2, most) or size - 1 > SCALE_MAX:
        raise BadContestFile("its number of categories is missing, or not that of its ballots")
    if size == 2:
        approved = [
            ({"options": sorted(codes[at - 1] for at in groups[0])}, number)
            for _, number, groups in ballots
        ]
        return approved, Rule(method=Method.APPROVAL, ties=Ties.LISTED)
    grades = [
        (
            {
                "scores": {
                    codes[at - 1]: size - 1 - place
                    for place, group in enumerate(groups)
                    for at in group
                }
            },
            number,
        )
        for _, number, groups in ballots
    ]
    return grades, Rule(method=Method.SCORE, scale_max=size - 1, ties=Ties.LISTED)


def write_preflib(
    *,
    title: str,
    names: Sequence[str],
    options: Sequence[str],
    choices: Iterable[tuple[Mapping[str, Any], int]],
) -> Written:
    """Return ranked ballots as a PrefLib file, equal ranks included.

    The ending says what they are: ``.soc`` and ``.soi`` without equal ranks, ``.toc`` and ``.toi``
    with some; the last letter whether every ballot ranks every option. Blank ballots are left out.
    The same ballots give the same bytes, in whatever order they come.

    Args:
        title: what the vote was about.
        names: what each option is called, in the order of ``options``.
        options: the codes of the options.
        choices: choices ``{"ranks": [[code, ...], ...]}``, each with how many say so.
    """
    number_of = {code: at for at, code in enumerate(options, start=1)}
    classes: dict[tuple[tuple[int, ...], ...], int] = {}
    for choice, number in choices:
        ranks = tuple(
            tuple(sorted(number_of[code] for code in group)) for group in choice.get("ranks", ())
        )
        if ranks:
            classes[ranks] = classes.get(ranks, 0) + number
    ties = any(len(group) > 1 for ranks in classes for group in ranks)
    complete = all(sum(map(len, ranks)) == len(options) for ranks in classes)
    suffix = f".{'t' if ties else 's'}o{'c' if complete else 'i'}"
    lines = [
        f"# FILE NAME: ballots{suffix}",
        f"# TITLE: {_in_a_line(title)}",
        f"# DATA TYPE: {suffix[1:]}",
        f"# NUMBER ALTERNATIVES: {len(options)}",
        f"# NUMBER VOTERS: {sum(classes.values())}",
        f"# NUMBER UNIQUE ORDERS: {len(classes)}",
        *(f"# ALTERNATIVE NAME {at}: {_in_a_line(name)}" for at, name in enumerate(names, start=1)),
    ]
    for ranks, number in sorted(classes.items(), key=lambda item: (-item[1], item[0])):
        order = ",".join(
            str(group[0]) if len(group) == 1 else "{" + ",".join(map(str, group)) + "}"
            for group in ranks
        )
        lines.append(f"{number}: {order}")
    return Written(suffix, "\n".join(lines) + "\n")


def _in_a_line(text: str) -> str:
    return " ".join(text.split())
