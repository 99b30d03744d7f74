"""Who has a vote at a moment: persons, entities by their delegates, or both; a person once.

The rules, for every kind of electorate:

- Full members have a vote; an observer never has one, nor has who is no member yet or any more.
- With groups, only members who are in one of them have a vote.
- An entity has one vote, however many delegates it has. Whoever of them holds a mandate at the
  moment of casting may cast it, unless they have a vote of their own in this roll already.
- For each entity the roll names one delegate who acts for it, and nobody for two. Where a choice is
  left, it is who has no vote of their own to lose, then who has held the mandate longest.
- In a mixed electorate, whoever is named to act for an entity votes as its delegate, and not as a
  person besides.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.governance.rules import Electorate, ElectorateKind

FULL: Final = "full"
OBSERVER: Final = "observer"
PERSON: Final = "p:"
ENTITY: Final = "e:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member, as the register tells; moments are stamps, which sort as text.

    Args:
        id: a person's, or an entity's, which has a colon.
        standing: ``full``, ``observer``, or nothing for who has left.
        since: when they were admitted.
        left_at: when they left, or nothing.
    """

    id: str
    standing: str
    groups: tuple[str, ...] = ()
    since: str = ""
    left_at: str = ""

    @property
    def is_entity(self) -> bool:
        """Whether it is an entity."""
        return ":" in self.id

    def votes(self, at: str) -> bool:
        """Return whether they are a full member at a moment."""
        return (
            self.standing == FULL and self.since <= at and not (self.left_at and self.left_at <= at)
        )


class Mandate(NamedTuple):
    """For which entity a person may act; ``until`` is nothing where no end is set."""

    person: str
    entity: str
    begins: str
    until: str

    def holds(self, at: str) -> bool:
        """Return whether it holds at a moment, given as a stamp."""
        return self.begins <= at and (not self.until or at < self.until)


class Voter(NamedTuple):
    """Who has a vote: ``p:<person>``, or ``e:<entity>`` with the person named to act for it."""

    voter: str
    acts: str
    groups: tuple[str, ...]


def voters(
    electorate: Electorate,
    members: Iterable[Member],
    mandates: Iterable[Mandate],
    at: str,
    *,
    without: frozenset[str] = frozenset(),
) -> list[Voter]:
    """Return who has a vote at a moment, in the order of their names; a person at most once.

    Args:
        electorate: of what kind, and of which groups.
        members: all of the register, observers and those who have left, too.
        mandates: all of the register.
        at: the moment, as a stamp.
        without: voters who are left out, as the subject of a decision on its own admission; such
            a person is not named to act for an entity either.
    """
    wanted = frozenset(electorate.groups)
    inside = [
        one
        for one in members
        if one.votes(at) and (not wanted or not wanted.isdisjoint(one.groups))
    ]
    persons = _of_kind(inside, electorate, ElectorateKind.PERSONS, without)
    entities = _of_kind(inside, electorate, ElectorateKind.ENTITIES, without)
    others = [one for one in mandates if PERSON + one.person not in without]
    acting = assigned(entities, _delegates(entities, others, at), own_vote=frozenset(persons))
    busy = frozenset(acting.values())
    found = [
        Voter(PERSON + who, who, one.groups) for who, one in persons.items() if who not in busy
    ]
    found += [
        Voter(ENTITY + what, acting.get(what, ""), one.groups) for what, one in entities.items()
    ]
    return sorted(found)


def assigned(
    entities: Iterable[str], delegates: Mapping[str, Sequence[str]], *, own_vote: frozenset[str]
) -> dict[str, str]:
    """Return for each entity one delegate who acts for it, nobody for two, as many as can be.

    Args:
        entities: who need one.
        delegates: of each entity, in the order in which they are asked.
        own_vote: who would lose a vote of their own; they are asked when nobody else can.

    Source: augmenting paths in a bipartite graph (Berge 1957), in the order of the names.
    """
    acts: dict[str, str] = {}
    of_person: dict[str, str] = {}
    wanting = sorted(entities)
    freely: tuple[Callable[[str], bool], ...] = (lambda who: who not in own_vote, lambda who: True)
    for asked in freely:
        for entity in wanting:
            if entity not in acts:
                _augment(entity, delegates, asked, acts, of_person)
    return acts


def _augment(
    entity: str,
    delegates: Mapping[str, Sequence[str]],
    asked: Callable[[str], bool],
    acts: dict[str, str],
    of_person: dict[str, str],
) -> None:
    """Give an entity a delegate, where others may take another one for it."""
    came_from: dict[str, str] = {}
    waiting = deque([entity])
    while waiting:
        here = waiting.popleft()
        for who in delegates.get(here, ()):
            if who in came_from or not asked(who):
                continue
            came_from[who] = here
            if who in of_person:
                waiting.append(of_person[who])
                continue
            # A free one: along the way back each entity takes who was found for it.
            while True:
                taker = came_from[who]
                before = acts.get(taker)
                acts[taker], of_person[who] = who, taker
                if before is None:
                    return
                who = before


def _of_kind(
    inside: Iterable[Member],
    electorate: Electorate,
    kind: ElectorateKind,
    without: frozenset[str],
) -> dict[str, Member]:
    if electorate.kind not in (kind, ElectorateKind.MIXED):
        return {}
    are_entities = kind is ElectorateKind.ENTITIES
    sign = ENTITY if are_entities else PERSON
    return {
        one.id: one
        for one in inside
        if one.is_entity is are_entities and sign + one.id not in without
    }


def _delegates(
    entities: Mapping[str, Member], mandates: Iterable[Mandate], at: str
) -> dict[str, list[str]]:
    """Return each entity's delegates, who has held the mandate longest first."""
    holding: dict[str, list[tuple[str, str]]] = {}
    for one in mandates:
        if one.entity in entities and one.holds(at):
            holding.setdefault(one.entity, []).append((one.begins, one.person))
    return {
        entity: list(dict.fromkeys(who for _, who in sorted(some)))
        for entity, some in holding.items()
    }
