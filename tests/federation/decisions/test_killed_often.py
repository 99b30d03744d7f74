"""Five networks on two continents that are killed again and again while they decide."""

import random
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.kills import seed_of_this_run, told
from tests.federation.decisions.deciding import (
    NETWORKS,
    Deciding,
    charter,
    recounted,
    two_continents,
)
from tests.federation.decisions.test_killed import ONCE
from tests.federation.decisions.test_killed import told as said_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
BALLOTS = 2
KILLS = 4
"""How many networks are killed during each ballot."""
PAUSE_S = 9.0


@pytest.fixture(scope="module")
def deciding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deciding]:
    """Five networks, up, that have signed one charter."""
    given = charter(notice_s=15, reveal_s=45, grace_s=90, members=NETWORKS)
    made = two_continents(tmp_path_factory.mktemp("killed-often"), given)
    try:
        yield made
    finally:
        made.federation.close()


def test_they_come_to_one_outcome_whoever_is_killed_when(deciding: Deciding) -> None:
    seed = seed_of_this_run(7)
    dice = random.Random(seed)
    try:
        for _ in range(BALLOTS):
            _decided(deciding, dice)
    except BaseException as error:
        told(error, seed=seed, nodes=deciding.nodes)
        raise


def _decided(deciding: Deciding, dice: random.Random) -> None:
    """Hold a ballot while networks are killed; all of them come to one outcome."""
    ballot_id = deciding.call(voting_s=40.0)
    for name in NETWORKS:
        deciding.sees(name, ballot_id, lambda shown: all(one["roll"] for one in shown["legs"]))
    voted = threading.Thread(target=_vote, args=(deciding, ballot_id))
    voted.start()
    # A node ends with the thread that has started it, so that it is this one that kills.
    for name in dice.sample(NETWORKS, KILLS):
        voted.join(60.0)
        time.sleep(dice.random() * PAUSE_S)
        deciding[name].kill()
        time.sleep(dice.random())
        deciding[name].start()
        deciding[name].ready()
    found = deciding.certified(ballot_id, timeout_s=150)
    assert found["outcome"]["figures"]["yes"] == 25
    for name in NETWORKS:
        shown = deciding.shown(name, ballot_id)
        assert (shown["state"], shown["disputes"]) == ("certified", [])
        assert recounted(shown, deciding.outcome(name, ballot_id)) == found["hash"]
        said = said_of(deciding[name], ballot_id)
        assert {what: said[what] for what in ONCE} == dict.fromkeys(ONCE, 1)


def _vote(deciding: Deciding, ballot_id: str) -> None:
    for name in NETWORKS:
        deciding.vote(name, ballot_id, yes=5, no=4, timeout_s=40)
