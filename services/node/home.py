"""A node's home directory: where each thing lies, and its founding.

A home is one network's node on one machine; a machine may hold many. What stands here is
everything a node is: its settings, keys, databases, streams and link to its hub.
"""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from services.node import credentials, machine, tls, toml
from services.node.credentials import ACCOUNTS, Account
from services.node.permissions import Place
from shared.ids import SERVICES, NodeName, ServiceName, node_name, service_name
from shared.keys import Prefix, SigningKey, read_secret, write_secret
from shared.refusals import Kind, Refusal
from shared.subjects import Level

Durability = Literal["strict", "relaxed"]

SLOT_BYTES: Final = 16
_ASSOCIATION: Final = r"^$|^[a-z0-9-]{1,32}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_SETTINGS_HEADING: Final = "What this network says of its node; docs/operators/ explains each line."


class BadHome(Refusal):
    """A home directory does not hold a node, or holds another one."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    slug: ClassVar[str] = "bad-home"
    title: ClassVar[str] = "This directory is not this node's home"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ports(_Model):
    """The ports of a node; 0 lets the founding choose a free one."""

    node: int = 0
    directory: int = 0
    exchange: int = 0
    governance: int = 0
    portal: int = 0
    single: int = 0
    """All services' HTTP, when they share a process."""
    nats: int = 0
    monitor: int = 0
    """What nats-server tells of itself over HTTP, on this machine only."""
    leaf: int = 0
    """Where a hub's members connect."""
    joining: int = 0
    """The HTTPS of a hub by which a network asks to join."""

    def of(self, service: str) -> int:
        """Return the HTTP port of a service that runs as a process of its own."""
        return int(getattr(self, service_name(service)))


class NodeSettings(_Model):
    """What a network says of its node, kept as ``twiza.toml``."""

    name: Annotated[NodeName, AfterValidator(node_name)]
    continent: Annotated[NodeName, AfterValidator(node_name)]
    level: Level = Level.LOCAL
    names: dict[str, str] = Field(default_factory=dict)
    """The network's name by language (BCP 47)."""
    languages: tuple[str, ...] = ("en",)
    region: tuple[str, ...] = ()
    """Tags of the places for which the node stands."""
    association: Annotated[str, Field(pattern=_ASSOCIATION)] = ""
    """Whose decisions move the links of this hub, ``<node>:<uuid>``; nothing: stewards decide."""
    services: tuple[Annotated[ServiceName, AfterValidator(service_name)], ...] = SERVICES
    host: str = "127.0.0.1"
    """The name or address under which others reach this node."""
    ports: Ports = Ports()
    durability: Durability = "strict"
    store_mb: int = Field(default=0, ge=0)
    """The space of the streams, in megabytes; 0 lets the founding choose by the free disk."""


class Federation(_Model):
    """A node's link to its hub, kept as ``federation.json``."""

    hub: Annotated[NodeName, AfterValidator(node_name)]
    hub_continent: Annotated[NodeName, AfterValidator(node_name)]
    leaf_url: str
    """``tls://<host>:<port>``"""
    ca_pem: str
    leaf_jwt: str
    """The user token that the hub issued for this node's leaf key."""
    hub_root_key: str
    offered: tuple[str, ...]
    """The hub's streams from which this node draws."""


class Home:
    """Where each thing of a node lies. It holds paths, and reads and writes the two settings."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.settings_file = self.path / "twiza.toml"
        self.federation_file = self.path / "federation.json"
        self.keys = self.path / "keys"
        self.tls = self.path / "tls"
        self.nats = self.path / "nats"
        self.creds = self.path / "creds"
        self.data = self.path / "data"
        self.logs = self.path / "logs"
        self.root_key = self.keys / "root.seed"
        self.leaf_key = self.keys / "leaf.seed"
        self.operator_key = self.keys / "operator.seed"
        self.fed_signing_key = self.keys / "account-fed-signing.seed"
        self.slot_file = self.keys / "slot"
        self.ca_pem = self.tls / "ca.pem"
        self.server_pem = self.tls / "server.pem"
        self.server_key = self.tls / "server.key"
        self.nats_conf = self.nats / "nats.conf"
        self.nats_pid = self.nats / "nats.pid"
        self.jetstream = self.nats / "js"
        self.resolver = self.nats / "jwt"
        self.tokens = self.nats / "tokens"
        self.intended_streams = self.nats / "streams"
        self.restored_file = self.path / "restored.json"
        self.epochs_file = self.nats / "epochs.json"
        self.revoked_file = self.nats / "revoked.json"
        self.nats_log = self.logs / "nats.log"
        self.leaf_creds = self.creds / "leaf.creds"

    def service_key(self, service: str) -> Path:
        """Where the key lies with which a service signs its pages."""
        return self.keys / f"{service_name(service)}.seed"

    def service_certificate(self, service: str) -> Path:
        """Where the root key's word for a service's key lies."""
        return self.keys / f"{service_name(service)}.cert"

    def account_key(self, account: Account) -> Path:
        """Where the key of an account of nats-server lies."""
        return self.keys / f"account-{account}.seed"

    def user_key(self, account: Account, service: str) -> Path:
        """Where the key lies by which a service enters an account."""
        return self.keys / "users" / f"{account}-{service_name(service)}.seed"

    def user_creds(self, account: Account, service: str) -> Path:
        """Where the credentials lie by which a service enters an account."""
        return self.creds / f"{account}-{service_name(service)}.creds"

    def token(self, name: str) -> Path:
        """Where the current token of the operator or of an account lies."""
        return self.tokens / f"{name}.jwt"

    def intended_stream(self, stream: str) -> Path:
        """Where it is written what a stream shall be."""
        return self.intended_streams / f"{stream}.json"

    def database(self, service: str) -> Path:
        """Where a service's database lies, when it is SQLite."""
        return self.data / f"{service_name(service)}.db"

    def settings(self) -> NodeSettings:
        """Read the node's settings.

        Raises:
            BadHome: there are none, or they are not what they should be.
        """
        try:
            return NodeSettings.model_validate(tomllib.loads(self.settings_file.read_text("utf-8")))
        except FileNotFoundError as error:
            raise BadHome(f"{self.settings_file} is missing") from error
        except (tomllib.TOMLDecodeError, ValidationError, Refusal) as error:
            raise BadHome(f"{self.settings_file}: {error}") from error

    def save_settings(self, settings: NodeSettings) -> None:
        """Write the node's settings."""
        text = toml.written(settings.model_dump(mode="json"), heading=_SETTINGS_HEADING)
        write_secret(self.settings_file, text.encode("utf-8"))

    def federation(self) -> Federation | None:
        """Read the link to the hub; None when the node has no hub.

        Raises:
            BadHome: the file is not what it should be.
        """
        try:
            return Federation.model_validate_json(self.federation_file.read_bytes())
        except FileNotFoundError:
            return None
        except (ValidationError, Refusal) as error:
            raise BadHome(f"{self.federation_file}: {error}") from error

    def save_federation(self, federation: Federation) -> None:
        """Write the link to the hub, and the credentials that go with it.

        nats-server reads the link at its next start; services enter with their new credentials
        when they connect again.
        """
        write_secret(self.federation_file, federation.model_dump_json(indent=2).encode("utf-8"))
        credentials.issue(self)

    def slot(self) -> str:
        """Return the secret word through which this node's public logs are written, or nothing."""
        return read_secret(self.slot_file).decode("ascii") if self.slot_file.exists() else ""

    def place(self) -> Place:
        """Return where this node stands, for the allow-lists of its own users."""
        settings, federation = self.settings(), self.federation()
        epochs = credentials.epochs(self)
        return Place(
            node=settings.name,
            level=settings.level,
            hub=federation.hub if federation else None,
            epochs=epochs.public,
            private_epochs=epochs.private,
            slot=self.slot(),
        )

    @classmethod
    def opened(cls, path: Path) -> Self:
        """Return the home at a path.

        Raises:
            BadHome: no node was founded there.
        """
        home = cls(path)
        home.settings()
        return home


def initialise(path: Path, settings: NodeSettings, *, at: datetime | None = None) -> Home:
    """Found a node in a directory: settings, keys, certificates, tokens and credentials.

    A second call changes nothing and completes what a first one left undone; the settings that
    stand there already are kept.

    Args:
        path: the home directory; it is made if it is missing.
        settings: what the network says of its node.
        at: now, for certificates and tokens.

    Raises:
        BadHome: the directory holds a node of another name.
    """
    home, at = Home(path), at or datetime.now(UTC)
    for folder in (
        home.path, home.keys, home.keys / "users", home.tls, home.nats, home.jetstream,
        home.resolver, home.tokens, home.intended_streams, home.creds, home.data, home.logs,
    ):  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not home.settings_file.exists():
        home.save_settings(_chosen(settings, home.path))
    elif home.settings().name != settings.name:
        raise BadHome(f"{home.path} is the home of {home.settings().name}")
    settings = home.settings()
    _make_keys(home)
    if settings.level is not Level.LOCAL:
        tls.make_authority(home.tls, name=settings.name, at=at)
        tls.make_server_certificate(home.tls, host=settings.host, at=at)
    # Written before any credentials, which name it.
    if not home.slot_file.exists():
        write_secret(home.slot_file, token_hex(SLOT_BYTES).encode("ascii"))
    credentials.issue(home, at=at)
    return home


def _make_keys(home: Home) -> None:
    wanted: dict[Path, Prefix] = {
        home.root_key: Prefix.ROOT,
        home.leaf_key: Prefix.USER,
        home.operator_key: Prefix.OPERATOR,
        home.fed_signing_key: Prefix.ACCOUNT,
        home.user_key("sys", "node"): Prefix.USER,
    }
    wanted |= {home.account_key(account): Prefix.ACCOUNT for account in ACCOUNTS}
    for service in SERVICES:
        wanted[home.service_key(service)] = Prefix.SERVICE
        wanted[home.user_key("app", service)] = Prefix.USER
        wanted[home.user_key("fed", service)] = Prefix.USER
    for path, prefix in wanted.items():
        if not path.exists():
            SigningKey.generate(prefix).save(path)


def _chosen(settings: NodeSettings, path: Path) -> NodeSettings:
    """Return the settings with free ports and a size of the store where none was given."""
    return settings.model_copy(
        update={
            "ports": Ports(**machine.free_ports(settings.ports.model_dump())),
            "store_mb": settings.store_mb or machine.store_mb(path),
        }
    )
