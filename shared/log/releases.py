"""Releases: a hub's signed word that a node goes on with another hub.

A node belongs to the hub that admitted it. Two hubs' logs come in any order, so the new hub shows
the old one's word, under its root key, together with its own.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from shared.canonical import canonical
from shared.contracts.peers import Release
from shared.keys import BadKey, BadSignature, SigningKey, verify
from shared.log.page import Unsigned, unpadded
from shared.refusals import Kind, Refusal

RELEASE_TAG: Final = b"twiza/release/1\n"

RootKeyOf = Callable[[str], str | None]
"""Returns the root key of a continental hub, none where it is not known as one."""


class NotReleased(Refusal):
    """A hub takes in a node that its former hub has not let go to it."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-released"
    title: ClassVar[str] = "The node's present hub has not let it go to this one"


def signed_release(
    root: SigningKey, *, node: str, root_key: str, by: str, to: str, revision: int
) -> Release:
    """Return a hub's word that a node may go to another hub.

    Args:
        root: the root key of the hub that lets it go.
        node, root_key: who goes.
        by, to: the names of the two hubs.
        revision: of what the hub has told of the node.
    """
    said = {"node": node, "root_key": root_key, "by": by, "to": to, "revision": revision}
    signature = root.sign(RELEASE_TAG + canonical(said))
    text = urlsafe_b64encode(signature).rstrip(b"=").decode("ascii")
    return Release.model_validate({**said, "signature": text})


def require_way(
    releases: Sequence[Release],
    *,
    node: str,
    root_key: str,
    at: str,
    to: str,
    root_key_of: RootKeyOf,
) -> None:
    """Return quietly when releases lead a node from the hub where it stands to another.

    Args:
        releases: of each former hub its last word, in any order.
        node, root_key: who goes.
        at: the hub to which it belongs, as far as is known here.
        to: the hub that takes it in.

    Raises:
        NotReleased: they do not, or one of them is not signed by its hub.
    """
    words = {one.by: one for one in releases}
    while at != to:
        # Taken out, so that hubs which send a node in a circle lead nowhere.
        one = words.pop(at, None)
        if one is None or (one.node, one.root_key) != (node, root_key):
            raise NotReleased(f"{node} belongs to {at}")
        _require_signed(one, root_key_of(at))
        at = one.to


def _require_signed(release: Release, root_key: str | None) -> None:
    if root_key is None:
        raise NotReleased(f"{release.by} is no hub that is known here")
    said = release.model_dump(mode="json", exclude={"signature"})
    try:
        verify(root_key, RELEASE_TAG + canonical(said), unpadded(release.signature))
    except (BadKey, BadSignature, Unsigned) as error:
        raise NotReleased(f"not signed by {release.by}") from error
