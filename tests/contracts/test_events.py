"""Every version of every event that was ever published can still be read."""

import json
import pkgutil
from importlib import import_module
from typing import Any

import pytest
from pydantic import BaseModel

import shared.contracts
from shared.canonical import canonical, parse_canonical
from shared.events import Event, FutureVersion, contracts, kind_of, read
from tests.contracts.goldens import Golden, goldens

for module in pkgutil.iter_modules(shared.contracts.__path__, "shared.contracts."):
    import_module(module.name)

GOLDENS = list(goldens())
# Tests declare events of their own, which nobody has published.
KINDS = sorted(
    kind for kind, told in contracts().items() if told.__module__.startswith("shared.contracts.")
)


def contract(golden: Golden) -> type[Event]:
    return contracts()[kind_of(golden.wire_type)[0]]


def unsaid(model: BaseModel, said: Any, path: str = "") -> list[str]:
    """Return the fields of a model of which its golden file says nothing."""
    missing: list[str] = []
    for name in type(model).model_fields:
        where = f"{path}{name}"
        if name not in said:
            missing.append(where)
            continue
        values = getattr(model, name)
        for value, told in (
            zip(values, said[name], strict=True)
            if isinstance(values, list | tuple)
            else [(values[key], said[name][key]) for key in values]
            if isinstance(values, dict)
            else [(values, said[name])]
        ):
            if isinstance(value, BaseModel):
                missing += unsaid(value, told, f"{where}.")
    return missing


@pytest.mark.parametrize("kind", KINDS)
def test_every_version_that_was_published_is_kept(kind: str) -> None:
    kept = {
        kind_of(golden.wire_type)[1] for golden in GOLDENS if kind_of(golden.wire_type)[0] == kind
    }
    assert kept == set(range(1, contracts()[kind].version + 1))


def test_nothing_is_kept_of_which_no_contract_is_left() -> None:
    assert {kind_of(golden.wire_type)[0] for golden in GOLDENS} == set(KINDS)


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.wire_type)
def test_it_can_be_read(golden: Golden) -> None:
    kind, version = kind_of(golden.wire_type)
    event = read(kind, version, golden.event["data"])
    assert isinstance(event, contract(golden))
    assert event.about() == golden.event["subject"]
    assert golden.event["type"] == golden.wire_type


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.wire_type)
def test_what_is_told_today_is_told_in_the_same_words(golden: Golden) -> None:
    kind, version = kind_of(golden.wire_type)
    if version < contract(golden).version:
        pytest.skip("it was lifted to a later version")
    event = read(kind, version, golden.event["data"])
    again = event.model_dump(mode="json", exclude_defaults=True)
    assert canonical(again) == canonical(golden.event["data"])


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.wire_type)
def test_it_says_something_of_every_field(golden: Golden) -> None:
    kind, version = kind_of(golden.wire_type)
    if version < contract(golden).version:
        pytest.skip("it was lifted to a later version")
    assert unsaid(read(kind, version, golden.event["data"]), golden.event["data"]) == []


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.wire_type)
def test_it_is_canonical_and_survives_fields_of_later_releases(golden: Golden) -> None:
    data = canonical(golden.event)
    assert parse_canonical(data) == golden.event
    kind, version = kind_of(golden.wire_type)
    more = json.loads(data)["data"] | {"a-field-of-tomorrow": {"x": [1]}}
    assert read(kind, version, more) == read(kind, version, golden.event["data"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_later_version_is_kept_for_a_later_release(kind: str) -> None:
    with pytest.raises(FutureVersion):
        read(kind, contracts()[kind].version + 1, {})
