"""Named places at which a process can be made to die at once, for the tests of faults.

``TWIZA_CRASH_AT=<place>`` kills the process when it comes to a place, ``<place>:<n>`` at the n-th
time. Without the variable a crash point does nothing.
"""

import os
import signal
from collections import Counter
from typing import Final

VARIABLE: Final = "TWIZA_CRASH_AT"
PLACES: Final = (
    "sealed-before-publish",
    "published-before-noted",
    "applied-before-commit",
    "committed-before-next",
)

_wanted, _, _times = os.environ.get(VARIABLE, "").partition(":")
_seen: Counter[str] = Counter()


def crash_point(place: str) -> None:
    """Die here, as by ``kill -9``, where the environment asks for it."""
    if _wanted != place:
        return
    _seen[place] += 1
    if _seen[place] >= int(_times or 1):
        os.kill(os.getpid(), signal.SIGKILL)
