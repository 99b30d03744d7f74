"""Five networks on two continents decide together, though lines break while they vote."""

from collections.abc import Iterator

import pytest

from tests.federation.decisions.deciding import (
    NETWORKS,
    Deciding,
    charter,
    recounted,
    states,
    two_continents,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def deciding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deciding]:
    """Five networks, up, that have signed one charter."""
    given = charter(notice_s=6, reveal_s=6, grace_s=22, members=NETWORKS)
    made = two_continents(tmp_path_factory.mktemp("deciding"), given)
    try:
        yield made
    finally:
        made.federation.close()


def test_one_is_back_within_the_grace_and_one_is_late(deciding: Deciding) -> None:
    ballot_id = deciding.call()
    links = deciding.federation.links
    for name in NETWORKS:
        deciding.sees(name, ballot_id, lambda shown: all(one["roll"] for one in shown["legs"]))
    for name in NETWORKS:
        if name in ("ma", "fr"):
            links[name].cut()
        deciding.vote(name, ballot_id, yes=5, no=4)
    # Both go on alone: they close, are bound, and wait.
    for name in ("ma", "fr"):
        deciding.sees(name, ballot_id, lambda shown: shown["local"]["state"] == "closed")
    links["ma"].heal()
    there = [name for name in NETWORKS if name != "fr"]
    found = deciding.certified(ballot_id, at=there)
    assert found["outcome"]["outcome"] == "adopted"
    assert found["outcome"]["figures"]["yes"] == 20
    assert found["outcome"]["figures"]["sealed"] == 4
    # Who hears nobody does not say that the others were silent.
    assert deciding.outcome("fr", ballot_id) == {}
    links["fr"].heal()
    assert deciding.certified(ballot_id)["hash"] == found["hash"]
    audits = 0
    for name in NETWORKS:
        deciding.sees(name, ballot_id, lambda shown: states(shown)["fr"] == "late")
        shown = deciding.shown(name, ballot_id)
        assert (shown["state"], shown["disputes"]) == ("certified", [])
        assert recounted(shown, deciding.outcome(name, ballot_id)) == found["hash"]
        audits += sum(one["does"] == "audit" for one in shown["due"])
    # Two networks look at each roll that counts, and each knows by itself that it was drawn.
    assert audits == 2 * len(there)


def test_a_continent_waits_for_the_other_while_that_one_could_change_it(
    deciding: Deciding,
) -> None:
    ballot_id = deciding.call(by="fr", stands="eu")
    for name in NETWORKS:
        deciding.sees(name, ballot_id, lambda shown: all(one["roll"] for one in shown["legs"]))
    deciding.federation.links["af"].cut()
    for name in NETWORKS:
        deciding.vote(name, ballot_id, yes=5, no=4)
    for name in NETWORKS:
        deciding.sees(name, ballot_id, lambda shown: shown["local"]["state"] == "closed")
    assert not any(deciding.outcome(name, ballot_id) for name in NETWORKS)
    deciding.federation.links["af"].heal()
    found = deciding.certified(ballot_id)
    assert found["outcome"]["outcome"] == "adopted"
    assert found["outcome"]["figures"]["sealed"] == 5
    for name in NETWORKS:
        shown = deciding.shown(name, ballot_id)
        assert recounted(shown, deciding.outcome(name, ballot_id)) == found["hash"]
