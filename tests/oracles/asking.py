"""Asking an oracle: a process in its own environment, a line of JSON to it and one from it."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tests.oracles.make_environment import PYTHON

ORACLE: Final = Path(__file__).with_name("oracle.py")
TIMEOUT_S: Final = 900
ABSENT: Final = "the oracles' environment is not there; `make oracles` sets it up"
_SIGN: Final = "@"


class OracleFailed(Exception):
    """An oracle could not answer."""


def present() -> bool:
    """Return whether the oracles can be asked on this machine."""
    return PYTHON.exists()


def ask(questions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the answers of one process to some questions.

    Raises:
        OracleFailed: it ended early, or says that it cannot answer one of them.
    """
    lines = "".join(f"{json.dumps(one)}\n" for one in questions)
    done = subprocess.run(
        [PYTHON, ORACLE],
        input=lines,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    # Libraries print what they like; answers begin with a sign of ours.
    told = [line for line in done.stdout.splitlines() if line.startswith(_SIGN)]
    answers = [json.loads(line.removeprefix(_SIGN)) for line in told]
    failed = [answer["error"] for answer in answers if "error" in answer]
    if failed or len(answers) != lines.count("\n"):
        raise OracleFailed((failed or [done.stderr[-2000:]])[0])
    return answers
