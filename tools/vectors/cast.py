"""Who plays in the vectors: one continent with its hub and two nodes, all with fixed keys.

The seed of each key is the SHA-256 of ``twiza test vector: <name>``, so that anybody can make it.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, Final

from shared.canonical import canonical
from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.keys import Prefix, SigningKey
from shared.log.certificates import certify
from shared.log.names import LogName
from shared.log.page import NO_PAGE, SealedPage, page_bytes, sha256_hex, sign_page


def raw_seed(name: str) -> bytes:
    """Return the 32 bytes of a seed of the vectors."""
    return hashlib.sha256(f"twiza test vector: {name}".encode("ascii")).digest()


def key(name: str, prefix: Prefix) -> SigningKey:
    """Return a key of the vectors."""
    return SigningKey(raw_seed(name), prefix)


AFRICA_ROOT: Final = key("root of africa", Prefix.ROOT)
SOUSS_ROOT: Final = key("root of souss", Prefix.ROOT)
TERANGA_ROOT: Final = key("root of teranga", Prefix.ROOT)
SOUSS_DIRECTORY: Final = key("directory of souss", Prefix.SERVICE)
SOUSS_DIRECTORY_2: Final = key("second directory of souss", Prefix.SERVICE)
SOUSS_NODE: Final = key("node of souss", Prefix.SERVICE)
SOUSS_EXCHANGE: Final = key("exchange of souss", Prefix.SERVICE)
SOUSS_LEAF: Final = key("leaf of souss", Prefix.USER)
TERANGA_DIRECTORY: Final = key("directory of teranga", Prefix.SERVICE)

SOUSS: Final = NodeName("souss")
TERANGA: Final = NodeName("teranga")
DIRECTORY: Final = ServiceName("directory")
SOUSS_LOG: Final = LogName(SOUSS, DIRECTORY, Log.PUBLIC)
TERANGA_LOG: Final = LogName(TERANGA, DIRECTORY, Log.PUBLIC)

CERTIFICATE: Final = certify(SOUSS_ROOT, node=SOUSS, service=DIRECTORY, key=SOUSS_DIRECTORY.public)
SUCCESSOR: Final = certify(
    SOUSS_ROOT,
    node=SOUSS,
    service=DIRECTORY,
    key=SOUSS_DIRECTORY_2.public,
    begins={Log.PUBLIC: (1, 3), Log.PRIVATE: (1, 2)},
)
"""The certificate of the key that follows: it speaks from page 3 of the public log."""


def event(kind: str, about: str, data: dict[str, Any], *, number: int, **other: Any) -> bytes:
    """Return the canonical CloudEvent of the directory of souss.

    Args:
        kind: the type without ``org.twiza.``.
        about: its subject.
        data: what it tells.
        number: makes its id, and the second at which it happened.
        other: members that are unlike those of an honest event.
    """
    return canonical(
        {
            "specversion": "1.0",
            "id": f"01a1ff0c-ee80-7000-8000-{number:012d}",
            "source": "twiza:souss/directory",
            "type": f"org.twiza.{kind}",
            "subject": about,
            "time": f"2026-11-21T17:00:{number:02d}.000Z",
            "datacontenttype": "application/json",
            "data": data,
            **other,
        }
    )


def page(
    bodies: Sequence[bytes],
    *,
    number: int,
    prev: str = NO_PAGE,
    epoch: int = 1,
    log: LogName = SOUSS_LOG,
    signer: SigningKey = SOUSS_DIRECTORY,
    certificate: str = CERTIFICATE,
) -> SealedPage:
    """Return a sealed page, an honest one where nothing else is said."""
    data = page_bytes(
        node=log.node,
        service=log.service,
        log=log.log,
        epoch=epoch,
        number=number,
        prev=prev,
        sealed_at=f"2026-11-21T17:01:{number:02d}.000Z",
        bodies=bodies,
    )
    return sealed(data, place=(epoch, number), signer=signer, certificate=certificate)


def sealed(
    data: bytes,
    *,
    place: tuple[int, int] = (1, 1),
    signer: SigningKey = SOUSS_DIRECTORY,
    certificate: str = CERTIFICATE,
) -> SealedPage:
    """Return any bytes as a page that a key has signed."""
    return SealedPage(
        log=Log.PUBLIC,
        epoch=place[0],
        number=place[1],
        data=data,
        sha256=sha256_hex(data),
        signature=sign_page(sha256_hex(data), signer),
        certificate=certificate,
    )


def shown(found: SealedPage) -> dict[str, Any]:
    """Return a page as a vector shows it: its bytes in base64, and what travels beside them."""
    return {
        "epoch": found.epoch,
        "number": found.number,
        "bytes": base64_of(found.data),
        "sha256": found.sha256,
        "signature": found.signature,
        "certificate": found.certificate,
    }


def base64_of(data: bytes) -> str:
    """Return bytes in base64, with padding, as all vectors have them."""
    return b64encode(data).decode("ascii")
