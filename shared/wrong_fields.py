"""What was wrong with a request, told field by field without a word of what stood in them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.refusals import Invalid

ERRORS_MAX: Final = 50

_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def wrong_fields(errors: Sequence[Any]) -> list[dict[str, Any]]:
    """Return which fields were wrong and why, at most 50 of them.

    Args:
        errors: as pydantic tells them, with what was sent.
    """
    return [
        {
            "loc": [_place(part) for part in error["loc"]],
            "code": error["type"],
            "detail": _why(error),
        }
        for error in errors[:ERRORS_MAX]
    ]


def _place(part: object) -> str | int:
    """Return a step of the way to a field; a name that the asker made up is not repeated."""
    if isinstance(part, int):
        return part
    return part if isinstance(part, str) and _FIELD.fullmatch(part) else "?"


def _why(error: Mapping[str, Any]) -> str:
    """Return the validator's sentence, unless it quotes what was sent."""
    message = str(error["msg"])
    sent = (error.get("input"), (error.get("ctx") or {}).get("tag"))
    quoted = any(isinstance(text, str) and len(text) > 1 and text in message for text in sent)
    return Invalid.title if quoted or not message.isprintable() else message
