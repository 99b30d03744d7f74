"""The example's offers and wants are such as the exchange takes, and rings are among them."""

import csv
import io
import json
import tomllib
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from services.exchange import categories, intake
from services.exchange.asked_items import ItemIn
from services.exchange.items import Item, Side
from shared.cleaning import line
from shared.ids import NodeName
from tests.exchange.items.conftest import an_id
from twiza.demo.networks import EXAMPLES
from twiza.demo.trading import offers

NOW = datetime(2026, 11, 21, 17, tzinfo=UTC)
NETWORKS: list[dict[str, Any]] = [
    one
    for one in tomllib.loads((EXAMPLES / "networks.toml").read_text("utf-8"))["networks"]
    if "offers" in one
]


def names(network: dict[str, Any]) -> set[str]:
    """Return what the entities of a network are called, in whichever of their lists they stand."""
    found: set[str] = set()
    for listed in network["files"]:
        text = (EXAMPLES / listed["path"]).read_bytes().decode(listed["encoding"])
        if listed["path"].endswith(".geojson"):
            for feature in json.loads(text)["features"]:
                found |= {line(str(value)) for value in feature["properties"].values()}
        else:
            delimiter = ";" if text.splitlines()[0].count(";") > 5 else ","
            rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
            found |= {line(row[1]) for row in rows[1:]}
    return found


def items(network: dict[str, Any]) -> list[Item]:
    given = offers(EXAMPLES / network["offers"])
    owners = {one["owner"]: an_id(at) for at, one in enumerate(given)}
    return [
        intake.item_of(
            ItemIn.model_validate(one | {"owner": f"{network['name']}:{owners[one['owner']]}"}),
            item_id=an_id(at, NodeName(network["name"])),
            node=NodeName(network["name"]),
            language="en",
            now=NOW,
        )
        for at, one in enumerate(given)
    ]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network["name"])
def test_each_is_taken_and_its_owner_is_listed(network: dict[str, Any]) -> None:
    found = items(network)
    assert len(found) >= 40
    assert all(one.value is not None and one.quantity is not None for one in found)
    assert {one["owner"] for one in offers(EXAMPLES / network["offers"])} <= names(network)


def test_they_speak_five_languages() -> None:
    spoken = {tag for network in NETWORKS for one in items(network) for tag in one.title}
    assert {"ar", "en", "es", "fr", "pt"} <= spoken
    assert sum(len(items(network)) for network in NETWORKS) >= 120


def test_a_ring_leads_through_the_three_networks() -> None:
    every = {network["name"]: items(network) for network in NETWORKS}
    path = ("souss", "teranga", "ilhas", "souss")
    for giver, taker in pairwise(path):
        assert any(serves(offer, want) for offer in every[giver] for want in every[taker])


def serves(offer: Item, want: Item) -> bool:
    return (offer.side, want.side) == (Side.OFFER, Side.WANT) and categories.is_within(
        offer.category, want.category
    )
