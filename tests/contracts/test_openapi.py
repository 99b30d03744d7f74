"""The documents of the APIs: OpenAPI 3.1, stable, and complete enough to write a client from."""

import json
from typing import Any

import pytest

from tests.contracts.goldens import OPENAPI, SERVICES, document


@pytest.fixture(params=sorted(SERVICES))
def service(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def described(service: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(document(service))
    return read


def operations(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in described["paths"].values() for operation in methods.values()]


def test_it_changes_on_purpose_only(service: str) -> None:
    kept = (OPENAPI / f"{service}.json").read_text("utf-8")
    assert document(service) == kept, "if it was meant: python -m tests.contracts.goldens"


def test_it_is_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1.")
    assert described["info"]["title"]


def test_every_operation_has_a_name_of_its_own_and_a_sentence(described: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(described)]
    assert len(set(names)) == len(names)
    # Names that FastAPI makes of paths are no names.
    assert not [name for name in names if name.endswith(("_get", "_post", "_put", "_delete"))]
    assert all(operation["description"] for operation in operations(described))


def test_every_refusal_is_told_as_a_problem(described: dict[str, Any]) -> None:
    for operation in operations(described):
        for status, answer in operation["responses"].items():
            if status == "default" or int(status) >= 400:
                assert "application/problem+json" in answer["content"], operation["operationId"]


def test_what_is_guarded_may_be_refused(described: dict[str, Any]) -> None:
    for operation in operations(described):
        # A service that asks for a log shows its token, or it is no service.
        if "403" in operation["responses"] and "log" not in operation["tags"]:
            assert "401" in operation["responses"], operation["operationId"]


def test_every_write_takes_an_idempotency_key(described: dict[str, Any]) -> None:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            # A preview keeps nothing.
            if method == "get" or path.endswith("/preview"):
                continue
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert "Idempotency-Key" in names, operation["operationId"]
