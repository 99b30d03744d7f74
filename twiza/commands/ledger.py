"""The ledger from the command line: whether the books are right."""

import sys

import typer

from twiza import outcomes, printing
from twiza.commands.options import HomeOption, JsonOption, LangOption, opened


def check(*, home: HomeOption, lang: LangOption = "", as_json: JsonOption = False) -> None:
    """Look whether every rule of the ledger holds in the database; the node need not run.

    Nothing is changed or mended.
    """
    from twiza.books import examined
    from twiza.exchange_words import known, said
    from twiza.words import language

    tongue = language(lang)
    found = examined(opened(home))
    broken = [one for one in found if not one.holds]
    if as_json:
        rules = [{**one._asdict(), "holds": one.holds} for one in found]
        printing.as_json({"well": not broken, "lang": tongue, "rules": rules})
    elif not broken:
        sys.stdout.write(f"{said('ledger-holds', tongue)}\n")
    for one in broken if not as_json else ():
        says = known(f"rule-{one.invariant}", tongue)
        values = {"rule": one.invariant, "says": says, "names": ", ".join(one.broken_by)}
        sys.stdout.write(f"{said('ledger-broken', tongue, **values)}\n")
    if broken:
        raise typer.Exit(outcomes.ATTENTION)
