"""The own part of a ballot between networks: the roll, the vote at home, the seal.

Each step keeps its rows and what it tells in one unit of work, so that after a crash it has
happened wholly or not at all. The members vote in an ordinary ballot of this node. What a network
without software has done is entered elsewhere; opening and showing is the same for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.governance.ballot_handlers import close_ballot, open_ballot
from services.governance.ballots import Opening
from services.governance.closing import classes_of
from services.governance.federated.ballot import Ballot
from services.governance.federated.legs import Leg, expected_of
from services.governance.federated.notices import Notice
from services.governance.federated.seals import NONCE_SIZE, commitment, sealed
from services.governance.federated.tallies import counted_at_home
from services.governance.federated_desk import FederatedDesk
from services.governance.federated_refusals import RollLost, SealLost
from services.governance.receipts import urn
from services.governance.roll_handlers import freeze_roll, roll_of
from services.governance.rules import Electorate
from services.governance.tables.base import LOG
from services.governance.tables.decisions import TELLING
from services.governance.tables.federated import LEG, PENDING
from shared.canonical import canonical
from shared.clock import stamp
from shared.contracts.decisions import (
    DecisionChunked,
    DecisionCommitted,
    DecisionOpened,
    DecisionRolled,
    DecisionSealed,
    ToldClass,
)
from shared.contracts.seals import Seal, SealHead
from shared.ids import new_uuid7
from shared.log.page import NO_PAGE
from shared.store import Prepared, Work

_LEG_COLUMNS: Final = tuple(column.name for column in LEG.c)
_KEEP_LEG: Final = Prepared(insert(LEG), columns=_LEG_COLUMNS)
_of_leg: Final = (LEG.c.ballot == bindparam("of_ballot"), LEG.c.network == bindparam("of_network"))
_LEGS: Final = Prepared(select(LEG).where(*_of_leg).order_by(LEG.c.epoch))
_OPEN_LEG: Final = Prepared(
    update(LEG)
    .where(LEG.c.local_ballot == bindparam("of_local"))
    .values(state="open", closes_at=bindparam("new_closes_at"))
)
_CLOSE_LEG: Final = Prepared(
    update(LEG).where(LEG.c.local_ballot == bindparam("of_local")).values(state="closed")
)
_LEFT_OPEN: Final = Prepared(
    select(LEG.c.local_ballot).where(
        LEG.c.ballot == bindparam("of_ballot"),
        LEG.c.state == "open",
        LEG.c.closes_at <= bindparam("now"),
    )
)
_WAITING: Final = Prepared(
    select(func.count())
    .select_from(LEG)
    .where(LEG.c.state == "rolled", LEG.c.ballot.like(bindparam("of_convener")))
)
_of_pending: Final = (
    PENDING.c.ballot == bindparam("of_ballot"),
    PENDING.c.network == bindparam("of_network"),
)
_KEEP_PENDING: Final = Prepared(insert(PENDING), columns=[column.name for column in PENDING.c])
_PENDING: Final = Prepared(select(PENDING.c.commitment, PENDING.c.body).where(*_of_pending))
_SHOWN: Final = Prepared(delete(PENDING).where(*_of_pending))
_HEAD: Final = Prepared(
    select(LOG.log_head.c.epoch, LOG.log_head.c.number, LOG.log_head.c.hash).where(
        LOG.log_head.c.log == "public"
    )
)
_TELL_VOTERS: Final = Prepared(
    insert(TELLING).on_conflict_do_nothing(), columns=[column.name for column in TELLING.c]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLeg:
    """A roll that this network has frozen for a ballot, and the ballot of this node on it.

    Args:
        local_ballot: in which the members vote.
        state: ``rolled``, ``open`` or ``closed``.
    """

    ballot: str
    network: str
    epoch: int
    local_ballot: str
    root: str
    size: int
    state: str
    closes_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A seal to which a network is bound, until it is shown.

    Args:
        chunks: its classes of equal ballots, where its method needs them.
        tellers, paper_hash: who has entered it, and from which paper, for a network without
            software.
    """

    seal: Seal
    nonce: str
    chunks: Sequence[Sequence[ToldClass]] = ()
    tellers: tuple[str, ...] = ()
    paper_hash: str | None = None

    @property
    def commitment(self) -> str:
        """By what the network is bound."""
        return commitment(self.seal, bytes.fromhex(self.nonce))


def own_legs(work: Work, ballot_id: str, network: str) -> list[OwnLeg]:
    """Return the rolls that this network has frozen for a ballot, by epoch."""
    rows = work.rows(_LEGS, {"of_ballot": ballot_id, "of_network": network})
    return [OwnLeg(**dict(zip(_LEG_COLUMNS, row, strict=True))) for row in rows]


def leg_of_root(work: Work, ballot_id: str, network: str, root: str) -> OwnLeg | None:
    """Return the frozen roll with a root, if it is here."""
    return next((one for one in own_legs(work, ballot_id, network) if one.root == root), None)


def seal_roll(
    work: Work, desk: FederatedDesk, ballot_id: str, *, electorate: Electorate, told: int = 0
) -> OwnLeg:
    """Freeze the own roll for a ballot and tell its root.

    Args:
        electorate: whose roll it is.
        told: the highest epoch that this network has told already, as its own log says.

    Raises:
        EmptyRoll: nobody could vote.
    """
    before = [one.epoch for one in own_legs(work, ballot_id, desk.node)]
    epoch, local = max([told, *before]) + 1, new_uuid7()
    roll = freeze_roll(work, ballot_id=local, electorate=electorate, at=work.now)
    own = OwnLeg(
        ballot=ballot_id,
        network=desk.node,
        epoch=epoch,
        local_ballot=local,
        root=roll.root,
        size=roll.size,
        state="rolled",
    )
    work.run(_KEEP_LEG, {name: getattr(own, name) for name in _LEG_COLUMNS})
    desk.tell(
        work,
        DecisionRolled(
            **_which(desk, ballot_id, desk.node),
            roll_epoch=epoch,
            roll_root=roll.root,
            roll_size=roll.size,
            rolled_at=work.moment,
        ),
    )
    return own


def rolls_waiting(work: Work, convener: str) -> int:
    """Return how many rolls are frozen for ballots of a convener that did not open (yet)."""
    return int(work.rows(_WAITING, {"of_convener": f"{convener}:%"})[0][0])


def open_leg(work: Work, desk: FederatedDesk, ballot: Ballot, network: str) -> None:
    """Open the vote at home on the roll that was sealed, and tell it.

    Raises:
        RollLost: the roll is not here any more.
    """
    notice, leg = _of(ballot, network)
    assert leg.roll is not None, "what opens has a roll"
    if network == desk.node:
        own = leg_of_root(work, ballot.ballot_id, network, leg.roll.root)
        if own is None:
            raise RollLost()
        _open_at_home(work, notice, own)
    desk.tell(
        work,
        DecisionOpened(
            **_which(desk, ballot.ballot_id, network),
            roll_root=leg.roll.root,
            opened_at=work.moment,
        ),
    )


def commit_leg(work: Work, desk: FederatedDesk, ballot: Ballot) -> None:
    """Close and count the vote at home, seal it, and be bound to the seal.

    Raises:
        RollLost: the vote is not in this database.
        UrnDiffers: the tellers of an urn of paper have to explain it first.
    """
    notice, leg = _of(ballot, desk.node)
    assert leg.roll is not None, "what was open has a roll"
    own = leg_of_root(work, ballot.ballot_id, desk.node, leg.roll.root)
    if own is None or own.state == "rolled":
        raise RollLost()
    closed = close_ballot(
        work,
        own.local_ballot,
        at=work.now,
        call=notice.event.call,
        standing_objections=len(ballot.standing),
    )
    work.run(_CLOSE_LEG, {"of_local": own.local_ballot})
    casts = urn(work, own.local_ballot)
    counted = counted_at_home(notice.rule, notice.options, classes_of(casts))
    seal = sealed(
        counted,
        expected=expected_of(notice, desk.node, leg.roll),
        issued=closed.issued,
        # Slips of paper that nobody was ticked for were set aside; nobody cast them.
        invalid=min(closed.invalid, closed.issued - closed.cast),
        ballots_root=closed.root,
        # By the clock, which casting asks, nobody has voted later.
        closed_at=notice.closes_at,
        head=head_of(work),
        key=desk.key,
    )
    nonce = token_bytes(NONCE_SIZE).hex()
    bind(
        work,
        desk,
        ballot.ballot_id,
        desk.node,
        Bound(seal=seal, nonce=nonce, chunks=counted.chunks),
        closed_at=notice.closes_at,
    )


def bind(
    work: Work,
    desk: FederatedDesk,
    ballot_id: str,
    network: str,
    bound: Bound,
    *,
    closed_at: datetime,
) -> None:
    """Keep a seal until it may be shown, and tell by what the network is bound to it.

    Args:
        network: this one, or one without software for which it speaks.
    """
    body = {
        "seal": bound.seal.as_data(),
        "nonce": bound.nonce,
        "chunks": [
            [one.model_dump(mode="json", exclude_defaults=True) for one in chunk]
            for chunk in bound.chunks
        ],
        "tellers": list(bound.tellers),
        "paper_hash": bound.paper_hash or "",
    }
    row = {"ballot": ballot_id, "network": network, "commitment": bound.commitment}
    work.run(_KEEP_PENDING, row | {"body": canonical(body).decode()})
    desk.tell(
        work,
        DecisionCommitted(
            **_which(desk, ballot_id, network),
            commitment=bound.commitment,
            closed_at=stamp(closed_at),
        ),
    )


def bound_of(work: Work, ballot_id: str, network: str) -> Bound | None:
    """Return the seal that waits to be shown, if there is one."""
    rows = work.rows(_PENDING, {"of_ballot": ballot_id, "of_network": network})
    if not rows:
        return None
    body = orjson.loads(rows[0][1])
    return Bound(
        seal=Seal.model_validate(body["seal"]),
        nonce=body["nonce"],
        chunks=tuple(
            tuple(ToldClass.model_validate(one) for one in chunk) for chunk in body["chunks"]
        ),
        tellers=tuple(body["tellers"]),
        paper_hash=body["paper_hash"] or None,
    )


def reveal_leg(
    work: Work, desk: FederatedDesk, ballot: Ballot, network: str, *, heard: Mapping[str, str]
) -> None:
    """Show the seal to which a network is bound, with its classes of ballots.

    Raises:
        SealLost: it is not here, or another one: this database was restored from before the close.
    """
    _, leg = _of(ballot, network)
    bound = bound_of(work, ballot.ballot_id, network)
    if bound is None or bound.commitment != leg.commitment:
        raise SealLost()
    which = _which(desk, ballot.ballot_id, network)
    for number, classes in enumerate(bound.chunks, 1):
        desk.tell(
            work,
            DecisionChunked(**which, number=number, of=len(bound.chunks), classes=tuple(classes)),
        )
    desk.tell(
        work,
        DecisionSealed(
            **which,
            seal=bound.seal,
            nonce=bound.nonce,
            heard=dict(heard),
            tellers=bound.tellers,
            paper_hash=bound.paper_hash,
        ),
    )
    work.run(_SHOWN, {"of_ballot": ballot.ballot_id, "of_network": network})


def left_open(work: Work, ballot_id: str) -> list[str]:
    """Return the ballots at home whose time is over and that nobody has closed."""
    wanted = {"of_ballot": ballot_id, "now": work.moment}
    return [row[0] for row in work.rows(_LEFT_OPEN, wanted)]


def close_at_home(work: Work, local_ballot: str) -> None:
    """Close a vote of which no seal is made, so that nothing joins votes and voters any more.

    Raises:
        UrnDiffers: the tellers of an urn of paper have to explain it first.
    """
    close_ballot(work, local_ballot, at=work.now)
    work.run(_CLOSE_LEG, {"of_local": local_ballot})


def tell_voters(work: Work, local_ballot: str, what: str, *, due: str = "") -> None:
    """Have all voters of a ballot at home told something, in turn."""
    work.run(_TELL_VOTERS, {"decision": local_ballot, "what": what, "due": due, "after": ""})


def head_of(work: Work) -> SealHead:
    """Return the last page of this network's public log of decisions."""
    found = work.rows(_HEAD, {})
    epoch, number, sha256 = found[0] if found else (1, 0, NO_PAGE)
    return SealHead(epoch=epoch, page=number, hash=sha256)


def _open_at_home(work: Work, notice: Notice, own: OwnLeg) -> None:
    open_ballot(
        work,
        Opening(
            ballot_id=own.local_ballot,
            rule=notice.rule.rule,
            options=notice.options,
            opens_at=notice.opens_at,
            closes_at=notice.closes_at,
            roll=roll_of(work, own.local_ballot),
            texts={language: one.hash for language, one in notice.event.texts.items()},
        ),
    )
    closes_at = stamp(notice.closes_at)
    work.run(_OPEN_LEG, {"of_local": own.local_ballot, "new_closes_at": closes_at})
    tell_voters(work, own.local_ballot, "opened", due=closes_at)


def _of(ballot: Ballot, network: str) -> tuple[Notice, Leg]:
    assert ballot.notice is not None, "what has legs has a notice"
    return ballot.notice, ballot.legs[network]


def _which(desk: FederatedDesk, ballot_id: str, network: str) -> dict[str, Any]:
    which = {"node": desk.node, "ballot_id": ballot_id}
    return which if network == desk.node else which | {"leg": network}
