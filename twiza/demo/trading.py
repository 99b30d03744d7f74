"""Posting the example's offers and wants, by the API that everybody uses."""

import csv
import hashlib
import time
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from shared.keys import write_secret
from twiza.asking import Asking, Told
from twiza.demo.nodes import DemoNode

LOOK_S: Final = 0.2
HEARD_TIMEOUT_S: Final = 60.0
"""How long the exchange may take to hear of entities that the directory has just listed."""
_DRAFTS: Final = UUID("0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e77")
"""Below which the ids of the example's drafts are made, the same in every run."""
_NUMBERS: Final = ("low", "high")


def trade(node: DemoNode, folder: Path) -> int:
    """Post a network's offers and wants, unless that was done before; return how many.

    Args:
        node: it runs, and its entities are listed.
        folder: where it is written down what was posted.

    Raises:
        Refusal: one of them was refused.
    """
    path = node.network.offers
    if path is None or "exchange" not in node.home.settings().services:
        return 0
    data = path.read_bytes()
    noted, digest = folder / f"{node.name}-offers", hashlib.sha256(data).hexdigest()
    if noted.exists() and noted.read_text("ascii") == digest:
        return 0
    rows = offers(path)
    with Asking(node.home, token=node.steward(0)) as asking:
        if "exchange" not in asking.addresses:
            return 0
        listed = asking.all("directory", "/entities", origin=node.name)
        ids = {one["name"]: one["id"] for one in listed}
        for number, row in enumerate(rows):
            _post(asking, row | {"owner": ids[row["owner"]], "draft_id": _draft(node, number)})
        asking.ask("PUT", "exchange", "/rates", json=dict(node.network.rates))
    write_secret(noted, digest.encode("ascii"))
    return len(rows)


def offers(path: Path) -> list[dict[str, Any]]:
    """Return the offers and wants of a list, as the API takes them; owners are named."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_offer(row) for row in csv.DictReader(file, delimiter=";")]


def _offer(row: dict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {
        "side": row["side"],
        "kind": row["kind"],
        "owner": row["owner"],
        "title": {row["lang"]: row["title"]},
        "category": row["category"],
        "quantity": {"amount": row["amount"], "unit": row["unit"]},
        "value": {"unit": row["currency"], **{name: int(row[name]) for name in _NUMBERS}},
        "rings": row["rings"],
        "prefer": "anywhere" if row["rings"] == "federation" else "network",
        "visibility": row["visibility"],
        "repeat": row["repeat"],
    }
    if row["text"]:
        given["text"] = {row["lang"]: row["text"]}
    if row["radius_km"]:
        given["radius_km"] = int(row["radius_km"])
    return given


def _post(asking: Asking, given: dict[str, Any]) -> None:
    until = time.monotonic() + HEARD_TIMEOUT_S
    while True:
        try:
            asking.post("exchange", "/items", given)
        except Told as told:
            if told.name != "owner-not-listed" or time.monotonic() > until:
                raise
        else:
            return
        time.sleep(LOOK_S)


def _draft(node: DemoNode, number: int) -> str:
    return str(uuid5(_DRAFTS, f"{node.name}/{number}"))
