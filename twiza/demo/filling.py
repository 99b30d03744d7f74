"""Filling the example's directories with their lists, by the import that everybody uses."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any, Final

from shared.keys import write_secret
from twiza.asking import Asking
from twiza.demo.nodes import DemoNode

LOOK_S: Final = 0.1
UPLOAD_TIMEOUT_S: Final = 300.0


def fill(node: DemoNode, folder: Path) -> int:
    """Import a node's lists, but for those that were imported before; return how many entries.

    Args:
        node: it runs.
        folder: where it is written down which lists were imported.

    Raises:
        Refusal: a list was refused.
    """
    noted = folder / f"{node.name}.json"
    before: dict[str, str] = json.loads(noted.read_text("utf-8")) if noted.exists() else {}
    taken = 0
    for one in node.network.files:
        data = one.path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if before.get(one.path.name) == digest:
            continue
        report = _imported(node, one.path.name, data, one.language)
        taken += report["created"] + report["updated"] + report["unchanged"]
        before[one.path.name] = digest
        write_secret(noted, json.dumps(before, indent=1).encode("utf-8"))
    return taken


def _imported(node: DemoNode, name: str, data: bytes, language: str) -> dict[str, Any]:
    with Asking(node.home, token=node.steward(0)) as asking:
        run = asking.ask(
            "POST", "directory", "/imports", files={"file": (name, data)},
            data={"language": language}, timeout=UPLOAD_TIMEOUT_S,
        ).json()  # fmt: skip
        while run["state"] in ("waiting", "running"):
            time.sleep(LOOK_S)
            run = asking.get("directory", f"/imports/{run['id']}")
    report: dict[str, Any] = run["report"]
    return report
