"""Two continents: what one node tells is known on the other, whatever lies or breaks between."""

from collections.abc import Iterator

import pytest

from tests.faults.federation import RealFederation, together, until
from tests.faults.looking import state
from tests.faults.rest import require_rest, settled
from tests.faults.writer import Writer

WRITES = 30

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealFederation]:
    """An intercontinental hub, two continental ones, and a node of each."""
    federation = RealFederation(tmp_path_factory.mktemp("world"))
    try:
        together(
            lambda: federation.add("ic", continent="globe", level="intercontinental"),
            lambda: federation.add("eu", continent="eu", level="continental"),
            lambda: federation.add("af", continent="af", level="continental"),
            lambda: federation.add("fr", continent="eu"),
            lambda: federation.add("ma", continent="af"),
        )
        federation.start()
        together(lambda: federation.join("eu", "ic"), lambda: federation.join("af", "ic"))
        together(lambda: federation.join("fr", "eu"), lambda: federation.join("ma", "af"))
        yield federation
    finally:
        federation.close()


def test_two_continents_come_to_the_same_state(world: RealFederation) -> None:
    with Writer(world["fr"], seed=1) as fr, Writer(world["ma"], seed=1) as ma:
        fr.written(WRITES)
        ma.written(WRITES)
    settled(world.all)
    require_rest(world.all, (fr, ma))
    assert set(fr.entities) <= state(world["ma"]).keys()


def test_a_continent_works_on_while_the_way_to_the_other_is_broken(
    world: RealFederation,
) -> None:
    world["ic"].kill()
    world.links["af"].cut()
    with Writer(world["fr"], seed=2) as fr, Writer(world["ma"], seed=2) as ma:
        fr.written(WRITES)
        ma.written(WRITES)
        entity = next(iter(fr.entities))
        until(lambda: entity in state(world["eu"]), what="eu knows it", timeout_s=30)
        assert entity not in state(world["ma"])
        world.start("ic")
        world.links["af"].heal()
    settled(world.all)
    require_rest(world.all, (fr, ma))
