"""The register from the command line: members, mandates, and lists of both."""

import csv
import io
import re
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

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

if TYPE_CHECKING:
    from twiza.asking import Asking

ROWS_AT_ONCE: Final = 1_000
"""How many rows of a list are sent in one request."""
IMPORT_TIMEOUT_S: Final = 300.0
_COUNTS: Final = ("rows", "entered", "amended", "admitted", "mandates", "unchanged")
_FORMATS: Final = ["%Y-%m-%d"]
_UUID: Final = re.compile("[0-9a-f-]{36}")

app = typer.Typer(
    help="The register of members and mandates.", no_args_is_help=True, rich_markup_mode=None
)


class GenderIn(StrEnum):
    """As a person declares it themselves."""

    WOMAN = "woman"
    MAN = "man"
    OTHER = "other"


class EndIn(StrEnum):
    """Why a mandate ends."""

    ENDED = "ended"
    RESIGNED = "resigned"
    REVOKED = "revoked"


MemberArgument = Annotated[
    str,
    typer.Argument(
        metavar="MEMBER", help="A person's id or number, or an entity's id; an id's end will do."
    ),
]


@app.command("list")
def listed(
    *,
    home: HomeOption,
    group: Annotated[str, typer.Option(help="Only members of this group.")] = "",
    former: Annotated[bool, typer.Option("--former", help="Those who have left.")] = False,
    mandates: Annotated[
        bool, typer.Option("--mandates", help="The mandates, in place of the members.")
    ] = False,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the members, or the mandates; names of persons are shown to stewards only."""
    from twiza.asking import Asking
    from twiza.register_words import headings, said
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        if mandates:
            found = list(asking.all("directory", "/mandates"))
            names = _names(asking, [one[who] for one in found for who in ("person", "entity")])
            rows = [_mandate_row(one, names, tongue) for one in found]
            columns = headings(
                tongue, "mandate", "person", "entity", "begins", "until", "term", "holds"
            )
        else:
            asked = {"group": group or None, "former": "true" if former else None}
            found = list(asking.all("directory", "/members", **asked))
            names = _names(asking, [one["member"] for one in found])
            persons = asking.all("directory", "/persons")
            numbers = {one["id"]: one["number"] for one in persons if one["number"]}
            rows = [
                _member_row(one, names, tongue) | {"number": numbers.get(one["member"], "")}
                for one in found
            ]
            # Only stewards are told them.
            number = ("number",) if numbers else ()
            columns = headings(tongue, "member", *number, "name", "standing", "groups", "since")
    if as_json:
        printing.as_json(found)
        return
    printing.rows(rows, columns)
    if not found:
        printing.say(said("no-mandates" if mandates else "no-members", tongue))


@app.command("admit")
def admit(
    member: Annotated[
        str,
        typer.Argument(
            metavar="[MEMBER]",
            help="A person's id or number, or an entity's id. Nobody: a new person is entered.",
        ),
    ] = "",
    *,
    home: HomeOption,
    name: Annotated[
        str, typer.Option(help="Of a new person; it stays in the directory, for stewards.")
    ] = "",
    number: Annotated[str, typer.Option(help="Of a new person, in the network's book.")] = "",
    gender: Annotated[
        GenderIn | None, typer.Option(help="Of a new person, if they wish to declare it.")
    ] = None,
    worker: Annotated[
        bool, typer.Option("--worker", help="The new person works in an enterprise here.")
    ] = False,
    group: Annotated[
        list[str] | None, typer.Option(help="worker, user, supporter and so on. Again for each.")
    ] = None,
    observer: Annotated[
        bool, typer.Option("--observer", help="An observer, who is in no roll.")
    ] = False,
    since: Annotated[
        datetime | None, typer.Option(formats=_FORMATS, help="If it was before today.")
    ] = None,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Admit a person or an entity, or change the standing and the groups of a member."""
    from twiza.asking import Asking
    from twiza.register_words import day, known, said
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        if member:
            who = _meant(asking, member)
        else:
            wanted = {"note": name, "number": number, "worker": worker}
            wanted |= {"gender": gender.value} if gender else {}
            who = str(asking.post("directory", "/persons", wanted)["id"])
        body: dict[str, Any] = {"member": who, "groups": group or []}
        body |= {"standing": "observer"} if observer else {}
        body |= {"since": _moment(since)} if since else {}
        made = asking.post("directory", "/members", body)
    if as_json:
        printing.as_json(made)
        return
    if not member:
        printing.say(said("entered", tongue, member=who))
    groups = ", ".join(made["groups"]) or said("no-groups", tongue)
    standing = known(f"standing-{made['standing']}", tongue)
    values = {"member": who, "standing": standing, "since": day(made["since"]), "groups": groups}
    sys.stdout.write(f"{said('admitted', tongue, **values)}\n")


@app.command("leave")
def leave(
    member: MemberArgument,
    *,
    home: HomeOption,
    excluded: Annotated[
        bool, typer.Option("--excluded", help="They did not go of their own will.")
    ] = False,
    forget: Annotated[
        bool,
        typer.Option("--forget", help="The person leaves the register: name and note are deleted."),
    ] = False,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a membership; with --forget all that is kept of a person, too."""
    from twiza.asking import Asking
    from twiza.register_words import known, said
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        who = _meant(asking, member)
        if forget:
            asking.ask("DELETE", "directory", f"/persons/{who}")
            told: dict[str, Any] = {"member": who, "forgotten": True}
        else:
            reason = {"reason": "excluded" if excluded else "left"}
            told = asking.post("directory", f"/members/{who}/end", reason)
    if as_json:
        printing.as_json(told)
    elif forget:
        sys.stdout.write(f"{said('forgotten', tongue, member=who)}\n")
    else:
        why = known(f"reason-{told['reason']}", tongue)
        sys.stdout.write(f"{said('member-left', tongue, member=who, reason=why)}\n")


@app.command("mandate")
def mandate(
    person: Annotated[
        str, typer.Argument(metavar="PERSON", help="Who may act: an id, its end, or a number.")
    ],
    entity: Annotated[
        str,
        typer.Argument(
            metavar="ENTITY", help="For which entity: its id, the end of it, or its name."
        ),
    ],
    *,
    home: HomeOption,
    begins: Annotated[
        datetime | None, typer.Option("--from", formats=_FORMATS, help="The first day; now.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=_FORMATS, help="The first day on which it holds no more."),
    ] = None,
    given_by: Annotated[
        str, typer.Option(help="A decision's id, or a person's; whoever asks, where none is said.")
    ] = "",
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a person a mandate to act for an entity, for a term or until it is ended."""
    from twiza.asking import Asking
    from twiza.register_words import day, said
    from twiza.words import language

    tongue = language(lang)
    node = opened(home)
    with Asking(node, token=token_of(token, as_steward)) as asking:
        body: dict[str, Any] = {
            "person": _meant(asking, person),
            "entity": _entity_meant(asking, entity, network=node.settings().name),
        }
        body |= {"begins": _moment(begins)} if begins else {}
        body |= {"ends": _moment(until)} if until else {}
        body |= {"given_by": given_by} if given_by else {}
        made = asking.post("directory", "/mandates", body)
    if as_json:
        printing.as_json(made)
        return
    values = {"person": made["person"], "entity": made["entity"], "mandate": made["id"]}
    values |= {"begins": day(made["begins"]), "until": day(made["ends"])}
    values["until"] = values["until"] or said("open-end", tongue)
    sys.stdout.write(f"{said('mandate-given', tongue, **values)}\n")
    if made["beyond_limit"]:
        printing.say(said("beyond-limit", tongue, term=made["term"]))


@app.command("end")
def end(
    which: Annotated[str, typer.Argument(metavar="MANDATE", help="Its id; the end of it will do.")],
    *,
    home: HomeOption,
    reason: Annotated[EndIn, typer.Option(help="Why.")] = EndIn.ENDED,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a mandate now, before its term."""
    from twiza.asking import Asking
    from twiza.meant import meant
    from twiza.register_words import known, said
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        ids = {one["id"]: "" for one in asking.all("directory", "/mandates")}
        chosen = meant(which, ids)
        told = asking.post("directory", f"/mandates/{chosen}/end", {"reason": reason.value})
    if as_json:
        printing.as_json(told)
        return
    why = known(f"reason-{told['reason']}", tongue)
    values = {"person": told["person"], "entity": told["entity"], "reason": why}
    sys.stdout.write(f"{said('mandate-ended', tongue, **values)}\n")


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(help="CSV in UTF-8, with headings.", exists=True, dir_okay=False),
    ],
    *,
    home: HomeOption,
    preview: Annotated[
        bool, typer.Option("--preview", help="Say what would become of it; keep nothing.")
    ] = False,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a list of members in; persons are found again by their number."""
    from twiza.asking import Asking
    from twiza.register_words import known, said
    from twiza.words import language

    tongue = language(lang)
    whole: dict[str, Any] = {**dict.fromkeys(_COUNTS, 0), "issues": []}
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        for above, part in _parts(file.read_bytes()):
            account = asking.ask(
                "POST", "directory", "/register/import",
                content=part, params={"preview": str(preview).lower()}, timeout=IMPORT_TIMEOUT_S,
            ).json()  # fmt: skip
            for name in _COUNTS:
                whole[name] += account[name]
            whole["issues"] += [{**one, "line": one["line"] + above} for one in account["issues"]]
    if as_json:
        printing.as_json(whole)
    else:
        counts = {name: whole[name] for name in _COUNTS}
        sys.stdout.write(f"{said('list-account', tongue, **counts)}\n")
        for one in whole["issues"]:
            why = {"reason": known(f"reason-{one['reason']}", tongue)}
            sys.stdout.write(f"{said('list-issue', tongue, **one | why).rstrip()}\n")
        if preview:
            printing.say(said("list-preview", tongue))
    if whole["issues"]:
        raise typer.Exit(outcomes.ATTENTION)


def _parts(data: bytes) -> list[tuple[int, bytes]]:
    """Return a list in parts that fit a request, each with how many rows stand above it."""
    text = data.decode("utf-8-sig", "surrogateescape")
    mark = max(",;\t", key=text.partition("\n")[0].count)
    try:
        header, *rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except (csv.Error, ValueError):
        # The directory says what is wrong with it.
        return [(0, data)]
    if len(rows) <= ROWS_AT_ONCE:
        return [(0, data)]
    parts = []
    for above in range(0, len(rows), ROWS_AT_ONCE):
        sheet = io.StringIO(newline="")
        writer = csv.writer(sheet, delimiter=mark, lineterminator="\n")
        writer.writerows([header, *rows[above : above + ROWS_AT_ONCE]])
        parts.append((above, sheet.getvalue().encode("utf-8", "surrogateescape")))
    return parts


def _meant(asking: "Asking", given: str) -> str:
    """Return the member that is meant: by an id, the end of one, a number or a name."""
    from twiza.meant import NothingMeant, meant

    if ":" in given:
        return given
    persons = list(asking.all("directory", "/persons"))
    by_number = {one["number"]: one["id"] for one in persons if one["number"]}
    if given in by_number:
        return str(by_number[given])
    names = {one["id"]: one["note"] or "" for one in persons}
    for one in asking.all("directory", "/members"):
        names.setdefault(one["member"], "")
    try:
        return meant(given, names)
    except NothingMeant as nothing:
        if any(one["number"] for one in persons):
            raise
        raise NothingMeant(f"{given}; numbers and names are told to stewards only") from nothing


def _entity_meant(asking: "Asking", given: str, *, network: str) -> str:
    """Return the entity of this network that is meant: by its id, the end of it, or its name."""
    from twiza.meant import meant

    if ":" in given or _UUID.fullmatch(given):
        return given if ":" in given else f"{network}:{given}"
    found = asking.all("directory", "/entities", origin=network)
    return meant(given, {one["id"]: one["name"] for one in found})


def _names(asking: "Asking", ids: list[str]) -> dict[str, str]:
    """Return the names of persons and entities, as far as the asker may see them."""
    wanted = {*ids}
    names = {
        one["id"]: one["note"] or ""
        for one in asking.all("directory", "/persons")
        if one["id"] in wanted
    }
    for one in sorted(wanted - names.keys()):
        if ":" in one:
            names[one] = _entity_name(asking, one)
    return names


def _entity_name(asking: "Asking", entity: str) -> str:
    from twiza.asking import Told

    try:
        return str(asking.get("directory", f"/entities/{entity}")["profile"]["name"])
    except Told:
        # It has left the directory; its id stays.
        return ""


def _member_row(one: dict[str, Any], names: dict[str, str], lang: str) -> dict[str, Any]:
    from twiza.register_words import day, known

    return {
        "member": _short(one["member"]),
        "name": names.get(one["member"], ""),
        "standing": known(f"standing-{one['standing'] or 'former'}", lang),
        "groups": ", ".join(one["groups"]),
        "since": day(one["since"]),
    }


def _mandate_row(one: dict[str, Any], names: dict[str, str], lang: str) -> dict[str, Any]:
    from twiza.register_words import day, said

    return {
        "mandate": _short(one["id"]),
        "person": names.get(one["person"]) or _short(one["person"]),
        "entity": names.get(one["entity"]) or _short(one["entity"]),
        "begins": day(one["begins"]),
        "until": day(min(filter(None, (one["ends"], one["ended_at"])), default="")),
        "term": one["term"],
        "holds": said("holds-yes" if one["holds"] else "holds-no", lang),
    }


def _short(id_: str) -> str:
    from twiza.meant import SHORT

    return id_[-SHORT:] if sys.stdout.isatty() else id_


def _moment(given: datetime) -> str:
    return given.replace(tzinfo=UTC).isoformat()
