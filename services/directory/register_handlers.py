"""What can happen to persons and members: entered, amended, gone; admitted, changed, left."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from sqlalchemy import bindparam, select, text

from services.directory import register_rows as rows
from services.directory.handlers import NotOurs, Withdrawn, own_entity
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
from services.directory.register_endings import end_member, end_with_person
from services.directory.register_telling import tell_member, tell_person
from services.directory.tables import ENTITY
from shared.ids import NodeName, new_uuid7
from shared.refusals import Missing
from shared.store import Prepared, Work

_STANDING: Final = Prepared(
    select(ENTITY.c.id).where(
        ENTITY.c.id == bindparam("wanted"), ENTITY.c.origin == bindparam("of"),
        ENTITY.c.withdrawn == 0,
    )
)  # fmt: skip
_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(hashtext('register numbers'))")


def enter_person(work: Work, one: Person, *, by: str) -> Person:
    """Enter a person and tell of the pseudonym; return them with their id.

    Args:
        work: the unit.
        one: with an id if their tokens have one already, else with none.
        by: who enters them.

    Raises:
        PersonKnown, NumberTaken
    """
    if one.id and rows.person(work, one.id) is not None:
        raise PersonKnown()
    _require_number(work, one)
    entered = replace(one, id=one.id or new_uuid7(), revision=1, since=work.moment)
    if not rows.keep_persons(work, [entered]):
        # On a server another one has just entered them.
        raise PersonKnown()
    rows.note_steps(work, [(entered.id, "entered", {})], by=by)
    tell_person(work, entered)
    return entered


def amend_person(work: Work, one: Person, *, by: str) -> Person:
    """Put what is known of a person anew; the log hears of it only where it tells of that.

    Raises:
        Missing, PersonGone, NumberTaken
    """
    known = own_person(work, one.id, lock=True)
    _require_number(work, one)
    told = one.declared() != known.declared()
    if not told and (one.number, one.note) == (known.number, known.note):
        return known
    # What stays at home has a revision as well, so that the highest is always the newest.
    amended = replace(one, revision=known.revision + 1, since=known.since)
    rows.keep_persons(work, [amended])
    rows.note_steps(work, [(one.id, "amended", {})], by=by)
    if told:
        tell_person(work, amended)
    return amended


def remove_person(work: Work, person_id: str, *, by: str) -> None:
    """Have a person leave the register: their name, note and what they declared are deleted.

    Their membership and mandates end with it.

    Raises:
        Missing, PersonGone
    """
    known = own_person(work, person_id, lock=True)
    end_with_person(work, person_id, by=by)
    gone = Person(id=person_id, revision=known.revision + 1, since="", left_at=work.moment)
    rows.keep_persons(work, [gone])
    rows.note_steps(work, [(person_id, "left", {})], by=by)
    tell_person(work, gone)


def admit(work: Work, one: Member, *, node: NodeName, by: str) -> Member:
    """Admit a member, or change the standing or the groups of one; return it as it is now.

    Args:
        work: the unit.
        one: with ``since`` where they were admitted before today.
        node: this node.
        by: who admits them.

    Raises:
        UnknownPerson, PersonGone, UnknownEntity
    """
    _require_known(work, one.id, node=node)
    before = rows.member(work, one.id)
    groups = tuple(sorted(set(one.groups)))
    now = replace(one, revision=1, groups=groups, since=one.since or work.moment)
    what = "admitted"
    if before is not None:
        now = replace(now, revision=before.revision + 1)
        if before.standing:
            now, what = replace(now, since=one.since or before.since), "changed"
            if replace(before, revision=now.revision, key=0) == now:
                return before
    rows.keep_members(work, [now])
    detail = {"standing": now.standing, "groups": list(groups), "since": now.since}
    rows.note_steps(work, [(now.id, what, detail)], by=by)
    tell_member(work, now)
    return now


def let_go(work: Work, member_id: str, *, reason: str, by: str) -> Member:
    """End a membership; a person stays in the register, and keeps their mandates.

    Raises:
        NotAMember
    """
    if not is_entity(member_id):
        rows.person(work, member_id, lock=True)
    known = rows.member(work, member_id)
    if known is None or not known.standing:
        raise NotAMember()
    return end_member(work, known, reason=reason, by=by)


def own_person(work: Work, person_id: str, *, lock: bool = False) -> Person:
    """Return a person of the register.

    Raises:
        Missing: there is none.
        PersonGone: they have left.
    """
    known = rows.person(work, person_id, lock=lock)
    if known is None:
        raise Missing()
    if known.left_at:
        raise PersonGone()
    return known


def require_person(work: Work, person_id: str) -> Person:
    """Return a person who is named in a request, locked until the unit ends.

    Raises:
        UnknownPerson, PersonGone
    """
    try:
        return own_person(work, person_id, lock=True)
    except Missing as error:
        raise UnknownPerson() from error


def require_entity(work: Work, entity_id: str, *, node: NodeName) -> None:
    """Refuse an entity that is not this network's; until the unit ends it is not withdrawn.

    Raises:
        UnknownEntity
    """
    try:
        own_entity(work, entity_id, node=node)
    except (Missing, NotOurs, Withdrawn) as error:
        raise UnknownEntity() from error


def standing_entities(work: Work, ids: Iterable[str], *, node: NodeName) -> set[str]:
    """Return which of these are entities of this network that have not been withdrawn."""
    return {one for one in set(ids) if work.rows(_STANDING, {"wanted": one, "of": node})}


def _require_known(work: Work, member_id: str, *, node: NodeName) -> None:
    if is_entity(member_id):
        require_entity(work, member_id, node=node)
    else:
        require_person(work, member_id)


def _require_number(work: Work, one: Person) -> None:
    if not one.number:
        return
    if work.dialect.name == "postgresql":
        # Two who enter one number at once: the second waits, and then finds the first.
        work.execute(_ONE_AT_A_TIME)
    other = rows.numbered(work, one.number)
    if other is not None and other.id != one.id:
        raise NumberTaken()
