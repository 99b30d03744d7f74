"""The settings of governance."""

from typing import Final

from pydantic import Field

from shared.service import ServiceSettings

SPOKEN: Final = ("ar", "en", "es", "fr", "pt")
"""The languages of the software itself."""


class GovernanceSettings(ServiceSettings, service="governance"):
    """What governance is told when it starts."""

    languages: list[str] = ["en"]
    """The network's languages, the first one first."""
    charter_languages: list[str] = []
    """In which languages a text must be there before it is voted on; where none is named, those
    of the network's languages that the software speaks, or its first one."""
    idea_support_min: int = Field(default=2, ge=0, le=1_000)
    """How many members have to support an idea before it is written as a proposal; stewards write
    proposals without."""
    keep_time_s: float = 5.0
    """How long between two looks at what has to open, close or be reminded of, in seconds."""
    purge_s: float = 3_600.0
    """How long between two looks for answers that need not be kept, in seconds."""
    small_group: int = Field(default=5, ge=2, le=100)
    """Below how many people a number about them is not shown."""

    @property
    def charter(self) -> list[str]:
        """The languages in which a text must be there before it is voted on."""
        spoken = [tag for tag in self.languages if tag in SPOKEN]
        return self.charter_languages or spoken or self.languages[:1]
