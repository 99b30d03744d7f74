"""Reserved seats: who cannot be excluded, and who cannot be elected, if they are to be kept."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from services.governance.rules import Reserved


class Reservation:
    """The seats that are kept for groups of candidates in one count.

    Where there are too few candidates for what is reserved, the reservation is lowered to what they
    can fill, the group that is named last first; ``lowered`` says by how much.

    Args:
        groups: the groups of each candidate, in the order of the candidates.
    """

    def __init__(
        self, reserved: Iterable[Reserved], groups: Sequence[Iterable[str]], seats: int
    ) -> None:
        wanted: dict[str, int] = {}
        for one in reserved:
            wanted[one.group] = wanted.get(one.group, 0) + one.seats
        self._names = tuple(wanted)
        self._groups = [tuple(name in set(member) for name in self._names) for member in groups]
        needs = list(wanted.values())
        every = range(len(self._groups))
        while not self._can_fill(every, tuple(needs), seats):
            highest = max(at for at, need in enumerate(needs) if need)
            needs[highest] -= 1
        self.needs = tuple(needs)
        self.lowered = {
            name: wanted[name] - need
            for name, need in zip(self._names, needs, strict=True)
            if need < wanted[name]
        }

    def after(self, needs: tuple[int, ...], elected: int) -> tuple[int, ...]:
        """Return what is still needed once a candidate is elected."""
        return tuple(
            max(0, need - member) for need, member in zip(needs, self._groups[elected], strict=True)
        )

    def guarded(self, hopeful: Sequence[int], needs: tuple[int, ...], seats: int) -> set[int]:
        """Return the candidates without whom the seats left could not be filled as wanted."""
        return {
            one
            for one in hopeful
            if not self._can_fill([other for other in hopeful if other != one], needs, seats)
        }

    def doomed(self, hopeful: Sequence[int], needs: tuple[int, ...], seats: int) -> set[int]:
        """Return the candidates whose election would leave too few seats for what is needed."""
        return {
            one
            for one in hopeful
            if not self._can_fill(
                [other for other in hopeful if other != one], self.after(needs, one), seats - 1
            )
        }

    def _can_fill(self, those: Iterable[int], needs: tuple[int, ...], seats: int) -> bool:
        """Tell whether some candidates, no more than there are seats, meet what is needed.

        Trying out who could sit together takes long where groups overlap; mostly it is plain.
        """
        if not any(needs):
            return True
        kinds = Counter(
            tuple(
                member and need > 0 for member, need in zip(self._groups[one], needs, strict=True)
            )
            for one in those
        )
        there = [
            sum(number for kind, number in kinds.items() if kind[at]) for at in range(len(needs))
        ]
        if any(have < need for have, need in zip(there, needs, strict=True)):
            return False
        if sum(needs) <= seats:
            # For each group as many of its own as it needs: they are no more than the seats.
            return True
        if sum(needs) > seats * max(sum(kind) for kind in kinds):
            return False
        return _meets(tuple(sorted(kinds.items())), needs, seats)


@lru_cache(maxsize=4096)
def _meets(
    kinds: tuple[tuple[tuple[bool, ...], int], ...], needs: tuple[int, ...], seats: int
) -> bool:
    """Tell whether candidates of these kinds, so many of each, meet the needs within the seats."""
    if not any(needs):
        return True
    if not kinds or seats < max(needs):
        return False
    (kind, number), others = kinds[0], kinds[1:]
    if not any(kind):
        return _meets(others, needs, seats)
    for taken in range(min(number, seats), -1, -1):
        left = tuple(
            max(0, need - taken) if member else need
            for member, need in zip(kind, needs, strict=True)
        )
        if _meets(others, left, seats - taken):
            return True
    return False


def groups_of(codes: Sequence[str], groups: Mapping[str, Iterable[str]]) -> list[frozenset[str]]:
    """Return the groups of candidates in the order of their codes."""
    return [frozenset(groups.get(code, ())) for code in codes]
