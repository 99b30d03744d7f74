"""Finding rings in a list of barter, without a node."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from twiza import printing
from twiza.commands.options import JsonOption


class OwnersIn(StrEnum):
    """How often an owner may stand in a ring."""

    ONCE = "once"
    ANY = "any"


def match(
    file: Annotated[Path, typer.Argument(help="A .bti graph, or want lists.")],
    *,
    cap: Annotated[
        int, typer.Option(help="The most items that a ring may have.", min=2, max=5)
    ] = 4,
    owners: Annotated[
        OwnersIn, typer.Option(help="Whether an owner may stand in a ring more than once.")
    ] = OwnersIn.ONCE,
    as_json: JsonOption = False,
) -> None:
    """Find the rings of barter in which the most items change hands, and say how good they are.

    The bound says how many it could be at most; where it equals the value, nothing is better.
    """
    from twiza import match as matching

    barter = matching.read(file, cap=cap, owners=owners.value)
    found = matching.matched(barter)
    if as_json:
        printing.as_json(found)
        return
    for notice in found["notices"]:
        printing.say(notice)
    for ring in found["rings"]:
        sys.stdout.write(f"{_sentence(ring)}\n")
    printing.facts(_facts(found))


def check_round(
    file: Annotated[Path, typer.Argument(help="A round's proof, as the exchange gives it out.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Check the proof of a round without a solver: its rings, their worth, and the bound.

    It is refused where something of it is not true, or was changed.
    """
    from twiza import match as matching

    found = matching.checked(file)
    if as_json:
        printing.as_json(found)
        return
    printing.facts(
        {
            "value": found["value"],
            "bound": found["bound"],
            "gap": f"{found['gap_ppm'] / 10_000:.2f} %",
            "rings": found["rings"],
            "input": found["input_hash"],
        }
    )


def _sentence(ring: list[Any]) -> str:
    """Return a ring as it is read: each receives what stands behind the arrow."""
    return " <- ".join(map(str, [*ring, ring[0]]))


def _facts(found: dict[str, Any]) -> dict[str, Any]:
    percent = found["gap_ppm"] / 10_000
    return {
        "value": f"{found['value']} of {found['items']} items",
        "bound": found["bound"],
        "gap": f"{percent:.2f} %",
        "proven": found["proven"],
        "rings": len(found["rings"]),
        "without a cap": f"{found['unbounded']['trades']} items",
    }
