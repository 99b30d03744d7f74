"""Importing a list of entities, with a bar while it runs and a report of each row."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import typer

from shared.refusals import Kind, Refusal
from twiza import outcomes, printing
from twiza.commands.options import (
    HomeOption,
    JsonOption,
    StewardOption,
    TokenOption,
    opened,
    token_of,
)

if TYPE_CHECKING:
    from twiza.asking import Asking

LOOK_S: Final = 0.1
UPLOAD_TIMEOUT_S: Final = 300.0
_UNDER_WAY: Final = ("waiting", "running")


class ImportFailed(Refusal):
    """An import did not come to its end."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "import-failed"
    title: ClassVar[str] = "The import did not come to its end"


class BadMappingOption(Refusal):
    """A mapping is neither column=field nor a file of JSON."""

    kind: ClassVar[Kind] = Kind.BAD_REQUEST
    slug: ClassVar[str] = "bad-mapping-option"
    title: ClassVar[str] = "--mapping takes column=field, column= to leave it out, or a JSON file"


def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV, XLSX, GeoJSON and others.", exists=True, dir_okay=False)
    ],
    *,
    home: HomeOption,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            help="What a column is: 'Intitulé=name'; 'Remarque=' leaves it out. "
            "Again for each, or one JSON file."
        ),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Say how the list would be read; keep nothing.")
    ] = False,
    language: Annotated[
        str, typer.Option(help="The language of texts whose column names none: fr.")
    ] = "",
    source: Annotated[
        str, typer.Option(help="The list's own name, the same for each edition; else the file's.")
    ] = "",
    encoding: Annotated[str, typer.Option(help="How the file's letters are written.")] = "",
    default_practice: Annotated[
        str, typer.Option(help="The practice of entities that come with none: time-bank.")
    ] = "",
    network_only: Annotated[
        bool, typer.Option("--network-only", help="New entities are seen by the network alone.")
    ] = False,
    repair_coordinates: Annotated[
        bool, typer.Option("--repair-coordinates", help="Take coordinates as surely meant.")
    ] = False,
    every_issue: Annotated[
        bool, typer.Option("--all", help="List what was mended and guessed too.")
    ] = False,
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a list into the directory, and report each row that was not taken, with the reason.

    The same list again changes nothing; a later edition takes over what it says differently.
    """
    from twiza.asking import Asking

    form = {
        "language": language,
        "source": source,
        "mapping": json.dumps(_mapping(mapping or []), ensure_ascii=False),
        **({"encoding": encoding} if encoding else {}),
        **({"repair_coordinates": "true"} if repair_coordinates else {}),
    }
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        if preview:
            _tell_preview(_sent(asking, "/imports/preview", file, form), as_json=as_json)
            return
        form |= {"default_practice": default_practice} if default_practice else {}
        form |= {"visibility": "network" if network_only else "federation"}
        run = followed(asking, _sent(asking, "/imports", file, form))
        issues = list(_issues(asking, run["id"], every=every_issue))
    _tell_report(run, issues, as_json=as_json)


def followed(asking: "Asking", run: dict[str, Any]) -> dict[str, Any]:
    """Wait until an import has ended, with a bar on a terminal; return its account.

    Raises:
        ImportFailed: it did not come to its end.
    """
    with _bar(run["rows"]) as advance:
        while run["state"] in _UNDER_WAY:
            time.sleep(LOOK_S)
            run = asking.get("directory", f"/imports/{run['id']}")
            advance(run["done"])
    if run["state"] != "done":
        reason = (run.get("report") or {}).get("reason") or run["state"]
        raise ImportFailed(f"{reason}. What was taken stays; import the list again to go on.")
    return run


@contextmanager
def _bar(rows: int) -> Iterator[Callable[[int], None]]:
    """Show how many rows are done, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=rows)
        yield lambda done: progress.update(task, completed=done)


def _sent(asking: "Asking", path: str, file: Path, form: dict[str, str]) -> Any:
    with file.open("rb") as content:
        return asking.ask(
            "POST", "directory", path, files={"file": (file.name, content)}, data=form,
            timeout=UPLOAD_TIMEOUT_S,
        ).json()  # fmt: skip


def _issues(asking: "Asking", run: str, *, every: bool) -> Iterator[dict[str, Any]]:
    """Yield what is said of the rows that were not taken, or of all."""
    outcome = None if every else "rejected"
    for row in asking.all("directory", f"/imports/{run}/rows", outcome=outcome):
        for issue in row["issues"]:
            if every or issue["severity"] == "rejected":
                yield issue


def _mapping(given: list[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for one in given:
        if one.endswith(".json") and Path(one).is_file():
            told = json.loads(Path(one).read_text("utf-8"))
            if not isinstance(told, dict):
                raise BadMappingOption(one)
            found |= told
            continue
        column, sign, field = one.rpartition("=")
        if not sign or not column:
            raise BadMappingOption(one)
        found[column] = field or None
    return found


def _tell_preview(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        printing.as_json(told)
        return
    printing.facts(
        {
            "kind": told["kind"], "encoding": told["encoding_title"], "rows": told["rows"],
            "not read": told["unmapped"],
        }
    )  # fmt: skip
    sys.stdout.write("\n")
    printing.rows(
        [{**one, "samples": one["samples"][:2]} for one in told["columns"]],
        {"column": "column", "field": "is read as", "guessed": "guessed", "samples": "for example"},
    )
    for issue in [*told["notes"], *(issue for row in told["first"] for issue in row["issues"])]:
        printing.say(f"{told['unit']} {issue['line']}, {issue['column']}: {issue['sentence']}")
    printing.say("Nothing was kept. If it reads well, import it without --preview.")


def _tell_report(run: dict[str, Any], issues: list[dict[str, Any]], *, as_json: bool) -> None:
    report = run["report"]
    if as_json:
        printing.as_json({**run, "issues": issues})
    else:
        printing.rows(
            issues,
            {"line": report["unit"], "column": "column", "reason": "why", "sentence": "in words"},
        )
        printing.say(
            f"{report['created']} new, {report['updated']} changed, {report['unchanged']} as they "
            f"were, {report['rejected']} rows not taken, of {run['rows']} rows."
        )
    if report["rejected"]:
        raise typer.Exit(outcomes.ATTENTION)
