"""HTTP of associations: their charters and members, read; founded, signed, changed and left."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.governance import api_association_members, association_rows, association_views
from services.governance.api_association_models import (
    AdoptIn,
    AssociationItem,
    AssociationOut,
    AssociationPath,
    ChangeIn,
    CharterOut,
    CharterTemplateOut,
    CharterVersionOut,
    DraftIn,
    LeaveIn,
    MemberOut,
    SignedOut,
    WordOut,
)
from services.governance.association_desk import unit
from services.governance.association_handlers import (
    adopt,
    change,
    found,
    kept_here,
    leave,
    next_version,
)
from services.governance.association_refusals import FOUNDING_REFUSALS, SIGNING_REFUSALS
from services.governance.federated.association_templates import USUAL, charter_text
from services.governance.federated.charter import LANGUAGES, VALUES, Charter, Parameters
from services.governance.parts import PartsDep
from shared.access import REFUSALS, Caller
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import IdempotencyKey, KeyReused
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work


def router() -> APIRouter:
    """Return the paths of associations."""
    made = APIRouter(tags=["associations"])
    made.get("/charter-draft", operation_id="draft_charter")(draft_charter)
    made.get(
        "/associations", operation_id="list_associations", responses=refusals(*REFUSALS, BadCursor)
    )(list_associations)
    made.post(
        "/associations", operation_id="found_association", status_code=201,
        response_model=CharterVersionOut,
        responses=refusals(*REFUSALS, *FOUNDING_REFUSALS, KeyReused),
    )(found_association)  # fmt: skip
    made.get(
        "/associations/{association}", operation_id="read_association",
        responses=refusals(*REFUSALS, Missing),
    )(read_association)  # fmt: skip
    made.get(
        "/associations/{association}/charter", operation_id="read_charter",
        responses=refusals(*REFUSALS, Missing),
    )(read_charter)  # fmt: skip
    made.post(
        "/associations/{association}/charter", operation_id="change_charter",
        response_model=CharterVersionOut,
        responses=refusals(*REFUSALS, Missing, *FOUNDING_REFUSALS, KeyReused),
    )(change_charter)  # fmt: skip
    made.get(
        "/associations/{association}/members", operation_id="list_association_members",
        responses=refusals(*REFUSALS, Missing, BadCursor),
    )(list_association_members)  # fmt: skip
    made.get(
        "/associations/{association}/words", operation_id="list_association_words",
        responses=refusals(*REFUSALS, Missing, BadCursor),
    )(list_association_words)  # fmt: skip
    made.post(
        "/associations/{association}/adoptions", operation_id="adopt_charter",
        response_model=SignedOut,
        responses=refusals(*REFUSALS, Missing, *SIGNING_REFUSALS, KeyReused),
    )(adopt_charter)  # fmt: skip
    made.post(
        "/associations/{association}/departures", operation_id="leave_association",
        status_code=204, responses=refusals(*REFUSALS, Missing, *SIGNING_REFUSALS, KeyReused),
    )(leave_association)  # fmt: skip
    api_association_members.add_to(made)
    return made


async def draft_charter(
    caller: Annotated[Caller, allowed("draft_charter")],
    name: Annotated[str, Query(max_length=250, description="What it is called.")] = "",
) -> CharterTemplateOut:
    """Return a charter to begin with: its text in five languages, the table, rules and numbers."""
    return CharterTemplateOut(
        texts={language: charter_text(language, name) for language in LANGUAGES},
        competence={matter: level.value for matter, level in USUAL.competence.items()},
        rules={matter: rule.model_dump(mode="json") for matter, rule in USUAL.rules.items()},
        values=[f"ripess:{code}" for code in VALUES],
        parameters=Parameters(),
    )


async def list_associations(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_associations")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[AssociationItem]:
    """List the associations of which this network has heard, and how it belongs to each."""
    before = cursor_values(after, str)[0] if after is not None else ""

    def read(work: Work) -> list[AssociationItem]:
        ids = [one for one in association_rows.associations(work) if one > before][: size + 1]
        return [association_views.item(work, one, parts.node) for one in ids]

    rows = await parts.store.read(read)
    return page(rows, size=size, shown=lambda one: one, order=lambda one: (one.id,))


async def read_association(
    association: AssociationPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_association")],
) -> AssociationOut:
    """Return an association: its version in force, who votes, and what waits."""
    return await parts.store.read(association_views.whole, association, parts.node)


async def read_charter(
    association: AssociationPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_charter")],
    number: Annotated[int, Query(ge=0, description="Of the version; 0 is that in force.")] = 0,
) -> CharterOut:
    """Return a version of a charter with its texts, as far as they were told."""
    return await parts.store.read(association_views.charter, association, number)


async def list_association_members(
    association: AssociationPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_association_members")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[MemberOut]:
    """List the networks of an association, those that asked and those that were members, too."""
    before = cursor_values(after, str)[0] if after is not None else ""
    rows = await parts.store.read(association_views.members, association)
    return page(
        [one for one in rows if one.network > before][: size + 1],
        size=size,
        shown=lambda one: one,
        order=lambda one: (one.network,),
    )


async def list_association_words(
    association: AssociationPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_association_words")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[WordOut]:
    """List what the keeper has told of each network, by its name and revision."""
    before = cursor_values(after, str, int) if after is not None else ("", 0)
    rows = await parts.store.read(association_views.words, association)
    return page(
        [one for one in rows if (one.network, one.revision) > before][: size + 1],
        size=size,
        shown=lambda one: one,
        order=lambda one: (one.network, one.revision),
    )


async def found_association(
    body: DraftIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("found_association")],
    key: IdempotencyKey = None,
) -> Response:
    """Begin an association that this network keeps: publish the first version of its charter."""

    def do(work: Work) -> dict[str, Any]:
        return _version(found(work, parts.federated, body.draft(), body.texts))

    return await unit(parts, caller, "found_association", key, body, do, status=201)


async def change_charter(
    association: AssociationPath,
    body: ChangeIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("change_charter")],
    key: IdempotencyKey = None,
) -> Response:
    """Publish a further version that a certified ballot has decided on, or say its hash before."""

    def do(work: Work) -> dict[str, Any]:
        desk, said = parts.federated, body.draft()
        said.pop("ballot", None)
        if body.ballot is None:
            before = kept_here(work, desk, association)
            return _version(next_version(before, said, body.texts), published=False)
        return _version(change(work, desk, association, said, body.texts, cause=body.ballot))

    return await unit(parts, caller, "change_charter", key, body, do, association)


async def adopt_charter(
    association: AssociationPath,
    body: AdoptIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("adopt_charter")],
    key: IdempotencyKey = None,
) -> Response:
    """Sign a version of a charter, on the ground of a decision of this network's members."""

    def do(work: Work) -> dict[str, Any]:
        signed = adopt(
            work,
            parts.federated,
            association,
            number=body.number,
            charter_hash=body.charter_hash,
            decision=body.decision,
            steward=caller.id,
            network=body.network or "",
        )
        said = {"association": association, "number": body.number}
        return said | {"charter_hash": body.charter_hash, "signed": signed}

    return await unit(parts, caller, "adopt_charter", key, body, do, association)


async def leave_association(
    association: AssociationPath,
    body: LeaveIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("leave_association")],
    key: IdempotencyKey = None,
) -> Response:
    """Leave an association, on the ground of a decision of this network's members."""

    def do(work: Work) -> None:
        leave(
            work,
            parts.federated,
            association,
            decision=body.decision,
            steward=caller.id,
            network=body.network or "",
        )

    return await unit(parts, caller, "leave_association", key, body, do, association, status=204)


def _version(charter: Charter, *, published: bool = True) -> dict[str, Any]:
    return {
        "association": charter.association,
        "number": charter.number,
        "charter_hash": charter.hash,
        "published": published,
        "charter": charter.as_data(),
    }
