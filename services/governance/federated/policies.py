"""How the results of networks become one: the rule of a ballot between networks, with its hash.

The rule of each network's own ballot stands in it whole; beside it stands the policy by which the
seals are put together, and what has to be reached. Shares are pairs of integers. A weight comes
from the number of members alone; there is no field for money.
"""

import hashlib
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.governance.rules import Method, Rule, Share
from shared.canonical import canonical

NODES_MAX: Final = 1_000
FLOOR: Final = 5
"""Below so many ballots a number would show somebody's vote."""


class Policy(StrEnum):
    """How the results of the networks are put together."""

    PER_MEMBER = "per-member"
    PER_NETWORK = "per-network"
    DOUBLE = "double"
    """A majority of the members and one of the networks."""
    DEGRESSIVE = "degressive"
    """Each network weighs the root of its roll."""
    CONSENT = "consent"
    OPTIONS = "options"
    """More than two answers: sums of approvals, grades, pairs, or classes of equal ballots."""


class Spread(StrEnum):
    """What a network does with its weight."""

    BLOCK = "block"
    """All of it goes to the network's majority."""
    SPLIT = "split"
    """It is divided as the network's members were."""


class OptionsBy(StrEnum):
    """Whose order counts, where there are more than two answers."""

    MEMBERS = "members"
    NETWORKS = "networks"
    """The order of each network counts as one ballot."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bar(_Part):
    """What is enough: more than a share, or at least as much where the charter says so."""

    share: Share = Share(n=1, d=2)
    at_least: bool = False


HALF: Final = Bar()
TWO_THIRDS: Final = Bar(share=Share(n=2, d=3))
THREE_QUARTERS: Final = Bar(share=Share(n=3, d=4))
FOUR_FIFTHS: Final = Bar(share=Share(n=4, d=5))

_YES_NO: Final = frozenset(
    {Policy.PER_MEMBER, Policy.PER_NETWORK, Policy.DOUBLE, Policy.DEGRESSIVE}
)
_BY_NETWORKS: Final = frozenset(
    {Method.APPROVAL, Method.SCORE, Method.SCHULZE, Method.RANKED_PAIRS}
)


class FederatedRule(_Part):
    """The rule of a ballot between networks, whole; its hash covers every field."""

    version: Literal[1] = 1
    rule: Rule
    """By which each network votes at home; its quorum is that of a network."""
    policy: Policy = Policy.DOUBLE
    members: Bar = HALF
    """What the members' yes have to reach, of yes and no."""
    networks: Bar = HALF
    """What the networks that say yes have to reach, of those that say yes or no."""
    weights: Bar = HALF
    """What the weights that say yes have to reach, of all that say yes or no."""
    spread: Spread = Spread.BLOCK
    cap: Share | None = Share(n=1, d=5)
    """The most that one network weighs of all weights together."""
    jagiellonian: bool = False
    """The quota of Penrose's rule in the place of ``weights``, over all weights."""
    options_by: OptionsBy = OptionsBy.MEMBERS
    response_quorum: Share = Share(n=1, d=2)
    """How many of the networks that were called have to seal a result; at least as many."""
    approval_quorum: Share = Share(n=0, d=1)
    """The share of all rolls together that has to say yes; at least as much."""
    fallback: Bar = THREE_QUARTERS
    """Consent: the bar of both majorities that may be called after two rounds."""
    floor: int = Field(default=FLOOR, ge=1, le=100, strict=True)
    """Below so many ballots a network tells the sign or the order only."""
    scheme: Literal["open", "custody", "blind", "homomorphic"] = "custody"
    """How ballots lie apart from who cast them; the last two are kept for a later release."""

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        method, yes_no = self.rule.method, self.policy in _YES_NO
        wrong = (
            (yes_no != (method is Method.YES_NO), "yes or no, and nothing else, has majorities"),
            (
                (self.policy is Policy.CONSENT) != (method is Method.CONSENT),
                "consent is put together as consent",
            ),
            (
                yes_no and (self.rule.threshold, self.rule.approval_quorum) != (None, None),
                "between networks the majorities and the approval quorum stand in the policy",
            ),
            (
                self.approval_quorum.n > 0 and not yes_no,
                "an approval quorum asks for a yes or no",
            ),
            (
                self.options_by is OptionsBy.NETWORKS and method not in _BY_NETWORKS,
                "this method gives no order of a network that could count as a ballot",
            ),
            (
                self.jagiellonian and (self.policy, self.cap) != (Policy.DEGRESSIVE, None),
                "the quota of Penrose's rule goes with roots that no cap changes",
            ),
            (self.cap is not None and self.cap.n == 0, "a cap leaves each network some weight"),
            (
                self.scheme in ("blind", "homomorphic"),
                "blind and encrypted ballots are reserved for a later release",
            ),
            (self.scheme != self.rule.secrecy.value, "the scheme is that of the networks' ballots"),
        )
        for broken, why in wrong:
            if broken:
                raise ValueError(why)
        return self

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the rule's canonical JSON, in hex."""
        return _hash(self)

    @property
    def capped_from(self) -> int:
        """How many networks have to answer for a cap to be possible: five, for a fifth."""
        return 1 if self.cap is None else -(-self.cap.d // self.cap.n)


@lru_cache(maxsize=1_024)
def _hash(rule: FederatedRule) -> str:
    return hashlib.sha256(canonical(rule.model_dump(mode="json"))).hexdigest()


def reached(number: int, bar: Bar, of: int) -> bool:
    """Tell whether a number is more than the bar's share of another; nothing reaches it of zero."""
    have, want = number * bar.share.d, bar.share.n * of
    return of > 0 and (have >= want if bar.at_least else have > want)


def fallback_of(rule: FederatedRule) -> FederatedRule:
    """Return the rule of the vote that may be called where no consent was found."""
    assert rule.policy is Policy.CONSENT
    at_home = rule.rule.model_copy(update={"method": Method.YES_NO, "objections_max": 0})
    return rule.model_copy(
        update={
            "rule": at_home,
            "policy": Policy.DOUBLE,
            "members": rule.fallback,
            "networks": rule.fallback,
        }
    )
