"""What can happen to a roll: it is frozen, once, and asked who has a vote in it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from services.governance import electorates, register_views
from services.governance.electorates import ENTITY, PERSON
from services.governance.merkle import Proof, Tree
from services.governance.rolls import (
    ActsForAnother,
    EmptyRoll,
    Entry,
    NoRoll,
    NotInRoll,
    Roll,
    RollFrozen,
    salted,
)
from services.governance.rules import Electorate
from services.governance.tables.rolls import ACT, ENTRY, ROLL
from shared.clock import stamp
from shared.store import Prepared, Work

_COLUMNS: Final = tuple(column.name for column in ENTRY.c)
_BEGIN: Final = Prepared(
    insert(ROLL).on_conflict_do_nothing(), columns=[column.name for column in ROLL.c]
)
_ADD: Final = Prepared(insert(ENTRY), columns=_COLUMNS)
_FREEZE: Final = Prepared(
    update(ROLL)
    .where(ROLL.c.ballot == bindparam("of_ballot"), ROLL.c.frozen == 0)
    .values(frozen=1, size=bindparam("new_size"), root=bindparam("new_root"))
)
_ROLL: Final = Prepared(
    select(ROLL.c.root, ROLL.c.size, ROLL.c.frozen_at, ROLL.c.kind, ROLL.c.groups).where(
        ROLL.c.ballot == bindparam("of_ballot"), ROLL.c.frozen == 1
    )
)
_shown: Final = (ENTRY.c.voter, ENTRY.c.acts, ENTRY.c.groups, ENTRY.c.place, ENTRY.c.salt)
_of_ballot: Final = ENTRY.c.ballot == bindparam("of_ballot")
_BY_VOTER: Final = Prepared(select(*_shown).where(_of_ballot, ENTRY.c.voter == bindparam("who")))
_BY_ACTS: Final = Prepared(select(*_shown).where(_of_ballot, ENTRY.c.acts == bindparam("who")))
_AFTER: Final = Prepared(
    select(*_shown)
    .where(_of_ballot, ENTRY.c.place > bindparam("after"))
    .order_by(ENTRY.c.place)
    .limit(bindparam("most"))
)
_ALL: Final = Prepared(select(*_shown).where(_of_ballot).order_by(ENTRY.c.place))
_CLAIM: Final = Prepared(
    insert(ACT).on_conflict_do_nothing(), columns=[column.name for column in ACT.c]
)
_CLAIMED: Final = Prepared(
    select(ACT.c.voter).where(
        ACT.c.ballot == bindparam("of_ballot"), ACT.c.person == bindparam("who")
    )
)


def freeze_roll(
    work: Work,
    *,
    ballot_id: str,
    electorate: Electorate,
    at: datetime,
    without: Collection[str] = (),
) -> Roll:
    """Make the roll of a ballot from the register as it stands at a moment, for good.

    Args:
        work: the unit in which the ballot opens.
        ballot_id: of which ballot.
        electorate: whose roll it is.
        at: the moment.
        without: voters (``p:...``, ``e:...``) who are left out, as the subject of an admission;
            such a person acts for nobody in this roll either.

    Raises:
        RollFrozen: the ballot has one.
        EmptyRoll: nobody would be in it.
    """
    # The row is claimed first: on a server a second one waits here until the first has committed.
    row = {"ballot": ballot_id, "frozen": 0, "frozen_at": stamp(at), "size": 0, "root": ""}
    row |= {"kind": electorate.kind.value, "groups": " ".join(sorted(set(electorate.groups)))}
    if not work.run(_BEGIN, row):
        raise RollFrozen()
    found = standing_voters(work, electorate, at=at, without=without)
    if not found:
        raise EmptyRoll()
    leaves = salted(ballot_id, found)
    root = Tree(leaf for leaf, _ in leaves).root.hex()
    work.run(_ADD, [_row(ballot_id, place, one) for place, (_, one) in enumerate(leaves)])
    for one in sorted({*without}):
        if one.startswith(PERSON):
            # They act for themselves, who have no vote: so they cannot act for anybody else.
            who = one.removeprefix(PERSON)
            work.run(_CLAIM, {"ballot": ballot_id, "person": who, "voter": one})
    work.run(_FREEZE, {"of_ballot": ballot_id, "new_size": len(leaves), "new_root": root})
    return roll_of(work, ballot_id)


def standing_voters(
    work: Work, electorate: Electorate, *, at: datetime, without: Collection[str] = ()
) -> list[electorates.Voter]:
    """Return who would be in a roll that was made at a moment, in the order of their names."""
    return electorates.voters(
        electorate,
        register_views.members(work),
        register_views.mandates(work),
        stamp(at),
        without=frozenset(without),
    )


def roll_of(work: Work, ballot_id: str) -> Roll:
    """Return the roll of a ballot.

    Raises:
        NoRoll: it has none.
    """
    found = work.rows(_ROLL, {"of_ballot": ballot_id})
    if not found:
        raise NoRoll()
    root, size, frozen_at, kind, groups = found[0]
    return Roll(
        ballot_id=ballot_id,
        root=root,
        size=size,
        frozen_at=frozen_at,
        kind=kind,
        groups=tuple(groups.split()),
    )


def entry(work: Work, ballot_id: str, voter: str) -> Entry | None:
    """Return a voter's entry in a roll, or None where they have none."""
    found = work.rows(_BY_VOTER, {"of_ballot": ballot_id, "who": voter})
    return _entry(found[0]) if found else None


def entry_for(
    work: Work, ballot_id: str, *, person: str, entities: Collection[str]
) -> Entry | None:
    """Return the one entry of a roll that a person may vote by now, or None.

    Who is in the roll as a person votes as one. Who was named to act for an entity votes for that
    one, as long as the mandate holds. Any other delegate votes for the entity for which they have
    acted in this roll before, else for the first that nobody was named for, else for the first of
    their entities. Who was left out of the roll votes for nobody. Casting calls ``act_as`` with
    what this returns.

    Args:
        work: the unit; mandates are judged by its time.
        ballot_id: of which ballot.
        person: who asks.
        entities: for which their token says that they may act; the register must say so, too.
    """
    of_ballot = {"of_ballot": ballot_id}
    own = entry(work, ballot_id, PERSON + person)
    if own is not None:
        return own
    may = {one.entity for one in register_views.mandates_of(work, person, work.now)} & {*entities}
    fixed = [_entry(row) for row in work.rows(_BY_ACTS, of_ballot | {"who": person})]
    if not fixed:
        claimed = work.rows(_CLAIMED, of_ballot | {"who": person})
        if any(voter == PERSON + person for (voter,) in claimed):
            return None
        fixed = [one for (voter,) in claimed if (one := entry(work, ballot_id, voter))]
    if fixed:
        return fixed[0] if fixed[0].voter.removeprefix(ENTITY) in may else None
    free = [one for each in sorted(may) if (one := entry(work, ballot_id, ENTITY + each))]
    return min(free, key=lambda one: bool(one.acts), default=None)


def act_as(work: Work, ballot_id: str, *, person: str, voter: str) -> None:
    """Note that a person acts for an entity in a roll, so that they act for no other in it.

    To be called in the unit that takes their vote. A person who votes as one needs no note.

    Raises:
        ActsForAnother: they have acted for another one.
    """
    if not voter.startswith(ENTITY):
        return
    if not work.run(_CLAIM, {"ballot": ballot_id, "person": person, "voter": voter}):
        ((before,),) = work.rows(_CLAIMED, {"of_ballot": ballot_id, "who": person})
        if before != voter:
            raise ActsForAnother()


def entries(work: Work, ballot_id: str, *, after: int = -1, most: int) -> list[Entry]:
    """Return entries of a roll in the order of their places, those after a place."""
    rows = work.rows(_AFTER, {"of_ballot": ballot_id, "after": after, "most": most})
    return [_entry(row) for row in rows]


def proof_of(work: Work, ballot_id: str, place: int) -> Proof:
    """Return the proof that an entry is in the roll of which the root was told.

    Raises:
        NotInRoll: there is no such place.
    """
    leaves = [_entry(row).leaf(ballot_id) for row in work.rows(_ALL, {"of_ballot": ballot_id})]
    if not 0 <= place < len(leaves):
        raise NotInRoll()
    return Tree(leaves).proof(place)


def _row(ballot_id: str, place: int, one: Entry) -> dict[str, Any]:
    return {
        "ballot": ballot_id,
        "place": place,
        "voter": one.voter,
        "acts": one.acts,
        "groups": " ".join(one.groups),
        "salt": one.salt,
    }


def _entry(row: tuple[Any, ...]) -> Entry:
    voter, acts, groups, place, salt = row
    return Entry(
        voter=voter, acts=acts, groups=tuple(groups.split()), place=place, salt=bytes(salt)
    )
