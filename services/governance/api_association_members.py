"""HTTP of who belongs to an association: applications, sponsors, ballots, replies and appeals."""

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from services.governance.api_association_models import (
    ApplicationOut,
    ApplyIn,
    AssociationPath,
    BallotPath,
    BelongingAppealIn,
    BelongingBallotOut,
    BelongingCallIn,
    BelongingPrepareIn,
    EnterIn,
    NodePath,
    PaperApplicationIn,
    ReplyIn,
)
from services.governance.association_ballots import (
    AboutMember,
    Course,
    appeal,
    call_ballot,
    prepare_ballot,
    reply,
)
from services.governance.association_desk import unit
from services.governance.association_members import (
    Own,
    Paper,
    apply,
    enter,
    enter_paper,
    sponsor_member,
)
from services.governance.association_refusals import (
    ANSWER_REFUSALS,
    BALLOT_REFUSALS,
    MEMBER_REFUSALS,
    SIGNING_REFUSALS,
)
from services.governance.federated_handlers import Wording
from services.governance.federated_refusals import CharterNotAdopted, NoBallotYet
from services.governance.parts import Parts, PartsDep
from shared.access import REFUSALS, Caller
from shared.contracts.associations import MembershipApplied
from shared.gate import allowed
from shared.idempotency import IdempotencyKey, KeyReused
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work


def add_to(made: APIRouter) -> None:
    """Add the paths of members and of those who ask to be one."""
    common = (*REFUSALS, Missing, KeyReused)
    made.post(
        "/associations/{association}/application", operation_id="apply_for_membership",
        response_model=ApplicationOut, responses=refusals(*common, CharterNotAdopted),
    )(apply_for_membership)  # fmt: skip
    made.post(
        "/associations/{association}/applications", operation_id="enter_application",
        response_model=ApplicationOut, responses=refusals(*common, *MEMBER_REFUSALS),
    )(enter_application)  # fmt: skip
    made.post(
        "/associations/{association}/papers", operation_id="enter_paper_member",
        response_model=ApplicationOut,
        responses=refusals(*common, *MEMBER_REFUSALS, *SIGNING_REFUSALS),
    )(enter_paper_member)  # fmt: skip
    made.post(
        "/associations/{association}/sponsorships/{network}", operation_id="sponsor_member",
        status_code=204, responses=refusals(*common, *MEMBER_REFUSALS),
    )(sponsor)  # fmt: skip
    made.post(
        "/associations/{association}/ballot-rolls", operation_id="prepare_membership_ballot",
        status_code=201, response_model=BelongingBallotOut,
        responses=refusals(*common, *BALLOT_REFUSALS),
    )(prepare_membership_ballot)  # fmt: skip
    made.post(
        "/associations/{association}/ballots", operation_id="call_membership_ballot",
        status_code=201, response_model=BelongingBallotOut,
        responses=refusals(*common, *BALLOT_REFUSALS),
    )(call_membership_ballot)  # fmt: skip
    made.post(
        "/association-ballots/{ballot}/reply", operation_id="reply_to_ballot", status_code=204,
        responses=refusals(*common, *ANSWER_REFUSALS, NoBallotYet),
    )(reply_to_ballot)  # fmt: skip
    made.post(
        "/association-ballots/{ballot}/appeal", operation_id="appeal_ballot", status_code=204,
        responses=refusals(*common, *ANSWER_REFUSALS, NoBallotYet),
    )(appeal_ballot)  # fmt: skip


async def apply_for_membership(
    association: AssociationPath,
    body: ApplyIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("apply_for_membership")],
    key: IdempotencyKey = None,
) -> Response:
    """Ask to belong. Where the network has no line yet, carry the answer to the keeper."""
    own = _own(parts, body.names)

    def do(work: Work) -> dict[str, Any]:
        return _application(apply(work, parts.federated, association, own))

    return await unit(parts, caller, "apply_for_membership", key, body, do, association)


async def enter_application(
    association: AssociationPath,
    body: EnterIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("enter_application")],
    key: IdempotencyKey = None,
) -> Response:
    """Enter an application that was carried here; its signatures say whose it is."""

    def do(work: Work) -> dict[str, Any]:
        said = body.model_dump(mode="json")
        return _application(enter(work, parts.federated, association, said))

    return await unit(parts, caller, "enter_application", key, body, do, association)


async def enter_paper_member(
    association: AssociationPath,
    body: PaperApplicationIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("enter_paper_member")],
    key: IdempotencyKey = None,
) -> Response:
    """Enter a network without software; this one signs and speaks for it, from its paper."""
    paper = Paper(
        network=body.network,
        names=body.names,
        paper_hash=body.paper_hash,
        decision=body.decision,
    )

    def do(work: Work) -> dict[str, Any]:
        desk = parts.federated
        return _application(enter_paper(work, desk, association, paper, steward=caller.id))

    return await unit(parts, caller, "enter_paper_member", key, body, do, association)


async def sponsor(
    association: AssociationPath,
    network: NodePath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("sponsor_member")],
    key: IdempotencyKey = None,
) -> Response:
    """Stand for a network that asks to belong."""

    def do(work: Work) -> None:
        sponsor_member(work, parts.federated, association, network)

    return await unit(
        parts, caller, "sponsor_member", key, None, do, association, network, status=204
    )


async def prepare_membership_ballot(
    association: AssociationPath,
    body: BelongingPrepareIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("prepare_membership_ballot")],
    key: IdempotencyKey = None,
) -> Response:
    """Ask all members for their rolls, before a ballot on who belongs or on the charter."""

    def do(work: Work) -> dict[str, str]:
        return {"ballot": prepare_ballot(work, parts.federated, association, _about(body))}

    return await unit(
        parts, caller, "prepare_membership_ballot", key, body, do, association, status=201
    )


async def call_membership_ballot(
    association: AssociationPath,
    body: BelongingCallIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("call_membership_ballot")],
    key: IdempotencyKey = None,
) -> Response:
    """Announce a ballot on who belongs or on the charter, once the rolls are sealed."""
    course = Course(
        language=body.language,
        texts={
            tag: Wording(text=one.text, confirmed=one.confirmed) for tag, one in body.texts.items()
        },
        opens_at=body.opens_at,
        closes_at=body.closes_at,
        follows=body.follows or "",
        ballot_id=body.ballot,
    )

    def do(work: Work) -> dict[str, str]:
        return {"ballot": call_ballot(work, parts.federated, association, _about(body), course)}

    return await unit(
        parts, caller, "call_membership_ballot", key, body, do, association, status=201
    )


async def reply_to_ballot(
    ballot: BallotPath,
    body: ReplyIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("reply_to_ballot")],
    key: IdempotencyKey = None,
) -> Response:
    """Reply, as the network that a ballot is about, for all to read before they vote."""

    def do(work: Work) -> None:
        reply(work, parts.federated, ballot, language=body.language, text=body.text or "")

    return await unit(parts, caller, "reply_to_ballot", key, body, do, ballot, status=204)


async def appeal_ballot(
    ballot: BallotPath,
    body: BelongingAppealIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("appeal_ballot")],
    key: IdempotencyKey = None,
) -> Response:
    """Appeal, as the network that a certified ballot is about: once, to a panel drawn by lot."""

    def do(work: Work) -> None:
        appeal(work, parts.federated, ballot, language=body.language, text=body.text)

    return await unit(parts, caller, "appeal_ballot", key, body, do, ballot, status=204)


def _about(body: BelongingPrepareIn) -> AboutMember:
    return AboutMember(
        matter=body.matter,
        ground=body.ground,
        network=body.network or "",
        grounds=tuple(body.grounds),
        was=body.was or "",
        root_key=body.root_key or "",
        to=body.to or "",
        charter_hash=body.charter_hash or "",
    )


def _own(parts: Parts, names: dict[str, str]) -> Own:
    file = parts.settings.certificates.get("governance")
    certificate = file.read_text("ascii").strip() if file else ""
    return Own(names=names, root_key=parts.settings.root_key, certificate=certificate)


def _application(event: MembershipApplied) -> dict[str, Any]:
    said = event.model_dump(mode="json", exclude={"node", "paper_hash"})
    return {"association": event.association, **said}
