"""Deciding when a stream's sources are set again, so that pages flow soon after a link returns.

A source whose other side was restarted waits up to 45 s by itself; set again, it flows after
about 1.5 s. Doing so costs the server a search in a long stream, so it is done no more than needed.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.node.stream_configs import NOTHING

STALLED_S: Final = 5.0
PAUSE_MIN_S: Final = 2.0
PAUSE_MAX_S: Final = 60.0
LONG_STREAM_MESSAGES: Final = 1_000_000

_LOG: Final = re.compile(r"(OUT_[a-z0-9-]+_[a-z]+)(?:_([0-9]+))?")
_NEVER: Final = float("-inf")


@dataclass(slots=True)
class _Known:
    """What is remembered of one stream."""

    reset_at: float = _NEVER
    pause_s: float = STALLED_S
    returned: set[str] = field(default_factory=set)


class Revival:
    """Remembers which links returned and what was done about it."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def returned(self, streams: Iterable[str], peer: str) -> None:
        """Note that the link with a node has come up, for all streams that may draw from it."""
        for stream in streams:
            self._known.setdefault(stream, _Known()).returned.add(peer)

    def awaits(self) -> bool:
        """Whether a link has returned and not all has been done about it."""
        return any(known.returned for known in self._known.values())

    def due(self, info: Mapping[str, Any], *, linked: Collection[str], now: float) -> bool:
        """Return whether to set a stream's sources again now.

        Args:
            info: what JetStream says of the stream.
            linked: the nodes that are connected; from others nothing can come.
            now: seconds of a clock that only goes forward.

        A returned link is reason enough, unless the stream is long: then, as at any other time,
        a linked source must have been silent for five seconds. Each time that this did not help,
        the next one comes later.
        """
        known = self._known.setdefault(info["config"]["name"], _Known())
        silent = stalled(info, linked=linked)
        if not silent:
            known.pause_s = STALLED_S
        since_s = now - known.reset_at
        long = info["state"]["messages"] > LONG_STREAM_MESSAGES
        drawn = {peer_of(source) for source in info.get("sources") or ()}
        known.returned &= drawn & set(linked)
        if known.returned and not long:
            return since_s >= PAUSE_MIN_S
        return bool(silent) and since_s >= known.pause_s

    def done(self, stream: str, *, now: float) -> None:
        """Note that a stream's sources were set again."""
        known = self._known.setdefault(stream, _Known())
        if not known.returned:
            known.pause_s = min(2 * known.pause_s, PAUSE_MAX_S)
        known.returned.clear()
        known.reset_at = now


def stalled(info: Mapping[str, Any], *, linked: Collection[str]) -> list[str]:
    """Return the names of a stream's sources that should flow and were silent for five seconds.

    A live source is heard every second even when it has nothing to say. The stream of a log's
    next epoch does not exist yet, and its source is silent for that reason.
    """
    sources = info.get("sources") or ()
    awaited = _next_epochs(source["name"] for source in sources)
    return [
        source["name"]
        for source in sources
        if source["name"] not in awaited
        and source["name"] != NOTHING["name"]
        and (peer_of(source) is None or peer_of(source) in linked)
        and not 0 <= source.get("active", -1) <= STALLED_S * 1e9
    ]


def peer_of(source: Mapping[str, Any]) -> str | None:
    """Return the node from which a source draws; None for this node itself."""
    api = (source.get("external") or {}).get("api", "")
    return api.removeprefix("$JS.").removesuffix(".API") or None


def _next_epochs(names: Iterable[str]) -> set[str]:
    newest: dict[str, tuple[int, str]] = {}
    for name in names:
        match = _LOG.fullmatch(name)
        if match is not None:
            log, epoch = match[1], int(match[2] or 1)
            newest[log] = max(newest.get(log, (0, "")), (epoch, name))
    return {name for epoch, name in newest.values() if epoch > 1}
