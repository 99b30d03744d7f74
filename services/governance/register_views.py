"""The register as governance knows it: members, mandates, terms, and who may act for whom."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select

from services.governance.electorates import Mandate, Member
from services.governance.tables.rolls import MANDATE, MEMBER, PERSON
from shared.clock import moment, stamp
from shared.store import Prepared, Work
from shared.terms import Term, in_a_row

_gone: Final = select(PERSON.c.id).where(PERSON.c.left == 1)
_mandate: Final = tuple(MANDATE.c[name] for name in Mandate._fields)
_MEMBERS: Final = Prepared(
    select(MEMBER.c.id, MEMBER.c.standing, MEMBER.c.groups, MEMBER.c.since, MEMBER.c.left_at)
    .where(MEMBER.c.id.not_in(_gone))
    .order_by(MEMBER.c.id)
)
_MANDATES: Final = Prepared(
    select(*_mandate).where(MANDATE.c.person.not_in(_gone)).order_by(MANDATE.c.id)
)
_OF_PERSON: Final = Prepared(
    select(*_mandate)
    .where(MANDATE.c.person == bindparam("who"), MANDATE.c.person.not_in(_gone))
    .order_by(MANDATE.c.begins, MANDATE.c.id)
)
_ALL_TERMS: Final = Prepared(select(*_mandate).order_by(MANDATE.c.begins, MANDATE.c.id))
_TERMS: Final = Prepared(
    select(*_mandate)
    .where(MANDATE.c.person == bindparam("who"))
    .order_by(MANDATE.c.begins, MANDATE.c.id)
)
_PERSONS: Final = Prepared(
    select(
        PERSON.c.id,
        PERSON.c.gender,
        PERSON.c.worker,
        PERSON.c.worker_since,
        MEMBER.c.standing,
        MEMBER.c.groups,
        MEMBER.c.since,
        MEMBER.c.left_at,
    )
    .select_from(PERSON.outerjoin(MEMBER, MEMBER.c.id == PERSON.c.id))
    .where(PERSON.c.left == 0)
    .order_by(PERSON.c.id)
)


class Held(NamedTuple):
    """A term of a delegate, as health reckons with it; ``until`` is None where no end is set."""

    person: str
    entity: str
    begins: datetime
    until: datetime | None

    @property
    def term(self) -> Term:
        """The span of time alone."""
        return Term(self.begins, self.until)


class Person(NamedTuple):
    """A person of the register, member or not; empty where nothing was declared or known.

    Args:
        gender: ``woman``, ``man``, ``other``, or nothing; shown in sums only.
        worker_since: a day, a month or a year.
        standing: ``full``, ``observer``, or nothing for who is no member.
        since: when they were admitted, as a stamp.
    """

    id: str
    gender: str
    worker: bool
    worker_since: str
    standing: str
    groups: tuple[str, ...]
    since: str


def members(work: Work) -> list[Member]:
    """Return all members of the register, observers and those who have left, too."""
    return [
        Member(id=id_, standing=standing, groups=_codes(groups), since=since, left_at=left_at)
        for id_, standing, groups, since, left_at in work.rows(_MEMBERS, {})
    ]


def mandates(work: Work) -> list[Mandate]:
    """Return all mandates of persons who have not left, those that are over, too."""
    return [Mandate._make(row) for row in work.rows(_MANDATES, {})]


def persons(work: Work) -> list[Person]:
    """Return all persons of the register, members or not."""
    found = []
    for row in work.rows(_PERSONS, {}):
        id_, gender, worker, worker_since, standing, groups, since, left_at = row
        stays = bool(standing) and not left_at
        found.append(
            Person(
                id=id_,
                gender=gender,
                worker=bool(worker),
                worker_since=worker_since,
                standing=standing if stays else "",
                groups=_codes(groups or "") if stays else (),
                since=since if stays else "",
            )
        )
    return found


def mandates_of(work: Work, person: str, at: datetime) -> list[Mandate]:
    """Return the mandates of a person that hold at a moment, the oldest first."""
    when = stamp(at)
    return [one for one in _rows(work.rows(_OF_PERSON, {"who": person})) if one.holds(when)]


def acts_for(work: Work, person: str, entity: str, at: datetime) -> bool:
    """Return whether by the register a person may act for an entity at a moment."""
    return any(one.entity == entity for one in mandates_of(work, person, at))


def terms(work: Work) -> list[Held]:
    """Return all terms that delegates have held, hold or will hold, the earliest first."""
    return [_held(one) for one in _rows(work.rows(_ALL_TERMS, {}))]


def served(work: Work, person: str, *, at: datetime | None = None) -> int:
    """Return how many mandates in a row a person has held, of the entity where they are most.

    Args:
        work: the unit.
        person: whose.
        at: until which moment; the unit's own time where none is said.
    """
    by_entity: dict[str, list[Term]] = {}
    for one in _rows(work.rows(_TERMS, {"who": person})):
        by_entity.setdefault(one.entity, []).append(_held(one).term)
    return max((in_a_row(some, at or work.now) for some in by_entity.values()), default=0)


def _rows(rows: Iterable[tuple[Any, ...]]) -> list[Mandate]:
    return [Mandate._make(row) for row in rows]


def _held(one: Mandate) -> Held:
    return Held(
        one.person, one.entity, moment(one.begins), moment(one.until) if one.until else None
    )


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())
