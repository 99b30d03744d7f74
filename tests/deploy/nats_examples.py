"""Render a node's and a hub's nats-server configuration, for ``deploy/nats`` and its test."""

import re
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from services.node.credentials import ACCOUNTS, issue_member_leaf
from services.node.home import Federation, Home, NodeSettings, Ports, initialise
from services.node.server_config import rendered
from shared.ids import NodeName
from shared.keys import SigningKey
from shared.subjects import Level

FOLDER: Final = Path(__file__).resolve().parents[2] / "deploy" / "nats"
FOUNDED: Final = datetime(2026, 1, 15, 12, tzinfo=UTC)

NODE: Final = NodeSettings(
    name=NodeName("oujda"),
    continent=NodeName("africa"),
    ports=Ports(nats=4222, monitor=8222),
    store_mb=20_000,
)
HUB: Final = NodeSettings(
    name=NodeName("africa"),
    continent=NodeName("africa"),
    level=Level.CONTINENTAL,
    host="hub.example.org",
    ports=Ports(nats=4222, monitor=8222, leaf=7422, joining=8443),
    store_mb=200_000,
)


def founded(folder: Path) -> tuple[Home, Home]:
    """Return the homes of a node and of its hub, founded in a folder."""
    return (
        initialise(folder / NODE.name, NODE, at=FOUNDED),
        initialise(folder / HUB.name, HUB, at=FOUNDED),
    )


def link(node: Home, hub: Home) -> Federation:
    """Return a link of the node to the hub, as joining would write it."""
    return Federation(
        hub=HUB.name,
        hub_continent=HUB.continent,
        leaf_url=f"tls://{HUB.host}:{HUB.ports.leaf}",
        ca_pem=hub.ca_pem.read_text("ascii"),
        leaf_jwt=issue_member_leaf(
            hub,
            user=SigningKey.load(node.leaf_key).public,
            member=NODE.name,
            member_level=NODE.level,
            at=FOUNDED,
        ),
        hub_root_key=SigningKey.load(hub.root_key).public,
        offered=(f"CONT_{HUB.name}",),
    )


def shown(text: str, home: Home) -> str:
    """Return a configuration with names in the place of this home's keys, tokens and path."""
    for one in ("operator", *ACCOUNTS):
        text = text.replace(home.token(one).read_text("ascii"), f"<token of {one}>")
    for account in ACCOUNTS:
        key = SigningKey.load(home.account_key(account)).public
        text = text.replace(key, f"<key of account {account}>")
    return text.replace(str(home.path), f"/var/lib/twiza/{home.settings().name}")


def examples(folder: Path) -> dict[str, str]:
    """Return the examples of ``deploy/nats`` by file name, rendered in a folder."""
    node, hub = founded(folder)
    return {
        "node.conf": shown(rendered(node, NODE, link(node, hub)), node),
        "hub.conf": shown(rendered(hub, HUB, None), hub),
    }


def unnamed(text: str) -> list[str]:
    """Return what looks like a key or a token in a text."""
    return re.findall(r"eyJ[\w.-]+|\b[A-Z][A-Z2-7]{55}\b", text)


def main() -> None:
    """Write the examples."""
    with TemporaryDirectory() as folder:
        for name, text in examples(Path(folder)).items():
            (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
