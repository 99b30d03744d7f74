"""What networks tell of a ballot between them after the seals: outcomes, challenges, rulings.

And of objections, which stand before it. A text is told by its hash; the network keeps it.
"""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.canonical import canonical
from shared.contracts.decisions import DecisionTold
from shared.contracts.log import Sha256
from shared.contracts.rings import Node, Revision, Stamp
from shared.contracts.seals import NODES_MAX, OPTIONS_MAX, BallotId, Code, Count, Signature
from shared.events import published

OUTCOME_TAG: Final = b"twiza/outcome/1\n"
GROUNDS_MAX: Final = 1_000

ObjectionId = BallotId
"""``<node>:<uuid7>`` of the network that objects, or one of whose members does."""
Dispute = Annotated[str, Field(pattern=r"^[a-z-]{1,40}(:[a-z0-9-]{0,64}){0,3}$")]
"""Why an outcome is in doubt: ``equivocation:souss``, ``challenge:souss:roll:teranga``."""
Order = Literal["recount", "exclude-leg", "annul", "dismiss"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


@published
class DecisionObjected(DecisionTold):
    """A network objects to a proposal, for itself or for a member, and says how it goes on.

    Args:
        revision: rises with each state that the objector gives it.
        ground: of the charter's list.
        harm_hash, change_hash: what harm is feared, and what change is proposed.
    """

    kind: ClassVar[str] = "governance.decision.objected"
    version: ClassVar[int] = 1

    objection: ObjectionId
    revision: Revision
    state: Literal["raised", "appealed", "withdrawn"]
    ground: Code
    harm_hash: Sha256
    change_hash: Sha256 | None = None


@published
class DecisionAnswered(DecisionTold):
    """Who has called a ballot answers an objection; after an appeal another sponsor does.

    Args:
        revision: rises with each answer of this network.
        reason_hash: why; an answer without a reason is none.
    """

    kind: ClassVar[str] = "governance.decision.answered"
    version: ClassVar[int] = 1

    objection: ObjectionId
    revision: Revision
    state: Literal["validated", "not-validated", "integrated", "stands"]
    reason_hash: Sha256


class CertifiedLeg(_Part):
    """A leg as an outcome was computed from it.

    Args:
        roll_size: how many could vote there.
        commitment: to what the network was bound; left out where it was not.
        seal: the hash of the seal that counts; left out where there is none.
    """

    node: Node
    roll_size: Count
    commitment: Sha256 | None = None
    seal: Sha256 | None = None


@published
class DecisionCertified(DecisionTold):
    """A network has computed the outcome for itself, and says from what.

    Args:
        rulings: the hashes of the rulings that it has taken into account.
        legs: all legs that had sealed a roll, by node.
        standing: the objections that stand.
        outcome: ``adopted``, ``rejected``, ``no-quorum``, ``tie-status-quo`` or ``chosen``.
        winners: what was chosen, in order.
        outcome_hash: the SHA-256 of the outcome's canonical JSON.
        signature: by the key of the service of decisions of ``node``, over ``statement()``.
    """

    kind: ClassVar[str] = "governance.decision.certified"
    version: ClassVar[int] = 1

    rulings: Annotated[tuple[Sha256, ...], Field(max_length=100)] = ()
    legs: Annotated[tuple[CertifiedLeg, ...], Field(max_length=NODES_MAX)]
    standing: Annotated[tuple[ObjectionId, ...], Field(max_length=500)] = ()
    outcome: Literal["adopted", "rejected", "no-quorum", "tie-status-quo", "chosen"]
    winners: Annotated[tuple[Code, ...], Field(max_length=OPTIONS_MAX)] = ()
    outcome_hash: Sha256
    certified_at: Stamp
    signature: Signature

    def statement(self) -> bytes:
        """Return the bytes that are signed."""
        data = self.model_dump(mode="json", exclude_defaults=True, exclude={"signature"})
        return OUTCOME_TAG + canonical(data)


@published
class DecisionChallenged(DecisionTold):
    """A network challenges an outcome, with a reason and evidence.

    Args:
        ground: ``roll``, ``ballots``, ``count``, ``outage``: a late leg should count; ``notice``:
            the ballot was called wrongly; ``coercion``; ``appeal``: the one appeal of the network
            that an expulsion is about.
        accused: the network whose leg it is about; left out where it is about all.
        evidence_hash: of what the panel is given.
    """

    kind: ClassVar[str] = "governance.decision.challenged"
    version: ClassVar[int] = 1

    ground: Literal["roll", "ballots", "count", "outage", "notice", "coercion", "appeal"]
    accused: Node | None = None
    evidence_hash: Sha256
    challenged_at: Stamp


@published
class DecisionAudited(DecisionTold):
    """A network that was drawn has looked up the drawn entries of another one's roll.

    Args:
        audited: the network whose roll it was.
        roll_root: the roll.
        outcome_hash: whose seals the draw was seeded by; left out where a roll was looked at
            before it could count, because it had grown.
        entries: how many entries were looked up.
        bad: how many of them are nobody, or nobody entitled.
        doubles: how many of them are in another network's roll, too.
        report_hash: of the report, which holds no names.
    """

    kind: ClassVar[str] = "governance.decision.audited"
    version: ClassVar[int] = 1

    audited: Node
    roll_root: Sha256
    outcome_hash: Sha256 | None = None
    entries: Count
    bad: Count
    doubles: Count = 0
    report_hash: Sha256


@published
class DecisionRuled(DecisionTold):
    """A member of the panel that was drawn rules; what most of the panel rule takes effect.

    Args:
        disputes: what is ruled on, sorted.
        order: ``recount``: every network computes again, with the late legs that are named;
            ``exclude-leg``: without the legs that are named; ``annul``; ``dismiss``.
        legs: the networks that the order names, sorted.
        reason_hash: of the reasons; a ruling without them is none.
    """

    kind: ClassVar[str] = "governance.decision.ruled"
    version: ClassVar[int] = 1

    disputes: Annotated[tuple[Dispute, ...], Field(min_length=1, max_length=GROUNDS_MAX)]
    order: Order
    legs: Annotated[tuple[Node, ...], Field(max_length=NODES_MAX)] = ()
    reason_hash: Sha256
    ruled_at: Stamp
