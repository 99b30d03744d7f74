"""What the nodes of the example know: one table, and whether they agree."""

import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.refusals import Refusal
from twiza.asking import Asking
from twiza.demo import links
from twiza.demo.nodes import DemoNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one node of the example knows.

    Args:
        own: entities of its own.
        sees: entities that it sees in all; -1 when it does not answer.
        by_origin: the same, by the network to which they belong.
        behind: how many pages of the others' directories it has not taken in yet.
        link: whether the way to its hub stands, is cut, or is not there.
    """

    name: str
    title: str
    page: str
    own: int
    sees: int
    by_origin: dict[str, int]
    behind: int
    link: str


async def figures(nodes: Sequence[DemoNode], folder: Path) -> list[Figures]:
    """Return what each node knows now."""
    told = await asyncio.gather(*(asyncio.to_thread(_asked, node) for node in nodes))
    heads = {node.name: one.head for node, one in zip(nodes, told, strict=True) if one}
    return [_figures(node, one, heads, folder) for node, one in zip(nodes, told, strict=True)]


def agree(found: Iterable[Figures]) -> bool:
    """Return whether every node sees of every other exactly what that one has of its own."""
    told = list(found)
    own = {one.name: one.own for one in told}
    expected = {name: number for name, number in own.items() if number}
    return all(one.by_origin == expected for one in told)


def shown(found: Sequence[Figures]) -> Any:
    """Return the figures as a table for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading, right in (
        ("network", False), ("", False), ("address", False), ("own", True), ("sees", True),
        ("lag (pages)", True), ("link", False),
    ):  # fmt: skip
        table.add_column(heading, justify="right" if right else "left")
    for one in found:
        cells = (one.name, one.title, one.page, *_numbers(one))
        table.add_row(*map(Text, cells))
    return table


def print_plain(found: Sequence[Figures]) -> None:
    """Print the figures, one node a line."""
    sys.stdout.write("network\taddress\town\tsees\tlag\tlink\n")
    for one in found:
        sys.stdout.write("\t".join((one.name, one.page, *_numbers(one))) + "\n")
    sys.stdout.flush()


def _numbers(one: Figures) -> tuple[str, str, str, str]:
    if one.sees < 0:
        return "-", "-", "-", "-"
    return str(one.own), str(one.sees), str(one.behind), one.link


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    counts: dict[str, Any]
    head: int
    applied: dict[str, int]


def _asked(node: DemoNode) -> _Asked | None:
    """Return what a node's directory counts and how far it has read; none if it does not answer."""
    try:
        with Asking(node.home) as asking:
            counts = asking.get("directory", "/entities/counts")
            standing = asking.get("directory", "/log/standing")
    except Refusal:
        return None
    return _Asked(
        counts=counts,
        head=standing["own"]["public"]["number"],
        applied={
            one["node"]: one["number"]
            for one in standing["followed"]
            if (one["service"], one["log"]) == ("directory", "public")
        },
    )


def _figures(
    node: DemoNode, asked: _Asked | None, heads: Mapping[str, int], folder: Path
) -> Figures:
    counts = asked.counts if asked else {}
    origins = [counts["own"], *counts["others"]] if counts else []
    applied = asked.applied if asked else {}
    return Figures(
        name=node.name,
        title=node.network.names.get("en", ""),
        page=node.page,
        own=counts["own"]["entities"] if counts else 0,
        sees=counts["total"] if counts else -1,
        by_origin={one["origin"]: one["entities"] for one in origins if one["entities"]},
        behind=sum(
            max(0, head - applied.get(name, 0)) for name, head in heads.items() if name != node.name
        ),
        link=_link(node, folder),
    )


def _link(node: DemoNode, folder: Path) -> str:
    if node.home.federation() is None:
        return "none"
    return "cut" if links.is_cut(folder, node.name) else "stands"
