"""Whole nodes for the benchmark: what they weigh at rest, and how fast a long list is imported."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

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
        own = (node.counts() or {})["uk"]
        until(lambda: _seen(hub, "uk") == own, what="the hub sees all", timeout_s=IMPORT_WAIT_S)
        return time.monotonic() - began, own
    finally:
        federation.close()


def _seen(node: RealNode, origin: str) -> int:
    counts = node.counts()
    return -1 if counts is None else counts.get(origin, 0)


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = [pid]
    for thread in os.listdir(f"/proc/{pid}/task"):
        text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
        children += [child for child in text.split() if child not in children]
    for child in children:
        found += _tree(int(child))
    return found
