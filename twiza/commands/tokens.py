"""Tokens of people and programs, from the command line, until the portal gives them to people."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

import typer

from shared.refusals import Kind, Refusal
from twiza import printing
from twiza.commands.options import (
    HomeOption,
    JsonOption,
    StewardOption,
    TokenOption,
    opened,
    token_of,
)


class OneBearer(Refusal):
    """A token is for one person or one program."""

    kind: ClassVar[Kind] = Kind.BAD_REQUEST
    slug: ClassVar[str] = "one-bearer"
    title: ClassVar[str] = "A token is for a person or for a program: --person ID or --program NAME"


def issue(
    *,
    home: HomeOption,
    person: Annotated[str, typer.Option(help="A person's pseudonymous id; never a name.")] = "",
    program: Annotated[str, typer.Option(help="A program's name.")] = "",
    role: Annotated[
        list[str] | None,
        typer.Option(help="member, steward, auditor or coordinator. Again for each."),
    ] = None,
    entity: Annotated[
        list[str] | None, typer.Option(help="An entity for which the person may act. Again.")
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="read, or an operation for which it is good; all else. Again for each."),
    ] = None,
    service: Annotated[
        list[str] | None, typer.Option(help="A service to which it may be shown; all else. Again.")
    ] = None,
    days: Annotated[int, typer.Option(help="How long it holds.", min=1)] = 90,
    label: Annotated[str, typer.Option(help="What it is for; nothing personal.")] = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and print it: it is shown this once.

    Only the operator of the machine names stewards.
    """
    from twiza.asking import Asking

    if bool(person) == bool(program):
        raise OneBearer()
    wanted: dict[str, Any] = {
        "bearer": person or program,
        "kind": "person" if person else "program",
        "roles": role or [],
        "mandates": [{"entity": one} for one in entity or []],
        "days": days,
        "label": label,
        "audience": service or [],
        **({"scope": scope} if scope else {}),
    }
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        made = asking.post("node", "/tokens", wanted)
    if as_json:
        printing.as_json(made)
        return
    sys.stdout.write(f"{made['token']}\n")
    printing.say(f"Token {made['id']} of {made['bearer']}, good until {_day(made['expires'])}.")


def listed(
    *,
    home: HomeOption,
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the tokens that were issued and have not ended; never the tokens themselves."""
    from twiza.asking import Asking

    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        found = asking.get("node", "/tokens")
    if as_json:
        printing.as_json(found)
        return
    printing.rows(
        [{**one, "until": _day(one["expires"])} for one in found],
        {
            "id": "id", "bearer": "bearer", "kind": "kind", "roles": "roles", "scope": "scope",
            "until": "until", "label": "for", "revoked_at": "revoked",
        },
    )  # fmt: skip


def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as listed.")],
    *,
    home: HomeOption,
    token: TokenOption = "",
    as_steward: StewardOption = None,
) -> None:
    """End a token now, in all services of this node."""
    from twiza.asking import Asking

    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        asking.ask("DELETE", "node", f"/tokens/{token_id}")
    printing.say(f"{token_id} has ended.")


def _day(unix: int) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d}"
