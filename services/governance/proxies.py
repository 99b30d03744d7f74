"""Proxies: an absent voter has said in writing who casts their ballot; a teller has seen it.

Whoever holds one casts one ballot for each voter, and no more of them than the rule says. Voters
who come after all cast their own: it takes the place of what was cast for them, where votes may
change, and their proxy casts no more for them.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.governance.ballot_refusals import (
    BadProxy,
    BallotClosed,
    TooManyProxies,
    VotedElsewhere,
)
from services.governance.ballots import ballot_alone
from services.governance.casting import holder_of, issued
from services.governance.register_views import mandates_of
from services.governance.roll_handlers import entry
from services.governance.rolls import NotInRoll
from services.governance.tables.ballots import BALLOT_PROXY
from services.governance.tellers import require_teller
from shared.refusals import Missing
from shared.store import Prepared, Work


class Proxy(NamedTuple):
    """Who casts for whom: voters of the roll."""

    giver: str
    holder: str


_GIVE: Final = Prepared(
    insert(BALLOT_PROXY).on_conflict_do_nothing(),
    columns=("ballot_id", "giver", "holder", "teller"),
)
_END: Final = Prepared(
    delete(BALLOT_PROXY).where(
        BALLOT_PROXY.c.ballot_id == bindparam("of_ballot"),
        BALLOT_PROXY.c.giver == bindparam("of_giver"),
    )
)
_HELD: Final = Prepared(
    select(func.count())
    .select_from(BALLOT_PROXY)
    .where(
        BALLOT_PROXY.c.ballot_id == bindparam("of_ballot"),
        BALLOT_PROXY.c.holder == bindparam("of_holder"),
    )
)
_GIVERS: Final = Prepared(
    select(BALLOT_PROXY.c.giver)
    .where(
        BALLOT_PROXY.c.ballot_id == bindparam("of_ballot"),
        BALLOT_PROXY.c.holder == bindparam("of_holder"),
    )
    .order_by(BALLOT_PROXY.c.giver)
)


def enter_proxy(work: Work, ballot_id: str, *, giver: str, holder: str, teller: str) -> Proxy:
    """Enter a written proxy; the same one a second time changes nothing.

    Raises:
        Missing, BallotClosed, NotATeller
        NotInRoll: one of both has no vote here.
        BadProxy: a proxy to oneself, a second one, or one that would be handed on.
        TooManyProxies: the holder stands for as many as the rule says, or it has no proxies.
        VotedElsewhere: the giver has voted.
    """
    ballot = ballot_alone(work, ballot_id)
    require_teller(work, ballot_id, teller)
    if ballot.closed is not None or work.now >= ballot.closes_at:
        raise BallotClosed()
    if any(entry(work, ballot_id, one) is None for one in (giver, holder)):
        raise NotInRoll()
    before = holder_of(work, ballot_id, giver)
    if before == holder:
        return Proxy(giver, holder)
    if before or giver == holder:
        raise BadProxy("one voter gives one proxy, to another")
    if holder_of(work, ballot_id, holder) or _held(work, ballot_id, giver):
        raise BadProxy("a proxy is not handed on")
    if _held(work, ballot_id, holder) >= ballot.rule.proxies_max:
        raise TooManyProxies(proxies_max=ballot.rule.proxies_max)
    if issued(work, ballot_id, giver) is not None:
        raise VotedElsewhere()
    row = {"ballot_id": ballot_id, "giver": giver, "holder": holder, "teller": teller}
    assert work.run(_GIVE, row) == 1, "nobody else writes meanwhile"
    return Proxy(giver, holder)


def require_not_own(work: Work, *, holder: str, teller: str) -> None:
    """Return quietly unless a teller would enter a proxy that they would cast by themselves.

    What a chair hands over from a room was entered by others before.

    Raises:
        BadProxy
    """
    own = {f"p:{teller}", *(f"e:{one.entity}" for one in mandates_of(work, teller, work.now))}
    if holder in own:
        raise BadProxy("another teller enters a proxy that you would hold yourself")


def end_proxy(work: Work, ballot_id: str, *, giver: str) -> None:
    """End a proxy; what was cast by it stays until its giver votes.

    Raises:
        Missing: there is no such ballot, or no such proxy.
        BallotClosed
    """
    if ballot_alone(work, ballot_id).closed is not None:
        raise BallotClosed()
    if not work.run(_END, {"of_ballot": ballot_id, "of_giver": giver}):
        raise Missing()


def proxies_of(work: Work, ballot_id: str, *, holder: str) -> list[str]:
    """Return the voters for whom somebody casts."""
    rows = work.rows(_GIVERS, {"of_ballot": ballot_id, "of_holder": holder})
    return [row[0] for row in rows]


def proxies(work: Work, ballot_id: str, *, after: str = "", most: int) -> Iterator[Proxy]:
    """Return the proxies of a ballot in the order of their givers."""
    query = (
        select(BALLOT_PROXY.c.giver, BALLOT_PROXY.c.holder)
        .where(BALLOT_PROXY.c.ballot_id == ballot_id, BALLOT_PROXY.c.giver > after)
        .order_by(BALLOT_PROXY.c.giver)
        .limit(most)
    )
    return (Proxy._make(row) for row in work.execute(query))


def _held(work: Work, ballot_id: str, holder: str) -> int:
    found = work.rows(_HELD, {"of_ballot": ballot_id, "of_holder": holder})
    return int(found[0][0])
