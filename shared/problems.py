"""The edge's way of saying no: refusals and defects as problem details (RFC 9457).

``install(app)`` makes an application answer every refusal, every bad request and every defect with
``application/problem+json``, and tells so in its OpenAPI document.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from secrets import randbits
from typing import Any, Final
from urllib.parse import quote

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.bodies import BODY_SIZE_MAX, BODY_WAIT_S, BodyLimits, TooLarge, TooSlow
from shared.keys import proquint
from shared.refusals import Invalid, Kind, Missing, Refusal
from shared.trace import follow
from shared.wrong_fields import wrong_fields

MEDIA_TYPE: Final = "application/problem+json"

_SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}
_NAMED_BY_STATUS: Final[Mapping[int, type[Refusal]]] = {404: Missing, 413: TooLarge}

log = structlog.get_logger("problems")


class Problem(BaseModel):
    """What was refused and why, for programs and for people (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="The refusal's name, the same in every answer of its sort.",
        examples=["/problems/not-found"],
    )
    title: str = Field(
        description="The refusal in one sentence.",
        examples=["There is nothing here under that name"],
    )
    status: int = Field(description="The HTTP status.", ge=400, le=599, examples=[404])
    detail: str = Field(default="", description="What was refused in this case.", examples=[""])
    instance: str = Field(
        default="", description="The path that was asked.", examples=["/entities/none"]
    )


def install(
    app: FastAPI,
    *,
    size_max: int | None = BODY_SIZE_MAX,
    larger: Mapping[str, int] | None = None,
    wait_s: float = BODY_WAIT_S,
) -> None:
    """Make an application answer all that it refuses, and all that fails, as problem details.

    Args:
        app: the application, before it serves; what is added to it later lies further out.
        size_max: how long a request's body may be, in bytes; None for an application that only
            holds others, which have limits of their own.
        larger: paths as their routes declare them (``/imports/{import_id}``) and how long a body
            may be there, in bytes.
        wait_s: how long we wait for the next piece of a body.
    """
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    if size_max is not None:
        app.add_middleware(BodyLimits, size_max=size_max, larger=larger or {}, wait_s=wait_s)
    app.add_middleware(_Outermost)
    _tell_problems(app)


def refusals(*types: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """Return what an endpoint declares as ``responses``: the refusals that it may answer."""
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in types:
        by_status.setdefault(refusal.kind.value, []).append(refusal)
    return {
        status: {
            "description": "; ".join(refusal.title for refusal in named),
            "content": {
                MEDIA_TYPE: {
                    "schema": _SCHEMA,
                    "examples": {
                        refusal.slug: {
                            "summary": refusal.title,
                            "value": _body(status, refusal.slug, refusal.title),
                        }
                        for refusal in named
                    },
                }
            },
        }
        for status, named in by_status.items()
    }


def problem(refusal: Refusal, scope: Scope) -> Response:
    """Return the answer that speaks a refusal, and log the decision."""
    status = refusal.kind.value
    log.info(
        "refused",
        reason_code=refusal.slug,
        status=status,
        method=scope.get("method", ""),
        operation=_operation(scope),
    )
    headers: dict[str, str] = {}
    if refusal.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    # What is still to come of such a body is not waited for.
    if isinstance(refusal, TooLarge | TooSlow):
        headers["Connection"] = "close"
    wait_s = refusal.members.get("retry_after_s")
    if isinstance(wait_s, int):
        headers["Retry-After"] = str(wait_s)
    return _answer(
        status,
        refusal.slug,
        refusal.title,
        scope,
        detail=refusal.detail,
        members=refusal.members,
        headers=headers,
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem(error, request.scope)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(Invalid(errors=wrong_fields(error.errors())), request.scope)


async def _http_error(request: Request, error: Exception) -> Response:
    """Speak an error of the framework: no such path, no such method, no body in time."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Refusal):
        return problem(error.__cause__, request.scope)
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    phrase = HTTPStatus(error.status_code).phrase
    detail = "" if error.detail == phrase else str(error.detail)
    named = _NAMED_BY_STATUS.get(error.status_code)
    return _answer(
        error.status_code,
        named.slug if named else phrase.lower().replace(" ", "-"),
        named.title if named else phrase,
        request.scope,
        detail=detail,
        headers=error.headers,
    )


class _Outermost:
    """Answers what nobody further in has caught, and lets a request's trace begin.

    It stands here and not in a handler for ``Exception``, because such an error rises further
    after it was answered and would be logged again at every application above.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        follow(_header(scope, b"traceparent"))
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        except Refusal as refusal:
            if started:
                raise
            await problem(refusal, scope)(scope, receive, send)
        except Exception as error:
            answer = _defect(error, scope)
            # Half an answer cannot be taken back: only a broken connection tells the asker.
            if started:
                raise
            await answer(scope, receive, send)


def _defect(error: Exception, scope: Scope) -> Response:
    """Log a defect once, under an identifier that can be read out over the telephone."""
    incident = f"{proquint(randbits(16))}-{proquint(randbits(16))}"
    log.error(
        "defect",
        incident=incident,
        method=scope.get("method", ""),
        operation=_operation(scope),
        exc_info=error,
    )
    return _answer(
        500,
        "defect",
        "Something is wrong on our side",
        scope,
        detail=f"Tell us this identifier and we can look it up: {incident}",
        members={"incident": incident},
    )


def _answer(
    status: int,
    slug: str,
    title: str,
    scope: Scope,
    *,
    detail: str = "",
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    instance = quote(scope.get("path", ""), safe="/:@!$&'()*+,;=~", errors="replace")
    body = {**(members or {}), **_body(status, slug, title, detail=detail, instance=instance)}
    try:
        content = orjson.dumps(body, default=str)
    except TypeError:
        # Half of a surrogate pair, or a key that is no text: the answer must go out all the same.
        content = json.dumps(body, default=str, skipkeys=True).encode("ascii")
    return Response(content, status, headers, media_type=MEDIA_TYPE)


def _body(
    status: int, slug: str, title: str, *, detail: str = "", instance: str = ""
) -> dict[str, Any]:
    body: dict[str, Any] = {"type": f"/problems/{slug}", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if instance:
        body["instance"] = instance
    return body


def _operation(scope: Scope) -> str:
    """Return the route's name: a path as it was asked may hold what a log must not."""
    route = scope.get("route")
    return str(getattr(route, "operation_id", None) or getattr(route, "path", "") or "")


def _header(scope: Scope, name: bytes) -> str | None:
    found = next((value for key, value in scope["headers"] if key == name), None)
    return found.decode("latin-1") if found is not None else None


def _tell_problems(app: FastAPI) -> None:
    """Let the OpenAPI document say that every operation may answer a problem."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" in schemas:
            return document
        schemas["Problem"] = Problem.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        spoken = {MEDIA_TYPE: {"schema": _SCHEMA}}
        for operations in document.get("paths", {}).values():
            for operation in operations.values():
                answers = operation["responses"]
                if "HTTPValidationError" in str(answers.get("422")):
                    answers["422"] = {"description": Invalid.title, "content": spoken}
                answers.setdefault("default", {"description": "A problem", "content": spoken})
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI names for this
