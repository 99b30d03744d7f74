"""Drawing lots that everybody can draw again: panels, auditors, entries of a roll.

A draw is the ascending order of SHA-256 over a seed and a name, or numbers taken from SHA-256 over
a seed and a counter. Nothing in a seed can be chosen freely by whom it serves.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from shared.canonical import canonical

PANEL_TAG: Final = "twiza/panel/1"
AUDIT_TAG: Final = "twiza/audit/1"


def seed_of(tag: str, *parts: str | Sequence[str]) -> str:
    """Return a seed in hex: the SHA-256 of the tag and the parts in canonical JSON."""
    said = [tag, *(part if isinstance(part, str) else list(part) for part in parts)]
    return hashlib.sha256(canonical(said)).hexdigest()


def drawn(seed: str, names: Iterable[str], number: int) -> list[str]:
    """Return some of the names, in the order of their lots; all where there are not more."""
    return sorted(set(names), key=lambda name: _lot(seed, name))[:number]


def drawn_entries(seed: str, network: str, *, roll_size: int, number: int) -> list[int]:
    """Return the places of the entries of a roll that are looked up, ascending, each once.

    Args:
        roll_size: how many entries the roll has; places are from 0.
        number: how many are drawn; all where the roll has not more.
    """
    if number >= roll_size:
        return list(range(roll_size))
    found: set[int] = set()
    bound = 2**256 - 2**256 % roll_size
    at = 0
    while len(found) < number:
        value = int(_lot(seed, f"{network}:{at}"), 16)
        at += 1
        # The last part of the range would make the first entries a little likelier.
        if value < bound:
            found.add(value % roll_size)
    return sorted(found)


def audit_seed(seals: Iterable[str]) -> str:
    """Return the seed of a sampling audit, from the hashes of all seals that count."""
    return seed_of(AUDIT_TAG, sorted(seals))


def auditors(seed: str, audited: str, networks: Iterable[str], number: int) -> list[str]:
    """Return the networks that look at another one's roll."""
    return drawn(seed_of(AUDIT_TAG, seed, audited), set(networks) - {audited}, number)


def panel(
    ballot_id: str,
    notice_hash: str,
    disputes: Iterable[str],
    networks: Iterable[str],
    *,
    parties: Iterable[str],
    number: int,
) -> list[str]:
    """Return the networks that rule on disputes: drawn without the parties.

    The seed holds what was fixed before the dispute, and the dispute in its few fixed words, so
    that there is little to choose for who begins it.
    """
    seed = seed_of(PANEL_TAG, ballot_id, notice_hash, sorted(disputes))
    return drawn(seed, set(networks) - set(parties), number)


def found_with(share: tuple[int, int], entries: int) -> tuple[int, int]:
    """Return the probability that a draw meets a false entry at least once, as a pair of integers.

    Args:
        share: of the roll that is false, as a pair of integers; the roll is large.
    """
    false, of = share
    return of**entries - (of - false) ** entries, of**entries


def _lot(seed: str, name: str) -> str:
    return hashlib.sha256(f"{seed}{name}".encode()).hexdigest()
