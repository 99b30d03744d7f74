"""Golden files: every event version that was ever published, and the documents of the APIs.

An event's file is written once, when its version is first published, and never changed: it is what
lies in the logs of other nodes. An API's document may change; it is written anew on purpose, with
``python -m tests.contracts.goldens``, and the change is seen when it is reviewed.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import FastAPI

from services.directory.app import create_app
from services.directory.settings import DirectorySettings
from services.exchange.app import create_app as create_exchange
from services.exchange.settings import ExchangeSettings
from services.governance.app import create_app as create_governance
from services.governance.settings import GovernanceSettings

HERE = Path(__file__).parent
EVENTS = HERE / "events"
OPENAPI = HERE / "openapi"

SERVICES: dict[str, Callable[[], FastAPI]] = {
    "directory": lambda: create_app(DirectorySettings()),
    "exchange": lambda: create_exchange(ExchangeSettings()),
    "governance": lambda: create_governance(GovernanceSettings()),
}
"""How the application of each service is made whose document is kept."""


class Golden(NamedTuple):
    """A file with an event as it was published."""

    wire_type: str
    event: dict[str, Any]


def goldens() -> Iterator[Golden]:
    """Yield all events that are kept."""
    for file in sorted(EVENTS.glob("*.json")):
        yield Golden(file.stem, json.loads(file.read_text("utf-8")))


def document(service: str) -> str:
    """Return the OpenAPI document of a service as it is kept in a file."""
    return json.dumps(SERVICES[service]().openapi(), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the documents of the APIs anew."""
    for service in SERVICES:
        (OPENAPI / f"{service}.json").write_text(document(service), "utf-8")


if __name__ == "__main__":
    main()
