"""Counting ballots from a file, without a node."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from twiza import printing
from twiza.commands.options import JsonOption, LangOption


def count(
    file: Annotated[
        Path,
        typer.Argument(
            help="A .pb of Pabulib, a .soc, .soi, .toc, .toi or .cat of PrefLib, a Scottish .csv, "
            "or a cast vote record or configuration of RCTab."
        ),
    ],
    *,
    rule: Annotated[
        str, typer.Option(help="Count by this rule; else by the file's own.", show_default=False)
    ] = "",
    seats: Annotated[
        int | None, typer.Option(help="How many seats to fill.", min=1, max=100)
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="The configuration of a cast vote record, if it is not beside it."),
    ] = None,
    as_json: JsonOption = False,
    lang: LangOption = "",
) -> None:
    """Count the ballots of a file exactly, and say round by round how the outcome came about."""
    from services.governance.counting.words import told
    from twiza import count as counting
    from twiza.words import language

    contest = counting.read(file, config=config)
    report, notices = counting.counted(contest, rule=rule, seats=seats)
    for notice in notices:
        printing.say(notice)
    if as_json:
        printing.as_json(counting.as_data(contest, report))
        return
    for line in told(report, language(lang), contest.names):
        sys.stdout.write(f"{line}\n")
