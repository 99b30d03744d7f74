"""Kill -9 of networks at each state of a ballot: they go on where they were, and say all once."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.faults.federation import RealNode
from tests.faults.looking import pages
from tests.federation.decisions.deciding import (
    Deciding,
    a_hub_and_a_member,
    charter,
    recounted,
    states,
)

pytestmark = pytest.mark.timeout(240)
ONCE = ("accepted", "rolled", "opened", "committed", "sealed", "certified")


@pytest.fixture
def deciding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deciding]:
    """A hub and its member, up, that have signed one charter."""
    given = charter(notice_s=8, reveal_s=20, grace_s=40, members=("eu", "fr"))
    made = a_hub_and_a_member(tmp_path_factory.mktemp("killed"), given)
    try:
        yield made
    finally:
        made.federation.close()


def again(node: RealNode) -> None:
    """Kill a node as a power cut does, and start it."""
    node.kill()
    node.start()
    node.ready()


def told(node: RealNode, ballot_id: str) -> Counter[str]:
    """Return what a network has told of a ballot, and how often."""
    found: Counter[str] = Counter()
    for page in pages(node, "governance"):
        for event in json.loads(page.data)["events"]:
            if event["data"].get("ballot_id") == ballot_id:
                found[event["type"].split(".")[4]] += 1
    return found


def test_a_network_that_is_killed_at_each_state_says_each_thing_once(deciding: Deciding) -> None:
    ballot_id = deciding.call(voting_s=14.0)
    again(deciding["fr"])
    deciding.sees("fr", ballot_id, lambda shown: all(one["roll"] for one in shown["legs"]))
    deciding.vote("fr", ballot_id, yes=6, no=3, timeout_s=20)
    again(deciding["fr"])
    deciding.vote("eu", ballot_id, yes=2, no=1)
    deciding.sees("fr", ballot_id, lambda shown: shown["local"]["state"] == "closed")
    deciding["fr"].kill()
    again(deciding["eu"])
    deciding["fr"].start()
    deciding["fr"].ready()
    found = deciding.certified(ballot_id)
    assert found["outcome"]["figures"]["yes"] == 8
    for name in deciding.names:
        deciding.sees(name, ballot_id, lambda shown: set(states(shown).values()) == {"attested"})
        shown = deciding.shown(name, ballot_id)
        assert recounted(shown, deciding.outcome(name, ballot_id)) == found["hash"]
        said = told(deciding[name], ballot_id)
        assert {what: said[what] for what in ONCE} == dict.fromkeys(ONCE, 1)
