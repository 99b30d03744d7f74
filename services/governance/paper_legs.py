"""Networks without software: two tellers enter, each alone, what a signed paper says.

Who keeps the charter speaks for such a network. Its roll is entered before the vote opens, its
result after the close. Nothing is told before two tellers have entered the same, from the same
paper; what the first one has entered the second one does not see. The seal goes out marked as on
paper, with both tellers and the hash of the paper.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.governance.choices import checked_choice, is_blank
from services.governance.federated.ballot import ENDED, Ballot, state_at
from services.governance.federated.legs import Leg, LegState, expected_of
from services.governance.federated.notices import Notice
from services.governance.federated.seals import NONCE_SIZE, sealed
from services.governance.federated.tallies import Counted, counted_at_home, marked_in
from services.governance.federated_desk import FederatedDesk
from services.governance.federated_handlers import noticed
from services.governance.federated_legs import Bound, bind, head_of
from services.governance.federated_refusals import NotInTime, NotOurLeg
from services.governance.paper_leg_refusals import (
    AlreadyTold,
    NotATellerThere,
    NoTellers,
    PaperUnfit,
    RollTooSmall,
)
from services.governance.tables.federated_desks import PAPER_ENTRY, PAPER_TELLER
from shared.canonical import canonical
from shared.contracts.decisions import CLASSES_MAX, DecisionRolled, ToldClass
from shared.contracts.log import Sha256
from shared.contracts.seals import Count, Tally
from shared.store import Prepared, Work

ROLL: Final = "roll"
RESULT: Final = "result"
TELLERS_MAX: Final = 10
_ROLL_TAG: Final = "twiza/paper-roll/1"
_BALLOTS_TAG: Final = "twiza/paper-ballots/1"
_TELLERS_MIN: Final = 2

_of_leg: Final = (
    PAPER_ENTRY.c.ballot == bindparam("of_ballot"),
    PAPER_ENTRY.c.network == bindparam("of_network"),
)
_KEEP: Final = Prepared(
    (_put := insert(PAPER_ENTRY)).on_conflict_do_update(
        index_elements=("ballot", "network", "what", "teller"),
        set_={"body": _put.excluded.body, "entered_at": _put.excluded.entered_at},
    ),
    columns=("ballot", "network", "what", "teller", "body", "entered_at"),
)
_ENTRIES: Final = Prepared(
    select(
        PAPER_ENTRY.c.what,
        PAPER_ENTRY.c.teller,
        PAPER_ENTRY.c.body,
        PAPER_ENTRY.c.entered_at,
        PAPER_ENTRY.c.settled,
    )
    .where(*_of_leg)
    .order_by(PAPER_ENTRY.c.what, PAPER_ENTRY.c.teller)
)
_SETTLE: Final = Prepared(
    update(PAPER_ENTRY)
    .where(*_of_leg, PAPER_ENTRY.c.what == bindparam("of_what"), PAPER_ENTRY.c.settled == 0)
    .values(settled=1)
)
_of_tellers: Final = (
    PAPER_TELLER.c.ballot == bindparam("of_ballot"),
    PAPER_TELLER.c.network == bindparam("of_network"),
)
_TELLERS: Final = Prepared(
    select(PAPER_TELLER.c.person).where(*_of_tellers).order_by(PAPER_TELLER.c.person)
)
_DISMISS: Final = Prepared(delete(PAPER_TELLER).where(*_of_tellers))
_NAME: Final = Prepared(
    insert(PAPER_TELLER).on_conflict_do_nothing(), columns=("ballot", "network", "person")
)


class PaperRoll(BaseModel):
    """What a paper says of who could vote there.

    Args:
        size: how many they are.
        paper_hash: of the scanned list, which the network keeps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Count
    paper_hash: Sha256


class PaperResult(BaseModel):
    """What a signed paper says of a vote.

    Args:
        issued: how many were given a ballot.
        tally: the numbers of the ballot's method; for the others ``classes``.
        classes: equal ballots with their count, for a method whose numbers do not add up.
        paper_hash: of the scan of the signed paper.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issued: Count
    blank: Count = 0
    invalid: Count = 0
    tally: Tally = Tally()
    classes: tuple[ToldClass, ...] = Field(default=(), max_length=CLASSES_MAX)
    paper_hash: Sha256


Reading = PaperRoll | PaperResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Where the entries for a network on paper stand.

    Args:
        by: who has entered something.
        told: whether two agreed, so that it was told.
        differs: whether two have entered different things.
    """

    what: str
    by: tuple[str, ...]
    told: bool
    differs: bool


def name_tellers(
    work: Work, desk: FederatedDesk, ballot_id: str, network: str, persons: Sequence[str]
) -> list[str]:
    """Name who enters what a network has done on paper; at least two, in the place of others.

    Raises:
        Missing, NoBallotYet, NotOurLeg
        NoTellers: fewer than two.
        AlreadyTold: its result is told.
    """
    _, _, leg = _leg(work, desk, ballot_id, network)
    those = sorted(set(persons))
    if not _TELLERS_MIN <= len(those) <= TELLERS_MAX:
        raise NoTellers()
    if leg.commitment is not None:
        raise AlreadyTold()
    of_leg = {"of_ballot": ballot_id, "of_network": network}
    work.run(_DISMISS, of_leg)
    work.run(_NAME, [{"ballot": ballot_id, "network": network, "person": one} for one in those])
    return those


def tellers_of(work: Work, ballot_id: str, network: str) -> list[str]:
    """Return who enters what a network has done on paper."""
    return [row[0] for row in work.rows(_TELLERS, _which(ballot_id, network))]


def enter_roll(
    work: Work, desk: FederatedDesk, ballot_id: str, network: str, roll: PaperRoll, *, teller: str
) -> Entered:
    """Enter how long a network's list of voters is; where two agree, its roll is told.

    Raises:
        Missing, NoBallotYet, NotOurLeg, NotATellerThere, AlreadyTold
        RollTooSmall: nobody could vote.
        NotInTime: the network has not accepted, or the vote has opened.
    """
    ballot, notice, leg = _leg(work, desk, ballot_id, network)
    _require_teller(work, ballot_id, network, teller)
    if leg.roll is not None:
        raise AlreadyTold()
    if leg.state is not LegState.ACCEPTED or state_at(ballot, work.now) in ENDED:
        raise NotInTime("the network has to have accepted")
    if work.now >= notice.opens_at:
        raise NotInTime()
    if roll.size == 0:
        raise RollTooSmall()
    agreeing = _entered(work, ballot_id, network, ROLL, roll, teller)
    if len(agreeing) >= _TELLERS_MIN:
        desk.tell(
            work,
            DecisionRolled(
                node=desk.node,
                ballot_id=ballot_id,
                leg=network,
                roll_epoch=1,
                roll_root=_root(_ROLL_TAG, network, roll.size, roll.paper_hash),
                roll_size=roll.size,
                rolled_at=work.moment,
            ),
        )
        work.run(_SETTLE, {**_which(ballot_id, network), "of_what": ROLL})
    return standing(work, ballot_id, network, ROLL)


def enter_result(
    work: Work,
    desk: FederatedDesk,
    ballot_id: str,
    network: str,
    result: PaperResult,
    *,
    teller: str,
) -> Entered:
    """Enter a result on paper; where two agree, it is sealed, and the network bound to it.

    Raises:
        Missing, NoBallotYet, NotOurLeg, NotATellerThere, AlreadyTold
        NotInTime: the vote is not over, or no roll was told before it opened.
        PaperUnfit, BadTally, BadSeal: the numbers are not those of such a ballot.
    """
    ballot, notice, leg = _leg(work, desk, ballot_id, network)
    _require_teller(work, ballot_id, network, teller)
    if leg.commitment is not None:
        raise AlreadyTold()
    if work.now < notice.closes_at or state_at(ballot, work.now) in ENDED:
        raise NotInTime()
    if leg.roll is None or not leg.opened:
        raise NotInTime("without a roll that was told before the opening nothing counts")
    counted = _counted(notice, result)
    # Sealed once before anything is kept, so that each teller hears at once what cannot be.
    bound = _bound(work, desk, notice, leg, counted, result)
    agreeing = _entered(work, ballot_id, network, RESULT, result, teller)
    if len(agreeing) >= _TELLERS_MIN:
        marked = Bound(
            seal=bound.seal,
            nonce=bound.nonce,
            chunks=bound.chunks,
            tellers=tuple(agreeing[:TELLERS_TOLD]),
            paper_hash=result.paper_hash,
        )
        bind(work, desk, ballot_id, network, marked, closed_at=notice.closes_at)
        work.run(_SETTLE, {**_which(ballot_id, network), "of_what": RESULT})
    return standing(work, ballot_id, network, RESULT)


TELLERS_TOLD: Final = 4
"""How many tellers a seal names at most."""


def standing(work: Work, ballot_id: str, network: str, what: str) -> Entered:
    """Return where the entries of a roll or a result stand, without what anybody has entered."""
    rows = [row for row in work.rows(_ENTRIES, _which(ballot_id, network)) if row[0] == what]
    told = any(row[4] for row in rows)
    return Entered(
        what=what,
        by=tuple(row[1] for row in rows),
        told=told,
        differs=not told and len({row[2] for row in rows}) > 1,
    )


def own_entry(
    work: Work, ballot_id: str, network: str, what: str, teller: str
) -> dict[str, Any] | None:
    """Return what somebody has entered themselves; once it is told, any of those who agreed."""
    found: dict[str, Any] | None = None
    for of_what, by, body, _, _ in work.rows(_ENTRIES, _which(ballot_id, network)):
        if of_what == what and by == teller:
            found = orjson.loads(body)
    return found


def read_reading(kind: type[Reading], data: Mapping[str, Any]) -> Reading:
    """Return what a teller has read, from data.

    Raises:
        PaperUnfit: it is none.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise PaperUnfit("a number or a hash is missing or wrong") from error


def _leg(
    work: Work, desk: FederatedDesk, ballot_id: str, network: str
) -> tuple[Ballot, Notice, Leg]:
    ballot, notice = noticed(work, ballot_id)
    if network not in notice.legs or notice.legs[network].kept_by != desk.node:
        raise NotOurLeg()
    return ballot, notice, ballot.legs[network]


def _require_teller(work: Work, ballot_id: str, network: str, teller: str) -> None:
    if teller not in tellers_of(work, ballot_id, network):
        raise NotATellerThere()


def _entered(
    work: Work,
    ballot_id: str,
    network: str,
    what: Literal["roll", "result"],
    reading: Reading,
    teller: str,
) -> list[str]:
    """Keep an entry; return the tellers who have entered the same, by name."""
    body = canonical(reading.model_dump(mode="json")).decode()
    row = {"ballot": ballot_id, "network": network, "what": what, "teller": teller}
    work.run(_KEEP, row | {"body": body, "entered_at": work.moment})
    # Who is no teller any more has entered nothing.
    named = set(tellers_of(work, ballot_id, network))
    return [
        by
        for of_what, by, theirs, _, _ in work.rows(_ENTRIES, _which(ballot_id, network))
        if of_what == what and theirs == body and by in named
    ]


def _counted(notice: Notice, result: PaperResult) -> Counted:
    """Return the numbers of a result as its method tells them.

    Raises:
        PaperUnfit: they are not those of such a ballot.
        BadTally
    """
    method = notice.rule.rule.method
    if result.classes:
        if result.tally != Tally():
            raise PaperUnfit("either numbers or classes of ballots")
        classes = []
        for one in result.classes:
            choice = checked_choice(notice.rule.rule, notice.options, one.choice)
            if is_blank(choice):
                raise PaperUnfit("blank ballots stand apart")
            classes.append((choice, one.count))
        found = counted_at_home(notice.rule, notice.options, classes)
        return Counted(
            tally=found.tally, marked=found.marked, blank=result.blank, chunks=found.chunks
        )
    marked = marked_in(method, result.tally)
    if marked is None:
        raise PaperUnfit("the numbers are entered; what of them may be told is seen to here")
    if result.tally.pools or result.tally.pooled or result.tally.chunks:
        raise PaperUnfit("a network on paper tells its own numbers")
    return Counted(tally=result.tally, marked=marked, blank=result.blank)


def _bound(
    work: Work,
    desk: FederatedDesk,
    notice: Notice,
    leg: Leg,
    counted: Counted,
    result: PaperResult,
) -> Bound:
    assert leg.roll is not None, "what was open has a roll"
    seal = sealed(
        counted,
        expected=expected_of(notice, leg.network, leg.roll),
        issued=result.issued,
        invalid=result.invalid,
        ballots_root=_root(_BALLOTS_TAG, leg.network, result.issued, result.paper_hash),
        closed_at=notice.closes_at,
        head=head_of(work),
        key=desk.key,
    )
    cast = counted.marked + counted.blank + result.invalid
    if not cast <= result.issued <= leg.roll.size:
        # Where no number is told, nobody else could see it.
        raise PaperUnfit("no more ballots than were given out, and no more of these than voters")
    return Bound(seal=seal, nonce=token_bytes(NONCE_SIZE).hex(), chunks=counted.chunks)


def _root(tag: str, network: str, number: int, paper_hash: str) -> str:
    """Return what stands for a root where there is a paper in the place of a tree."""
    return hashlib.sha256(canonical([tag, network, number, paper_hash])).hexdigest()


def _which(ballot_id: str, network: str) -> dict[str, str]:
    return {"of_ballot": ballot_id, "of_network": network}
