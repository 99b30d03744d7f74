"""What an association of networks has decided about who belongs to it.

The governance of each node tells it when a ballot of the association is certified there. A hub's
node service reads it in its own node's log, and acts on the links of the nodes below it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.contracts.fields import LINE_PATTERN
from shared.contracts.log import Sha256
from shared.contracts.node import Name, PublicKey, Revision
from shared.events import Event, Log, published

GROUND_MAX = 300
"""The longest ground of a decision, in characters."""

AssociationId = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?:"
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    ),
]
"""``<node>:<uuid>``, of the network that keeps the association's charter and roll."""
BallotId = Annotated[str, StringConstraints(pattern=r"^[0-9a-z:-]{36,69}$")]
"""A UUID, or one behind the name of the network that began the ballot."""
Ground = Annotated[
    str, StringConstraints(min_length=1, max_length=GROUND_MAX, pattern=LINE_PATTERN)
]
Stamp = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
    ),
]
What = Literal[
    "admitted",
    "observer",
    "suspended",
    "reinstated",
    "limited",
    "quarantined",
    "expelled",
    "withdrawn",
    "key-replaced",
    "moved",
]


class MembershipCause(BaseModel):
    """Why it was decided, and the certified ballot by which.

    Args:
        ground: the ground of the charter, in words that the node and all others will read.
        ballot: the ballot's id.
        outcome: the hash of its outcome, which everybody can recompute.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    ground: Ground
    ballot: BallotId
    outcome: Sha256


@published
class MembershipDecided(Event):
    """An association has decided how a network belongs to it, by a certified ballot.

    Its revision rises with each decision of one association about one node.

    Args:
        association: whose decision it is.
        node: the network of which it is.
        root_key: that node's root key, so that nobody else is meant who bears its name.
        what: how the network stands with the association from now on.
        until: until when, where it ends by itself: a suspension.
        was: the name that the network bore before it lost its root key; with ``key-replaced``.
        to: the continental hub to which it goes; with ``moved``.
        cause: the ground and the ballot.
        valid_from: from when on it holds, by the clock of whoever acts on it.
        appeal_until: until when the network may appeal, where it may.
    """

    kind: ClassVar[str] = "governance.membership.decided"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    about_field: ClassVar[str] = "node"

    association: AssociationId
    node: Name
    root_key: PublicKey
    revision: Revision
    what: What
    until: Stamp | None = None
    was: Name | None = None
    to: Name | None = None
    cause: MembershipCause
    valid_from: Stamp
    appeal_until: Stamp | None = None
