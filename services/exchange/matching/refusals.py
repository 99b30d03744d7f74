"""Why a problem of matching is not taken, or was not solved. Importable without numpy."""

from typing import ClassVar

from shared.refusals import Kind, Refusal


class BadProblem(Refusal):
    """What was given is no problem of matching."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-matching-problem"
    title: ClassVar[str] = "This is no problem of matching"


class BadList(Refusal):
    """A file of barter cannot be read."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-barter-list"
    title: ClassVar[str] = "This list cannot be read"


class UnknownOption(BadList):
    """A want list asks for an option that we do not know."""

    slug: ClassVar[str] = "unknown-list-option"
    title: ClassVar[str] = "This list has an option that we do not know"


class TooManyPaths(Refusal):
    """So many chains of alternatives lead from offer to offer that they cannot be listed."""

    kind: ClassVar[Kind] = Kind.TOO_LARGE
    slug: ClassVar[str] = "too-many-alternatives"
    title: ClassVar[str] = "The alternatives are nested too deeply to be listed"


class BadCertificate(Refusal):
    """A certificate does not hold for its problem."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-matching-certificate"
    title: ClassVar[str] = "This certificate of a matching does not hold"


class SolverStopped(Refusal):
    """The solver ended without a result; nothing was changed by it."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "solver-stopped"
    title: ClassVar[str] = "The solver ended without a result"


class SolverTooSlow(SolverStopped):
    """The solver was ended at its limit of time."""

    slug: ClassVar[str] = "solver-too-slow"
    title: ClassVar[str] = "The solver was stopped at its limit of time"


class SolverTooLarge(SolverStopped):
    """The solver reached its limit of memory."""

    slug: ClassVar[str] = "solver-out-of-memory"
    title: ClassVar[str] = "The solver reached its limit of memory"
