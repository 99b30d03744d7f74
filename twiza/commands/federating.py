"""The federation from the command line: what stewards decide, and how it stands."""

import os
import sys
from typing import Annotated, Any, ClassVar

import typer

from shared.refusals import Kind, Refusal
from twiza import outcomes, printing
from twiza.commands.joining import NotCompared, WordsDiffer, normal
from twiza.commands.options import (
    HomeOption,
    JsonOption,
    LangOption,
    StewardOption,
    TokenOption,
    opened,
    token_of,
)


class NobodyAsks(Refusal):
    """No request of a network waits."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "nobody-asks"
    title: ClassVar[str] = "No request of that network waits"


def admit(
    node: Annotated[str, typer.Argument(help="The network that asks to join.")],
    *,
    home: HomeOption,
    fingerprint: Annotated[
        str, typer.Option(help="The six words that its people have read to you.")
    ] = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Speak for admitting a network to this hub; the second steward's word admits it."""
    from twiza.asking import Asking

    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        waiting = [
            one
            for one in asking.get("node", "/joinings")
            if one["node"] == node and one["state"] == "waiting"
        ]
        if not waiting:
            raise NobodyAsks(f"{node}. Its people send one with: twiza join")
        request = _compared(node, waiting, fingerprint)
        act = asking.post(
            "node",
            "/acts",
            {"act": "admit", "node": node, "fingerprint": request["fingerprint"]},
        )
    _tell_act(act, as_json=as_json, done=f"{node} is admitted.")


def expel(
    node: Annotated[str, typer.Argument(help="The network to cut off.")],
    *,
    home: HomeOption,
    cause: Annotated[str, typer.Option(help="Why; the network and all others will read it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Speak for cutting a network off; the second steward's word does it, at once."""
    from twiza.asking import Asking

    if not yes and os.isatty(0):
        typer.confirm(f"Cut {node} off? What it says from then on is heard by nobody.", abort=True)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        act = asking.post("node", "/acts", {"act": "cut", "node": node, "cause": cause})
    _tell_act(act, as_json=as_json, done=f"{node} is cut off.")


def act(
    what: Annotated[
        str, typer.Argument(help="limit, quarantine, restore, release, cut or refuse.")
    ],
    node: Annotated[str, typer.Argument(help="The network.")],
    *,
    home: HomeOption,
    cause: Annotated[str, typer.Option(help="Why; the network and all others will read it.")] = "",
    to: Annotated[str, typer.Option(help="To release it: the hub to which it goes.")] = "",
    fingerprint: Annotated[str, typer.Option(help="To refuse it: the words of its request.")] = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Speak for an act on a network of this hub; the second steward's word carries it out.

    Where the association of the hub has a charter, its decisions do this; two stewards can then
    only quarantine a network, for 72 hours.
    """
    from twiza.asking import Asking

    said = {"act": what, "node": node, "cause": cause}
    said |= {"to": to} if to else {}
    said |= {"fingerprint": normal(fingerprint)} if fingerprint else {}
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        spoken = asking.post("node", "/acts", said)
    _tell_act(spoken, as_json=as_json, done=f"{node}: {what} is done.")
    if spoken["ends_at"] and not as_json:
        printing.say(f"It ends by itself at {spoken['ends_at']}, unless a decision confirms it.")


def listed(*, home: HomeOption, lang: LangOption = "", as_json: JsonOption = False) -> None:
    """List the nodes of the federation that this one knows, how each stands, and why."""
    from twiza.asking import Asking
    from twiza.federation_words import headings, node_row
    from twiza.words import language

    with Asking(opened(home)) as asking:
        found = asking.get("node", "/nodes")
    if as_json:
        printing.as_json(found)
        return
    tongue = language(lang)
    columns = headings(
        tongue, node="node", continent="continent", level="level", standing="standing",
        cause="cause", name="name", admitted_by="admitted", heard_at="heard",
        fingerprint="fingerprint",
    )  # fmt: skip
    printing.rows([node_row(one, tongue) for one in found], columns)


def decisions(*, home: HomeOption, lang: LangOption = "", as_json: JsonOption = False) -> None:
    """List what associations have decided of networks, and what this hub did about it."""
    from twiza.asking import Asking
    from twiza.federation_words import decision_row, headings, said
    from twiza.words import language

    with Asking(opened(home)) as asking:
        found = asking.get("node", "/memberships")
    if as_json:
        printing.as_json(found)
        return
    tongue, association = language(lang), found["association"]
    columns = headings(
        tongue, node="node", what="what", ground="cause", state="state", note="note",
        until="until", ballot="ballot",
    )  # fmt: skip
    printing.rows([decision_row(one, tongue) for one in found["decisions"]], columns)
    if not found["decisions"]:
        printing.say(said("nothing-decided", tongue))
    stands = ("charter" if found["charter"] else "no-charter") if association else "no-association"
    printing.say(said(stands, tongue, association=association))


def lag(*, home: HomeOption, as_json: JsonOption = False) -> None:
    """Show how far this node has read the others' logs, beside what they have announced."""
    from twiza.asking import Asking

    with Asking(opened(home)) as asking:
        found = asking.get("node", "/watch")
    if as_json:
        printing.as_json(found)
    else:
        printing.rows(
            [
                {
                    **one,
                    "applied": _place(one["applied"]),
                    "announced": _place(one["announced"]),
                    "behind": _behind(one["applied"], one["announced"]),
                }
                for one in found["logs"]
            ],
            {
                "node": "node", "log": "log", "service": "read by", "applied": "epoch.page read",
                "announced": "announced", "behind": "pages behind", "state": "state",
            },
        )  # fmt: skip
        for service in found["silent"]:
            printing.say(f"{service} could not be asked.")
    if any(one["grave"] for one in found["findings"]):
        printing.say("Something needs a look: twiza doctor")
        raise typer.Exit(outcomes.ATTENTION)


def log(
    *,
    home: HomeOption,
    most: Annotated[int, typer.Option(help="How many at most.", min=1, max=200)] = 50,
    as_json: JsonOption = False,
) -> None:
    """List what has happened in the federation, newest first."""
    from twiza.asking import Asking

    with Asking(opened(home)) as asking:
        found = asking.get("node", "/happenings", size=most)["items"]
    if as_json:
        printing.as_json(found)
        return
    printing.rows(found, {"at": "heard", "what": "what", "node": "node", "by": "by"})


def epoch(
    *,
    home: HomeOption,
    alone: Annotated[
        bool, typer.Option("--alone", help="A restored node goes on without its hub's word.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the epochs of this node's logs, and what was left behind where one ended.

    A node finds out by itself when a log must go on in a new epoch. A restored node asks its hub
    first what was published since the backup, and waits for it; where the hub will not answer any
    more, ``--alone`` decides that the node goes on with what the backup holds.
    """
    from twiza.asking import Asking

    if alone:
        from twiza.restore import decide_alone

        decide_alone(opened(home))
        printing.say("Decided. Stop this node and start it again: it goes on by itself.")
        return
    with Asking(opened(home)) as asking:
        found = asking.get("node", "/epochs")
    if as_json:
        printing.as_json(found)
        return
    rows = [
        {"log": f"{service} ({which})", "epoch": number}
        for which in ("public", "private")
        for service, number in found[which].items()
    ]
    printing.rows(rows, {"log": "log", "epoch": "epoch"})
    for one in found["reopenings"]:
        printing.say(f"{one['at']}  {one['service']} ({one['log']}): {one['reason']}")
    for one in found["left_behind"]:
        printing.say(f"left behind: {one['type']} of {one['subject']}: {one['outcome']}")
    for service in found["silent"]:
        printing.say(f"{service} could not be asked.")


def _compared(node: str, waiting: list[dict[str, Any]], given: str) -> dict[str, Any]:
    """Return the request whose words were compared.

    Raises:
        WordsDiffer: the given words are of no request of that network.
        NotCompared: there are no words, and nobody to ask, or that person says no.
    """
    words = normal(given)
    if words:
        for one in waiting:
            if one["fingerprint"] == words:
                return one
        raise WordsDiffer(f"Do not admit {node}; call its people again.")
    for one in waiting:
        names = ", ".join(one["names"].values())
        printing.say(f"{node} ({names or 'no other name'}), {one['level']}, {one['continent']}")
        printing.say(f"  {one['fingerprint']}")
        if one["also_asked_by"]:
            printing.say(f"  Others ask for the same name: {', '.join(one['also_asked_by'])}")
        if os.isatty(0) and typer.confirm("Do its people read the same words?", err=True):
            return one
    raise NotCompared("Call its people, and give their words with --fingerprint.")


def _tell_act(act: dict[str, Any], *, as_json: bool, done: str) -> None:
    if as_json:
        printing.as_json(act)
        return
    spoken = len(act["voices"])
    if act["state"] == "done":
        sys.stdout.write(f"{done}\n")
    else:
        sys.stdout.write(f"Your word is noted: {spoken} of {act['voices_needed']}.\n")
        printing.say("Another steward must say the same.")


def _place(place: list[int] | None) -> str:
    return ".".join(map(str, place)) if place else ""


def _behind(applied: list[int], announced: list[int] | None) -> int | str:
    """Return how many pages are missing; open where another epoch has begun meanwhile."""
    if announced is None or announced <= applied:
        return 0
    return announced[1] - applied[1] if announced[0] == applied[0] else "an epoch"
