"""Reading the vectors of docs/protocol, and a reader of their logs made of our real parts."""

import json
from base64 import b64decode, urlsafe_b64decode
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, insert

from shared.canonical import canonical
from shared.clock import SystemClock
from shared.contracts.node import Parent
from shared.events import Log, Speaker
from shared.ids import NodeName, ServiceName
from shared.log.names import LogName
from shared.log.tables import LogTables
from shared.log.trust import Trust
from shared.store import Store, Work, open_store
from tools.vectors.cast import AFRICA_ROOT
from tools.vectors.files import FOLDER

Case = dict[str, Any]


def vectors(name: str) -> Case:
    """Return the vectors of a file."""
    found: Case = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def log_name(said: dict[str, str]) -> LogName:
    """Return the log that a vector names."""
    return LogName(NodeName(said["node"]), ServiceName(said["service"]), Log(said["log"]))


def data_of(case: Case) -> bytes:
    """Return the bytes of a page as a vector says them."""
    return bytes(case["zeros"]) if "zeros" in case else b64decode(case["bytes"])


def unpadded(text: str) -> bytes:
    """Return the bytes of base64url text without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def opened(path: Path) -> Store:
    """Return the database of a reader at africa, the hub of souss."""
    return await open_store(
        f"sqlite:///{path}",
        LogTables(MetaData()),
        speaker=Speaker(NodeName("africa"), ServiceName("directory")),
        clock=SystemClock(),
        create=True,
    )


async def registry(store: Store, nodes: dict[str, Any]) -> Trust:
    """Return the registry of these nodes, as the reader's hub has admitted them."""
    own = Parent(
        node="africa",
        continent="af",
        root_key=AFRICA_ROOT.public,
        level="continental",
    )
    trust = Trust(store.tables, own=own, hub=None)

    def keep(work: Work) -> None:
        for node, said in nodes.items():
            row = {
                "node": node,
                "continent": "af",
                "root_key": said["root_key"],
                "level": "local",
                "admitted_by": "africa",
                "standing": said["standing"],
                "last_pages": canonical(said["last_pages"]).decode(),
            }
            work.execute(insert(store.tables.known_node).values(row))

    await store.write(keep)
    await trust.load(store)
    return trust
