"""The solver's process: a problem on standard input, lines of progress and a result on the other.

Started by ``process``; ``python -m services.exchange.matching MEMORY_MB`` with the problem as JSON.
Each line of the answer is an object with ``progress``, ``refused`` or ``result``.
"""

import resource
import sys
from typing import Any

import orjson

from shared.refusals import Refusal


def main() -> None:
    """Solve the problem that stands on standard input."""
    memory = int(sys.argv[1]) * 1_000_000
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        _tell({"result": _solved(sys.stdin.buffer.read())})
    except Refusal as refusal:
        _tell({"refused": refusal.slug, "detail": refusal.detail})
    except MemoryError:
        _tell({"refused": "solver-out-of-memory", "detail": f"{sys.argv[1]} MB"})


def _solved(given: bytes) -> dict[str, Any]:
    # What needs memory is imported below the limit, so that its lack is told like any other.
    from services.exchange.matching.model import problem_of
    from services.exchange.matching.refusals import BadProblem
    from services.exchange.matching.solve import solve

    try:
        document = orjson.loads(given)
    except orjson.JSONDecodeError as error:
        raise BadProblem("it is not JSON") from error
    del given
    if not isinstance(document, dict):
        raise BadProblem("it is not an object")
    problem = problem_of(document)
    del document
    return solve(problem, tell=_progress).document()


def _progress(step: str, value: int, bound: int) -> None:
    _tell({"progress": step, "value": value, "bound": bound})


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
