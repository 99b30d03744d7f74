"""Casting: one voter, one ballot, as the clock and the frozen roll say.

That somebody has voted is written on one side, what was voted on the other, under a keyed hash
(``custody``). Nothing that is written or told holds both. A vote that is sent again with the same
nonce, or the same word of the sender's for this request, is one vote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.governance.ballot_refusals import (
    AlreadyVoted,
    NonceTaken,
    NoProxy,
    VotedElsewhere,
    WrongMandate,
)
from services.governance.ballots import BallotState, Channel, ballot_for_writing
from services.governance.choices import Choice, checked_choice
from services.governance.custody import hidden, key_of
from services.governance.receipts import NONCE_BYTES, receipt_of
from services.governance.roll_handlers import act_as, entry, entry_for
from services.governance.rolls import NotInRoll
from services.governance.tables.ballots import (
    BALLOT_ISSUED,
    BALLOT_PROXY,
    BALLOT_SLIP,
    BALLOT_WORD,
)
from shared.canonical import canonical
from shared.clock import stamp
from shared.contracts.notices import GovernanceNotice
from shared.store import Prepared, Work

TELLABLE_MIN: Final = 5
"""Below how many people a number about them is told to nobody while a ballot is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """A vote as it is handed in.

    Args:
        choice: whatever the caller says; it is checked.
        person: who is asking.
        entities: for whom they may speak.
        voter: whose vote it is (``p:``, ``e:``) where it is not plain: an entity of theirs, or
            somebody who gave them a proxy.
        nonce: the voter's own, 32 bytes in hex; drawn here where there is none.
        word: the caller's word for this one request (``Idempotency-Key``).
    """

    ballot_id: str
    choice: Mapping[str, Any]
    person: str
    entities: frozenset[str] = frozenset()
    voter: str = ""
    nonce: str = ""
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A vote that was taken; the receipt says nothing of the choice.

    Args:
        changed: whether an earlier vote of this voter gave way to it; that one's receipt is void.
        again: whether it lay here as it is already.
    """

    voter: str
    receipt: str
    changed: bool = False
    again: bool = False


_ISSUE: Final = Prepared(
    insert(BALLOT_ISSUED).on_conflict_do_nothing(),
    columns=("ballot_id", "voter", "channel", "hour"),
)
_OF_VOTER: Final = select(BALLOT_ISSUED.c.channel, BALLOT_ISSUED.c.hour).where(
    BALLOT_ISSUED.c.ballot_id == bindparam("of_ballot"),
    BALLOT_ISSUED.c.voter == bindparam("of_voter"),
)
_ISSUED: Final = Prepared(_OF_VOTER)
# Two changes of one vote at once come one after the other.
_ISSUED_HELD: Final = Prepared(_OF_VOTER.with_for_update())
_CHANNEL: Final = Prepared(
    update(BALLOT_ISSUED)
    .where(
        BALLOT_ISSUED.c.ballot_id == bindparam("of_ballot"),
        BALLOT_ISSUED.c.voter == bindparam("of_voter"),
    )
    .values(channel=bindparam("new_channel"))
)
_COUNT: Final = Prepared(
    select(func.count())
    .select_from(BALLOT_ISSUED)
    .where(BALLOT_ISSUED.c.ballot_id == bindparam("of_ballot"))
)
_VOTERS: Final = Prepared(
    select(BALLOT_ISSUED.c.voter)
    .where(BALLOT_ISSUED.c.ballot_id == bindparam("of_ballot"))
    .order_by(BALLOT_ISSUED.c.voter)
)
_OF_SLIP: Final = (
    BALLOT_SLIP.c.ballot_id == bindparam("of_ballot"),
    BALLOT_SLIP.c.slip_id == bindparam("of_slip"),
)
_SLIP: Final = Prepared(select(BALLOT_SLIP.c.nonce, BALLOT_SLIP.c.choice).where(*_OF_SLIP))
_TAKE_OUT: Final = Prepared(delete(BALLOT_SLIP).where(*_OF_SLIP))
_PUT_IN: Final = Prepared(
    insert(BALLOT_SLIP).on_conflict_do_nothing(),
    columns=("ballot_id", "slip_id", "nonce", "choice"),
)
_WORD: Final = Prepared(
    select(BALLOT_WORD.c.receipt).where(
        BALLOT_WORD.c.ballot_id == bindparam("of_ballot"),
        BALLOT_WORD.c.word_id == bindparam("of_word"),
    )
)
_KEEP_WORD: Final = Prepared(
    insert(BALLOT_WORD).on_conflict_do_nothing(), columns=("ballot_id", "word_id", "receipt")
)
_PROXY: Final = Prepared(
    select(BALLOT_PROXY.c.holder).where(
        BALLOT_PROXY.c.ballot_id == bindparam("of_ballot"),
        BALLOT_PROXY.c.giver == bindparam("of_giver"),
    )
)


def cast(work: Work, casting: Casting) -> Recorded:
    """Take a vote, or the change of one where the rule has that.

    Raises:
        Missing: there is no such ballot.
        BallotNotOpen, BallotClosed: the clock, which decides, says so.
        NotInRoll, WrongMandate, ActsForAnother, NoProxy: it is not the caller's vote.
        AlreadyVoted: votes of this ballot stay as they are cast.
        VotedElsewhere: the voter has voted on paper, by telephone, or themselves.
        NonceTaken: the nonce stands on another ballot.
        MalformedChoice, and the others of ``choices``.
    """
    ballot = ballot_for_writing(work, casting.ballot_id)
    ballot.require_voting(work.now)
    voter, channel = _voter(work, casting)
    choice = checked_choice(ballot.rule, ballot.options, casting.choice)
    key = key_of(work, casting.ballot_id)
    recorded = _answered(work, casting, key, voter, choice)
    if recorded is None:
        recorded = put_in(
            work,
            ballot,
            key,
            voter=voter,
            channel=channel,
            choice=choice,
            nonce=_nonce(casting, key, voter),
        )
        _keep_answer(work, casting, key, recorded)
    return recorded


def put_in(
    work: Work,
    ballot: BallotState,
    key: bytes,
    *,
    voter: str,
    channel: Channel,
    choice: Choice,
    nonce: str,
) -> Recorded:
    """Record a voter's choice, and tell the voter that it was, never what.

    Args:
        ballot: read for writing, and open.
        voter: of the roll.
        choice: canonical.

    Raises:
        AlreadyVoted, VotedElsewhere, NonceTaken
    """
    said = canonical(choice)
    receipt = receipt_of(ballot.ballot_id, nonce, said)
    slip_id = hidden(key, "voter", voter)
    changed = not issue(work, ballot.ballot_id, voter, channel)
    if changed:
        [(earlier, _)] = work.rows(_ISSUED_HELD, {"of_ballot": ballot.ballot_id, "of_voter": voter})
        if slip(work, ballot.ballot_id, slip_id) == (nonce, said.decode()):
            return Recorded(voter=voter, receipt=receipt, again=True)
        _require_change(work, ballot, voter, earlier=Channel(earlier), channel=channel)
        work.run(_TAKE_OUT, {"of_ballot": ballot.ballot_id, "of_slip": slip_id})
    lay(work, ballot.ballot_id, slip_id, nonce=nonce, choice=said)
    tell_recorded(work, ballot.ballot_id, voter)
    return Recorded(voter=voter, receipt=receipt, changed=changed)


def issue(work: Work, ballot_id: str, voter: str, channel: Channel) -> bool:
    """Note that somebody has voted; return whether that is new.

    Of many who note it at once the others wait here until the first has committed.
    """
    row = {"ballot_id": ballot_id, "voter": voter, "channel": channel.value, "hour": _hour(work)}
    return work.run(_ISSUE, row) == 1


def issued(work: Work, ballot_id: str, voter: str) -> tuple[Channel, str] | None:
    """Return by which way and in which hour somebody has voted, or None."""
    rows = work.rows(_ISSUED, {"of_ballot": ballot_id, "of_voter": voter})
    return (Channel(rows[0][0]), rows[0][1]) if rows else None


def issued_count(work: Work, ballot_id: str) -> int:
    """Return how many have voted; not to be told as it is while the ballot is open."""
    return int(work.rows(_COUNT, {"of_ballot": ballot_id})[0][0])


def issued_voters(work: Work, ballot_id: str) -> list[str]:
    """Return who has voted, in the order of their names."""
    return [row[0] for row in work.rows(_VOTERS, {"of_ballot": ballot_id})]


def tellable_turnout(work: Work, ballot: BallotState, *, least: int = TELLABLE_MIN) -> int | None:
    """Return how many have voted in an open ballot, or None where that would tell of few people.

    In a small group it can be an interim result: who has voted, or who has not, may be known.
    """
    count = issued_count(work, ballot.ballot_id)
    if ballot.closed is not None:
        return count
    few = count < least or ballot.roll_size - count < least
    return None if few else count


def slip(work: Work, ballot_id: str, slip_id: str) -> tuple[str, str] | None:
    """Return nonce and choice that lie under a keyed hash, or None."""
    rows = work.rows(_SLIP, {"of_ballot": ballot_id, "of_slip": slip_id})
    return (rows[0][0], rows[0][1]) if rows else None


def lay(work: Work, ballot_id: str, slip_id: str, *, nonce: str, choice: bytes) -> None:
    """Lay a slip under its keyed hash.

    Raises:
        NonceTaken: another slip has this nonce.
    """
    row = {"ballot_id": ballot_id, "slip_id": slip_id, "nonce": nonce, "choice": choice.decode()}
    if work.run(_PUT_IN, row) != 1:
        raise NonceTaken()


def tell_recorded(work: Work, ballot_id: str, voter: str) -> None:
    """Tell a voter that something was recorded or changed for them: who did not do it can object.

    The notice says the hour, and its id no time at all, as the row that it tells of.
    """
    work.announce(
        GovernanceNotice(matter=ballot_id, to=voter, what="recorded"),
        event_id=uuid4(),
        at=_coarse(work.now),
    )


def _voter(work: Work, casting: Casting) -> tuple[str, Channel]:
    """Return whose vote it is that the caller casts, and by which way."""
    wanted, person, entities = casting.voter, casting.person, casting.entities
    if wanted.startswith("e:") and wanted[2:] in entities:
        # Who speaks for several members says for which of them they vote here.
        entities = frozenset({wanted[2:]})
    own = entry_for(work, casting.ballot_id, person=person, entities=entities)
    if own is not None:
        act_as(work, casting.ballot_id, person=person, voter=own.voter)
        if wanted in ("", own.voter):
            return own.voter, Channel.ONLINE
    if not wanted:
        known = any(entry(work, casting.ballot_id, f"e:{one}") for one in sorted(entities))
        raise WrongMandate() if known else NotInRoll()
    if entry(work, casting.ballot_id, wanted) is None:
        raise NotInRoll()
    if own is not None and holder_of(work, casting.ballot_id, wanted) == own.voter:
        return wanted, Channel.PROXY
    raise WrongMandate() if wanted.startswith("e:") else NoProxy()


def holder_of(work: Work, ballot_id: str, giver: str) -> str:
    """Return the voter who holds somebody's proxy, or nothing."""
    found = work.rows(_PROXY, {"of_ballot": ballot_id, "of_giver": giver})
    return str(found[0][0]) if found else ""


def _require_change(
    work: Work, ballot: BallotState, voter: str, *, earlier: Channel, channel: Channel
) -> None:
    """Return quietly where a voter's earlier vote may give way to one by this way.

    Raises:
        AlreadyVoted: by this rule votes stay.
        VotedElsewhere: the earlier vote came by another way. Only those who vote themselves take
            back what their proxy did.
    """
    own_instead = earlier is Channel.PROXY and channel is Channel.ONLINE
    if earlier is not channel and not own_instead:
        raise VotedElsewhere()
    if channel not in (Channel.ONLINE, Channel.PROXY) or not ballot.rule.change_until_close:
        raise AlreadyVoted()
    if own_instead:
        row = {"of_ballot": ballot.ballot_id, "of_voter": voter, "new_channel": channel.value}
        work.run(_CHANNEL, row)


def _nonce(casting: Casting, key: bytes, voter: str) -> str:
    """Return the voter's nonce, or one that nobody can guess.

    For one word of a voter's it is the same again, so that the answer to a request that comes
    twice needs no record with a voter beside a receipt.
    """
    if casting.nonce:
        return casting.nonce
    return hidden(key, "nonce", voter, casting.word) if casting.word else token_hex(NONCE_BYTES)


def _answered(
    work: Work, casting: Casting, key: bytes, voter: str, choice: Choice
) -> Recorded | None:
    """Return what this request was answered when it came before, even if much has come since.

    Raises:
        NonceTaken: it came before with another choice.
    """
    if not casting.word:
        return None
    row = {"of_ballot": casting.ballot_id, "of_word": hidden(key, "word", voter, casting.word)}
    before = work.rows(_WORD, row)
    if not before:
        return None
    nonce = _nonce(casting, key, voter)
    receipt = receipt_of(casting.ballot_id, nonce, canonical(choice))
    if before != [(receipt,)]:
        raise NonceTaken("this word stands for another vote already")
    return Recorded(voter=voter, receipt=receipt, again=True)


def _keep_answer(work: Work, casting: Casting, key: bytes, recorded: Recorded) -> None:
    if casting.word:
        word_id = hidden(key, "word", recorded.voter, casting.word)
        row = {"ballot_id": casting.ballot_id, "word_id": word_id, "receipt": recorded.receipt}
        work.run(_KEEP_WORD, row)


def _hour(work: Work) -> str:
    return stamp(_coarse(work.now))[:13]


def _coarse(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
