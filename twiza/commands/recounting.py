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
    tongue = language(lang)
    if not found.same_engine:
        printing.say(recounting.said("other-engine", tongue))
    if found.small_groups:
        printing.say(recounting.said("small-groups", tongue))
    if as_json:
        printing.as_json(found.as_data())
        return
    for line in told(found.report, tongue, {}):
        sys.stdout.write(f"{line}\n")
    printing.facts(recounting.facts(found, tongue))
    for one in receipt or ():
        sys.stdout.write(f"{recounting.said('counted', tongue, receipt=one)}\n")
    sys.stdout.write(f"{recounting.said('true', tongue)}\n")
