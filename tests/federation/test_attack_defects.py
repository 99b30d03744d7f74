"""Where our own code fails at a page, the log of that page stops, and no other one."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.ids import NodeName, ServiceName
from shared.store import Work
from tests.federation.attacked import Attacked, attacked, evidence
from tests.nodes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Attacked]:
    async with attacked(tmp_path_factory.mktemp("defects")) as federation:
        yield federation


async def test_a_defect_at_one_page_stops_one_log(scene: Attacked) -> None:
    """A service whose forgetting fails cannot replay the log of a node that left a branch."""
    forger, faulty = scene.forger, True

    def forget(work: Work, node: NodeName, service: ServiceName) -> None:
        if faulty:
            raise ZeroDivisionError(f"{node}/{service}")

    for desk in scene.receivers.values():
        desk.desk.projector.on_forget(forget)
    await forger.tell(forger.listed("stays"))
    stays = (forger.epoch, forger.number, forger.prev)
    await forger.tell(forger.listed("is left"))
    await scene.know("stays", "is left")
    before = await scene.counts()
    await forger.heal(old=stays)

    async def counted() -> bool:
        now = await scene.counts()
        return all(now[at]["fr", "defect"] > before[at]["fr", "defect"] for at in now)

    await until(counted, what="the defect is counted")
    await scene.others_go_on()
    for desk in scene.receivers.values():
        assert (await evidence(desk, "defect"))[-1].detail == "ZeroDivisionError"
    assert [(c.epoch, c.number) for c in await scene.stand()] == [(1, 2), (1, 2)]
    # A later release mends it: the page is asked for again, and counts.
    faulty = False
    await forger.tell(forger.listed("after the mending"))
    await scene.stands("gap", epoch=1, number=2)
    for desk in scene.receivers.values():
        # By itself it would wait a while, since the last answers brought nothing.
        await desk.desk.repairer.round()
    await scene.know("stays", "after the mending")
    await scene.stands("open", number=2)
    await scene.nobody_knows("is left")
