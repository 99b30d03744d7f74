"""Votes on paper and by telephone: entered by two tellers, each for themselves.

A vote counts once two tellers have read the same; where they differ both are shown how, and nothing
is counted. A paper with a name, or a call, is its voter's one vote; a slip from an urn has a number
and no name (``paper_urns``). What a teller has read lies apart from whom it is of, as all ballots
do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Final

import orjson

from services.governance.ballot_refusals import (
    BallotClosed,
    BallotNotOpen,
    EntryCounted,
    TwoTellers,
    VotedElsewhere,
)
from services.governance.ballots import BallotState, Channel, ballot_alone, the_ballot
from services.governance.casting import issued, lay, put_in, slip
from services.governance.choices import MalformedChoice, checked_choice
from services.governance.custody import hidden, key_of
from services.governance.paper_rows import (
    COUNTED,
    SLIP,
    Entry,
    drop_entry,
    entries_of,
    keep_entry,
    mark,
    marked,
    unmark,
)
from services.governance.receipts import NONCE_BYTES, receipt_of
from services.governance.roll_handlers import entry
from services.governance.rolls import NotInRoll
from services.governance.tellers import require_teller
from shared.canonical import canonical
from shared.refusals import Missing
from shared.store import Work

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


def read_paper(work: Work, reading: Reading) -> Entered:
    """Take one teller's reading; with the second that says the same, the vote counts.

    A teller who enters the same subject again corrects what they have read.

    Raises:
        Missing, BallotNotOpen, BallotClosed, NotATeller, NotInRoll
        VotedElsewhere: the voter has voted by another way.
        TwoTellers: two others have entered it.
        EntryCounted: it is counted already, as something else or by others.
        MalformedChoice, and the others of ``choices``.
    """
    ballot_id, subject, teller = reading.ballot_id, reading.subject, reading.teller
    ballot = ballot_alone(work, ballot_id)
    require_teller(work, ballot_id, teller)
    require_reading(work, ballot, reading.channel)
    choice = _checked(ballot, reading)
    key = key_of(work, ballot_id)
    entries = entries_of(work, ballot_id, subject)
    if any(one.state in COUNTED for one in entries.values()):
        return _counted_before(work, key, reading, choice, entries)
    if not subject.startswith(SLIP):
        _require_without_vote(work, ballot_id, subject)
    entries.pop(teller, None)
    if len(entries) >= TELLERS:
        raise TwoTellers()
    said = canonical(choice).decode()
    mark(work, key, ballot_id, subject, teller, said)
    if not entries:
        keep_entry(work, ballot_id, subject, Entry(teller, reading.channel.value, "waiting"))
        return _shown(reading, "waiting", yours=choice)
    [other] = entries.values()
    read = marked(work, key, ballot_id, subject, other.teller)
    same = read == said and other.channel == reading.channel.value
    state = "differs" if not same else "spoilt" if choice == SPOILT else "agreed"
    for one in (other, Entry(teller, reading.channel.value, "")):
        keep_entry(work, ballot_id, subject, one._replace(state=state))
        if same:
            unmark(work, key, ballot_id, subject, one.teller)
    if not same:
        return _shown(reading, state, yours=choice, others=orjson.loads(read))
    return _shown(reading, state, receipt=_count(work, ballot, key, reading, choice))


def entry_shown(work: Work, ballot_id: str, *, subject: str, teller: str) -> Entered:
    """Return how an entry stands for one of the tellers who made it.

    Raises:
        Missing: the teller has entered nothing of that subject.
    """
    ballot = the_ballot(work, ballot_id)
    entries = entries_of(work, ballot_id, subject)
    own = entries.pop(teller, None)
    if own is None:
        raise Missing()
    yours = others = None
    if own.state not in COUNTED and ballot.closed is None:
        key = key_of(work, ballot_id)
        yours = orjson.loads(marked(work, key, ballot_id, subject, teller))
        if own.state == "differs":
            [other] = entries
            others = orjson.loads(marked(work, key, ballot_id, subject, other))
    return Entered(
        subject=subject, channel=Channel(own.channel), state=own.state, yours=yours, others=others
    )


def take_back(work: Work, ballot_id: str, *, subject: str, teller: str) -> None:
    """Take back what a teller has read, as long as it is not counted; the other's waits again.

    Raises:
        Missing: the teller has entered nothing of that subject.
        BallotClosed, EntryCounted
    """
    if ballot_alone(work, ballot_id).closed is not None:
        raise BallotClosed()
    entries = entries_of(work, ballot_id, subject)
    own = entries.pop(teller, None)
    if own is None:
        raise Missing()
    if own.state in COUNTED:
        raise EntryCounted()
    unmark(work, key_of(work, ballot_id), ballot_id, subject, teller)
    drop_entry(work, ballot_id, subject, teller)
    for other in entries.values():
        keep_entry(work, ballot_id, subject, other._replace(state="waiting"))


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
    if issued(work, ballot_id, voter) is not None:
        raise VotedElsewhere()


def _counted_before(
    work: Work,
    key: bytes,
    reading: Reading,
    choice: dict[str, Any],
    entries: Mapping[str, Entry],
) -> Entered:
    """Return a counted entry to a teller who made it and says the same again.

    Raises:
        EntryCounted: somebody else asks, or it was read as something else.
    """
    own = entries.get(reading.teller)
    of_urn = reading.channel is Channel.URN
    what = hidden(key, "slip" if of_urn else "voter", reading.subject)
    lying = slip(work, reading.ballot_id, what)
    said = canonical(SPOILT if lying is None else orjson.loads(lying[1]))
    if own is None or own.channel != reading.channel.value or said != canonical(choice):
        raise EntryCounted()
    receipt = ""
    if lying is not None and not of_urn:
        receipt = receipt_of(reading.ballot_id, lying[0], said)
    return _shown(reading, own.state, receipt=receipt)


def _shown(reading: Reading, state: str, **more: Any) -> Entered:
    return Entered(subject=reading.subject, channel=reading.channel, state=state, **more)


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
