"""Logs: one line for each decision, as JSON, or for people when they look at a terminal.

A line says when, where, what and why (``reason_code``), and never what somebody wrote, who they are
or what opens a door. What must not be said is held back here as well, by its key, so that a slip
elsewhere tells nothing: the key is then listed under ``withheld``.
"""

import logging
import sqlite3
import sys
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from enum import Enum
from pathlib import PurePath
from traceback import extract_tb
from typing import Any, Final, TextIO
from uuid import UUID

import orjson
import structlog

from shared.clock import Clock, SystemClock, stamp
from shared.refusals import Refusal
from shared.trace import current_traceparent

WITHHELD: Final = frozenset(
    {
        "address", "authorization", "ballot", "ballots", "body", "choice", "contact", "content",
        "cookie", "credential", "credentials", "description", "email", "header", "headers", "input",
        "jwt", "mail", "message", "name", "names", "note", "password", "passphrase", "payload",
        "phone", "pin", "plaintext", "query", "secret", "secrets", "seed", "telephone", "text",
        "token", "tokens", "voter", "vote", "votes",
    }
)  # fmt: skip
"""The last words of keys whose values never stand in a log: ``seed`` and ``given_name``."""

TEXT_LENGTH_MAX: Final = 300
ITEMS_MAX: Final = 20
DEPTH_MAX: Final = 4
INTEGER_MAX: Final = 2**53 - 1
FRAMES_MAX: Final = 12
CAUSES_MAX: Final = 5

_FIRST: Final = ("ts", "level", "service", "node", "version", "event")
_SCALARS: Final = (bool, int, float, type(None))

Line = MutableMapping[str, Any]


def configure(
    service: str,
    node: str,
    version: str,
    *,
    stream: TextIO | None = None,
    level: int = logging.INFO,
    clock: Clock | None = None,
) -> None:
    """Set up the logs of this process, those of its libraries included.

    The server must be started without a configuration of its own (uvicorn: ``log_config=None``).

    Args:
        service: which service speaks, unless a line or its context names another (several services
            may share a process: ``structlog.contextvars.bind_contextvars(service="node")``).
        node: the node's name.
        version: the release that runs.
        stream: where lines go; standard error where nothing is said.
        level: the least level that is written, of our own lines; of libraries it is WARNING.
        clock: what dates the lines.
    """
    stream = stream or sys.stderr
    told: list[Any] = [_withholding, _told_values]
    if stream.isatty():
        told += [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    else:
        told += [_told_error, _as_json]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _placed(clock or SystemClock(), service=service, node=node, version=version),
            *told,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_IntoOurs()]
    root.setLevel(logging.WARNING)
    # Its lines hold whole paths, and so what people searched for.
    logging.getLogger("uvicorn.access").disabled = True
    logging.captureWarnings(True)


class _IntoOurs(logging.Handler):
    """Writes what libraries log in the same way as our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event = record.getMessage()
        except (TypeError, ValueError):
            event = str(record.msg)
        # A library may have levels of its own between the usual ones.
        level = min(record.levelno // 10 * 10, logging.CRITICAL)
        structlog.get_logger().log(
            level, event[:TEXT_LENGTH_MAX], library=record.name, exc_info=record.exc_info
        )


def _placed(clock: Clock, **place: str) -> Callable[[Any, str, Line], Line]:
    """Return the step that says when and where, and within which trace."""

    def step(_logger: Any, _method: str, line: Line) -> Line:
        trace = current_traceparent()
        if trace is not None:
            line.setdefault("trace_id", trace.split("-")[1])
        whole = {**place, **line, "ts": stamp(clock.now())}
        return {key: whole.pop(key) for key in _FIRST if key in whole} | whole

    return step


def _withholding(_logger: Any, _method: str, line: Line) -> Line:
    withheld: list[str] = []
    kept = {
        key: _without(value, withheld, DEPTH_MAX)
        for key, value in line.items()
        if not _is_withheld(key, withheld)
    }
    return kept | {"withheld": withheld} if withheld else kept


def _is_withheld(key: object, withheld: list[str]) -> bool:
    text = str(key)
    hold = text.lower().replace("-", "_").rpartition("_")[2] in WITHHELD
    if hold and len(withheld) < ITEMS_MAX:
        withheld.append(text[:TEXT_LENGTH_MAX])
    return hold


def _without(value: Any, withheld: list[str], depth: int) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _without(inner, withheld, depth - 1)
            for key, inner in value.items()
            if depth > 0 and not _is_withheld(key, withheld)
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_without(inner, withheld, depth - 1) for inner in value if depth > 0]
    return value


def _told_values(_logger: Any, _method: str, line: Line) -> Line:
    return {
        key: value if key == "exc_info" else _told(value, DEPTH_MAX) for key, value in line.items()
    }


def _told(value: Any, depth: int) -> Any:
    """Return a value as a log may hold it: short, and of a model no more than its sort."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, int) and abs(value) > INTEGER_MAX:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, str):
        text = value if len(value) <= TEXT_LENGTH_MAX else f"{value[:TEXT_LENGTH_MAX]}…"
        return text.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, UUID | PurePath | type):
        return str(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return stamp(value)
    if depth > 0 and isinstance(value, Mapping):
        items = list(value.items())[:ITEMS_MAX]
        return {str(_told(key, 0)): _told(inner, depth - 1) for key, inner in items}
    if depth > 0 and isinstance(value, list):
        return [_told(inner, depth - 1) for inner in value[:ITEMS_MAX]]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return type(value).__name__


def _told_error(_logger: Any, _method: str, line: Line) -> Line:
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        line["error"] = _error(error)
    return line


def _error(error: BaseException) -> list[dict[str, Any]]:
    """Return what an error was, where it arose and what caused it, without its message.

    Messages of errors quote what was being worked on: a row, an answer, a person.
    """
    told: list[dict[str, Any]] = []
    next_error: BaseException | None = error
    while next_error is not None and len(told) < CAUSES_MAX:
        kind = type(next_error)
        frames = extract_tb(next_error.__traceback__)[-FRAMES_MAX:]
        this: dict[str, Any] = {
            "type": f"{kind.__module__}.{kind.__qualname__}",
            "at": [f"{_file(one.filename)}:{one.lineno} {one.name}" for one in frames],
        }
        reason = _reason(next_error)
        if reason:
            this["reason"] = reason
        if isinstance(next_error, BaseExceptionGroup):
            this["of"] = [_error(inner) for inner in next_error.exceptions[:CAUSES_MAX]]
        told.append(this)
        hidden = next_error.__suppress_context__
        next_error = next_error.__cause__ or (None if hidden else next_error.__context__)
    return told


def _file(path: str) -> str:
    """Return as much of a file's path as says which module it is, and not whose machine."""
    return "/".join(PurePath(path).parts[-3:]).lstrip("/")


def _reason(error: BaseException) -> str:
    """Return as much of an error's message as is known to quote nobody."""
    if isinstance(error, Refusal):
        return error.slug
    if isinstance(error, OSError):
        return error.strerror or ""
    # SQLite names tables and columns, never their values; PostgreSQL quotes values, but has codes.
    if isinstance(error, sqlite3.Error):
        return str(error)[:TEXT_LENGTH_MAX]
    code = getattr(error, "sqlstate", None)
    return code if isinstance(code, str) else ""


def _as_json(_logger: Any, _method: str, line: Line) -> str:
    return orjson.dumps(line).decode("utf-8")
