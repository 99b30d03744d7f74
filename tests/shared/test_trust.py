"""Whom a reader believes: a hub speaks of its own children, and of nobody else."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.node import (
    DescriptionPublished,
    LetterKeyAnnounced,
    Parent,
    PeerAdmitted,
    PeerCut,
    PeerLimited,
    PeerQuarantined,
)
from shared.events import Event
from shared.keys import Prefix, SigningKey
from shared.log.page import SealedPage
from shared.log.trust import KnownNode, Standing
from tests.shared.peers import Peer
from tests.shared.readers import HUB, Reader

WORLD = Peer("world", "node", continent="world", level="intercontinental")
AFRICA = Peer("af", "node", continent="af", level="continental")
STRANGER = Peer("xx", "node", continent="eu", level="continental")
fr, es, ma = Peer("fr"), Peer("es"), Peer("ma", continent="af")
FR_NODE = Peer("fr", "node")


class Town:
    """A reader below the hub ``eu``, and the logs of those who speak to it."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._last: dict[str, SealedPage] = {}

    async def hears(self, peer: Peer, *events: Event) -> None:
        """Have a node service tell something, in the next page of its log."""
        page = peer.telling(self._last.get(peer.node), *events)
        self._last[peer.node] = page
        await self.reader.take(peer, page)

    async def aside(self) -> list[str]:
        """Return why events were set aside, in their order."""
        return [row["reason"] for row in await self.reader.rows("set_aside")]

    def knows(self, peer: Peer) -> KnownNode | None:
        """Return what the registry holds of a node."""
        return self.reader.desk.trust.node(peer.node)

    def standing(self, peer: Peer) -> Standing:
        """Return how a node stands."""
        known = self.knows(peer)
        assert known is not None
        return known.standing


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A reader that knows nobody yet but itself and its hub."""
    async with Reader(f"sqlite:///{tmp_path / 'reader.db'}") as reader:
        yield Town(reader)


def described(peer: Peer, parent: Parent | None) -> DescriptionPublished:
    """Return what a node says of itself."""
    return DescriptionPublished.model_validate(
        {
            "node": peer.node,
            "revision": 1,
            "continent": peer.continent,
            "level": peer.level,
            "parent": parent,
        }
    )


async def world_is_known(town: Town) -> None:
    """Have the reader learn its hub's parent, and from there the other continent."""
    await town.hears(HUB, described(HUB, WORLD.as_parent))
    await town.hears(WORLD, HUB.admission(), AFRICA.admission())
    await town.hears(AFRICA, ma.admission())


async def test_a_reader_begins_with_itself_and_its_hub(town: Town) -> None:
    found = {known.node: known.root_key for known in town.reader.desk.trust.nodes()}
    assert found == {"souss": town.reader.me.root.public, "eu": HUB.root.public}


async def test_a_hub_admits_its_children(town: Town) -> None:
    await town.hears(HUB, fr.admission(), es.admission())
    known = town.knows(fr)
    assert known is not None
    assert (known.root_key, known.admitted_by, known.level) == (fr.root.public, "eu", "local")
    assert await town.aside() == []


async def test_what_is_told_of_a_node_stays_known(town: Town) -> None:
    await town.hears(HUB, fr.admission())
    before = town.reader.desk.trust.nodes()
    async with Reader(town.reader.url) as again:
        assert again.desk.trust.nodes() == before


async def test_the_world_is_learnt_from_above(town: Town) -> None:
    await world_is_known(town)
    assert {known.node for known in town.reader.desk.trust.nodes()} == {
        "souss", "eu", "world", "af", "ma"
    }  # fmt: skip
    assert await town.aside() == []


async def test_a_hubs_parent_is_learnt_only_from_above(town: Town) -> None:
    await town.hears(HUB, fr.admission())
    await town.hears(FR_NODE, described(fr, STRANGER.as_parent))
    await town.hears(FR_NODE, described(HUB, STRANGER.as_parent))
    assert town.knows(STRANGER) is None
    await world_is_known(town)
    await town.hears(AFRICA, described(AFRICA, STRANGER.as_parent))
    assert town.knows(STRANGER) is None


@pytest.mark.parametrize(
    "admission",
    [
        # What is not of its continent, or not below its level.
        ma.admission(),
        WORLD.admission(),
        AFRICA.admission(),
        STRANGER.admission(),
        fr.admission(level="continental"),
        fr.admission(level="intercontinental"),
    ],
    ids=range(6),
)
async def test_a_hub_admits_nobody_elses_children(town: Town, admission: PeerAdmitted) -> None:
    await town.hears(HUB, admission)
    assert len(town.reader.desk.trust.nodes()) == 2
    assert await town.aside() == ["not-its-child"]


async def test_the_worlds_hub_admits_continents_only(town: Town) -> None:
    await world_is_known(town)
    await town.hears(WORLD, fr.admission(), WORLD.admission(), STRANGER.admission())
    assert town.knows(fr) is None
    assert await town.aside() == ["not-its-child"] * 2
    known = town.knows(STRANGER)
    assert known is not None
    assert known.admitted_by == "world"


async def test_a_node_that_is_no_hub_admits_nobody(town: Town) -> None:
    await town.hears(HUB, fr.admission())
    await town.hears(FR_NODE, es.admission(), ma.admission(), AFRICA.admission())
    assert len(town.reader.desk.trust.nodes()) == 3
    assert await town.aside() == ["not-its-child"] * 3


async def test_a_known_name_gets_no_new_root_key(town: Town) -> None:
    thief = SigningKey.generate(Prefix.ROOT).public
    await world_is_known(town)
    await town.hears(HUB, fr.admission())
    for revision, name in enumerate((fr, town.reader.me), 5):
        await town.hears(HUB, name.admission(revision=revision, root_key=thief))
    await town.hears(WORLD, HUB.admission(revision=7, root_key=thief))
    for peer in (fr, HUB, town.reader.me):
        known = town.knows(peer)
        assert known is not None
        assert known.root_key == peer.root.public
    assert await town.aside() == ["name-taken"] * 3
    counted = {(row["node"], row["reason"]): row["count"] for row in await refusals(town)}
    assert counted == {("eu", "name-taken"): 2, ("world", "name-taken"): 1}


async def refusals(town: Town) -> list[dict[str, Any]]:
    """Return how often something was refused."""
    return await town.reader.rows("refusal_count")


async def test_a_node_stays_with_its_hub(town: Town) -> None:
    await world_is_known(town)
    await town.hears(HUB, fr.admission())
    await town.hears(AFRICA, fr.admission(revision=9, continent="af"))
    known = town.knows(fr)
    assert known is not None
    assert (known.admitted_by, known.continent) == ("eu", "eu")
    assert await town.aside() == ["name-taken"]


@pytest.mark.parametrize("contract", [PeerLimited, PeerQuarantined, PeerCut])
async def test_a_hub_changes_how_its_children_stand(
    town: Town, contract: type[PeerLimited | PeerQuarantined | PeerCut]
) -> None:
    await town.hears(HUB, fr.admission(), contract(node="fr", revision=2, cause="a decision"))
    known = town.knows(fr)
    assert known is not None
    assert known.standing.value in contract.kind
    assert (known.cause, known.revision) == ("a decision", 2)


async def test_only_its_own_hub_changes_how_a_node_stands(town: Town) -> None:
    await world_is_known(town)
    await town.hears(HUB, fr.admission(), es.admission())
    for speaker in (Peer("es", "node"), AFRICA, WORLD):
        await town.hears(speaker, PeerQuarantined(node="fr", revision=9))
        await town.hears(speaker, PeerCut(node="fr", revision=9))
    await town.hears(HUB, PeerCut(node="ma", revision=9), PeerCut(node="af", revision=9))
    await town.hears(HUB, PeerQuarantined(node="eu", revision=9))
    await town.hears(HUB, PeerCut(node="nobody", revision=9))
    assert await town.aside() == ["not-its-child"] * 10
    assert {town.standing(peer) for peer in (fr, es, ma, HUB, WORLD)} == {Standing.NORMAL}


async def test_a_hub_stands_as_the_hub_above_it_says(town: Town) -> None:
    await world_is_known(town)
    await town.hears(WORLD, PeerLimited(node="eu", revision=2), PeerLimited(node="af", revision=2))
    assert {town.standing(peer) for peer in (HUB, AFRICA)} == {Standing.LIMITED}
    await town.hears(AFRICA, PeerLimited(node="eu", revision=3))
    assert await town.aside() == ["not-its-child"]


async def test_a_hubs_word_on_its_parent_is_believed_below_it(town: Town) -> None:
    await world_is_known(town)
    await town.hears(HUB, PeerLimited(node="world", revision=2))
    assert town.standing(WORLD) is Standing.LIMITED


async def test_a_reader_stands_as_its_own_hub_says(town: Town) -> None:
    await town.hears(HUB, PeerLimited(node="souss", revision=2))
    assert town.standing(town.reader.me) is Standing.LIMITED


async def test_a_word_that_comes_late_changes_nothing(town: Town) -> None:
    await town.hears(HUB, fr.admission(revision=1), PeerCut(node="fr", revision=3))
    await town.hears(HUB, PeerLimited(node="fr", revision=2), fr.admission(revision=1))
    await town.hears(HUB, fr.admission(revision=3))
    assert town.standing(fr) is Standing.CUT


async def test_a_node_that_was_cut_can_be_admitted_again(town: Town) -> None:
    pages = fr.history(4)
    await town.hears(HUB, fr.admission())
    await town.reader.take(fr, *pages[:2])
    cut = PeerCut(node="fr", revision=2, last_pages={"directory": (1, 2)})
    await town.hears(HUB, cut)
    await town.reader.take(fr, *pages[2:])
    assert (await town.reader.cursor(fr)).number == 2
    await town.hears(HUB, fr.admission(revision=3))
    known = town.knows(fr)
    assert known is not None
    assert (known.standing, known.last_pages, known.cause) == (Standing.NORMAL, {}, "")
    await town.reader.take(fr, *pages[2:])
    assert (await town.reader.cursor(fr)).number == 4


async def test_another_hub_cannot_bring_back_what_was_cut(town: Town) -> None:
    await world_is_known(town)
    await town.hears(HUB, fr.admission(), PeerCut(node="fr", revision=2))
    await town.hears(AFRICA, fr.admission(revision=9, continent="af"))
    assert town.standing(fr) is Standing.CUT


async def test_pages_of_a_node_that_is_not_known_yet_wait_for_its_admission(town: Town) -> None:
    pages = fr.history(3)
    await town.reader.take(fr, *pages)
    assert len(await town.reader.rows("held_page")) == 3
    assert await town.reader.state() == {}
    await town.hears(HUB, fr.admission())
    assert len(await town.reader.state()) == 3
    assert await town.reader.rows("held_page") == []


async def test_pages_of_a_node_in_quarantine_wait_for_its_release(town: Town) -> None:
    pages = fr.history(4)
    await town.hears(HUB, fr.admission())
    await town.reader.take(fr, pages[0])
    await town.hears(HUB, PeerQuarantined(node="fr", revision=2))
    await town.reader.take(fr, *pages[1:3])
    assert len(await town.reader.state()) == 1
    await town.hears(HUB, fr.admission(revision=3))
    assert len(await town.reader.state()) == 3
    assert await town.reader.rows("held_page") == []
    await town.reader.take(fr, pages[3])
    assert len(await town.reader.state()) == 4


async def test_pages_that_wait_for_their_node_may_be_forged(town: Town) -> None:
    thief = SigningKey.generate(Prefix.SERVICE)
    forged = [
        replace(fr.signed(page.data, key=thief), number=number, certificate=fr.certificate())
        for number, page in enumerate(fr.history(3, label="forged "), 1)
    ]
    await town.reader.take(fr, forged[0], fr.history(1)[0], *forged[1:])
    await town.hears(HUB, fr.admission())
    assert list((await town.reader.state()).values()) == ["1.1.0"]
    assert (await town.reader.cursor(fr)).number == 1


async def test_of_a_services_letter_keys_the_two_newest_are_kept(town: Town) -> None:
    await town.hears(HUB, fr.admission())
    for number in (1, 3, 2, 2, 4, 3):
        key = str(number) * 43
        await town.hears(FR_NODE, LetterKeyAnnounced(service="exchange", number=number, key=key))
    await town.hears(FR_NODE, LetterKeyAnnounced(service="directory", number=1, key="d" * 43))
    rows = await town.reader.rows("letter_key")
    kept = sorted((row["node"], row["service"], row["number"]) for row in rows)
    assert kept == [("fr", "directory", 1), ("fr", "exchange", 3), ("fr", "exchange", 4)]
