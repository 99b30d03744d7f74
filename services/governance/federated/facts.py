"""Facts: what was told of ballots between networks, each with the network whose log told it.

A fact that its teller has no business to tell, or whose own signature is not that of the teller,
has no effect: it is left out before anything is made of the others. Equal facts are one.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeVar

from services.governance.federated.seals import is_signed
from shared.canonical import trusted_canonical
from shared.contracts.charters import CharterAdopted, CharterPublished
from shared.contracts.decisions import DecisionAccepted
from shared.contracts.disputes import DecisionCertified
from shared.events import Event

Keys = Mapping[str, Sequence[str]]
"""By network the public keys that its service of decisions has had, from the registry of nodes."""
E = TypeVar("E", bound=Event)

_SIGNED: Final = (CharterAdopted, DecisionAccepted, DecisionCertified)


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """An event, and the network in whose log it stands.

    Args:
        key: the SHA-256 of teller, kind and data, in hex: facts with one key are one.
    """

    teller: str
    event: Event
    key: str

    def __eq__(self, other: object) -> bool:
        """Return whether it is the same fact."""
        return isinstance(other, Fact) and other.key == self.key

    def __hash__(self) -> int:
        """Return a number for tables in memory."""
        return hash(self.key)


def told(teller: str, event: Event) -> Fact:
    """Return the fact that a network has told an event on its public log."""
    said = [teller, event.kind, event.model_dump(mode="json", exclude_defaults=True)]
    return Fact(teller, event, hashlib.sha256(trusted_canonical(said)).hexdigest())


def hash_of(event: Event) -> str:
    """Return the SHA-256 of an event's data in canonical JSON, in hex; a notice is known by it."""
    data = event.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(trusted_canonical(data)).hexdigest()


@dataclass(frozen=True, slots=True)
class Told:
    """Facts by the kind of their event, in an order that only they decide."""

    by_kind: Mapping[type[Event], Sequence[Fact]] = field(default_factory=dict)

    def of(self, kind: type[E]) -> list[E]:
        """Return all events of a kind."""
        events: list[Any] = [fact.event for fact in self.by_kind.get(kind, ())]
        return events

    def by(self, kind: type[E], teller: str) -> list[E]:
        """Return the events of a kind that one network has told."""
        facts = self.by_kind.get(kind, ())
        events: list[Any] = [fact.event for fact in facts if fact.teller == teller]
        return events


def admitted(facts: Iterable[Fact], *, keys: Keys) -> Told:
    """Return the facts that count at all: told by who may, and signed where they carry a signature.

    Who may tell what about whom depends on the notice too; that is looked at where it is used.
    """
    found: dict[type[Event], dict[str, Fact]] = {}
    for fact in facts:
        if _speaks_for_itself(fact) and _is_signed(fact, tuple(keys.get(fact.teller, ()))):
            found.setdefault(type(fact.event), {})[fact.key] = fact
    return Told({kind: [those[key] for key in sorted(those)] for kind, those in found.items()})


def _speaks_for_itself(fact: Fact) -> bool:
    event = fact.event
    if isinstance(event, CharterPublished):
        return event.node == fact.teller == event.association.partition(":")[0]
    return getattr(event, "node", None) == fact.teller


@lru_cache(maxsize=65_536)
def _is_signed(fact: Fact, keys: tuple[str, ...]) -> bool:
    event = fact.event
    if not isinstance(event, _SIGNED):
        return True
    statement = event.statement()
    return any(is_signed(key, statement, event.signature) for key in keys)
