"""The directory's settings."""

from shared.service import ServiceSettings


class DirectorySettings(ServiceSettings, service="directory"):
    """What the directory is told when it starts."""

    languages: list[str] = ["en", "fr", "es", "pt", "ar"]
    """The network's languages, the first one first; texts of lists that name none are in it."""
    imports_waiting_max: int = 4
    """How many lists may wait while another one is being imported."""
    import_rows_kept: int = 20
    """Of how many of the last imports the account of each row is kept."""
    index_poll_s: float = 1.0
    """How often the search looks for changed entities that nobody woke it for, in seconds."""
    mandates_in_a_row_max: int = 2
    """More mandates in a row than this are reported as beyond the network's limit of terms."""
    purge_s: float = 3_600.0
    """How long between two looks for answers and accounts that need not be kept, in seconds."""
