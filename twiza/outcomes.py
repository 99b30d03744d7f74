"""How a command ends: its exit status, and the sentence that it says."""

import sys
from collections.abc import Mapping
from typing import Final

from shared.refusals import Kind, Refusal

GOOD: Final = 0
DEFECT: Final = 1
USAGE: Final = 2
ATTENTION: Final = 3
"""It was done, and something of it needs a look: rows that were not taken, findings of a check."""
REFUSED: Final = 4
NOT_ALLOWED: Final = 5
NOT_FOUND: Final = 6
CONFLICT: Final = 7
UNAVAILABLE: Final = 8
INTERRUPTED: Final = 130

MEANINGS: Final[Mapping[int, str]] = {
    GOOD: "done",
    DEFECT: "a defect of Twiza; please tell us",
    USAGE: "the command was not understood",
    ATTENTION: "done, but something needs a look: rows not taken, or findings of a check",
    REFUSED: "refused: what was given is not right",
    NOT_ALLOWED: "not allowed: no token, or one that does not allow this",
    NOT_FOUND: "there is nothing under that name",
    CONFLICT: "not now: something must be done, or undone, first",
    UNAVAILABLE: "the node, or what it needs, does not answer",
    INTERRUPTED: "stopped by Ctrl-C",
}

_STATUS_OF: Final[Mapping[Kind, int]] = {
    Kind.UNAUTHENTICATED: NOT_ALLOWED,
    Kind.FORBIDDEN: NOT_ALLOWED,
    Kind.NOT_FOUND: NOT_FOUND,
    Kind.GONE: NOT_FOUND,
    Kind.CONFLICT: CONFLICT,
    Kind.PRECONDITION: CONFLICT,
    Kind.PRECONDITION_REQUIRED: CONFLICT,
    Kind.TOO_MANY: UNAVAILABLE,
    Kind.UNAVAILABLE: UNAVAILABLE,
}


def status_of(kind: Kind) -> int:
    """Return the exit status of a command that was refused for a reason of this kind."""
    return _STATUS_OF.get(kind, REFUSED)


def sentence(refusal: Refusal) -> str:
    """Return a refusal as one sentence: what it is, and what it was in this case."""
    title = refusal.title.rstrip(".")
    return f"{title}: {refusal.detail}" if refusal.detail else f"{title}."


def refused(refusal: Refusal) -> int:
    """Say a refusal on standard error; return the exit status."""
    sys.stderr.write(f"{sentence(refusal)}\n")
    return status_of(refusal.kind)
