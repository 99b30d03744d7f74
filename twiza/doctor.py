"""Looking at a node for what is wrong, and saying so in words, each time with what to do."""

import asyncio
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509

from services.node import jwt
from services.node.home import BadHome, Home
from services.node.server import ServerNotReady, monitor
from services.node.server_config import UnsafeDurability, require_safe
from shared.ids import SERVICES
from shared.refusals import Refusal
from shared.subjects import Level
from twiza import running
from twiza.asking import Asking
from twiza.backup import made_so_far
from twiza.books import BooksUnread, NoBooks, examined
from twiza.processes import asked

BACKUP_AGE_MAX: Final = timedelta(days=7)
EXPIRY_NOTICE: Final = timedelta(days=21)
EXPIRY_URGENT: Final = timedelta(days=3)
DISK_FREE_MIN: Final = 0.15
DISK_FREE_MIN_MB: Final = 500
FILES_NAMED_MAX: Final = 5


class Weight(StrEnum):
    """How much a finding matters."""

    STOP = "stop"
    """The node does not do its work, or is in danger."""
    WAIT = "wait"
    """It works, and something should be done soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that doctor found.

    Args:
        code: its name, which has a text in each language.
        weight: how much it matters.
        values: what stands in the text.
    """

    code: str
    weight: Weight
    values: dict[str, Any] = field(default_factory=dict)


def findings(path: Path, *, now: datetime | None = None) -> list[Finding]:
    """Return what is wrong with a node, the gravest first; nothing when all is well."""
    at = now or datetime.now(UTC)
    try:
        home = Home.opened(path)
        home.federation()
    except BadHome as error:
        return [_stop("no-home", path=str(path), reason=error.detail)]
    found = [*_at_rest(home, at), *asyncio.run(_at_work(home))]
    return sorted(found, key=lambda one: one.weight is Weight.WAIT)


def _at_rest(home: Home, at: datetime) -> Iterator[Finding]:
    """Yield what is wrong whether the node runs or not."""
    if home.settings().durability != "strict":
        yield _stop("relaxed-durability", file=str(home.settings_file))
    yield from _disk(home)
    yield from _exposed(home)
    yield from _certificates(home, at)
    yield from _backups(home, at)
    yield from _books(home)


def _disk(home: Home) -> Iterator[Finding]:
    disk = os.statvfs(home.path)
    free_mb = disk.f_bavail * disk.f_frsize // 1_000_000
    share = disk.f_bavail / disk.f_blocks if disk.f_blocks else 1.0
    if free_mb < DISK_FREE_MIN_MB:
        yield _stop("disk-full", free_mb=free_mb, path=str(home.path))
    elif share < DISK_FREE_MIN:
        yield _wait("disk-low", free_mb=free_mb, percent=round(share * 100), path=str(home.path))


def _exposed(home: Home) -> Iterator[Finding]:
    """Yield the secret files that others on this machine can read."""
    secret = [home.path, home.federation_file, *home.keys.rglob("*"), *home.creds.rglob("*")]
    secret += home.tls.rglob("*.key")
    exposed = [
        str(file.relative_to(home.path.parent))
        for file in secret
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077
    ]
    if exposed:
        yield _stop(
            "keys-exposed", files=", ".join(exposed[:FILES_NAMED_MAX]), count=len(exposed),
            path=str(home.path),
        )  # fmt: skip


def _certificates(home: Home, at: datetime) -> Iterator[Finding]:
    for file in (home.server_pem, home.ca_pem):
        if file.exists():
            until = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
            yield from _expiry("certificate-expires", until, at, file=file.name)
    federation = home.federation()
    if federation is not None:
        ends = jwt.claims_of(federation.leaf_jwt).get("exp")
        if ends:
            until = datetime.fromtimestamp(int(ends), UTC)
            yield from _expiry("credential-expires", until, at, hub=federation.hub)


def _expiry(code: str, until: datetime, at: datetime, **values: Any) -> Iterator[Finding]:
    if until - at < EXPIRY_NOTICE:
        urgent = until - at < EXPIRY_URGENT
        day = f"{until:%Y-%m-%d}"
        yield (_stop if urgent else _wait)(code, date=day, days=(until - at).days, **values)


def _backups(home: Home, at: datetime) -> Iterator[Finding]:
    made = made_so_far(home)
    if not made:
        yield _wait("no-backup", path=str(home.path))
        return
    age = at - datetime.fromisoformat(made[-1].at)
    if age > BACKUP_AGE_MAX:
        yield _wait("old-backup", days=age.days, date=made[-1].at[:10], file=made[-1].path)


def _books(home: Home) -> Iterator[Finding]:
    """Yield that the books are wrong; whether they are is asked of the database itself."""
    try:
        broken = [one.invariant for one in examined(home) if not one.holds]
    except NoBooks:
        return
    except BooksUnread as unread:
        yield _wait("books-unread", reason=unread.detail, path=str(home.path))
        return
    if broken:
        yield _stop("books-wrong", rules=broken, path=str(home.path))


async def _at_work(home: Home) -> list[Finding]:
    """Return what is wrong with a node that runs, or that it does not."""
    about = running.running(home.path)
    if about is None:
        if running.is_held(home.path):
            return [_wait("still-starting", logs=str(home.logs))]
        return [_stop("not-running", path=str(home.path)), *_ports(home)]
    found = [*await _server(home)]
    for service in SERVICES:
        port = urlsplit(about.addresses.get(service, "")).port
        if port is None:
            continue
        status, body = await asked(port, f"/{service}/readyz")
        if status != 200:
            found.append(
                _stop("service-not-ready", service=service, reason=_detail(status, body),
                      logs=str(home.logs))
            )  # fmt: skip
    return [*found, *await asyncio.to_thread(_watched, home)]


def _ports(home: Home) -> Iterator[Finding]:
    settings = home.settings()
    used = ["nats", "monitor", "single", *settings.services]
    if settings.level is not Level.LOCAL:
        used += ["leaf", "joining"]
    for name in used:
        port = int(getattr(settings.ports, name))
        try:
            running.require_free({name: port})
        except Refusal:
            yield _stop("port-taken", port=port, name=name, file=str(home.settings_file))


async def _server(home: Home) -> list[Finding]:
    settings, federation = home.settings(), home.federation()
    try:
        require_safe(await monitor(settings.ports.monitor, "/jsz"), settings)
        links = await monitor(settings.ports.monitor, "/leafz")
    except UnsafeDurability as error:
        return [_stop("unsafe-settings", reason=error.detail)]
    except ServerNotReady:
        return [_stop("server-silent", log=str(home.nats_log))]
    names = {str(one.get("name", "")) for one in links.get("leafs") or ()}
    if federation is not None and federation.hub not in names:
        return [_stop("link-down", hub=federation.hub, address=federation.leaf_url,
                      log=str(home.nats_log))]  # fmt: skip
    return []


def _watched(home: Home) -> list[Finding]:
    """Return what the node's own watch has found in the logs that it follows."""
    try:
        with Asking(home) as node:
            told = node.get("node", "/watch")
    except Refusal as refusal:
        return [_wait("watch-silent", reason=str(refusal))]
    return [_finding_of(one) for one in told.get("findings", ())]


def _finding_of(one: dict[str, Any]) -> Finding:
    weight = Weight.STOP if one.get("grave") else Weight.WAIT
    return Finding(code=str(one["code"]), weight=weight, values=one)


def _detail(status: int, body: bytes) -> str:
    try:
        return str(json.loads(body).get("detail", "")) or str(status)
    except (ValueError, AttributeError):
        return str(status) if status else "-"


def _stop(code: str, **values: Any) -> Finding:
    return Finding(code=code, weight=Weight.STOP, values=values)


def _wait(code: str, **values: Any) -> Finding:
    return Finding(code=code, weight=Weight.WAIT, values=values)
