"""How letters of rings leave and arrive: sealed for other nodes, and at once within this one."""

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

import structlog
from pydantic import ValidationError

from services.exchange import ring_deciding, ring_holding
from services.exchange.ring_desk import Handled, Outgoing, RingDesk
from shared.contracts.log import Letter
from shared.contracts.rings import (
    LETTERS,
    RingAnswered,
    RingAsked,
    RingContact,
    RingContactAsked,
    RingDecided,
    RingHeld,
    RingLetter,
    RingNoted,
    RingProposed,
    RingRefused,
    RingReported,
    RingResolved,
)
from shared.ids import NodeName, ServiceName, new_uuid7
from shared.log.arrived import Arrived
from shared.log.letter_keys import newest_key
from shared.log.letters import BadLetter, OnLetter, OpenedLetter, letter
from shared.log.tables import LogTables
from shared.store import Work

EXCHANGE: Final = ServiceName("exchange")

log = structlog.get_logger(__name__)


class SealedPost:
    """Seals letters for the exchange of another node, and tells them in this one's public log.

    Args:
        node: this node.
        tables: where the letter keys of others are known.
    """

    def __init__(self, node: NodeName, tables: LogTables) -> None:
        self._node = node
        self._tables = tables

    def send(self, work: Work, to: str, letter_: RingLetter) -> None:
        """Announce a letter; where no key of the addressee is known yet, it is sent later.

        Everything that a ring says is said again until the other side has heard it.
        """
        key = newest_key(work, self._tables, node=NodeName(to), service=EXCHANGE)
        if key is None:
            log.info("a letter waits for a key", to=to, kind=letter_.kind)
            return
        work.announce(
            letter(
                key,
                from_node=self._node,
                from_service=EXCHANGE,
                to_node=NodeName(to),
                to_service=EXCHANGE,
                letter_id=new_uuid7(),
                kind=letter_.kind,
                body=letter_.model_dump(mode="json", exclude_defaults=True),
            )
        )


def send(work: Work, desk: RingDesk, outgoing: Iterable[Outgoing]) -> None:
    """Send letters; those to this node itself are taken in at once, with all that follows."""
    waiting = deque(outgoing)
    while waiting:
        one = waiting.popleft()
        if one.to == desk.node:
            waiting.extend(take_in(work, desk, desk.node, one.letter))
        else:
            desk.post.send(work, one.to, one.letter)


def take_in(work: Work, desk: RingDesk, sender: str, letter_: RingLetter) -> Handled:
    """Do what a letter asks for; return what is to be said to others.

    Args:
        sender: the node whose exchange has written it.

    Raises:
        NotYourRing, BadRing: the sender may not say this.
    """
    match letter_:
        case RingProposed():
            return ring_holding.take_proposal(work, desk, sender, letter_)
        case RingDecided():
            return ring_holding.take_decision(work, desk, sender, letter_)
        case RingHeld():
            return ring_deciding.take_hold(work, desk, sender, letter_)
        case RingRefused():
            return ring_deciding.take_refusal(work, desk, sender, letter_)
        case RingAnswered():
            return ring_deciding.take_answer(work, desk, sender, letter_)
        case RingAsked():
            return ring_deciding.take_question(work, desk, sender, letter_)
        case RingReported():
            return ring_deciding.take_report(work, desk, sender, letter_)
        case RingResolved():
            return ring_deciding.take_resolution(work, desk, sender, letter_)
        case RingContact():
            return ring_holding.take_contact(work, desk, sender, letter_)
        case RingContactAsked():
            return ring_holding.take_contact_question(work, desk, sender, letter_)
        case RingNoted():
            return ring_holding.take_note(work, desk, sender, letter_)


def ring_letter(kind: str, body: dict[str, Any]) -> RingLetter | None:
    """Return the letter that a kind and a body say; none where it is no letter of rings.

    Raises:
        BadLetter: the body is not what such a letter holds.
    """
    model = LETTERS.get(kind)
    if model is None:
        return None
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise BadLetter(f"{kind}: {error.error_count()} fields are wrong") from error


def on_letter(desk: RingDesk) -> OnLetter:
    """Return what an exchange does with the letters for it; those of other kinds are left alone."""

    def received(work: Work, opened: OpenedLetter, arrived: Arrived[Letter]) -> None:
        read = ring_letter(opened.kind, opened.body)
        if read is None or arrived.service != EXCHANGE:
            return
        send(work, desk, take_in(work, desk, arrived.origin, read))

    return received
