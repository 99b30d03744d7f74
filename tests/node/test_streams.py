"""Pages of one node arrive at the others, stamped by their receivers, whatever is killed."""

import json
from collections.abc import Awaitable, Callable

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from services.node import credentials, jwt
from services.node.jetstream import StreamRefused, request
from shared.ids import SERVICES, ServiceName
from shared.subjects import Level, ask_subject, reply_prefix
from tests.node.conftest import NodeMaker
from tests.nodes import TestNode, arrived, gather, publish, until

HEADERS = {"Twiza-Sig": "U1.c2ln", "Twiza-Cert": "eyJ9", "Nats-Msg-Id": "a.directory.1.1"}


async def test_a_page_arrives_at_the_hub_and_at_every_node_with_its_headers(
    new_node: NodeMaker,
) -> None:
    hub, a, b = new_node("eu", level=Level.CONTINENTAL), new_node("a"), new_node("b")
    await gather(hub, a, b)
    await publish(a, "directory", b"page 1", HEADERS)
    await arrived(hub, "CONT_eu", "a.directory.pages", b"page 1")
    for node in (hub, a, b):
        headers = await arrived(node, f"IN_{node.name}", "fed.eu.a.directory.pages", b"page 1")
        assert headers.items() >= HEADERS.items()
    await publish(hub, "node", b"of the hub")
    for node in (hub, a, b):
        await arrived(node, f"IN_{node.name}", "fed.eu.eu.node.pages", b"of the hub")
    for node in (hub, a, b):
        state = (await (await node.streams()).info(f"IN_{node.name}"))["state"]
        assert state["messages"] == 2, "each page comes by one path"
        assert node.errors == []


async def test_private_pages_stay_in_their_node(new_node: NodeMaker) -> None:
    hub, a, b = new_node("eu", level=Level.CONTINENTAL), new_node("a"), new_node("b")
    await gather(hub, a, b)
    heard: list[str] = []
    for node in (hub, b):
        spy = await node.unbound_client("fed")
        await spy.subscribe(">", cb=_noted(heard))
        await spy.flush()
    app = await a.client("app", "directory")
    answer = await app.request("directory.private", b"a secret", timeout=5)
    assert json.loads(answer.data)["stream"] == "PRIV_a_directory"
    await publish(a, "directory", b"public")
    await arrived(b, "IN_b", "fed.eu.a.directory.pages", b"public")
    assert not any("private" in subject for subject in heard)


async def test_a_new_epoch_flows_beside_the_old_one(new_node: NodeMaker) -> None:
    hub, a = new_node("eu", level=Level.CONTINENTAL), new_node("a")
    await gather(hub, a)
    await publish(a, "directory", b"epoch 1")
    await arrived(hub, "CONT_eu", "a.directory.pages", b"epoch 1")
    streams = await a.streams()
    await streams.open_epoch(ServiceName("directory"), 2)
    await streams.open_epoch(ServiceName("directory"), 2, private=True)
    await publish(a, "directory", b"epoch 2")
    assert (await streams.info("OUT_a_directory"))["state"]["messages"] == 1
    assert (await streams.info("OUT_a_directory_2"))["state"]["messages"] == 1
    # The hub named the next epoch from the first day; left alone, its source looks every 12 s.
    await (await hub.streams()).reset_sources("CONT_eu")
    await arrived(hub, "CONT_eu", "a.directory.pages", b"epoch 2")
    await arrived(a, "IN_a", "fed.eu.a.directory.pages", b"epoch 2")
    assert credentials.epochs(a.home).public == {"directory": 2}
    await streams.ensure_own_logs()
    creds = a.home.user_creds("fed", "directory").read_text()
    assert "OUT_a_directory_3" in _claims_text(creds)


async def test_a_service_reads_what_it_follows_and_fetches_from_the_hub(
    new_node: NodeMaker,
) -> None:
    hub, a, b = new_node("eu", level=Level.CONTINENTAL), new_node("a"), new_node("b")
    await gather(hub, a, b)
    await publish(a, "exchange", b"an offer")
    await publish(b, "governance", b"a decision")
    await arrived(b, "IN_b", "fed.eu.a.exchange.pages", b"an offer")
    reader = await b.client("fed", "exchange")
    assert await _read(reader, "$JS.API", "IN_b", "fed.*.*.exchange.pages") == b"an offer"
    assert await _read(reader, "$JS.API", "OUT_b_governance", "governance.pages") == b"a decision"
    assert await _read(reader, "$JS.eu.API", "CONT_eu", "a.exchange.pages") == b"an offer"
    private = await b.client("app", "directory")
    await private.request("directory.private", b"a mandate", timeout=5)
    other = await b.client("app", "exchange")
    assert await _read(other, "$JS.API", "PRIV_b_directory", "directory.private") == b"a mandate"
    at_hub = await hub.client("fed", "directory")
    assert await _read(at_hub, "$JS.API", "CONT_eu", "a.exchange.pages") == b"an offer"
    assert b.errors == hub.errors == []


async def test_a_service_cannot_speak_for_its_siblings_or_change_streams(
    new_node: NodeMaker,
) -> None:
    node = new_node("fr")
    await node.start()
    await (await node.streams()).ensure_own_logs()
    federated, private = await node.client("fed", "exchange"), await node.client("app", "exchange")
    refused = [
        (federated, "directory.pages"),
        (federated, "directory.private"),
        (federated, "fed.eu.es.exchange.pages"),
        (federated, "$JS.API.STREAM.DELETE.OUT_fr_directory"),
        (federated, "$JS.API.STREAM.PURGE.OUT_fr_exchange"),
        (federated, "$JS.API.STREAM.CREATE.MINE"),
        (federated, "$JS.API.STREAM.UPDATE.OUT_fr_exchange"),
        (private, "directory.private"),
        (private, "$JS.API.STREAM.DELETE.PRIV_fr_exchange"),
    ]
    for client, subject in refused:
        await client.publish(subject, b"{}")
    for client, subject in [(federated, ">"), (private, "directory.>"), (private, "_INBOX.>")]:
        await client.subscribe(subject)
    for client in (federated, private):
        await client.flush()

    async def all_refused() -> bool:
        return len(node.errors) == len(refused) + 3

    await until(all_refused, what="every attempt is refused")
    assert all("permissions violation" in error.lower() for error in node.errors)
    streams = await node.streams()
    assert (await streams.info("OUT_fr_directory"))["state"]["messages"] == 0


async def test_nodes_ask_each_other_up_down_and_at_home(new_node: NodeMaker) -> None:
    hub, a, b = new_node("eu", level=Level.CONTINENTAL), new_node("a"), new_node("b")
    await gather(hub, a, b)
    for node in (hub, a, b):
        client = await node.client()
        await client.subscribe(ask_subject(node.name), cb=_answers(f"from {node.name}".encode()))
        await client.flush()
    for service in SERVICES:
        asker = await a.client("fed", service)
        for asked in (hub, a):
            answer = await asker.request(ask_subject(asked.name), b"?", timeout=5)
            assert answer.data == f"from {asked.name}".encode()
    # Down the leaf the answer comes below the member's own prefix.
    keeper = await hub.client()
    reply = reply_prefix("b", "eu", "node") + ".1"
    inbox = await keeper.subscribe(reply)
    await keeper.publish(ask_subject("b"), b"?", reply=reply)
    assert (await inbox.next_msg(timeout=5)).data == b"from b"
    assert hub.errors == a.errors == b.errors == []


async def test_pages_flow_within_five_seconds_after_the_hub_was_killed(
    new_node: NodeMaker,
) -> None:
    hub, a, b = new_node("eu", level=Level.CONTINENTAL), new_node("a"), new_node("b")
    await gather(hub, a, b)
    await publish(a, "directory", b"before")
    await arrived(b, "IN_b", "fed.eu.a.directory.pages", b"before")
    await hub.kill()
    await publish(a, "directory", b"while the hub was away")
    await hub.restart()
    for member in (a, b):
        await member.linked("eu")
    await (await hub.streams()).reset_sources("CONT_eu")
    for member in (a, b):
        await (await member.streams()).reset_sources(f"IN_{member.name}")
    await arrived(b, "IN_b", "fed.eu.a.directory.pages", b"while the hub was away", timeout_s=5)
    state = (await (await b.streams()).info("IN_b"))["state"]
    assert state["messages"] == 2, "nothing twice"


async def test_a_reset_that_was_cut_short_is_mended(new_node: NodeMaker) -> None:
    hub, a = new_node("eu", level=Level.CONTINENTAL), new_node("a")
    await gather(hub, a)
    streams, client = await hub.streams(), await hub.client()
    config = (await streams.info("CONT_eu"))["config"]
    await request(client, "STREAM.UPDATE.CONT_eu", config | {"sources": []})
    await publish(a, "directory", b"page")
    await streams.mend()
    await arrived(hub, "CONT_eu", "a.directory.pages", b"page")
    after = (await streams.info("CONT_eu"))["config"]
    assert after.get("subjects") is None
    assert len(after["sources"]) == len(config["sources"])
    assert after.get("duplicate_window", 0) == 0


async def test_streams_that_stand_are_left_as_they_are(new_node: NodeMaker) -> None:
    hub, a = new_node("eu", level=Level.CONTINENTAL), new_node("a")
    await gather(hub, a)
    before = await _updates(hub)
    at_hub = await hub.streams()
    await at_hub.ensure_own_logs()
    await at_hub.ensure_abroad([])
    await at_hub.ensure_incoming()
    await at_hub.mend()
    assert await _updates(hub) == before


async def test_a_stream_that_is_not_there_is_refused_by_name(new_node: NodeMaker) -> None:
    node = new_node("fr")
    await node.start()
    streams = await node.streams()
    with pytest.raises(StreamRefused) as refused:
        await streams.info("OUT_fr_nothing")
    assert refused.value.members["err_code"] == 10059
    with pytest.raises(StreamRefused):
        await streams.reset_sources("OUT_fr_directory")
    assert not await streams.ensure_incoming()


async def _read(client: Client, api: str, stream: str, subject: str) -> bytes:
    """Read one page as an inbox does: an ephemeral pull consumer that acknowledges nothing."""
    config = {
        "deliver_policy": "all",
        "ack_policy": "none",
        "replay_policy": "instant",
        "filter_subject": subject,
        "inactive_threshold": 30_000_000_000,
        "mem_storage": True,
    }
    body = json.dumps({"stream_name": stream, "config": config}).encode()
    made = json.loads((await client.request(f"{api}.CONSUMER.CREATE.{stream}", body)).data)
    assert "error" not in made, made
    # A page comes under its own subject, so it needs an inbox of its own.
    verb = f"{api}.CONSUMER.MSG.NEXT.{stream}.{made['name']}"
    return (await client.request(verb, b"1", timeout=5, old_style=True)).data


async def _updates(node: TestNode) -> list[tuple[str, int]]:
    """What a server has written of its streams' configurations, and when."""
    metas = node.home.jetstream.rglob("meta.inf")
    return sorted((path.parent.name, path.stat().st_mtime_ns) for path in metas)


def _noted(heard: list[str]) -> Callable[[Msg], Awaitable[None]]:
    async def note(message: Msg) -> None:
        heard.append(message.subject)

    return note


def _answers(answer: bytes) -> Callable[[Msg], Awaitable[None]]:
    async def reply(message: Msg) -> None:
        await message.respond(answer)

    return reply


def _claims_text(creds: str) -> str:
    return json.dumps(jwt.claims_of(jwt.token_of_credentials(creds)))
