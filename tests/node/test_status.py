"""The status page speaks five languages, is small, and is read without a script."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html.parser import HTMLParser
from string import Formatter
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st

from services.node import words
from services.node.access import FRONT_ACCESS
from services.node.app import create_front_app
from services.node.counts import COUNTS_KEPT_S, EntityCounts
from services.node.drawings import mark, weave
from services.node.projections import WHAT
from services.node.queries import Neighbour
from services.node.status import (
    COMMAND,
    HAPPENINGS_SHOWN,
    NETWORKS_SHOWN,
    StatusView,
    _css,
    rendered,
    router,
    seen,
)
from shared.access import ANYBODY
from shared.clock import SetClock, moment
from shared.contracts.node import DescriptionPublished
from shared.log.trust import KnownNode, Standing
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService

BYTES_MAX = 15_000
FORBIDDEN = {
    "en": "node nodes hub hubs leg seal lag page pages epoch user payment submit transaction",
    "fr": "nœud nœuds noeud hub page pages époque latence utilisateur transaction invalide",
    "es": "nodo nodos hub página páginas época latencia usuario transacción inválido",
    "pt": "nó nós nodo hub página páginas época latência usuário transação inválido",
    "ar": "عقدة عقد محور صفحة حقبة مستخدم معاملة",
}


class _Read(HTMLParser):
    """What a reader of the page gets: its elements, its words, and its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._silent = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._silent += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture
async def service(new_node: NodeMaker) -> AsyncIterator[TestNodeService]:
    """The node service of a network with names in two languages."""
    node = new_node(
        "remess", names={"fr": "REMESS <Maroc>", "ar": "الشبكة المغربية"}, languages=("ar", "fr")
    )
    await node.start()
    async with TestNodeService(node) as running:
        yield running


async def _page(service: TestNodeService, path: str = "/", **headers: str) -> Any:
    async with service.client(app=create_front_app()) as client:
        return await client.get(path, headers=headers)


async def test_the_page_comes_in_the_language_of_the_browser(service: TestNodeService) -> None:
    for asked, language in (
        ({"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}, "es"),
        ({"Accept-Language": "de, pt-BR;q=0.7, en;q=0.6"}, "pt"),
        ({"Accept-Language": "en;q=0"}, "ar"),
        ({"Accept-Language": "tlh"}, "ar"),
        ({}, "ar"),
    ):
        answer = await _page(service, **asked)
        assert answer.status_code == 200
        [html] = _Read(answer.text).of("html")
        assert html == {"lang": language, "dir": "rtl" if language == "ar" else "ltr"}
        assert answer.headers["Vary"] == "Accept-Language"
    answer = await _page(service, "/?lang=fr", **{"Accept-Language": "en"})
    assert _Read(answer.text).of("html")[0]["lang"] == "fr"
    assert "REMESS &lt;Maroc&gt;" in answer.text
    assert "<Maroc>" not in answer.text
    answer = await _page(service, "/?lang=xx", **{"Accept-Language": "en"})
    assert _Read(answer.text).of("html")[0]["lang"] == "en"


def test_the_front_shows_nothing_but_what_is_open_to_everybody() -> None:
    shown = {route.operation_id for route in router.routes if isinstance(route, APIRoute)}
    assert shown == FRONT_ACCESS.rows.keys()
    for operation in FRONT_ACCESS.rows:
        FRONT_ACCESS.may(ANYBODY, operation)


async def test_the_page_says_what_is_there_and_what_cannot_be_said_now(
    service: TestNodeService,
) -> None:
    answer = await _page(service, "/?lang=en")
    text = _Read(answer.text).text
    for key in ("alone", "uncounted", "state_ours", "nothing_happened"):
        assert words.catalogue("en")[key] in text
    head = await service.ask("HEAD", "/?lang=en", app=create_front_app())
    assert (head.status_code, head.content) == (200, b"")


async def test_who_has_the_page_already_is_not_sent_it_again(service: TestNodeService) -> None:
    first = await _page(service, "/?lang=en")
    tag = first.headers["ETag"]
    again = await _page(service, "/?lang=en", **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = await _page(service, "/?lang=fr", **{"If-None-Match": tag})
    assert other.status_code == 200


async def test_the_page_needs_no_script_and_loads_nothing(service: TestNodeService) -> None:
    answer = await _page(service, "/?lang=ar")
    read = _Read(answer.text)
    assert read.of("script") == []
    assert not [tag for tag, attributes in read.elements if "src" in attributes]
    assert [link["href"] for link in read.of("link")] == ["data:,"]
    assert not any(name.startswith("on") for _, attributes in read.elements for name in attributes)
    assert not any("style" in attributes for _, attributes in read.elements)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def _view(networks: int = 100, **changed: Any) -> StatusView:
    """A page with more than it shows."""
    parts: Any = _Parts()
    neighbours = [_neighbour(f"network-number-{number:03}") for number in range(networks)]
    happened = [
        _Row(what=what, node="network-number-001", by="network-number-002")
        for what in (*WHAT.values(), *WHAT.values())
    ][:HAPPENINGS_SHOWN]
    counts = {one.known.node: 12_345 for one in neighbours}
    return seen(parts, neighbours, happened, counts, language=changed.get("language", "en"))


class _Row:
    def __init__(self, **columns: str) -> None:
        self.at = "2026-11-21T16:00:00.000Z"
        for name, value in columns.items():
            setattr(self, name, value)


class _Parts:
    """As much of a node service as the page looks at."""

    def __init__(self) -> None:
        class Named:
            def __init__(self, **values: Any) -> None:
                self.__dict__.update(values)

        clock = SetClock(moment("2026-11-21T17:00:00.000Z"))
        place = Named(node="network-number-000", level="local")
        self.host = Named(place=place, clock=clock)
        self.settings = Named(heads_most_s=3_600.0, release="0.1.0")
        self.home = Named(settings=lambda: Named(names={"en": "Our own network"}))
        self.flow = Named(hub="network-number-001", linked_for_s=None)
        self.watch = Named(findings=[1])


def _neighbour(node: str, standing: Standing = Standing.NORMAL, heard: str = "") -> Neighbour:
    known = KnownNode(
        node=node,  # type: ignore[arg-type]  # a name
        continent="eu",
        root_key="N",
        level="local",
        admitted_by="eu",
        standing=standing,
        cause="",
        last_pages={},
        revision=1,
    )
    names = {"en": f"The network with the number {node}", "ar": "شبكة"}
    said = DescriptionPublished.model_validate(
        {"node": node, "revision": 1, "continent": "eu", "level": "local", "names": names}
    )
    return Neighbour(known=known, said=said, heard_at=heard or "2026-11-21T16:58:00.000Z")


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_page_is_small_whatever_is_in_it(language: str) -> None:
    body = rendered(_view(language=language), language=language).encode("utf-8")
    assert len(body) < BYTES_MAX
    read = _Read(body.decode("utf-8"))
    assert len(read.of("li")) == len(words.LANGUAGES) + NETWORKS_SHOWN + HAPPENINGS_SHOWN
    assert COMMAND in read.text
    assert len(read.of("h1")) == 1
    assert read.of("main")[0]["id"] == "content"


def test_a_network_is_quiet_after_three_hours_and_says_what_its_standing_is() -> None:
    parts: Any = _Parts()
    neighbours = [
        _neighbour("network-number-000"),
        _neighbour("a", heard="2026-11-21T14:00:01.000Z"),
        _neighbour("b", heard="2026-11-21T13:59:59.000Z"),
        _neighbour("c", Standing.LIMITED),
        _neighbour("d", Standing.QUARANTINED),
        _neighbour("e", Standing.CUT),
        _neighbour("f", heard="2026-11-21T17:30:00.000Z"),
    ]
    view = seen(parts, neighbours, [], None, language="en")
    assert [(one.node, one.state) for one in view.networks] == [
        ("network-number-000", "state_ours"),
        ("a", "state_well"),
        ("b", "state_quiet"),
        ("c", "state_limited"),
        ("d", "state_quarantined"),
        ("f", "state_well"),
    ]
    assert view.networks[0].heard == ""
    assert view.networks[1].heard == "2 hours ago" or view.networks[1].heard == "3 hours ago"
    assert "in " not in view.networks[5].heard
    assert not view.counted


def test_all_languages_say_everything_with_the_same_values() -> None:
    reference = words.catalogue("en")
    for language in words.LANGUAGES:
        catalogue = words.catalogue(language)
        assert catalogue.keys() == reference.keys(), language
        for key, sentence in catalogue.items():
            assert sentence.strip() == sentence != "", (language, key)
            assert _values(sentence) == _values(reference[key]), (language, key)
    for what in WHAT.values():
        assert f"happened_{what}" in reference


def _values(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_people_never_read_the_words_of_the_software(language: str) -> None:
    forbidden = set(FORBIDDEN[language].split())
    for key, sentence in words.catalogue(language).items():
        found = {word.casefold() for word in re.findall(r"\w+", sentence)} & forbidden
        assert not found, (language, key, found)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_pair_of_colours_can_be_read(scheme: int) -> None:
    colours = re.findall(r":root\{([^}]*)\}", _css())[scheme]
    values = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", colours))
    for ground in ("ground", "paper"):
        assert _contrast(values["ink"], values[ground]) >= 7
        for text in ("ink-soft", "directory", "federation", "good", "wait", "stop"):
            assert _contrast(values[text], values[ground]) >= 4.5, (text, ground)


def _contrast(one: str, other: str) -> float:
    """Return the contrast of two colours. Source: WCAG 2.2, relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_style_has_no_left_or_right_and_targets_are_large_enough() -> None:
    assert not re.search(r"(?<![a-z-])(left|right)(?![a-z-])", _css())
    assert "min-height:44px" in _css()
    assert "letter-spacing" not in _css()
    assert "uppercase" not in _css()


@given(st.text(max_size=80))
def test_a_weave_is_always_the_same_and_small(name: str) -> None:
    drawn = weave(name)
    assert drawn == weave(name)
    assert len(drawn) < 400
    assert re.fullmatch(r'<svg [a-zA-Z0-9="\- ]+><path d="[Mhvz0-9 -]+"/></svg>', drawn)


def test_the_mark_is_three_open_arcs() -> None:
    assert mark().count("A9 9") == 3


@given(st.one_of(st.none(), st.text(max_size=600)), st.one_of(st.none(), st.text(max_size=10)))
def test_whatever_a_browser_says_a_language_is_chosen(
    accept: str | None, wanted: str | None
) -> None:
    assert words.chosen(wanted, accept) in words.LANGUAGES


def test_a_name_that_tries_to_be_more_is_only_a_name() -> None:
    sentence = words.said("en", "connected_more", network="<b>{x}</b>")
    assert "<b>" not in sentence
    assert "&lt;b&gt;{x}" in sentence
    assert words.name_of({}, "ar", otherwise="remess") == "remess"
    assert words.name_of({"pt-BR": "Rede", "de": "Netz"}, "pt", otherwise="x") == "Rede"
    assert words.name_of({"de": "Netz"}, "pt", otherwise="x") == "Netz"


async def test_the_directory_is_asked_now_and_then_without_a_token() -> None:
    asked: list[httpx.Request] = []
    told: Any = {
        "own": {"origin": "fr", "entities": 3},
        "others": [{"origin": "es", "entities": 4}],
        "total": 7,
    }

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=told)

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(answer), auth=("somebody", "secret")
    ) as client:
        counts = EntityCounts(client, "http://directory.test")
        for now in (0.0, 1.0, COUNTS_KEPT_S - 0.1):
            assert await counts.by_origin(now_s=now) == {"fr": 3, "es": 4}
        assert len(asked) == 1
        assert "authorization" not in asked[0].headers
        told = {"own": "nonsense"}
        assert await counts.by_origin(now_s=COUNTS_KEPT_S) is None
        assert await EntityCounts(client, None).by_origin(now_s=0.0) is None
    assert timedelta(seconds=COUNTS_KEPT_S) < timedelta(minutes=1)
