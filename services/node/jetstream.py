"""Asking the JetStream API of a nats-server, in its own JSON."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError

from shared.refusals import Kind, Refusal

API_TIMEOUT_S: Final = 10.0
_NO_SUCH_STREAM: Final = 10059


class StreamRefused(Refusal):
    """JetStream said no, or did not answer."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "stream-refused"
    title: ClassVar[str] = "JetStream said no, or did not answer"


async def request(
    client: Client, verb: str, body: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Ask the JetStream API of the client's account.

    Args:
        client: a client whose allow-list has the subject.
        verb: the subject below ``$JS.API.``
        body: the request, in the server's own JSON.

    Raises:
        StreamRefused: JetStream said no, or did not answer; ``err_code`` is its number, or 0.
    """
    payload = json.dumps(body).encode("utf-8") if body is not None else b""
    try:
        answer = await client.request(f"$JS.API.{verb}", payload, timeout=API_TIMEOUT_S)
    except (NatsTimeoutError, NoRespondersError) as error:
        raise StreamRefused(f"{verb}: no answer", err_code=0) from error
    said: dict[str, Any] = json.loads(answer.data)
    if "error" in said:
        error_code = int(said["error"].get("err_code", 0))
        raise StreamRefused(f"{verb}: {said['error'].get('description')}", err_code=error_code)
    return said


async def found(client: Client, stream: str) -> dict[str, Any] | None:
    """Return what JetStream says of a stream, or None where there is none.

    Raises:
        StreamRefused: JetStream said no for another reason, or did not answer.
    """
    try:
        return await request(client, f"STREAM.INFO.{stream}")
    except StreamRefused as refused:
        if refused.members["err_code"] == _NO_SUCH_STREAM:
            return None
        raise
