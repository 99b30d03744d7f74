"""What a hub and a network that joins say to each other: invitation, request and answer.

See docs/protocol/joining.md. The invitation travels by hand, the request and the answer over the
hub's HTTPS, and two people compare the root key's fingerprint in words.
"""

from base64 import urlsafe_b64encode
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.node.home import Home
from shared.canonical import canonical
from shared.clock import Clock, SystemClock, stamp
from shared.contracts.node import LanguageTag, Level, Name, PublicKey, Service
from shared.keys import (
    BadKey,
    BadSignature,
    Prefix,
    SigningKey,
    fingerprint,
    prefix_of,
    read_secret,
    verify,
)
from shared.log.page import Unsigned, unpadded
from shared.refusals import Kind, Refusal
from shared.subjects import NO_HUB, offered_streams
from shared.subjects import Level as HubLevel

REQUEST_TAG: Final = b"twiza/joining/1\n"
INVITATION_BYTES_MAX: Final = 20_000
NAMES_MAX: Final = 50
EPOCH_MAX: Final = 32

Moment = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$")
]
Url = Annotated[str, Field(pattern=r"^(https|tls)://[^\s/@]{1,255}$")]
Stream = Annotated[str, Field(pattern=r"^(CONT_|ABROAD_|WORLD)[a-z0-9_-]{0,64}$")]
UserJwt = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]*$", max_length=65_536)]


class NotAHub(Refusal):
    """Something was asked of a node that only a hub does."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-a-hub"
    title: ClassVar[str] = "This node is no hub; nobody joins it"


class BadInvitation(Refusal):
    """A file is no invitation, or one of a newer form."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-invitation"
    title: ClassVar[str] = "This file is no invitation that this release reads"


class BadRequestSignature(Refusal):
    """A request to join is not signed by the root key that it names."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "bad-request-signature"
    title: ClassVar[str] = "The request is not signed by the root key that it names"


class NotItsPlace(Refusal):
    """A node asks to join a hub that is not the one for its level or continent."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-its-place"
    title: ClassVar[str] = "Nodes of that level or continent do not join this hub"


class NameReserved(Refusal):
    """A node wants a name that means something else on the wire."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "name-reserved"
    title: ClassVar[str] = "That name cannot be a node's; choose another one"


RESERVED: Final = frozenset({NO_HUB, "world", "closed", "fed", "nothing"})
"""Words that stand in subjects in a node's or continent's place, or in front of all of them."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Invitation(_Said):
    """What a hub hands to a network that it invites; it is no secret, and must not be altered."""

    v: Literal[1] = 1
    hub: Name
    hub_continent: Name
    level: Level
    joining_url: Url
    leaf_url: Url
    ca_pem: str = Field(max_length=10_000)
    root_key: PublicKey
    offered: tuple[Stream, ...] = Field(min_length=1, max_length=4)
    issued_at: Moment

    @property
    def fingerprint(self) -> str:
        """The hub's fingerprint in words, to be compared with what its people say."""
        return fingerprint(self.root_key)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return the invitation of a file.

        Raises:
            BadInvitation: it is none.
        """
        if len(data) > INVITATION_BYTES_MAX:
            raise BadInvitation("too long")
        try:
            found = cls.model_validate_json(data)
            fingerprint(found.root_key)
        except (ValidationError, BadKey) as error:
            raise BadInvitation() from error
        return found


class JoiningRequest(_Said):
    """A network asks to join a hub. ``signature`` is its root key's, over tag and statement."""

    v: Literal[1] = 1
    hub: Name
    node: Name
    continent: Name
    level: Level
    root_key: PublicKey
    leaf_key: PublicKey
    names: dict[LanguageTag, Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default={}, max_length=NAMES_MAX
    )
    services: tuple[Service, ...] = Field(default=(), max_length=10)
    epochs: dict[Service, Annotated[int, Field(ge=1, le=EPOCH_MAX, strict=True)]] = {}
    asked_at: Moment
    signature: str = Field(default="", max_length=100)

    def statement(self) -> bytes:
        """Return the canonical bytes that the root key signs, without their tag."""
        return canonical(self.model_dump(mode="json", exclude={"signature"}))

    def require_signed(self) -> None:
        """Return quietly when the root key has signed the request and its keys are what they say.

        Raises:
            BadRequestSignature: it has not.
        """
        try:
            if prefix_of(self.root_key) is not Prefix.ROOT:
                raise BadKey("not a root key")
            if prefix_of(self.leaf_key) is not Prefix.USER:
                raise BadKey("not a leaf key")
            verify(self.root_key, REQUEST_TAG + self.statement(), unpadded(self.signature))
        except (BadKey, BadSignature, Unsigned) as error:
            raise BadRequestSignature(error.title) from error


class JoiningAnswer(_Said):
    """What a hub answers to the one who asks after a request, by the fingerprint."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    hub: Name
    node: Name
    fingerprint: str = Field(max_length=80)
    state: Literal["waiting", "admitted", "refused"]
    cause: str = Field(default="", max_length=500)
    level: Level
    offered: tuple[Stream, ...] = Field(default=(), max_length=4)
    leaf_jwt: UserJwt = ""
    also_asked_by: tuple[str, ...] = ()
    """The fingerprints of others who ask for the same name."""


def make_invitation(home: Home, *, clock: Clock | None = None) -> Invitation:
    """Return the invitation to a hub, from its home; the hub need not run.

    Raises:
        NotAHub: the node is a local one.
    """
    settings = home.settings()
    if settings.level is HubLevel.LOCAL:
        raise NotAHub(settings.name)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return Invitation.model_validate(
        {
            "hub": settings.name,
            "hub_continent": settings.continent,
            "level": settings.level.value,
            "joining_url": f"https://{host}:{settings.ports.joining}",
            "leaf_url": f"tls://{host}:{settings.ports.leaf}",
            "ca_pem": read_secret(home.ca_pem).decode("ascii"),
            "root_key": SigningKey.load(home.root_key).public,
            "offered": offered_streams(settings.name, settings.level),
            "issued_at": stamp((clock or SystemClock()).now()),
        }
    )


def signed_request(root: SigningKey, fields: dict[str, Any]) -> JoiningRequest:
    """Return a request to join, signed by the node's root key."""
    request = JoiningRequest.model_validate({**fields, "root_key": root.public})
    signature = root.sign(REQUEST_TAG + request.statement())
    text = urlsafe_b64encode(signature).rstrip(b"=").decode("ascii")
    return request.model_copy(update={"signature": text})
