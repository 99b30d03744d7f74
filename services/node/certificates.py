"""The root key's word for the keys of the node's five services, kept beside those keys."""

from collections.abc import Mapping
from typing import Final

from services.node.home import Home
from shared.events import Log
from shared.ids import SERVICES, NodeName, ServiceName
from shared.keys import Prefix, SigningKey, write_secret
from shared.log.certificates import (
    ROLE_TOKENS,
    BadCertificate,
    Certificate,
    certify,
    checked_certificate,
)

ROLES: Final[dict[str, tuple[str, ...]]] = {"node": (ROLE_TOKENS,)}
"""What else a service's key may sign; until the portal is there, the node service signs tokens."""


def ensure(home: Home) -> None:
    """Certify each service's key, where the root key has not done so already.

    A certificate that holds is left as it is: it may say that its key begins at a later page.
    """
    root, node = SigningKey.load(home.root_key), home.settings().name
    for service in SERVICES:
        key = SigningKey.load(home.service_key(service)).public
        roles = ROLES.get(service, ())
        if not _holds(held(home, service, root.public), node, service, key, roles):
            text = certify(root, node=node, service=service, key=key, roles=roles)
            write_secret(home.service_certificate(service), text.encode("ascii") + b"\n")


def replace(home: Home, service: ServiceName, *, begins: Mapping[Log, tuple[int, int]]) -> str:
    """Give a service a new key, which speaks from these pages on; return its public text.

    The old key ends for every reader with the first page that the new one signs. The service must
    not run meanwhile: it reads its key when it starts.

    Args:
        home: the node's home.
        service: whose key it is.
        begins: of each of its logs the page (epoch, number) that comes next.
    """
    root, node = SigningKey.load(home.root_key), home.settings().name
    key = SigningKey.generate(Prefix.SERVICE)
    text = certify(
        root,
        node=node,
        service=service,
        key=key.public,
        roles=ROLES.get(service, ()),
        begins=begins,
    )
    # The certificate first: a key that lay there alone would be certified from the first page on at
    # the next start, and the old one would never end.
    write_secret(home.service_certificate(service), text.encode("ascii") + b"\n")
    key.save(home.service_key(service))
    return key.public


def held(home: Home, service: ServiceName, root_key: str) -> Certificate | None:
    """Return the certificate of a service's key, or none where there is none that holds."""
    try:
        text = home.service_certificate(service).read_text("ascii").strip()
        return checked_certificate(text, root_key)
    except (FileNotFoundError, UnicodeDecodeError, BadCertificate):
        return None


def _holds(
    found: Certificate | None,
    node: NodeName,
    service: ServiceName,
    key: str,
    roles: tuple[str, ...],
) -> bool:
    return (
        found is not None
        and (found.node, found.service, found.key) == (node, service, key)
        and set(roles) <= set(found.roles)
    )
