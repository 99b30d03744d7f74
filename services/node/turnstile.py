"""A turnstile before an open door: so much a minute, and of that a part for each address."""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from shared.refusals import Kind, Refusal

ADDRESSES_MAX: Final = 1_000
SHARE_OF_ONE: Final = 3
"""One address may use a third of what is answered in a minute."""


class AskedTooOften(Refusal):
    """More was asked at the open door than it answers in a minute."""

    kind: ClassVar[Kind] = Kind.TOO_MANY
    slug: ClassVar[str] = "asked-too-often"
    title: ClassVar[str] = "Too much is asked here just now; ask again in a minute"


@dataclass(slots=True)
class Turnstile:
    """Counts what is asked in each minute, in all and by address; what goes beyond is refused.

    Args:
        per_minute: how much is answered in a minute.
    """

    per_minute: int
    _minute: int = -1
    _by_address: dict[str, int] = field(default_factory=dict)
    _all: int = 0

    def pass_one(self, address: str, *, now_s: float) -> None:
        """Let one request pass.

        Raises:
            AskedTooOften: enough has passed in this minute.
        """
        minute = int(now_s // 60)
        if minute != self._minute:
            self._minute, self._all = minute, 0
            self._by_address.clear()
        of_one = self._by_address.get(address, 0)
        full = len(self._by_address) >= ADDRESSES_MAX and not of_one
        if (
            full
            or self._all >= self.per_minute
            or of_one >= max(1, self.per_minute // SHARE_OF_ONE)
        ):
            raise AskedTooOften(retry_after_s=60)
        self._all += 1
        self._by_address[address] = of_one + 1
