"""Notices: that somebody ought to be told of something, for whoever brings messages to people.

They travel on the private log, because who takes part in what is nobody else's business. They hold
no names and no texts: whoever brings them asks for these in the person's own language.
"""

from typing import ClassVar, Literal

from shared.contracts.rings import PartyId, RingId, Stamp
from shared.events import Event, Log, published


@published
class NoticeDue(Event):
    """A participant of this node ought to be told how a ring stands.

    Args:
        ring_id: the ring that it is about.
        party: who is to be told: an entity's delegates, or a person under a pseudonym.
        what: ``asked``: an answer is wanted until ``due``; the others say where the ring has come.
        due: until when, where something is to be done.
    """

    kind: ClassVar[str] = "exchange.notice.due"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PRIVATE
    about_field: ClassVar[str] = "ring_id"

    ring_id: RingId
    party: PartyId
    what: Literal["asked", "confirmed", "in-delivery", "settled", "broken", "withdrawn"]
    due: Stamp | None = None
