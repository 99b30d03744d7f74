"""Who may decide what: at the lowest level that can, and no higher one binds a lower one beside it.

A ballot goes down when enough networks return it, and up when members, a network or an objection
that nobody could resolve ask for it.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import ClassVar, Final

from services.governance.federated.charter import Charter, CompetenceLevel
from services.governance.rules import Share
from shared.contracts.decisions import DecisionEscalated
from shared.refusals import Kind, Refusal

LEVELS: Final = tuple(CompetenceLevel)
"""The lowest first."""


class NotCompetent(Refusal):
    """A level is asked to decide what belongs to another one."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-competent"
    title: ClassVar[str] = "This matter is decided closer to the people"


def competent_level(charter: Charter, matter: str) -> CompetenceLevel:
    """Return the lowest level that decides a matter; what a charter does not name is the lowest."""
    return charter.competence.get(matter, CompetenceLevel.ENTITY)


def require_competent(charter: Charter, matter: str, level: str, *, escalated: bool) -> None:
    """Return quietly where a level may decide a matter.

    Args:
        escalated: whether a lower level has sent it up.

    Raises:
        NotCompetent: the table gives it to another level, and nobody below has sent it up.
    """
    lowest = competent_level(charter, matter)
    asked = CompetenceLevel(level)
    if asked is lowest:
        return
    if LEVELS.index(asked) == LEVELS.index(lowest) + 1 and escalated:
        return
    raise NotCompetent(f"{matter} is decided at the level: {lowest.value}", level=lowest.value)


def above(level: str) -> CompetenceLevel | None:
    """Return the next higher level, if there is one."""
    at = LEVELS.index(CompetenceLevel(level)) + 1
    return LEVELS[at] if at < len(LEVELS) else None


def returned(networks: int, called: int, share: Share) -> bool:
    """Tell whether enough of the networks that were called have returned a ballot.

    Source: the yellow card of parliaments in the European Union, by a third of them.
    """
    return networks > 0 and Fraction(networks) >= Fraction(share.n, share.d) * called


def escalates(charter: Charter, asked: DecisionEscalated, *, standing: Iterable[str]) -> bool:
    """Tell whether a network's request sends a matter one level up.

    Args:
        standing: the ids of the objections that were answered and still stand.
    """
    share = charter.parameters.escalated_by
    match asked.ground:
        case "members":
            enough = asked.supporters * share.d >= share.n * asked.roll_size
            return 0 < asked.supporters <= asked.roll_size and enough
        case "objection":
            return asked.objection in set(standing)
        case _:
            return True
