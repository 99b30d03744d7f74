"""How long candidates for a whole continent take, and how much memory, in a process of its own."""

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.load.bench import Figure

ENTRIES: Final = 100_000
LIMIT_S: Final = 30
AIM_S: Final = 15
MEMORY_MB: Final = 4_096
PATIENCE_S: Final = 600


def figures(entries: int = ENTRIES) -> "list[Figure]":
    """Return the time and the peak memory of candidate generation, as rows of the table.

    The memory is that of the whole process, its libraries and the offers and wants among it.
    """
    # The benchmark imports us, and may run as a program: the form is taken when it is needed.
    from tests.load.bench import Figure

    found = measured(entries)
    what = f"candidates of {entries:,} offers and wants ({found['arcs']:,} arcs"
    return [
        Figure(
            f"{what}, {found['cpu_s']:.1f} s of CPU)", found["seconds"], "s", LIMIT_S, aim=AIM_S
        ),
        Figure(f"{what}), peak memory", found["peak_mb"], "MB", MEMORY_MB, aim=1_024),
    ]


def measured(entries: int) -> dict[str, Any]:
    """Return what a process says of itself that has found the candidates of so many entries."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.load.candidates", str(entries)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _here(count: int) -> dict[str, Any]:
    """Find the candidates of so many entries in this process."""
    import resource

    from services.exchange.candidates.search import candidates
    from tests.exchange.candidates.samples import a_round, tree

    entries = a_round(count)
    began, used = time.monotonic(), time.process_time()
    graph = candidates(entries, tree())
    return {
        "seconds": time.monotonic() - began,
        "cpu_s": time.process_time() - used,
        "arcs": len(graph),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024,
    }


if __name__ == "__main__":
    print(json.dumps(_here(int(sys.argv[1]))))
