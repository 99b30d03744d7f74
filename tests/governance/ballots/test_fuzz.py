"""Whatever is asked of governance over HTTP, it answers, and never that it failed.

Requests are made from its OpenAPI document: each operation, with values that fit their schema,
that nearly fit, and that do not fit at all, by people of all roles, over ballots that are open and
closed, and over what earlier requests have made.
"""

import os
import random
import re
import string
from typing import Any, Final

import orjson
import pytest
from httpx import AsyncClient

from tests.governance.ballots.polls import (
    BALLOT,
    SAFIA,
    TOUDA,
    YES,
    begin,
    close,
    options,
    person,
    rule,
    vote,
)
from tests.governance.conftest import AUDITOR, ENTITY, STEWARD, Governance, member
from tests.governance.rolls.told import uuid

FEW: Final = 200
MANY: Final = 2_000
CLOSED, OPEN_VOTES, BUDGET = uuid(2), uuid(3), uuid(4)
CALLERS: Final = (
    {},
    STEWARD,
    STEWARD,
    AUDITOR,
    member(person(0)),
    member(person(1), ENTITY),
    member(SAFIA),
    member(TOUDA),
)
WORDS: Final = (
    BALLOT, CLOSED, OPEN_VOTES, BUDGET, uuid(99), ENTITY, f"p:{person(0)}", f"p:{person(1)}",
    f"e:{ENTITY}", "s:1", "s:2", person(0), SAFIA, "yes", "no", "urn", "argan", "bees", "fr", "ar",
    "housing", "p:", "e:", "", " ", "0" * 64, "ab" * 32, "2026-11-22T09:00:00.000Z", "2026-11-29",
    "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00+23:59", "é", "\u202e", "\u0000", "'; --",
    "WyJhIl0", "a" * 300, "%00", "../..", "\U0001f332",
)  # fmt: skip
SHAPES: Final = (
    {"answer": "yes"}, {"answer": 1}, {"options": ["argan"]}, {"options": ["argan", "argan"]},
    {"ranks": [["argan"], ["bees"]]}, {"blank": True}, {"percent": {"a": 100}},
    {"ratio": {"n": 3, "d": 0}}, {"points": {"argan": 10**18}}, {"scores": {"argan": -1}},
)  # fmt: skip


class Fuzz:
    """Makes up requests from an OpenAPI document.

    Args:
        document: what the application tells of itself.
        seed: decides everything.
    """

    def __init__(self, document: dict[str, Any], seed: int) -> None:
        self.luck = random.Random(seed)
        self.document = document
        self.made: list[str] = []
        self.known = {"ballot_id": [BALLOT, CLOSED, OPEN_VOTES, BUDGET]}
        self.careful = False
        self.operations = [
            (path, method, operation)
            for path, operations in sorted(document["paths"].items())
            for method, operation in sorted(operations.items())
        ]

    def request(self) -> dict[str, Any]:
        """Return one request."""
        # Without careful requests nothing would ever be made that others could go on with.
        self.careful = self.luck.random() < 0.6
        path, method, operation = self.luck.choice(self.operations)
        query: list[tuple[str, str]] = []
        headers = dict(self.luck.choice(CALLERS))
        for parameter in operation.get("parameters", ()):
            value = self.value(parameter["schema"])
            where, name = parameter["in"], parameter["name"]
            known = self.known.get(name)
            if where == "path" and known and self.luck.random() < 0.8:
                value = self.luck.choice(known)
            if where == "path":
                path = path.replace(f"{{{name}}}", _quoted(value))
            elif where == "query" and self.luck.random() < 0.5:
                query.append((name, _said(value)))
            elif where == "header" and self.luck.random() < 0.3:
                headers[name] = "".join(c for c in _said(value) if " " <= c <= "~")[:80] or "w"
        body = None
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]
            schema = content.get("application/json", {}).get("schema", {})
            made = self.junk() if self._errs(0.1) else self.value(schema)
            body = orjson.dumps(made)
            headers["Content-Type"] = "application/json"
            if self._errs(0.1):
                at = self.luck.randrange(len(body))
                body = body[:at] + bytes([self.luck.randrange(256)]) + body[at + 1 :]
        return {
            "method": method.upper(),
            "url": path,
            "params": query,
            "headers": headers,
            "content": body,
        }

    def value(self, schema: dict[str, Any], depth: int = 0) -> Any:
        """Return a value of a schema, or now and then something else."""
        if depth > 8 or self._errs(0.06):
            return self.junk()
        if "$ref" in schema:
            named = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                named = named[part]
            return self.value(named, depth + 1)
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return self.value(self.luck.choice(schema[several]), depth + 1)
        if "enum" in schema:
            return self.luck.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        if "examples" in schema and self.luck.random() < (0.8 if self.careful else 0.3):
            return self.luck.choice(schema["examples"])
        match schema.get("type"):
            case "object":
                return self._object(schema, depth)
            case "array":
                size = self.luck.choice((0, 1, 1, 2, 3))
                return [self.value(schema.get("items", {}), depth + 1) for _ in range(size)]
            case "integer":
                return self.luck.choice((0, 1, 2, 5, 100, -1, 10**9, 2**53 - 1))
            case "boolean":
                return self.luck.random() < 0.5
            case "string":
                return self._text(schema)
            case "null":
                return None
        return self.luck.choice(SHAPES) if self.luck.random() < 0.5 else self.junk()

    def _text(self, schema: dict[str, Any]) -> str:
        """Return a text; mostly one that its pattern takes."""
        words = [*WORDS, *self.made]
        pattern = schema.get("pattern")
        if pattern and not self._errs(0.2):
            words = [word for word in words if re.search(pattern, word)] or words
        if schema.get("format") == "date-time" and self.careful:
            return "2026-12-24T09:00:00Z"
        if self.careful and self.made and set(self.made) & set(words):
            return self.luck.choice(self.made)
        return self.luck.choice(words)

    def _errs(self, chance: float) -> bool:
        return not self.careful and self.luck.random() < chance

    def learn(self, answer: Any) -> None:
        """Remember the ids of what an answer tells of."""
        if isinstance(answer, dict):
            for name, value in answer.items():
                if name == "id" or name.endswith("_id"):
                    self.made.append(str(value))
                    if name not in ("id", "ballot_id"):
                        self.known.setdefault(name, []).append(str(value))
                else:
                    self.learn(value)
            del self.made[:-20]
            if "id" in answer:
                kind = "assembly" if "agenda" in answer else "cycle" if "stage" in answer else ""
                self.known.setdefault(f"{kind or 'decision'}_id", []).append(str(answer["id"]))
        elif isinstance(answer, list):
            for one in answer[:3]:
                self.learn(one)

    def _object(self, schema: dict[str, Any], depth: int) -> Any:
        named = schema.get("properties")
        if not named:
            inner = schema.get("additionalProperties")
            if isinstance(inner, dict) and self.luck.random() < 0.8:
                return {
                    self.luck.choice(("fr", "en", "ar", "argan")): self.value(inner, depth + 1)
                    for _ in range(self.luck.randrange(3))
                }
            return self.luck.choice(SHAPES)
        needed = set(schema.get("required", ()))
        return {
            name: self.value(inner, depth + 1)
            for name, inner in named.items()
            if (name in needed and not self._errs(0.05)) or self.luck.random() < 0.4
        }

    def junk(self) -> Any:
        """Return a value that nobody expects."""
        return self.luck.choice(
            (None, True, 0, -1, 2**53, 1.5, "", "\u0000", [], {}, [[]], {"a": {"b": []}},
             "".join(self.luck.choices(string.printable, k=self.luck.randrange(20))))
        )  # fmt: skip


def _said(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _quoted(value: Any) -> str:
    return "".join(
        c if (c.isalnum() and c.isascii()) or c in "-:._" else f"%{byte:02X}"
        for c in _said(value) or "x"
        for byte in c.encode()[:1]
    )


async def asked(governance: Governance, client: AsyncClient, how_many: int) -> dict[int, int]:
    """Ask so many requests; return how many were answered with each status."""
    among = options("argan", "bees", argan=40, bees=70)

    def prepare(work: Any) -> None:
        begin(work, 5, under=rule(proxies_max=1))
        for ballot_id, under in (
            (CLOSED, rule()),
            (OPEN_VOTES, rule("approval", secrecy="open")),
            (BUDGET, rule("budget", budget={"total": 100, "unit": "MAD"})),
        ):
            begin(work, 5, under=under, among=among, ballot_id=ballot_id)
        vote(work, 0, YES, ballot_id=CLOSED)
        vote(work, 0, {"options": ["argan"]}, ballot_id=OPEN_VOTES)
        close(work, CLOSED)
        close(work, OPEN_VOTES)

    await governance.store.write(prepare)
    seed = int(os.environ.get("TWIZA_FUZZ_SEED", "20261122"))
    fuzz = Fuzz(governance.app.openapi(), seed)
    found: dict[int, int] = {}
    for number in range(how_many):
        request = fuzz.request()
        if request["url"].startswith(("/log", "/public", "/private")):
            # These tests read no log.
            continue
        answer = await client.request(**request)
        found[answer.status_code] = found.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (seed, number, request, answer.text)
        if answer.headers.get("content-type") == "application/json" and answer.content:
            fuzz.learn(answer.json())
    return found


async def test_no_request_makes_governance_fail(
    governance: Governance, client: AsyncClient
) -> None:
    found = await asked(governance, client, FEW)
    assert {200, 401, 403, 404, 422} <= set(found)


@pytest.mark.slow
async def test_no_request_of_many_makes_governance_fail(
    governance: Governance, client: AsyncClient
) -> None:
    found = await asked(governance, client, MANY)
    assert {200, 201, 401, 403, 404, 409, 422} <= set(found)
