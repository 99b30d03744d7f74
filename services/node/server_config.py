"""The configuration of a node's nats-server, written from its home; and the look at what it does.

Source: the option names of nats-server 2.15; each was run with that version.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from services.node.credentials import ACCOUNTS
from services.node.home import Federation, Home, NodeSettings
from services.node.permissions import hub_denied
from shared.keys import SigningKey, read_secret, write_secret
from shared.refusals import Kind, Refusal
from shared.subjects import Level

SERVER_VERSION_MIN: Final = (2, 15, 1)
LEAF_VERSION_MIN: Final = "2.12.7"
MESSAGE_MAX: Final = "1MB"
# A service's token, with all its allow-lists, travels in one CONNECT line.
CONTROL_LINE_MAX: Final = "64KB"
MEMORY_MAX: Final = "256MB"
CONSUMERS_MAX: Final = 300
LOG_FILE_MAX: Final = "16MB"
LOG_FILES_MAX: Final = 4
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104  # members come from other machines, over TLS
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class UnsafeDurability(Refusal):
    """nats-server would acknowledge what a power cut can take back."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    slug: ClassVar[str] = "unsafe-durability"
    title: ClassVar[str] = "nats-server does not write to disk before it answers"


def write_config(home: Home) -> Path:
    """Write ``nats.conf`` (and the hub's certificate to trust) and return where it stands."""
    federation = home.federation()
    if federation is not None:
        write_secret(hub_ca(home), federation.ca_pem.encode("ascii"))
    text = rendered(home, home.settings(), federation)
    write_secret(home.nats_conf, text.encode("utf-8"))
    return home.nats_conf


def hub_ca(home: Home) -> Path:
    """Where the certificate of the hub's authority lies."""
    return home.tls / "hub-ca.pem"


def rendered(home: Home, settings: NodeSettings, federation: Federation | None) -> str:
    """Return the text of ``nats.conf``."""
    name, ports = settings.name, settings.ports
    tokens = {one: _token(home, one) for one in ("operator", *ACCOUNTS)}
    keys = {one: SigningKey.load(home.account_key(one)).public for one in ACCOUNTS}
    sync = "sync_interval: always" if settings.durability == "strict" else "# durability: relaxed"
    preload = "\n".join(f"  {keys[one]}: {tokens[one]}" for one in ACCOUNTS)
    return f"""\
# Written by Twiza at every start, from twiza.toml and federation.json; changes here are lost.
server_name: {_quoted(name)}
listen: "127.0.0.1:{ports.nats}"
http: "127.0.0.1:{ports.monitor}"
pid_file: {_quoted(home.nats_pid)}
log_file: {_quoted(home.nats_log)}
logfile_size_limit: {LOG_FILE_MAX}
logfile_max_num: {LOG_FILES_MAX}
max_payload: {MESSAGE_MAX}
max_control_line: {CONTROL_LINE_MAX}
ping_interval: "20s"
ping_max: 2

jetstream {{
  store_dir: {_quoted(home.jetstream)}
  domain: {_quoted(name)}
  max_mem: {MEMORY_MAX}
  max_file: {settings.store_mb}MB
  {sync}
  limits {{ default_max_consumers: {CONSUMERS_MAX} }}
}}

operator: {tokens["operator"]}
system_account: {keys["sys"]}
resolver: {{ type: full, dir: {_quoted(home.resolver)}, allow_delete: true, interval: "2m" }}
resolver_preload: {{
{preload}
}}
{_leafnodes(home, settings, federation, account=keys["fed"])}"""


def require_safe(jsz: Mapping[str, Any], settings: NodeSettings) -> None:
    """Refuse a running server whose JetStream is not as safe as the settings ask.

    Args:
        jsz: what the server's monitor answers at ``/jsz``.
        settings: the node's; ``durability = "relaxed"`` allows writing later.

    Raises:
        UnsafeDurability: JetStream is off, or acknowledges before it has written to disk.
    """
    config = jsz.get("config")
    if jsz.get("disabled") or not isinstance(config, Mapping):
        raise UnsafeDurability("JetStream is not running")
    # The interval still shows two minutes when every message is synced; this flag is what counts.
    if settings.durability == "strict" and config.get("sync_always") is not True:
        raise UnsafeDurability("sync_interval is not 'always'; or set durability = \"relaxed\"")


def _leafnodes(
    home: Home, settings: NodeSettings, federation: Federation | None, *, account: str
) -> str:
    blocks: list[str] = []
    if settings.level is not Level.LOCAL:
        # A hub that gives this machine's own name to its members needs no other door.
        host = "127.0.0.1" if settings.host in _LOOPBACK else EVERYWHERE
        blocks.append(f"""\
  listen: "{host}:{settings.ports.leaf}"
  no_advertise: true
  min_version: "{LEAF_VERSION_MIN}"
  compression: off
  isolate_leafnode_interest: true
  tls {{ cert_file: {_quoted(home.server_pem)}, key_file: {_quoted(home.server_key)} }}
""")
    if federation is not None:
        denied = "\n".join(f"      {_quoted(one)}" for one in hub_denied(settings.name))
        blocks.append(f"""\
  reconnect: "1s"
  remotes: [ {{
    url: {_quoted(federation.leaf_url)}
    account: {account}
    credentials: {_quoted(home.leaf_creds)}
    ignore_discovered_servers: true
    compression: off
    deny_imports: [
{denied}
    ]
    tls {{ ca_file: {_quoted(hub_ca(home))} }}
  }} ]
""")
    return f"\nleafnodes {{\n{''.join(blocks)}}}\n" if blocks else ""


def _token(home: Home, name: str) -> str:
    return read_secret(home.token(name)).decode("ascii")


def _quoted(value: object) -> str:
    # The configuration's strings have JSON's quotes and escapes.
    return json.dumps(str(value))
