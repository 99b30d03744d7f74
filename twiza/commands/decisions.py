"""Decisions from the command line: which there are, and how one stands and what it needs."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twiza import printing
from twiza.commands.options import (
    HomeOption,
    JsonOption,
    LangOption,
    StewardOption,
    TokenOption,
    opened,
    token_of,
)

if TYPE_CHECKING:
    from twiza.asking import Asking


class PhaseIn(StrEnum):
    """Where a decision is."""

    IDEA = "idea"
    PROPOSAL = "proposal"
    NOTICED = "noticed"
    VOTING = "voting"
    CLOSED = "closed"
    DECIDED = "decided"
    FOLLOWED_UP = "followed-up"
    APPEALED = "appealed"
    ANNULLED = "annulled"
    WITHDRAWN = "withdrawn"


def listed(
    *,
    home: HomeOption,
    phase: Annotated[PhaseIn | None, typer.Option(help="Only those that are there.")] = None,
    mine: Annotated[
        bool, typer.Option("--mine", help="Only those that wait for something from you.")
    ] = False,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the network's decisions, the newest first."""
    from twiza.asking import Asking
    from twiza.decision_words import headings, said
    from twiza.words import language

    tongue = language(lang)
    wanted = {"phase": phase.value if phase else None, "needs": "me" if mine else None}
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        found = list(asking.all("governance", "/decisions", lang=tongue, **wanted))
    if as_json:
        printing.as_json(found)
        return
    columns = headings(tongue, "id", "title", "kind", "phase", "until")
    if mine:
        columns |= headings(tongue, "needs")
    printing.rows([_row(one, tongue) for one in found], columns)
    if not found:
        printing.say(said("none", tongue))


def decision(
    which: Annotated[
        str, typer.Argument(metavar="DECISION", help="Its id; the end of it will do.")
    ],
    *,
    home: HomeOption,
    history: Annotated[
        bool, typer.Option("--history", help="Each step of its record, with who and when.")
    ] = False,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a decision: its words, its rule, its objections, and what is needed now from whom."""
    from twiza.asking import Asking
    from twiza.decision_words import lines
    from twiza.exchange_words import minute
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        path = f"/decisions/{_meant(asking, which, tongue)}"
        if history:
            links = list(asking.all("governance", f"{path}/history"))
            if as_json:
                printing.as_json(links)
                return
            for link in links:
                step = link["step"]
                sys.stdout.write(
                    f"{link['number']}\t{minute(step['at'])}\t{step['what']}\t{step['by']}\n"
                )
            return
        found = asking.get("governance", path, lang=tongue)
    if as_json:
        printing.as_json(found)
        return
    for line in lines(found, tongue):
        sys.stdout.write(f"{line}\n")


def _meant(asking: "Asking", which: str, lang: str) -> str:
    """Return a decision's id; where only its end was given, that of the one which ends so."""
    from twiza.meant import meant

    if which.count("-") == 4:
        return which
    found = asking.all("governance", "/decisions", lang=lang)
    known = {one["id"]: one["title"] for one in found}
    return meant(which, known)


def _row(one: dict[str, Any], lang: str) -> dict[str, Any]:
    from twiza.decision_words import known
    from twiza.exchange_words import minute
    from twiza.meant import SHORT

    until = {
        "noticed": one["opens_at"],
        "voting": one["closes_at"],
        "decided": one["deadline"],
    }.get(one["phase"], "")
    return {
        "id": one["id"][-SHORT:] if sys.stdout.isatty() else one["id"],
        "title": one["title"],
        "kind": one["label"],
        "phase": known(f"phase-{one['phase']}", lang),
        "until": minute(until),
        "needs": [known(f"need-{need['what']}", lang) for need in one["needs"]],
    }
