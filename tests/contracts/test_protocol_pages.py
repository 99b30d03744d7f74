"""The pages of docs/protocol say what the code does: limits, fields, types, refusals, examples."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.node import pages, reopenings
from shared import canonical, events, ids, people
from shared.asyncapi import PROTOCOL, document
from shared.bus import ASK_TIMEOUT_S
from shared.log import certificates, epochs, evidence, held, page, relay, repair
from shared.refusals import Refusal
from tests.contracts.reading import vectors

DOCS = Path(__file__).parents[2] / "docs"
PROTOCOL_PAGES = {path.name: path.read_text("utf-8") for path in DOCS.glob("protocol/*.md")}
OURS = ("README.md", "page.md", "events.md", "epochs.md", "trust.md", "subjects.md", "http.md")
LIMITS: dict[str, Any] = {
    **{
        name: value
        for module in (
            canonical, certificates, epochs, events, evidence, held, ids, page, pages, people,
            relay, reopenings, repair,
        )
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int | float)
    },
    "ASK_TIMEOUT_S": ASK_TIMEOUT_S,
}  # fmt: skip
LIFES = {
    "SERVICE_TOKEN_LIFE": "5 minutes",
    "TOKEN_LIFE_MAX": "400 days",
    "CLOCKS_DIFFER_MAX": "30 s",
}


def limits_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield the limits that a page names, each with its value as the page writes it."""
    yield from re.findall(r"`([A-Z][A-Z_]+)`(?: =| \|) ([0-9.,]+ ?[a-z]*)", text)


@pytest.mark.parametrize("name", OURS)
def test_a_limit_has_the_value_that_the_code_gives_it(name: str) -> None:
    for limit, written in limits_of(PROTOCOL_PAGES[name]):
        if limit in LIFES:
            assert written == LIFES[limit], limit
            assert getattr(people, limit)
        else:
            number = written.split(" ", maxsplit=1)[0].rstrip(".,").replace(",", "")
            assert float(number) == LIMITS[limit], limit


def test_the_limits_are_there() -> None:
    named = {limit for name in OURS for limit, _ in limits_of(PROTOCOL_PAGES[name])}
    assert named >= {
        "PAGE_BYTES_MAX", "PAGE_EVENTS_MAX", "EVENTS_BYTES_MAX", "EVENT_BYTES_MAX", "DEPTH_MAX",
        "CERTIFICATE_BYTES_MAX", "NODE_NAME_MAX", "HELD_PAGES_MAX", "PAGES_A_TIME",
        "WITNESS_WAIT_S", "WATCH_S", "TOKEN_LENGTH_MAX", *LIFES,
    }  # fmt: skip


def test_every_event_and_every_field_of_it_is_described() -> None:
    text, schemas = PROTOCOL_PAGES["events.md"], document()["components"]["schemas"]
    described = set(re.findall(r"`([a-z_0-9]+)`\??", text))
    for name, schema in schemas.items():
        if name.startswith("org.twiza."):
            assert f"**`{name}`**" in text, name
        elif not name.startswith("page."):
            assert set(schema["properties"]) <= described, name


def test_every_refusal_of_a_page_has_its_slug_in_the_pages() -> None:
    text = PROTOCOL_PAGES["page.md"] + PROTOCOL_PAGES["epochs.md"] + PROTOCOL_PAGES["events.md"]
    cases = [*vectors("door")["cases"], *vectors("events")["cases"]]
    slugs = {case["slug"] for case in cases} | {case.get("reason", "") for case in cases}
    for slug in slugs - {""}:
        assert f"`{slug}`" in text
        assert Refusal.named(slug) is not None


def test_the_example_is_the_page_of_the_vectors() -> None:
    example = re.search(r"```json\n(.*?)```", PROTOCOL_PAGES["page.md"], re.DOTALL)
    assert example is not None
    first = b64decode(vectors("pages")["pages"][0]["bytes"])
    assert example[1].replace("\n", "").encode() == first


def test_the_fingerprint_is_that_of_the_vectors() -> None:
    key = next(one for one in vectors("keys")["keys"] if one["name"] == "root of souss")
    assert f"root key     {key['public']}\n" in PROTOCOL_PAGES["page.md"]
    assert f"fingerprint  {key['fingerprint']}\n" in PROTOCOL_PAGES["page.md"]


def test_the_vectors_are_listed_and_the_version_is_named() -> None:
    text = PROTOCOL_PAGES["README.md"]
    for path in DOCS.glob("protocol/vectors/*.json"):
        assert f"| {path.name} |" in text
        assert json.loads(path.read_text("utf-8"))["about"]
    assert f"the version of the protocol: {PROTOCOL}." in text.replace("\n", " ")


@pytest.mark.parametrize("path", sorted(DOCS.glob("*/*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([\w./-]+)\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target
