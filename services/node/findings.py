"""Findings: what has lasted without any progress for longer than its patience."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.log.names import LogName


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that needs a look, by a code that commands and pages say in five languages."""

    code: str
    detail: str
    grave: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """Return it as an answer tells it."""
        return {**self.values, "code": self.code, "grave": self.grave, "detail": self.detail}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something seen in one look. It becomes a finding when it lasts.

    Args:
        key: what it is about; the same condition has the same key at each look.
        marker: what changes with progress; a condition that moves is only busy.
        patience_s: how long it may last.
        stalled: the log that stays behind, where setting sources again may help.
    """

    key: Hashable
    finding: Finding
    patience_s: float
    marker: Hashable = None
    stalled: LogName | None = None


class Patience:
    """Remembers since when each condition lasts without progress."""

    def __init__(self) -> None:
        self._since: dict[Hashable, tuple[Hashable, float]] = {}

    def lasting(self, conditions: Iterable[Condition], now: float) -> list[tuple[Condition, float]]:
        """Return the conditions that have lasted long enough, each with for how long, in seconds.

        Args:
            conditions: all that one look has seen.
            now: seconds of a clock that only goes forward.
        """
        since: dict[Hashable, tuple[Hashable, float]] = {}
        lasting = []
        for condition in conditions:
            marker, began = self._since.get(condition.key, (condition.marker, now))
            if marker != condition.marker:
                began = now
            since[condition.key] = condition.marker, began
            if now - began >= condition.patience_s:
                lasting.append((condition, now - began))
        self._since = since
        return lasting
