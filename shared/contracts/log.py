"""What any service's log may tell of itself: its reopening, a quarantine, a letter."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.canonical import canonical
from shared.events import Event, Log, published

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Epoch = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
PageNumber = Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)]

REOPENING_TAG = b"twiza/reopening/1\n"


@published
class LogReopened(Event):
    """A log goes on in a new epoch; the first event of the new epoch's first page.

    It names the last page of the old epoch that counts. ``signature`` is the ROOT key's, over
    ``REOPENING_TAG`` and ``statement()``, as base64url without padding.
    """

    kind: ClassVar[str] = "log.reopened"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC

    node: str = Field(max_length=32)
    service: str = Field(max_length=32)
    which: str = Field(pattern="^(public|private)$")
    epoch: Epoch
    old_epoch: Epoch
    last_page: PageNumber
    hash: Sha256
    reason: str = Field(max_length=200)
    signature: str = Field(max_length=100)

    def about(self) -> str:
        """Return the log's name."""
        return f"{self.node}/{self.service}/{self.which}"

    def statement(self) -> bytes:
        """Return the canonical bytes that the root key signs, without their tag."""
        return canonical(self.model_dump(mode="json", exclude={"signature"}))


@published
class LogQuarantined(Event):
    """This service has found two histories, or a signed page that is none, in another's log."""

    kind: ClassVar[str] = "log.quarantined"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PRIVATE

    node: str = Field(max_length=64)
    service: str = Field(max_length=64)
    which: str = Field(pattern="^(public|private)$")
    epoch: Epoch
    number: PageNumber
    reason: str = Field(max_length=64)
    first_hash: str = Field(default="", max_length=64)
    second_hash: str = Field(default="", max_length=64)

    def about(self) -> str:
        """Return the log's name."""
        return f"{self.node}/{self.service}/{self.which}"


@published
class Letter(Event):
    """A padded sealed box for one service of one node; nothing beside it names the addressee."""

    kind: ClassVar[str] = "letter"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    traced: ClassVar[bool] = False

    box: str = Field(max_length=32_768)

    def about(self) -> str:
        """Return the same word for every letter."""
        return "letter"
