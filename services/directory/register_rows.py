"""The rows of the register: kept by the highest revision, found by id, listed in their order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Select, Table, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.directory.register import Mandate, Member, Person, Step
from services.directory.tables import REGISTER
from shared.store import Prepared, Work

PERSON: Final = REGISTER.person
MEMBER: Final = REGISTER.member
MANDATE: Final = REGISTER.mandate
STEP: Final = REGISTER.step
PRIVATE: Final = ("number", "note")
"""What the log does not tell of a person, and a row that comes back from it does not change."""


def _columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.c if column.name != "key")


def keep(table: Table, *stay: str) -> Prepared:
    """Return what keeps a row unless a revision as high is there already."""
    new, columns = insert(table), _columns(table)
    return Prepared(
        new.on_conflict_do_update(
            index_elements=("id",),
            set_={name: new.excluded[name] for name in columns if name not in ("id", *stay)},
            where=new.excluded.revision > table.c.revision,
        ),
        columns=columns,
    )


KEEP_PERSON: Final = keep(PERSON)
KEEP_MEMBER: Final = keep(MEMBER)
KEEP_MANDATE: Final = keep(MANDATE)
_ADD_STEP: Final = Prepared(insert(STEP), columns=_columns(STEP))


def _one(table: Table, column: str = "id") -> Select[Any]:
    return select(table).where(table.c[column] == bindparam("wanted"))


_PERSON: Final = Prepared(_one(PERSON))
_LOCK: Final = Prepared(_one(PERSON).with_for_update())
_NUMBERED: Final = Prepared(_one(PERSON, "number"))
_MEMBER: Final = Prepared(_one(MEMBER))
_MANDATE: Final = Prepared(_one(MANDATE))
_LOCK_MANDATE: Final = Prepared(_one(MANDATE).with_for_update())
_OF_PERSON: Final = Prepared(_one(MANDATE, "person").order_by(MANDATE.c.key))
_OF_ENTITY: Final = Prepared(_one(MANDATE, "entity").order_by(MANDATE.c.key))
_STEPS: Final = Prepared(
    _one(STEP, "about")
    .where(STEP.c.key > bindparam("after"))
    .order_by(STEP.c.key)
    .limit(bindparam("most"))
)


def person(work: Work, person_id: str, *, lock: bool = False) -> Person | None:
    """Return a person, also one who has left, or None.

    Args:
        work: the unit.
        person_id: whose.
        lock: until the unit ends no other one changes them, or gives them a mandate.
    """
    found = work.rows(_LOCK if lock else _PERSON, {"wanted": person_id})
    return _as_person(found[0]) if found else None


def numbered(work: Work, number: str) -> Person | None:
    """Return the person who has a number in the network's own book."""
    found = work.rows(_NUMBERED, {"wanted": number})
    return _as_person(found[0]) if found else None


def member(work: Work, member_id: str) -> Member | None:
    """Return a member, also one who has left, or None."""
    found = work.rows(_MEMBER, {"wanted": member_id})
    return _as_member(found[0]) if found else None


def mandate(work: Work, mandate_id: str, *, lock: bool = False) -> Mandate | None:
    """Return a mandate, also one that is over, or None."""
    found = work.rows(_LOCK_MANDATE if lock else _MANDATE, {"wanted": mandate_id})
    return _as_mandate(found[0]) if found else None


def mandates_of(work: Work, *, person: str = "", entity: str = "") -> list[Mandate]:
    """Return all mandates of a person, or of an entity, those that are over, too."""
    prepared = _OF_PERSON if person else _OF_ENTITY
    return [_as_mandate(row) for row in work.rows(prepared, {"wanted": person or entity})]


def keep_persons(work: Work, persons: Iterable[Person]) -> int:
    """Keep persons as they are now; return how many were behind."""
    return work.run(KEEP_PERSON, [_row(one) for one in persons])


def keep_members(work: Work, members: Iterable[Member]) -> int:
    """Keep members as they are now; return how many were behind."""
    return work.run(KEEP_MEMBER, [_row(one) for one in members])


def keep_mandates(work: Work, mandates: Iterable[Mandate]) -> int:
    """Keep mandates as they are now; return how many were behind."""
    return work.run(KEEP_MANDATE, [_row(one) for one in mandates])


def note_steps(work: Work, steps: Iterable[tuple[str, str, Mapping[str, Any]]], *, by: str) -> None:
    """Note what has happened: about whom, what, and what it came to."""
    work.run(
        _ADD_STEP,
        [
            {
                "about": about,
                "what": what,
                "at": work.moment,
                "by": by,
                "detail": orjson.dumps(detail, option=orjson.OPT_SORT_KEYS).decode(),
            }
            for about, what, detail in steps
        ],
    )


def steps(work: Work, about: str, *, after: int, most: int) -> list[Step]:
    """Return what has happened to somebody, in its order."""
    rows = work.rows(_STEPS, {"wanted": about, "after": after, "most": most})
    return [
        Step(key=key, what=what, at=at, by=by, detail=orjson.loads(detail))
        for key, _, what, at, by, detail in rows
    ]


def listed_persons(work: Work, *, after: int, most: int) -> list[Person]:
    """Return persons who have not left, in the order of their entering."""
    query = select(PERSON).where(PERSON.c.key > after, PERSON.c.left_at == "")
    return [_as_person(row) for row in _found(work, query, PERSON, most)]


def listed_members(
    work: Work, *, after: int, most: int, group: str = "", standing: str = "", former: bool = False
) -> list[Member]:
    """Return members in the order of their first admission.

    Args:
        work: the unit.
        after: the key after which the page begins.
        most: how many.
        group: only members of this group.
        standing: only ``full`` ones, or observers.
        former: those who have left, instead.
    """
    query = select(MEMBER).where(MEMBER.c.key > after)
    query = query.where(MEMBER.c.standing == "" if former else MEMBER.c.standing != "")
    if standing:
        query = query.where(MEMBER.c.standing == standing)
    if group:
        # Codes hold letters, digits and hyphens only: nothing in them is a wildcard.
        query = query.where((" " + MEMBER.c.groups + " ").like(f"% {group} %"))
    return [_as_member(row) for row in _found(work, query, MEMBER, most)]


def listed_mandates(
    work: Work,
    *,
    after: int,
    most: int,
    person: str = "",
    entities: Sequence[str] = (),
    either: bool = False,
    at: str = "",
) -> list[Mandate]:
    """Return mandates in the order in which they were given.

    Args:
        work: the unit.
        after: the key after which the page begins.
        most: how many.
        person: only this person's.
        entities: only those of these entities.
        either: those of the person and those of the entities, not only what is of both.
        at: only those that hold at this moment.
    """
    query = select(MANDATE).where(MANDATE.c.key > after)
    of_person = MANDATE.c.person == person
    of_entity = MANDATE.c.entity.in_(entities)
    if either and entities:
        query = query.where(of_person | of_entity)
    else:
        query = query.where(of_person) if person else query
        query = query.where(of_entity) if entities else query
    if at:
        query = query.where(MANDATE.c.begins <= at)
        query = query.where((MANDATE.c.ends == "") | (MANDATE.c.ends > at))
        query = query.where((MANDATE.c.ended_at == "") | (MANDATE.c.ended_at > at))
    return [_as_mandate(row) for row in _found(work, query, MANDATE, most)]


def _found(work: Work, query: Select[Any], table: Table, most: int) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in work.execute(query.order_by(table.c.key).limit(most))]


def _row(one: Person | Member | Mandate) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: getattr(one, name) for name in type(one).__slots__ if name != "key"
    }
    if isinstance(one, Person):
        row["worker"] = int(one.worker)
    if isinstance(one, Member):
        row["groups"] = " ".join(sorted(set(one.groups)))
    return row


def _as_person(row: tuple[Any, ...]) -> Person:
    values = dict(zip((column.name for column in PERSON.c), row, strict=True))
    return Person(**values | {"worker": bool(values["worker"])})


def _as_member(row: tuple[Any, ...]) -> Member:
    values = dict(zip((column.name for column in MEMBER.c), row, strict=True))
    return Member(**values | {"groups": tuple(values["groups"].split())})


def _as_mandate(row: tuple[Any, ...]) -> Mandate:
    return Mandate(**dict(zip((column.name for column in MANDATE.c), row, strict=True)))
