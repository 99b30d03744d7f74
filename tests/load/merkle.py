"""How fast a million ballots get one root, and in how much memory: rows for ``make bench``.

A process of its own measures, so that its memory is that of the tree and not of what ran before.
Time is of the processor; the data of the leaves is made before the clock starts.
"""

import json
import resource
import subprocess
import sys
import time
from typing import Final

LEAVES: Final = 1_000_000
LEAF: Final = 32
"""The bytes of what is hashed into a leaf: a receipt or a salted voter, hashed once already."""

Row = tuple[str, float, str, float]
"""What was measured, its value, its unit, and its limit: the first members of a ``Figure``."""


def rows() -> list[Row]:
    """Measure, and return what was found."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.load.merkle", "--measure"],
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    found = json.loads(told.stdout)
    return [
        ("(g) Merkle root over 1,000,000 leaves", found["seconds"], "s", 3),
        ("(g) Merkle root over 1,000,000 leaves, peak memory", found["mb"], "MB", 400),
    ]


def measure() -> dict[str, float]:
    """Return the seconds of the processor and the peak of memory, in MB."""
    from services.governance.merkle import leaf_hash, root

    data = [number.to_bytes(LEAF, "big") for number in range(LEAVES)]
    began = time.process_time()
    whole = root([leaf_hash(one) for one in data])
    seconds = time.process_time() - began
    assert len(whole) == LEAF
    # Linux tells the peak in kB.
    return {"seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000}


if __name__ == "__main__":
    if "--measure" in sys.argv:
        print(json.dumps(measure()))
    else:
        for what, value, unit, limit in rows():
            holds = "yes" if value <= limit else "NO"
            print(f"| {what} | {value:,.2f} {unit} | <= {limit:g} | {holds} |")
