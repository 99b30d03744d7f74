"""The tally of one network: from its ballots to the numbers that its seal tells.

Yes or no, consent, approvals, grades and pairs add up, so that sums suffice. The other methods need
the classes of equal ballots, which are told in numbered chunks, with rankings cut after six places
so that a ranking is nobody's signature. Below the floor no number is told.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from services.governance.federated.policies import FederatedRule
from services.governance.rules import Method, Option
from shared.canonical import canonical, trusted_canonical
from shared.contracts.decisions import CLASSES_MAX, ToldClass
from shared.contracts.seals import Tally
from shared.refusals import Kind, Refusal

PLACES_MAX: Final = 6
"""How many places of a ranking are told."""
CHUNK_BYTES_MAX: Final = 200_000
"""The longest canonical form of a chunk's classes; an event has room for it."""
SUMMED: Final = frozenset(
    {
        Method.YES_NO,
        Method.CONSENT,
        Method.APPROVAL,
        Method.SCORE,
        Method.STAR,
        Method.SCHULZE,
        Method.RANKED_PAIRS,
    }
)
"""The methods whose tallies add up without any ballot."""
PAIRED: Final = frozenset({Method.SCHULZE, Method.RANKED_PAIRS})

Choice = Mapping[str, Any]
Classes = Sequence[tuple[Choice, int]]


class BadTally(Refusal):
    """The numbers of a tally do not go together, or are not those of its method."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-tally"
    title: ClassVar[str] = "These numbers are not the tally of such a ballot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a network has counted at home.

    Args:
        marked: how many valid ballots say something.
        chunks: the classes of equal ballots, where the method needs them.
    """

    tally: Tally
    marked: int
    blank: int
    chunks: tuple[tuple[ToldClass, ...], ...] = ()


def counted_at_home(
    rule: FederatedRule, options: Sequence[Option], choices: Iterable[tuple[Choice, int]]
) -> Counted:
    """Return the tally of the ballots of one network.

    Args:
        choices: valid choices in their canonical form, with how many ballots say so.
    """
    every = list(choices)
    said = [(choice, number) for choice, number in every if not choice.get("blank")]
    blank = sum(number for choice, number in every if choice.get("blank"))
    return _counted(rule, [option.code for option in options], said, blank)


def _counted(rule: FederatedRule, codes: Sequence[str], said: Classes, blank: int) -> Counted:
    method, marked = rule.rule.method, sum(number for _, number in said)
    match method:
        case Method.YES_NO:
            tally = Tally(yes=_answers(said, "yes"), no=_answers(said, "no"))
        case Method.CONSENT:
            tally = Tally(
                consent=_answers(said, "consent"),
                aside=_answers(said, "stand-aside"),
                objecting=_answers(said, "object"),
            )
        case Method.APPROVAL:
            approvals = [_number(said, "options", code) for code in codes]
            tally = Tally(ballots=marked, approvals=tuple(approvals))
        case Method.SCORE | Method.STAR:
            tally = _graded(method, codes, said, marked)
        case Method.SCHULZE | Method.RANKED_PAIRS:
            places = [(_places(choice["ranks"], codes), number) for choice, number in said]
            tally = Tally(ballots=marked, pairs=_pairs(places, len(codes), lower_first=True))
        case _:
            chunks = chunked(said)
            hashes = tuple(map(chunk_hash, chunks))
            return Counted(
                tally=Tally(ballots=marked, chunks=hashes),
                marked=marked,
                blank=blank,
                chunks=chunks,
            )
    return Counted(tally=tally, marked=marked, blank=blank)


def _answers(said: Classes, answer: str) -> int:
    return sum(number for choice, number in said if choice["answer"] == answer)


def _number(said: Classes, field: str, code: str) -> int:
    return sum(number for choice, number in said if code in choice[field])


def _graded(method: Method, codes: Sequence[str], said: Classes, marked: int) -> Tally:
    scores = [(choice["scores"], number) for choice, number in said]
    sums = tuple(sum(one.get(code, 0) * number for one, number in scores) for code in codes)
    if method is Method.SCORE:
        graded = tuple(sum(number for one, number in scores if code in one) for code in codes)
        return Tally(ballots=marked, sums=sums, graded=graded)
    grades = [([one.get(code, 0) for code in codes], number) for one, number in scores]
    return Tally(ballots=marked, sums=sums, pairs=_pairs(grades, len(codes), lower_first=False))


def _places(ranks: Sequence[Sequence[str]], codes: Sequence[str]) -> list[int]:
    """Return the place of each option on a ballot; what it does not rank shares the last."""
    place = {code: at for at, equals in enumerate(ranks) for code in equals}
    return [place.get(code, len(codes)) for code in codes]


def _pairs(
    ballots: Iterable[tuple[Sequence[int], int]], size: int, *, lower_first: bool
) -> tuple[tuple[int, ...], ...]:
    found = [[0] * size for _ in range(size)]
    for numbers, times in ballots:
        for one in range(size):
            row, own = found[one], numbers[one]
            for other in range(size):
                if own < numbers[other] if lower_first else own > numbers[other]:
                    row[other] += times
    return tuple(map(tuple, found))


def chunked(said: Classes) -> tuple[tuple[ToldClass, ...], ...]:
    """Return the classes of equal ballots in chunks, in an order that only they decide."""
    together: dict[bytes, tuple[Choice, int]] = {}
    for choice, number in said:
        short = {**choice, "ranks": choice["ranks"][:PLACES_MAX]} if "ranks" in choice else choice
        key = trusted_canonical(short)
        together[key] = (short, number + (together[key][1] if key in together else 0))
    chunks: list[tuple[ToldClass, ...]] = []
    filling: list[ToldClass] = []
    size = 0
    for key in sorted(together):
        if filling and (size + len(key) > CHUNK_BYTES_MAX or len(filling) == CLASSES_MAX):
            chunks.append(tuple(filling))
            filling, size = [], 0
        choice, number = together[key]
        filling.append(ToldClass(choice=dict(choice), count=number))
        # The braces, the names of the two fields and the number stand around each choice.
        size += len(key) + 48
    if filling:
        chunks.append(tuple(filling))
    return tuple(chunks)


def chunk_hash(classes: Iterable[ToldClass]) -> str:
    """Return the SHA-256 of a chunk's classes in canonical JSON, in hex."""
    return hashlib.sha256(canonical([one.model_dump(mode="json") for one in classes])).hexdigest()


def marked_in(method: Method, tally: Tally) -> int | None:
    """Return how many ballots of a tally say something; None where it tells no numbers.

    Raises:
        BadTally: what the method tells is not there, or more than that.
    """
    told = {name for name in Tally.model_fields if getattr(tally, name) not in (None, ())}
    own, beside = _fields(method), {"sign", "order", "pooled", "pools"}
    if told - own - beside:
        raise BadTally(f"these are not the numbers of {method.value}")
    if tally.sign is not None and method is not Method.YES_NO:
        raise BadTally("only a yes or no has a sign")
    if tally.order and method is Method.YES_NO:
        raise BadTally("a yes or no has no order")
    if not told & own:
        if method is Method.YES_NO and tally.sign is None:
            raise BadTally("where no number is told, the sign is")
        return None
    if not tally.pools and (tally.sign is not None or tally.order):
        # Beside sums a sign says something only where the sums hold another network's ballots.
        raise BadTally("a sign or an order beside sums is for ballots that were pooled")
    numbers: list[int | None] = [getattr(tally, name) for name in _NUMBERS.get(method, _BALLOTS)]
    if None in numbers:
        raise BadTally(f"some of the numbers of {method.value} are not there")
    return sum(number or 0 for number in numbers)


_BALLOTS: Final = ("ballots",)
_NUMBERS: Final = {
    Method.YES_NO: ("yes", "no"),
    Method.CONSENT: ("consent", "aside", "objecting"),
}


def _fields(method: Method) -> set[str]:
    return {
        Method.YES_NO: {"yes", "no"},
        Method.CONSENT: {"consent", "aside", "objecting"},
        Method.APPROVAL: {"ballots", "approvals"},
        Method.SCORE: {"ballots", "sums", "graded"},
        Method.STAR: {"ballots", "sums", "pairs"},
        Method.SCHULZE: {"ballots", "pairs"},
        Method.RANKED_PAIRS: {"ballots", "pairs"},
    }.get(method, {"ballots", "chunks"})


def require_numbers(rule: FederatedRule, options: Sequence[Option], tally: Tally) -> None:
    """Refuse numbers that no ballots of this rule could have.

    Raises:
        BadTally: lists of another length, more approvals than ballots, pairs that outgrow them.
    """
    method, size, marked = rule.rule.method, len(options), tally.ballots or 0
    wanted = {
        Method.APPROVAL: (tally.approvals,),
        Method.SCORE: (tally.sums, tally.graded),
        Method.STAR: (tally.sums, tally.pairs),
        Method.SCHULZE: (tally.pairs,),
        Method.RANKED_PAIRS: (tally.pairs,),
    }.get(method, ())
    if any(len(one) != size for one in wanted):
        raise BadTally("a list has a number for each option")
    if any(number > marked for number in (*tally.approvals, *tally.graded)):
        raise BadTally("an option is named by no more ballots than there are")
    if any(number > rule.rule.scale_max * marked for number in tally.sums):
        raise BadTally("a sum is more than all could give")
    for one, row in enumerate(tally.pairs):
        if len(row) != size or row[one]:
            raise BadTally("pairs are a square, with nothing between an option and itself")
        if any(row[other] + tally.pairs[other][one] > marked for other in range(one)):
            raise BadTally("a pair is ordered by no more ballots than there are")
    if method not in SUMMED and bool(tally.chunks) != bool(marked):
        raise BadTally("ballots that name something stand in chunks")
    codes = {option.code for option in options}
    named = [code for equals in tally.order for code in equals]
    if len(set(named)) < len(named) or not set(named) <= codes:
        raise BadTally("an order names each option once")


def sign_of(tally: Tally) -> Literal[-1, 0, 1]:
    """Return 1, 0 or -1: whether a network says yes, neither, or no."""
    if tally.sign is not None:
        return tally.sign
    yes, no = tally.yes or 0, tally.no or 0
    if yes == no:
        return 0
    return 1 if yes > no else -1


def withheld_order(
    method: Method, codes: Sequence[str], tally: Tally
) -> tuple[tuple[str, ...], ...]:
    """Return the options of a network from first to last, equals together.

    Pairs are ordered by Schulze's method, approvals and grades by their sums. Of consent, budgets
    and committees there is no order.
    """
    if tally.order or not codes:
        return tally.order
    if method in PAIRED and tally.pairs:
        from services.governance.federated.summing import order_of_pairs

        return order_of_pairs(codes, tally.pairs)
    sums = tally.approvals or tally.sums
    if not sums:
        return ()
    by_sum = dict(zip(codes, sums, strict=True))
    return tuple(
        tuple(code for code in codes if by_sum[code] == number)
        for number in sorted(set(sums), reverse=True)
    )
