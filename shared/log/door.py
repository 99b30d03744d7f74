"""The door: what every page of another log must pass, on its bytes, before anything else.

Size, certificate, signature, node and service equal to the subject's; then the parse, the canonical
form, and each event within its signer's namespace. Order (epoch, number, prev) is the inbox's work,
since it needs the cursor.
"""

from typing import Any, ClassVar, Final

from shared.events import BrokenContract, NotItsNamespace, kind_of
from shared.log.certificates import Certificate, checked_certificate
from shared.log.names import LogName
from shared.log.page import (
    PAGE_BYTES_MAX,
    Page,
    PageTooLarge,
    SealedPage,
    SignedPage,
    Unsigned,
    parse_page,
    sha256_hex,
    verify_page,
)
from shared.log.trust import KnownNode, Standing, Trust
from shared.refusals import Kind, Refusal

_TEXT: Final = {str}
OF_ANY_SERVICE = frozenset({"letter", "log.reopened", "log.quarantined"})
"""Kinds that any service's log may hold."""


class UnknownNode(Refusal):
    """A page of a node that no hub we know has admitted; it is held until one does."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "unknown-node"
    title: ClassVar[str] = "No hub that we know has admitted this node"


class NotItsSubject(Refusal):
    """A page of one log came under the subject of another."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-its-subject"
    title: ClassVar[str] = "The page belongs to another log than its subject says"


class KeyOutOfRange(Refusal):
    """A key signed a page before its first one, or after its successor's first one."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "key-out-of-range"
    title: ClassVar[str] = "This key does not speak for that page"


class NodeCut(Refusal):
    """A page after the last one that counts of a node that was cut off."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "node-cut"
    title: ClassVar[str] = "This node was cut off before that page"


class NodeQuarantined(Refusal):
    """A page of a node in quarantine; it is held until its standing changes."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "node-quarantined"
    title: ClassVar[str] = "This node's pages are kept and not applied"


class SignedButBad(Refusal):
    """A page that its service has signed is none: the log itself is at fault.

    It carries the first refusal as its cause and its slug in ``reason``.
    """

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "signed-but-bad"
    title: ClassVar[str] = "A signed page does not hold what a page holds"

    def __init__(self, reason: Refusal) -> None:
        super().__init__(f"{reason.slug}: {reason.detail}")
        self.reason = reason


class Door:
    """Checks pages against what is known of their nodes."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._keys: dict[LogName, dict[str, Certificate]] = {}

    def check(
        self, data: bytes, *, signature: str, certificate: str, expected: LogName
    ) -> SignedPage:
        """Return the page that these bytes are.

        Args:
            data: the page's bytes as they came.
            signature, certificate: the two headers that came with it.
            expected: the log that its subject names, as stamped by the receivers on its way.

        Raises:
            PageTooLarge, UnknownNode, NodeQuarantined, BadCertificate, Unsigned, NotItsSubject:
                nobody can be held to these bytes; anyone may have made them.
            SignedButBad: the log's own key has signed what is no page.
            KeyOutOfRange, NodeCut: the key or the node does not speak for that page any more.
        """
        if len(data) > PAGE_BYTES_MAX:
            raise PageTooLarge(f"{len(data)} bytes")
        known = self._trust.node(expected.node)
        if known is None:
            raise UnknownNode(expected.node)
        if known.standing is Standing.QUARANTINED:
            raise NodeQuarantined(expected.node)
        claims = checked_certificate(certificate, known.root_key)
        if claims.node != expected.node or claims.service != expected.service:
            raise NotItsSubject(f"{claims.node}/{claims.service} under {expected}")
        sha256 = sha256_hex(data)
        if verify_page(sha256, signature) != claims.key:
            raise Unsigned("signed by another key than the certificate's")
        try:
            page = parse_page(data)
        except Refusal as error:
            self._require_in_use(claims, expected, known)
            raise SignedButBad(error) from error
        if (page.node, page.service, page.log) != (
            expected.node,
            expected.service,
            expected.log,
        ):
            raise NotItsSubject(f"{page.node}/{page.service} under {expected}")
        self._require_range(page, claims, expected)
        last = known.last_pages.get(expected.service, (0, 0))
        if known.standing is Standing.CUT and (page.epoch, page.number) > tuple(last):
            raise NodeCut(f"{expected}: page {page.number}")
        return SignedPage(
            page=page,
            sealed=SealedPage(
                log=page.log,
                epoch=page.epoch,
                number=page.number,
                data=data,
                sha256=sha256,
                signature=signature,
                certificate=certificate,
            ),
        )

    def _require_in_use(self, claims: Certificate, name: LogName, known: KnownNode) -> None:
        """Refuse what a key signs when it speaks for its log no longer.

        What is no page has no number by which to judge that; a stolen key that has been replaced
        must not be able to stop the log.
        """
        if known.standing is Standing.CUT:
            raise NodeCut(f"{name}: no page")
        begin = claims.begins(name.log)
        keys = self._keys.get(name, {}).values()
        if any(other.begins(name.log) > begin for other in keys):
            raise KeyOutOfRange(f"{name}: no page, and signed by an older key")

    def remember(self, name: LogName, certificate: str) -> None:
        """Hold further pages to a certificate of a page that was applied before."""
        known = self._trust.node(name.node)
        if known is not None:
            claims = checked_certificate(certificate, known.root_key)
            self._keys.setdefault(name, {})[claims.key] = claims

    def _require_range(self, page: Page, claims: Certificate, name: LogName) -> None:
        place = (page.epoch, page.number)
        begin = claims.begins(page.log)
        if place < begin:
            raise KeyOutOfRange(f"{name}: page {page.number} comes before the key's first")
        keys = self._keys.setdefault(name, {})
        keys.setdefault(claims.key, claims)
        for other in keys.values():
            if begin < other.begins(page.log) <= place:
                raise KeyOutOfRange(f"{name}: page {page.number} is a later key's")


def require_namespace(event: dict[str, Any], page: Page) -> tuple[str, int]:
    """Return the kind and version of an event that its page's service may tell.

    Raises:
        BrokenContract: it is no CloudEvent of this system.
        NotItsNamespace: it tells in another's name.
    """
    try:
        wire_type, source, subject = event["type"], event["source"], event["subject"]
        texts = (wire_type, source, subject, event["id"], event["time"])
        data = event["data"]
    except KeyError as error:
        raise BrokenContract("not a CloudEvent of this system") from error
    if set(map(type, texts)) != _TEXT or type(data) is not dict:
        raise BrokenContract("not a CloudEvent of this system")
    kind, version = kind_of(wire_type)
    if source != f"twiza:{page.node}/{page.service}":
        raise NotItsNamespace(f"source {source[:100]} in a page of {page.node}")
    if kind not in OF_ANY_SERVICE and kind.split(".", 1)[0] != page.service:
        raise NotItsNamespace(f"{kind} in a page of the {page.service}")
    owner, colon, _ = subject.partition(":")
    if colon and owner != page.node:
        raise NotItsNamespace(f"subject {subject[:100]} in a page of {page.node}")
    return kind, version
