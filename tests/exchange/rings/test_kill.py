"""Rings between three processes over real databases, which are killed and cut off at random."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

import pytest

from shared.contracts.rings import FINAL
from tests.exchange.rings.living import NODES, RINGS, database, rows_of

ROOT: Final = Path(__file__).parents[3]
KILLS: Final = 6
REST_S: Final = 120


@contextmanager
def running(folder: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run the three, and end them whatever happens."""
    processes = {node: start(folder, node) for node in NODES}
    try:
        yield processes
    finally:
        (folder / "stop").touch()
        for process in processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def start(folder: Path, node: str) -> subprocess.Popen[bytes]:
    """Start one of the three."""
    command = [sys.executable, "-m", "tests.exchange.rings.living", str(folder), node]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "1"})


def at_rest(folder: Path) -> bool:
    """Return whether all rings were proposed, and nobody waits for anything."""
    for node in NODES:
        if not database(folder, node).exists():
            return False
        rings = rows_of(folder, node, "SELECT count(*), sum(next_at != '') FROM ring")
        if rings[0][0] < RINGS or rings[0][1]:
            return False
        if rows_of(folder, node, "SELECT 1 FROM ring_copy WHERE next_at != '' LIMIT 1"):
            return False
    return True


@pytest.mark.timeout(240)
def test_killed_and_cut_off_every_ring_ends_and_every_node_tells_the_same(tmp_path: Path) -> None:
    random = Random(11)
    with running(tmp_path) as processes:
        time.sleep(3)
        for _ in range(KILLS):
            one, other = sorted(random.sample(NODES, 2))
            cut = tmp_path / f"cut-{one}-{other}"
            cut.touch()
            time.sleep(random.uniform(0.2, 1.2))
            killed = random.choice(NODES)
            processes[killed].kill()
            processes[killed].wait(10)
            processes[killed] = start(tmp_path, killed)
            time.sleep(random.uniform(0.5, 1.5))
            cut.unlink()
        until = time.monotonic() + REST_S
        while not at_rest(tmp_path) and time.monotonic() < until:
            assert all(process.poll() is None for process in processes.values())
            time.sleep(0.5)
        assert at_rest(tmp_path)
    states: Counter[str] = Counter()
    for decider in NODES:
        for ring_id, state, entries in rows_of(
            tmp_path, decider, "SELECT id, state, entries FROM ring"
        ):
            states[state] += 1
            assert state in FINAL
            for node in NODES:
                told = rows_of(
                    tmp_path,
                    node,
                    f"SELECT state, entries FROM ring_copy WHERE id = '{ring_id}'",
                )
                assert told in ([], [(state, entries)]), f"{node} knows {ring_id} otherwise"
    assert states.total() == RINGS * len(NODES)
    assert states["settled"] > 0
    for node in NODES:
        assert rows_of(tmp_path, node, "SELECT * FROM ring_slot") == []
        gone = rows_of(tmp_path, node, "SELECT item FROM sim_gone")
        assert len(set(gone)) == len(gone)
