"""Rings from the command line: which there are, how one stands, and what was said by telephone."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

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
from twiza.commands.running import BadOption

if TYPE_CHECKING:
    from twiza.asking import Asking

_DAY: Final = len("2026-11-29")
_SAYS_ONE: Final = "Say one thing at a time: --accept, --decline, --handed-over or --received."


class StateIn(StrEnum):
    """Where a ring stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    IN_DELIVERY = "in-delivery"
    SETTLED = "settled"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"


class WhyIn(StrEnum):
    """Why a party says no."""

    DISTANCE = "distance"
    LATE = "late"
    NOT_NEEDED = "not-needed"
    PARTNER = "partner"
    QUALITY = "quality"
    QUANTITY = "quantity"
    TIME = "time"
    TRANSPORT = "transport"
    VALUE = "value"
    WRONG_ITEM = "wrong-item"
    OTHER = "other"


PartyOption = Annotated[
    str, typer.Option(metavar="PARTY", help="For whom: a piece of the name, or the id's end.")
]


def listed(
    *,
    home: HomeOption,
    state: Annotated[StateIn | None, typer.Option(help="Only those that stand so.")] = None,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the rings in which this network has parties: one line for each party, the newest first.

    Nobody sees a ring in which they have no part; the operator of the machine sees all of the node.
    """
    from twiza.asking import Asking
    from twiza.exchange_words import headings, said
    from twiza.words import language

    tongue = language(lang)
    wanted = state.value if state is not None else None
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        parts = list(asking.all("exchange", "/rings", lang=tongue, state=wanted))
        names = _names(asking, parts)
    found = [{**part, "name": names[part["party"]]} for part in parts]
    if as_json:
        printing.as_json(found)
        return
    columns = headings(
        tongue, id="ring", name="name", state="state", answer="answer", until="until",
        sentence="sentence",
    )  # fmt: skip
    printing.rows([_row(one, tongue) for one in found], columns)
    if not found:
        printing.say(said("no-rings", tongue))


def ring(
    which: Annotated[str, typer.Argument(metavar="RING", help="Its id; the end of it will do.")],
    *,
    home: HomeOption,
    accept: PartyOption = "",
    decline: PartyOption = "",
    why: Annotated[
        WhyIn, typer.Option(help="Why a party says no; it betters the next matching.")
    ] = WhyIn.OTHER,
    said: Annotated[
        str, typer.Option(help="A no in the party's own words; they stay in this network.")
    ] = "",
    contact_name: Annotated[
        str, typer.Option(help="With a yes: whom the neighbours in the ring may call.")
    ] = "",
    contact_number: Annotated[str, typer.Option(help="With a yes: at which number.")] = "",
    contact_place: Annotated[str, typer.Option(help="With a yes: where goods change hands.")] = "",
    handed_over: PartyOption = "",
    received: PartyOption = "",
    end_doubt: Annotated[
        str,
        typer.Option(
            metavar="REASON",
            help="As a steward: free what a ring holds whose decider is silent. "
            "The second steward's word does it.",
        ),
    ] = "",
    telephone: Annotated[
        bool, typer.Option("--telephone", help="It was said to a steward by telephone.")
    ] = False,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a ring; record what one of its parties has said.

    A contact is handed on only if the party agrees to it, to its neighbours in this ring alone,
    when all have accepted; give none where it does not.
    """
    from twiza.asking import Asking
    from twiza.exchange_words import said as phrase
    from twiza.words import language

    tongue = language(lang)
    contact = {"name": contact_name, "telephone": contact_number, "place": contact_place}
    answers = {"accept": accept, "decline": decline}
    reports = {"handed-over": handed_over, "received": received}
    if len([one for one in (*answers.values(), *reports.values(), end_doubt) if one]) > 1:
        raise BadOption(_SAYS_ONE)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        ring_id = _ring_meant(asking, which)
        found = asking.get("exchange", f"/rings/{ring_id}", lang=tongue)
        way = {"way": "telephone" if telephone else "party"}
        if accept:
            _answer(asking, found, accept, "accept", {**way, **_contact(contact)})
        elif decline:
            no = {**way, "why": why.value, "said": said}
            _answer(asking, found, decline, "decline", no)
        elif handed_over:
            _report(asking, found, handed_over, "handed-over", "gives", way)
        elif received:
            _report(asking, found, received, "received", "receives", way)
        elif end_doubt:
            path = f"/rings/{ring_id}/resolutions"
            told = asking.post("exchange", path, {"reason": end_doubt})
            words = phrase("doubt-ended" if told["ended"] else "doubt-half", tongue)
            printing.as_json(told) if as_json else sys.stdout.write(f"{words}\n")
            return
        if accept or decline or handed_over or received:
            found = asking.get("exchange", f"/rings/{ring_id}", lang=tongue)
    if as_json:
        printing.as_json(found)
        return
    from twiza.ring_page import lines

    for line in lines(found, tongue):
        sys.stdout.write(f"{line}\n")


def _ring_meant(asking: "Asking", which: str) -> str:
    """Return a ring's id; where only its end was given, that of the one ring which ends so."""
    from twiza.meant import meant

    if ":" in which:
        return which
    return meant(which, {one["id"]: "" for one in asking.all("exchange", "/rings")})


def _answer(
    asking: "Asking", ring: dict[str, Any], party: str, answer: str, more: dict[str, Any]
) -> None:
    """Record a yes or a no of one of the ring's parties."""
    said = {"party": _part(ring, party)["party"], **more}
    asking.post("exchange", f"/rings/{ring['id']}/{answer}", said)


def _report(
    asking: "Asking", ring: dict[str, Any], party: str, what: str, side: str, way: dict[str, Any]
) -> None:
    """Record that what a party gives was handed over, or that what it receives has come."""
    part = _part(ring, party)
    if part[side] is None:
        raise BadOption(f"--{what}: {_name(ring, part['party'])} {side} nothing in this ring")
    path = f"/rings/{ring['id']}/legs/{part[side]}/reports"
    asking.post("exchange", path, {"party": part["party"], "what": what, **way})


def _part(ring: dict[str, Any], party: str) -> dict[str, Any]:
    """Return the part of a party of this network, named by a piece of its name or its id's end."""
    from twiza.meant import meant

    parts = {part["party"]: part for part in ring["parts"]}
    found: dict[str, Any] = parts[meant(party, {one: _name(ring, one) for one in parts})]
    return found


def _contact(given: dict[str, str]) -> dict[str, Any]:
    """Return a contact as the exchange takes it, and that it may be handed on; nothing without."""
    if not any(given.values()):
        return {}
    if not (given["name"] and given["telephone"]):
        raise BadOption("a contact has --contact-name and --contact-number")
    return {"consents": True, "contact": given}


def _names(asking: "Asking", parts: list[dict[str, Any]]) -> dict[str, str]:
    """Return the names of the parties as their rings have them."""
    rings = list(dict.fromkeys(part["id"] for part in parts))
    names: dict[str, str] = {}
    for told in asking.each("exchange", [f"/rings/{one}" for one in rings]):
        names |= {part["party"]: _name(told, part["party"]) for part in told["parts"]}
    return names


def _name(ring: dict[str, Any], party: str) -> str:
    return str(ring["names"].get(party) or party)


def _row(part: dict[str, Any], lang: str) -> dict[str, Any]:
    from twiza.exchange_words import known
    from twiza.meant import SHORT

    return {
        "id": part["id"][-SHORT:] if sys.stdout.isatty() else part["id"],
        "name": part["name"],
        "state": known(f"state-{part['state']}", lang),
        "answer": known(f"said-{part['answer']}", lang) if part["answer"] else "",
        "until": part["deadline"][:_DAY] if part["state"] == StateIn.PROPOSED else "",
        "sentence": part["sentence"],
    }
