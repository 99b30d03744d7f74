"""Taking a list of members in: persons are found by their number, entities by their id."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from services.directory import register_rows as rows
from services.directory.mandate_handlers import give_mandate
from services.directory.register import Member, Person, giver
from services.directory.register_handlers import admit, amend_person, enter_person
from services.directory.register_lists import Issue, Row
from shared.clock import stamp
from shared.ids import NodeName
from shared.refusals import Refusal
from shared.store import Work


@dataclass(slots=True)
class Account:
    """What became of a list: how often what was done, and what was not taken."""

    rows: int = 0
    done: Counter[str] = field(default_factory=Counter)
    issues: list[Issue] = field(default_factory=list)


class _OnlyLooking(Exception):
    """Ends what was only to be tried."""


def take_list(
    work: Work,
    taken: Sequence[Row],
    issues: Sequence[Issue],
    *,
    node: NodeName,
    by: str,
    preview: bool = False,
) -> Account:
    """Take the rows of a list in, each for itself; return what became of them.

    Args:
        work: the unit.
        taken: the rows that could be read.
        issues: of those that could not.
        node: this node.
        by: who sends the list.
        preview: try it only, and keep nothing.
    """
    account = Account(rows=len(taken) + len(issues), issues=list(issues))
    with suppress(_OnlyLooking), work.nested():
        for row in taken:
            try:
                with work.nested():
                    done = _take(work, row, node=node, by=by)
            except Refusal as refusal:
                account.issues.append(Issue(row.line, "", refusal.slug, str(refusal)))
                continue
            account.done.update(done or ["unchanged"])
        if preview:
            raise _OnlyLooking
    account.issues.sort(key=lambda one: one.line)
    return account


def _take(work: Work, row: Row, *, node: NodeName, by: str) -> list[str]:
    """Take a row in, and return what was done."""
    if row.entity:
        return _membership(work, row, row.entity, node=node, by=by)
    known = rows.numbered(work, row.number)
    wanted = _person(row, known)
    if known is None:
        one, done = enter_person(work, wanted, by=by), ["entered"]
    else:
        one = amend_person(work, wanted, by=by)
        done = ["amended"] if one.revision > known.revision else []
    done += _membership(work, row, one.id, node=node, by=by)
    return done + (_mandate(work, row, one.id, node=node, by=by) if row.delegate_of else [])


def _person(row: Row, known: Person | None) -> Person:
    base = known or Person(id="", revision=0, since="", number=row.number)
    return replace(
        base,
        note=base.note if row.note is None else row.note,
        gender=base.gender if row.gender is None else row.gender,
        worker=base.worker if row.worker is None else row.worker,
        worker_since=base.worker_since if row.worker_since is None else row.worker_since,
    )


def _membership(work: Work, row: Row, member_id: str, *, node: NodeName, by: str) -> list[str]:
    before = rows.member(work, member_id)
    if before is not None and not before.standing:
        # Who has left is not let in again by an old list.
        return []
    wanted = Member(
        id=member_id,
        revision=0,
        standing=row.standing or (before.standing if before else "full"),
        groups=row.groups if row.groups is not None else before.groups if before else (),
        since=stamp(row.since) if row.since else "",
    )
    now = admit(work, wanted, node=node, by=by)
    return [] if before is not None and now.revision == before.revision else ["admitted"]


def _mandate(work: Work, row: Row, person: str, *, node: NodeName, by: str) -> list[str]:
    held = [one for one in rows.mandates_of(work, person=person) if one.entity == row.delegate_of]
    begins = stamp(row.begins) if row.begins else ""
    if any(one.begins == begins or (not begins and not one.over(work.moment)) for one in held):
        return []
    give_mandate(
        work,
        person=person,
        entity=row.delegate_of,
        begins=row.begins,
        ends=row.ends,
        given_by=giver(by),
        by=by,
        node=node,
    )
    return ["mandates"]
