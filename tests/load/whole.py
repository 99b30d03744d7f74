"""Whole nodes for the benchmark: what they weigh at rest, and how fast a long list is imported."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx

from tests.faults.federation import RealFederation, RealNode, until

REST_S: Final = 6.0
"""How long a node rests after its start before it is weighed, in seconds."""
LIST: Final = "coopsuk_2017_orgs.csv"
IMPORT_WAIT_S: Final = 120.0


def pss_mib(pid: int) -> float:
    """Return the proportional set size of a process and all its children, in MiB."""
    total = 0
    for one in _tree(pid):
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def weight(folder: Path, *, single: bool) -> float:
    """Return what a node with all services of this release weighs at rest, in MiB."""
    folder.mkdir(parents=True, exist_ok=True)
    federation = RealFederation(folder)
    try:
        node = federation.add("solo", single=single)
        federation.start("solo")
        time.sleep(REST_S)
        assert node.process is not None
        return pss_mib(node.process.pid)
    finally:
        federation.close()


def import_seconds(folder: Path, data: Path) -> tuple[float, int]:
    """Return how long a long list takes from the command to the hub, and how many entities came.

    Args:
        folder: an empty directory.
        data: the directory of the test data.
    """
    folder.mkdir(parents=True, exist_ok=True)
    federation = RealFederation(folder)
    try:
        hub = federation.add("eu", level="continental")
        node = federation.add("uk")
        federation.start("eu", "uk")
        federation.join("uk", "eu")
        until(
            lambda: min(_seen(hub, "uk"), _seen(node, "uk")) >= 0, what="both answer", timeout_s=60
        )
        began = time.monotonic()
        imported = subprocess.run(
            [
                sys.executable, "-m", "twiza", "import", str(data / "directory" / LIST),
                "--home", str(node.path), "--default-practice", "consumer-coop", "--json",
            ],
            capture_output=True,
            check=False,
        )  # fmt: skip
        assert imported.returncode in (0, 3), imported.stderr
        own = _seen(node, "uk")
        until(lambda: _seen(hub, "uk") == own, what="the hub sees all", timeout_s=IMPORT_WAIT_S)
        return time.monotonic() - began, own
    finally:
        federation.close()


def _seen(node: RealNode, origin: str) -> int:
    """Return how many entities of an origin a directory shows; below 0 while it is silent."""
    with suppress(httpx.HTTPError):
        answer = node.ask("GET", "directory", "/entities/counts")
        if answer.status_code == 200:
            told = answer.json()
            found = {one["origin"]: one["entities"] for one in [told["own"], *told["others"]]}
            return int(found.get(origin, 0))
    return -1


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = [pid]
    for thread in os.listdir(f"/proc/{pid}/task"):
        text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
        children += [child for child in text.split() if child not in children]
    for child in children:
        found += _tree(int(child))
    return found
