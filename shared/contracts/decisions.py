"""What networks tell of a ballot between them: notice, answers, rolls, commitments and seals.

Each network tells its own part on its own public log; what a ballot has come to is a function of
all that was told, whatever its order (docs/protocol/decisions.md). Nothing here is personal: there
are hashes, whole numbers, names of networks, and pseudonyms of tellers.
"""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.canonical import canonical
from shared.contracts.fields import Language
from shared.contracts.log import Epoch, Sha256
from shared.contracts.membership import AssociationId, Ground
from shared.contracts.node import PublicKey
from shared.contracts.register import PersonId
from shared.contracts.rings import Node, Revision, Stamp
from shared.contracts.seals import (
    CHUNKS_MAX,
    NODES_MAX,
    OPTIONS_MAX,
    BallotId,
    Code,
    Count,
    Seal,
    Signature,
)
from shared.events import Event, Log, published

ACCEPTANCE_TAG: Final = b"twiza/acceptance/1\n"
CLASSES_MAX: Final = 2_000
"""How many classes of equal ballots a chunk has at most."""

Level = Literal["entity", "network", "continent", "intercontinental"]
"""Where a matter is decided, the lowest first."""
Nonce = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class DecisionTold(Event):
    """What all events of a ballot between networks have.

    Args:
        node: the network that tells; it speaks for itself alone, or for a network without software
            for which the notice says that it does.
    """

    log: ClassVar[Log] = Log.PUBLIC

    node: Node
    ballot_id: BallotId

    def about(self) -> str:
        """Return the ballot's part of the network that tells: ``<node>:<uuid>``."""
        return f"{self.node}:{self.ballot_id.partition(':')[2]}"


class LegTold(DecisionTold):
    """What a network tells of its own part of a ballot, its leg.

    Args:
        leg: the network whose part it is, where it has no software and ``node`` speaks for it.
    """

    leg: Node | None = None

    @property
    def network(self) -> str:
        """The network whose leg it is."""
        return self.leg or self.node


class ToldOption(_Part):
    """One thing that can be chosen; its words stand with the proposal."""

    code: Code
    cost: Count | None = None
    groups: Annotated[tuple[Code, ...], Field(max_length=20)] = ()


class ToldText(_Part):
    """The text of a proposal in one language, by its hash."""

    hash: Sha256
    confirmed: bool = False
    """Whether people have confirmed the translation."""


class ToldLeg(_Part):
    """A network that is called to vote.

    Args:
        audited: the size of its roll when it was last audited; 0 where it never was.
        roll_root: its roll, where the matter wants it sealed before the notice.
        kept_by: the network that speaks for it, where it has no software.
    """

    node: Node
    audited: Count = 0
    roll_root: Sha256 | None = None
    kept_by: Node | None = None


class ToldEffect(_Part):
    """What follows by itself from a ballot on a charter or on belonging, if it is adopted.

    It stands in the notice, so that nothing else can follow than what was voted on.

    Args:
        ground: why, in words that everybody will read.
        network: whose belonging it is; with ``was`` the name that it bears from then on.
        root_key: of that network, so that nobody else is meant; left out where it has no software.
        was: the name that it bore before it lost its root key.
        to: the hub to which it goes.
        charter_hash: of the version that is to be published.
    """

    ground: Ground
    network: Node | None = None
    root_key: PublicKey | None = None
    was: Node | None = None
    to: Node | None = None
    charter_hash: Sha256 | None = None


@published
class DecisionNoticed(DecisionTold):
    """A ballot between networks is announced; what stands in it is never changed.

    Args:
        association: whose ballot it is; its charter has ``charter_hash``.
        matter: of the charter's table of competence.
        level: at which it is to be decided.
        rule: the federated rule, whole; ``rule_hash`` is the SHA-256 of its canonical JSON.
        language: the authoritative one.
        texts: the proposal's hash in each language of the charter.
        legs: who is called to vote.
        subject: the network that the ballot is about, which does not vote.
        grounds: of the charter's list, for a suspension or an expulsion.
        effect: what follows by itself, for a matter of the charter or of belonging.
        follows: the ballot that this one repeats, appeals or is the fallback of.
        call: 1, or 2 where the first call had no quorum.
    """

    kind: ClassVar[str] = "governance.decision.noticed"
    version: ClassVar[int] = 1

    association: AssociationId
    charter_hash: Sha256
    matter: Code
    level: Level
    rule: dict[str, Any]
    rule_hash: Sha256
    options: Annotated[tuple[ToldOption, ...], Field(max_length=OPTIONS_MAX)] = ()
    language: Language
    texts: Annotated[dict[Language, ToldText], Field(max_length=24)]
    legs: Annotated[tuple[ToldLeg, ...], Field(min_length=1, max_length=NODES_MAX)]
    subject: Node | None = None
    grounds: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    effect: ToldEffect | None = None
    noticed_at: Stamp
    opens_at: Stamp
    closes_at: Stamp
    follows: BallotId | None = None
    call: Annotated[int, Field(ge=1, le=2, strict=True)] = 1


@published
class DecisionSponsored(DecisionTold):
    """A network stands for a notice: without enough sponsors there is no ballot."""

    kind: ClassVar[str] = "governance.decision.sponsored"
    version: ClassVar[int] = 1

    notice_hash: Sha256


@published
class DecisionAccepted(LegTold):
    """A network takes part, under this notice, rule and charter and no other.

    Args:
        revision: rises with each answer of the network; the last one counts.
        signature: by the key of the service of decisions of ``node``, over ``statement()``.
    """

    kind: ClassVar[str] = "governance.decision.accepted"
    version: ClassVar[int] = 1

    revision: Revision
    notice_hash: Sha256
    rule_hash: Sha256
    charter_hash: Sha256
    signature: Signature

    def statement(self) -> bytes:
        """Return the bytes that are signed."""
        data = self.model_dump(mode="json", exclude_defaults=True, exclude={"signature"})
        return ACCEPTANCE_TAG + canonical(data)


class _WithReason(LegTold):
    reason: Code
    """In one word."""
    reason_hash: Sha256 | None = None
    """Of the reason in full, which the network keeps for all to read."""


@published
class DecisionDeclined(_WithReason):
    """A network does not take part."""

    kind: ClassVar[str] = "governance.decision.declined"
    version: ClassVar[int] = 1

    revision: Revision


@published
class DecisionReturned(_WithReason):
    """A network says that the matter belongs to a lower level; a third of them returns it."""

    kind: ClassVar[str] = "governance.decision.returned"
    version: ClassVar[int] = 1


@published
class DecisionEscalated(_WithReason):
    """A network asks that the matter be decided one level higher.

    Args:
        ground: ``members``: enough of its roll ask for it; ``node``: the network has decided so;
            ``objection``: an objection stands unresolved.
        supporters, roll_size: how many of how many members ask.
        objection: the id of the objection.
    """

    kind: ClassVar[str] = "governance.decision.escalated"
    version: ClassVar[int] = 1

    ground: Literal["members", "node", "objection"]
    supporters: Count = 0
    roll_size: Count = 0
    objection: BallotId | None = None


@published
class DecisionWithdrawn(_WithReason):
    """Who has called a ballot takes it back before it has opened."""

    kind: ClassVar[str] = "governance.decision.withdrawn"
    version: ClassVar[int] = 1


@published
class DecisionReplied(DecisionTold):
    """The network that a ballot is about has used its right of reply, or has waived it."""

    kind: ClassVar[str] = "governance.decision.replied"
    version: ClassVar[int] = 1

    reply_hash: Sha256 | None = None


@published
class DecisionRolled(LegTold):
    """A network has sealed its roll; a correction is a new epoch, before the opening only."""

    kind: ClassVar[str] = "governance.decision.rolled"
    version: ClassVar[int] = 1

    roll_epoch: Epoch
    roll_root: Sha256
    roll_size: Count
    rolled_at: Stamp


@published
class DecisionOpened(LegTold):
    """Voting is open in a network, on this roll."""

    kind: ClassVar[str] = "governance.decision.opened"
    version: ClassVar[int] = 1

    roll_root: Sha256
    opened_at: Stamp


@published
class DecisionCommitted(LegTold):
    """Voting is closed in a network, and it is bound to a seal that nobody can read yet.

    Args:
        commitment: the SHA-256 of the canonical seal and a nonce.
    """

    kind: ClassVar[str] = "governance.decision.committed"
    version: ClassVar[int] = 1

    commitment: Sha256
    closed_at: Stamp


@published
class DecisionSealed(LegTold):
    """A network shows the seal to which it was bound.

    Args:
        nonce: 32 bytes in hex.
        heard: the commitments of others that it knew when it showed its own: none of these was
            made knowing this seal.
        tellers: who has entered a result on paper, under pseudonyms; two of them.
        paper_hash: of the signed paper.
    """

    kind: ClassVar[str] = "governance.decision.sealed"
    version: ClassVar[int] = 1

    seal: Seal
    nonce: Nonce
    heard: Annotated[dict[Node, Sha256], Field(max_length=NODES_MAX)] = {}
    tellers: Annotated[tuple[PersonId, ...], Field(max_length=4)] = ()
    paper_hash: Sha256 | None = None


class ToldClass(_Part):
    """Equal ballots: what they say, and how many they are."""

    choice: dict[str, Any]
    count: Annotated[int, Field(ge=1, le=2**53 - 1, strict=True)]


@published
class DecisionChunked(LegTold):
    """A part of a network's classes of equal ballots, whose hash stands in its seal."""

    kind: ClassVar[str] = "governance.decision.chunked"
    version: ClassVar[int] = 1

    number: Annotated[int, Field(ge=1, le=CHUNKS_MAX, strict=True)]
    of: Annotated[int, Field(ge=1, le=CHUNKS_MAX, strict=True)]
    classes: Annotated[tuple[ToldClass, ...], Field(min_length=1, max_length=CLASSES_MAX)]


@published
class DecisionShown(DecisionTold):
    """A network shows a seal that another one has signed: it came by another way, or differs.

    Args:
        nonce: with which the other one was bound to it, where it came along.
    """

    kind: ClassVar[str] = "governance.decision.shown"
    version: ClassVar[int] = 1

    seal: Seal
    nonce: Nonce | None = None
