"""Which release of the software runs."""

from importlib import metadata


def release() -> str:
    """Return the release; 0 where the software runs without having been installed."""
    try:
        return metadata.version("twiza")
    except metadata.PackageNotFoundError:
        return "0"
