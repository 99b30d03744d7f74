"""How fast the seals of many networks are verified and put together: rows for ``make bench``.

Seals are made up beforehand, each with its own key. The slowest of three rounds is told, because
what was read once is remembered in the next. Times are of the processor, so that what else runs on
the machine does not count.
"""

import hashlib
import time
from typing import Final

from services.governance.federated.aggregate import Part, Poll, aggregated
from services.governance.federated.policies import FederatedRule, Policy
from services.governance.federated.seal_texts import as_block, of_block
from services.governance.federated.seals import (
    Expected,
    SealedRoll,
    is_signed,
    require_seal,
    sealed,
)
from services.governance.federated.tallies import counted_at_home
from services.governance.rules import Method, Option, Rule
from shared.clock import moment
from shared.contracts.seals import Seal, SealHead
from shared.keys import Prefix, SigningKey

NETWORKS: Final = 1_000
ROUNDS: Final = 3
BALLOT: Final = "maghreb:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e62"
CLOSES: Final = moment("2026-12-19T18:00:00.000Z")
HEX: Final = "0123456789abcdef" * 4
CODES: Final = ("credit", "mill", "seeds", "tools")

Row = tuple[str, float, str, float]
"""What was measured, its value, its unit, and its limit: the first members of a ``Figure``."""


def rows(networks: int = NETWORKS) -> list[Row]:
    """Measure, and return what was found."""
    plain = FederatedRule(rule=Rule(method=Method.YES_NO))
    ranked = FederatedRule(rule=Rule(method=Method.SCHULZE), policy=Policy.OPTIONS)
    taken, sizes = _timed(plain, (), networks)
    found: list[Row] = [
        (f"(s) {networks:,} seals of a yes or no, verified and summed", taken, "s", 0.5),
        ("(s) a seal of a yes or no", max(sizes) / 1_000, "kB", 2.0),
    ]
    options = tuple(Option(code=code) for code in CODES)
    taken, _ = _timed(ranked, options, networks)
    found.append((f"(s) {networks:,} seals of a ranking, verified and summed", taken, "s", 0.5))
    return found


def _timed(
    rule: FederatedRule, options: tuple[Option, ...], networks: int
) -> tuple[float, list[int]]:
    """Return the longest time to read, verify and put together all seals, and their sizes."""
    made = [_seal(rule, options, at) for at in range(networks)]
    texts = [seal.canonical() for seal, _, _ in made]
    keys = [(key, expected) for _, key, expected in made]
    called = tuple(expected.network for _, expected in keys)
    poll = Poll(ballot_id=BALLOT, rule=rule, options=options, called=called)
    times: list[float] = []
    for _ in range(ROUNDS):
        is_signed.cache_clear()
        begun = time.process_time()
        parts = []
        for text, (key, expected) in zip(texts, keys, strict=True):
            seal = Seal.model_validate_json(text)
            require_seal(seal, expected, keys=(key,))
            parts.append(Part(network=seal.node, roll_size=seal.roll_size, seal=seal))
        outcome = aggregated(poll, parts)
        times.append(time.process_time() - begun)
        assert outcome.figures["sealed"] == networks
    assert of_block(as_block(made[0][0])) == made[0][0]
    return max(times), [len(text) for text in texts]


def _seal(rule: FederatedRule, options: tuple[Option, ...], at: int) -> tuple[Seal, str, Expected]:
    key = SigningKey(hashlib.sha256(f"network {at}".encode()).digest(), Prefix.SERVICE)
    expected = Expected(
        ballot_id=BALLOT,
        rule=rule,
        rule_hash=rule.hash,
        charter_hash=HEX,
        options=options,
        network=f"network-{at}",
        roll=SealedRoll(epoch=1, root=HEX, size=400 + at),
        closes_at=CLOSES,
        skew_s=300,
    )
    ballots = (
        [({"ranks": [[code] for code in (CODES[at % 4], CODES[(at + 1) % 4])]}, 90 + at % 50)]
        if options
        else [({"answer": "yes"}, 60 + at % 90), ({"answer": "no"}, 70 + at % 40)]
    )
    seal = sealed(
        counted_at_home(rule, options, ballots),
        expected=expected,
        issued=400 + at,
        ballots_root=hashlib.sha256(f"ballots {at}".encode()).hexdigest(),
        closed_at=CLOSES,
        head=SealHead(epoch=1, page=at, hash=HEX),
        key=key,
    )
    return seal, key.public, expected


if __name__ == "__main__":
    for name, value, unit, limit in rows():
        print(f"{name}: {value:.3f} {unit} (limit {limit})")
