"""Joining in the example, by the procedure of real networks: invite, ask, two stewards admit."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from services.node.invitations import make_invitation
from services.node.join import ask_after, complete_joining, request_joining
from twiza import running
from twiza.asking import Asking
from twiza.demo.links import Link
from twiza.demo.nodes import DemoNode

STEWARDS: Final = 2


async def join(node: DemoNode, hub: DemoNode) -> None:
    """Join a node to a hub that runs; the node takes the link up when it starts.

    Raises:
        Refusal: the hub or one of its stewards' words was refused.
    """
    invitation = make_invitation(hub.home)
    if (port := _free_port(node)) is not None:
        # The same invitation, by the way that can be cut.
        detour = f"tls://127.0.0.1:{port}"
        invitation = invitation.model_copy(update={"leaf_url": detour})
    asked = await request_joining(node.home, invitation)
    # An earlier run may have ended between the stewards' words and the link.
    for number in range(STEWARDS if asked.state == "waiting" else 0):
        await asyncio.to_thread(_admit, hub, number, node.name, asked.fingerprint)
    complete_joining(node.home, await ask_after(node.home))


def way(node: DemoNode, hub: DemoNode, folder: Path) -> Link | None:
    """Return the way by which a node that has joined comes to its hub; none if it goes straight."""
    federation = node.home.federation()
    assert federation is not None, "it has joined"
    port, there = urlsplit(federation.leaf_url).port, hub.home.settings().ports.leaf
    if port is None or port == there:
        return None
    return Link(node.name, folder, port=port, to_port=there)


def _admit(hub: DemoNode, number: int, name: str, fingerprint: str) -> None:
    wanted = {"act": "admit", "node": name, "fingerprint": fingerprint}
    with Asking(hub.home, token=hub.steward(number)) as asking:
        asking.post("node", "/acts", wanted)


def _free_port(node: DemoNode) -> int | None:
    port = node.network.link_port
    with suppress(running.PortTaken):
        running.require_free({"link": port})
        return port
    return None
