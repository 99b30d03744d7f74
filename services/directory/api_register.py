"""HTTP of the register: persons under pseudonyms, members, what happened, and lists of members."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel
from starlette.responses import Response

from services.directory import register_handlers, register_rows
from services.directory.access import ACCESS
from services.directory.api_register_models import (
    LeavingIn,
    ListAccount,
    ListIssue,
    MemberIn,
    MemberOut,
    PersonDeclared,
    PersonIn,
    PersonOut,
    StepOut,
    member_out,
    person_out,
    step_out,
)
from services.directory.parts import Parts, PartsDep
from services.directory.register import (
    Member,
    NotAMember,
    NumberTaken,
    Person,
    PersonGone,
    PersonKnown,
    UnknownEntity,
    UnknownPerson,
    is_entity,
)
from services.directory.register_access import sees_notes
from services.directory.register_import import take_list
from services.directory.register_lists import LIST_SIZE_MAX, BadList, read_list
from shared.access import REFUSALS, Caller
from shared.clock import stamp
from shared.contracts.register import Group, MemberId, PersonId, Standing
from shared.edge import AfterQuery, IfMatch, SizeQuery
from shared.etag import BadMatch, ChangedMeanwhile, etag, require_match
from shared.gate import allowed
from shared.idempotency import Answer, Asked, IdempotencyKey, KeyReused, asked
from shared.paging import PAGE_SIZE, BadCursor, Page, cursor_values, page
from shared.problems import refusals
from shared.refusals import Missing
from shared.store import Work

LISTS: Final[Mapping[str, int]] = {"/register/import": LIST_SIZE_MAX}
"""The paths whose bodies are longer than others', and how long."""
_NO_STORE: Final = {"Cache-Control": "no-store"}

PersonPath = Annotated[PersonId, Path(examples=["0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e21"])]
MemberPath = Annotated[MemberId, Path(description="A person's id, or an entity's.")]

log = structlog.get_logger(__name__)
router = APIRouter(tags=["register"])


async def once(parts: Parts, do: Callable[[Work], Answer], said: Asked | None) -> Response:
    """Do what was asked unless it was done before, and send what was answered."""

    def unit(work: Work) -> Answer:
        return parts.answers.once(work, said, lambda: do(work))

    return (await parts.store.write(unit)).response()


def answer(shown: BaseModel, *, status: int = 200, **headers: str) -> Answer:
    """Return the answer that shows something; what is of persons is kept by nobody on the way."""
    return Answer(
        status=status, body=shown.model_dump_json().encode(), headers={**headers, **_NO_STORE}
    )


@router.post(
    "/persons", operation_id="enter_person", status_code=201, response_model=PersonOut,
    responses=refusals(*REFUSALS, PersonKnown, NumberTaken, KeyReused),
)  # fmt: skip
async def enter_person(
    given: PersonIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("enter_person")],
    key: IdempotencyKey = None,
) -> Response:
    """Enter a person; the answer holds the pseudonym under which all else knows them."""

    def do(work: Work) -> Answer:
        one = _person(given, id=given.id or "")
        entered = register_handlers.enter_person(work, one, by=caller.id)
        return _shown(entered, caller, status=201, Location=f"persons/{entered.id}")

    said = asked(caller, "enter_person", key, given.model_dump_json())
    return await once(parts, do, said)


@router.get(
    "/persons", operation_id="list_persons", responses=refusals(*REFUSALS, BadCursor)
)  # fmt: skip
async def list_persons(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_persons")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[PersonOut]:
    """List the persons of the register in the order of their entering."""
    last = cursor_values(after, int)[0] if after else 0
    found = await parts.store.read(register_rows.listed_persons, after=last, most=size + 1)
    notes = sees_notes(caller)
    if notes:
        log.info("names of the register read", caller=caller.id)
    return page(
        found,
        size=size,
        shown=lambda one: person_out(one, notes=notes),
        order=lambda one: (one.key,),
    )


@router.get(
    "/persons/{person_id}", operation_id="read_person", response_model=PersonOut,
    responses=refusals(*REFUSALS, Missing, PersonGone),
)  # fmt: skip
async def read_person(
    person_id: PersonPath, parts: PartsDep, caller: Annotated[Caller, allowed("read_person")]
) -> Response:
    """Return a person of the register."""
    ACCESS.may(caller, "read_person", person=person_id)
    return _shown(
        await parts.store.read(register_handlers.own_person, person_id), caller
    ).response()


@router.put(
    "/persons/{person_id}", operation_id="amend_person", response_model=PersonOut,
    responses=refusals(
        *REFUSALS, Missing, PersonGone, NumberTaken, BadMatch, ChangedMeanwhile, KeyReused
    ),
)  # fmt: skip
async def amend_person(
    person_id: PersonPath,
    given: PersonDeclared,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("amend_person")],
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response:
    """Put the whole of what is kept of a person anew."""

    def do(work: Work) -> Answer:
        known = register_handlers.own_person(work, person_id, lock=True)
        if if_match is not None:
            require_match(if_match, etag(known.revision))
        one = _person(given, id=person_id)
        return _shown(register_handlers.amend_person(work, one, by=caller.id), caller)

    said = asked(caller, "amend_person", key, person_id, if_match, given.model_dump_json())
    return await once(parts, do, said)


@router.delete(
    "/persons/{person_id}", operation_id="remove_person", status_code=204,
    response_class=Response, responses=refusals(*REFUSALS, Missing, PersonGone, KeyReused),
)  # fmt: skip
async def remove_person(
    person_id: PersonPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("remove_person")],
    key: IdempotencyKey = None,
) -> Response:
    """Have a person leave the register: name and note are deleted, membership and mandates end."""

    def do(work: Work) -> Answer:
        register_handlers.remove_person(work, person_id, by=caller.id)
        return Answer(status=204)

    return await once(parts, do, asked(caller, "remove_person", key, person_id))


@router.post(
    "/members", operation_id="admit_member", response_model=MemberOut,
    responses=refusals(*REFUSALS, UnknownPerson, PersonGone, UnknownEntity, KeyReused),
)  # fmt: skip
async def admit_member(
    given: MemberIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("admit_member")],
    key: IdempotencyKey = None,
) -> Response:
    """Admit a person or an entity, or change the standing or the groups of a member."""

    def do(work: Work) -> Answer:
        one = Member(
            id=given.member,
            revision=0,
            standing=given.standing,
            groups=tuple(given.groups),
            since=stamp(given.since) if given.since else "",
        )
        now = register_handlers.admit(work, one, node=parts.node, by=caller.id)
        return answer(member_out(now))

    return await once(parts, do, asked(caller, "admit_member", key, given.model_dump_json()))


@router.get(
    "/members", operation_id="list_members", responses=refusals(*REFUSALS, BadCursor)
)  # fmt: skip
async def list_members(
    parts: PartsDep,
    caller: Annotated[Caller, allowed("list_members")],
    group: Annotated[Group | None, Query(description="Only members of this group.")] = None,
    standing: Annotated[Standing | None, Query(description="Full members or observers.")] = None,
    former: Annotated[bool, Query(description="Those who have left, instead.")] = False,
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[MemberOut]:
    """List members in the order of their first admission, in pseudonyms."""
    found = await parts.store.read(
        register_rows.listed_members,
        after=cursor_values(after, int)[0] if after else 0,
        most=size + 1,
        group=group or "",
        standing=standing or "",
        former=former,
    )
    return page(found, size=size, shown=member_out, order=lambda one: (one.key,))


@router.get(
    "/members/{member_id}", operation_id="read_member", response_model=MemberOut,
    responses=refusals(*REFUSALS, Missing),
)  # fmt: skip
async def read_member(
    member_id: MemberPath, parts: PartsDep, caller: Annotated[Caller, allowed("read_member")]
) -> Response:
    """Return a membership, also one that has ended."""
    ACCESS.may(caller, "read_member", **_whose(member_id))
    found = await parts.store.read(register_rows.member, member_id)
    if found is None:
        raise Missing()
    return answer(member_out(found)).response()


@router.post(
    "/members/{member_id}/end", operation_id="end_membership", response_model=MemberOut,
    responses=refusals(*REFUSALS, NotAMember, KeyReused),
)  # fmt: skip
async def end_membership(
    member_id: MemberPath,
    given: LeavingIn,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("end_membership")],
    key: IdempotencyKey = None,
) -> Response:
    """End a membership: somebody has left, or was excluded."""

    def do(work: Work) -> Answer:
        left = register_handlers.let_go(work, member_id, reason=given.reason, by=caller.id)
        return answer(member_out(left))

    return await once(parts, do, asked(caller, "end_membership", key, member_id, given.reason))


@router.get(
    "/members/{member_id}/history", operation_id="read_member_history",
    responses=refusals(*REFUSALS, BadCursor),
)  # fmt: skip
async def read_member_history(
    member_id: MemberPath,
    parts: PartsDep,
    caller: Annotated[Caller, allowed("read_member_history")],
    size: SizeQuery = PAGE_SIZE,
    after: AfterQuery = None,
) -> Page[StepOut]:
    """List what has happened to a person or an entity in the register, mandates included."""
    ACCESS.may(caller, "read_member_history", **_whose(member_id))
    last = cursor_values(after, int)[0] if after else 0
    found = await parts.store.read(register_rows.steps, member_id, after=last, most=size + 1)
    return page(found, size=size, shown=step_out, order=lambda one: (one.key,))


@router.post(
    "/register/import", operation_id="import_register", response_model=ListAccount,
    responses=refusals(*REFUSALS, BadList, KeyReused),
)  # fmt: skip
async def import_register(
    data: Annotated[bytes, Body(media_type="text/csv")],
    parts: PartsDep,
    caller: Annotated[Caller, allowed("import_register")],
    preview: Annotated[
        bool, Query(description="Say what would become of it; keep nothing.")
    ] = False,
    key: IdempotencyKey = None,
) -> Response:
    """Take a list of members in: persons are found by their number, entities by their id."""
    taken, issues = read_list(data)

    def do(work: Work) -> Answer:
        account = take_list(work, taken, issues, node=parts.node, by=caller.id, preview=preview)
        names = ("entered", "amended", "admitted", "mandates", "unchanged")
        shown = ListAccount(
            rows=account.rows,
            issues=[
                ListIssue(line=one.line, column=one.column, reason=one.reason, detail=one.detail)
                for one in account.issues
            ],
            **{name: account.done[name] for name in names},
        )
        return answer(shown)

    said = asked(caller, "import_register", key, str(preview), data)
    return await once(parts, do, said)


def _person(given: PersonDeclared, *, id: str) -> Person:
    return Person(
        id=id,
        revision=0,
        since="",
        gender=given.gender or "",
        worker=given.worker,
        worker_since=given.worker_since or "",
        number=given.number,
        note=given.note,
    )


def _shown(one: Person, caller: Caller, *, status: int = 200, **headers: str) -> Answer:
    shown = person_out(one, notes=sees_notes(caller))
    return answer(shown, status=status, ETag=etag(one.revision), **headers)


def _whose(member_id: str) -> dict[str, Any]:
    if is_entity(member_id):
        return {"person": "", "entity": member_id}
    return {"person": member_id}
