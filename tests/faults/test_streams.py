"""Streams are cut back, lost or damaged: the page tables are the truth, and nothing is missing."""

import random
import shutil
from pathlib import Path

import pytest

from tests.faults.federation import RealFederation, RealNode
from tests.faults.kills import seed_of_this_run
from tests.faults.looking import head, state
from tests.faults.rest import require_rest, settled
from tests.faults.writer import Writer

REPAIR_S = 90.0
WRITES = 40

pytestmark = pytest.mark.timeout(900)


def _names(prefix: str, number: int) -> list[str]:
    return [f"{prefix} {at}" for at in range(number)]


def test_streams_that_were_cut_back_are_filled_again_from_the_page_table(
    federation: RealFederation,
) -> None:
    fr = federation["fr"]
    early = fr.write(*_names("early", 5))
    settled(federation.all)
    fr.stop()
    older = fr.path.with_name("older-streams")
    shutil.copytree(fr.home.jetstream, older)
    federation.start("fr")
    late = fr.write(*_names("late", 5))
    settled(federation.all)
    epoch = head(fr, "directory").epoch

    fr.stop()
    shutil.rmtree(fr.home.jetstream)
    shutil.move(older, fr.home.jetstream)
    federation.start("fr")
    new = fr.write(*_names("new", 3))
    new += federation["es"].write(*_names("new of es", 3))
    settled(federation.all)
    require_rest(federation.all)
    assert set(early + late + new) <= state(federation["es"]).keys()
    assert head(fr, "directory").epoch == epoch


def test_streams_that_were_lost_are_made_again_from_the_page_table(
    federation: RealFederation,
) -> None:
    fr = federation["fr"]
    early = fr.write(*_names("before the loss", 5))
    settled(federation.all)
    fr.stop()
    shutil.rmtree(fr.home.jetstream)
    federation.start("fr")
    new = fr.write(*_names("after the loss", 3))
    new += federation["es"].write(*_names("es after the loss", 3))
    settled(federation.all)
    require_rest(federation.all)
    assert set(early + new) <= state(federation["es"]).keys()


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
    hub, nodes = federation["eu"], federation.all
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
@pytest.mark.parametrize("stream", ["CONT_eu", "IN_eu", "OUT_eu_node"])
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
