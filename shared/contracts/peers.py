"""On what grounds a hub acts on a node below it, and how a node goes from one hub to another."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.log import Sha256
from shared.contracts.membership import AssociationId, BallotId, Stamp, What
from shared.contracts.node import Level, Name, PublicKey, Revision
from shared.events import Event, Log, published

RELEASES_MAX = 32
"""How many hubs a node can have left, one after another."""

Signature = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{86}$")]


class Release(BaseModel):
    """The word of a node's hub that it lets the node go to another hub, and to no third one.

    The hub's root key signs it, so that it can be shown by others and in any order.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    node: Name
    root_key: PublicKey
    by: Name
    to: Name
    revision: Revision
    signature: Signature


@published
class PeerReleased(Event):
    """A hub lets a node go to another hub; until that one has it, nothing changes."""

    kind: ClassVar[str] = "node.peer.released"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    about_field: ClassVar[str] = "node"

    node: Name
    revision: Revision
    cause: str = Field(default="", max_length=500)
    release: Release


@published
class PeerReceived(Event):
    """A hub admits a node that its former hub has let go: the name and the key stay the same.

    Args:
        releases: of each of its former hubs the last word.
    """

    kind: ClassVar[str] = "node.peer.received"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    about_field: ClassVar[str] = "node"

    node: Name
    revision: Revision
    continent: Name
    root_key: PublicKey
    level: Level
    releases: list[Release] = Field(min_length=1, max_length=RELEASES_MAX)


@published
class PeerDecided(Event):
    """On whose word a hub has acted on a node below it, and why; told with each act, for people.

    It changes nothing by itself: how the node stands, the other events say. It bears the revision
    of the one that it explains.

    Args:
        by: two stewards of the hub, or its association by a certified ballot.
        what: what was decided.
        association, ballot, outcome: of the decision, where it is one.
        cause: in words.
        was: the name that the node bore before it lost its root key.
        now: the name under which it goes on since then.
        to: the hub to which it goes.
        until: when the act ends by itself.
    """

    kind: ClassVar[str] = "node.peer.decided"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    about_field: ClassVar[str] = "node"

    node: Name
    revision: Revision
    by: Literal["stewards", "association"]
    what: What
    association: AssociationId | None = None
    ballot: BallotId | None = None
    outcome: Sha256 | None = None
    cause: str = Field(default="", max_length=500)
    was: Name | None = None
    now: Name | None = None
    to: Name | None = None
    until: Stamp | None = None
