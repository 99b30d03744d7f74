"""The trace that a piece of work belongs to, from the request to the event (W3C Trace Context)."""

import re
from contextvars import ContextVar
from typing import Final

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current_traceparent() -> str | None:
    """Return the ``traceparent`` of the work that is being done, if it has one."""
    return _current.get()


def follow(traceparent: str | None) -> None:
    """Go on within the trace of a request's ``traceparent``; anything malformed is left out."""
    well_formed = traceparent is not None and _TRACEPARENT.fullmatch(traceparent)
    _current.set(traceparent if well_formed else None)
