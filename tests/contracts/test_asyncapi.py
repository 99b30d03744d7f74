"""The AsyncAPI document says what the contracts say, no more and no less."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.asyncapi import document, text
from shared.events import contracts
from shared.ids import FEDERATED, SERVICES

KEPT = Path(__file__).parents[2] / "docs" / "protocol" / "asyncapi.json"


def test_the_document_is_the_one_that_the_contracts_give_now() -> None:
    assert KEPT.read_text("utf-8") == text(), (
        "python -m shared.asyncapi > docs/protocol/asyncapi.json"
    )


def test_each_service_has_a_channel_for_each_of_its_logs() -> None:
    assert set(document()["channels"]) == {
        *(f"{service}.public" for service in FEDERATED),
        *(f"{service}.private" for service in SERVICES),
    }


def test_every_event_stands_in_the_logs_of_its_service() -> None:
    schemas = document()["components"]["schemas"]
    told = {
        name: {one["$ref"].rpartition("/")[2] for one in _events(schema)["anyOf"]}
        for name, schema in schemas.items()
        if name.startswith("page.")
    }
    for contract in contracts().values():
        if not contract.__module__.startswith("shared."):
            continue
        service = contract.kind.partition(".")[0]
        holding = {name for name, types in told.items() if contract.wire_type() in types}
        if service in SERVICES:
            assert holding == {f"page.{service}.{contract.log.value}"}
        else:
            assert holding >= {f"page.{name}.{contract.log.value}" for name in FEDERATED}


def test_all_that_is_referred_to_is_there() -> None:
    whole = document()
    for reference in _references(whole):
        found = whole
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_the_document_is_plain_json() -> None:
    assert json.loads(text()) == document()


def _events(page: dict[str, Any]) -> dict[str, Any]:
    items: dict[str, Any] = page["properties"]["events"]["items"]
    return items


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
