"""HTTP of ballots: the question, casting, one's own standing; with what the other rooms add.

Whoever casts is answered with a receipt, and nothing that is kept for a request that comes again
holds a voter beside a receipt: what makes it the same request lies with the ballot, and is
destroyed with its key.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.governance import (
    api_ballot_checks,
    api_ballot_delegations,
    api_ballot_papers,
    api_ballot_proxies,
    decision_rows,
)
from services.governance.api_ballot_models import (
    BallotOut,
    BallotPath,
    CastIn,
    CastOut,
    OwnBallotOut,
    OwnVoteOut,
    ResultOut,
    TurnoutOut,
)
from services.governance.ballot_refusals import CASTING_REFUSALS, NonceTaken, NotATeller
from services.governance.ballots import BallotState, the_ballot
from services.governance.casting import Casting, cast, issued, tellable_turnout
from services.governance.choices import CHOICE_REFUSALS
from services.governance.counting.words import told
from services.governance.decision_desk import LangQuery
from services.governance.decision_views import option_names
from services.governance.package import small_groups
from services.governance.parts import Parts, PartsDep
from services.governance.proxies import proxies_of
from services.governance.register_views import mandates_of
from services.governance.roll_handlers import entry, entry_for
from services.governance.tellers import is_teller
from shared.access import REFUSALS, Caller, Role
from shared.cleaning import language_tag
from shared.gate import allowed
from shared.idempotency import REPLAYED_HEADER, IdempotencyKey, KeyReused
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work


def router() -> APIRouter:
    """Return the paths of ballots."""
    made = APIRouter(tags=["ballots"])
    made.get(
        "/ballots/{ballot_id}", operation_id="read_ballot", responses=refusals(*REFUSALS, Missing)
    )(read_ballot)  # fmt: skip
    made.post(
        "/ballots/{ballot_id}/casts", operation_id="cast_ballot", status_code=201,
        response_model=CastOut,
        responses=refusals(
            *REFUSALS, Missing, *CASTING_REFUSALS, *CHOICE_REFUSALS, KeyReused
        ),
    )(cast_ballot)  # fmt: skip
    made.get(
        "/ballots/{ballot_id}/own", operation_id="read_own_ballot",
        responses=refusals(*REFUSALS, Missing),
    )(read_own_ballot)  # fmt: skip
    made.get(
        "/ballots/{ballot_id}/turnout", operation_id="read_turnout",
        responses=refusals(*REFUSALS, Missing, NotATeller),
    )(read_turnout)  # fmt: skip
    api_ballot_checks.add_to(made)
    api_ballot_papers.add_to(made)
    api_ballot_proxies.add_to(made)
    api_ballot_delegations.add_to(made)
    return made


async def read_ballot(
    ballot_id: BallotPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_ballot")],
    lang: LangQuery = "en",
) -> BallotOut:
    """Return a ballot; after the close also what came of it, round by round, in words and data."""

    def unit(work: Work) -> BallotOut:
        ballot = the_ballot(work, ballot_id)
        return _shown(ballot, parts.clock.now(), _words(work, ballot, lang))

    return await parts.store.read(unit)


async def cast_ballot(
    ballot_id: BallotPath,
    vote: CastIn,
    request: Request,
    caller: Annotated[Caller, allowed("cast_ballot")],
    key: IdempotencyKey = None,
) -> Response:
    """Cast a vote, or change it where the rule has that; the answer holds a receipt.

    The voter gets a notice each time that something is recorded for them, and never of what.
    """
    # Many votes come at once at the end: a dependency would be asked for in another thread.
    parts: Parts = request.state.parts
    casting = Casting(
        ballot_id=ballot_id,
        choice=vote.choice,
        person=caller.id,
        entities=caller.entities,
        voter=vote.voter or "",
        nonce=vote.nonce or "",
        word=key or "",
    )
    try:
        recorded = await parts.store.write(cast, casting)
    except NonceTaken as error:
        if key and not vote.nonce:
            raise KeyReused() from error
        raise
    answer = CastOut(
        ballot_id=ballot_id,
        voter=recorded.voter,
        receipt=recorded.receipt,
        changed=recorded.changed,
    )
    headers = {"Cache-Control": "no-store"} | ({REPLAYED_HEADER: "true"} if recorded.again else {})
    return Response(answer.model_dump_json(), 201, headers, media_type="application/json")


async def read_own_ballot(
    ballot_id: BallotPath, parts: PartsDep, caller: Annotated[Caller, allowed("read_own_ballot")]
) -> Response:
    """Say whether you have voted, for yourself and for those whose proxy you hold; never what."""
    answer = await parts.store.read(_own, ballot_id, caller, now=parts.clock.now())
    headers = {"Cache-Control": "no-store"}
    return Response(answer.model_dump_json(), headers=headers, media_type="application/json")


async def read_turnout(
    ballot_id: BallotPath, parts: PartsDep, caller: Annotated[Caller, allowed("read_turnout")]
) -> TurnoutOut:
    """Say how many have voted, to stewards and tellers; small numbers are not told before."""

    def read(work: Work) -> TurnoutOut:
        ballot = the_ballot(work, ballot_id)
        if Role.STEWARD not in caller.roles and not is_teller(work, ballot_id, caller.id):
            raise NotATeller()
        voted = tellable_turnout(work, ballot, least=parts.settings.small_group)
        return TurnoutOut(voted=voted, roll_size=ballot.roll_size)

    return await parts.store.read(read)


def _own(work: Work, ballot_id: str, caller: Caller, *, now: datetime) -> OwnBallotOut:
    ballot = the_ballot(work, ballot_id)
    # A token says for whom somebody may act until it ends, the register until the mandate does.
    may = {one.entity for one in mandates_of(work, caller.id, work.now)} & caller.entities
    named = [f"e:{one}" for one in sorted(may)]
    own = entry_for(work, ballot_id, person=caller.id, entities=caller.entities)
    voters = [one for one in named if entry(work, ballot_id, one) is not None]
    if own is not None:
        voters = sorted({own.voter, *voters})
    votes = [_own_vote(work, ballot_id, voter) for voter in voters]
    if own is not None:
        votes += [
            _own_vote(work, ballot_id, giver, by_proxy=True)
            for giver in proxies_of(work, ballot_id, holder=own.voter)
        ]
    return OwnBallotOut(
        ballot_id=ballot_id,
        takes_votes=_stands(ballot, now) == "open",
        may_change=ballot.rule.change_until_close,
        votes=votes,
    )


def _own_vote(work: Work, ballot_id: str, voter: str, *, by_proxy: bool = False) -> OwnVoteOut:
    found = issued(work, ballot_id, voter)
    if found is None:
        return OwnVoteOut(voter=voter, voted=False, by_proxy=by_proxy)
    channel, hour = found
    return OwnVoteOut(voter=voter, voted=True, channel=channel.value, hour=hour, by_proxy=by_proxy)


def _words(work: Work, ballot: BallotState, lang: str) -> list[str]:
    """Return the report in sentences, with the options by their names."""
    if ballot.closed is None:
        return []
    tag = language_tag(lang)
    try:
        names = option_names(decision_rows.kept(work, ballot.ballot_id).decision, tag)
    except Missing:
        # A ballot may be held without a decision; its options then stand for themselves.
        names = {}
    return told(ballot.closed.report, tag.partition("-")[0], names)


def _shown(ballot: BallotState, now: datetime, words: list[str]) -> BallotOut:
    return BallotOut.model_validate(
        {
            "ballot_id": ballot.ballot_id,
            "rule": ballot.rule,
            "rule_hash": ballot.rule_hash,
            "options": list(ballot.options),
            "texts": dict(ballot.texts),
            "opens_at": ballot.opens_at,
            "closes_at": ballot.closes_at,
            "state": _stands(ballot, now),
            "roll_root": ballot.roll_root,
            "roll_size": ballot.roll_size,
            "result": _result(ballot, words),
        }
    )


def _stands(ballot: BallotState, now: datetime) -> str:
    if ballot.closed is not None:
        return "closed"
    if now < ballot.opens_at:
        return "waiting"
    return "open" if now < ballot.closes_at else "over"


def _result(ballot: BallotState, words: list[str]) -> ResultOut | None:
    if ballot.closed is None:
        return None
    said = {name: value for name, value in ballot.closed.as_data().items()
            if name in ResultOut.model_fields}  # fmt: skip
    return ResultOut(
        **said,
        words=words,
        closed_at=ballot.closed_at,
        report_hash=ballot.closed.report_hash,
        small_groups=list(small_groups(ballot.closed.report)),
    )
