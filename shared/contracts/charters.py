"""What a network tells of the charter of an association: its versions, and who has signed them."""

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from shared.canonical import canonical
from shared.contracts.log import Sha256
from shared.contracts.membership import AssociationId
from shared.contracts.rings import Node, Stamp
from shared.contracts.seals import BallotId, Signature
from shared.events import Event, Log, published

CHARTER_TAG: Final = b"twiza/charter/1\n"

CharterNumber = Annotated[int, Field(ge=1, le=100_000, strict=True)]


class _CharterTold(Event):
    log: ClassVar[Log] = Log.PUBLIC

    association: AssociationId
    node: Node

    def about(self) -> str:
        """Return the association's part of the network that tells: ``<node>:<uuid>``."""
        return f"{self.node}:{self.association.partition(':')[2]}"


@published
class CharterPublished(_CharterTold):
    """The network that keeps an association has published a version of its charter.

    Args:
        node: who tells; only the network in the association's id keeps it.
        number: of the version, from 1.
        charter: the charter itself; docs/protocol/decisions.md says what stands in it.
        charter_hash: the SHA-256 of the charter's canonical JSON.
        cause: the certified ballot by which it was changed; the first version has none.
    """

    kind: ClassVar[str] = "governance.charter.published"
    version: ClassVar[int] = 1

    number: CharterNumber
    charter: dict[str, Any]
    charter_hash: Sha256
    cause: BallotId | None = None


@published
class CharterAdopted(_CharterTold):
    """A network signs a version of a charter; from then on it holds for that network.

    Args:
        leg: the network that signs, where it has no software and ``node`` speaks for it.
        adopted_at: when, by the clock of who tells.
        signature: by the key of the service of decisions of ``node``, over ``statement()``.
    """

    kind: ClassVar[str] = "governance.charter.adopted"
    version: ClassVar[int] = 1

    leg: Node | None = None
    number: CharterNumber
    charter_hash: Sha256
    adopted_at: Stamp
    signature: Signature

    def statement(self) -> bytes:
        """Return the bytes that are signed."""
        data = self.model_dump(mode="json", exclude_defaults=True, exclude={"signature"})
        return CHARTER_TAG + canonical(data)


@published
class CharterLeft(_CharterTold):
    """A network leaves an association; it needs nobody's leave.

    Args:
        leg: the network that leaves, where ``node`` speaks for it.
    """

    kind: ClassVar[str] = "governance.charter.left"
    version: ClassVar[int] = 1

    leg: Node | None = None
    left_at: Stamp
