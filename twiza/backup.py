"""Backing a node up: one moment of its databases, its keys and its settings, in one sealed file.

The moment is one: every service is held for the blink in which it is chosen, so that none
remembers of another what that one has not said yet. What nats-server keeps is left out, because
each service's page table is the truth and the streams are filled from it.
"""

import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Final

from services.node.home import Home
from shared.ids import SERVICES
from shared.keys import SigningKey, fingerprint, write_secret
from shared.refusals import Kind, Refusal
from twiza import wiring
from twiza.archives import ArchiveWriter, Manifest, unpack
from twiza.release import release

BACKUPS: Final = "backups.json"
BACKUPS_REMEMBERED: Final = 20
RESTORED: Final = "restored.json"
HOLD_TIMEOUT_S: Final = 2.0
HOLD_ATTEMPTS: Final = 15
HOLD_PAUSE_S: Final = 0.5
_DRAFTS: Final = ".backup-"
_LEFT_OUT: Final = frozenset(
    {"nats/js", "nats/jwt", "nats/nats.pid", "nats/nats.conf", "creds", "logs", "lock",
     "running.json", BACKUPS, RESTORED}
)  # fmt: skip
"""What is made again at every start, belongs to this machine, or is the server's own."""
_DATABASE_PARTS: Final = (".db", ".db-wal", ".db-shm", ".db-journal")


class CannotBackUp(Refusal):
    """A node cannot be backed up as it is."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    slug: ClassVar[str] = "cannot-back-up"
    title: ClassVar[str] = "This node cannot be backed up as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A backup that was made and read back; sizes are in bytes."""

    path: str
    at: str
    size: int
    files: int


def back_up(home: Home, folder: Path, *, passphrase: str, now: datetime | None = None) -> Made:
    """Write a backup of a node into a folder and read it back; the node may run meanwhile.

    Raises:
        CannotBackUp: a database is not SQLite, is damaged, or is never quiet.
        WeakPassphrase: the passphrase is too short.
    """
    at = (now or datetime.now(UTC)).astimezone(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"twiza-{home.settings().name}-{at:%Y%m%dT%H%M%SZ}.backup"
    draft = folder / f".{target.name}.{os.getpid()}"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            manifest = _write(home, file, passphrase, at)
            file.flush()
            os.fsync(file.fileno())
        with draft.open("rb") as file:
            assert unpack(file, passphrase, into=None) == manifest
        draft.replace(target)
        _sync(folder)
    finally:
        draft.unlink(missing_ok=True)
    made = Made(
        path=str(target.absolute()),
        at=manifest.at,
        size=target.stat().st_size,
        files=len(manifest.files),
    )
    _remember(home, made)
    return made


def made_so_far(home: Home) -> list[Made]:
    """Return the backups that were made of a node, the last one last."""
    try:
        told: list[dict[str, Any]] = json.loads((home.path / BACKUPS).read_text("utf-8"))
    except FileNotFoundError:
        return []
    return [Made(**one) for one in told]


def _write(home: Home, file: BinaryIO, passphrase: str, at: datetime) -> Manifest:
    archive = ArchiveWriter(file, passphrase)
    with _one_moment(home) as (small_files, databases):
        for path, data in small_files.items():
            archive.add_bytes(path, data)
        with tempfile.TemporaryDirectory(dir=home.data, prefix=_DRAFTS) as drafts:
            for name, connection in databases.items():
                copy = Path(drafts) / name
                _copy(connection, copy)
                archive.add(f"data/{name}", copy)
                copy.unlink()
    manifest = Manifest(
        node=home.settings().name,
        fingerprint=fingerprint(SigningKey.load(home.root_key).public),
        release=release(),
        at=at.isoformat(timespec="seconds"),
        files=tuple(archive.files),
    )
    archive.close(manifest)
    return manifest


@contextmanager
def _one_moment(home: Home) -> Iterator[tuple[dict[str, bytes], dict[str, sqlite3.Connection]]]:
    """Yield the small files of a home and connections that all see its databases at one moment.

    Raises:
        CannotBackUp: the databases are never quiet at once.
    """
    paths = _databases(home)
    with ExitStack() as stack:
        views = {name: stack.enter_context(_connected(path)) for name, path in paths.items()}
        with ExitStack() as holds:
            writers = [holds.enter_context(_connected(path)) for path in paths.values()]
            _hold(writers)
            # Nobody can commit now. A view that has begun to read keeps what it sees.
            for view in views.values():
                view.execute("BEGIN")
                view.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            small_files = dict(_small_files(home.path))
            for writer in writers:
                writer.execute("ROLLBACK")
        yield small_files, views


def _hold(writers: list[sqlite3.Connection]) -> None:
    for _ in range(HOLD_ATTEMPTS):
        try:
            for writer in writers:
                writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            # One is busy for long: the others must not wait for it meanwhile.
            for writer in writers:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
            time.sleep(HOLD_PAUSE_S)
        else:
            return
    raise CannotBackUp("Its databases are too busy now; try again when less is written.")


def _databases(home: Home) -> dict[str, Path]:
    """Return the databases of the services, by the name under which they are kept.

    Raises:
        CannotBackUp: one is not SQLite.
    """
    found: dict[str, Path] = {}
    for service in SERVICES:
        path = home.database(service)
        if service in wiring.installed():
            url = wiring.settings_of(home, service, single=False).database
            kind, _, named = url.partition(":///")
            if kind != "sqlite":
                raise CannotBackUp(
                    f"The database of {service} is on a server: back it up there, with the "
                    "server's own means, at one moment with this home."
                )
            path = Path(named)
        if path.exists():
            found[home.database(service).name] = path
    return found


def _small_files(home: Path) -> Iterator[tuple[str, bytes]]:
    """Yield everything of a home but the databases, and but what is made again at every start."""
    for folder, names, files in os.walk(home):
        inside = Path(folder).relative_to(home)
        names[:] = sorted(name for name in names if not _left_out(inside / name))
        for name in sorted(files):
            if not _left_out(inside / name):
                yield str(inside / name), (Path(folder) / name).read_bytes()


def _left_out(path: Path) -> bool:
    is_database = path.parent == Path("data") and path.name.endswith(_DATABASE_PARTS)
    return str(path) in _LEFT_OUT or path.name.startswith(".") or is_database


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    raw = sqlite3.connect(path, isolation_level=None, timeout=HOLD_TIMEOUT_S)
    with closing(raw):
        yield raw


def _copy(connection: sqlite3.Connection, copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as target:
        connection.backup(target)
        found = target.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise CannotBackUp(f"The database {copy.name} is damaged: {found}.")


def _remember(home: Home, made: Made) -> None:
    kept = [*made_so_far(home), made][-BACKUPS_REMEMBERED:]
    text = json.dumps([asdict(one) for one in kept], indent=1)
    write_secret(home.path / BACKUPS, text.encode("utf-8"))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
