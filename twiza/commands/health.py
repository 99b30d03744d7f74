"""The health of a network's governance from the command line: thirteen signs and their trends."""

from typing import Annotated, Any, Final

import typer

from twiza import outcomes, printing
from twiza.commands.options import (
    HomeOption,
    JsonOption,
    LangOption,
    StewardOption,
    TokenOption,
    opened,
    token_of,
)

_YEAR_BACK: Final = {"quarter": 4, "year": 1}
_QUARTERS: Final = 8
"""A trend of so many spans is one of quarters."""


def health(
    sign: Annotated[
        str, typer.Argument(metavar="[SIGN]", help="One of them, with its trend: turnout, terms.")
    ] = "",
    *,
    home: HomeOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how healthy the governance of this network is: thirteen signs, and what needs a look.

    A network is compared with itself a year before, and with no other one.
    """
    from twiza.asking import Asking
    from twiza.words import language

    tongue = language(lang)
    path = f"/health/{sign}" if sign else "/health"
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        found = asking.get("governance", path, lang=tongue)
    passed = found["alerts"] if not sign else len(found["alerts"])
    if as_json:
        printing.as_json(found)
    elif sign:
        _one(found, tongue)
    else:
        _all(found, tongue)
    if passed:
        raise typer.Exit(outcomes.ATTENTION)


def _all(found: dict[str, Any], lang: str) -> None:
    """Print all signs, one a row, and how many limits were passed."""
    from twiza.health_words import headings, said

    columns = headings(lang, "sign", "value", "before", "span", "note")
    printing.rows([_row(one) for one in found["signs"]], columns)
    count = found["alerts"]
    printing.say(said("alerts", lang, count=count) if count else said("no-alerts", lang))
    printing.say(said("limits-next", lang))


def _one(sign: dict[str, Any], lang: str) -> None:
    """Print a sign: what it says, its trend, the figures beside it, its alerts."""
    from twiza.health_words import headings

    printing.say(f"{sign['name']}: {sign['what']}")
    rows = [
        {"span": one["span"], "value": one["shown"], "note": one["reason"]} for one in sign["trend"]
    ]
    printing.rows(rows, headings(lang, "span", "value", "note"))
    for one in sign["beside"]:
        printing.say(f"{one['name']}: {one['shown']}")
    for one in sign["alerts"]:
        printing.say(one["text"])


def _row(sign: dict[str, Any]) -> dict[str, Any]:
    trend = sign["trend"]
    back = _YEAR_BACK["quarter" if len(trend) == _QUARTERS else "year"]
    at = next(place for place, one in enumerate(trend) if one["span"] == sign["span"])
    before = trend[at - back]["shown"] if at >= back else ""
    note = " ".join(one["text"] for one in sign["alerts"]) or sign["reason"]
    return {
        "sign": sign["name"],
        "value": sign["shown"],
        "before": before,
        "span": sign["span"],
        "note": note,
    }
