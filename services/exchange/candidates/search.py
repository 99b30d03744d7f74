"""Candidate arcs of a round: of all offers and wants, those pairs that matching is to weigh.

Of each want the nearest offers inside its category, and those whose words are most alike inside
the category above it; of each offer the nearest wants. What passes the hard rules is ranked, and
offers and wants choose in turns, so that nobody has more than so many arcs and nobody's arcs are
taken by those whom everybody prefers. The order in which entries are handed in never matters.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from services.exchange.candidates.capping import chosen
from services.exchange.candidates.chances import Chances
from services.exchange.candidates.closing import closes
from services.exchange.candidates.closure import Closure
from services.exchange.candidates.columns import Columns, Common, Ints, Mask, columns, different
from services.exchange.candidates.entries import Agreed, Entry, Tier, ordered
from services.exchange.candidates.filters import PASSED, RULES, Filters
from services.exchange.candidates.graph import Considered, Graph
from services.exchange.candidates.likeness import Likeness, ranks
from services.exchange.candidates.nearest import nearest
from services.exchange.candidates.rules import Bounds
from services.exchange.candidates.scoring import Scoring
from services.exchange.candidates.weights import Weights
from services.exchange.items import Side
from shared.refusals import Kind as RefusalKind
from shared.refusals import Refusal

EACH: Final = 10
"""Arcs of each want, and of each offer, in a large round."""
EACH_IN_SMALL: Final = 20
"""The same in a small round, where more arcs cost little: half of the loss is won back."""
SMALL: Final = 20_000
"""Up to so many offers and wants a round is small."""
EACH_MAX: Final = 10_000
TOGETHER: Final = 250_000
SAME_TEXT: Final = 4
"""Offers with the very same words that one want meets."""


class BadAgreement(Refusal):
    """An agreed link names something that is not in the round, or joins what cannot be joined."""

    kind: ClassVar[RefusalKind] = RefusalKind.INVALID
    slug: ClassVar[str] = "bad-agreement"
    title: ClassVar[str] = "An agreed link joins an offer and a want of two owners of this round"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a round's candidates are sought.

    Args:
        level: how far apart two sides may be in this round.
        each: how many arcs a want has at most, and an offer; by the round's size if None.
        everything: all pairs that pass, whatever their number; for measuring what ``each`` costs.
    """

    weights: Weights = field(default_factory=Weights)
    chances: Chances = field(default_factory=Chances)
    level: Tier = Tier.WORLD
    each: int | None = None
    everything: bool = False

    def __post_init__(self) -> None:
        assert self.each is None or 1 <= self.each <= EACH_MAX


def candidates(
    entries: Iterable[Entry],
    ancestors: Mapping[str, Iterable[str]],
    settings: Settings | None = None,
    *,
    agreed: Iterable[Agreed] = (),
) -> Graph:
    """Return the candidate arcs between offers and wants.

    Args:
        entries: the round's offers and wants, each once, in any order.
        ancestors: of each category those above it.
        settings: how to seek; by default with our weights and at the widest level.
        agreed: links that are fixed: they are arcs whatever the rules say, and their entries have
            no other arcs, because what they hold is set aside.

    Raises:
        TwiceTheSame, BadTree, BadAgreement
    """
    settings = settings or Settings()
    return _Search(ordered(entries), Closure(ancestors), settings, sorted(set(agreed))).graph()


class _Search:
    """One round's search."""

    def __init__(
        self, entries: Sequence[Entry], closure: Closure, settings: Settings, agreed: list[Agreed]
    ) -> None:
        common = Common.empty()
        by_size = EACH_IN_SMALL if len(entries) <= SMALL else EACH
        self.each = by_size if settings.each is None else settings.each
        self.closure, self.settings = closure, settings
        self.offers = columns([e for e in entries if e.side is Side.OFFER], common)
        self.wants = columns([e for e in entries if e.side is Side.WANT], common)
        self.fixed_o, self.fixed_w = self._fixed(agreed)
        self.free_offers = _without(len(self.offers), self.fixed_o)
        self.free_wants = _without(len(self.wants), self.fixed_w)
        self.bounds = Bounds(level=settings.level, text_least=settings.weights.text_least)
        self.filters = Filters(self.offers, self.wants, common, closure, self.bounds)
        likeness = Likeness([str(text) for text in common.texts.values])
        self.likeness = likeness
        self.scoring = Scoring(self.filters, likeness, settings.weights, settings.chances)
        self._categories = [str(code) for code in common.categories.values]
        self._seen: list[npt.NDArray[np.int64]] = []

    def graph(self) -> Graph:
        """Return the arcs that were chosen, and what was considered on the way."""
        if self.settings.everything:
            self._see_all()
        else:
            self._see_near()
            self._see_alike()
        o, w, considered = self._judged()
        likeness = self.scoring.likeness(o, w)
        worth = np.concatenate(
            [self.scoring.terms(o[p], w[p], likeness[p]).sum(axis=1) for p in _parts(o.size)]
        )
        expected = worth * self.scoring.chances(o, w) // 1_000
        if self.settings.everything:
            kept = np.ones(o.size, bool)
        else:
            ties = self.offers.keys[o] ^ (self.wants.keys[w] * np.uint64(0x9E3779B97F4A7C15))
            kept = chosen(o, w, np.zeros(o.size, bool), expected, ties, self.each)
            # They choose once more: now what closes a short ring with what was kept comes first.
            first = closes(self.wants.owner[w], self.offers.owner[o], kept)
            kept = chosen(o, w, first, expected, ties, self.each)
        considered = considered.with_kept(int(kept.sum()), int(self.fixed_o.size))
        return self._graph(o[kept], w[kept], considered)

    def _graph(self, o: Ints, w: Ints, considered: Considered) -> Graph:
        fixed = np.concatenate((np.zeros(o.size, bool), np.ones(self.fixed_o.size, bool)))
        o, w = np.concatenate((o, self.fixed_o)), np.concatenate((w, self.fixed_w))
        order = np.lexsort((o, w))
        o, w, fixed = o[order], w[order], fixed[order]
        likeness = self.scoring.likeness(o, w)
        return Graph(
            offers=self.offers.entries,
            wants=self.wants.entries,
            closure=self.closure,
            bounds=self.bounds,
            weights=self.settings.weights,
            considered=considered,
            offer=o,
            want=w,
            fixed=fixed,
            likeness=likeness,
            terms=self.scoring.terms(o, w, likeness),
            chance=self.scoring.chances(o, w),
            tier=self.filters.tiers(o, w),
            quantity=np.where(
                self.filters.comparable(o, w),
                np.minimum(self.offers.quantity[o], self.wants.quantity[w]),
                0,
            ),
        )

    def _fixed(self, agreed: list[Agreed]) -> tuple[Ints, Ints]:
        offers = {entry.id: row for row, entry in enumerate(self.offers.entries)}
        wants = {entry.id: row for row, entry in enumerate(self.wants.entries)}
        for link in agreed:
            if link.offer not in offers or link.want not in wants:
                raise BadAgreement("not in this round")
            if (
                self.offers.entries[offers[link.offer]].owner
                == self.wants.entries[wants[link.want]].owner
            ):
                raise BadAgreement("one owner on both sides")
        o = np.array([offers[link.offer] for link in agreed], np.int64)
        w = np.array([wants[link.want] for link in agreed], np.int64)
        return o, w

    def _see(self, o: Ints, w: Ints) -> None:
        self._seen.append(o * np.int64(len(self.wants)) + w)

    def _see_all(self) -> None:
        for row in self.free_wants.tolist():
            self._see(self.free_offers, np.full(self.free_offers.size, row, np.int64))

    def _see_near(self) -> None:
        """See the nearest offers of each want in its category, and the nearest wants of each."""
        below: dict[str, list[Ints]] = defaultdict(list)
        offered = self._by_category(self.free_offers, self.offers)
        wanted = self._by_category(self.free_wants, self.wants)
        for code, rows in offered.items():
            for above in self.closure.with_above(code):
                if above in wanted:
                    below[above].append(rows)
        for code, parts in sorted(below.items()):
            among = np.sort(np.concatenate(parts))
            for w, o in nearest(
                self.wants, wanted[code], self.offers, among, self._want_passes, self.each
            ):
                self._see(o, w)
        for code, rows in sorted(offered.items()):
            above_it = [wanted[one] for one in self.closure.with_above(code) if one in wanted]
            if not above_it:
                continue
            among = np.sort(np.concatenate(above_it))
            for o, w in nearest(
                self.offers, rows, self.wants, among, self._offer_passes, self.each
            ):
                self._see(o, w)

    def _see_alike(self) -> None:
        """See the offers whose words are most like each want's, below the category above it."""
        parents = {code: self.closure.parent(code) for code in self._categories}
        wanted, offered = defaultdict(list), defaultdict(list)
        for code, rows in self._by_category(self.free_wants, self.wants).items():
            wanted[parents[code]].append(rows)
        for code, rows in self._by_category(self.free_offers, self.offers).items():
            for above in self.closure.with_above(code):
                offered[above].append(rows)
        for parent in sorted(wanted):
            if parent in offered:
                rows = np.sort(np.concatenate(wanted[parent]))
                among = np.sort(np.concatenate(offered[parent]))
                self._see_alike_in(
                    rows[self.wants.text[rows] != 0], among[self.offers.text[among] != 0]
                )

    def _see_alike_in(self, rows: Ints, among: Ints) -> None:
        if not rows.size or not among.size:
            return
        rows = rows[np.argsort(self.wants.text[rows], kind="stable")]
        among = among[np.argsort(self.offers.text[among], kind="stable")]
        wanted, want_begin, want_count = np.unique(
            self.wants.text[rows], return_index=True, return_counts=True
        )
        offered, offer_begin, offer_count = np.unique(
            self.offers.text[among], return_index=True, return_counts=True
        )
        one, other = self.likeness.nearest(wanted, offered, self.bounds.text_least, self.each)
        one, other = np.searchsorted(wanted, one), np.searchsorted(offered, other)
        # Each want with those words meets a few of the offers with the others, in turns.
        pair = np.repeat(np.arange(one.size), want_count[one])
        w = rows[want_begin[one][pair] + ranks(pair)]
        begin, count = offer_begin[other][pair], offer_count[other][pair]
        turn = (self.wants.keys[w] % count.astype(np.uint64)).astype(np.int64)
        for step in range(SAME_TEXT):
            there = step < count
            o = among[(begin + (turn + step) % count)[there]]
            self._see(o, w[there])

    def _judged(self) -> tuple[Ints, Ints, Considered]:
        """Return the pairs that were seen and pass all rules, and how many failed which."""
        found = different(np.concatenate(self._seen or [np.empty(0, np.int64)]))
        self._seen.clear()
        o, w = np.divmod(found, max(1, len(self.wants)))
        first = np.empty(o.size, np.int64)
        for part in _parts(o.size):
            likeness = self.scoring.likeness(o[part], w[part])
            first[part] = self.filters.first_failed(o[part], w[part], likeness)
        counts = np.bincount(first, minlength=PASSED + 1)
        refused = {rule: int(counts[number]) for number, rule in enumerate(RULES)}
        passed = first == PASSED
        return o[passed], w[passed], Considered(seen=int(o.size), refused=refused)

    def _want_passes(self, w: Ints, o: Ints) -> Mask:
        passed: Mask = self.filters.first_failed(o, w) == PASSED
        return passed

    def _offer_passes(self, o: Ints, w: Ints) -> Mask:
        passed: Mask = self.filters.first_failed(o, w) == PASSED
        return passed

    def _by_category(self, rows: Ints, side: Columns) -> dict[str, Ints]:
        found: dict[str, Ints] = {}
        order = rows[np.argsort(side.category[rows], kind="stable")]
        codes, begins = np.unique(side.category[order], return_index=True)
        ends = np.append(begins[1:], order.size)
        for code, begin, end in zip(codes.tolist(), begins, ends[: codes.size], strict=True):
            found[self._categories[code]] = order[begin:end]
        return found


def _without(size: int, rows: Ints) -> Ints:
    free = np.ones(size, bool)
    free[rows] = False
    return np.flatnonzero(free)


def _parts(size: int) -> list[slice]:
    return [slice(begin, begin + TOGETHER) for begin in range(0, max(1, size), TOGETHER)]
