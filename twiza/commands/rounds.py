"""Rounds of matching from the command line: holding one, looking back, and what would help."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import typer

from shared.refusals import Kind, Refusal
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

LOOK_S: Final = 0.3
WAIT_S: Final = 900
_RUNNING: Final = "running"
_NEXT: Final = {
    "solver-too-slow": "It reached its limit of time: TWIZA_EXCHANGE_ROUND_TIME_LIMIT_S gives it "
    "more, a lower TWIZA_EXCHANGE_RING_CAP makes it easier.",
    "solver-out-of-memory": "It reached its limit of memory: TWIZA_EXCHANGE_ROUND_MEMORY_MB gives "
    "it more, a lower TWIZA_EXCHANGE_RING_CAP makes it easier.",
    "interrupted": "The exchange was stopped meanwhile. Hold the round again.",
}
"""By the name of what stopped a round, what to do next."""


class LevelIn(StrEnum):
    """How far a round reaches."""

    NETWORK = "network"
    CONTINENT = "continent"
    WORLD = "world"


class RoundFailed(Refusal):
    """A round came to nothing."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "round-failed"
    title: ClassVar[str] = "The round came to nothing"


def hold(
    *,
    home: HomeOption,
    level: Annotated[
        LevelIn, typer.Option(help="How far it reaches; a hub holds those between networks.")
    ] = LevelIn.NETWORK,
    wait_s: Annotated[
        int, typer.Option("--wait", help="How long to wait for its end, in seconds.", min=0)
    ] = WAIT_S,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold a round of matching now, as a steward, and say how it went.

    Rings that it finds are proposed to their parties at once.
    """
    from twiza.asking import Asking
    from twiza.exchange_words import said
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        begun = asking.post("exchange", "/rounds", {"level": level.value})
        round_ = _ended(asking, begun, lang=tongue, wait_s=wait_s)
    if as_json:
        printing.as_json(round_)
    elif round_["state"] == _RUNNING:
        printing.say(said("round-waits", tongue, round=_short(round_["id"])))
    elif round_["state"] == "done":
        _tell(round_, tongue)
    if round_["state"] == _RUNNING:
        raise typer.Exit(outcomes.ATTENTION)
    _require_done(round_)


def listed(
    which: Annotated[
        str, typer.Argument(metavar="[ROUND]", help="One of them, in words; its id's end will do.")
    ] = "",
    *,
    home: HomeOption,
    most: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the rounds that this node has held, the newest first; or say how one of them went."""
    from twiza.asking import Asking
    from twiza.exchange_words import headings, said
    from twiza.meant import meant
    from twiza.words import language

    tongue = language(lang)
    with Asking(opened(home), token=token_of(token, as_steward)) as asking:
        found = asking.get("exchange", "/rounds", lang=tongue, size=most)["items"]
        if which:
            ids = [one["id"] for one in found]
            # An id that was given whole may be older than those that were listed.
            chosen = which if ":" in which else meant(which, dict.fromkeys(ids, ""))
            found = [asking.get("exchange", f"/rounds/{chosen}", lang=tongue)]
    if as_json:
        printing.as_json(found[0] if which else found)
        return
    if which:
        _tell(found[0], tongue)
        return
    columns = headings(
        tongue, id="round", began="began", level="level", state="state", items="items",
        proposed="proposed",
    )  # fmt: skip
    printing.rows([_row(one, tongue) for one in found], columns)
    if not found:
        printing.say(said("no-rounds", tongue))


def explain(
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The id of an offer or a want.")],
    *,
    home: HomeOption,
    lang: LangOption = "",
    token: TokenOption = "",
    as_steward: StewardOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what would make a match of an offer or a want that the last round left unmatched."""
    from twiza.asking import Asking
    from twiza.exchange_words import plain, said
    from twiza.words import language

    tongue, node = language(lang), opened(home)
    item_id = item if ":" in item else f"{node.settings().name}:{item}"
    with Asking(node, token=token_of(token, as_steward)) as asking:
        told = asking.get("exchange", f"/items/{item_id}/matching", lang=tongue)
    if as_json:
        printing.as_json(told)
        return
    if not told["rounds"]:
        sys.stdout.write(f"{said('not-unmatched', tongue)}\n")
        return
    for sentence in told["words"]:
        sys.stdout.write(f"{plain(sentence, tongue)}\n")
    sys.stdout.write(f"{said('unmatched', tongue, rounds=told['rounds'])}\n")


def _ended(asking: "Asking", round_: dict[str, Any], *, lang: str, wait_s: float) -> dict[str, Any]:
    """Return a round once it has ended, or as it stands when the time is over."""
    until = time.monotonic() + wait_s
    with _watching(lang) as show:
        while round_["state"] == _RUNNING and time.monotonic() < until:
            time.sleep(LOOK_S)
            round_ = asking.get("exchange", f"/rounds/{round_['id']}", lang=lang)
            show(round_["progress"])
    return round_


@contextmanager
def _watching(lang: str) -> Iterator[Callable[[dict[str, Any] | None], None]]:
    """Show how far a round is, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.text import Text

    from twiza.exchange_words import known, said

    with Console(stderr=True).status(Text(known(f"state-{_RUNNING}", lang))) as status:

        def show(progress: dict[str, Any] | None) -> None:
            if progress is not None:
                values = {"value": progress["value"], "bound": progress["bound"] or "?"}
                status.update(Text(said("round-progress", lang, **values)))

        yield show


def _tell(round_: dict[str, Any], lang: str) -> None:
    """Print how a round went, in sentences."""
    from twiza.exchange_words import plain, said

    _require_done(round_)
    for sentence in round_["words"]:
        sys.stdout.write(f"{plain(sentence, lang)}\n")
    if round_["state"] == "done":
        sys.stdout.write(f"{said('rings-proposed', lang, count=round_['proposed'])}\n")
    if round_["proposed"]:
        inside = round_["level"] == LevelIn.NETWORK
        printing.say(said("rings-next" if inside else "rings-next-between", lang))


def _require_done(round_: dict[str, Any]) -> None:
    """Refuse a round that came to nothing.

    Raises:
        RoundFailed: what stopped it, and what to do next.
    """
    if round_["state"] == "failed":
        why = round_["failure"]
        do = _NEXT.get(why, "Hold it again; if it stays so, the node's logs say more.")
        raise RoundFailed(f"{why}. {do}")


def _row(round_: dict[str, Any], lang: str) -> dict[str, Any]:
    from twiza.exchange_words import known, minute

    return {
        "id": _short(round_["id"]) if sys.stdout.isatty() else round_["id"],
        "began": minute(round_["started_at"]),
        "level": known(f"level-{round_['level']}", lang),
        "state": known(f"state-{round_['state']}", lang),
        "items": round_["items"],
        "proposed": round_["proposed"],
    }


def _short(round_id: str) -> str:
    from twiza.meant import SHORT

    return round_id[-SHORT:]
