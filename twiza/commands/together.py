"""Ballots between networks from the command line: what coordinators see, seals, weights, rules."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer
from typer.core import TyperGroup

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


class NoSuchFile(Refusal):
    """A file was named that cannot be read."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "no-such-file"
    title: ClassVar[str] = "This file cannot be read"


class NotARule(Refusal):
    """A file was to hold a rule, and holds none."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "not-a-rule"
    title: ClassVar[str] = "This file holds no rule as JSON"


class _Meant(TyperGroup):
    """Takes whatever is no command of its own for a decision that is to be shown."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is meant."""
        if args and args[0] not in self.commands:
            args = ["show", *args]
        return super().resolve_command(ctx, args)


class StateIn(StrEnum):
    """Where a ballot between networks is."""

    NOTICED = "noticed"
    OPEN = "open"
    CLOSED = "closed"
    COLLECTING = "collecting"
    PROVISIONAL = "provisional"
    CERTIFIED = "certified"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    ESCALATED = "escalated"
    CONTESTED = "contested"
    RECOUNT = "recount"
    ANNULLED = "annulled"


class FormIn(StrEnum):
    """How a seal travels."""

    TEXT = "text"
    QR = "qr"


DecisionArgument = Annotated[
    str, typer.Argument(metavar="DECISION", help="Its id; the end of it will do.")
]
AssociationOption = Annotated[
    str, typer.Option(help="Its id; needed where this node knows several.")
]

app = typer.Typer(
    cls=_Meant,
    help="Decisions between networks: `twiza together` lists them, `twiza together DECISION`"
    " shows one.",
    invoke_without_command=True,
    subcommand_metavar="[DECISION | COMMAND] ...",
    rich_markup_mode=None,
)


@app.callback()
def listed(
    ctx: typer.Context,
    *,
    home: HomeOption,
    state: Annotated[StateIn | None, typer.Option(help="Only those that are there.")] = None,
    lacking: Annotated[
        str, typer.Option(metavar="NETWORK", help="Only those that lack its seal.")
    ] = "",
    ours: Annotated[
        bool, typer.Option("--ours", help="Only those that wait for people of this network.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option(help="Write all with their legs to this file, as CSV.")
    ] = None,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the decisions between networks that this node knows, the newest first."""
    from twiza.asking import Asking
    from twiza.together_words import headings, row, said
    from twiza.words import language

    if ctx.invoked_subcommand is not None:
        return
    tongue = language(lang)
    wanted = {"state": state.value if state else None, "lacking": lacking or None}
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        if export is not None:
            wanted.pop("lacking")
            params = {name: value for name, value in wanted.items() if value} | {"lang": tongue}
            answer = asking.ask("GET", "governance", "/together/export.csv", params=params)
            export.write_bytes(answer.content)
            printing.say(said("written", tongue, file=export))
            return
        found = list(
            asking.all("governance", "/together", lang=tongue, ours=ours or None, **wanted)
        )
    if as_json:
        printing.as_json(found)
        return
    columns = headings(tongue, "id", "matter", "state", "until", "seals", "result")
    printing.rows([row(one) for one in found], columns)
    if not found:
        printing.say(said("none", tongue))


@app.command("show", hidden=True)
def show(
    which: DecisionArgument,
    *,
    home: HomeOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a decision between networks: each network's part, outcomes, and what is in doubt."""
    from twiza.asking import Asking
    from twiza.together_words import lines
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        path = f"/together/{_meant(asking, which, tongue)}"
        found = asking.get("governance", path, lang=tongue)
    if as_json:
        printing.as_json(found)
        return
    for line in lines(found, tongue):
        sys.stdout.write(f"{line}\n")


@app.command("seal")
def seal(
    which: Annotated[
        str,
        typer.Argument(metavar="[DECISION]", help="Its id, or its end; none with --take."),
    ] = "",
    network: Annotated[
        str, typer.Argument(metavar="[NETWORK]", help="Whose seal; this node's own if none.")
    ] = "",
    *,
    home: HomeOption,
    form: Annotated[
        FormIn, typer.Option("--as", help="A block for a letter, or texts for QR pictures.")
    ] = FormIn.TEXT,
    take: Annotated[
        Path | None,
        typer.Option(help="Take in the seal of this file, which came by letter or stick."),
    ] = None,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a seal so that it can travel by letter or stick, or take one in that came so."""
    from twiza.asking import Asking
    from twiza.together_words import said
    from twiza.words import language

    tongue = language(lang)
    place = opened(home)
    with Asking(place, token=token_of(token, as_steward)) as asking:
        if take is not None:
            taken = asking.post("governance", "/together/seals", {"text": _read(take)})
            if as_json:
                printing.as_json(taken)
            else:
                name = "taken" if taken["counts"] else "taken-not-counted"
                printing.say(said(name, tongue, network=taken["network"], ballot=taken["ballot"]))
            return
        ballot = _meant(asking, which, tongue)
        path = f"/together/{ballot}/legs/{network or place.settings().name}/seal"
        wanted = "json" if form is FormIn.TEXT else "qr"
        found = asking.get("governance", path, **{"as": wanted})
    if as_json:
        printing.as_json(found)
    elif form is FormIn.TEXT:
        sys.stdout.write(found["text"])
    else:
        sys.stdout.writelines(f"{part}\n" for part in found["parts"])


@app.command("power")
def power(
    *,
    home: HomeOption,
    association: AssociationOption = "",
    matter: Annotated[str, typer.Option(help="By the charter's rule for this matter.")] = "",
    rule: Annotated[
        Path | None, typer.Option(help="A federated rule as JSON, in the charter's place.")
    ] = None,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what each network weighs under a rule of yes and no, before a charter is signed."""
    from twiza.asking import Asking
    from twiza.together_words import headings, million
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        which = _association(asking, association)
        if rule is None:
            found = asking.get(
                "governance", "/together/weights", association=which, matter=matter or None
            )
        else:
            body = {"association": which, "rule": _rule(rule)}
            found = asking.post("governance", "/together/weights/preview", body)
    if as_json:
        printing.as_json(found)
        return
    rows = [
        {"network": one["network"], "roll": one["roll_size"], "share": million(one["share"])}
        for one in found["weights"]
    ]
    printing.rows(rows, headings(tongue, "network", "roll", "share"))


@app.command("simulate")
def simulate(
    rules: Annotated[
        list[Path], typer.Argument(metavar="RULE...", help="Federated rules as JSON, up to six.")
    ],
    *,
    home: HomeOption,
    association: AssociationOption = "",
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what the past ballots that this node knows would have come to under other rules."""
    from twiza.asking import Asking
    from twiza.meant import SHORT
    from twiza.together_words import headings, said
    from twiza.words import language

    tongue = language(lang)
    read = [_rule(one) for one in rules]
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        body = {"association": _association(asking, association), "rules": read}
        path = "/together/trials/preview"
        found = asking.post("governance", path, body, params={"lang": tongue})
    if as_json:
        printing.as_json(found)
        return
    names = [one.stem for one in rules]
    rows = [
        {
            "id": one["ballot"][-SHORT:] if sys.stdout.isatty() else one["ballot"],
            "matter": one["matter"],
            "was": one["was"]["label"],
            **{name: each["label"] for name, each in zip(names, one["would"], strict=True)},
        }
        for one in found["ballots"]
    ]
    columns = headings(tongue, "id", "matter", "was") | {name: name for name in names}
    printing.rows(rows, columns)
    for name, changed in zip(names, found["changed"], strict=True):
        printing.say(said("changed", tongue, rule=name, changed=changed, all=len(rows)))


def _meant(asking: "Asking", which: str, lang: str) -> str:
    """Return a decision's id; where only its end was given, that of the one which ends so."""
    from twiza.meant import meant

    if ":" in which and which.count("-") >= 4:
        return which
    found = asking.all("governance", "/together", lang=lang)
    return meant(which, {one["id"]: one["matter"] for one in found})


def _association(asking: "Asking", given: str) -> str:
    """Return the association that is meant; where none is named, the only one that is known."""
    from twiza.meant import NothingMeant, SeveralMeant, meant

    if given.count("-") >= 4:
        return given
    listed: list[str] = [one["association"] for one in asking.all("governance", "/together")]
    known = set(listed) - {""}
    if given:
        return meant(given, dict.fromkeys(known, ""))
    if len(known) > 1:
        raise SeveralMeant(", ".join(sorted(known)))
    if not known:
        raise NothingMeant("--association")
    return known.pop()


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoSuchFile(str(path)) from error


def _rule(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_read(path))
    except ValueError as error:
        raise NotARule(str(path)) from error
    if not isinstance(found, dict):
        raise NotARule(str(path))
    return found
