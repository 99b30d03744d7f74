"""Whatever dies, and whenever: what was acknowledged is everywhere, once, and in its order."""

import random

import pytest

from tests.faults.federation import RealFederation
from tests.faults.kills import Killer, seed_of_this_run, told
from tests.faults.rest import require_rest, settled
from tests.faults.writer import Writer


def _burst(federation: RealFederation, *, kills: int, seed: int) -> Killer:
    nodes = federation.all
    killer = Killer(
        hub=federation["eu"],
        single=federation["fr"],
        supervised=federation["es"],
        kills=kills,
        seed=seed,
    )
    try:
        with (
            Writer(federation["fr"], seed=seed) as fr,
            Writer(federation["es"], seed=seed) as es,
            Writer(federation["eu"], seed=seed) as eu,
        ):
            killer.run()
        settled(nodes)
        require_rest(nodes, (fr, es, eu))
    except AssertionError as error:
        told(error, seed=seed, nodes=nodes)
        raise
    return killer


def test_forty_kills_lose_nothing_and_double_nothing(federation: RealFederation) -> None:
    killer = _burst(federation, kills=40, seed=seed_of_this_run(1))
    assert killer.done["there"] > killer.done["never there"]


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_three_hundred_kills_lose_nothing_and_double_nothing(federation: RealFederation) -> None:
    seed = seed_of_this_run(random.SystemRandom().randrange(10**6))
    for burst in range(5):
        _burst(federation, kills=60, seed=seed + burst)
