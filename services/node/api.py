"""The node service's HTTP: the nodes of the federation, what has happened in it, and epochs."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.node import queries, reopenings
from services.node.credentials import epochs
from services.node.jetstream import StreamRefused
from services.node.parts import PartsDep
from services.node.reopenings import EpochPassed, EpochTooFar, NotItsLog
from services.node.watch import lags
from shared.access import REFUSALS, Caller
from shared.contracts.log import Epoch, LogReopened, PageNumber, Sha256
from shared.contracts.membership import What
from shared.contracts.node import Level, Service
from shared.edge import AfterQuery, SizeQuery
from shared.events import Log
from shared.gate import allowed
from shared.idempotency import IdempotencyKey
from shared.ids import FEDERATED, ServiceName
from shared.keys import fingerprint
from shared.log.epochs import Statement
from shared.log.names import LogName
from shared.log.trust import KnownNode, Standing
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals

router = APIRouter()


class WordOut(BaseModel):
    """On whose word a hub has acted on a node, and why."""

    by: Literal["stewards", "association"]
    what: What
    cause: str = Field(examples=["Three statements of account are owed since 2025."])
    association: str | None
    ballot: str | None = Field(description="The certified ballot, where it was one.")
    outcome: str | None = Field(description="The hash of that ballot's outcome.")
    was: str | None = Field(description="Its name before it lost its root key.", examples=["reas"])
    now: str | None = Field(description="The name under which it goes on.", examples=[None])
    to: str | None = Field(description="The hub to which it goes.", examples=[None])
    until: str | None = Field(description="When it ends by itself.", examples=[None])
    at: str = Field(description="When we heard of it.", examples=["2026-11-21T17:00:00.123Z"])


class NodeOut(BaseModel):
    """A node of the federation, as this one knows it."""

    node: str = Field(examples=["remess"])
    continent: str = Field(examples=["africa"])
    level: Level
    standing: Standing
    cause: str = Field(description="Why it does not stand as others do.", examples=[""])
    admitted_by: str = Field(examples=["africa-hub"])
    fingerprint: str = Field(
        description="Six words that say its root key.",
        examples=["babad-bukap-daruf-fosun-gifot-hosab"],
    )
    names: dict[str, str] = Field(examples=[{"fr": "REMESS", "ar": "رميس"}])
    languages: list[str] = Field(examples=[["ar", "fr"]])
    services: list[str] = Field(examples=[["node", "directory"]])
    host: str = Field(examples=["remess.example"])
    release: str = Field(examples=["0.1.0"])
    heard_at: str = Field(
        description="When this node was last heard from here; empty for never, and for ourselves.",
        examples=["2026-11-21T17:00:00.123Z"],
    )
    own: bool = Field(description="Whether it is this node itself.", examples=[False])
    decided: WordOut | None = Field(
        description="On whose word its hub acted on it last, where that is told.", examples=[None]
    )


class HappeningOut(BaseModel):
    """Something that has happened in the federation."""

    what: Literal["admitted", "limited", "quarantined", "cut", "released", "received", "reopened"]
    node: str = Field(examples=["remess"])
    by: str = Field(examples=["africa-hub"])
    at: str = Field(description="When we heard of it.", examples=["2026-11-21T17:00:00.123Z"])


class ReopeningIn(BaseModel):
    """A service asks that one of its logs may go on in a new epoch."""

    model_config = ConfigDict(extra="forbid")

    service: Service
    which: Log
    epoch: Epoch
    old_epoch: Epoch
    last_page: PageNumber
    hash: Sha256
    reason: str = Field(max_length=200, examples=["the hub has page 118 of epoch 1, we do not"])


class ReopeningOut(BaseModel):
    """A log has gone on in a new epoch."""

    service: str
    log: Log
    epoch: int
    old_epoch: int
    last_page: int
    reason: str
    at: str


class LeftBehindOut(BaseModel):
    """An event that nobody outside had seen when its log was reopened, and what became of it."""

    service: str
    log: Log
    epoch: int
    number: int
    event_id: str
    type: str
    subject: str
    outcome: str


class EpochsOut(BaseModel):
    """The epochs of this node's logs."""

    public: dict[str, int] = Field(examples=[{"directory": 1}])
    private: dict[str, int] = Field(examples=[{"directory": 1}])
    reopenings: list[ReopeningOut]
    left_behind: list[LeftBehindOut]
    silent: list[str] = Field(description="Services that could not be asked.", examples=[[]])


class FindingOut(BaseModel):
    """Something that needs a look; further members depend on its code."""

    model_config = ConfigDict(extra="allow")

    code: str = Field(examples=["log-behind"])
    grave: bool = Field(description="Whether it will not mend itself.", examples=[False])
    detail: str = Field(examples=["directory stands at page 3 of es/directory/public, ..."])


class LagOut(BaseModel):
    """How far a service of this node has read a log of another."""

    service: str = Field(description="The service that reads.", examples=["directory"])
    node: str = Field(description="Whose log it is.", examples=["es"])
    log: str = Field(description="Of which of its services.", examples=["directory"])
    applied: tuple[int, int] = Field(description="Epoch and page.", examples=[(1, 118)])
    announced: tuple[int, int] | None = Field(
        description="Epoch and page that the other node has announced last.", examples=[(1, 118)]
    )
    state: str = Field(examples=["open"])


class WatchOut(BaseModel):
    """What the watch of this node has found."""

    findings: list[FindingOut]
    logs: list[LagOut]
    linked: list[str] = Field(
        description="The nodes that are connected to this one.", examples=[["europe-hub"]]
    )
    silent: list[str] = Field(description="Services that could not be asked.", examples=[[]])


@router.get("/nodes", operation_id="list_nodes", tags=["federation"])
async def list_nodes(parts: PartsDep) -> list[NodeOut]:
    """List the nodes of the federation that this one knows, itself among them."""
    known: dict[str, KnownNode] = {one.node: one for one in parts.host.desk.trust.nodes()}
    found = await parts.host.store.read(queries.neighbours, known)
    return [node_out(one, own=parts.host.place.node) for one in found]


@router.get(
    "/happenings", operation_id="list_happenings", tags=["federation"],
    responses=refusals(BadCursor),
)  # fmt: skip
async def list_happenings(
    parts: PartsDep, size: SizeQuery = PAGE_SIZE, after: AfterQuery = None
) -> Page[HappeningOut]:
    """List what has happened in the federation, newest first."""
    before = cursor_values(after, int)[0] if after else None
    rows = await parts.host.store.read(queries.happenings, before=before, most=size + 1)
    return page(
        rows,
        size=size,
        shown=lambda row: HappeningOut(what=row.what, node=row.node, by=row.by, at=row.at),
        order=lambda row: (row.id,),
    )


@router.post(
    "/reopenings",
    operation_id="sign_reopening",
    tags=["epochs"],
    responses=refusals(*REFUSALS, NotItsLog, EpochPassed, EpochTooFar, StreamRefused),
)
async def sign_reopening(
    asked: ReopeningIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("sign_reopening")],
    key: IdempotencyKey = None,
) -> LogReopened:
    """Have the root key sign that a log goes on in a new epoch; its stream stands then.

    The same statement is answered with the same signature again, with a key or without.
    """
    if caller.id != asked.service:
        raise NotItsLog(f"{caller.id} asks for a log of {asked.service}")
    name = LogName(parts.host.place.node, ServiceName(asked.service), asked.which)
    return await parts.reopenings.sign(
        Statement(
            name=name,
            epoch=asked.epoch,
            old_epoch=asked.old_epoch,
            last_page=asked.last_page,
            hash=asked.hash,
            reason=asked.reason,
        )
    )


@router.get(
    "/epochs", operation_id="list_epochs", tags=["epochs"], responses=refusals(*REFUSALS),
    dependencies=[allowed("list_epochs")],
)  # fmt: skip
async def list_epochs(parts: PartsDep) -> EpochsOut:
    """List the epochs of this node's logs, and what was left behind where one ended."""
    kept = epochs(parts.home)
    signed = await parts.host.store.read(reopenings.all_signed)
    left, silent = await parts.siblings.left_behind()
    return EpochsOut(
        public={name: kept.public.get(name, 1) for name in FEDERATED},
        private={name: kept.private.get(name, 1) for name in parts.host.place.siblings},
        reopenings=[
            ReopeningOut(
                service=event.service,
                log=Log(event.which),
                epoch=event.epoch,
                old_epoch=event.old_epoch,
                last_page=event.last_page,
                reason=event.reason,
                at=at,
            )
            for event, at in signed
        ],
        left_behind=[LeftBehindOut.model_validate(one) for one in left],
        silent=silent,
    )


@router.get(
    "/watch", operation_id="see_watch", tags=["health"], responses=refusals(*REFUSALS),
    dependencies=[allowed("see_watch")],
)  # fmt: skip
async def see_watch(parts: PartsDep) -> WatchOut:
    """Look now, and say what needs a look: what is late, has a gap, or stalls in silence."""
    found = await parts.watch.look()
    seen = await parts.watch.seen()
    return WatchOut(
        findings=[FindingOut.model_validate(one.told()) for one in found],
        logs=[LagOut.model_validate(one) for one in lags(seen)],
        linked=sorted(parts.flow.links.peers),
        silent=list(seen.silent),
    )


def node_out(one: queries.Neighbour, *, own: str) -> NodeOut:
    """Return a node as the API shows it."""
    known, said = one.known, one.said
    details: dict[str, Any] = said.model_dump() if said else {}
    return NodeOut(
        node=known.node,
        continent=known.continent,
        level=known.level,  # type: ignore[arg-type]  # the registry holds what contracts checked
        standing=known.standing,
        cause=known.cause,
        admitted_by=known.admitted_by,
        fingerprint=fingerprint(known.root_key),
        names=details.get("names", {}),
        languages=details.get("languages", []),
        services=details.get("services", []),
        host=details.get("host", ""),
        release=details.get("release", ""),
        heard_at="" if known.node == own else one.heard_at,
        own=known.node == own,
        decided=_word_out(one),
    )


def _word_out(one: queries.Neighbour) -> WordOut | None:
    if one.word is None:
        return None
    return WordOut(**one.word.model_dump(exclude={"node", "revision"}), at=one.word_at)
