"""Lists of ballots between networks: found by what is kept of them, and made from their facts.

The row of a ballot may be older than its facts, until the keeper has looked at it; so a row that
may be old is taken whatever it says, and its ballot is judged as the facts make it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select

from services.governance.federated.ballot import Ballot
from services.governance.federated.facts import Fact
from services.governance.federated.notices import Notice
from services.governance.federated_refusals import NoBallotYet
from services.governance.federated_rows import facts_behind, keys_of, made_of, state_of
from services.governance.federated_seen import Seen
from services.governance.tables.federated import FEDERATED
from shared.clock import stamp
from shared.refusals import Missing
from shared.store import Work

LOOKED_AT_MAX: Final = 500
"""How many ballots one question looks at; a page may end early, and says where to go on."""

# The ids of ballots of all networks sort by their time behind the network's name.
_when: Final[ColumnElement[Any]] = func.substr(FEDERATED.c.id, func.length(FEDERATED.c.id) - 35)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which ballots are asked for; what is empty or None says nothing.

    Args:
        network: one that is called.
        lacking: one whose seal is awaited, missing or late.
        contested: whether something is in doubt.
        ours: whether something waits for people of this network.
    """

    association: str = ""
    state: str = ""
    matter: str = ""
    convener: str = ""
    network: str = ""
    lacking: str = ""
    contested: bool | None = None
    ours: bool = False

    def fits(self, seen: Seen) -> bool:
        """Tell whether a ballot is one of them."""
        event = seen.notice.event if seen.notice else None
        short = (*seen.awaited, *seen.missing, *seen.late)
        return (
            (not self.association or (event is not None and event.association == self.association))
            and (not self.state or seen.state.value == self.state)
            and (not self.matter or (event is not None and event.matter == self.matter))
            and (not self.convener or seen.ballot.ballot_id.startswith(f"{self.convener}:"))
            and (not self.network or self.network in seen.ballot.legs)
            and (not self.lacking or self.lacking in short)
            and (self.contested is None or self.contested is bool(seen.ballot.disputes))
            and (not self.ours or seen.is_awaited_here)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of ballots.

    Args:
        following: the id behind which the next page begins; empty on the last one.
    """

    seen: tuple[Seen, ...]
    following: str


def listing(
    work: Work, wanted: Wanted, *, me: str, now: datetime, after: str = "", size: int
) -> Listing:
    """Return ballots that this node knows, the newest first.

    Args:
        me: this node.
        now: by its clock.
        after: the id behind which the page begins.
    """
    found: list[Seen] = []
    last, looked = after, 0
    rows = _ids(work, wanted, now=now, after=after, most=LOOKED_AT_MAX + 1)
    for ballot_id in rows[:LOOKED_AT_MAX]:
        if len(found) == size:
            return Listing(seen=tuple(found), following=last)
        last, looked = ballot_id, looked + 1
        seen = Seen(ballot=state_of(work, ballot_id), me=me, now=now)
        if wanted.fits(seen):
            found.append(seen)
    return Listing(seen=tuple(found), following=last if looked < len(rows) else "")


def every(work: Work, wanted: Wanted, *, me: str, now: datetime, most: int) -> list[Seen]:
    """Return all ballots that are asked for, at most so many, the newest first."""
    found: list[Seen] = []
    after = ""
    while True:
        page = listing(work, wanted, me=me, now=now, after=after, size=most - len(found))
        found += page.seen
        after = page.following
        if not after or len(found) >= most:
            return found


def seen_of(work: Work, ballot_id: str, *, me: str, now: datetime) -> Seen:
    """Return a ballot as this node sees it.

    Raises:
        Missing: nothing was told of it.
    """
    return Seen(ballot=with_facts(work, ballot_id)[0], me=me, now=now)


def with_facts(work: Work, ballot_id: str) -> tuple[Ballot, list[Fact]]:
    """Return a ballot, and the facts that make it.

    Raises:
        Missing: nothing was told of it.
    """
    facts = facts_behind(work, ballot_id)
    if not any(getattr(fact.event, "ballot_id", "") == ballot_id for fact in facts):
        raise Missing()
    return made_of(ballot_id, facts, keys_of(work, facts)), facts


def noticed_to_read(work: Work, ballot_id: str) -> tuple[Ballot, Notice]:
    """Return a ballot with its notice, without keeping anybody from changing it.

    Raises:
        Missing: nothing was told of it.
        NoBallotYet: no ballot comes of what was told.
    """
    ballot, _ = with_facts(work, ballot_id)
    if ballot.notice is None:
        raise NoBallotYet()
    return ballot, ballot.notice


def _ids(work: Work, wanted: Wanted, *, now: datetime, after: str, most: int) -> list[str]:
    old = or_(
        FEDERATED.c.changed == 1,
        (FEDERATED.c.next_at != "") & (FEDERATED.c.next_at <= stamp(now)),
    )
    found = select(FEDERATED.c.id).order_by(_when.desc(), FEDERATED.c.id.desc()).limit(most)
    if wanted.association:
        found = found.where(FEDERATED.c.association == wanted.association)
    if wanted.state:
        found = found.where(or_(old, FEDERATED.c.state == wanted.state))
    if wanted.matter:
        found = found.where(or_(old, FEDERATED.c.matter == wanted.matter))
    if wanted.convener:
        found = found.where(FEDERATED.c.id.like(f"{wanted.convener}:%"))
    if after:
        when = after[-36:]
        found = found.where(or_(_when < when, (_when == when) & (FEDERATED.c.id < after)))
    return [row.id for row in work.execute(found)]
