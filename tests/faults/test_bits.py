"""One bit of the hub's gathering stream is flipped: what is lost there is lost nowhere else."""

import random
from pathlib import Path

import pytest

from tests.faults.federation import RealFederation, RealNode
from tests.faults.kills import seed_of_this_run
from tests.faults.rest import require_rest, settled
from tests.faults.writer import Writer

REPAIR_S = 90.0
WRITES = 40

pytestmark = pytest.mark.timeout(900)


def _blocks(node: RealNode, stream: str) -> list[Path]:
    """Return the files in which a node's nats-server keeps the messages of a stream."""
    found = sorted(node.home.jetstream.glob(f"jetstream/*/streams/{stream}/msgs/*.blk"))
    assert found, f"{node.name} keeps no {stream}"
    return [path for path in found if path.stat().st_size]


def _flip_a_bit(path: Path, at: float) -> None:
    """Flip the lowest bit of the byte that lies so far into a file, from 0 to 1."""
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    path.write_bytes(data)


def _survives(federation: RealFederation, *, stream: str, at: float) -> None:
    hub, nodes = federation["eu"], list(federation.nodes.values())
    with Writer(federation["fr"], seed=1) as fr, Writer(federation["es"], seed=1) as es:
        fr.written(WRITES)
        es.written(WRITES)
        hub.kill()
        _flip_a_bit(_blocks(hub, stream)[-1], at)
        hub.start()
        hub.ready()
        fr.written(WRITES)
        es.written(WRITES)
    settled(nodes, timeout_s=REPAIR_S)
    require_rest(nodes, (fr, es))


@pytest.mark.parametrize("stream", ["CONT_eu", "IN_eu"])
def test_a_flipped_bit_leaves_no_silent_gap(federation: RealFederation, stream: str) -> None:
    _survives(federation, stream=stream, at=0.5)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("stream", ["CONT_eu", "IN_eu", "OUT_eu_directory", "PRIV_eu_node"])
def test_a_flipped_bit_anywhere_leaves_no_silent_gap(
    federation: RealFederation, stream: str
) -> None:
    seed = seed_of_this_run(random.SystemRandom().randrange(10**6))
    places = random.Random(seed)
    try:
        for _ in range(5):
            _survives(federation, stream=stream, at=places.random())
    except AssertionError as error:
        error.add_note(f"TWIZA_FAULTS_SEED={seed}")
        raise
