"""Associations from the command line: which there are, their charters, who belongs to them."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from shared.refusals import Kind, Refusal
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

GOVERNANCE = "governance"

WhichArgument = Annotated[
    str, typer.Argument(metavar="ASSOCIATION", help="Its id; the end of it will do.")
]
DecisionOption = Annotated[
    str, typer.Option(help="The decision of your members on whose ground it is done.")
]
NetworkOption = Annotated[
    str, typer.Option(help="A network without software for which this one speaks.")
]


class BadFile(Refusal):
    """A file is no draft or application as it stands."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-file"
    title: ClassVar[str] = "This file cannot be read as it stands"


def listed(
    *,
    home: HomeOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the associations of which this network has heard, and how it belongs to each."""
    from twiza.asking import Asking
    from twiza.association_words import headings, known, name_of, said
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        found = list(asking.all(GOVERNANCE, "/associations"))
    if as_json:
        printing.as_json(found)
        return
    rows = [
        {
            "id": one["id"],
            "name": name_of(one["names"], tongue, otherwise=""),
            "keeper": one["keeper"],
            "number": one["number"],
            "members": one["members"],
            "state": known(f"state-{one['state']}", tongue),
            "rights": known(f"rights-{one['rights']}", tongue),
        }
        for one in found
    ]
    columns = ("id", "name", "keeper", "number", "members", "state", "rights")
    printing.rows(rows, headings(tongue, *columns))
    if not found:
        printing.say(said("none", tongue))


def show(
    which: WhichArgument,
    *,
    home: HomeOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an association: the charter in force, who is called to vote, and what is in doubt."""
    from twiza.asking import Asking
    from twiza.association_words import lines
    from twiza.words import language

    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        found = asking.get(GOVERNANCE, f"/associations/{meant_by(asking, which)}")
    if as_json:
        printing.as_json(found)
        return
    for line in lines(found, language(lang)):
        sys.stdout.write(f"{line}\n")


def members(
    which: WhichArgument,
    *,
    home: HomeOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the networks of an association, those that ask to belong and those that did."""
    from twiza.asking import Asking
    from twiza.association_words import headings, known, name_of, said
    from twiza.exchange_words import minute
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        path = f"/associations/{meant_by(asking, which)}/members"
        found = list(asking.all(GOVERNANCE, path))
    if as_json:
        printing.as_json(found)
        return
    rows = [
        {
            "network": one["network"],
            "name": name_of(one["names"], tongue, otherwise=""),
            "stands": known(f"state-{one['state']}", tongue),
            "rights": known(f"rights-{one['rights']}", tongue),
            "since": minute(one["since"]),
            "until": minute(one["until"]),
            "software": said("yes" if one["software"] else "no", tongue),
            "sponsors": one["sponsors"],
        }
        for one in found
    ]
    columns = ("network", "name", "stands", "rights", "since", "until", "software", "sponsors")
    printing.rows(rows, headings(tongue, *columns))


def decided(
    which: WhichArgument,
    *,
    home: HomeOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what an association has decided of networks, each with its ground and its ballot."""
    from twiza.asking import Asking
    from twiza.association_words import headings, known, said
    from twiza.exchange_words import minute
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        path = f"/associations/{meant_by(asking, which)}/words"
        found = list(asking.all(GOVERNANCE, path))
    if as_json:
        printing.as_json(found)
        return
    rows = [
        {
            "network": one["network"],
            "what": known(f"what-{one['what']}", tongue),
            "ground": one["ground"],
            "from": minute(one["valid_from"]),
            "until": minute(one["until"]),
            "ballot": one["ballot"],
        }
        for one in found
    ]
    printing.rows(rows, headings(tongue, "network", "what", "ground", "from", "until", "ballot"))
    if not found:
        printing.say(said("no-words", tongue))


def charter(
    which: WhichArgument,
    *,
    home: HomeOption,
    number: Annotated[int, typer.Option(help="Of the version; that in force else.", min=0)] = 0,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the text of a charter in your language; with --json all of it, to hand on."""
    from twiza.asking import Asking
    from twiza.words import language

    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        path = f"/associations/{meant_by(asking, which)}/charter"
        found = asking.get(GOVERNANCE, path, number=number)
    if as_json:
        printing.as_json(found)
        return
    texts, first = found["texts"], found["charter"]["authoritative"]
    sys.stdout.write(texts.get(language(lang)) or texts.get(first) or "")
    sys.stdout.write(f"\n{found['number']}  {found['charter_hash']}\n")


def draft(
    *,
    home: HomeOption,
    out: Annotated[Path, typer.Option(help="Where the draft is written.", dir_okay=False)],
    name: Annotated[str, typer.Option(help="What the association is called.")] = "",
    founder: Annotated[
        list[str] | None, typer.Option(help="A network with which it begins. Again for others.")
    ] = None,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Write a charter to begin with: texts in five languages, who decides what, by which rules."""
    from twiza.asking import Asking
    from twiza.association_words import said
    from twiza.words import language

    tongue, node = language(lang), opened(home)
    with Asking(node, token=token_of(token, as_steward)) as asking:
        found = asking.get(GOVERNANCE, "/charter-draft", name=name)
    own = str(node.settings().name)
    whole = {
        "names": dict.fromkeys(found["texts"], name or own),
        "founders": sorted({own, *(founder or [])}),
        "authoritative": tongue,
        **found,
    }
    out.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", "utf-8")
    printing.say(said("drafted", tongue, file=out))


def found(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    home: HomeOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin an association that this network keeps, from a draft of its charter."""
    from twiza.asking import Asking
    from twiza.association_words import said
    from twiza.words import language

    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        made = asking.post(GOVERNANCE, "/associations", read_json(file))
    if as_json:
        printing.as_json(made)
        return
    values = {"id": made["association"], "hash": made["charter_hash"]}
    sys.stdout.write(f"{said('founded', language(lang), **values)}\n")


def change(
    which: WhichArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    home: HomeOption,
    ballot: Annotated[str, typer.Option(help="That has decided on it.")] = "",
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish a version of a charter that a ballot has decided on, or say its fingerprint."""
    from twiza.asking import Asking
    from twiza.association_words import said
    from twiza.words import language

    body = read_json(file) | ({"ballot": ballot} if ballot else {})
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        path = f"/associations/{meant_by(asking, which)}/charter"
        made = asking.post(GOVERNANCE, path, body)
    if as_json:
        printing.as_json(made)
        return
    name = "published" if made["published"] else "would-be"
    values = {"number": made["number"], "hash": made["charter_hash"]}
    sys.stdout.write(f"{said(name, language(lang), **values)}\n")


def sign(
    which: WhichArgument,
    *,
    home: HomeOption,
    decision: DecisionOption,
    number: Annotated[int, typer.Option(help="Of the version; the newest else.", min=0)] = 0,
    fingerprint: Annotated[
        str, typer.Option(help="Of the version, where this network has no line yet.")
    ] = "",
    network: NetworkOption = "",
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Sign a version of a charter, as a steward, on the ground of a decision of your members."""
    from twiza.asking import Asking
    from twiza.association_words import said
    from twiza.words import language

    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        association = which if fingerprint else meant_by(asking, which)
        version = (number or 1, fingerprint)
        if not fingerprint:
            path = f"/associations/{association}"
            wanted = number or asking.get(GOVERNANCE, path)["newest"]
            known = asking.get(GOVERNANCE, f"{path}/charter", number=wanted)
            version = (known["number"], known["charter_hash"])
        body = {"number": version[0], "charter_hash": version[1], "decision": decision}
        body |= {"network": network} if network else {}
        made = asking.post(GOVERNANCE, f"/associations/{association}/adoptions", body)
    printing.say(said("signed" if made["signed"] else "signed-before", language(lang)))


def leave(
    which: WhichArgument,
    *,
    home: HomeOption,
    decision: DecisionOption,
    network: NetworkOption = "",
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Leave an association, as a steward; nobody has to agree but your own members."""
    from twiza.asking import Asking
    from twiza.association_words import said
    from twiza.words import language

    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        path = f"/associations/{meant_by(asking, which)}/departures"
        body = {"decision": decision} | ({"network": network} if network else {})
        asking.ask("POST", GOVERNANCE, path, json=body)
    printing.say(said("left", language(lang)))


def meant_by(asking: "Asking", which: str) -> str:
    """Return an association's id; where only its end was given, that of the one which ends so."""
    from twiza.meant import meant

    if ":" in which:
        return which
    found = asking.all(GOVERNANCE, "/associations")
    return meant(which, {one["id"]: next(iter(one["names"].values()), "") for one in found})


def read_json(file: Path) -> dict[str, Any]:
    """Return the object that a file holds.

    Raises:
        BadFile: it holds none.
    """
    try:
        read = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(str(file)) from error
    if not isinstance(read, dict):
        raise BadFile(str(file))
    return read
