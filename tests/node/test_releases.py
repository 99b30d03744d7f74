"""A node goes to another hub with its former hub's word, in whatever order readers hear of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from shared.contracts.node import PeerAdmitted, PeerCut, PeerLimited
from shared.contracts.peers import PeerReceived, PeerReleased, Release
from shared.events import Event
from shared.log.releases import signed_release
from shared.log.trust import Standing
from tests.shared.peers import Peer
from tests.shared.readers import HUB, Reader
from tests.shared.test_trust import AFRICA, WORLD, Town, described

AMERICA = Peer("am", "node", continent="am", level="continental")
HUBS = {"eu": HUB, "af": AFRICA, "am": AMERICA}
m = Peer("m")


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A reader below ``eu`` that knows the hubs of three continents."""
    async with Reader(f"sqlite:///{tmp_path / 'reader.db'}") as reader:
        town = Town(reader)
        await hubs_are_known(town)
        yield town


async def hubs_are_known(town: Town) -> None:
    """Have the reader learn the hubs of all continents."""
    await town.hears(HUB, described(HUB, WORLD.as_parent))
    await town.hears(WORLD, HUB.admission(), AFRICA.admission(), AMERICA.admission())


def admitted(revision: int = 1) -> PeerAdmitted:
    return PeerAdmitted(**{**m.as_parent.model_dump(), "revision": revision})


def release(by: str, to: str, revision: int, *, signer: str = "", **said: Any) -> Release:
    given: dict[str, Any] = {
        "node": "m",
        "root_key": m.root.public,
        "by": by,
        "to": to,
        "revision": revision,
    }
    return signed_release(HUBS[signer or by].root, **(given | said))


def released(word: Release) -> PeerReleased:
    return PeerReleased(node="m", revision=word.revision, release=word)


def received(hub: str, revision: int, *releases: Release, **said: Any) -> PeerReceived:
    given = {
        "node": "m",
        "revision": revision,
        "continent": HUBS[hub].continent,
        "root_key": m.root.public,
        "level": "local",
        "releases": releases,
    }
    return PeerReceived.model_validate(given | said)


async def test_a_node_that_was_let_go_belongs_to_the_hub_that_received_it(town: Town) -> None:
    word = release("eu", "af", 3)
    await town.hears(HUB, admitted(), PeerLimited(node="m", revision=2), released(word))
    known = town.knows(m)
    assert known is not None
    assert (known.admitted_by, known.standing) == ("eu", Standing.LIMITED), "until then, nothing"
    await town.hears(AFRICA, received("af", 4, word))
    known = town.knows(m)
    assert known is not None
    assert (known.admitted_by, known.continent) == ("af", "af")
    assert (known.standing, known.root_key) == (Standing.NORMAL, m.root.public)
    await town.hears(HUB, PeerCut(node="m", revision=9))
    assert town.standing(m) is Standing.NORMAL
    assert await town.aside() == ["not-its-child"]
    await town.hears(AFRICA, PeerCut(node="m", revision=9))
    assert town.standing(m) is Standing.CUT


async def test_no_hub_takes_a_node_that_was_not_let_go_to_it(town: Town) -> None:
    await town.hears(HUB, admitted())
    good = release("eu", "af", 3)
    forged = [
        received("af", 4, release("eu", "am", 3)),
        received("af", 4, release("eu", "af", 3, signer="af")),
        received("af", 4, release("am", "af", 3)),
        received("af", 4, release("eu", "af", 3, node="n")),
        received("af", 4, release("eu", "af", 3, root_key=HUB.root.public)),
        received("af", 4, release("eu", "am", 3), release("am", "eu", 3)),
        received("af", 4, good.model_copy(update={"revision": 4})),
        received("af", 4, good, root_key=AFRICA.root.public),
        received("af", 4, good, continent="eu"),
        received("af", 4, good, level="continental"),
    ]
    for told in forged:
        await town.hears(AFRICA, told)
        known = town.knows(m)
        assert known is not None
        assert known.admitted_by == "eu", told
    refusals = ["not-released"] * 7 + ["name-taken"] + ["not-its-child"] * 2
    assert await town.aside() == refusals


async def test_a_cut_node_that_its_hub_has_not_let_go_comes_back_nowhere(town: Town) -> None:
    await town.hears(HUB, admitted(), PeerCut(node="m", revision=2))
    await town.hears(AFRICA, received("af", 3, release("af", "af", 2)))
    assert town.standing(m) is Standing.CUT


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_order_of_the_logs_all_readers_end_with_the_same_hub(
    town: Town, seed: int
) -> None:
    chance = Random(seed)
    logs: dict[str, list[Event]] = {name: [] for name in HUBS}
    at, revision, words = "eu", 1, dict[str, Release]()
    logs[at].append(admitted())
    for _ in range(chance.randint(1, 6)):
        if chance.random() < 0.3:
            revision += 1
            logs[at].append(PeerLimited(node="m", revision=revision))
        to = chance.choice(sorted(set(HUBS) - {at}))
        words[at] = release(at, to, revision + 1)
        logs[at].append(released(words[at]))
        revision, at = revision + 2, to
        logs[at].append(received(at, revision, *words.values()))
    while waiting := [name for name in HUBS if logs[name]]:
        name = chance.choice(waiting)
        await town.hears(HUBS[name], logs[name].pop(0))
    known = town.knows(m)
    assert known is not None
    assert (known.admitted_by, known.revision, known.standing) == (at, revision, Standing.NORMAL)


async def test_the_node_that_moves_stands_below_its_new_hub_as_if_it_always_had(
    town: Town,
) -> None:
    url, me = town.reader.url, town.reader.me
    before = {one.node: one.admitted_by for one in town.reader.desk.trust.nodes()}
    assert before == {"souss": "souss", "eu": "souss", "world": "eu", "af": "world", "am": "world"}
    moved = Peer(me.node, continent="af")
    async with Reader(url, me=moved, hub=AFRICA) as reader:
        found = {one.node: one.admitted_by for one in reader.desk.trust.nodes()}
        own = reader.desk.trust.node(me.node)
        assert own is not None
        assert own.continent == "af"
        # What it hears of its former hub comes from above now, like all others'.
        town.reader = reader
        await town.hears(WORLD, PeerCut(node="eu", revision=9))
        assert town.standing(HUB) is Standing.CUT
    assert found == {"souss": "souss", "af": "souss", "world": "af", "eu": "world", "am": "world"}
