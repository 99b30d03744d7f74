"""The exchange's settings."""

from pydantic import Field, field_validator

from services.exchange.candidates.weights import BadWeights, Weights
from shared.service import ServiceSettings


class ExchangeSettings(ServiceSettings, service="exchange"):
    """What the exchange is told when it starts."""

    languages: list[str] = ["en", "fr", "es", "pt", "ar"]
    """The network's languages, the first one first; texts that name none are in it."""
    items_per_owner: int = 500
    """How many offers, and how many wants, one participant may have that are not closed."""
    expiry_s: float = 60.0
    """How long between two looks for offers and wants whose time is over, in seconds."""
    index_poll_s: float = 1.0
    """How often the search looks for changed items that nobody woke it for, in seconds."""
    purge_s: float = 3_600.0
    """How long between two looks for answers that need not be kept, in seconds."""
    round_every_s: float = 86_400.0
    """How often the network's own offers and wants are matched, in seconds."""
    wide_round_every_s: float = 604_800.0
    """How often a hub matches those of its networks, in seconds."""
    round_after_new: int = 25
    """After how many new or changed offers and wants a round is held before its time."""
    round_poll_s: float = 30.0
    """How long between two looks whether a round's time has come, in seconds."""
    round_time_limit_s: float = 300.0
    """After how long a round is stopped, in seconds."""
    round_memory_mb: int = 4_000
    """How much memory a round may take, in megabytes of address space."""
    round_measure: str = ""
    """The unit of values where the node publishes no rates; empty for the commonest one."""
    ring_cap: int = Field(default=4, ge=2, le=5)
    """How many take part in a ring of the network at most."""
    wide_ring_cap: int = Field(default=3, ge=2, le=5)
    """The same between networks."""
    ring_answer_days: int = Field(default=7, ge=1, le=60)
    """How many days those who are proposed a ring have to answer."""
    ring_look_s: float = 60.0
    """How long between two looks after rings: deadlines, questions, replacements, in seconds."""
    ring_ask_first_s: float = 900.0
    """How long a ring's silence lasts before it is asked about, in seconds; then ever longer."""
    round_weights: dict[str, int] = Field(default_factory=dict)
    """The weights of matching that the network has decided otherwise, by their names."""

    @field_validator("round_weights")
    @classmethod
    def _known_weights(cls, weights: dict[str, int]) -> dict[str, int]:
        try:
            Weights.of(weights)
        except BadWeights as error:
            raise ValueError(error.detail) from error
        return weights
