"""HTTP of electorates and rolls: who could vote now, a ballot's roll and root, one's own entry."""

from collections import Counter
from collections.abc import Collection
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from services.governance.electorates import ENTITY, Voter
from services.governance.parts import PartsDep
from services.governance.roll_handlers import (
    entries,
    entry_for,
    proof_of,
    roll_of,
    standing_voters,
)
from services.governance.rolls import Entry, NoRoll, NotInRoll, Roll
from services.governance.rules import Code, Electorate, ElectorateKind
from shared.access import REFUSALS, Caller
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.store import Work

BallotPath = Annotated[
    str, Path(pattern=r"^[0-9a-f-]{36}$", examples=["0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e11"])
]
KindQuery = Annotated[ElectorateKind, Query(description="Who has a vote.")]
GroupQuery = Annotated[
    list[Code] | None, Query(max_length=32, description="Only members of this group. Again.")
]


class GroupCount(BaseModel):
    """How many votes the members of a group have; null where they are too few to tell."""

    group: str = Field(examples=["worker"])
    votes: int | None = Field(examples=[42])


class ElectorateOut(BaseModel):
    """How many votes there would be if a ballot opened now; null where groups are too small."""

    kind: ElectorateKind
    groups: list[str]
    votes: int | None
    persons: int | None
    entities: int | None
    entities_without_delegate: int | None = Field(
        description="For them nobody could act, until somebody has a mandate."
    )
    by_group: list[GroupCount]


class VoterOut(BaseModel):
    """Who has a vote, and who is named to act."""

    voter: str = Field(examples=["p:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e21"])
    acts: str
    groups: list[str]


class RollOut(BaseModel):
    """A frozen roll: its root and size, which everybody of the network can hold it to."""

    ballot_id: str
    root: str = Field(description="Of the Merkle tree over its salted entries, in hex.")
    size: int
    frozen_at: str
    kind: ElectorateKind
    groups: list[str]


class ProofStepOut(BaseModel):
    """A neighbour on the way to the root, and on which side of the way it stands."""

    side: str = Field(examples=["left"])
    hash: str


class ProofOut(BaseModel):
    """The way from a leaf to the root."""

    index: int
    size: int
    path: list[ProofStepOut]


class LeafOut(BaseModel):
    """What a leaf is the hash of: the canonical JSON of these members."""

    ballot: str
    voter: str
    acts: str
    groups: list[str]
    salt: str


class OwnEntryOut(BaseModel):
    """The entry by which you vote, and the proof that it is in the roll."""

    entry: LeafOut
    leaf: str = Field(description="The hash of the entry, in hex.")
    root: str
    proof: ProofOut


def router() -> APIRouter:
    """Return the paths of electorates and rolls."""
    made = APIRouter(tags=["rolls"])
    made.get("/electorate", operation_id="count_electorate", responses=refusals(*REFUSALS))(
        count_electorate
    )
    made.get(
        "/electorate/voters", operation_id="list_electorate",
        responses=refusals(*REFUSALS, BadCursor),
    )(list_electorate)  # fmt: skip
    made.get(
        "/rolls/{ballot_id}", operation_id="read_roll", responses=refusals(*REFUSALS, NoRoll)
    )(read_roll)  # fmt: skip
    made.get(
        "/rolls/{ballot_id}/entry", operation_id="read_own_entry", response_model=OwnEntryOut,
        responses=refusals(*REFUSALS, NoRoll, NotInRoll),
    )(read_own_entry)  # fmt: skip
    made.get(
        "/rolls/{ballot_id}/entries", operation_id="list_roll_entries",
        responses=refusals(*REFUSALS, NoRoll, BadCursor),
    )(list_roll_entries)  # fmt: skip
    return made


async def count_electorate(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("count_electorate")],
    kind: KindQuery = ElectorateKind.PERSONS,
    group: GroupQuery = None,
) -> ElectorateOut:
    """Say how many votes there would be if a ballot opened now."""
    asked = Electorate(kind=kind, groups=tuple(group or ()))
    found = await parts.store.read(standing_voters, asked, at=parts.clock.now())
    small = parts.settings.small_group
    entities = [one for one in found if one.voter.startswith(ENTITY)]
    # Of the whole network the size is known; of a few in a group nobody counts the members.
    told = not asked.groups or len(found) >= small
    return ElectorateOut(
        kind=kind,
        groups=list(asked.groups),
        votes=len(found) if told else None,
        persons=len(found) - len(entities) if told else None,
        entities=len(entities) if told else None,
        entities_without_delegate=sum(not one.acts for one in entities) if told else None,
        by_group=_by_group(found, small=small),
    )


async def list_electorate(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_electorate")],
    kind: KindQuery = ElectorateKind.PERSONS,
    group: GroupQuery = None,
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[VoterOut]:
    """List who would have a vote if a ballot opened now, in pseudonyms."""
    asked = Electorate(kind=kind, groups=tuple(group or ()))
    last = cursor_values(after, str)[0] if after else ""
    found = await parts.store.read(standing_voters, asked, at=parts.clock.now())
    rest = [one for one in found if one.voter > last][: size + 1]
    return page(rest, size=size, shown=_voter, order=lambda one: (one.voter,))


async def read_roll(
    ballot_id: BallotPath, parts: PartsDep, caller: Annotated[Caller, allowed("read_roll")]
) -> RollOut:
    """Return the size and the root of a ballot's roll."""
    return _roll(await parts.store.read(roll_of, ballot_id))


async def read_own_entry(
    ballot_id: BallotPath, parts: PartsDep, caller: Annotated[Caller, allowed("read_own_entry")]
) -> Response:
    """Return the entry by which you vote, as a member or as a delegate, with its proof."""
    body = await parts.store.read(_own_entry, ballot_id, caller.id, caller.entities)
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def list_roll_entries(
    ballot_id: BallotPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_roll_entries")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[LeafOut]:
    """List the entries of a roll in the order of its leaves, in pseudonyms."""
    place = cursor_values(after, int)[0] if after else -1

    def read(work: Work) -> list[Entry]:
        roll_of(work, ballot_id)
        return entries(work, ballot_id, after=place, most=size + 1)

    return page(
        await parts.store.read(read),
        size=size,
        shown=lambda one: LeafOut(**one.as_data(ballot_id)),
        order=lambda one: (one.place,),
    )


def _own_entry(
    work: Work, ballot_id: str, person: str, entities: Collection[str]
) -> dict[str, Any]:
    roll = roll_of(work, ballot_id)
    mine = entry_for(work, ballot_id, person=person, entities=entities)
    if mine is None:
        raise NotInRoll()
    return {
        "entry": mine.as_data(ballot_id),
        "leaf": mine.leaf(ballot_id).hex(),
        "root": roll.root,
        "proof": proof_of(work, ballot_id, mine.place).as_data(),
    }


def _by_group(found: list[Voter], *, small: int) -> list[GroupCount]:
    counts = Counter(group for one in found for group in one.groups)
    return [
        GroupCount(group=group, votes=votes if votes >= small else None)
        for group, votes in sorted(counts.items())
    ]


def _voter(one: Voter) -> VoterOut:
    return VoterOut(voter=one.voter, acts=one.acts, groups=list(one.groups))


def _roll(roll: Roll) -> RollOut:
    return RollOut(
        ballot_id=roll.ballot_id,
        root=roll.root,
        size=roll.size,
        frozen_at=roll.frozen_at,
        kind=ElectorateKind(roll.kind),
        groups=list(roll.groups),
    )
