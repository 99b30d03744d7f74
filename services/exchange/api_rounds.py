"""HTTP of rounds of matching: asking for one, watching it, and why something stayed unmatched."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.exchange import item_units, round_handlers
from services.exchange.access import sight_of
from services.exchange.candidates.explanations import Missing as MissingArc
from services.exchange.candidates.explanations import missing_words
from services.exchange.candidates.rules import Failure, Rule
from services.exchange.item_handlers import ItemClosed, ItemNotOurs, own_item
from services.exchange.parts import PartsDep
from services.exchange.round_words import report_words
from services.exchange.rounds.entering import entry_of
from services.exchange.rounds.measure import Measure
from services.exchange.rounds.question import Level
from shared.access import REFUSALS, Caller
from shared.contracts.rings import ItemId, RingId
from shared.gate import allowed
from shared.idempotency import IdempotencyKey
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing

_SizeQuery = Annotated[int, Query(ge=1, le=200)]
_LangQuery = Annotated[str, Query(max_length=35, description="In which language it is said.")]


class RoundIn(BaseModel):
    """Which round is asked for."""

    model_config = ConfigDict(extra="forbid")

    level: Literal["network", "continent", "world"] = "network"


class ProgressOut(BaseModel):
    """What a round does at the moment, the worth of the best choice so far, and the bound."""

    step: str
    value: int
    bound: int


class RoundOut(BaseModel):
    """A round: how far it is, and when it is done, how it went.

    ``report`` holds counts and points only; ``words`` says the same in sentences.
    """

    id: str
    level: str
    state: Literal["running", "done", "failed"]
    started_at: str
    ended_at: str = ""
    progress: ProgressOut | None = None
    failure: str = Field(default="", description="The name of what stopped it.")
    items: int = 0
    proposed: int = Field(default=0, description="How many rings were proposed.")
    report: dict[str, Any] = {}
    words: list[str] = []


class ExplanationOut(BaseModel):
    """What would help an item to be matched."""

    item: str
    rounds: int = Field(description="In how many rounds it has stayed unmatched so far.")
    words: list[str]


def _again(key: IdempotencyKey = None) -> None:
    """Take the header of those who send it: while a round runs, asking again begins no other."""


class WeightsOut(BaseModel):
    """What each term of an arc's worth counts in this node's rounds, in points."""

    weights: dict[str, int]


def router() -> APIRouter:
    """Return the paths of rounds."""
    made = APIRouter(tags=["rounds"])
    made.post(
        "/rounds", operation_id="hold_round", status_code=202, response_model=RoundOut,
        responses=refusals(*REFUSALS, round_handlers.RoundRuns, round_handlers.NoSuchLevel),
        dependencies=[Depends(_again)],
    )(hold_round)  # fmt: skip
    made.get("/rounds", operation_id="list_rounds", responses=refusals(BadCursor))(list_rounds)
    made.get("/rounds/{round_id}", operation_id="read_round", responses=refusals(Missing))(
        read_round
    )
    made.get(
        "/rounds/{round_id}/certificate", operation_id="read_round_certificate",
        response_class=Response, responses=refusals(*REFUSALS, Missing),
    )(read_round_certificate)  # fmt: skip
    made.get("/weights", operation_id="read_weights")(read_weights)
    made.get(
        "/items/{item_id}/matching", operation_id="explain_item",
        responses=refusals(*REFUSALS, Missing, ItemNotOurs, ItemClosed),
    )(explain_item)  # fmt: skip
    return made


async def hold_round(
    wanted: RoundIn, parts: PartsDep, caller: Annotated[Caller, allowed("hold_round")]
) -> Response:
    """Begin a round now; it is matched in the background, and can be watched."""
    round_id = await parts.rounds.ask(Level(wanted.level), by=caller.id)
    row = await parts.store.read(round_handlers.round_of, round_id, network=True)
    return Response(
        _shown(row, "en").model_dump_json(),
        202,
        {"location": f"rounds/{round_id}"},
        media_type="application/json",
    )


async def list_rounds(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_rounds")],
    lang: _LangQuery = "en",
    size: _SizeQuery = PAGE_SIZE,
    after: Annotated[str | None, Query(max_length=300)] = None,
) -> Page[RoundOut]:
    """List the rounds of this node, the newest first; the network's own are for its people."""
    before = cursor_values(after, str)[0] if after is not None else ""
    rows = await parts.store.read(
        round_handlers.rounds,
        network=sight_of(caller, own=parts.node).network,
        before=before,
        most=size + 1,
    )
    return page(rows, size=size, shown=lambda row: _shown(row, lang), order=lambda row: (row.id,))


async def read_round(
    round_id: Annotated[RingId, Path()],
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_round")],
    lang: _LangQuery = "en",
) -> RoundOut:
    """Return a round: how far it is, and how it went."""
    network = sight_of(caller, own=parts.node).network
    row = await parts.store.read(round_handlers.round_of, round_id, network=network)
    return _shown(row, lang)


async def read_round_certificate(
    round_id: Annotated[RingId, Path()],
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_round_certificate")],
) -> Response:
    """Return what others need in order to check the round's rings and their bound.

    It is one object with `problem` and `certificate`; `twiza check-round` reads it.
    """
    text = await parts.store.read(round_handlers.certificate_of, round_id)
    return Response(text, media_type="application/json")


async def read_weights(
    parts: PartsDep, caller: Annotated[Caller, allowed("read_weights")]
) -> WeightsOut:
    """Return by which weights this node's rounds match; a network may decide on others."""
    return WeightsOut(weights=asdict(parts.rounds.here.weights))


async def explain_item(
    item_id: Annotated[ItemId, Path()],
    parts: PartsDep,
    caller: Annotated[Caller, allowed("explain_item")],
    lang: _LangQuery = "en",
) -> ExplanationOut:
    """Say what would make a match of an item of this node that has stayed unmatched.

    The nearest that there is may be what only the network sees, so nobody else is told.
    """
    sight = sight_of(caller, own=parts.node)
    if not sight.network:
        raise Missing()
    known = await parts.store.read(own_item, item_id, node=parts.node, reading=True)
    if not item_units.seen(known.item, sight, caller, node=parts.node):
        raise Missing()
    found = await parts.store.read(round_handlers.missing_of, item_id)
    if found is None:
        return ExplanationOut(item=item_id, rounds=0, words=[])
    waited, told = found
    entry = entry_of(
        known.item,
        measure=Measure(unit=""),
        owner=None,
        continent="",
        blocks=frozenset(),
        waited=waited,
        received=None,
    )
    words = missing_words(_arc(told), entry, lang) if entry is not None else []
    return ExplanationOut(item=item_id, rounds=waited, words=words)


def _arc(told: Any) -> MissingArc | None:
    if told is None:
        return None
    failures = tuple(
        Failure(Rule(one["rule"]), one["by"], tuple(one["what"])) for one in told["failures"]
    )
    return MissingArc(told["other"], failures)


def _shown(row: Any, language: str) -> RoundOut:
    report = orjson.loads(row.report) if row.report else {}
    progress = orjson.loads(row.progress) if row.progress and row.state == "running" else None
    return RoundOut(
        id=row.id,
        level=row.level,
        state=row.state,
        started_at=row.started_at,
        ended_at=row.ended_at,
        progress=ProgressOut(**progress) if progress else None,
        failure=row.failure,
        items=row.items,
        proposed=row.proposed,
        report=report,
        words=report_words(report, language) if report else [],
    )
