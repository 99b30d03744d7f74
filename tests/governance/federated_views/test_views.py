"""What coordinators see of ballots between networks."""

from collections.abc import Callable

from tests.governance.federated_service.world import World
from tests.governance.federated_views.kit import Asking, certified

Ask = Callable[..., Asking]


async def test_a_coordinator_sees_legs_seals_turnout_and_the_outcome_at_each_node(
    world: World, ask: Ask
) -> None:
    ballot = await certified(world)
    found = (await ask("lima", "coordinator").get(f"/together/{ballot}", lang="fr")).json()
    assert found["state"] == "certified", found
    assert found["result"] == "Adopté"
    assert found["turnout"] == {"cast": 48, "of": 60, "networks": 5, "withheld": 0}
    assert {one["state"] for one in found["legs"]} == {"attested"}
    assert {one["outcome_hash"] for one in found["legs"]} == {found["outcome_hash"]}
    assert found["totals"]["yes"] == 30
