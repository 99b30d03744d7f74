"""The status page at ``/``: how our network is doing, for people, in five languages.

What writes dates and fills templates is loaded with the first page: most nodes show few.
"""

import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from markupsafe import Markup
from starlette.responses import Response

from services.node import queries, words
from services.node.counts import Counts
from services.node.drawings import mark, weave
from services.node.parts import Parts, PartsDep
from services.node.queries import Neighbour
from services.node.watch import SILENT_INTERVALS
from shared.clock import moment
from shared.edge import IfNoneMatch, not_modified
from shared.etag import etag, unchanged
from shared.log.trust import KnownNode, Standing
from shared.subjects import Level

NETWORKS_SHOWN: Final = 16
HAPPENINGS_SHOWN: Final = 6
NAME_SHOWN: Final = 80
COMMAND: Final = "twiza doctor"

_TEMPLATES: Final = Path(__file__).parent / "templates"
_DAY: Final = "EEEE d MMMM y, HH:mm"

router = APIRouter(tags=["status"])


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkView:
    """A network as a row shows it."""

    node: str
    name: str
    state: str
    shape: str
    level: str
    heard: str
    heard_at: str
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HappeningView:
    """Something that has happened, as a row shows it."""

    key: str
    node: str
    network: str
    by: str
    at: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """What the page shows, in one language."""

    name: str
    link: str
    link_shape: str
    hub: str
    needs_look: bool
    counted: bool
    own_count: int
    others_count: int
    networks: Sequence[NetworkView]
    more: int
    happenings: Sequence[HappeningView]
    release: str


@router.api_route("/", methods=["GET", "HEAD"], operation_id="see_status", include_in_schema=False)
async def see_status(
    parts: PartsDep,
    lang: Annotated[str | None, Query(max_length=35)] = None,
    accept_language: Annotated[str | None, Header(max_length=4_096)] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show how our network is doing, in the reader's language."""
    settings = parts.home.settings()
    language = words.chosen(lang, accept_language, spoken=settings.languages)
    counts = await parts.counts.by_origin(now_s=time.monotonic())
    known: dict[str, KnownNode] = {one.node: one for one in parts.host.desk.trust.nodes()}
    neighbours = await parts.host.store.read(queries.neighbours, known)
    happened = await parts.host.store.read(queries.happenings, before=None, most=HAPPENINGS_SHOWN)
    view = seen(parts, neighbours, happened, counts, language=language)
    body = rendered(view, language=language).encode("utf-8")
    tag = etag("status", language, sha256(body).hexdigest()[:32])
    if unchanged(if_none_match, tag):
        return not_modified(tag)
    return Response(body, media_type="text/html", headers={**_headers(), "ETag": tag})


def seen(
    parts: Parts,
    neighbours: Sequence[Neighbour],
    happened: Sequence[Any],
    counts: Counts,
    *,
    language: str,
) -> StatusView:
    """Return what the page shows of what is known now.

    Args:
        parts: the node service.
        neighbours: the networks with what they say of themselves.
        happened: the last happenings, newest first.
        counts: organisations by network.
        language: one of the five.
    """
    own, now = parts.host.place.node, parts.host.clock.now()
    names: dict[str, str] = {one.known.node: _name(one, language) for one in neighbours}
    settings = parts.home.settings()
    name = words.name_of(settings.names, language, otherwise=own)[:NAME_SHOWN]
    quiet_after = timedelta(seconds=SILENT_INTERVALS * parts.settings.heads_most_s)
    rows = [
        _network(one, names, counts, own=own, now=now, quiet_after=quiet_after, language=language)
        for one in neighbours
        if one.known.standing is not Standing.CUT
    ]
    # Our own network comes first, then those that others meet through, then the rest by name.
    rows.sort(key=lambda row: (row.node != own, not row.level, row.name.casefold()))
    link, shape, hub = _link(parts, names)
    return StatusView(
        name=name,
        link=link,
        link_shape=shape,
        hub=hub,
        needs_look=bool(parts.watch.findings),
        counted=counts is not None,
        own_count=(counts or {}).get(own, 0),
        others_count=sum(number for node, number in (counts or {}).items() if node != own),
        networks=rows[:NETWORKS_SHOWN],
        more=max(0, len(rows) - NETWORKS_SHOWN),
        happenings=[_happening(row, names, language) for row in happened],
        release=parts.settings.release,
    )


def rendered(view: StatusView, *, language: str) -> str:
    """Return the page in a language."""
    from babel.numbers import format_decimal

    page: str = _template().render(
        view=view,
        lang=language,
        dir=words.direction(language),
        title=words.plain(language, "title", network=view.name),
        css=Markup(_css()),  # noqa: S704  # our own file, which holds nothing of anybody else
        mark=mark(),
        weave=weave,
        command=Markup("<code dir=ltr>{}</code>").format(COMMAND),
        languages=[(code, words.catalogue(code)["language"]) for code in words.LANGUAGES],
        say=partial(words.said, language),
        text=partial(words.plain, language),
        number=lambda number: format_decimal(number, locale=language),
    )
    return page


def _network(
    one: Neighbour,
    names: Mapping[str, str],
    counts: Counts,
    *,
    own: str,
    now: datetime,
    quiet_after: timedelta,
    language: str,
) -> NetworkView:
    node = one.known.node
    heard = moment(one.heard_at) if one.heard_at and node != own else None
    state, shape = _state(one, heard, own=own, now=now, quiet_after=quiet_after)
    level = "" if one.known.level == Level.LOCAL else f"level_{one.known.level}"
    return NetworkView(
        node=node,
        name=names[node],
        state=state,
        shape=shape,
        level=level,
        heard=_ago(now - heard, language) if heard else "",
        heard_at=one.heard_at,
        count=counts.get(node, 0) if counts is not None else None,
    )


def _state(
    one: Neighbour,
    heard: datetime | None,
    *,
    own: str,
    now: datetime,
    quiet_after: timedelta,
) -> tuple[str, str]:
    """Return the key of the word for how a network is, and its shape."""
    if one.known.node == own:
        return "state_ours", "good"
    if one.known.standing is Standing.LIMITED:
        return "state_limited", "wait"
    if one.known.standing is Standing.QUARANTINED:
        return "state_quarantined", "stop"
    if heard is None:
        return "state_new", "wait"
    return ("state_well", "good") if now - heard < quiet_after else ("state_quiet", "wait")


def _link(parts: Parts, names: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the key of the words for the connection, its shape, and the other's name."""
    hub = parts.flow.hub
    if hub is None:
        local = parts.host.place.level == Level.LOCAL
        return ("alone", "wait", "") if local else ("highest", "good", "")
    name = names.get(hub, hub)
    if parts.flow.linked_for_s is None:
        return "cut_off", "stop", name
    return "connected", "good", name


def _happening(row: Any, names: Mapping[str, str], language: str) -> HappeningView:
    from babel.dates import format_datetime

    return HappeningView(
        key=f"happened_{row.what}",
        node=row.node,
        network=names.get(row.node, row.node),
        by=names.get(row.by, row.by),
        at=row.at,
        day=format_datetime(moment(row.at), _DAY, locale=language) + " UTC",
    )


def _name(one: Neighbour, language: str) -> str:
    said = one.said.names if one.said is not None else {}
    return words.name_of(said, language, otherwise=one.known.node)[:NAME_SHOWN]


def _ago(since: timedelta, language: str) -> str:
    from babel.dates import format_timedelta

    # A clock that was set back must not let a network be heard from in the future.
    ago = -max(since, timedelta(seconds=1))
    return str(format_timedelta(ago, granularity="second", add_direction=True, locale=language))


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template("status.html")


@lru_cache(maxsize=1)
def _css() -> str:
    return (_TEMPLATES / "status.css").read_text("utf-8").strip()


@lru_cache(maxsize=1)
def _headers() -> Mapping[str, str]:
    style = b64encode(sha256(_css().encode("utf-8")).digest()).decode("ascii")
    return {
        "Cache-Control": "no-cache",
        "Vary": "Accept-Language",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{style}'; img-src data:; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
