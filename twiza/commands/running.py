"""Founding a node, running it, and saying which release this is."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from shared.refusals import Kind, Refusal
from twiza import printing
from twiza.commands.options import HomeOption, JsonOption


class BadOption(Refusal):
    """An option does not have the form that it should have."""

    kind: ClassVar[Kind] = Kind.BAD_REQUEST
    slug: ClassVar[str] = "bad-option"
    title: ClassVar[str] = "An option does not have the form that it should have"


def init(
    *,
    home: HomeOption,
    name: Annotated[
        str, typer.Option(help="The node's name in the federation: a-z, digits and hyphens.")
    ],
    continent: Annotated[
        str, typer.Option(help="The continent whose hub it joins, as that hub calls it.")
    ],
    level: Annotated[
        str, typer.Option(help="local, or a hub: continental, intercontinental.")
    ] = "local",
    name_in: Annotated[
        list[str] | None,
        typer.Option(help="The network's name in a language: fr='Réseau Souss'. Again for each."),
    ] = None,
    languages: Annotated[
        str, typer.Option(help="The network's languages, the first one first: ar,fr.")
    ] = "en",
    region: Annotated[
        str, typer.Option(help="The places for which it stands, ISO 3166: MA,DZ.")
    ] = "",
    services: Annotated[
        str,
        typer.Option(help="The services that it runs; all of this release where none is named."),
    ] = "",
    host: Annotated[
        str, typer.Option(help="The name or address under which other nodes reach this machine.")
    ] = "127.0.0.1",
    port: Annotated[
        list[str] | None,
        typer.Option(help="A port of your choice: leaf=7422. Again for each; others are found."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Found a node: make its home directory, with settings and keys of its own.

    A second time it changes nothing, and completes what is missing.
    """
    from services.node import certificates
    from services.node.home import NodeSettings, initialise
    from shared.keys import SigningKey, fingerprint
    from twiza import wiring

    installed = wiring.installed()
    values = {
        "name": name,
        "continent": continent,
        "level": level,
        "names": _pairs(name_in, "--name-in"),
        "languages": _listed(languages),
        "region": _listed(region),
        "services": _listed(services) or installed,
        "host": host,
        "ports": _pairs(port, "--port"),
    }
    os.umask(0o077)
    was_there = (home / "twiza.toml").exists()
    founded = initialise(home, _validated(NodeSettings, values))
    certificates.ensure(founded)
    words = fingerprint(SigningKey.load(founded.root_key).public)
    about = {
        "name": founded.settings().name,
        "home": str(founded.path),
        "level": founded.settings().level.value,
        "services": list(wiring.services_of(founded.settings())),
        "fingerprint": words,
    }
    if as_json:
        printing.as_json(about)
        return
    printing.facts(about)
    if was_there:
        printing.say("This node was there already; its settings stay as they were (twiza.toml).")
    printing.say(f"Start it with: twiza up --home {founded.path}")


def up(
    *,
    home: HomeOption,
    single: Annotated[
        bool, typer.Option("--single", help="Run all services in one process: a small machine.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show what the services log, instead of files.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the node until Ctrl-C: its message server and every service, in order.

    Prints the addresses when all is ready. Logs are in the home directory, below logs/.
    """
    command = [sys.executable, "-m", "twiza.supervisor", str(home)]
    chosen = {"--single": single, "--verbose": verbose, "--json": as_json}
    command += [option for option, is_chosen in chosen.items() if is_chosen]
    # The supervisor takes this process over, without what the command line had to load.
    os.execve(command[0], command, _sparing(dict(os.environ)))  # noqa: S606  # no shell is wanted


def version(*, as_json: JsonOption = False) -> None:
    """Say which release this is."""
    from twiza.release import release

    about = {"twiza": release(), "python": sys.version.split()[0]}
    if as_json:
        printing.as_json(about)
    else:
        printing.facts(about)


def _sparing(environment: dict[str, str]) -> dict[str, str]:
    """Have the C library keep few separate heaps, which each would hold memory for itself."""
    return {"MALLOC_ARENA_MAX": "2", **environment}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given or []:
        name, sign, value = one.partition("=")
        if not (sign and name.strip() and value.strip()):
            raise BadOption(f"{option} takes name=value, not {one!r}.")
        found[name.strip()] = value.strip()
    return found


def _validated(kind: Any, values: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    try:
        return kind.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(
            f"--{'.'.join(map(str, one['loc'])).replace('_', '-')}: {one['msg']}"
            for one in error.errors(include_input=False, include_context=False)
        )
        raise BadOption(f"{wrong}.") from error


def resolved(home: Path) -> Path:
    """Return a home directory as an absolute path."""
    return home.expanduser().absolute()
