"""HTTP of tellers: who they are, and what they enter from paper, telephone and urn.

A teller's reading is idempotent by itself: sent again it says the same. Nothing else of the request
is kept, because a kept request would hold a voter beside a choice.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from services.governance.api_ballot_models import (
    BallotPath,
    PaperIn,
    PaperLineOut,
    PaperOut,
    SubjectPath,
    TellersIn,
    TellersOut,
    TickIn,
    UrnNoteIn,
    VoterPath,
)
from services.governance.ballot_refusals import (
    BallotClosed,
    BallotNotOpen,
    EntryCounted,
    NotATeller,
    TwoTellers,
    VotedElsewhere,
)
from services.governance.ballots import Channel, the_ballot
from services.governance.choices import CHOICE_REFUSALS, MalformedChoice
from services.governance.paper import SPOILT, Entered, Reading, entry_shown, read_paper, take_back
from services.governance.paper_rows import Entry, listed_entries
from services.governance.paper_urns import sign_note, tick, untick
from services.governance.parts import PartsDep
from services.governance.rolls import NotInRoll
from services.governance.tellers import is_teller, name_tellers, tellers
from shared.access import REFUSALS, Caller, Role
from shared.edge import AfterQuery, SizeQuery
from shared.gate import allowed
from shared.idempotency import Answer, Answers, Asked, IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

_ENTERING = (*REFUSALS, Missing, BallotNotOpen, BallotClosed, NotATeller, NotInRoll, VotedElsewhere)


def add_to(made: APIRouter) -> None:
    """Add the paths of tellers."""
    made.get(
        "/ballots/{ballot_id}/tellers", operation_id="list_tellers",
        responses=refusals(*REFUSALS, Missing),
    )(list_tellers)  # fmt: skip
    made.put(
        "/ballots/{ballot_id}/tellers", operation_id="name_tellers", response_model=TellersOut,
        responses=refusals(*REFUSALS, Missing, BallotClosed, KeyReused),
    )(put_tellers)  # fmt: skip
    made.get(
        "/ballots/{ballot_id}/papers", operation_id="list_papers",
        responses=refusals(*REFUSALS, Missing, NotATeller, BadCursor),
    )(list_papers)  # fmt: skip
    made.post(
        "/ballots/{ballot_id}/papers", operation_id="enter_paper", response_model=PaperOut,
        responses=refusals(*_ENTERING, TwoTellers, EntryCounted, *CHOICE_REFUSALS),
    )(enter_paper)  # fmt: skip
    made.get(
        "/ballots/{ballot_id}/papers/{subject}", operation_id="read_paper",
        response_model=PaperOut, responses=refusals(*REFUSALS, Missing),
    )(read_entry)  # fmt: skip
    made.delete(
        "/ballots/{ballot_id}/papers/{subject}", operation_id="take_back_paper", status_code=204,
        responses=refusals(*REFUSALS, Missing, BallotClosed, EntryCounted),
    )(take_back_paper)  # fmt: skip
    made.post(
        "/ballots/{ballot_id}/ticks", operation_id="tick_voter", status_code=204,
        responses=refusals(*_ENTERING, KeyReused),
    )(tick_voter)  # fmt: skip
    made.delete(
        "/ballots/{ballot_id}/ticks/{voter}", operation_id="untick_voter", status_code=204,
        responses=refusals(*REFUSALS, Missing, BallotNotOpen, BallotClosed, NotATeller, KeyReused),
    )(untick_voter)  # fmt: skip
    made.post(
        "/ballots/{ballot_id}/urn-notes", operation_id="sign_urn_note", status_code=204,
        responses=refusals(*REFUSALS, Missing, BallotClosed, NotATeller, KeyReused),
    )(sign_urn_note)  # fmt: skip


async def list_tellers(
    ballot_id: BallotPath, parts: PartsDep, caller: Annotated[Caller, allowed("list_tellers")]
) -> TellersOut:
    """Return the tellers of a ballot."""

    def read(work: Work) -> list[str]:
        the_ballot(work, ballot_id)
        return tellers(work, ballot_id)

    return TellersOut(persons=await parts.store.read(read))


async def put_tellers(
    ballot_id: BallotPath,
    named: TellersIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("name_tellers")],
    key: IdempotencyKey = None,
) -> Response:
    """Name the tellers of a ballot; two of them enter each paper, each for themselves."""

    def do(work: Work) -> Answer:
        found = name_tellers(work, ballot_id, named.persons, by=caller.id)
        return Answer(status=200, body=TellersOut(persons=found).model_dump_json().encode())

    request = asked(caller, "name_tellers", key, ballot_id, named.model_dump_json())
    return (await parts.store.write(once, parts.answers, request, do)).response()


async def list_papers(
    ballot_id: BallotPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_papers")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[PaperLineOut]:
    """List what tellers have entered, and how it stands; nothing of what they read."""
    last: tuple[str, str] | None = None
    if after:
        subject, teller = cursor_values(after, str, str)
        last = (subject, teller)

    def read(work: Work) -> list[tuple[str, Entry]]:
        the_ballot(work, ballot_id)
        keeps = {Role.STEWARD, Role.AUDITOR} & caller.roles
        if not keeps and not is_teller(work, ballot_id, caller.id):
            raise NotATeller()
        return listed_entries(work, ballot_id, after=last, most=size + 1)

    return page(
        await parts.store.read(read),
        size=size,
        shown=lambda row: PaperLineOut(subject=row[0], **row[1]._asdict()),
        order=lambda row: (row[0], row[1].teller),
    )


async def enter_paper(
    ballot_id: BallotPath,
    paper: PaperIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("enter_paper")],
    key: IdempotencyKey = None,
) -> Response:
    """Enter what you have read; the second of two tellers who reads the same makes it count.

    The same again changes nothing; so a key is taken, and not kept beside what was read.
    """
    if paper.spoilt is (paper.choice is not None):
        raise MalformedChoice("a paper says something, or it is spoilt")
    reading = Reading(
        ballot_id=ballot_id,
        teller=caller.id,
        subject=paper.subject,
        channel=Channel(paper.channel),
        choice=SPOILT if paper.choice is None else paper.choice,
    )
    return _entered(await parts.store.write(read_paper, reading))


async def read_entry(
    ballot_id: BallotPath,
    subject: SubjectPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_paper")],
) -> Response:
    """Return how an entry of yours stands, and what the other teller read if it differs."""
    return _entered(
        await parts.store.read(entry_shown, ballot_id, subject=subject, teller=caller.id)
    )


async def take_back_paper(
    ballot_id: BallotPath,
    subject: SubjectPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("take_back_paper")],
    key: IdempotencyKey = None,
) -> Response:
    """Take back what you have read, as long as it is not counted; no key is kept of it."""
    await parts.store.write(take_back, ballot_id, subject=subject, teller=caller.id)
    return Response(status_code=204)


async def tick_voter(
    ballot_id: BallotPath,
    ticked: TickIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("tick_voter")],
    key: IdempotencyKey = None,
) -> Response:
    """Note that a voter has put a slip into the urn; they vote by no other way then."""

    def do(work: Work) -> Answer:
        tick(work, ballot_id, voter=ticked.voter, teller=caller.id)
        return Answer(status=204)

    request = asked(caller, "tick_voter", key, ballot_id, ticked.voter)
    return (await parts.store.write(once, parts.answers, request, do)).response()


async def untick_voter(
    ballot_id: BallotPath,
    voter: VoterPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("untick_voter")],
    key: IdempotencyKey = None,
) -> Response:
    """Take a tick back that was set by mistake."""

    def do(work: Work) -> Answer:
        untick(work, ballot_id, voter=voter, teller=caller.id)
        return Answer(status=204)

    request = asked(caller, "untick_voter", key, ballot_id, voter)
    return (await parts.store.write(once, parts.answers, request, do)).response()


async def sign_urn_note(
    ballot_id: BallotPath,
    said: UrnNoteIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("sign_urn_note")],
    key: IdempotencyKey = None,
) -> Response:
    """Say why an urn has not as many slips as ticks; with two tellers' word it can be counted."""

    def do(work: Work) -> Answer:
        sign_note(
            work,
            ballot_id,
            teller=caller.id,
            ticks=said.ticks,
            slips=said.slips,
            note=said.note,
        )
        return Answer(status=204)

    request = asked(caller, "sign_urn_note", key, ballot_id, said.model_dump_json())
    return (await parts.store.write(once, parts.answers, request, do)).response()


def once(
    work: Work, answers: Answers, request: Asked | None, do: Callable[[Work], Answer]
) -> Answer:
    """Do what was asked once; a request that comes again is answered as the first was.

    Only for requests that hold no choice.
    """
    return answers.once(work, request, lambda: do(work))


def answered(shown: BaseModel, status: int = 200) -> Answer:
    """Return an answer that shows something."""
    return Answer(status=status, body=shown.model_dump_json().encode())


def _entered(entered: Entered) -> Response:
    shown = PaperOut.model_validate(
        {
            "subject": entered.subject,
            "channel": entered.channel.value,
            "state": entered.state,
            "yours": entered.yours,
            "others": entered.others,
            "receipt": entered.receipt,
        }
    )
    headers = {"Cache-Control": "no-store"}
    return Response(shown.model_dump_json(), headers=headers, media_type="application/json")
