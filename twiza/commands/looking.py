"""Looking at a node: how it is, and what is wrong with it."""

import asyncio
import sys
from typing import Any

import typer

from twiza import outcomes, printing
from twiza.commands.options import HomeOption, JsonOption, LangOption, opened


def status(*, home: HomeOption, as_json: JsonOption = False) -> None:
    """Say whether the node runs, where it answers, and whether each service is ready."""
    from twiza import running
    from twiza.release import release

    found = opened(home)
    settings, federation = found.settings(), found.federation()
    about = running.running(found.path)
    told: dict[str, Any] = {
        "node": settings.name,
        "home": str(found.path),
        "level": settings.level.value,
        "hub": federation.hub if federation else None,
        "running": about is not None,
        "starting": about is None and running.is_held(found.path),
    }
    services: list[dict[str, Any]] = []
    if about is not None:
        told |= {
            "process": about.pid,
            "mode": "single" if about.single else "supervised",
            "since": about.since,
            "release": release(),
        }
        services = asyncio.run(_services(about.addresses))
    if as_json:
        addresses = about.addresses if about else {}
        printing.as_json({**told, "addresses": addresses, "services": services})
    else:
        printing.facts(told | ({"page": about.addresses["page"]} if about else {}))
        if about is not None:
            sys.stdout.write("\n")
            columns = {"service": "service", "ready": "ready", "address": "address", "detail": ""}
            printing.rows(services, columns)
        elif not told["starting"]:
            printing.say(f"Start it with: twiza up --home {found.path}")
    if about is None:
        raise typer.Exit(outcomes.UNAVAILABLE)
    if not all(one["ready"] for one in services):
        raise typer.Exit(outcomes.ATTENTION)


def doctor(
    *,
    home: HomeOption,
    lang: LangOption = "",
    as_json: JsonOption = False,
) -> None:
    """Look for what is wrong with the node, and say in words what to do about it."""
    from dataclasses import asdict

    from twiza.doctor import findings
    from twiza.words import language, words

    tongue = language(lang)
    found = findings(home.expanduser().absolute())
    told = [{**asdict(one), **words(one.code, one.values, lang=tongue)._asdict()} for one in found]
    if as_json:
        printing.as_json({"well": not found, "lang": tongue, "findings": told})
    elif not found:
        sys.stdout.write(f"{words('well', {}, lang=tongue).what}\n")
    else:
        for one in told:
            sign = "!" if one["weight"] == "stop" else "·"
            sys.stdout.write(f"{sign} {one['what']}\n  {one['do']}\n")
    if found:
        raise typer.Exit(outcomes.ATTENTION)


async def _services(addresses: dict[str, str]) -> list[dict[str, Any]]:
    """Return of each service whether it is ready, and what it lacks."""
    from urllib.parse import urlsplit

    from shared.ids import SERVICES
    from twiza.processes import Program

    found = []
    for name, address in addresses.items():
        port = urlsplit(address).port
        if name in SERVICES and port is not None:
            path = f"/{name}/readyz"
            lacks = await Program(name=name, command=(), log="", port=port, path=path).missing()
            found.append({"service": name, "ready": not lacks, "address": address, "detail": lacks})
    return found
