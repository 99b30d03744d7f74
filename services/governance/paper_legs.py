"""Networks without software: two tellers enter, each alone, what a signed paper says.

Who keeps the charter speaks for such a network. Its roll is entered before the vote opens, its
result after the close. Nothing is told before two tellers have entered the same, from the same
paper; what the first one has entered the second one does not see. The seal goes out marked as on
paper, with both tellers and the hash of the paper.
"""

import hashlib
from collections.abc import Sequence
from secrets import token_bytes
from typing import Final

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
from services.governance.paper_leg_rows import (
    RESULT,
    ROLL,
    Entered,
    PaperResult,
    PaperRoll,
    keep_entry,
    keep_tellers,
    settle,
    standing,
    tellers_of,
)
from shared.canonical import canonical
from shared.contracts.decisions import DecisionRolled
from shared.contracts.seals import Tally
from shared.store import Work

TELLERS_MAX: Final = 10
_ROLL_TAG: Final = "twiza/paper-roll/1"
_BALLOTS_TAG: Final = "twiza/paper-ballots/1"
_TELLERS_MIN: Final = 2
TELLERS_TOLD: Final = 4
"""How many tellers a seal names at most."""


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
    keep_tellers(work, ballot_id, network, those)
    return those


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
    agreeing = keep_entry(work, ballot_id, network, ROLL, roll, teller)
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
        settle(work, ballot_id, network, ROLL)
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
    agreeing = keep_entry(work, ballot_id, network, RESULT, result, teller)
    if len(agreeing) >= _TELLERS_MIN:
        marked = Bound(
            seal=bound.seal,
            nonce=bound.nonce,
            chunks=bound.chunks,
            tellers=tuple(agreeing[:TELLERS_TOLD]),
            paper_hash=result.paper_hash,
        )
        bind(work, desk, ballot_id, network, marked, closed_at=notice.closes_at)
        settle(work, ballot_id, network, RESULT)
    return standing(work, ballot_id, network, RESULT)


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
