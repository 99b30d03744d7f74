"""The close: slips move into the urn in the order of their receipts, are counted, and stay.

All happens in one unit of work: either the ballot is open with all that was cast, or it is closed,
counted, and nothing joins votes and voters any more.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, text, update

from services.governance.ballot_refusals import BallotStillOpen
from services.governance.ballots import (
    ENGINE,
    BallotState,
    Closed,
    ballot_alone,
    the_ballot,
)
from services.governance.casting import issued_count, issued_voters
from services.governance.custody import erase, hidden, key_of
from services.governance.delegated_votes import lay_delegated
from services.governance.paper_urns import settled_urn
from services.governance.receipts import Cast, receipt_of, tree_of
from services.governance.rules import Secrecy
from services.governance.tables.ballots import BALLOT, BALLOT_SLIP, BALLOT_URN, ROLL_CALL
from services.governance.tally import Poll, counted
from services.governance.urn_classes import classes_of
from shared.canonical import canonical
from shared.clock import stamp
from shared.store import Prepared, Work

__all__ = ["classes_of", "close_ballot", "poll_of"]

_CLOSES: Final = 7_401_926_183
"""On a server closes come one after the other: each empties the tables that all have in common."""

_SLIPS: Final = Prepared(
    select(BALLOT_SLIP.c.slip_id, BALLOT_SLIP.c.nonce, BALLOT_SLIP.c.choice).where(
        BALLOT_SLIP.c.ballot_id == bindparam("of_ballot")
    )
)
_INTO_URN: Final = Prepared(
    insert(BALLOT_URN), columns=("ballot_id", "place", "receipt", "nonce", "choice")
)
_CALL: Final = Prepared(insert(ROLL_CALL), columns=("ballot_id", "voter", "choice"))
_CLOSE: Final = Prepared(
    update(BALLOT)
    .where(BALLOT.c.id == bindparam("of_id"), BALLOT.c.state == "open")
    .values(state="closed", closed_at=bindparam("new_closed_at"), result=bindparam("new_result"))
)


def close_ballot(
    work: Work,
    ballot_id: str,
    *,
    at: datetime,
    call: int = 1,
    standing_objections: int = 0,
    early: bool = False,
) -> Closed:
    """Close a ballot, count it, and destroy what joins its votes and voters.

    A second time it returns what the first one gave.

    Args:
        at: the moment of the close.
        call: 1, or 2 where the first call had no quorum.
        standing_objections: how many objections stand, where consent is asked for.
        early: whether it may be closed before its time, as a chair does in a room.

    Raises:
        Missing: there is no such ballot.
        BallotStillOpen: its time has not come.
        UrnDiffers: the urn of paper has not as many slips as people were ticked.
    """
    if work.dialect.name != "sqlite":
        work.execute(text(f"SELECT pg_advisory_xact_lock({_CLOSES})"))
    ballot = ballot_alone(work, ballot_id)
    if ballot.closed is not None:
        return ballot.closed
    if at < ballot.closes_at and not early:
        raise BallotStillOpen()
    key = key_of(work, ballot_id)
    papers = settled_urn(work, ballot, key)
    notes = list(papers.notes)
    if ballot.rule.delegation is not None:
        notes += lay_delegated(work, ballot, key, at=at)
    slips = {
        slip_id: Cast(receipt_of(ballot_id, nonce, choice.encode()), nonce, choice)
        for slip_id, nonce, choice in work.rows(_SLIPS, {"of_ballot": ballot_id})
        if slip_id not in papers.set_aside
    }
    casts = sorted(slips.values())
    closed = _counted(
        ballot,
        casts,
        issued=issued_count(work, ballot_id),
        invalid=papers.invalid,
        call=call,
        standing_objections=standing_objections,
        notes=notes,
    )
    if ballot.rule.secrecy is Secrecy.OPEN:
        _keep_roll_call(work, ballot_id, key, slips)
    _keep_urn(work, ballot_id, casts)
    row = {
        "of_id": ballot_id,
        "new_closed_at": stamp(at),
        "new_result": canonical(closed.as_data()).decode(),
    }
    assert work.run(_CLOSE, row) == 1
    erase(work, ballot_id)
    kept = the_ballot(work, ballot_id).require_closed()
    assert kept.as_data() == closed.as_data(), "what is kept is what was counted"
    return kept


def poll_of(ballot: BallotState, *, root: str, call: int, standing_objections: int) -> Poll:
    """Return what a count of a ballot needs to know."""
    return Poll(
        ballot_id=ballot.ballot_id,
        rule=ballot.rule,
        options=ballot.options,
        roll_size=ballot.roll_size,
        seed=root,
        call=call,
        standing_objections=standing_objections,
    )


def _counted(
    ballot: BallotState,
    casts: list[Cast],
    *,
    issued: int,
    invalid: int,
    call: int,
    standing_objections: int,
    notes: list[dict[str, Any]],
) -> Closed:
    root = tree_of(cast.receipt for cast in casts).root.hex()
    poll = poll_of(ballot, root=root, call=call, standing_objections=standing_objections)
    report = counted(poll, classes_of(casts))
    assert len({cast.receipt for cast in casts}) == len(casts), "a receipt is of one ballot"
    assert report.cast == len(casts) <= issued <= ballot.roll_size
    assert sum(report.classes.values()) + report.blank == report.cast
    return Closed(
        root=root,
        cast=report.cast,
        blank=report.blank,
        invalid=invalid,
        issued=issued,
        call=call,
        standing_objections=standing_objections,
        report=report,
        engine=ENGINE,
        notes=tuple(notes),
    )


def _keep_urn(work: Work, ballot_id: str, casts: list[Cast]) -> None:
    rows = (
        {"ballot_id": ballot_id, "place": place, **cast._asdict()}
        for place, cast in enumerate(casts)
    )
    if casts:
        work.run(_INTO_URN, rows)


def _keep_roll_call(work: Work, ballot_id: str, key: bytes, slips: dict[str, Cast]) -> None:
    """Write down who voted what, which the rule has said from the beginning."""
    rows = [
        {"ballot_id": ballot_id, "voter": voter, "choice": slips[slip_id].choice}
        for voter in issued_voters(work, ballot_id)
        if (slip_id := hidden(key, "voter", voter)) in slips
    ]
    if rows:
        work.run(_CALL, rows)
