"""Saying no: refusals with a name, a kind and a sentence, which know no transport."""

from enum import Enum
from typing import Any, ClassVar


class Kind(Enum):
    """What sort of no it is; the value is the HTTP status by which the edge speaks it."""

    BAD_REQUEST = 400
    UNAUTHENTICATED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    CONFLICT = 409
    GONE = 410
    PRECONDITION = 412
    TOO_LARGE = 413
    UNSUPPORTED = 415
    INVALID = 422
    PRECONDITION_REQUIRED = 428
    TOO_MANY = 429
    UNAVAILABLE = 503


class Refusal(Exception):
    """An expected no. Subclasses give it a name; ``slug`` is unique in the whole system.

    Args:
        detail: what was refused in this case, in one sentence; never personal data.
        members: further facts for the asker, of JSON types; they become members of the problem.
    """

    kind: ClassVar[Kind] = Kind.BAD_REQUEST
    slug: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"

    _named: ClassVar[dict[str, type["Refusal"]]] = {}

    def __init__(self, detail: str = "", **members: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.members = members

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "slug" in cls.__dict__:
            known = Refusal._named.get(cls.slug)
            if known is not None and known.__qualname__ != cls.__qualname__:
                raise TypeError(f"two refusals are called {cls.slug!r}")
            Refusal._named[cls.slug] = cls

    @staticmethod
    def named(slug: str) -> type["Refusal"] | None:
        """Return the refusal of that name, if there is one."""
        return Refusal._named.get(slug)


class Missing(Refusal):
    """What was asked for is not here."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "not-found"
    title: ClassVar[str] = "There is nothing here under that name"


class Invalid(Refusal):
    """A value is not what the field takes."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "invalid"
    title: ClassVar[str] = "A value is not what its field takes"
