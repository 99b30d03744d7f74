"""What is told of an association besides its charter: texts, who asks to belong, who stands for it.

A network that asks to belong may have no line yet: then it signs at home, its word is carried to
the network that keeps the association, and that one tells it, with all that proves whose it is.
"""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.charters import CharterNumber
from shared.contracts.fields import Language, Name
from shared.contracts.log import Sha256
from shared.contracts.membership import AssociationId
from shared.contracts.node import PublicKey
from shared.contracts.rings import Node, Stamp
from shared.contracts.seals import Signature
from shared.events import Event, Log, published

TEXT_MAX = 40_000
"""The longest text that an association is told, in characters."""
CERTIFICATE_MAX = 2_048

AssociationText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=TEXT_MAX,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]*$",
    ),
]
"""Prose with line breaks; nothing that hides or turns around what is written."""


class _AssociationTold(Event):
    log: ClassVar[Log] = Log.PUBLIC

    association: AssociationId
    node: Node

    def about(self) -> str:
        """Return the association's part of the network that tells: ``<node>:<uuid>``."""
        return f"{self.node}:{self.association.partition(':')[2]}"


@published
class TextTold(_AssociationTold):
    """A text of an association, which others name by its hash: of a charter, a reply, a reason.

    Its hash is the SHA-256 of its UTF-8 bytes, so that it does not matter who tells it.
    """

    kind: ClassVar[str] = "governance.text.told"
    version: ClassVar[int] = 1

    language: Language
    text: AssociationText


class SignedAdoption(BaseModel):
    """A network's own signature of a charter, as it would stand on its own log."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: CharterNumber
    charter_hash: Sha256
    adopted_at: Stamp
    signature: Signature


@published
class MembershipApplied(_AssociationTold):
    """A network asks to belong; it tells so itself, or the network that keeps the association does.

    Args:
        network: who asks.
        names: what it is called, by language.
        root_key: its root key, so that nobody else is meant; left out where it has no software.
        certificate: by which that key certifies the key that has signed the charter.
        adoption: its signature.
        paper_hash: of the paper that was signed, where the network has no software; then who keeps
            the association tells, and speaks for it from then on.
    """

    kind: ClassVar[str] = "governance.membership.applied"
    version: ClassVar[int] = 1

    network: Node
    names: Annotated[dict[Language, Name], Field(min_length=1, max_length=24)]
    root_key: PublicKey | None = None
    certificate: Annotated[str, Field(max_length=CERTIFICATE_MAX)] | None = None
    adoption: SignedAdoption | None = None
    paper_hash: Sha256 | None = None
    applied_at: Stamp


@published
class MembershipSponsored(_AssociationTold):
    """A member stands for a network that asks to belong.

    Args:
        network: for whom.
        root_key: its root key as the member has compared it; left out where it has no software.
    """

    kind: ClassVar[str] = "governance.membership.sponsored"
    version: ClassVar[int] = 1

    network: Node
    root_key: PublicKey | None = None
    sponsored_at: Stamp
