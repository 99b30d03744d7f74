"""How the endpoints of decisions act: who asks, on which state, once for each request."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import Path, Query
from pydantic import ValidationError
from starlette.responses import Response

from services.governance.decision_handlers import act
from services.governance.decision_rows import Kept, StepTaken, TooManySteps
from services.governance.parts import Parts
from services.governance.process.actors import Actor
from services.governance.process.facts import Step
from services.governance.process.phases import WrongPhase
from services.governance.process.state import Decision
from shared.access import REFUSALS, Caller, Role
from shared.etag import BadMatch, ChangedMeanwhile, etag, require_match
from shared.idempotency import Answer, Answers, Asked, KeyReused, asked
from shared.refusals import Invalid, Missing, Refusal
from shared.store import Work
from shared.wrong_fields import wrong_fields

DecisionPath = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f-]{36}$",
        description="The decision; its ballot has the same id.",
        examples=["0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e20"],
    ),
]
NumberPath = Annotated[int, Path(ge=1, le=100_000, description="Its number in the decision.")]
LangQuery = Annotated[
    str,
    Query(
        pattern=r"^[A-Za-z0-9_-]{1,35}$",
        description="In which language words are shown.",
        examples=["fr"],
    ),
]

COMMON: Final[tuple[type[Refusal], ...]] = (
    *REFUSALS,
    Missing,
    WrongPhase,
    StepTaken,
    TooManySteps,
    KeyReused,
    BadMatch,
    ChangedMeanwhile,
)
"""What every step may be refused for."""
_SHOWN_IN: Final = re.compile(r'"[0-9]+/[0-9a-f]{16}/(?P<language>[A-Za-z0-9-]{1,35})"')
Decide = Callable[[Decision, Actor, datetime], tuple[Step, ...]]


def actor_of(caller: Caller) -> Actor:
    """Return in what quality somebody acts in a decision."""
    return Actor(
        person=caller.id,
        steward=Role.STEWARD in caller.roles,
        auditor=Role.AUDITOR in caller.roles,
        entities=caller.entities,
    )


def tag_of(kept: Kept, language: str = "") -> str:
    """Return the entity tag of a decision: its last step, and the language in which it is shown."""
    shown_in = (language,) if language else ()
    return etag(kept.steps, kept.head[:16], *shown_in)


async def step(
    parts: Parts,
    caller: Caller,
    operation: str,
    decision_id: str,
    decide: Decide,
    *,
    key: str | None,
    if_match: str | None,
    said: Any = None,
) -> Response:
    """Have somebody take a step of a decision, once for each request, and answer with it.

    Args:
        decide: says which steps, over the decision as it stands.
        said: what was asked, as text; with the key it makes a request the same.
    """
    actor = actor_of(caller)

    def do(work: Work) -> Kept:
        def judged(decision: Decision) -> tuple[Step, ...]:
            return decide(decision, actor, work.now)

        return act(work, decision_id, judged, matches=matching(if_match))

    return await unit(
        parts,
        asked(caller, operation, key, decision_id, if_match, said),
        lambda work: _answer(do(work)),
    )


async def unit(parts: Parts, request: Asked | None, do: Callable[[Work], Answer]) -> Response:
    """Do something in one unit of work, once for each request, and answer with what it gave."""
    answer = await parts.store.write(_once, parts.answers, request, do)
    return answer.response()


def _once(
    work: Work, answers: Answers, request: Asked | None, do: Callable[[Work], Answer]
) -> Answer:
    try:
        return answers.once(work, request, lambda: do(work))
    except ValidationError as error:
        # Composed letters may be more than were typed, so that a text outgrows its limit here.
        raise Invalid(errors=wrong_fields(error.errors())) from error


def matching(if_match: str | None) -> Callable[[Kept], None]:
    """Return what refuses a decision that is not as the asker has read it, if they say so."""

    def require(kept: Kept) -> None:
        if if_match is not None:
            # Whoever has read it in one language writes on what stands in all of them.
            shown_in = _SHOWN_IN.fullmatch(if_match.strip())
            require_match(if_match, tag_of(kept, shown_in["language"] if shown_in else ""))

    return require


def _answer(kept: Kept) -> Answer:
    body = taken(kept)
    return Answer(status=200, body=orjson.dumps(body), headers={"ETag": tag_of(kept)})


def taken(kept: Kept) -> dict[str, Any]:
    """Return what a step is answered with: where the decision is now."""
    return {
        "id": kept.decision_id,
        "phase": kept.decision.phase.value,
        "steps": kept.steps,
        "head": kept.head,
    }
