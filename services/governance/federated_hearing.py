"""Whether this network hears the others: who is cut off does not say who was missing."""

import time
from collections.abc import Callable
from typing import Final

from shared.log.relay import RelayState

STEADY_S: Final = 5.0
"""How long everything has to come back before we take it that what waited has come in, too."""


class Hearing:
    """Tells from the own pages that come back from the hub whether the line holds.

    A page that comes back was gathered behind all that the hub had from others before. At the start
    nothing may have been told yet: then it counts that the hub has answered.

    Args:
        state: of the relay of the own public log.
        has_hub: whether there is a hub that could be lost.
        seconds: a clock that only goes forward.
    """

    def __init__(
        self,
        state: RelayState,
        *,
        has_hub: bool,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = state
        self._has_hub = has_hub
        self._seconds = seconds
        self._since: float | None = None
        self._first: tuple[int, int] | None = None

    def __call__(self) -> bool:
        """Return whether the line has held for a while."""
        now = self._seconds()
        if not self._holds():
            self._since = None
            return False
        self._since = now if self._since is None else self._since
        return not self._has_hub or now - self._since >= STEADY_S

    def _holds(self) -> bool:
        state = self._state
        if not state.compared or not self._has_hub:
            return state.compared
        if self._first is None:
            self._first = state.published
        if not state.witnessed:
            return False
        return state.receipt >= state.published or (
            state.receipt == (0, 0) and state.published == self._first
        )
