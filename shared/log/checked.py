"""What the door has said of the messages of one batch, before they are taken in together."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.bus import Delivered
from shared.log.door import SignedButBad
from shared.log.names import LogName
from shared.log.page import SealedPage, SignedPage, sha256_hex, unchecked_identity
from shared.refusals import Refusal


@dataclass(slots=True)
class Checked:
    """What the door said of the messages of one batch."""

    pages: list[SignedPage] = field(default_factory=list)
    own: list[Delivered] = field(default_factory=list)
    held: list[tuple[LogName, SealedPage, str]] = field(default_factory=list)
    bad: list[tuple[LogName, SealedPage, SignedButBad]] = field(default_factory=list)
    refused: list[tuple[LogName, SealedPage, Refusal]] = field(default_factory=list)

    def each(self) -> Iterator[tuple[LogName, SealedPage, "Checked"]]:
        """Yield each message for itself, in the order in which they are taken in together."""
        for held in self.held:
            yield held[0], held[1], Checked(held=[held])
        for refused in self.refused:
            yield refused[0], refused[1], Checked(refused=[refused])
        for signed in self.pages:
            page = signed.page
            name = LogName(page.node, page.service, page.log)
            yield name, signed.sealed, Checked(pages=[signed])
        for bad in self.bad:
            yield bad[0], bad[1], Checked(bad=[bad])


def as_claimed(name: LogName, data: bytes, signature: str, certificate: str) -> SealedPage:
    """Return refused bytes under the place that they claim, cut short where they are too long."""
    claimed = unchecked_identity(data[:600_000])
    epoch, number = (claimed[3], claimed[4]) if claimed else (0, 0)
    in_range = 0 <= epoch < 2**31 and 0 <= number < 2**53
    return SealedPage(
        log=name.log,
        epoch=epoch if in_range else 0,
        number=number if in_range else 0,
        data=data,
        sha256=sha256_hex(data),
        signature=signature,
        certificate=certificate,
    )
