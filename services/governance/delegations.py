"""Delegations: a voter lets another one carry their vote, for one sort of matters and a time.

They are used only in decisions whose rule has delegation, and there only for who has not voted.
Each can be taken back at any moment. Who holds how many is told to every member.
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.governance.ballot_refusals import BadDelegation
from services.governance.tables.ballots import DELEGATION
from shared.clock import stamp
from shared.contracts.notices import GovernanceNotice
from shared.ids import new_uuid7
from shared.paging import cursor_values
from shared.refusals import Missing
from shared.store import Prepared, Work

LIFE_MAX: Final = timedelta(days=366)
"""For how long a vote may be given away at once."""


class Delegation(NamedTuple):
    """Whose vote another one may carry; moments are stamps."""

    id: str
    giver: str
    holder: str
    scope: str
    given_at: str
    until: str
    revoked_at: str


class Held(NamedTuple):
    """How many votes somebody holds at a moment."""

    holder: str
    scope: str
    votes: int


_NAMES: Final = Delegation._fields
_KEEP: Final = Prepared(insert(DELEGATION), columns=_NAMES)
_COLUMNS: Final = tuple(DELEGATION.c[name] for name in _NAMES)
_FIND: Final = Prepared(select(*_COLUMNS).where(DELEGATION.c.id == bindparam("of_id")))
_REVOKE: Final = Prepared(
    update(DELEGATION)
    .where(
        DELEGATION.c.giver == bindparam("of_giver"),
        DELEGATION.c.scope == bindparam("of_scope"),
        DELEGATION.c.revoked_at == "",
    )
    .values(revoked_at=bindparam("new_revoked_at"))
)


def give(work: Work, *, giver: str, holder: str, scope: str, until: datetime) -> Delegation:
    """Give a vote into another's hands for a scope; it takes the place of an earlier one.

    Raises:
        BadDelegation: to oneself, or for no time or too long a one.
    """
    if giver == holder:
        raise BadDelegation("a vote is given to another")
    if not work.now < until <= work.now + LIFE_MAX:
        raise BadDelegation(f"it ends later than now, and within {LIFE_MAX.days} days")
    _revoke(work, giver=giver, scope=scope)
    given = Delegation(new_uuid7(), giver, holder, scope, work.moment, stamp(until), "")
    work.run(_KEEP, given._asdict())
    _tell(work, given, "delegated")
    return given


def revoke(work: Work, delegation: Delegation) -> Delegation:
    """Take a vote back; one that was taken back already stays so."""
    if delegation.revoked_at:
        return delegation
    _revoke(work, giver=delegation.giver, scope=delegation.scope)
    _tell(work, delegation, "revoked")
    return the_delegation(work, delegation.id)


def the_delegation(work: Work, delegation_id: str) -> Delegation:
    """Return a delegation.

    Raises:
        Missing: there is none of that id.
    """
    rows = work.rows(_FIND, {"of_id": delegation_id})
    if not rows:
        raise Missing()
    return Delegation(*rows[0])


def standing(work: Work, *, scope: str, at: str) -> list[Delegation]:
    """Return the delegations of a scope that hold at a moment, in the order of their ids."""
    query = _standing(select(*_COLUMNS), at).where(DELEGATION.c.scope == scope)
    return [Delegation._make(row) for row in work.execute(query.order_by(DELEGATION.c.id))]


def listed(work: Work, *, voters: list[str], after: str | None, most: int) -> list[Delegation]:
    """Return what some voters have given or hold, the oldest first."""
    query = (
        select(*_COLUMNS)
        .where(or_(DELEGATION.c.giver.in_(voters), DELEGATION.c.holder.in_(voters)))
        .order_by(DELEGATION.c.id)
        .limit(most)
    )
    if after is not None:
        [last] = cursor_values(after, str)
        query = query.where(DELEGATION.c.id > last)
    return [Delegation._make(row) for row in work.execute(query)]


def held(work: Work, *, at: str, after: str | None, most: int) -> list[Held]:
    """Return who holds how many votes at a moment, by holder and scope."""
    query = (
        _standing(select(DELEGATION.c.holder, DELEGATION.c.scope, func.count()), at)
        .group_by(DELEGATION.c.holder, DELEGATION.c.scope)
        .order_by(DELEGATION.c.holder, DELEGATION.c.scope)
        .limit(most)
    )
    if after is not None:
        holder, scope = cursor_values(after, str, str)
        query = query.where(
            or_(
                DELEGATION.c.holder > holder,
                (DELEGATION.c.holder == holder) & (DELEGATION.c.scope > scope),
            )
        )
    return [Held._make(row) for row in work.execute(query)]


def _standing(query: Select[Any], at: str) -> Select[Any]:
    return query.where(
        DELEGATION.c.given_at <= at,
        DELEGATION.c.until > at,
        or_(DELEGATION.c.revoked_at == "", DELEGATION.c.revoked_at > at),
    )


def _revoke(work: Work, *, giver: str, scope: str) -> None:
    row = {"of_giver": giver, "of_scope": scope, "new_revoked_at": work.moment}
    work.run(_REVOKE, row)


def _tell(work: Work, delegation: Delegation, what: str) -> None:
    notice = {"matter": delegation.id, "to": delegation.holder, "what": what}
    work.announce(GovernanceNotice.model_validate(notice))
