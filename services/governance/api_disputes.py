"""HTTP of outcomes in doubt: challenges, rulings, the drawn audit of rolls, recounts."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from services.governance import dispute_audits, dispute_handlers, dispute_recounts
from services.governance.api_dispute_models import (
    AuditFoundIn,
    AuditOut,
    AuditsOut,
    ChallengeIn,
    CheckedOut,
    CountedAgainOut,
    OpenIn,
    OpeningOut,
    OpeningsOut,
    ReasonOut,
    ReasonsOut,
    RulingIn,
    ToldOut,
)
from services.governance.api_federated_models import FederatedPath
from services.governance.api_federated_seals import NetworkPath
from services.governance.dispute_refusals import (
    DISPUTE_REFUSALS,
    BadAnswer,
    DisputesChanged,
    NoLocalVote,
    NoSealThere,
    NotDrawn,
    NothingToChallenge,
    OrderUnfit,
    TooManyBad,
)
from services.governance.federated_rows import text_of
from services.governance.federated_view_rows import with_facts
from services.governance.package import BadPackage, CountDiffers, PackageChanged
from services.governance.parts import Parts, PartsDep
from shared.access import REFUSALS, Caller
from shared.gate import allowed
from shared.idempotency import Answer, Asked, IdempotencyKey, KeyReused, asked
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

PACKAGE_BYTES_MAX: Final = 200_000_000
_ONE: Final = "/{ballot_id}"


def router() -> APIRouter:
    """Return the paths of disputes."""
    made = APIRouter(prefix="/together", tags=["outcomes in doubt"])
    _add_disputes(made)
    _add_audits(made)
    _add_recounts(made)
    return made


def _add_disputes(made: APIRouter) -> None:
    made.post(
        f"{_ONE}/challenges", operation_id="challenge_outcome", status_code=201,
        response_model=ToldOut,
        responses=refusals(
            *REFUSALS, Missing, *DISPUTE_REFUSALS, NothingToChallenge, KeyReused
        ),
    )(post_challenge)  # fmt: skip
    made.post(
        f"{_ONE}/rulings", operation_id="rule_on_disputes", status_code=201,
        response_model=ToldOut,
        responses=refusals(
            *REFUSALS, Missing, *DISPUTE_REFUSALS, NotDrawn, DisputesChanged, OrderUnfit, KeyReused
        ),
    )(post_ruling)  # fmt: skip
    made.get(
        f"{_ONE}/reasons", operation_id="list_dispute_reasons",
        responses=refusals(*REFUSALS, Missing),
    )(list_reasons)  # fmt: skip


def _add_audits(made: APIRouter) -> None:
    made.get(f"{_ONE}/audits", operation_id="list_audits", responses=refusals(*REFUSALS, Missing))(
        list_audits
    )
    made.get(
        f"{_ONE}/audits/answers/{{network}}", operation_id="answer_audit",
        responses=refusals(*REFUSALS, Missing, *DISPUTE_REFUSALS, NotDrawn, NoLocalVote),
    )(answer_audit)  # fmt: skip
    made.post(
        f"{_ONE}/audits/{{network}}/answer/preview", operation_id="check_audit_answer",
        response_model=CheckedOut,
        responses=refusals(*REFUSALS, Missing, *DISPUTE_REFUSALS, NotDrawn, BadAnswer),
        openapi_extra=_body("The answer, as it came."),
    )(check_answer)  # fmt: skip
    made.post(
        f"{_ONE}/audits/{{network}}", operation_id="report_audit", status_code=201,
        response_model=ToldOut,
        responses=refusals(*REFUSALS, Missing, *DISPUTE_REFUSALS, NotDrawn, TooManyBad, KeyReused),
    )(report_audit)  # fmt: skip


def _add_recounts(made: APIRouter) -> None:
    made.post(
        f"{_ONE}/packages", operation_id="open_recount_package", status_code=201,
        response_model=OpeningOut,
        responses=refusals(*REFUSALS, Missing, *DISPUTE_REFUSALS, NoLocalVote, KeyReused),
    )(open_package)  # fmt: skip
    made.get(
        f"{_ONE}/packages", operation_id="list_recount_openings",
        responses=refusals(*REFUSALS),
    )(list_openings)  # fmt: skip
    made.get(
        f"{_ONE}/packages/{{opening}}", operation_id="read_opened_package",
        responses=refusals(*REFUSALS, Missing, *DISPUTE_REFUSALS, NoLocalVote),
    )(read_package)  # fmt: skip
    made.post(
        f"{_ONE}/legs/{{network}}/recount/preview", operation_id="count_again",
        response_model=CountedAgainOut,
        responses=refusals(
            *REFUSALS, Missing, *DISPUTE_REFUSALS, NoSealThere, BadPackage, PackageChanged,
            CountDiffers,
        ),
        openapi_extra=_body("The package, as it came."),
    )(count_again)  # fmt: skip


async def post_challenge(
    ballot_id: FederatedPath,
    given: ChallengeIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("challenge_outcome")],
    key: IdempotencyKey = None,
) -> Response:
    """Challenge a ballot as this network, with a reason for everybody to read."""

    def do(work: Work) -> Answer:
        told = dispute_handlers.challenge(work, parts.federated, ballot_id, given.challenge())
        return _told(ballot_id, told)

    said = given.model_dump_json()
    return await _unit(parts, asked(caller, "challenge_outcome", key, ballot_id, said), do)


async def post_ruling(
    ballot_id: FederatedPath,
    given: RulingIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("rule_on_disputes")],
    key: IdempotencyKey = None,
) -> Response:
    """Rule on what is in doubt, as a network that was drawn, with reasons; once."""

    def do(work: Work) -> Answer:
        told = dispute_handlers.rule_on(work, parts.federated, ballot_id, given.word())
        return _told(ballot_id, told)

    said = given.model_dump_json()
    return await _unit(parts, asked(caller, "rule_on_disputes", key, ballot_id, said), do)


async def list_reasons(
    ballot_id: FederatedPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_dispute_reasons")],
) -> ReasonsOut:
    """Return who has challenged and ruled, and why, as far as the words have come here."""

    def read(work: Work) -> list[dict[str, Any]]:
        with_facts(work, ballot_id)
        found = dispute_handlers.reasons(work, ballot_id)
        return [one | {"text": text_of(work, one["hash"])} for one in found]

    found = await parts.store.read(read)
    return ReasonsOut(items=[ReasonOut.model_validate(one) for one in found])


async def list_audits(
    ballot_id: FederatedPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_audits")],
) -> AuditsOut:
    """Return which entries of which roll were drawn for whom; everybody can draw them again."""
    ballot, _ = await parts.store.read(with_facts, ballot_id)
    drawn = dispute_audits.drawn_for(ballot)
    return AuditsOut(
        items=[
            AuditOut(
                audited=one.audited,
                auditor=one.auditor,
                roll_root=one.roll_root,
                roll_size=one.roll_size,
                outcome_hash=one.outcome_hash,
                places=list(one.places),
                done=one.done,
                ours=parts.node in (one.audited, one.auditor),
            )
            for one in drawn
        ]
    )


async def answer_audit(
    ballot_id: FederatedPath,
    network: NetworkPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("answer_audit")],
) -> Response:
    """Return this network's answer to an auditor that was drawn: entries with proofs, no names.

    It is a file to be sent by letter or stick. It holds pseudonyms, and public ids of entities.
    """
    data = await parts.store.read(dispute_audits.answer_to, parts.federated, ballot_id, network)
    headers = {"Content-Disposition": f'attachment; filename="audit-{network}.json"'}
    return Response(data, headers=headers, media_type="application/json")


async def check_answer(
    ballot_id: FederatedPath,
    network: NetworkPath,
    request: Request,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("check_audit_answer")],
) -> CheckedOut:
    """Return what a machine finds of an answer: what is proven, lacking, or in our roll, too."""
    data = await _read(request, dispute_audits.ANSWER_BYTES_MAX)
    found = await parts.store.read(
        dispute_audits.check_answer, parts.federated, ballot_id, network, data
    )
    return CheckedOut.model_validate(
        {
            "entries": [dict(one) for one in found.entries],
            "lacking": list(found.lacking),
            "doubles": list(found.doubles),
        }
    )


async def report_audit(
    ballot_id: FederatedPath,
    network: NetworkPath,
    given: AuditFoundIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("report_audit")],
    key: IdempotencyKey = None,
) -> Response:
    """Tell what was found in a roll that this network was drawn to look at: numbers, no names."""

    def do(work: Work) -> Answer:
        told = dispute_audits.report_audit(work, parts.federated, ballot_id, network, given.found())
        return _told(ballot_id, told)

    said = given.model_dump_json()
    return await _unit(parts, asked(caller, "report_audit", key, ballot_id, network, said), do)


async def open_package(
    ballot_id: FederatedPath,
    given: OpenIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("open_recount_package")],
    key: IdempotencyKey = None,
) -> Response:
    """Open the ballots of this network to a named auditor of another one; it stays written down."""

    def do(work: Work) -> Answer:
        made = dispute_recounts.open_package(
            work,
            parts.federated,
            ballot_id,
            network=given.network,
            auditor=given.auditor,
            reason=given.reason,
            by=caller.id,
        )
        return Answer(status=201, body=_opening(made).model_dump_json().encode())

    said = given.model_dump_json()
    return await _unit(parts, asked(caller, "open_recount_package", key, ballot_id, said), do)


async def read_package(
    ballot_id: FederatedPath,
    opening: Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")],
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_opened_package")],
) -> Response:
    """Return the recount package that was opened, to be handed to the auditor it was opened to."""
    data = await parts.store.read(
        dispute_recounts.opened_package, parts.federated, ballot_id, opening
    )
    headers = {"Content-Disposition": f'attachment; filename="recount-{opening[-8:]}.json"'}
    return Response(data, headers=headers, media_type="application/json")


async def list_openings(
    ballot_id: FederatedPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_recount_openings")],
) -> OpeningsOut:
    """Return to whom the ballots of this network were opened, by whom, and why."""
    found = await parts.store.read(dispute_recounts.openings, ballot_id)
    return OpeningsOut(items=[_opening(one) for one in found])


async def count_again(
    ballot_id: FederatedPath,
    network: NetworkPath,
    request: Request,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("count_again")],
) -> CountedAgainOut:
    """Count another network's ballots again from its package, and compare them with its seal."""
    data = await _read(request, PACKAGE_BYTES_MAX)
    found = await parts.store.read(dispute_recounts.count_again, ballot_id, network, data)
    return CountedAgainOut(
        network=found.network,
        seal=found.seal,
        package_hash=found.package_hash,
        agrees=found.agrees,
        differs=list(found.differs),
        withheld=found.withheld,
        pooled=found.pooled,
        same_engine=found.same_engine,
        small_groups=list(found.small_groups),
    )


def _opening(one: dispute_recounts.Opening) -> OpeningOut:
    return OpeningOut(
        id=one.id,
        network=one.network,
        auditor=one.auditor,
        reason=one.reason,
        opened_by=one.opened_by,
        opened_at=one.opened_at,
        package_hash=one.package_hash,
    )


def _told(ballot_id: str, told: str) -> Answer:
    return Answer(status=201, body=orjson.dumps({"id": ballot_id, "reason_hash": told}))


def _body(what: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object", "description": what}}}
    return {"requestBody": {"required": True, "content": content}}


async def _read(request: Request, most: int) -> bytes:
    """Return the bytes of a request, and no more than may be.

    Raises:
        BadPackage: there are more.
    """
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > most:
            raise BadPackage(f"it has more than {most} bytes")
    return bytes(found)


async def _unit(parts: Parts, request: Asked | None, do: Callable[[Work], Answer]) -> Response:
    answer = await parts.store.write(
        lambda work: parts.answers.once(work, request, lambda: do(work))
    )
    parts.changed()
    return answer.response()
