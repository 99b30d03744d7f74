"""A member that tries what it must not: each attempt fails at the hub, and others do not notice."""

import asyncio
import json
import time
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import pytest
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from services.node import credentials, jwt
from shared.keys import SigningKey
from shared.subjects import Level
from tests.node.conftest import NodeMaker
from tests.nodes import EVERYTHING, TestNode, arrived, gather, publish, until
from tests.raw_leaf import RawLeaf, raw_leaf

# What a member with a patched server sends up: the subject, and what it hopes for.
FORGED_PUBLISHES = (
    "directory.pages",
    "fr.directory.pages",
    "fed.eu.es.directory.pages",
    "es.directory.pages",
    "CONT_eu",
    "closed.ABROAD_eu",
    "directory.private",
    "fd.es.eu.X",
    "fd.eu.es.ib.directory.1",
    "ask.es.pages",
    "$JS.API.STREAM.DELETE.CONT_eu",
    "$JS.API.STREAM.CREATE.MINE",
    "$JS.eu.API.STREAM.CREATE.MINE",
    "$JS.eu.API.STREAM.DELETE.CONT_eu",
    "$JS.eu.API.STREAM.PURGE.CONT_eu",
    "$JS.eu.API.STREAM.UPDATE.CONT_eu",
    "$JS.eu.API.STREAM.INFO.CONT_eu",
    "$JS.eu.API.STREAM.MSG.GET.CONT_eu",
    "$JS.eu.API.STREAM.MSG.DELETE.CONT_eu",
    "$JS.eu.API.DIRECT.GET.CONT_eu",
    "$JS.eu.API.CONSUMER.CREATE.OUT_eu_directory",
    "$JS.eu.API.CONSUMER.CREATE.IN_eu",
    "$JS.eu.API.CONSUMER.LIST.CONT_eu",
    "$JS.eu.API.CONSUMER.DELETE.CONT_eu.x",
    "$JS.es.API.CONSUMER.CREATE.OUT_es_directory",
    "$JS.es.API.STREAM.INFO.OUT_es_directory",
    "$JS.es.API.STREAM.DELETE.OUT_es_directory",
    "$SYS.REQ.CLAIMS.UPDATE",
    "$SYS.REQ.SERVER.PING",
)
FORGED = b'{"forged": true}'
OVERHEARD = (
    ">", "*.pages", "directory.>", "*.private", "fed.>", "fd.>", "fd.eu.es.>", "ask.>",
    "ask.es.pages", "$JS.>", "$SYS.>", "_INBOX.>",
)  # fmt: skip


def as_member(hub: TestNode, member: TestNode) -> AbstractAsyncContextManager[RawLeaf]:
    federation = member.home.federation()
    assert federation is not None
    return raw_leaf(
        hub.settings.ports.leaf,
        ca_pem=federation.ca_pem,
        token=federation.leaf_jwt,
        user=SigningKey.load(member.home.leaf_key),
        name=member.name,
    )


async def test_a_patched_member_reaches_nothing_but_its_own(new_node: NodeMaker) -> None:
    hub, es = new_node("eu", level=Level.CONTINENTAL), new_node("es")
    await gather(hub, es)
    await publish(es, "directory", b"of es")
    await arrived(hub, "CONT_eu", "es.directory.pages", b"of es")
    fr = new_node("fr")
    fr.join(hub)
    heard: list[tuple[str, bytes]] = []

    async def note(message: Msg) -> None:
        heard.append((message.subject, message.data))

    for spy in (await hub.unbound_client(), await es.unbound_client()):
        await spy.subscribe(">", cb=note)
        await spy.flush()
    async with as_member(hub, fr) as leaf:
        leaf.publish("fd.fr.eu.allowed", FORGED)
        await leaf.settled()
    for subject in FORGED_PUBLISHES:
        async with as_member(hub, fr) as leaf:
            leaf.publish(subject, FORGED, reply="fd.fr.eu.answer")
            await leaf.settled()
            assert leaf.closed, f"{subject} is a reason to hang up"
    await (await hub.client()).flush()
    forged = {subject for subject, payload in heard if payload == FORGED}
    assert forged == {"fd.fr.eu.allowed"}, "what is allowed passes, and nothing else"
    assert "fd.fr.eu.answer" not in dict(heard), "nothing was answered"
    state = (await (await hub.streams()).info("CONT_eu"))["state"]
    assert state["messages"] == 1


async def test_a_patched_member_overhears_nothing(new_node: NodeMaker) -> None:
    hub, es = new_node("eu", level=Level.CONTINENTAL), new_node("es")
    await gather(hub, es)
    fr = new_node("fr")
    fr.join(hub)
    speaker = await hub.unbound_client()
    said = (
        "directory.pages", "directory.private", "fd.eu.es.ib.node.1", "ask.es.pages",
        "_INBOX.x", "$JS.EVENT.ADVISORY.API", "fd.eu.fr.ib.node.1",
    )  # fmt: skip
    heard: list[tuple[str, bytes]] = []
    for subject in (*OVERHEARD, "fd.eu.fr.>"):
        async with as_member(hub, fr) as leaf:
            leaf.subscribe(subject)
            await leaf.settled()
            for each in said:
                await speaker.publish(each, b"from the hub")
            await speaker.flush()
            await leaf.settled()
            heard = leaf.heard
            assert {each for each, _ in heard} <= {"fd.eu.fr.ib.node.1"}, subject
    assert heard, "what is for fr arrives"


async def test_a_member_reads_the_hubs_offer_into_its_own_prefix(new_node: NodeMaker) -> None:
    hub, es = new_node("eu", level=Level.CONTINENTAL), new_node("es")
    await gather(hub, es)
    await publish(es, "directory", b"of es")
    await arrived(hub, "CONT_eu", "es.directory.pages", b"of es")
    fr = new_node("fr")
    fr.join(hub)
    config = {"deliver_policy": "all", "ack_policy": "none", "mem_storage": True}
    body = json.dumps({"stream_name": "CONT_eu", "config": config}).encode()
    async with as_member(hub, fr) as leaf:
        leaf.subscribe("fd.eu.fr.>")
        leaf.publish("$JS.eu.API.CONSUMER.CREATE.CONT_eu", body, reply="fd.eu.fr.ib.directory.1")

        async def answered() -> bool:
            return bool(leaf.heard)

        await until(answered, what="the consumer is made")
        name = json.loads(leaf.heard.pop()[1])["name"]
        leaf.publish(f"$JS.eu.API.CONSUMER.MSG.NEXT.CONT_eu.{name}", b"1",
                     reply="fd.eu.fr.ib.directory.2")  # fmt: skip
        await until(answered, what="the page comes")
        assert leaf.heard[0][1].endswith(b"of es")


async def test_a_dishonest_member_writes_only_under_its_own_name(new_node: NodeMaker) -> None:
    hub, es, fr = new_node("eu", level=Level.CONTINENTAL), new_node("es"), new_node("fr")
    await gather(hub, es, fr)
    attacker = await fr.unbound_client()
    forged = {
        "name": "OUT_fr_directory",
        "subjects": ["directory.>", "es.>", "fed.>", "governance.x"],
        "storage": "file", "retention": "limits", "num_replicas": 1,
        "allow_direct": True, "deny_delete": True, "discard": "new",
    }  # fmt: skip
    await attacker.request("$JS.API.STREAM.DELETE.OUT_fr_governance", b"", timeout=5)
    answer = await attacker.request(
        "$JS.API.STREAM.UPDATE.OUT_fr_directory", json.dumps(forged).encode(), timeout=5
    )
    assert b'"error"' not in answer.data
    for subject in ("es.directory.pages", "fed.eu.es.directory.pages", "governance.x",
                    "directory.es.directory.pages", "directory.pages"):  # fmt: skip
        stored = await attacker.request(subject, b"by fr", timeout=5)
        assert b"OUT_fr_directory" in stored.data
    await arrived(hub, "CONT_eu", "fr.directory.pages", b"by fr")
    await publish(es, "directory", b"by es")
    await arrived(es, "IN_es", "fed.eu.es.directory.pages", b"by es")
    subjects = (
        await (await hub.client()).request(
            "$JS.API.STREAM.INFO.CONT_eu", b'{"subjects_filter": ">"}', timeout=5
        )
    ).data
    assert set(json.loads(subjects)["state"]["subjects"]) == {
        "fr.directory.pages",
        "es.directory.pages",
    }


async def test_a_member_cannot_have_the_hub_write_into_its_own_logs(new_node: NodeMaker) -> None:
    hub, es = new_node("eu", level=Level.CONTINENTAL), new_node("es")
    await gather(hub, es)
    await publish(es, "directory", b"of es")
    await arrived(hub, "CONT_eu", "es.directory.pages", b"of es")
    await publish(hub, "directory", b"of the hub")
    await arrived(es, "IN_es", "fed.eu.eu.directory.pages", b"of the hub")
    await es.stop()
    # The server sends a consumer's heartbeats wherever its maker wants them.
    config = {
        "deliver_policy": "all", "ack_policy": "none", "mem_storage": True,
        "idle_heartbeat": 100_000_000, "flow_control": True,
    }  # fmt: skip
    targets = (
        "directory.pages", "log.directory", "closed.1.directory.x", "CONT_eu", "ABROAD_eu",
        "nothing.x", "$JS.API.STREAM.PURGE.CONT_eu",
    )  # fmt: skip
    async with as_member(hub, es) as leaf:
        for number, target in enumerate(targets):
            body = {"stream_name": "CONT_eu", "config": config | {"deliver_subject": target}}
            leaf.publish("$JS.eu.API.CONSUMER.CREATE.CONT_eu", json.dumps(body).encode(),
                         reply=f"fd.eu.es.{number}")  # fmt: skip
        await leaf.settled()
        await asyncio.sleep(0.5)
        assert not leaf.closed
    streams = await hub.streams()
    held = {
        name: (await streams.info(name))["state"]["messages"]
        for name in ("OUT_eu_directory", "CONT_eu", "ABROAD_eu", "IN_eu")
    }
    assert held == {"OUT_eu_directory": 1, "CONT_eu": 2, "ABROAD_eu": 0, "IN_eu": 2}


async def test_a_dishonest_hub_reads_what_it_pulls_and_writes_nothing(new_node: NodeMaker) -> None:
    hub, a = new_node("eu", level=Level.CONTINENTAL), new_node("a")
    await gather(hub, a)
    # A token without limits is what a hub gives that wants to reach into its members.
    federation = a.home.federation()
    assert federation is not None
    anything = jwt.user_token(
        SigningKey.load(hub.home.account_key("fed")), a.leaf_public, name="a",
        allowed=EVERYTHING, issued_at=int(time.time()),
    )  # fmt: skip
    a.home.save_federation(federation.model_copy(update={"leaf_jwt": anything}))
    await a.server.stop()
    await a.start()
    await a.linked("eu")
    await publish(a, "directory", b"of a")
    await (await hub.streams()).reset_sources("CONT_eu")
    await arrived(hub, "CONT_eu", "a.directory.pages", b"of a")
    reaching = await hub.unbound_client()
    for verb in ("STREAM.PURGE.OUT_a_directory", "STREAM.DELETE.OUT_a_exchange", "STREAM.NAMES",
                 "STREAM.MSG.GET.OUT_a_directory", "CONSUMER.CREATE.IN_a", "INFO"):  # fmt: skip
        with pytest.raises(NoRespondersError):
            await reaching.request(f"$JS.a.API.{verb}", b"", timeout=1)
    for subject in ("directory.pages", "exchange.pages", "log.x.directory"):
        await reaching.publish(subject, b"by the hub")
    await reaching.flush()
    await publish(a, "exchange", b"of a too")
    streams = await a.streams()
    for stream in ("OUT_a_directory", "OUT_a_exchange"):
        assert (await streams.info(stream))["state"]["messages"] == 1


async def test_a_revoked_member_is_cut_at_once_and_stays_out(new_node: NodeMaker) -> None:
    hub, es, fr = new_node("eu", level=Level.CONTINENTAL), new_node("es"), new_node("fr")
    await gather(hub, es, fr)
    token = credentials.revoke(hub.home, fr.leaf_public)
    await credentials.announce_claims(await hub.client("sys", "node"), token)

    async def cut() -> bool:
        return await peers(hub) == {"es"}

    assert await until(cut, what="fr is cut") < 1
    await refused_at_the_door(hub, fr)
    await hub.kill()
    await hub.restart()
    await es.linked("eu")
    await refused_at_the_door(hub, fr)
    assert await peers(hub) == {"es"}
    fr.join(hub)
    async with as_member(hub, fr) as leaf:
        assert not leaf.closed, "a token of a later admission counts"


async def test_a_revocation_that_the_server_never_heard_of_counts_from_its_next_start(
    new_node: NodeMaker,
) -> None:
    hub, fr = new_node("eu", level=Level.CONTINENTAL), new_node("fr")
    fr.join(hub)
    await hub.start()
    async with as_member(hub, fr):
        credentials.revoke(hub.home, fr.leaf_public)
        await hub.kill()
    await hub.restart()
    await refused_at_the_door(hub, fr)


async def test_a_token_is_useless_without_its_seed_and_after_its_time(new_node: NodeMaker) -> None:
    hub, fr, es = new_node("eu", level=Level.CONTINENTAL), new_node("fr"), new_node("es")
    fr.join(hub)
    await hub.start()
    federation = fr.home.federation()
    assert federation is not None
    expired = credentials.issue_member_leaf(
        hub.home, user=fr.leaf_public, member=fr.name, member_level=Level.LOCAL,
        at=datetime(2025, 1, 1, tzinfo=UTC) - credentials.LEAF_LIFETIME,
    )  # fmt: skip
    for token, seed_of in ((federation.leaf_jwt, es), (expired, fr)):
        with pytest.raises((TimeoutError, ConnectionError, AssertionError)):
            async with raw_leaf(
                hub.settings.ports.leaf, ca_pem=federation.ca_pem, token=token,
                user=SigningKey.load(seed_of.home.leaf_key), name="fr",
            ) as leaf:  # fmt: skip
                assert not leaf.closed
    assert await peers(hub) == set()


async def refused_at_the_door(hub: TestNode, member: TestNode) -> None:
    async with as_member(hub, member) as leaf:
        await asyncio.sleep(0.05)
        assert leaf.closed
    assert member.name not in await peers(hub)


async def peers(hub: TestNode) -> set[str]:
    return {leaf["name"] for leaf in (await hub.server.monitor("/leafz"))["leafs"]}
