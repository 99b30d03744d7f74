"""The settings of governance."""

from pydantic import Field

from shared.service import ServiceSettings


class GovernanceSettings(ServiceSettings, service="governance"):
    """What governance is told when it starts."""

    languages: list[str] = ["en"]
    """The languages of the network's charter, the first one first: a ballot opens only when its
    texts are there in each of them."""
    idea_support_min: int = Field(default=2, ge=0, le=1_000)
    """How many members have to support an idea before it is written as a proposal; stewards write
    proposals without."""
    keep_time_s: float = 30.0
    """How long between two looks at what has to open, close or be reminded of, in seconds."""
    purge_s: float = 3_600.0
    """How long between two looks for answers that need not be kept, in seconds."""
    small_group: int = Field(default=5, ge=2, le=100)
    """Below how many people a number about them is not shown."""
