"""Lists of barter as files: which of the two forms a text has, and what was read from it."""

from typing import Final, NamedTuple

from services.exchange.matching.model import Ints, Problem

FILE_BYTES_MAX: Final = 200_000_000


class Barter(NamedTuple):
    """A list of barter that was read.

    Args:
        problem: its slots and arcs; every real slot that trades counts one.
        cost: the priority cost of each arc.
        notices: what was left out of it, and why, in sentences.
        by_number: its slots have no names but their numbers.
    """

    problem: Problem
    cost: Ints
    notices: tuple[str, ...] = ()
    by_number: bool = False


def decoded(data: bytes) -> str:
    """Return the text of a file: UTF-8, or the older encoding of western machines."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def is_bti(text: str) -> bool:
    """Return whether a text is a graph of plain numbers, by its first line."""
    first = text.lstrip().partition("\n")[0].split()
    return len(first) == 2 and all(cell.isdigit() for cell in first)
