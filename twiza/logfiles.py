"""Log files that never fill the disk: a file of a bounded size, and a few older ones."""

import os
from itertools import pairwise
from pathlib import Path
from typing import Final

SIZE_MAX: Final = 8_000_000
OLDER_MAX: Final = 3


class LogFile:
    """A file of lines that begins anew when it has grown, and keeps the last few before it.

    It can stand where a text stream is asked for. Only its owner can read it.

    Args:
        path: the newest file; the older ones have ``.1``, ``.2`` and so on behind their name.
        size_max: how large a file may become, in bytes.
        older_max: how many older files are kept.
    """

    encoding = "utf-8"

    def __init__(self, path: Path, *, size_max: int = SIZE_MAX, older_max: int = OLDER_MAX) -> None:
        self.path = path
        self._size_max = size_max
        self._older_max = older_max
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._open()

    def write(self, text: str) -> int:
        """Write text as it is."""
        self.write_bytes(text.encode("utf-8", "replace"))
        return len(text)

    def write_bytes(self, data: bytes) -> None:
        """Write bytes as they are; a new file begins first when these would make it too large."""
        if self._size and self._size + len(data) > self._size_max:
            self._turn()
        while data:
            done = os.write(self._handle, data)
            self._size += done
            data = data[done:]

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def isatty(self) -> bool:
        """Return that this is no terminal."""
        return False

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._handle = os.open(self.path, flags, 0o600)
        self._size = os.fstat(self._handle).st_size

    def _turn(self) -> None:
        self.close()
        names = [self.path, *(self._older(number) for number in range(1, self._older_max + 1))]
        for newer, older in reversed(list(pairwise(names))):
            if newer.exists():
                newer.replace(older)
        self.path.unlink(missing_ok=True)
        self._open()

    def _older(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
