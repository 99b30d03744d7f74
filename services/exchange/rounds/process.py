"""Asking a round's question in a process of its own; importing this needs no numpy."""

import sys

from services.exchange.matching.process import (
    MEMORY_LIMIT_MB,
    TIME_LIMIT_S,
    Watch,
    solved,
)
from services.exchange.rounds.answer import Answered, answered
from services.exchange.rounds.question import Question, question_bytes


async def asked(
    question: Question,
    *,
    watch: Watch,
    time_limit_s: float = TIME_LIMIT_S,
    memory_limit_mb: int = MEMORY_LIMIT_MB,
) -> Answered:
    """Return the answer to a round's question.

    Args:
        question: what is matched.
        watch: is told of each step.
        time_limit_s: after which the process is killed.
        memory_limit_mb: of address space.

    Raises:
        SolverTooSlow, SolverTooLarge, SolverStopped: there is no answer, and nothing is lost.
        BadProblem: the question cannot be asked.
    """
    told = await solved(
        question_bytes(question),
        time_limit_s=time_limit_s,
        memory_limit_mb=memory_limit_mb,
        watch=watch,
        command=(sys.executable, "-m", "services.exchange.rounds", str(memory_limit_mb)),
    )
    return answered(told)
