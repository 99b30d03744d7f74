"""The root key's word for the keys of the node's five services, kept beside those keys."""

from typing import Final

from services.node.home import Home
from shared.ids import SERVICES, NodeName, ServiceName
from shared.keys import SigningKey, write_secret
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
