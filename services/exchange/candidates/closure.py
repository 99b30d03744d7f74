"""The category tree as matching needs it: who stands above whom, and in how many steps."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from shared.refusals import Kind, Refusal

DEPTH_MAX: Final = 16
"""Categories above one another, the lowest included."""


class BadTree(Refusal):
    """A category stands above itself, or too many stand above one another."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-category-tree"
    title: ClassVar[str] = "Categories form a tree of few levels"


class Closure:
    """All categories with what stands above them.

    Args:
        ancestors: of each category those above it, in any order, itself left out; a category that
            is not in it stands alone.

    Raises:
        BadTree
    """

    def __init__(self, ancestors: Mapping[str, Iterable[str]]) -> None:
        above = {code: frozenset(those) for code, those in ancestors.items()}
        for code, those in above.items():
            if code in those:
                raise BadTree(f"{code} stands above itself")
            if len(those) >= DEPTH_MAX:
                raise BadTree(f"more than {DEPTH_MAX} levels down to {code}")
            for one in those:
                if not above.get(one, frozenset()) < those:
                    raise BadTree(f"what stands above {one} stands above {code}")
        self._above = above

    def above(self, category: str) -> frozenset[str]:
        """Return the categories above one."""
        return self._above.get(category, frozenset())

    def with_above(self, category: str) -> list[str]:
        """Return a category and those above it, the lowest first."""
        return [category, *sorted(self.above(category), key=self._lowest_first)]

    def parent(self, category: str) -> str:
        """Return the category just above one, or the category itself where it is a root."""
        return self.with_above(category)[:2][-1]

    def steps(self, wanted: str, offered: str) -> int | None:
        """Return how many levels the offered category lies below the wanted one.

        None says that it does not lie there: who wants oil is served by olive oil, and who wants
        olive oil not by any oil.
        """
        if wanted == offered:
            return 0
        if wanted not in self.above(offered):
            return None
        return len(self.above(offered)) - len(self.above(wanted))

    def common(self, one: str, other: str) -> str | None:
        """Return the lowest category that holds both, or None."""
        shared = {one, *self.above(one)} & {other, *self.above(other)}
        return min(shared, key=self._lowest_first, default=None)

    def _lowest_first(self, category: str) -> tuple[int, str]:
        return (-len(self.above(category)), category)
