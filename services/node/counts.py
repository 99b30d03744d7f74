"""How many organisations of each network can be seen here, as the directory tells anybody."""

from collections.abc import Mapping
from typing import Final

import httpx

COUNTS_TIMEOUT_S: Final = 1.0
COUNTS_KEPT_S: Final = 5.0

Counts = Mapping[str, int] | None
"""By network, how many organisations of it can be seen here; none where nobody answers."""


class EntityCounts:
    """Asks the directory how many organisations of each network are seen, now and then.

    It asks as anybody may, because anybody may read the status page.

    Args:
        client: asks; it shows no token here.
        directory: the base address of the node's directory, or none where it has none.
    """

    def __init__(self, client: httpx.AsyncClient, directory: str | None) -> None:
        self._client = client
        self._directory = directory
        self._kept: Counts = None
        self._until = float("-inf")

    async def by_origin(self, *, now_s: float) -> Counts:
        """Return the counts, a few seconds old at most; none where the directory is silent."""
        if now_s >= self._until:
            # Until then all readers get the same answer, also while it is being asked for.
            self._until = now_s + COUNTS_KEPT_S
            self._kept = await self._asked()
        return self._kept

    async def _asked(self) -> Counts:
        if self._directory is None:
            return None
        try:
            answer = await self._client.get(
                f"{self._directory}/entities/counts", auth=None, timeout=COUNTS_TIMEOUT_S
            )
            answer.raise_for_status()
            told = answer.json()
            return {one["origin"]: int(one["entities"]) for one in (told["own"], *told["others"])}
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return None
