"""A dishonest hub delays and drops; it does not alter, invent, re-admit or speak for others."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from shared.contracts.node import DescriptionPublished, Parent, PeerAdmitted, PeerCut
from shared.events import Event, Log
from shared.ids import NodeName, ServiceName, new_uuid7
from shared.keys import Prefix, SigningKey
from shared.log.evidence import LEFT_BRANCH
from shared.log.names import LogName
from shared.log.page import SealedPage
from shared.log.trust import Standing
from shared.store import Work
from shared.subjects import continental_stream
from tests.desks import TestDesk, admission
from tests.federation.attacked import (
    Attacked,
    Counts,
    attacked,
    cursor,
    evidence,
    refusals,
    set_aside,
)
from tests.federation.forging import DishonestHub, Forger, changed
from tests.nodes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

MADE_UP = {"node": "made-up", "continent": "eu", "level": "local", "revision": 1}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Attacked]:
    async with attacked(tmp_path_factory.mktemp("hub")) as federation:
        await federation.forger.tell(federation.forger.listed("honest fr"))
        await federation.know("honest fr")
        yield federation


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(scene: Attacked) -> DishonestHub:
    return await DishonestHub.of(scene.hub)


async def announced(scene: Attacked, *events: Event) -> None:
    """Have the hub's node service tell events, without believing them itself."""

    def tell(work: Work) -> None:
        for event in events:
            work.announce(event)

    await scene.hub_node.store.write(tell)


async def aside(scene: Attacked, reason: str, *, node: str = "eu", times: int = 1) -> None:
    """Wait until every directory has set so many events of a node aside, now, for a reason."""

    async def so() -> bool:
        found = [await set_aside(desk, node=node) for desk in scene.receivers.values()]
        return all([row.reason for row in rows[-times:]] == [reason] * times for rows in found)

    await until(so, what=f"{times} events of {node} are set aside: {reason}")


def known(scene: Attacked, node: str) -> list[Any]:
    """Return what each directory knows of a node."""
    return [desk.desk.trust.node(node) for desk in scene.receivers.values()]


async def test_a_name_keeps_its_root_key_whatever_its_hub_says(
    scene: Attacked, hub: DishonestHub
) -> None:
    usurper = Forger.stranger("fr", "directory")
    usurper.send = hub.sender(usurper.name)
    honest = admission(scene.fr, revision=99)
    await announced(scene, honest.model_copy(update={"root_key": usurper.root.public}))
    await aside(scene, "name-taken")
    root_key = SigningKey.load(scene.fr.home.root_key).public
    assert [node.root_key for node in known(scene, "fr")] == [root_key] * 2
    before = await scene.counts()
    usurper.number, usurper.prev = scene.forger.number, scene.forger.prev
    await usurper.tell(usurper.listed("by the usurper"))
    await scene.refused(before, "bad-certificate")
    await scene.nobody_knows("by the usurper")
    await scene.forger.tell(scene.forger.listed("by fr itself"))
    await scene.know("by fr itself")
    await scene.others_go_on()


@pytest.mark.parametrize(
    ("what", "changes", "reason"),
    [
        ("a node of another continent", {"continent": "af"}, "not-its-child"),
        ("a continental hub", {"level": "continental"}, "not-its-child"),
        ("a world", {"level": "intercontinental"}, "not-its-child"),
        ("itself", {"node": "eu"}, "name-taken"),
    ],
)
async def test_a_hub_admits_its_own_children_only(
    scene: Attacked, what: str, changes: dict[str, str], reason: str
) -> None:
    key = SigningKey.generate(Prefix.ROOT).public
    said = MADE_UP | {"root_key": key} | changes
    await announced(scene, PeerAdmitted.model_validate(said))
    await aside(scene, reason)
    assert known(scene, "made-up") == [None, None], what
    await scene.others_go_on()


async def test_a_hub_changes_the_standing_of_its_own_children_only(
    scene: Attacked, hub: DishonestHub
) -> None:
    """A hub of another continent neither cuts a node nor brings back one that was cut."""
    world, africa = Forger.stranger("ic", "node"), Forger.stranger("af", "node")
    for forger in (world, africa):
        forger.send = hub.sender(forger.name)
    above = parent("ic", world.root.public)
    await announced(scene, described(scene.hub.name, parent=above, revision=1))
    admitted = {
        "node": "af", "revision": 1, "continent": "af", "level": "continental",
        "root_key": africa.root.public,
    }  # fmt: skip
    await world.tell(world.event(PeerAdmitted.wire_type(), "af", admitted))
    # What only the hub's hub has said is believed below the hub.
    es = scene.receivers["es"]

    async def africa_is_known() -> bool:
        return es.desk.trust.node("af") is not None

    await until(africa_is_known, what="es knows the hub of Africa")
    cut = {"node": "es", "revision": 2**50, "cause": "envy"}
    back = admission(scene.fr).model_dump(mode="json") | {"revision": 2**50, "continent": "af"}
    await africa.tell(
        africa.event(PeerCut.wire_type(), "es", cut),
        africa.event(PeerAdmitted.wire_type(), "fr", back),
    )

    async def refused() -> bool:
        rows = await set_aside(es, node="af")
        return [row.reason for row in rows] == ["not-its-child", "name-taken"]

    await until(refused, what="what af says of others' children is set aside")
    for node in ("es", "fr"):
        assert {one.standing for one in known(scene, node)} == {Standing.NORMAL}
    # Its own hub's word counts, since no other one has raised its revision.
    await announced(
        scene,
        PeerCut(node="fr", revision=2, last_pages={"directory": (1, scene.forger.number)}),
    )

    async def is_cut() -> bool:
        return {one.standing for one in known(scene, "fr")} == {Standing.CUT}

    await until(is_cut, what="fr is cut by its own hub")
    before = await scene.counts()
    page = scene.forger.signed(scene.forger.page(scene.forger.listed("after the cut")))
    await scene.forger.send(page)
    await scene.refused(before, "node-cut")
    await announced(scene, admission(scene.fr, revision=3))

    async def is_back() -> bool:
        return {one.standing for one in known(scene, "fr")} == {Standing.NORMAL}

    await until(is_back, what="fr is admitted again by its own hub")
    await scene.forger.send(page)
    scene.forger.follow(page)
    await scene.know("after the cut")
    await scene.others_go_on()


async def test_a_hub_names_a_parent_and_no_other_nodes(scene: Attacked) -> None:
    others = [
        # A name that is known keeps its key.
        (parent("fr", SigningKey.generate(Prefix.ROOT).public), "name-taken"),
        # A parent is a hub of hubs, and not a node that the hub would like to be known.
        (parent("made-up", SigningKey.generate(Prefix.ROOT).public, "local"), "not-its-child"),
        (
            parent("made-up", SigningKey.generate(Prefix.ROOT).public, "continental"),
            "not-its-child",
        ),
    ]
    for revision, (other, reason) in enumerate(others, 10):
        await announced(scene, described(scene.hub.name, parent=other, revision=revision))
        es = scene.receivers["es"]

        async def refused(reason: str = reason, es: TestDesk = es) -> bool:
            rows = await set_aside(es, node="eu")
            return bool(rows) and rows[-1].reason == reason

        await until(refused, what=f"a parent is set aside: {reason}")
    assert known(scene, "made-up") == [None, None]
    # A node that is no hub above us names whom it likes, and is not believed.
    node = scene.node_log
    said = described(scene.fr.name, parent=parent("made-up", node.root.public), revision=1)
    await node.tell(
        node.event(DescriptionPublished.wire_type(), "fr", said.model_dump(mode="json"))
    )

    async def heard() -> bool:
        return [one.number for one in await scene.stand(node.name)] == [node.number] * 2

    await until(heard, what="fr's description is read")
    assert known(scene, "made-up") == [None, None]
    await scene.others_go_on()


async def test_what_a_hub_alters_or_invents_is_refused(scene: Attacked, hub: DishonestHub) -> None:
    before, forger = await scene.counts(), scene.forger
    good = forger.signed(forger.page(forger.listed("Honest")))
    altered = changed(good, data=good.data.replace(b"Honest", b"Bought"))
    await hub.show(forger.name, altered)
    await scene.refused(before, "unsigned")
    key = SigningKey.generate(Prefix.SERVICE)
    invented = forger.signed(forger.page(forger.listed("Bought"), number=99), key=key)
    before = await scene.counts()
    await hub.show(forger.name, invented)
    await scene.refused(before, "unsigned")
    # Another log's page is not this log's, whoever shows it.
    before = await scene.counts()
    await hub.show(LogName(NodeName("es"), ServiceName("directory"), Log.PUBLIC), good)
    await until_refused_at(scene.receivers["eu"], before["eu"], ("es", "bad-certificate"))
    # Delayed, doubled and out of order is what a network does, too.
    await forger.send(good)
    forger.follow(good)
    await hub.show(forger.name, good)
    await scene.know("Honest")
    await scene.nobody_knows("Bought")
    await scene.others_go_on()


async def test_a_hub_that_shows_an_origin_what_is_not_its_own_does_not_stop_it(
    scene: Attacked, hub: DishonestHub
) -> None:
    """The origin asks its hub what it has published: only its own signature says so."""
    es = scene.receivers["es"]
    own = LogName(NodeName("es"), ServiceName("directory"), Log.PUBLIC)
    stranger = Forger.stranger("es", "directory")
    forged = stranger.signed(stranger.page(stranger.listed("never told"), number=7_000))
    for shown in (forged, changed(forged, data=b"no page at all")):
        await hub.show(own, shown)
        es.desk.relays[Log.PUBLIC].doubt()
        await scene.others_go_on()
    head = await es.store.read(es.desk.sealer.head_seen, Log.PUBLIC)
    assert head.epoch == 1
    assert es.desk.relays[Log.PUBLIC].state.trouble == ""
    at_hub = await cursor(scene.receivers["eu"], own)
    assert (at_hub.epoch, at_hub.number, at_hub.state) == (1, head.number, "open")
    assert {row.reason for row in await evidence(scene.receivers["eu"], node="es")} == {
        "bad-certificate"
    }


async def test_a_hub_that_shows_a_branch_that_was_left_does_not_bring_it_back(
    scene: Attacked, hub: DishonestHub
) -> None:
    es, own = scene.receivers["es"], LogName(NodeName("es"), ServiceName("directory"), Log.PUBLIC)
    head = await es.store.read(es.desk.sealer.head_seen, Log.PUBLIC)
    key = Forger.of(scene.es, "directory")
    key.number, key.prev = head.number, head.hash
    left = key.signed(key.page(key.listed("left behind")))
    await es.desk.reopener.reopen(own, "as after a restore")
    es.desk.relays[Log.PUBLIC].doubt()
    # A hub's node service does so when a log goes on in a new stream.
    await (await scene.hub.streams()).reset_sources(continental_stream(scene.hub.name))
    sealed = SealedPage(
        log=Log.PUBLIC, epoch=1, number=head.number + 1, data=left.data, sha256=left.sha256,
        signature=left.signature, certificate=left.certificate,
    )  # fmt: skip
    await es.store.write(keep_left, es, own, sealed)
    await scene.others_go_on()
    for _ in range(3):
        await hub.show(own, left)
        es.desk.relays[Log.PUBLIC].doubt()
        await scene.others_go_on()
    now = await es.store.read(es.desk.sealer.head_seen, Log.PUBLIC)
    assert (now.epoch, es.desk.relays[Log.PUBLIC].state.trouble) == (2, "")
    at_hub = await cursor(scene.receivers["eu"], own)
    assert (at_hub.epoch, at_hub.number, at_hub.state) == (2, now.number, "open")
    await scene.nobody_knows("left behind")


def keep_left(work: Work, desk: TestDesk, name: LogName, page: SealedPage) -> None:
    """Keep a page of a branch that was left, as a reopening does."""
    desk.desk.cursors.keep_evidence(work, name, page, reason=LEFT_BRANCH)


async def until_refused_at(desk: TestDesk, before: Counts, kind: tuple[str, str]) -> None:
    """Wait until a service has refused one more of a node for a reason."""

    async def more() -> bool:
        return (await refusals(desk))[kind] == before[kind] + 1

    await until(more, what=f"one more refusal: {kind}")


def parent(node: str, root_key: str, level: str = "intercontinental") -> Parent:
    """Return what a hub says of a hub above it."""
    return Parent.model_validate(
        {"node": node, "continent": "world", "root_key": root_key, "level": level}
    )


def described(node: str, *, parent: Parent, revision: int) -> DescriptionPublished:
    """Return what a node says of itself, with a parent."""
    return DescriptionPublished.model_validate(
        {
            "node": node,
            "revision": revision,
            "continent": "eu",
            "level": "continental",
            "parent": parent.model_dump(),
            "release": new_uuid7()[:8],
        }
    )
