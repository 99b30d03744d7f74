"""Why an arc is there, what was considered, and what would make a match: in words.

Nobody is told here of a thing that is hidden from them, nor of who avoids whom: rules of that kind
are left out, and the other side is not named. Plain Python, so that the service can ask.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.exchange.candidates.closure import Closure
from services.exchange.candidates.entries import Entry
from services.exchange.candidates.figures import Figures, Leg
from services.exchange.candidates.rules import (
    UNSPOKEN,
    Bounds,
    Failure,
    Pair,
    Rule,
    failures,
)
from services.exchange.candidates.utility import Term
from services.exchange.candidates.words import listed, said, tenths
from services.exchange.items import IN_RINGS, Side

Likeness = Callable[[Entry, Entry], int]
Name = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Missing:
    """The arc that is nearest to being one.

    Args:
        other: the id of the other side's entry; for those who may see it, never for the words.
        failures: what keeps the two apart; none where an arc is there, and only nobody had
            a turn.
    """

    other: str
    failures: tuple[Failure, ...]


def nearest_missing(
    entry: Entry,
    others: Iterable[Entry],
    closure: Closure,
    bounds: Bounds,
    likeness: Likeness = lambda offer, want: 0,
) -> Missing | None:
    """Return the arc that would be nearest for an entry that stayed unmatched.

    Args:
        entry: an offer or a want.
        others: entries of the round, as its owner may see them; those of its own side are skipped.
        likeness: how alike the words of an offer and a want are, per mille.

    Returns:
        None where nothing is near: all that is there is of another kind, hidden, or of its owner.
    """
    best: tuple[tuple[int, int, str], Missing] | None = None
    for other in others:
        if other.side is entry.side or other.kind not in IN_RINGS:
            continue
        offer, want = (entry, other) if entry.side is Side.OFFER else (other, entry)
        pair = Pair(
            offer=offer,
            want=want,
            closure=closure,
            bounds=bounds,
            likeness=likeness(offer, want),
        )
        failed = failures(pair)
        if any(failure.rule in UNSPOKEN or _is_elsewhere(failure) for failure in failed):
            continue
        found = Missing(other.id, tuple(failed))
        rank = (sum(map(_weight, failed)), len(failed), other.id)
        if best is None or rank < best[0]:
            best = (rank, found)
    return None if best is None else best[1]


def missing_words(missing: Missing | None, entry: Entry, language: str) -> list[str]:
    """Return what would make a match, one sentence for each rule that fails."""
    if missing is None:
        return [said(language, f"nothing_near_{entry.side.value}")]
    if not missing.failures:
        return [said(language, "no_turn")]
    return [_failure_words(failure, entry, language) for failure in missing.failures]


def arc_words(terms: Mapping[Term, int], language: str) -> list[str]:
    """Return why an arc is worth what it is: each term that counts, and the sum."""
    found = [
        said(language, f"term_{term.value}", points=abs(points))
        for term, points in terms.items()
        if points
    ]
    return [*found, said(language, "utility", points=sum(terms.values()))]


def ring_words(ring: Sequence[Leg], language: str, name: Name, thing: Name) -> list[str]:
    """Return what each of a ring gives, in its order.

    Args:
        name: the name of a participant by its id.
        thing: what an offer is called, by its id.
    """
    return [
        said(
            language,
            "leg",
            giver=name(leg.offer.owner),
            what=thing(leg.offer.id),
            receiver=name(leg.want.owner),
        )
        for leg in ring
    ]


def party_words(
    ring: Sequence[Leg], owner: str, language: str, name: Name, thing: Name
) -> list[str]:
    """Return a ring for one of its parties: what it gives, and what it receives."""
    gives = [leg for leg in ring if leg.offer.owner == owner]
    takes = [leg for leg in ring if leg.want.owner == owner]
    return [
        *(
            said(language, "you_give", what=thing(leg.offer.id), who=name(leg.want.owner))
            for leg in gives
        ),
        *(
            said(language, "you_receive", what=thing(leg.offer.id), who=name(leg.offer.owner))
            for leg in takes
        ),
    ]


def considered_words(
    seen: int, refused: Mapping[Rule, int], crowded: int, kept: int, language: str
) -> list[str]:
    """Return what a round has considered; what nobody is told of is in one number."""
    unspoken = sum(refused.get(rule, 0) for rule in UNSPOKEN)
    told = [
        said(language, f"refused_{rule.value}", count=count)
        for rule in Rule
        if rule not in UNSPOKEN and (count := refused.get(rule, 0))
    ]
    if unspoken:
        told.append(said(language, "refused_other", count=unspoken))
    if crowded:
        told.append(said(language, "crowded", count=crowded))
    first = said(language, "seen", count=seen)
    return [first, *told, said(language, "kept", count=kept)]


def figures_words(figures: Figures, language: str) -> list[str]:
    """Return how a round did."""

    def share(per_mille: int) -> str:
        return tenths(language, per_mille)

    found = [
        said(
            language,
            "served",
            served=figures.served,
            all=figures.participants,
            share=share(figures.served_share),
        ),
        said(language, "matched", share=share(figures.matched_share)),
        *(
            said(language, "rings", length=length, count=count)
            for length, count in sorted(figures.by_length.items())
        ),
        said(language, "gap", value=figures.value, bound=figures.bound, share=share(figures.gap)),
    ]
    for kind in ("small", "women_led", "marginalised"):
        of_kind = getattr(figures, kind)
        if not of_kind.present:
            # Of whom nobody took part there is nothing to say.
            continue
        found.append(
            said(
                language,
                f"share_{kind}",
                served=of_kind.served,
                present=of_kind.present,
                share=share(figures.share_of_served(of_kind)),
            )
        )
    found.append(said(language, "gini", share=share(figures.gini)))
    if figures.fairness_price is not None:
        found.append(said(language, "fairness_price", share=share(figures.fairness_price)))
    return found


def _failure_words(failure: Failure, entry: Entry, language: str) -> str:
    """Return what one rule asks for, from the side of one entry's owner."""
    match failure.rule:
        case Rule.VALUE:
            key = f"missing_value_{failure.what[0]}_{entry.side.value}"
            return said(language, key, share=tenths(language, failure.by))
        case Rule.CERTIFICATE:
            return said(language, "missing_certificate", what=listed(language, failure.what))
        case Rule.MEASURE:
            wanted, offered = failure.what
            return said(language, "missing_measure", wanted=wanted, offered=offered)
        case Rule.DISTANCE if not failure.by:
            return said(language, "missing_place")
        case _:
            return said(language, f"missing_{failure.rule.value}", by=failure.by)


def _is_elsewhere(failure: Failure) -> bool:
    """Return whether the two are of categories that have nothing to do with one another."""
    return failure.rule is Rule.CATEGORY and failure.by >= 1_000


def _weight(failure: Failure) -> int:
    """Return how far a failed rule is from being kept; each also counts for being one.

    Ten kilometres, three days and a tenth of the value are about as far as one another; to have
    a certificate or another measure takes longer than any of these.
    """
    by = {
        Rule.DISTANCE: 10 * failure.by if failure.by else 1_000,
        Rule.WINDOW: 30 * failure.by,
        Rule.VALUE: failure.by,
        Rule.CATEGORY: 2 * failure.by,
        Rule.CERTIFICATE: 2_000 * failure.by,
        Rule.MEASURE: 1_000,
    }
    return 500 + min(by[failure.rule], 10_000)
