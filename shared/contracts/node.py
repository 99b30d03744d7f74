"""What a node's own service tells: who it is, whom it admits, its keys and its heads."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.log import Epoch, PageNumber, Sha256
from shared.events import Event, Log, published

Name = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$")]
PublicKey = Annotated[str, Field(pattern=r"^[A-Z][A-Z2-7]{55}$")]
Level = Literal["local", "continental", "intercontinental"]
LanguageTag = Annotated[str, Field(pattern=r"^[a-zA-Z]{2,8}(?:[-_][a-zA-Z0-9]{1,8})*$")]
Revision = Annotated[int, Field(ge=1, le=2**53 - 1, strict=True)]
Service = Literal["directory", "exchange", "governance", "portal", "node"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Parent(_Part):
    """The hub to which a hub or node is joined."""

    node: Name
    continent: Name
    root_key: PublicKey
    level: Level


@published
class DescriptionPublished(Event):
    """A node says who it is. A hub's parent is believed by the nodes below that hub only."""

    kind: ClassVar[str] = "node.description.published"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    about_field: ClassVar[str] = "node"

    node: Name
    revision: Revision
    continent: Name
    level: Level
    names: dict[LanguageTag, Annotated[str, Field(min_length=1, max_length=200)]] = {}
    languages: list[LanguageTag] = Field(default=[], max_length=50)
    services: list[Service] = Field(default=[], max_length=10)
    host: str = Field(default="", max_length=253)
    release: str = Field(default="", max_length=40)
    parent: Parent | None = None


@published
class PeerAdmitted(Event):
    """A hub admits a node below it, with its root key; the name and the key are one from now on."""

    kind: ClassVar[str] = "node.peer.admitted"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    about_field: ClassVar[str] = "node"

    node: Name
    revision: Revision
    continent: Name
    root_key: PublicKey
    level: Level


class _PeerStanding(Event):
    about_field: ClassVar[str] = "node"

    node: Name
    revision: Revision
    cause: str = Field(default="", max_length=500)


@published
class PeerLimited(_PeerStanding):
    """A hub limits a node: its pages are applied, and not shown to the public."""

    kind: ClassVar[str] = "node.peer.limited"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC


@published
class PeerQuarantined(_PeerStanding):
    """A hub quarantines a node: its pages are kept and not applied."""

    kind: ClassVar[str] = "node.peer.quarantined"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC


@published
class PeerCut(_PeerStanding):
    """A hub cuts a node off; of each of its logs the pages up to the one named still count."""

    kind: ClassVar[str] = "node.peer.cut"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC

    last_pages: dict[Service, tuple[Epoch, PageNumber]] = {}


@published
class CredentialRenewed(Event):
    """A hub gives a node below it a new credential for the leaf link; it needs the node's seed."""

    kind: ClassVar[str] = "node.credential.renewed"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    about_field: ClassVar[str] = "node"

    node: Name
    revision: Revision
    user_jwt: str = Field(max_length=65_536)
    expires: int = Field(ge=0)


@published
class LetterKeyAnnounced(Event):
    """A service of the node can be written to with this X25519 key; the newest number is used."""

    kind: ClassVar[str] = "node.letter-key.announced"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    about_field: ClassVar[str] = "service"

    service: Service
    number: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
    key: str = Field(pattern=r"^[A-Za-z0-9_-]{43}$")


class Head(_Part):
    """Where a log of the node stands."""

    service: Service
    epoch: Epoch
    number: PageNumber
    hash: Sha256


@published
class HeadsAnnounced(Event):
    """Where the node's public logs stand, told when it is idle."""

    kind: ClassVar[str] = "node.heads.announced"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC
    about_field: ClassVar[str] = "node"

    node: Name
    revision: Revision
    heads: list[Head] = Field(max_length=20)


@published
class TokenRevoked(Event):
    """A token ends before its time."""

    kind: ClassVar[str] = "node.token.revoked"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PRIVATE
    about_field: ClassVar[str] = "token_id"

    token_id: str = Field(max_length=64)
    expires: int = Field(ge=0)
