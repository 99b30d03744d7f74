"""What follows from a surplus that was shared out, and from a pay ratio that was agreed.

An outcome becomes lines that can be followed up: each use of a surplus with its amount on a line
of the budget. Later what was done is laid beside what was decided, line by line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from shared.refusals import Kind, Refusal

REINVEST: Final = "reinvest"
RESERVES: Final = "reserves"
MEMBERS: Final = "members"
"""By the work of each."""
SOCIAL: Final = "social"
SOLIDARITY: Final = "solidarity"
"""To other networks."""
CAPITAL: Final = "capital-interest"
"""Where statutes allow any: it is no use that the members vote on beyond its cap."""
PARTS: Final = (REINVEST, RESERVES, MEMBERS, SOCIAL, SOLIDARITY)
"""The uses of a surplus that are offered; a rule may have others."""
PRESET: Final[Mapping[str, int]] = {RESERVES: 45, MEMBERS: 45, SOCIAL: 10}
"""In percent; the customary split of worker co-operatives."""


class NotWhole(Refusal):
    """The parts of a surplus do not make the whole."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "surplus-not-whole"
    title: ClassVar[str] = "The parts of a surplus are 100 percent together"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An amount that a decision has given to a use."""

    code: str
    percent: int
    amount: int
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A use of a surplus: what was decided, and what was done."""

    code: str
    decided: int
    done: int

    @property
    def difference(self) -> int:
        """How much more was done than decided; less where it is negative."""
        return self.done - self.decided


def surplus_lines(
    percent: Mapping[str, int], amount: int, *, lines: Mapping[str, str] | None = None
) -> tuple[Line, ...]:
    """Return the amounts of a surplus by use; together they are the whole, to the last unit.

    Args:
        percent: by use, as the ballot has decided; 100 together.
        amount: the surplus, in the smallest unit.
        lines: by use, the line of the budget on which it is booked.

    Raises:
        NotWhole

    Source: largest remainder; between equal remainders the first in the order of the codes.
    """
    if sum(percent.values()) != 100 or min(percent.values(), default=0) < 0 or amount < 0:
        raise NotWhole()
    amounts = {code: amount * share // 100 for code, share in percent.items()}
    left = amount - sum(amounts.values())
    order = sorted(percent, key=lambda code: (-(amount * percent[code] % 100), code))
    for code in order[:left]:
        amounts[code] += 1
    booked = lines or {}
    return tuple(
        Line(code=code, percent=percent[code], amount=amounts[code], line=booked.get(code, ""))
        for code in sorted(percent)
    )


def beside(decided: Iterable[Line], done: Mapping[str, int]) -> tuple[Beside, ...]:
    """Return decided and done, use by use; what nobody has decided stands there with nothing."""
    amounts = {line.code: line.amount for line in decided}
    return tuple(
        Beside(code=code, decided=amounts.get(code, 0), done=done.get(code, 0))
        for code in sorted({*amounts, *done})
    )


def followed(compared: Iterable[Beside]) -> tuple[int, int]:
    """Return how much of a decided surplus went where it was decided, as a pair of integers.

    More than was decided on one line makes up for no other line.
    """
    rows = list(compared)
    return sum(min(row.decided, row.done) for row in rows), sum(row.decided for row in rows)


def within_ratio(highest: int, lowest: int, agreed: tuple[int, int]) -> bool:
    """Return whether the highest pay is within the agreed multiple of the lowest.

    Args:
        highest, lowest: full-time pay before deductions, in the same unit.
        agreed: the ratio as a pair, 9 to 2 for four and a half.
    """
    n, d = agreed
    return highest * d <= lowest * n
