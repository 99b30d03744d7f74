"""Seals: how a network signs its part of a ballot, is bound to it before it shows it, and is read.

The commitment is SHA-256 of the canonical seal and a nonce. It is told by the close; the seal comes
when all are bound, so that nobody votes late knowing the others. A seal that is shown must be the
one to which the network was bound. Two different signed seals of one network on one ballot prove
that it has told two stories.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, Final

from pydantic import ValidationError

from services.governance.federated.policies import FederatedRule
from services.governance.federated.tallies import (
    Counted,
    chunk_hash,
    chunked,
    marked_in,
    require_numbers,
    sign_of,
    withheld_order,
)
from services.governance.rules import Method, Option
from shared.canonical import NotCanonical, parse_canonical
from shared.clock import BadTime, moment, stamp
from shared.contracts.seals import Seal, SealHead, Tally
from shared.keys import BadKey, BadSignature, SigningKey, verify
from shared.log.page import Unsigned, padless, unpadded
from shared.refusals import Kind, Refusal

NONCE_SIZE: Final = 32
SEAL_BYTES_MAX: Final = 200_000
"""The longest canonical seal; one of a yes or no has less than 2 kB."""
UNSIGNED: Final = "A" * 86


class BadSeal(Refusal):
    """A seal that does not fit the ballot, its network or itself."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-seal"
    title: ClassVar[str] = "This seal does not fit its ballot"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRoll:
    """The roll that a network has sealed before the opening."""

    epoch: int
    root: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a seal has to fit: the notice, and the roll of its network.

    Args:
        rule_hash: that of the rule, as the notice says it.
        closes_at: when the ballot closes; a seal says when its network did.
        pooled: how many members of sister networks a seal may speak for beside its own.
    """

    ballot_id: str
    rule: FederatedRule
    rule_hash: str
    charter_hash: str
    options: tuple[Option, ...]
    network: str
    roll: SealedRoll
    closes_at: datetime
    skew_s: int
    pooled: int = 0


def sealed(
    counted: Counted,
    *,
    expected: Expected,
    issued: int,
    invalid: int = 0,
    ballots_root: str,
    closed_at: datetime,
    head: SealHead,
    key: SigningKey,
    pooled_by: str | None = None,
) -> Seal:
    """Return the signed seal of what a network has counted.

    Below the floor the sign or the order is told only, unless the numbers hold a sister's ballots.

    Args:
        issued: how many could take a ballot.
        head: the last page of the network's log.
        key: of the network's service of decisions.
        pooled_by: the sister network whose seal holds the numbers of this one, which is too small.

    Raises:
        BadSeal, BadTally: the numbers do not go together.
    """
    cast = counted.marked + counted.blank + invalid
    tally = counted.tally
    if cast < expected.rule.floor or pooled_by:
        tally = withheld(expected.rule, expected.options, tally, pooled=pooled_by)
    numbers: dict[str, int] = (
        {}
        if marked_in(expected.rule.rule.method, tally) is None
        else {"issued": issued, "cast": cast, "blank": counted.blank, "invalid": invalid}
    )
    unsigned = Seal(
        ballot_id=expected.ballot_id,
        rule_hash=expected.rule_hash,
        charter_hash=expected.charter_hash,
        node=expected.network,
        roll_epoch=expected.roll.epoch,
        roll_root=expected.roll.root,
        roll_size=expected.roll.size,
        ballots_root=ballots_root,
        tally=tally,
        closed_at=stamp(closed_at),
        head=head,
        scheme=expected.rule.scheme,
        signature=UNSIGNED,
        **numbers,
    )
    seal = unsigned.model_copy(update={"signature": padless(key.sign(unsigned.statement()))})
    require_seal(seal, expected, keys=(key.public,))
    return seal


def withheld(
    rule: FederatedRule, options: Sequence[Option], tally: Tally, *, pooled: str | None = None
) -> Tally:
    """Return what may be told of a tally below the floor: the sign or the order, no number.

    Args:
        pooled: the sister network whose seal holds the numbers, if there is one.
    """
    method = rule.rule.method
    if method is Method.YES_NO:
        return Tally(sign=sign_of(tally), pooled=pooled)
    codes = [option.code for option in options]
    return Tally(order=withheld_order(method, codes, tally), pooled=pooled)


def pooled(
    rule: FederatedRule,
    options: Sequence[Option],
    own: Counted,
    others: Mapping[str, Counted],
) -> Counted:
    """Return what a network counts for itself and for sister networks that are too small to tell.

    Beside the sums it says its own sign or order, because those of a network are its own.
    """
    together = [own, *others.values()]
    alone = withheld(rule, options, own.tally)
    chunks = chunked(
        [(one.choice, one.count) for part in together for chunk in part.chunks for one in chunk]
    )
    sums: dict[str, Any] = {"pools": tuple(sorted(others)), "sign": alone.sign}
    sums["order"] = alone.order
    if any(part.chunks for part in together):
        sums["chunks"] = tuple(map(chunk_hash, chunks))
    for name in ("yes", "no", "consent", "aside", "objecting", "ballots"):
        numbers = [getattr(part.tally, name) for part in together]
        if None not in numbers:
            sums[name] = sum(numbers)
    for name in ("approvals", "sums", "graded"):
        lists = [getattr(part.tally, name) for part in together]
        sums[name] = tuple(map(sum, zip(*lists, strict=True)))
    matrices = [part.tally.pairs for part in together]
    sums["pairs"] = tuple(
        tuple(map(sum, zip(*rows, strict=True))) for rows in zip(*matrices, strict=True)
    )
    return Counted(
        tally=Tally(**sums),
        marked=sum(part.marked for part in together),
        blank=sum(part.blank for part in together),
        chunks=chunks,
    )


def require_seal(seal: Seal, expected: Expected, *, keys: Sequence[str]) -> None:
    """Return quietly where a seal is signed, fits its ballot, and its numbers go together.

    Args:
        keys: the public keys that the network's service of decisions has had; they come from the
            registry and never from the seal.

    Raises:
        BadSeal, BadTally: what does not fit.
    """
    require_signed_by(keys, seal.statement(), seal.signature)
    for mine, ours, what in (
        (seal.ballot_id, expected.ballot_id, "of another ballot"),
        (seal.rule_hash, expected.rule_hash, "under another rule"),
        (seal.charter_hash, expected.charter_hash, "under another charter"),
        (seal.node, expected.network, "of another network"),
        (seal.roll_root, expected.roll.root, "on another roll"),
        (seal.roll_epoch, expected.roll.epoch, "on another epoch of the roll"),
        (seal.roll_size, expected.roll.size, "on a roll of another size"),
        (seal.scheme, expected.rule.scheme, "of another secrecy"),
    ):
        if mine != ours:
            raise BadSeal(f"it is {what}")
    marked = marked_in(expected.rule.rule.method, seal.tally)
    numbers = (seal.issued, seal.cast, seal.blank, seal.invalid)
    if marked is None:
        if any(number is not None for number in numbers):
            raise BadSeal("where the tally is withheld, so is how many have voted")
    else:
        if None in numbers:
            raise BadSeal("a number is missing")
        _require_sums(seal, marked, expected)
    if marked is not None and seal.tally.pooled is not None:
        raise BadSeal("who was pooled tells no numbers of its own")
    require_numbers(expected.rule, expected.options, seal.tally)


def _require_sums(seal: Seal, marked: int, expected: Expected) -> None:
    issued, cast = seal.issued or 0, seal.cast or 0
    if not cast <= issued <= seal.roll_size + expected.pooled:
        raise BadSeal("cast is at most issued, and issued at most the roll")
    if marked + (seal.blank or 0) + (seal.invalid or 0) != cast:
        raise BadSeal("the classes, blank and invalid ones are all that were cast")
    if cast < expected.rule.floor:
        raise BadSeal("so few ballots are not told in numbers")


def flags(seal: Seal, expected: Expected) -> tuple[str, ...]:
    """Return what is strange about a sound seal: a clock that differs."""
    try:
        differs = abs(moment(seal.closed_at) - expected.closes_at)
    except BadTime:
        return ("clock",)
    return ("clock",) if differs > timedelta(seconds=expected.skew_s) else ()


def seal_of(data: bytes) -> Seal:
    """Return the seal that canonical bytes hold; its signature is not looked at.

    Raises:
        BadSeal: they hold none.
    """
    if len(data) > SEAL_BYTES_MAX:
        raise BadSeal(f"{len(data)} bytes are more than a seal has")
    try:
        value = parse_canonical(data, depth_max=8)
        seal = Seal.model_validate(value)
    except (Refusal, ValidationError) as error:
        raise BadSeal("these bytes hold no seal") from error
    if seal.as_data() != value:
        raise BadSeal("it holds more than a seal does, or says what goes without saying")
    return seal


def commitment(seal: Seal, nonce: bytes) -> str:
    """Return by what a network is bound to a seal: SHA-256 of it and the nonce, in hex."""
    assert len(nonce) == NONCE_SIZE, "a nonce that can be guessed shows the seal"
    return hashlib.sha256(seal.canonical() + nonce).hexdigest()


def is_bound(seal: Seal, nonce: str, committed: str) -> bool:
    """Tell whether a seal and its nonce are what a network was bound to."""
    try:
        raw = bytes.fromhex(nonce)
    except ValueError:
        return False
    return len(raw) == NONCE_SIZE and commitment(seal, raw) == committed


def require_signed_by(keys: Sequence[str], statement: bytes, signature: str) -> None:
    """Return quietly where one of the keys has signed a statement.

    Raises:
        BadSeal: none has.
    """
    if not any(is_signed(key, statement, signature) for key in keys):
        raise BadSeal("it is not signed by the network whose it is")


@lru_cache(maxsize=16_384)
def is_signed(key: str, statement: bytes, signature: str) -> bool:
    """Tell whether a key has signed a statement; what was found is remembered."""
    try:
        verify(key, statement, unpadded(signature))
    except (BadKey, BadSignature, Unsigned, NotCanonical):
        return False
    return True


def signed(key: SigningKey, statement: bytes) -> str:
    """Return a signature as it stands in events."""
    return padless(key.sign(statement))
