"""Service certificates: a node's root key says which key speaks for a service, from which page.

A certificate travels with every page, so a page never arrives before its key. It is valid from a
page of each log until a later certificate's first page, so no clock is needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final

from shared.canonical import canonical, parse_canonical
from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.keys import BadKey, BadSignature, SigningKey, verify
from shared.log.page import Unsigned, padless, unpadded
from shared.refusals import Kind, Refusal

CERTIFICATE_TAG: Final = b"twiza/certificate/1\n"
CERTIFICATE_BYTES_MAX: Final = 2_048
ROLE_TOKENS: Final = "tokens"
"""The role of a key that signs the tokens of people and programs of its node."""


class BadCertificate(Refusal):
    """A certificate is malformed, or the node's root key has not signed it."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "bad-certificate"
    title: ClassVar[str] = "The node's root key has not certified this key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Which key speaks for a service of a node, from which page of which epoch of each log."""

    node: NodeName
    service: ServiceName
    key: str
    roles: tuple[str, ...]
    public_from: tuple[int, int]
    private_from: tuple[int, int]

    def begins(self, log: Log) -> tuple[int, int]:
        """Return the (epoch, number) of the first page that this key signs in a log."""
        return self.public_from if log is Log.PUBLIC else self.private_from

    def statement(self) -> bytes:
        """Return the canonical bytes that the root key signs, without their tag."""
        return canonical(
            {
                "key": self.key,
                "node": self.node,
                "private_from": list(self.private_from),
                "public_from": list(self.public_from),
                "roles": list(self.roles),
                "service": self.service,
                "v": 1,
            }
        )


def certify(
    root: SigningKey,
    *,
    node: NodeName,
    service: ServiceName,
    key: str,
    roles: tuple[str, ...] = (),
    begins: Mapping[Log, tuple[int, int]] | None = None,
) -> str:
    """Return the text of a certificate, signed by the node's root key.

    Args:
        key: the service's public key.
        roles: what else the key may sign, for example ``tokens``.
        begins: the first page of each log that it signs; (1, 1) where nothing is said.
    """
    begins = begins or {}
    certificate = Certificate(
        node=node,
        service=service,
        key=key,
        roles=roles,
        public_from=begins.get(Log.PUBLIC, (1, 1)),
        private_from=begins.get(Log.PRIVATE, (1, 1)),
    )
    statement = certificate.statement()
    return f"{padless(statement)}.{padless(root.sign(CERTIFICATE_TAG + statement))}"


@lru_cache(maxsize=4096)
def read_certificate(text: str) -> tuple[Certificate, bytes, bytes]:
    """Return a certificate's claims, the bytes that were signed, and the signature, unchecked.

    Raises:
        BadCertificate: it is malformed.
    """
    if len(text) > CERTIFICATE_BYTES_MAX:
        raise BadCertificate("too long")
    first, _, second = text.partition(".")
    try:
        statement, signature = unpadded(first), unpadded(second)
        value = parse_canonical(statement, depth_max=4)
        certificate = Certificate(
            node=NodeName(_words(value["node"])),
            service=ServiceName(_words(value["service"])),
            key=_words(value["key"]),
            roles=tuple(_words(role) for role in value["roles"]),
            public_from=_place(value["public_from"]),
            private_from=_place(value["private_from"]),
        )
    except (Refusal, KeyError, TypeError, ValueError) as error:
        raise BadCertificate("malformed") from error
    if certificate.statement() != statement:
        raise BadCertificate("other fields than those of a certificate")
    return certificate, statement, signature


@lru_cache(maxsize=4096)
def checked_certificate(text: str, root_key: str) -> Certificate:
    """Return the claims of a certificate that this root key has signed.

    Raises:
        BadCertificate: malformed, or signed by another key.
    """
    certificate, statement, signature = read_certificate(text)
    try:
        verify(root_key, CERTIFICATE_TAG + statement, signature)
    except (BadKey, BadSignature, Unsigned) as error:
        raise BadCertificate(f"{certificate.node}/{certificate.service}") from error
    return certificate


def _words(value: object) -> str:
    if not isinstance(value, str) or len(value) > 128:
        raise ValueError("not a short text")
    return value


def _place(value: object) -> tuple[int, int]:
    match value:
        case [int(epoch), int(number)] if epoch >= 1 and number >= 1:
            if type(epoch) is int and type(number) is int:
                return epoch, number
    raise ValueError("not a place in a log")
