"""Votes on paper and by telephone: entered by two tellers, each for themselves.

A vote counts once two tellers have read the same; where they differ both are shown how, and nothing
is counted. A paper with a name, or a call, is its voter's one vote; a slip from an urn has a number
and no name (``paper_urns``). What a teller has read lies apart from whom it is of, as all ballots
do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from services.governance.ballot_refusals import (
    BallotClosed,
    BallotNotOpen,
    EntryCounted,
    TwoTellers,
    VotedElsewhere,
)
from services.governance.ballots import BallotState, Channel, ballot_alone
from services.governance.casting import issued, lay, put_in
from services.governance.choices import MalformedChoice, checked_choice
from services.governance.custody import hidden, key_of
from services.governance.receipts import NONCE_BYTES
from services.governance.roll_handlers import entry
from services.governance.rolls import NotInRoll
from services.governance.tables.ballots import (
    PAPER_ENTRY,
    PAPER_MARK,
)
from services.governance.tellers import require_teller
from shared.canonical import canonical
from shared.refusals import Missing
from shared.store import Prepared, Work

SLIP: Final = "s:"
"""What stands before the number of a slip without a name."""
SPOILT: Final[Mapping[str, bool]] = {"spoilt": True}
"""What two tellers read on a slip that cannot be counted."""
TELLERS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one teller has read, or was told.

    Args:
        subject: the voter (``p:``, ``e:``), or the number of a slip of the urn (``s:17``).
        channel: paper with a name, a telephone call, or the urn.
        choice: as it was read; ``SPOILT`` for a slip that says nothing clear.
    """

    ballot_id: str
    teller: str
    subject: str
    channel: Channel
    choice: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """How an entry stands.

    Args:
        state: ``waiting`` for the other teller, ``differs``, ``agreed``, or ``spoilt``.
        yours, others: what was read, as long as it is not counted; the other's where both differ.
        receipt: of a voter's vote that was just counted, to be handed to them.
    """

    subject: str
    channel: Channel
    state: str
    yours: dict[str, Any] | None = None
    others: dict[str, Any] | None = None
    receipt: str = ""


class _Entry(NamedTuple):
    teller: str
    channel: str
    state: str


_of_subject: Final = (
    PAPER_ENTRY.c.ballot_id == bindparam("of_ballot"),
    PAPER_ENTRY.c.subject == bindparam("of_subject"),
)
_ENTRIES: Final = Prepared(
    select(PAPER_ENTRY.c.teller, PAPER_ENTRY.c.channel, PAPER_ENTRY.c.state)
    .where(*_of_subject)
    .order_by(PAPER_ENTRY.c.teller)
)
_TAKE_BACK: Final = Prepared(
    delete(PAPER_ENTRY).where(*_of_subject, PAPER_ENTRY.c.teller == bindparam("of_teller"))
)
_new = insert(PAPER_ENTRY)
_KEEP: Final = Prepared(
    _new.on_conflict_do_update(
        index_elements=("ballot_id", "subject", "teller"),
        set_={"channel": _new.excluded.channel, "state": _new.excluded.state},
    ),
    columns=("ballot_id", "subject", "teller", "channel", "state"),
)
_of_mark: Final = (
    PAPER_MARK.c.ballot_id == bindparam("of_ballot"),
    PAPER_MARK.c.mark_id == bindparam("of_mark"),
)
_MARK: Final = Prepared(select(PAPER_MARK.c.choice).where(*_of_mark))
_UNMARK: Final = Prepared(delete(PAPER_MARK).where(*_of_mark))
_new_mark = insert(PAPER_MARK)
_KEEP_MARK: Final = Prepared(
    _new_mark.on_conflict_do_update(
        index_elements=("ballot_id", "mark_id"), set_={"choice": _new_mark.excluded.choice}
    ),
    columns=("ballot_id", "mark_id", "choice"),
)


def read_paper(work: Work, reading: Reading) -> Entered:
    """Take one teller's reading; with the second that says the same, the vote counts.

    A teller who enters the same subject again corrects what they have read.

    Raises:
        Missing, BallotNotOpen, BallotClosed, NotATeller, NotInRoll
        VotedElsewhere: the voter has voted by another way.
        TwoTellers: two others have entered it.
        EntryCounted: it is counted already.
        MalformedChoice, and the others of ``choices``.
    """
    ballot = ballot_alone(work, reading.ballot_id)
    require_teller(work, reading.ballot_id, reading.teller)
    require_reading(work, ballot, reading.channel)
    choice = _checked(ballot, reading)
    if not reading.subject.startswith(SLIP):
        _require_without_vote(work, ballot.ballot_id, reading.subject)
    key = key_of(work, ballot.ballot_id)
    others = [one for one in _entries(work, reading.ballot_id, reading.subject)
              if one.teller != reading.teller]  # fmt: skip
    if len(others) >= TELLERS:
        raise TwoTellers()
    said = canonical(choice).decode()
    _mark(work, key, reading, said)
    if not others:
        _keep(work, reading, [reading.teller], reading.channel.value, "waiting")
        return Entered(
            subject=reading.subject, channel=reading.channel, state="waiting", yours=choice
        )
    [other] = others
    read = _marked(work, key, reading.ballot_id, reading.subject, other.teller)
    both = [reading.teller, other.teller]
    if read != said or other.channel != reading.channel.value:
        _keep(work, reading, [reading.teller], reading.channel.value, "differs")
        _keep(work, reading, [other.teller], other.channel, "differs")
        return Entered(
            subject=reading.subject,
            channel=reading.channel,
            state="differs",
            yours=choice,
            others=orjson.loads(read or "{}"),
        )
    receipt = _count(work, ballot, key, reading, choice)
    for teller in both:
        mark_id = hidden(key, "mark", reading.subject, teller)
        work.run(_UNMARK, {"of_ballot": ballot.ballot_id, "of_mark": mark_id})
    state = "spoilt" if choice == SPOILT else "agreed"
    _keep(work, reading, both, reading.channel.value, state)
    return Entered(subject=reading.subject, channel=reading.channel, state=state, receipt=receipt)


def entry_shown(work: Work, ballot_id: str, *, subject: str, teller: str) -> Entered:
    """Return how an entry stands for one of the tellers who made it.

    Raises:
        Missing: the teller has entered nothing of that subject.
    """
    entries = {one.teller: one for one in _entries(work, ballot_id, subject)}
    own = entries.pop(teller, None)
    if own is None:
        raise Missing()
    yours = others = None
    if own.state in ("waiting", "differs"):
        key = key_of(work, ballot_id)
        yours = orjson.loads(_marked(work, key, ballot_id, subject, teller))
        if own.state == "differs":
            [other] = entries
            others = orjson.loads(_marked(work, key, ballot_id, subject, other))
    return Entered(
        subject=subject, channel=Channel(own.channel), state=own.state, yours=yours, others=others
    )


def take_back(work: Work, ballot_id: str, *, subject: str, teller: str) -> None:
    """Take back what a teller has read, as long as it is not counted; the other's waits again.

    Raises:
        Missing: the teller has entered nothing of that subject.
        BallotClosed, EntryCounted
    """
    ballot = ballot_alone(work, ballot_id)
    if ballot.closed is not None:
        raise BallotClosed()
    entries = {one.teller: one for one in _entries(work, ballot_id, subject)}
    if entries.pop(teller, None) is None:
        raise Missing()
    key = key_of(work, ballot_id)
    mark_id = hidden(key, "mark", subject, teller)
    work.run(_UNMARK, {"of_ballot": ballot_id, "of_mark": mark_id})
    work.run(_TAKE_BACK, {"of_ballot": ballot_id, "of_subject": subject, "of_teller": teller})
    for other in entries.values():
        row = {"ballot_id": ballot_id, "subject": subject, **other._asdict(), "state": "waiting"}
        work.run(_KEEP, row)


def require_reading(work: Work, ballot: BallotState, channel: Channel) -> None:
    """Return quietly where tellers enter still: paper after the hour, until the close itself."""
    if ballot.closed is not None:
        raise BallotClosed()
    if channel is Channel.PHONE:
        ballot.require_voting(work.now)
    elif work.now < ballot.opens_at:
        raise BallotNotOpen()


def _checked(ballot: BallotState, reading: Reading) -> dict[str, Any]:
    of_urn = reading.subject.startswith(SLIP)
    if of_urn is not (reading.channel is Channel.URN):
        raise MalformedChoice("a slip of the urn has a number, every other vote has a voter")
    if reading.choice == SPOILT:
        if not of_urn:
            raise MalformedChoice("a voter whom we know is asked again")
        return dict(SPOILT)
    return checked_choice(ballot.rule, ballot.options, reading.choice)


def _require_without_vote(work: Work, ballot_id: str, voter: str) -> None:
    if entry(work, ballot_id, voter) is None:
        raise NotInRoll()
    before = issued(work, ballot_id, voter)
    if before is not None:
        counted = any(one.state == "agreed" for one in _entries(work, ballot_id, voter))
        raise EntryCounted() if counted else VotedElsewhere()


def _count(
    work: Work, ballot: BallotState, key: bytes, reading: Reading, choice: dict[str, Any]
) -> str:
    """Count what two tellers agree on; return the receipt of a vote with a voter."""
    nonce = token_hex(NONCE_BYTES)
    if reading.channel is not Channel.URN:
        recorded = put_in(
            work,
            ballot,
            key,
            voter=reading.subject,
            channel=reading.channel,
            choice=choice,
            nonce=nonce,
        )
        return recorded.receipt
    if choice != SPOILT:
        slip_id = hidden(key, "slip", reading.subject)
        lay(work, ballot.ballot_id, slip_id, nonce=nonce, choice=canonical(choice))
    return ""


def _entries(work: Work, ballot_id: str, subject: str) -> list[_Entry]:
    rows = work.rows(_ENTRIES, {"of_ballot": ballot_id, "of_subject": subject})
    return [_Entry(*row) for row in rows]


def _keep(work: Work, reading: Reading, tellers: list[str], channel: str, state: str) -> None:
    for teller in tellers:
        row = {"ballot_id": reading.ballot_id, "subject": reading.subject, "teller": teller}
        work.run(_KEEP, row | {"channel": channel, "state": state})


def _mark(work: Work, key: bytes, reading: Reading, said: str) -> None:
    mark_id = hidden(key, "mark", reading.subject, reading.teller)
    work.run(_KEEP_MARK, {"ballot_id": reading.ballot_id, "mark_id": mark_id, "choice": said})


def _marked(work: Work, key: bytes, ballot_id: str, subject: str, teller: str) -> str:
    mark_id = hidden(key, "mark", subject, teller)
    [(said,)] = work.rows(_MARK, {"of_ballot": ballot_id, "of_mark": mark_id})
    return str(said)
