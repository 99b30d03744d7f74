"""How a process that serves is set up: its collector and its threads, told what work this is."""

import gc
import sys
from typing import Final

YOUNG_OBJECTS: Final = 50_000
YOUNG_ROUNDS: Final = 50
OLD_ROUNDS: Final = 50
SWITCH_S: Final = 0.001
"""How long a thread keeps the interpreter while another one waits for it, in seconds."""


def settle_in() -> None:
    """Spare the collector what stays for good, and let it look at the rest less often.

    A page of 256 events is some 10,000 objects without a single cycle; at the usual thresholds the
    collector walks over the whole process several times for each page, a sixth of the CPU time.
    The writer of the database waits for the interpreter after each statement, while the loop checks
    what comes next: it is let in sooner than by default (5 ms).
    To be called once everything has been imported.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_ROUNDS, OLD_ROUNDS)
