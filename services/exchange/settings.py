"""The exchange's settings."""

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
