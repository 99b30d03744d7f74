"""What ends with somebody: when a person or an entity goes, its membership and mandates do."""

from collections.abc import Iterable
from dataclasses import replace

from services.directory.register import Mandate, Member
from services.directory.register_rows import (
    keep_mandates,
    keep_members,
    mandates_of,
    member,
    note_steps,
)
from services.directory.register_telling import tell_mandate, tell_member
from shared.store import Work

PERSON_LEFT = "person-left"
ENTITY_WITHDRAWN = "entity-withdrawn"


def end_with_person(work: Work, person_id: str, *, by: str) -> None:
    """End the membership and the mandates of a person who leaves."""
    _end_membership(work, person_id, reason=PERSON_LEFT, by=by)
    end_mandates(work, mandates_of(work, person=person_id), reason=PERSON_LEFT, by=by)


def end_with_entity(work: Work, entity_id: str, *, by: str = "directory") -> None:
    """End the membership and the mandates of an entity that is withdrawn."""
    _end_membership(work, entity_id, reason=ENTITY_WITHDRAWN, by=by)
    end_mandates(work, mandates_of(work, entity=entity_id), reason=ENTITY_WITHDRAWN, by=by)


def end_member(work: Work, one: Member, *, reason: str, by: str) -> Member:
    """End a membership and tell of it; return it as it is now."""
    left = replace(
        one, revision=one.revision + 1, standing="", groups=(), left_at=work.moment, reason=reason
    )
    keep_members(work, [left])
    note_steps(work, [(one.id, "member-left", {"reason": reason})], by=by)
    tell_member(work, left)
    return left


def end_mandates(work: Work, mandates: Iterable[Mandate], *, reason: str, by: str) -> list[Mandate]:
    """End those mandates that are not over, and tell of them; return them as they are now."""
    over = [
        replace(one, revision=one.revision + 1, ended_at=work.moment, reason=reason)
        for one in mandates
        if not one.over(work.moment)
    ]
    keep_mandates(work, over)
    for one in over:
        detail = {"mandate": one.id, "person": one.person, "entity": one.entity, "reason": reason}
        note_steps(
            work, [(about, "mandate-ended", detail) for about in (one.person, one.entity)], by=by
        )
        tell_mandate(work, one)
    return over


def _end_membership(work: Work, member_id: str, *, reason: str, by: str) -> None:
    one = member(work, member_id)
    if one is not None and one.standing:
        end_member(work, one, reason=reason, by=by)
