"""What a command prints: a table on a terminal, plain lines for programs, JSON where asked for.

Answers go to standard output; all that is said besides goes to standard error.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

Rows = Sequence[Mapping[str, Any]]


def as_json(value: Any) -> None:
    """Print a value as JSON in one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def rows(found: Rows, columns: Mapping[str, str]) -> None:
    """Print rows: as a table on a terminal, else one a line with tabs between, header first.

    Args:
        found: what is printed.
        columns: which members, in their order, each with its heading.
    """
    cells = [[_text(row.get(column, "")) for column in columns] for row in found]
    if sys.stdout.isatty():
        if not found:
            return
        _table(list(columns.values()), cells)
        return
    for line in [list(columns), *cells]:
        sys.stdout.write("\t".join(line) + "\n")


def facts(about: Mapping[str, Any]) -> None:
    """Print facts: aligned on a terminal, else name, tab and value."""
    width = max(map(len, about), default=0) if sys.stdout.isatty() else 0
    for name, value in about.items():
        gap = " " * (width - len(name) + 2) if width else "\t"
        sys.stdout.write(f"{name}{gap}{_text(value)}\n")


def say(sentence: str) -> None:
    """Tell the operator a sentence."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def _table(headings: list[str], cells: list[list[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for at, heading in enumerate(headings):
        numbers = bool(cells) and all(row[at].isdigit() or not row[at] for row in cells)
        table.add_column(heading, justify="right" if numbers else "default")
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    # A tab or a line break within a cell would make two of it.
    return " ".join(str(value).split())
