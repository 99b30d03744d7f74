"""Who belongs to an association, from the command line: asking, standing for, voting, appealing."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from twiza import printing
from twiza.commands.association import GOVERNANCE, WhichArgument, meant_by, read_json
from twiza.commands.options import (
    HomeOption,
    LangOption,
    StewardOption,
    TokenOption,
    opened,
    token_of,
)

NamesOption = Annotated[
    list[str], typer.Option("--name", help="What it is called: fr='Réseau Souss'. Again.")
]
MatterArgument = Annotated[
    str,
    typer.Argument(
        metavar="MATTER",
        help="admission, suspension, reinstatement, expulsion, hub, charter or values.",
    ),
]
NetworkArgument = Annotated[str, typer.Argument(metavar="NETWORK", help="Its name.")]
AboutOption = Annotated[str, typer.Option("--network", help="The network that it is about.")]
WhyOption = Annotated[str, typer.Option("--why", help="In words that everybody will read.")]
GroundOption = Annotated[
    list[str] | None, typer.Option("--ground", help="Of the charter's list. Again for others.")
]
WasOption = Annotated[str, typer.Option(help="The name whose root key was lost.")]
KeyOption = Annotated[str, typer.Option("--root-key", help="Of the network that is meant.")]
ToOption = Annotated[str, typer.Option(help="The hub to which it goes.")]
VersionOption = Annotated[str, typer.Option(help="The fingerprint of the version to come.")]
TextOption = Annotated[
    list[str], typer.Option("--text", help="What is proposed: fr=FILE. Again for each language.")
]
BallotArgument = Annotated[str, typer.Argument(metavar="BALLOT", help="Its id.")]
TextFile = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)]
LanguageOption = Annotated[str, typer.Option(help="In which language the text is.")]


def apply(
    which: WhichArgument,
    *,
    home: HomeOption,
    names: NamesOption,
    out: Annotated[Path, typer.Option(help="Where the application is written.", dir_okay=False)],
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Ask to belong, as a steward of a network that has signed the charter."""
    with _Asking(home, token, as_steward, lang) as asking:
        association = meant_by(asking.asking, which)
        said = asking.post(f"/associations/{association}/application", {"names": _named(names)})
        out.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", "utf-8")
        asking.say("applied", file=out, keeper=association.partition(":")[0])


def enter(
    which: WhichArgument,
    file: TextFile,
    *,
    home: HomeOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Enter an application that was carried here, as a steward of who keeps the association."""
    with _Asking(home, token, as_steward, lang) as asking:
        association = meant_by(asking.asking, which)
        made = asking.post(f"/associations/{association}/applications", read_json(file))
        asking.say("entered", network=made["network"])


def paper(
    which: WhichArgument,
    network: NetworkArgument,
    *,
    home: HomeOption,
    names: NamesOption,
    scan: Annotated[
        Path, typer.Option(help="The signed paper as a file.", exists=True, dir_okay=False)
    ],
    decision: Annotated[str, typer.Option(help="Of your members, to speak for it.")],
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Enter a network without software from its signed paper; this one speaks for it."""
    body = {
        "network": network,
        "names": _named(names),
        "paper_hash": hashlib.sha256(scan.read_bytes()).hexdigest(),
        "decision": decision,
    }
    with _Asking(home, token, as_steward, lang) as asking:
        association = meant_by(asking.asking, which)
        asking.post(f"/associations/{association}/papers", body)
        asking.say("entered", network=network)


def sponsor(
    which: WhichArgument,
    network: NetworkArgument,
    *,
    home: HomeOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Stand for a network that asks to belong, as a steward of a member."""
    with _Asking(home, token, as_steward, lang) as asking:
        association = meant_by(asking.asking, which)
        asking.do(f"/associations/{association}/sponsorships/{network}", None)
        asking.say("sponsored", network=network)


def rolls(
    which: WhichArgument,
    matter: MatterArgument,
    *,
    home: HomeOption,
    why: WhyOption,
    network: AboutOption = "",
    ground: GroundOption = None,
    was: WasOption = "",
    root_key: KeyOption = "",
    to: ToOption = "",
    version: VersionOption = "",
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Ask all members for their rolls, before a ballot on who belongs or on the charter."""
    body = _about(matter, why, network, ground, was, root_key, to, version)
    with _Asking(home, token, as_steward, lang) as asking:
        association = meant_by(asking.asking, which)
        made = asking.post(f"/associations/{association}/ballot-rolls", body)
        asking.say("rolls", ballot=made["ballot"])


def call(
    which: WhichArgument,
    matter: MatterArgument,
    *,
    home: HomeOption,
    why: WhyOption,
    ballot: Annotated[str, typer.Option(help="For which the rolls were asked.")],
    texts: TextOption,
    language: LanguageOption,
    opens: Annotated[str, typer.Option(help="When it opens: 2026-12-20T09:00:00Z.")],
    closes: Annotated[str, typer.Option(help="When it closes.")],
    network: AboutOption = "",
    ground: GroundOption = None,
    was: WasOption = "",
    root_key: KeyOption = "",
    to: ToOption = "",
    version: VersionOption = "",
    follows: Annotated[str, typer.Option(help="The ballot that found no consent.")] = "",
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Announce a ballot on who belongs or on the charter, once the rolls are sealed."""
    body = _about(matter, why, network, ground, was, root_key, to, version)
    body |= {
        "ballot": ballot,
        "language": language,
        "texts": {
            tag: {"text": Path(file).read_text("utf-8"), "confirmed": tag != language}
            for tag, file in _named(texts).items()
        },
        "opens_at": opens,
        "closes_at": closes,
    }
    body |= {"follows": follows} if follows else {}
    with _Asking(home, token, as_steward, lang) as asking:
        association = meant_by(asking.asking, which)
        made = asking.post(f"/associations/{association}/ballots", body)
        asking.say("called", ballot=made["ballot"])


def reply(
    ballot: BallotArgument,
    file: TextFile,
    *,
    home: HomeOption,
    language: LanguageOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Reply, as the network that a ballot is about, for all to read before they vote."""
    body = {"language": language, "text": file.read_text("utf-8")}
    with _Asking(home, token, as_steward, lang) as asking:
        asking.do(f"/association-ballots/{ballot}/reply", body)
        asking.say("replied")


def appeal(
    ballot: BallotArgument,
    file: TextFile,
    *,
    home: HomeOption,
    language: LanguageOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """Appeal, as the network that a certified ballot is about: once."""
    body = {"language": language, "text": file.read_text("utf-8")}
    with _Asking(home, token, as_steward, lang) as asking:
        asking.do(f"/association-ballots/{ballot}/appeal", body)
        asking.say("appealed")


class _Asking:
    """Asks governance in somebody's name, and says in their language what came of it."""

    def __init__(self, home: Path, token: str, as_steward: Path | None, lang: str) -> None:
        from twiza.asking import Asking
        from twiza.words import language

        self.tongue = language(lang)
        self.asking = Asking(opened(home), token=token_of(token, as_steward))

    def __enter__(self) -> "_Asking":
        self.asking.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.asking.__exit__(*error)

    def post(self, path: str, body: Any) -> Any:
        return self.asking.post(GOVERNANCE, path, body)

    def do(self, path: str, body: Any) -> None:
        self.asking.ask("POST", GOVERNANCE, path, json=body)

    def say(self, name: str, **values: Any) -> None:
        from twiza.association_words import said

        printing.say(said(name, self.tongue, **values))


def _named(pairs: list[str]) -> dict[str, str]:
    """Return what was given as ``language=value``, by language."""
    found: dict[str, str] = {}
    for pair in pairs:
        tag, sign, value = pair.partition("=")
        if not sign:
            raise typer.BadParameter(f"{pair!r}: language=value")
        found[tag] = value
    return found


def _about(
    matter: str,
    why: str,
    network: str,
    grounds: list[str] | None,
    was: str,
    root_key: str,
    to: str,
    version: str,
) -> dict[str, Any]:
    said = {"network": network, "was": was, "root_key": root_key, "to": to}
    said |= {"charter_hash": version}
    given: dict[str, Any] = {name: value for name, value in said.items() if value}
    return {"matter": matter, "ground": why, "grounds": grounds or [], **given}
