"""What the machine has for a node: ports that nobody listens on, and room on its disk."""

import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

STORE_MB_MAX: Final = 256_000
_SHARE_OF_DISK: Final = 3, 4


def free_ports(given: Mapping[str, int]) -> dict[str, int]:
    """Return the given ports by name, with a free one of this machine in the place of each 0."""
    with ExitStack() as held:
        return {name: port or _free_port(held) for name, port in given.items()}


def store_mb(path: Path) -> int:
    """Return the space that a node's streams may take, in megabytes, by the free disk."""
    disk = os.statvfs(path)
    share, whole = _SHARE_OF_DISK
    return min(disk.f_bavail * disk.f_frsize * share // whole // 1_000_000, STORE_MB_MAX)


def _free_port(held: ExitStack) -> int:
    # Each port stays taken until all are chosen, so that no two are the same.
    one = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    one.bind(("127.0.0.1", 0))
    return int(one.getsockname()[1])
