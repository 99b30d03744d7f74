"""Exporting the entities of the directory, for a spreadsheet or a map."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twiza import printing
from twiza.commands.options import HomeOption, StewardOption, TokenOption, opened, token_of

if TYPE_CHECKING:
    from twiza.asking import Asking


def export(
    out: Annotated[
        Path | None, typer.Argument(help="The file; its name ends in .csv or .geojson.")
    ] = None,
    *,
    home: HomeOption,
    every: Annotated[
        bool, typer.Option("--all", help="The entities of all networks, not only our own.")
    ] = False,
    form: Annotated[
        str, typer.Option("--format", help="csv or geojson; else the file's name tells.")
    ] = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Write the entities of the directory as CSV or GeoJSON, as everybody may know them."""
    from twiza import exporting
    from twiza.asking import Asking

    kind = form or (out.suffix.removeprefix(".") if out else "csv")
    if kind not in ("csv", "geojson", "json"):
        raise typer.BadParameter("csv or geojson", param_hint="--format")
    found = opened(home)
    with Asking(found, token=token_of(token, as_steward)) as asking:
        entities = _entities(asking, None if every else found.settings().name)
    with out.open("w", encoding="utf-8", newline="") if out else nullcontext(sys.stdout) as file:
        if kind == "csv":
            exporting.write_csv(entities, file)
        else:
            json.dump(exporting.geojson(entities), file, ensure_ascii=False)
            file.write("\n")
    printing.say(f"{len(entities)} entities.")


def _entities(asking: "Asking", origin: str | None) -> list[dict[str, Any]]:
    """Return entities with all that may be known of them."""
    listed = asking.all("directory", "/entities", origin=origin)
    return list(asking.each("directory", (f"/entities/{one['id']}" for one in listed)))
