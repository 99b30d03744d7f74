"""A program that ends with the one who started it, whatever ends that one.

``python -I -S bound.py <pid> <program> <arguments>`` becomes the program. Linux kills it when the
process with that number ends, so that a supervisor that is killed leaves nothing behind. What was
acknowledged is on the disk by then. On other systems the program simply runs.
"""

import ctypes
import os
import signal
import sys
from typing import Final

_SET_SIGNAL_AT_PARENTS_DEATH: Final = 1


def bound(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command that runs another one bound to the life of this process."""
    return (sys.executable, "-I", "-S", __file__, str(os.getpid()), *command)


def main(parent: int, command: list[str]) -> None:
    """Become the command; end at once if the parent is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_SIGNAL_AT_PARENTS_DEATH, int(signal.SIGKILL))
        # The parent may have ended before we asked to be told.
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  # a shell is what we do not want here


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
