"""Notices: that somebody ought to be told of something, for whoever brings messages to people.

They travel on the private log, because who takes part in what is nobody else's business. They hold
no names and no texts: whoever brings them asks for these in the person's own language.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

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


@published
class GovernanceNotice(Event):
    """Somebody of this node ought to be told how a decision or an assembly stands.

    Args:
        matter: the decision or assembly that it is about.
        to: a person under a pseudonym (``p:<id>``) or an entity, for its delegates (``e:<id>``).
        what: ``called``: an assembly is called; ``noticed``: a decision is announced; ``opened``: a
            vote is awaited until ``due``; ``recorded``: a ballot was recorded for you; ``closed``:
            the outcome is there; ``asked``: an answer to a question or objection is awaited;
            ``answered``: yours was answered; ``owed``: a task that you own is due; ``delegated``
            and ``revoked``: a vote was placed in your hands, or taken back.
        due: until when, where something is to be done.
    """

    kind: ClassVar[str] = "governance.notice.due"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PRIVATE
    about_field: ClassVar[str] = "matter"

    matter: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    to: Annotated[str, Field(pattern=r"^[pe]:[a-z0-9:-]{1,100}$")]
    what: Literal[
        "called",
        "noticed",
        "opened",
        "recorded",
        "closed",
        "asked",
        "answered",
        "owed",
        "delegated",
        "revoked",
    ]
    due: Stamp | None = None
