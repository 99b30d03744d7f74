"""How the endpoints of associations act: once for each request, and the keepers look at once."""

from collections.abc import Callable
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from services.governance.parts import Parts
from shared.access import Caller
from shared.idempotency import Answer, asked
from shared.store import Work


async def unit(
    parts: Parts,
    caller: Caller,
    operation: str,
    key: str | None,
    body: BaseModel | None,
    do: Callable[[Work], Any],
    *path: str,
    status: int = 200,
) -> Response:
    """Do something in one unit of work, once for each request, and answer with what it gave.

    Args:
        body: what was asked.
        do: says what is answered, as plain data; nothing where there is nothing to say.
        path: what was asked for in the path.
    """
    request = asked(caller, operation, key, *path, body.model_dump_json() if body else None)

    def once(work: Work) -> Answer:
        return parts.answers.once(work, request, lambda: _answer(do(work), status))

    answer = await parts.store.write(once)
    parts.changed()
    return answer.response()


def _answer(said: Any, status: int) -> Answer:
    return Answer(status=status, body=b"" if said is None else orjson.dumps(said))
