"""A contest as a file holds it: what could be chosen, the ballots, and the rule that it names."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from services.governance.rules import Option, Rule
from shared.refusals import Kind, Refusal

if TYPE_CHECKING:
    from services.governance.counting.report import Report

FILE_BYTES_MAX: Final = 512 * 2**20
OPTIONS_MAX: Final = 1_000
CODE_MAX: Final = 64
NUMBER_DIGITS: Final = 12


class NoContestFile(Refusal):
    """There is no file to read."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "no-contest-file"
    title: ClassVar[str] = "There is no such file of ballots"


class UnknownContestFormat(Refusal):
    """A file in none of the formats that we read."""

    kind: ClassVar[Kind] = Kind.UNSUPPORTED
    slug: ClassVar[str] = "unknown-contest-format"
    title: ClassVar[str] = "This is no file of ballots that we can read"


class BadContestFile(Refusal):
    """A file that does not keep to its format; the sentence names the line where there is one."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-contest-file"
    title: ClassVar[str] = "This file of ballots is not as its format wants it"


def wrong(why: str, *, line: int | None = None) -> BadContestFile:
    """Return the refusal of a file, with the line where it is wrong."""
    return BadContestFile(why if line is None else f"line {line}: {why}", line=line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What a file of ballots holds.

    Args:
        format: ``pabulib``, ``preflib``, ``rctab`` or ``scottish``.
        name: what the file calls it.
        options: what can be chosen, in the file's order, which is also its order among equals.
        names: what the file calls each option, by its code.
        choices: canonical choices, as ``tally.counted`` takes them, each with how many say so.
        rule: the rule that the file names, or that its format stands for; nothing where any rule
            that reads such ballots is as good.
        own: the count by the file's own rule, where that has parts that no ``Rule`` can say.
        by: the count by another rule of the same method, where the file has units of its own.
        notices: what a reader of the result should know about the reading.
    """

    format: str
    name: str
    options: tuple[Option, ...]
    names: Mapping[str, str]
    choices: tuple[tuple[Mapping[str, Any], int], ...]
    rule: Rule | None = None
    own: "Callable[[], Report] | None" = None
    by: "Callable[[Rule], Report] | None" = None
    notices: tuple[str, ...] = ()


def codes_for(names: Iterable[str]) -> list[str]:
    """Return a code for each name, all different: its letters and digits, where it has some."""
    found: list[str] = []
    taken: set[str] = set()
    for at, name in enumerate(names, start=1):
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: CODE_MAX - 8].strip("-")
        code = slug or str(at)
        again = 1
        while code in taken:
            again += 1
            code = f"{slug or at}-{again}"
        taken.add(code)
        found.append(code)
    return found


def number_of(cell: str, line: int) -> int:
    """Return a number of a file: of ballots, or of an option.

    Raises:
        BadContestFile: it is none, zero, or more than any vote has ballots.
    """
    if not cell.isdecimal() or len(cell) > NUMBER_DIGITS or not int(cell):
        raise wrong(f"{cell[:40]!r} is no number from 1", line=line)
    return int(cell)


def text_of(data: bytes) -> str:
    """Return the text of a file in UTF-8, without the mark that some programs put in front.

    Raises:
        BadContestFile: it is not in UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise wrong("it is not written in UTF-8", line=line) from error
