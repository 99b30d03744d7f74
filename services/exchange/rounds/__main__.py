"""The process of a round: a question on standard input, lines of progress and an answer back.

Started by ``rounds.process``; it speaks as the solver's own process does, so that both are kept
within the same limits: ``python -m services.exchange.rounds MEMORY_MB``.
"""

import resource
import sys
from typing import Any

import orjson

from services.exchange.matching.refusals import BadProblem
from services.exchange.rounds.question import question_of
from shared.refusals import Refusal


def main() -> None:
    """Answer the question that stands on standard input."""
    memory = int(sys.argv[1]) * 1_000_000
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        _tell({"result": _answered(sys.stdin.buffer.read())})
    except Refusal as refusal:
        _tell({"refused": refusal.slug, "detail": refusal.detail})
    except MemoryError:
        _tell({"refused": "solver-out-of-memory", "detail": f"{sys.argv[1]} MB"})


def _answered(given: bytes) -> dict[str, Any]:
    # What needs memory is imported below the limit, so that its lack is told like any other.
    from services.exchange.rounds.answering import answer

    try:
        question = question_of(given)
    except (KeyError, TypeError, ValueError) as error:
        raise BadProblem(str(error)[:200]) from error
    return answer(question, _progress)


def _progress(step: str, value: int, bound: int) -> None:
    _tell({"progress": step, "value": value, "bound": bound})


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
