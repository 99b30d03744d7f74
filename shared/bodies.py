"""How long and how deep the body of a request may be, looked at before anything reads it."""

import asyncio
import re
from collections.abc import Mapping
from itertools import accumulate
from typing import ClassVar, Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.canonical import DEPTH_MAX, Malformed
from shared.refusals import Kind, Refusal

BODY_SIZE_MAX: Final = 256 * 1024
"""The longest body of a request, in bytes, where a route says nothing else."""
BODY_WAIT_S: Final = 30.0
"""How long we wait for the next piece of a body."""

# A string with its escapes; the last one may lack its end, so that a body of quotation marks is
# read once and not once for each of them.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
# Escapes from left to right, so that a backslash which is itself escaped starts none; a surrogate
# that is half a pair is the only one that is named.
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>u[dD][89a-fA-F]..)|.)", re.DOTALL
)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class TooLarge(Refusal):
    """A request's body is longer than its route takes."""

    kind: ClassVar[Kind] = Kind.TOO_LARGE
    slug: ClassVar[str] = "too-large"
    title: ClassVar[str] = "This is longer than what is taken here"


class TooDeep(Refusal):
    """A JSON body has too many objects and arrays inside one another."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "too-deep"
    title: ClassVar[str] = "Too many objects and arrays stand inside one another"


class TooSlow(Refusal):
    """A body did not arrive in time."""

    kind: ClassVar[Kind] = Kind.BAD_REQUEST
    slug: ClassVar[str] = "too-slow"
    title: ClassVar[str] = "The request did not arrive in time"


class BodyLimits:
    """Refuses bodies that are too long, and JSON that is too deep or no JSON at all.

    JSON is read whole, looked at and handed on; other bodies are counted as they pass.

    Args:
        app: what the requests go to.
        size_max: in bytes.
        larger: paths as their routes declare them, and how long a body may be there, in bytes.
        depth_max: how many objects and arrays may stand inside one another.
        wait_s: how long we wait for the next piece of a body.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        size_max: int = BODY_SIZE_MAX,
        larger: Mapping[str, int] | None = None,
        depth_max: int = DEPTH_MAX,
        wait_s: float = BODY_WAIT_S,
    ) -> None:
        self.app = app
        self.size_max = size_max
        self.larger = [(compile_path(path)[0], size) for path, size in (larger or {}).items()]
        self.depth_max = depth_max
        self.wait_s = wait_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        size_max = self._size_max(scope)
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > size_max:
            raise TooLarge(f"at most {size_max} bytes", size_max=size_max)
        counted = _counted(receive, size_max=size_max, wait_s=self.wait_s)
        if _is_json(headers):
            counted = await self._looked_at(counted)
        else:
            counted = _said_as_http(counted)
        await self.app(scope, counted, send)

    def _size_max(self, scope: Scope) -> int:
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        return next((size for route, size in self.larger if route.match(path)), self.size_max)

    async def _looked_at(self, receive: Receive) -> Receive:
        """Return what hands on a JSON body that was read and found fit."""
        pieces: list[bytes] = []
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return _replayed(message, receive)
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = b"".join(pieces)
        require_json_shape(body, depth_max=self.depth_max)
        return _replayed({"type": "http.request", "body": body, "more_body": False}, receive)


def require_json_shape(body: bytes, *, depth_max: int = DEPTH_MAX) -> None:
    """Refuse bytes that no JSON reader of ours should meet; what else is wrong, it will say.

    Raises:
        Malformed: not UTF-8, a NUL (as in UTF-16), half of a surrogate pair, which no database
            takes, or numbers that JSON does not have.
        TooDeep: more objects and arrays inside one another than ``depth_max``.
    """
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
    bare = _STRING.sub(b"", body)
    if b"\0" in body or b"N" in bare or b"I" in bare:
        raise Malformed("JSON has no NUL, no NaN and no Infinity")
    if rb"\u" in body and any(escape["half"] for escape in _ESCAPE.finditer(body)):
        raise Malformed("half of a surrogate pair is no text")
    brackets = bare.translate(None, _NOT_BRACKETS)
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > depth_max:
        raise TooDeep(f"at most {depth_max} levels", depth_max=depth_max)


def _is_json(headers: Headers) -> bool:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _counted(receive: Receive, *, size_max: int, wait_s: float) -> Receive:
    size = 0
    complete = False

    async def receive_on() -> Message:
        nonlocal size, complete
        # After the body an application waits for the asker to leave, as long as its answer takes.
        if complete:
            return await receive()
        try:
            async with asyncio.timeout(wait_s):
                message = await receive()
        except TimeoutError as error:
            raise TooSlow() from error
        size += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if size > size_max:
            raise TooLarge(f"at most {size_max} bytes", size_max=size_max)
        return message

    return receive_on


def _said_as_http(receive: Receive) -> Receive:
    """Return the same, but refusing in the one way that FastAPI lets pass while it reads."""

    async def receive_on() -> Message:
        try:
            return await receive()
        except Refusal as refusal:
            raise HTTPException(refusal.kind.value) from refusal

    return receive_on


def _replayed(first: Message, receive: Receive) -> Receive:
    waiting = [first]

    async def receive_on() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_on
