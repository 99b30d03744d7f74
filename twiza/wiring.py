"""What each service of a node is told when it starts, taken from the node's home."""

import importlib
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Final

from services.node import certificates
from services.node.home import Home, NodeSettings, initialise
from services.node.settings import service_url, service_values
from shared.ids import SERVICES, ServiceName
from shared.refusals import Kind, Refusal
from shared.service import ServiceSettings
from twiza.release import release

NODE: Final = ServiceName("node")


class NotInstalled(Refusal):
    """A service was to be run that this release does not have."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    slug: ClassVar[str] = "service-not-installed"
    title: ClassVar[str] = "This release does not have that service"


def installed() -> tuple[ServiceName, ...]:
    """Return the services that this release has, the node's own first."""
    known = (NODE, *(name for name in SERVICES if name != NODE))
    return tuple(name for name in known if _has_app(name))


def services_of(settings: NodeSettings) -> tuple[ServiceName, ...]:
    """Return the services that a node runs, in the order in which they start.

    A service that the settings name and that only a later release brings is left out until then.
    """
    return tuple(name for name in installed() if name in settings.services or name == NODE)


def urls(settings: NodeSettings, *, single: bool) -> dict[str, str]:
    """Return the base address of each service, as its siblings ask it."""
    return {name: service_url(settings, name, single=single) for name in services_of(settings)}


def port_of(settings: NodeSettings, service: str, *, single: bool) -> int:
    """Return the port of a service's HTTP."""
    return settings.ports.single if single else settings.ports.of(service)


def settings_of(home: Home, service: str, *, single: bool) -> ServiceSettings:
    """Return the settings of a service of this home.

    The database that ``TWIZA_<SERVICE>_DATABASE`` names stands over the one in the home.

    Raises:
        BadSetting: a variable of the environment names no setting, or has a bad value.
        NotInstalled: this release does not have the service.
    """
    kind = settings_class(service)
    values: dict[str, Any] = service_values(home, service, release=release(), single=single)
    values["urls"] = urls(home.settings(), single=single)
    if "languages" in kind.model_fields:
        values["languages"] = list(home.settings().languages)
    if kind.variable("database") in os.environ:
        del values["database"]
    return kind.read(**values)


def settings_class(service: str) -> type[ServiceSettings]:
    """Return the class of a service's settings.

    Raises:
        NotInstalled: this release does not have the service.
    """
    if service not in installed():
        raise NotInstalled(service)
    module = importlib.import_module(f"services.{service}.settings")
    found = [
        one
        for one in vars(module).values()
        if isinstance(one, type)
        and issubclass(one, ServiceSettings)
        and one.__module__ == module.__name__
    ]
    assert len(found) == 1, f"services.{service}.settings has one class of settings"
    return found[0]


def completed(path: Path) -> Home:
    """Return a home whose keys, certificates and credentials are all there and good.

    Raises:
        BadHome: no node was founded there.
    """
    home = initialise(path, Home.opened(path).settings())
    certificates.ensure(home)
    return home


def _has_app(service: str) -> bool:
    found = find_spec(f"services.{service}")
    return found is not None and find_spec(f"services.{service}.app") is not None
