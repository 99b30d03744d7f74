"""What a steward may want to be done, and the refusals that it may meet."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from shared.refusals import Kind, Refusal

CAUSE_MAX: Final = 500


class ActKind(StrEnum):
    """What can be decided of a node."""

    ADMIT = "admit"
    REFUSE = "refuse"
    LIMIT = "limit"
    QUARANTINE = "quarantine"
    CUT = "cut"
    RESTORE = "restore"
    RELEASE = "release"


NEEDS_CAUSE: Final = frozenset(
    {ActKind.REFUSE, ActKind.LIMIT, ActKind.QUARANTINE, ActKind.CUT, ActKind.RELEASE}
)
ON_REQUESTS: Final = frozenset({ActKind.ADMIT, ActKind.REFUSE})
"""Acts on a request to join, which name its fingerprint."""


class CauseMissing(Refusal):
    """A node was to be limited, or worse, without a word why."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "cause-missing"
    title: ClassVar[str] = "Say why; the node and the others will read it"


class FingerprintMissing(Refusal):
    """A request to join was to be decided without its fingerprint."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "fingerprint-missing"
    title: ClassVar[str] = "Name the fingerprint that the network has told you"


class HubMissing(Refusal):
    """A node was to be let go without saying where."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "hub-missing"
    title: ClassVar[str] = "Name the continental hub to which the node goes"


class NotWaiting(Refusal):
    """No request of that name waits under that fingerprint."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-waiting"
    title: ClassVar[str] = "No request of that name waits under that fingerprint"


class AskedBefore(Refusal):
    """Somebody else asked for the same name first; their request is decided first."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "asked-before"
    title: ClassVar[str] = "Another network asked for this name first; decide that request first"


class AlreadySo(Refusal):
    """A node stands already as the act would have it, or an act does not fit how it stands."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "already-so"
    title: ClassVar[str] = "This does not fit how the node stands"


class AdmissionNeeded(Refusal):
    """A node that was cut off comes back only by being admitted again."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "admission-needed"
    title: ClassVar[str] = "A node that was cut off asks to join again, and is admitted again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a steward wants to be done."""

    kind: ActKind
    node: str
    fingerprint: str = ""
    cause: str = ""
    to: str = ""


def require_whole(proposal: Proposal) -> None:
    """Return quietly when a proposal says what it must.

    Raises:
        CauseMissing, FingerprintMissing, HubMissing.
    """
    if proposal.kind in NEEDS_CAUSE and not proposal.cause.strip():
        raise CauseMissing()
    if proposal.kind in ON_REQUESTS and not proposal.fingerprint:
        raise FingerprintMissing()
    if proposal.kind is ActKind.RELEASE and proposal.to in ("", proposal.node):
        raise HubMissing()
