"""A node that was rewound or cloned finds out before it tells anything new, and loses nothing."""

import shutil
from pathlib import Path

import pytest

from services.node.home import Ports
from services.node.machine import free_ports
from tests.faults.federation import RealFederation, RealNode, until
from tests.faults.looking import head, pages, state
from tests.faults.rest import require_rest, settled
from tests.twiza.commands import twiza

pytestmark = pytest.mark.timeout(600)


def _told(prefix: str, number: int) -> list[str]:
    return [f"{prefix} {at}" for at in range(number)]


def _everywhere(federation: RealFederation, ids: list[str]) -> bool:
    return all(set(ids) <= state(node).keys() for node in federation.nodes.values())


def _copy(node: RealNode, to: Path) -> None:
    """Copy the home of a node that does not run."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(node.path, to)


def test_a_node_restored_from_a_snapshot_takes_back_what_it_had_told(
    federation: RealFederation,
) -> None:
    fr = federation["fr"]
    early = fr.write(*_told("in the snapshot", 5))
    settled(federation.all)
    fr.stop()
    _copy(fr, fr.path.with_name("snapshot"))
    federation.start("fr")
    late = fr.write(*_told("after the snapshot", 5))
    settled(federation.all)
    published = pages(fr, "directory")

    fr.stop()
    shutil.rmtree(fr.path)
    shutil.move(fr.path.with_name("snapshot"), fr.path)
    federation.start("fr")
    new = fr.write(*_told("after the restore", 3))
    settled(federation.all)
    require_rest(federation.all)
    assert _everywhere(federation, early + late + new)
    now = pages(fr, "directory")
    assert now[: len(published)] == published
    assert now[len(published)][:2] == (published[-1].epoch + 1, 1)
    told = twiza("epoch", "--home", fr.path, "--json").told
    assert told["public"]["directory"] == published[-1].epoch + 1


def _cloned(federation: RealFederation, node: RealNode, home: str) -> RealNode:
    """Copy the home of a node that does not run, and give it ports and a link of its own."""
    _copy(node, node.path.with_name(home))
    clone = RealNode(federation.folder, node.name, home=home)
    settings = clone.home.settings()
    ports = Ports(**free_ports(Ports().model_dump()))
    clone.home.save_settings(settings.model_copy(update={"ports": ports}))
    proxy = federation.link(home, "eu")
    link = clone.home.federation()
    assert link is not None
    clone.home.save_federation(
        link.model_copy(update={"leaf_url": f"tls://127.0.0.1:{proxy.port}"})
    )
    return clone


def test_a_clone_that_starts_finds_out_before_it_tells_anything(
    federation: RealFederation,
) -> None:
    fr = federation["fr"]
    fr.stop()
    clone = _cloned(federation, fr, "fr-clone")
    try:
        federation.start("fr")
        late = fr.write(*_told("by the first", 5))
        settled(federation.all)
        before = head(fr, "directory")
        fr.stop()
        clone.start()
        clone.ready()
        new = clone.write(*_told("by the clone", 5))
        nodes = [federation["eu"], clone, federation["es"]]
        settled(nodes)
        require_rest(nodes)
        assert head(clone, "directory").epoch == before.epoch + 1
        clone.stop()
        # The first one comes back, and is now the one that was left behind.
        federation.start("fr")
        newer = fr.write(*_told("by the first again", 5))
        settled(federation.all)
        require_rest(federation.all)
        assert _everywhere(federation, late + new + newer)
        assert head(fr, "directory").epoch == before.epoch + 2
    finally:
        clone.close()


def _written_and_sealed(node: RealNode, name: str) -> list[str]:
    """Enter an entity and wait until it stands in a page of its own."""
    count = head(node, "directory").number
    ids = node.write(name)
    until(lambda: head(node, "directory").number > count, what="it is sealed", timeout_s=40)
    return ids


def test_two_instances_of_one_node_lose_nothing_that_was_told(
    federation: RealFederation,
) -> None:
    fr = federation["fr"]
    fr.stop()
    clone = _cloned(federation, fr, "fr-second")
    link = federation.links["fr-second"]
    try:
        link.cut()
        clone.start(**{f"TWIZA_{name}_WITNESS_WAIT_S": "2" for name in ("NODE", "DIRECTORY")})
        federation.start("fr")
        clone.ready()
        first = fr.write(*_told("by the one that is linked", 2))
        settled(federation.all)
        # Without the hub's word the clone goes on after a while, unwitnessed.
        epoch = head(clone, "directory").epoch
        unheard = []
        for name in _told("by the one that is cut off", 5):
            unheard += _written_and_sealed(clone, name)
        fr.stop()
        link.heal()
        until(
            lambda: head(clone, "directory").epoch > epoch,
            what="the clone opens a new epoch",
            timeout_s=60,
        )
        nodes = [federation["eu"], clone, federation["es"]]
        settled(nodes)
        require_rest(nodes, forks=True)
        for node in nodes:
            assert set(first + unheard) <= state(node).keys()
        told = twiza("epoch", "--home", clone.path, "--json").told
        listed = {one["subject"] for one in told["left_behind"]}
        assert set(unheard) <= listed
    finally:
        clone.close()
    federation.start("fr")
    settled(federation.all)
    require_rest(federation.all, forks=True)
