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


def _write(node: RealNode, *names: str) -> list[str]:
    """Enter entities and return their ids."""
    found = []
    for name in names:
        profile = {"name": name, "practices": ["practice:time-bank"]}
        answer = node.ask("POST", "directory", "/entities", json=profile)
        assert answer.status_code == 201, answer.text
        found.append(str(answer.json()["id"]))
    return found


def _told(prefix: str, number: int) -> list[str]:
    return [f"{prefix} {at}" for at in range(number)]


def _all(federation: RealFederation) -> list[RealNode]:
    return list(federation.nodes.values())


def _everywhere(federation: RealFederation, ids: list[str]) -> bool:
    return all(set(ids) <= state(node).keys() for node in federation.nodes.values())


def _copy(node: RealNode, to: Path) -> None:
    """Copy the home of a node that does not run."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(node.path, to)


def test_streams_that_were_cut_back_are_filled_again_from_the_page_table(
    federation: RealFederation,
) -> None:
    fr = federation["fr"]
    early = _write(fr, *_told("early", 5))
    settled(_all(federation))
    fr.stop()
    older = fr.path.with_name("older-streams")
    shutil.copytree(fr.home.jetstream, older)
    federation.start("fr")
    late = _write(fr, *_told("late", 5))
    settled(_all(federation))
    epoch = head(fr, "directory").epoch

    fr.stop()
    shutil.rmtree(fr.home.jetstream)
    shutil.move(older, fr.home.jetstream)
    federation.start("fr")
    new = _write(fr, *_told("new", 3))
    new += _write(federation["es"], *_told("new of es", 3))
    settled(_all(federation))
    require_rest(_all(federation))
    assert _everywhere(federation, early + late + new)
    assert head(fr, "directory").epoch == epoch


def test_streams_that_were_lost_are_made_again_from_the_page_table(
    federation: RealFederation,
) -> None:
    fr = federation["fr"]
    early = _write(fr, *_told("before the loss", 5))
    settled(_all(federation))
    fr.stop()
    shutil.rmtree(fr.home.jetstream)
    federation.start("fr")
    new = _write(fr, *_told("after the loss", 3))
    new += _write(federation["es"], *_told("es after the loss", 3))
    settled(_all(federation))
    require_rest(_all(federation))
    assert _everywhere(federation, early + new)


def test_a_node_restored_from_a_snapshot_takes_back_what_it_had_told(
    federation: RealFederation,
) -> None:
    fr = federation["fr"]
    early = _write(fr, *_told("in the snapshot", 5))
    settled(_all(federation))
    fr.stop()
    _copy(fr, fr.path.with_name("snapshot"))
    federation.start("fr")
    late = _write(fr, *_told("after the snapshot", 5))
    settled(_all(federation))
    published = pages(fr, "directory")

    fr.stop()
    shutil.rmtree(fr.path)
    shutil.move(fr.path.with_name("snapshot"), fr.path)
    federation.start("fr")
    new = _write(fr, *_told("after the restore", 3))
    settled(_all(federation))
    require_rest(_all(federation))
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
        late = _write(fr, *_told("by the first", 5))
        settled(_all(federation))
        before = head(fr, "directory")
        fr.stop()
        clone.start()
        clone.ready()
        new = _write(clone, *_told("by the clone", 5))
        nodes = [federation["eu"], clone, federation["es"]]
        settled(nodes)
        require_rest(nodes)
        assert head(clone, "directory").epoch == before.epoch + 1
        clone.stop()
        # The first one comes back, and is now the one that was left behind.
        federation.start("fr")
        newer = _write(fr, *_told("by the first again", 5))
        settled(_all(federation))
        require_rest(_all(federation))
        assert _everywhere(federation, late + new + newer)
        assert head(fr, "directory").epoch == before.epoch + 2
    finally:
        clone.close()


def _written_and_sealed(node: RealNode, name: str) -> list[str]:
    """Enter an entity and wait until it stands in a page of its own."""
    count = head(node, "directory").number
    ids = _write(node, name)
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
        clone.start()
        federation.start("fr")
        clone.ready()
        first = _write(fr, *_told("by the one that is linked", 2))
        settled(_all(federation))
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
    settled(_all(federation))
    require_rest(_all(federation), forks=True)
