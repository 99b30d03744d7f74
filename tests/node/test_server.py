"""The nats-server of a node: started, asked, stopped, and refused when it is not safe."""

import asyncio
from pathlib import Path

import pytest

from services.node import server
from services.node.server import NatsServer, ServerMissing, ServerNotReady
from services.node.server_config import EVERYWHERE, UnsafeDurability, require_safe, write_config
from shared.subjects import Level
from tests.node.conftest import NodeMaker
from tests.nodes import until


async def test_a_server_starts_with_safe_settings_and_stops(new_node: NodeMaker) -> None:
    node = new_node("fr")
    await node.start()
    config = (await node.server.monitor("/jsz"))["config"]
    assert config["sync_always"] is True
    assert config["domain"] == "fr"
    assert (await node.server.monitor("/varz"))["server_name"] == "fr"
    await node.stop()
    assert node.server.pid is None
    with pytest.raises(ServerNotReady):
        await node.server.monitor("/varz")
    await node.stop()


async def test_a_server_that_answers_before_it_writes_is_refused(new_node: NodeMaker) -> None:
    node = new_node("fr", durability="relaxed")
    await node.start()
    jsz = await node.server.monitor("/jsz")
    require_safe(jsz, node.settings)
    with pytest.raises(UnsafeDurability):
        require_safe(jsz, node.settings.model_copy(update={"durability": "strict"}))
    with pytest.raises(UnsafeDurability):
        require_safe({"disabled": True}, node.settings)


async def test_an_unsafe_server_never_becomes_ready(new_node: NodeMaker) -> None:
    node = new_node("fr", durability="relaxed")
    await node.server.start()
    node.server.settings = node.settings.model_copy(update={"durability": "strict"})
    with pytest.raises(UnsafeDurability):
        await node.server.ready()


async def test_a_server_left_behind_by_a_killed_supervisor_is_replaced(new_node: NodeMaker) -> None:
    node = new_node("fr")
    await node.start()
    successor = NatsServer(node.home)
    await successor.start()
    try:
        await successor.ready()
        assert node.server.pid is None or node.server.pid != successor.pid
        await asyncio.wait_for(node.server.ended(), 5)
    finally:
        await successor.stop()


async def test_a_foreign_process_is_left_alone(new_node: NodeMaker) -> None:
    node = new_node("fr")
    sleeper = await asyncio.create_subprocess_exec("sleep", "60")
    node.home.nats_pid.write_text(str(sleeper.pid))
    await node.start()
    assert sleeper.returncode is None
    sleeper.kill()
    await sleeper.wait()


async def test_a_server_without_its_port_says_so(new_node: NodeMaker) -> None:
    one = new_node("fr")
    await one.start()
    other = new_node("es", ports={"nats": one.settings.ports.nats})
    await other.server.start()
    with pytest.raises(ServerNotReady) as refused:
        await other.server.ready(timeout_s=5)
    assert "address already in use" in refused.value.detail


async def test_a_killed_server_comes_back(new_node: NodeMaker) -> None:
    node = new_node("fr")
    await node.start()
    client = await node.client("app", "directory")
    await node.kill()
    assert node.server.pid is None
    await node.restart()

    async def connected() -> bool:
        return client.is_connected

    await until(connected, what="the client connects again")


async def test_an_old_or_mute_server_is_refused(tmp_path: Path) -> None:
    for words in ("nats-server: v2.12.7", "nats-server: v2.9.99", "hello"):
        binary = tmp_path / "nats-server"
        binary.write_text(f"#!/bin/sh\necho '{words}'\n")
        binary.chmod(0o755)
        with pytest.raises(ServerMissing):
            await server.require_version(binary)
    await server.require_version(server.server_binary())


async def test_a_service_without_its_seed_does_not_get_in(new_node: NodeMaker) -> None:
    node, stranger = new_node("fr"), new_node("es")
    await node.start()
    creds = node.home.user_creds("fed", "directory")
    stolen = creds.read_text().split("-----BEGIN USER NKEY SEED-----")[0]
    other_seed = stranger.home.user_creds("fed", "directory").read_text()
    creds.write_text(stolen + "-----BEGIN USER NKEY SEED" + other_seed.split("USER NKEY SEED")[1]
                     + "USER NKEY SEED------\n")  # fmt: skip
    with pytest.raises(Exception, match=r"(?i)authorization"):
        await node.client("fed", "directory", reconnect=False)


@pytest.mark.parametrize(
    ("host", "listen"), [("127.0.0.1", "127.0.0.1"), ("hub.example", EVERYWHERE)]
)
def test_a_hub_listens_where_its_members_come_from(
    new_node: NodeMaker, host: str, listen: str
) -> None:
    hub = new_node("eu", level=Level.CONTINENTAL, host=host)
    text = write_config(hub.home).read_text()
    assert f'listen: "{listen}:{hub.settings.ports.leaf}"' in text
    assert f'http: "127.0.0.1:{hub.settings.ports.monitor}"' in text
