"""Joining a hub from the command line: the invitation, the request, and the words to compare."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

import typer

from shared.refusals import Kind, Refusal
from twiza import outcomes, printing
from twiza.commands.options import HomeOption, JsonOption, opened

ASK_AGAIN_S: Final = 5.0


class NotCompared(Refusal):
    """Nobody has compared the words of a request."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    slug: ClassVar[str] = "not-compared"
    title: ClassVar[str] = "The words have not been compared"


class WordsDiffer(Refusal):
    """The words of an invitation or a request are not those that its people say."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "words-differ"
    title: ClassVar[str] = "These are not the words"


def invite(
    *,
    home: HomeOption,
    out: Annotated[
        Path | None, typer.Option(help="Write the invitation into this file.", dir_okay=False)
    ] = None,
) -> None:
    """Write an invitation to this hub, to be handed to a network as a file. It is no secret."""
    from services.node.invitations import make_invitation

    invitation = make_invitation(opened(home))
    text = invitation.model_dump_json(indent=1) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, "utf-8")
    printing.say(f"The words of {invitation.hub}: {invitation.fingerprint}")
    printing.say("Whoever is invited compares them with you, for example by telephone.")


def join(
    invitation: Annotated[
        Path, typer.Argument(help="The hub's invitation.", exists=True, dir_okay=False)
    ],
    *,
    home: HomeOption,
    fingerprint: Annotated[
        str, typer.Option(help="The six words that the hub's people have read to you.")
    ] = "",
    wait_s: Annotated[
        int | None,
        typer.Option(
            "--wait",
            help="How long to wait for the stewards, in seconds; else until Ctrl-C.",
            min=0,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask to join a hub, show the words to compare, and take up the link once admitted.

    Safe to call again: it goes on where it was. The node need not run meanwhile.
    """
    import asyncio

    from services.node.invitations import Invitation

    found = opened(home)
    read = Invitation.read(invitation.read_bytes())
    _compare_hub(read.hub, read.fingerprint, fingerprint)
    told = asyncio.run(_joined(found, read, wait_s=wait_s))
    if as_json:
        printing.as_json(told)
    elif told["state"] == "admitted":
        sys.stdout.write(f"{told['node']} is joined to {told['hub']}.\n")
        printing.say("If the node runs, it takes the link up by itself within seconds.")
    else:
        sys.stdout.write(f"{told['hub']} has the request; its stewards have not decided yet.\n")
        printing.say("Call this again later: it goes on where it was.")
    if told["state"] != "admitted":
        raise typer.Exit(outcomes.ATTENTION)


def move(
    invitation: Annotated[
        Path, typer.Argument(help="The new hub's invitation.", exists=True, dir_okay=False)
    ],
    *,
    home: HomeOption,
    fingerprint: Annotated[
        str, typer.Option(help="The six words that the new hub's people have read to you.")
    ] = "",
    wait_s: Annotated[
        int | None,
        typer.Option(
            "--wait", help="How long to wait for both hubs, in seconds; else until Ctrl-C.", min=0
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with another hub: its own must let this node go, and the new one must admit it.

    Until both have, the link to the former hub stands. Name, keys and logs stay as they are. Safe
    to call again: it goes on where it was.
    """
    import asyncio

    from services.node.invitations import Invitation

    found = opened(home)
    read = Invitation.read(invitation.read_bytes())
    _compare_hub(read.hub, read.fingerprint, fingerprint)
    told = asyncio.run(_joined(found, read, wait_s=wait_s, moving=True))
    if as_json:
        printing.as_json(told)
    elif told["state"] == "admitted":
        sys.stdout.write(f"{told['node']} goes on with {told['hub']}.\n")
        printing.say("If the node runs, it takes the link up by itself within seconds.")
    else:
        sys.stdout.write(f"{told['hub']} has the request.\n")
        printing.say("Our present hub must let us go, and it must admit us. Call this again later.")
    if told["state"] != "admitted":
        raise typer.Exit(outcomes.ATTENTION)


async def _joined(
    home: Any, invitation: Any, *, wait_s: int | None, moving: bool = False
) -> dict[str, Any]:
    """Ask to join, and wait until it is decided or the time is over; return where it stands.

    Raises:
        JoiningRefused, HubSilent, AnotherHub, NotMoving.
    """
    import asyncio

    from services.node import join as joining

    answer = await _asked_before(home, invitation)
    if answer is None:
        answer = await joining.request_joining(home, invitation, moving=moving)
    own = joining.own_fingerprint(home)
    printing.say(f"Our words: {own}")
    until = None if wait_s is None else time.monotonic() + wait_s
    if answer.state == "waiting" and wait_s != 0:
        printing.say(f"Read them to the stewards of {answer.hub}; two of them must admit us.")
    while answer.state == "waiting" and (until is None or time.monotonic() < until):
        await asyncio.sleep(ASK_AGAIN_S if until is None else min(ASK_AGAIN_S, wait_s or 0))
        answer = await joining.ask_after(home)
    if answer.state == "refused":
        raise joining.JoiningRefused(answer.cause)
    if answer.state == "admitted":
        joining.complete_joining(home, answer)
    return {"node": answer.node, "hub": answer.hub, "state": answer.state, "fingerprint": own}


async def _asked_before(home: Any, invitation: Any) -> Any:
    """Return what the hub says of a request that waits or was admitted; none where none is."""
    from services.node import join as joining

    try:
        if joining.kept_invitation(home).root_key != invitation.root_key:
            return None
        answer = await joining.ask_after(home)
    except (joining.NotInvited, joining.JoiningRefused):
        return None
    return None if answer.state == "refused" else answer


def _compare_hub(hub: str, words: str, given: str) -> None:
    """Return when somebody has compared the hub's words.

    Raises:
        WordsDiffer: the given words are not the hub's.
        NotCompared: there are none, and nobody to ask, or that person says no.
    """
    if given:
        if normal(given) != words:
            raise WordsDiffer(f"This invitation is not of {hub}, or was changed: do not use it.")
        return
    printing.say(f"The words of {hub}: {words}")
    if not os.isatty(0) or not typer.confirm(f"Do the people of {hub} read the same?", err=True):
        raise NotCompared(f"Call the people of {hub}, and give their words with --fingerprint.")


def normal(words: str) -> str:
    """Return the words of a fingerprint in the form in which they are compared."""
    return "-".join(words.lower().replace("-", " ").split())
