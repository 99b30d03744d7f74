"""The command ``twiza`` as people run it: a process of its own, with its answer and its status."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

TIMEOUT_S = 60.0
READY_S = 60.0


class Answer(NamedTuple):
    """What a command answered."""

    status: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        """What stands in its JSON."""
        return json.loads(self.out)


def twiza(*arguments: str | Path, **environment: str) -> Answer:
    """Run a command and return its answer."""
    done = subprocess.run(
        [sys.executable, "-m", "twiza", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@contextmanager
def up(home: Path, *options: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """Run a node while the block lasts; give its process and what it says when it is ready."""
    with (home / "up.err").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "twiza", "up", "--home", str(home), "--json", *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (home / "up.err").read_text()
            yield process, json.loads(line)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(READY_S)
            finally:
                process.kill()
                process.wait()
                if process.stdout is not None:
                    process.stdout.close()


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in told.split()]


def memory_mib(*pids: int) -> float:
    """Return what processes hold of the machine's memory, in MiB; what is shared counts in part."""
    found = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                found += int(line.split()[1])
    return found / 1024
