"""The node service's settings, and what every service of a node is told of its home."""

import json
from pathlib import Path
from typing import Any

from services.node.home import Federation, Home, NodeSettings
from shared.contracts.node import Parent
from shared.ids import SERVICES, ServiceName
from shared.keys import SigningKey
from shared.service import ServiceSettings
from shared.subjects import Level, inbox_prefix


class NodeServiceSettings(ServiceSettings, service="node"):
    """What the node service is told when it starts."""

    home: Path = Path()
    """The node's home directory."""
    heads_first_s: float = 60.0
    """How long after its last page the node first announces its heads, in seconds."""
    heads_most_s: float = 3_600.0
    """The longest time between two announcements of heads, in seconds."""
    link_poll_s: float = 0.5
    """How long between two looks at the leaf links, in seconds."""
    source_reset_s: float = 60.0
    """How long between two resets of sources that stall in silence, in seconds."""
    upkeep_s: float = 60.0
    """How long between two looks at credentials, letter keys and the description, in seconds."""
    renew_before_days: int = 30
    """How many days before its end a member's credential is renewed."""
    late_s: float = 60.0
    """How long a gap, a receipt or a head may be outstanding before the watch tells, in seconds."""
    waiting_max: int = 50
    """How many requests to join may wait at a hub."""
    joining_per_minute: int = 240
    """How many requests to join, and questions after one, a hub answers in a minute."""


def service_values(
    home: Home, service: str, *, release: str = "0", single: bool = False
) -> dict[str, Any]:
    """Return what a service of a node is told when it starts: the values of its settings.

    Args:
        home: the node's home.
        service: which of the services.
        release: the release of the software.
        single: whether all services share one process and one port.
    """
    settings, federation = home.settings(), home.federation()
    hub = federation.hub if federation else None
    values: dict[str, Any] = {
        "node": settings.name,
        "continent": settings.continent,
        "level": settings.level.value,
        "release": release,
        "database": f"sqlite:///{home.database(service)}",
        "nats": f"nats://127.0.0.1:{settings.ports.nats}",
        "fed_creds": home.user_creds("fed", service),
        "app_creds": home.user_creds("app", service),
        "inbox_prefix": inbox_prefix(settings.name, hub, service),
        "key": home.service_key(service),
        "certificates": {name: home.service_certificate(name) for name in SERVICES},
        "root_key": SigningKey.load(home.root_key).public,
        "urls": {name: service_url(settings, name, single=single) for name in settings.services},
        "letter_secrets": home.keys / "letters" / service,
        "slot": home.slot(),
    }
    if federation is not None:
        values["hub"] = parent_of(settings, federation).model_dump_json()
        values["gathering"] = _gathering(settings, federation)
    if service == "node":
        values["home"] = home.path
    return values | _restored(home)


def _restored(home: Home) -> dict[str, Any]:
    """Return what ``twiza restore`` has left for the services: their logs are to be reopened."""
    try:
        mark = json.loads(home.restored_file.read_bytes())
    except FileNotFoundError:
        return {}
    return {"restored": mark["at"], "alone": bool(mark.get("alone", False))}


def service_url(settings: NodeSettings, service: ServiceName, *, single: bool) -> str:
    """Return the base address at which a service is asked on its own machine."""
    port = settings.ports.single if single else settings.ports.of(service)
    return f"http://127.0.0.1:{port}/{service}"


def parent_of(settings: NodeSettings, federation: Federation) -> Parent:
    """Return the hub that a link leads to, as the registry of nodes holds it."""
    local = settings.level is Level.LOCAL
    return Parent.model_validate(
        {
            "node": federation.hub,
            "continent": federation.hub_continent,
            "root_key": federation.hub_root_key,
            "level": "continental" if local else "intercontinental",
        }
    )


def _gathering(settings: NodeSettings, federation: Federation) -> str:
    # The world's stream has the continent in front of each subject.
    prefix = "" if settings.level is Level.LOCAL else f"{settings.continent}."
    return f"{federation.hub}/{federation.offered[0]}/{prefix}"
