"""Counting the ballots of a recount package again, without a node."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from twiza import printing
from twiza.commands.options import JsonOption, LangOption


def recount(
    package: Annotated[Path, typer.Argument(help="A recount package, as governance gives it out.")],
    *,
    root: Annotated[
        str, typer.Option(help="The root of the ballots as it was published.", show_default=False)
    ] = "",
    receipt: Annotated[
        list[str] | None,
        typer.Option(help="A receipt that has to be among the counted.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    lang: LangOption = "",
) -> None:
    """Count the ballots of a recount package again, and say whether all in it is true.

    It is refused where a ballot, the rule, the root or the result was changed.
    """
    from services.governance.counting.words import told
    from twiza import recount as recounting
    from twiza.words import language

    found = recounting.recounted(package, root=root, receipts=tuple(receipt or ()))
    if not found.same_engine:
        printing.say("The report was made by another version of the engine; it counts the same.")
    if found.small_groups:
        printing.say("Some said what few others said: keep the table of classes among members.")
    if as_json:
        printing.as_json(found.as_data())
        return
    for line in told(found.report, language(lang), {}):
        sys.stdout.write(f"{line}\n")
    printing.facts(recounting.facts(found))
