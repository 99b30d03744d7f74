"""What was decided on membership, and what this hub did about it, for everybody to read."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.node import membership_rows
from services.node.parts import PartsDep
from shared.contracts.membership import MembershipDecided, What
from shared.store import Work

router = APIRouter(tags=["membership"])


class DecidedOut(BaseModel):
    """The newest decision of an association on a network, and what became of it here."""

    association: str = Field(examples=["africa-hub:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e01"])
    node: str = Field(examples=["remess"])
    revision: int = Field(examples=[3])
    what: What
    ground: str = Field(examples=["Three statements of account are owed since 2025."])
    ballot: str = Field(examples=["0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e02"])
    outcome: str = Field(description="The hash of the ballot's outcome.", examples=["e3b0c4..."])
    valid_from: str
    until: str = Field(examples=[""])
    appeal_until: str = Field(examples=[""])
    was: str = Field(examples=[""])
    to: str = Field(examples=[""])
    state: Literal["due", "waiting", "done", "passed", "ended"] = Field(
        description="`waiting` for the network's request or its former hub's word; `passed` where "
        "it is not for this hub; `ended` when its time was over."
    )
    note: str = Field(description="Why it waits or was passed by.", examples=["no-request"])
    acted_at: str = Field(examples=["2026-11-21T17:00:00.123Z"])


class UnheededOut(BaseModel):
    """What was told of membership and has no effect here."""

    origin: str = Field(description="The node that told it.", examples=["remess"])
    reason: str = Field(examples=["other-node"])
    count: int
    last_at: str


class MembershipsOut(BaseModel):
    """How this hub stands to its association, and what that has decided."""

    association: str = Field(
        description="Whose decisions move the links of this hub; empty where stewards decide.",
        examples=["africa-hub:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e01"],
    )
    charter: bool = Field(description="Whether it decides itself, and stewards no longer.")
    decisions: list[DecidedOut]
    unheeded: list[UnheededOut]


@router.get("/memberships", operation_id="list_memberships")
async def list_memberships(parts: PartsDep) -> MembershipsOut:
    """Show what associations have decided of networks, as this node's own governance tells it."""
    association = parts.decisions.association

    def seen(work: Work) -> MembershipsOut:
        return MembershipsOut(
            association=association,
            charter=membership_rows.has_charter(work, association),
            decisions=[_out(row) for row in membership_rows.all_decided(work)],
            unheeded=[
                UnheededOut.model_validate(one) for one in membership_rows.all_unheeded(work)
            ],
        )

    return await parts.host.store.read(seen)


def _out(row: Any) -> DecidedOut:
    told = MembershipDecided.model_validate_json(row.body)
    return DecidedOut.model_validate(
        {
            **told.model_dump(exclude={"cause", "root_key"}),
            **told.cause.model_dump(),
            **{name: getattr(told, name) or "" for name in ("until", "appeal_until", "was", "to")},
            **{name: getattr(row, name) for name in ("state", "note", "acted_at")},
        }
    )
