"""Urns of paper: slips without names, and ticks on the roll for those who put one in.

An urn holds as many slips as there are ticks, or two tellers say in a note why not.
"""

from collections import Counter
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.governance.ballot_refusals import BallotClosed, UrnDiffers, VotedElsewhere
from services.governance.ballots import BallotState, Channel, ballot_alone
from services.governance.casting import issue, issued, slip, tell_recorded
from services.governance.custody import hidden
from services.governance.paper import TELLERS, require_reading
from services.governance.receipts import receipt_of
from services.governance.roll_handlers import entry
from services.governance.rolls import NotInRoll
from services.governance.tables.ballots import BALLOT_ISSUED, PAPER_ENTRY, TELLER_NOTE
from services.governance.tellers import require_teller
from shared.refusals import Missing
from shared.store import Prepared, Work


class PaperUrn(NamedTuple):
    """What the close needs to know of an urn of paper."""

    set_aside: frozenset[str]
    """The slips that are more than there were people."""
    invalid: int
    notes: list[dict[str, Any]]


_UNTICK: Final = Prepared(
    delete(BALLOT_ISSUED).where(
        BALLOT_ISSUED.c.ballot_id == bindparam("of_ballot"),
        BALLOT_ISSUED.c.voter == bindparam("of_voter"),
        BALLOT_ISSUED.c.channel == Channel.URN.value,
    )
)
_new_note = insert(TELLER_NOTE)
_KEEP_NOTE: Final = Prepared(
    _new_note.on_conflict_do_update(
        index_elements=("ballot_id", "teller"),
        set_={name: _new_note.excluded[name] for name in ("ticks", "slips", "note", "at")},
    ),
    columns=("ballot_id", "teller", "ticks", "slips", "note", "at"),
)


def tick(work: Work, ballot_id: str, *, voter: str, teller: str) -> None:
    """Note that a voter has put a slip into the urn; they vote by no other way then.

    Raises:
        Missing, BallotNotOpen, BallotClosed, NotATeller, NotInRoll, VotedElsewhere
    """
    ballot = ballot_alone(work, ballot_id)
    require_teller(work, ballot_id, teller)
    require_reading(work, ballot, Channel.URN)
    if entry(work, ballot_id, voter) is None:
        raise NotInRoll()
    if issue(work, ballot_id, voter, Channel.URN):
        tell_recorded(work, ballot_id, voter)
        return
    before = issued(work, ballot_id, voter)
    if before is None or before[0] is not Channel.URN:
        raise VotedElsewhere()


def untick(work: Work, ballot_id: str, *, voter: str, teller: str) -> None:
    """Take a tick back that was set by mistake, and tell the voter.

    Raises:
        Missing: no such ballot, or the voter was not ticked.
        BallotClosed, NotATeller
    """
    ballot = ballot_alone(work, ballot_id)
    require_teller(work, ballot_id, teller)
    require_reading(work, ballot, Channel.URN)
    if not work.run(_UNTICK, {"of_ballot": ballot_id, "of_voter": voter}):
        raise Missing()
    tell_recorded(work, ballot_id, voter)


def sign_note(
    work: Work, ballot_id: str, *, teller: str, ticks: int, slips: int, note: str
) -> None:
    """Keep a teller's word on why the urn has another number of slips than there are ticks.

    Raises:
        Missing, BallotClosed, NotATeller
    """
    ballot = ballot_alone(work, ballot_id)
    require_teller(work, ballot_id, teller)
    if ballot.closed is not None:
        raise BallotClosed()
    row = {"ballot_id": ballot_id, "teller": teller, "ticks": ticks, "slips": slips, "note": note}
    work.run(_KEEP_NOTE, row | {"at": work.moment})


def settled_urn(work: Work, ballot: BallotState, key: bytes) -> PaperUrn:
    """Return what of the urn of paper is counted, when a ballot closes.

    Where two tellers have signed that there are more slips than people, the slips with the smallest
    receipts are set aside: nobody could choose them, and anybody can see that it was those.

    Raises:
        UrnDiffers: slips and ticks are not equally many, or two tellers read a slip differently,
            and no two of them have signed these numbers.
    """
    ticks = _ticks(work, ballot.ballot_id)
    states = _slip_states(work, ballot.ballot_id)
    found = Counter(states.values())
    slips = found["agreed"] + found["spoilt"]
    unsettled = len(states) - slips
    notes: list[dict[str, Any]] = []
    if ticks != slips or unsettled:
        notes = _notes(work, ballot.ballot_id, ticks=ticks, slips=slips)
        if len(notes) < TELLERS:
            raise UrnDiffers(ticks=ticks, slips=slips, unsettled=unsettled)
    surplus = min(max(0, slips - ticks), found["agreed"])
    aside = _smallest(work, ballot.ballot_id, key, states, surplus)
    return PaperUrn(aside, found["spoilt"] + len(aside), notes)


def _ticks(work: Work, ballot_id: str) -> int:
    query = select(func.count()).where(
        BALLOT_ISSUED.c.ballot_id == ballot_id, BALLOT_ISSUED.c.channel == Channel.URN.value
    )
    return int(work.execute(query).scalar_one())


def _slip_states(work: Work, ballot_id: str) -> dict[str, str]:
    query = (
        select(PAPER_ENTRY.c.subject, PAPER_ENTRY.c.state)
        .where(PAPER_ENTRY.c.ballot_id == ballot_id, PAPER_ENTRY.c.channel == Channel.URN.value)
        .order_by(PAPER_ENTRY.c.subject)
    )
    return {row.subject: row.state for row in work.execute(query)}


def _notes(work: Work, ballot_id: str, *, ticks: int, slips: int) -> list[dict[str, Any]]:
    query = (
        select(TELLER_NOTE.c.note)
        .where(
            TELLER_NOTE.c.ballot_id == ballot_id,
            TELLER_NOTE.c.ticks == ticks,
            TELLER_NOTE.c.slips == slips,
        )
        .order_by(TELLER_NOTE.c.teller)
    )
    return [
        {"kind": "urn", "ticks": ticks, "slips": slips, "note": row[0]}
        for row in work.execute(query)
    ]


def _smallest(
    work: Work, ballot_id: str, key: bytes, states: dict[str, str], how_many: int
) -> frozenset[str]:
    if not how_many:
        return frozenset()
    receipts: list[tuple[str, str]] = []
    for subject, state in states.items():
        if state == "agreed":
            slip_id = hidden(key, "slip", subject)
            lying = slip(work, ballot_id, slip_id)
            assert lying is not None, "what was agreed on lies here"
            receipts.append((receipt_of(ballot_id, lying[0], lying[1].encode()), slip_id))
    return frozenset(slip_id for _, slip_id in sorted(receipts)[:how_many])
