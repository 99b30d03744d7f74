"""Asking the node's other services over HTTP: where their logs stand, and what they have."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import httpx
import structlog

from shared.service import ServiceHost

ASK_TIMEOUT_S: Final = 3.0

log = structlog.get_logger(__name__)


class Siblings:
    """The services of this node, the node service itself among them.

    Args:
        host: the running node service, whose own token they are shown.
    """

    def __init__(self, host: ServiceHost) -> None:
        self._host = host

    @property
    def names(self) -> list[str]:
        """The names of the services that run here."""
        return list(self._host.settings.urls)

    async def standings(self) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """Return by service where its logs stand and those that it follows; and who was silent."""
        own = self._host.place.service
        others = [name for name in self.names if name != own]
        found = await asyncio.gather(*(self.get(name, "/log/standing") for name in others))
        standings = dict(zip(others, found, strict=True))
        standings[own] = await self._host.desk.standing()
        silent = sorted(name for name, standing in standings.items() if standing is None)
        return {name: told for name, told in standings.items() if told is not None}, silent

    async def left_behind(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Return what each service left behind when its log was reopened; and who was silent."""
        standings, silent = await self.standings()
        rows = [
            {"service": service, **row}
            for service, standing in standings.items()
            for row in standing.get("left_behind", ())
        ]
        return rows, silent

    async def get(self, service: str, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return what a service answers at a path, or none where it does not answer well."""
        if service not in self._host.settings.urls:
            return None
        try:
            answer = await self._host.client.get(
                f"{self._host.url(service)}{path}", params=params, timeout=ASK_TIMEOUT_S
            )
            answer.raise_for_status()
            return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            log.info("sibling silent", peer=service, reason=type(error).__name__)
            return None
