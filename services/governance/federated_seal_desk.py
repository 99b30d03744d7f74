"""Seals that leave a node by letter, stick or picture, and those that come in so.

A seal that came by another way counts as if its network's own log had told it: whoever has it
shows it, with the nonce by which the network was bound to it. The signature says whose it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.governance.dispute_refusals import NoSealThere
from services.governance.federated.ballot import Ballot
from services.governance.federated.facts import Fact
from services.governance.federated.seal_texts import (
    TEXT_MAX,
    BadSealText,
    as_block,
    as_parts,
    of_block,
    of_parts,
)
from services.governance.federated.seals import require_signed_by
from services.governance.federated_desk import FederatedDesk
from services.governance.federated_refusals import NoBallotYet, NotInTime, NotOurLeg
from services.governance.federated_rows import facts_behind, held, keys_of, made_of
from shared.contracts.decisions import DecisionSealed, DecisionShown
from shared.contracts.seals import Seal
from shared.store import Work

NONCE_LINE: Final = "TWIZA-NONCE"
_NONCE: Final = re.compile(r"^[> \t]*TWIZA-NONCE ([0-9a-fA-F]{64})[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A seal as it travels.

    Args:
        nonce: by which its network was bound to it, where it is known.
    """

    seal: Seal
    nonce: str | None = None

    def as_text(self) -> str:
        """Return it as a block of text, the nonce in a line before."""
        line = f"{NONCE_LINE} {self.nonce}\n" if self.nonce else ""
        return f"{line}{as_block(self.seal)}"

    def as_parts(self) -> list[str]:
        """Return it as texts for QR pictures; the nonce is one of its own."""
        nonce = [f"{NONCE_LINE} {self.nonce.upper()}"] if self.nonce else []
        return [*as_parts(self.seal), *nonce]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What became of a seal that came in.

    Args:
        new: whether it was not known here, and is told now.
        counts: whether the network's seal counts now.
        faults: what is wrong or strange about that network's part now.
    """

    ballot: str
    network: str
    seal: str
    new: bool
    counts: bool
    faults: tuple[str, ...]


def carried(text: str) -> Carried:
    """Return the seal of a text block, or of the lines that its pictures hold.

    Raises:
        BadSealText, BadSeal
    """
    if len(text) > TEXT_MAX:
        raise BadSealText("too long")
    found = _NONCE.search(text)
    nonce = found[1].lower() if found else None
    lines = text.replace("\r\n", "\n").split("\n")
    parts = [line for line in lines if line.startswith("TWIZA1 ")]
    seal = of_parts(parts) if parts else of_block(text)
    return Carried(seal=seal, nonce=nonce)


def seal_to_carry(work: Work, ballot_id: str, network: str) -> Carried:
    """Return the seal of a network as it travels.

    Raises:
        NoSealThere: none has come, or nothing is known of such a ballot.
        NotInTime: the vote is not over.
    """
    ballot, facts = _ballot(work, ballot_id)
    if ballot.notice is not None and work.now < ballot.notice.closes_at:
        raise NotInTime("seals are shown after the close")
    leg = ballot.legs.get(network)
    if leg is None or leg.seal is None:
        raise NoSealThere()
    nonces = sorted(
        one.event.nonce
        for one in facts
        if isinstance(one.event, DecisionSealed | DecisionShown)
        and one.event.seal == leg.seal
        and one.event.nonce
    )
    return Carried(seal=leg.seal, nonce=nonces[0] if nonces else None)


def take_in_seal(work: Work, desk: FederatedDesk, came: Carried) -> TakenIn:
    """Show a seal that came by another way; the same one twice changes nothing.

    Raises:
        Missing: nothing was told of such a ballot.
        NoBallotYet, NotOurLeg: no ballot comes of it, or that network is not called.
        NotInTime: the vote is not over.
        BadSeal: it is not signed by the network whose it is.
    """
    seal = came.seal
    held(work, seal.ballot_id)
    ballot, facts = _ballot(work, seal.ballot_id)
    if ballot.notice is None:
        raise NoBallotYet()
    if seal.node not in ballot.legs:
        raise NotOurLeg()
    if work.now < ballot.notice.closes_at:
        raise NotInTime("seals are shown after the close")
    speaker = ballot.notice.speaker(seal.node)
    require_signed_by(keys_of(work, facts).get(speaker, ()), seal.statement(), seal.signature)
    event = DecisionShown(node=desk.node, ballot_id=seal.ballot_id, seal=seal, nonce=came.nonce)
    is_new = not any(
        isinstance(one.event, DecisionSealed | DecisionShown)
        and one.event.seal == seal
        and came.nonce in (None, one.event.nonce)
        for one in facts
    )
    if is_new:
        desk.tell(work, event)
        ballot, _ = _ballot(work, seal.ballot_id)
    leg = ballot.legs[seal.node]
    return TakenIn(
        ballot=seal.ballot_id,
        network=seal.node,
        seal=seal.hash,
        new=is_new,
        counts=leg.counts and leg.seal == seal,
        faults=tuple(sorted(one.value for one in leg.faults)),
    )


def _ballot(work: Work, ballot_id: str) -> tuple[Ballot, Sequence[Fact]]:
    facts = facts_behind(work, ballot_id)
    return made_of(ballot_id, facts, keys_of(work, facts)), facts
