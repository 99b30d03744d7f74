"""Links are cut, swallow everything, and heal; the hub goes and comes; a network joins late."""

import os
import signal
import time
from contextlib import suppress

import httpx
import pytest

from tests.faults.federation import RealFederation, RealNode, until
from tests.faults.looking import change, state
from tests.faults.rest import require_rest, settled
from tests.faults.writer import Writer

FLOW_S = 5.0
"""Within how long after a link's return the first page must have been applied beyond it."""

pytestmark = pytest.mark.timeout(600)


def _linked(node: RealNode) -> set[str]:
    """Return the nodes that are linked with a node's nats-server."""
    port = node.home.settings().ports.monitor
    with suppress(httpx.HTTPError):
        told = httpx.get(f"http://127.0.0.1:{port}/leafz", trust_env=False).json()
        return {leaf["name"] for leaf in told.get("leafs") or ()}
    return set()


def _flows_s(federation: RealFederation) -> float:
    """Return how long after the links' return to the hub an entity of fr is known at es."""
    hub, fr, es = (federation[name] for name in ("eu", "fr", "es"))
    until(lambda: {"fr", "es"} <= _linked(hub), what="both are linked", timeout_s=30, every_s=0.02)
    began = time.monotonic()
    (entity,) = fr.write(f"after {began}")
    until(lambda: entity in state(es), what="es knows it", timeout_s=60, every_s=0.02)
    return time.monotonic() - began


def test_a_link_that_is_cut_again_and_again_loses_nothing(federation: RealFederation) -> None:
    link = federation.links["fr"]
    with Writer(federation["fr"], seed=1) as fr, Writer(federation["es"], seed=1) as es:
        for down_s, up_s in ((3.0, 1.0), (0.3, 0.3), (0.1, 0.5), (0.3, 0.1), (1.0, 0.5)):
            link.cut()
            time.sleep(down_s)
            link.heal()
            time.sleep(up_s)
        assert not fr.wrong
    settled(federation.all)
    require_rest(federation.all, (fr, es))


def test_a_link_that_swallows_everything_loses_nothing(federation: RealFederation) -> None:
    link = federation.links["es"]
    with Writer(federation["fr"], seed=2) as fr, Writer(federation["es"], seed=2) as es:
        link.slow(0.2)
        time.sleep(2)
        link.black_hole()
        time.sleep(5)
        before = es.acknowledged
        time.sleep(1)
        assert es.acknowledged > before, "a node that is cut off works on"
        # Half of what was held back never arrives.
        link.cut()
        link.heal()
        time.sleep(1)
    settled(federation.all)
    require_rest(federation.all, (fr, es))


def test_after_a_kill_of_the_hub_s_server_pages_flow_within_seconds(
    federation: RealFederation,
) -> None:
    pid = federation["eu"].server_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: federation["eu"].server_pid not in (None, pid), what="a new server", timeout_s=30)
    assert _flows_s(federation) < FLOW_S


def test_after_a_kill_of_the_hub_pages_flow_within_seconds(federation: RealFederation) -> None:
    federation["eu"].kill()
    federation["eu"].start()
    assert _flows_s(federation) < FLOW_S
    federation["eu"].ready()


def test_a_hub_that_was_down_for_a_while_misses_nothing(federation: RealFederation) -> None:
    federation["eu"].kill()
    with Writer(federation["fr"], seed=3) as fr, Writer(federation["es"], seed=3) as es:
        time.sleep(4)
        federation["eu"].start()
        federation["eu"].ready()
    settled(federation.all)
    require_rest(federation.all, (fr, es))


def test_pages_that_did_not_come_are_pulled_from_the_hub(federation: RealFederation) -> None:
    fr, es = federation["fr"], federation["es"]
    settled(federation.all)
    es.stop()
    change(es, "directory", "UPDATE inbox_cursor SET seq = seq + 3 WHERE stream = 'IN_es'")
    written = fr.write(*(f"passed over {number}" for number in range(6)))
    federation.start("es")
    settled(federation.all)
    require_rest(federation.all)
    assert set(written) <= state(es).keys()
    assert '"event":"log repaired"' in es.log("directory")


def test_a_stream_that_has_lost_its_end_is_read_from_its_beginning(
    federation: RealFederation,
) -> None:
    fr, es = federation["fr"], federation["es"]
    settled(federation.all)
    es.stop()
    change(es, "directory", "UPDATE inbox_cursor SET seq = seq + 1000 WHERE stream = 'IN_es'")
    federation.start("es")
    (written,) = fr.write("behind the cursor")
    until(lambda: written in state(es), what="es knows it", timeout_s=20)
    settled(federation.all)
    require_rest(federation.all)


def test_a_node_joins_late_and_a_service_is_added_later_still(federation: RealFederation) -> None:
    late = federation.add("ma", services=["node"])
    federation.start("ma")
    federation.join("ma", "eu")
    settled(federation.all)
    require_rest(federation.all)

    settings = late.home.settings()
    services = (*settings.services, federation["fr"].home.settings().services[1])
    late.stop()
    late.home.save_settings(settings.model_copy(update={"services": services}))
    federation.start("ma")
    (entity,) = late.write("from the late one")
    settled(federation.all)
    require_rest(federation.all)
    assert entity in state(federation["es"])
