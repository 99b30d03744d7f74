"""What the machine has for a node: ports that nobody listens on, and room on its disk."""

import os
import random
import socket
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

STORE_MB_MAX: Final = 256_000
_SHARE_OF_DISK: Final = 3, 4
_FIRST_PORT: Final = 15_000
_LAST_PORT: Final = 31_999
"""Below those from which systems take ports for connections of their own: a node that starts again
finds its ports as it left them."""
_TRIES: Final = 1_000


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
    # Each port stays taken until all are chosen, so that no two are the same. The system itself
    # would give one after the other, and the same ones to two nodes that are founded at once.
    one = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    for _ in range(_TRIES):
        port = random.randint(_FIRST_PORT, _LAST_PORT)  # noqa: S311  # it is no secret
        with suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    one.bind(("127.0.0.1", 0))
    return int(one.getsockname()[1])
