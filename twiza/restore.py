"""Restoring a node from a backup: all is checked before anything of a node stands there.

What was said after the backup may be known to other nodes. So the restored node is marked, and
each of its logs goes on in a new epoch, which tells everybody which branch counts.
"""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final

from services.node.home import Home
from shared.ids import SERVICES
from shared.keys import SigningKey, fingerprint, write_secret
from shared.refusals import Kind, Refusal
from twiza import wiring
from twiza.archives import Manifest, unpack
from twiza.backup import RESTORED
from twiza.sealed_files import DamagedFile

_DRAFT: Final = ".restoring"
_SETTINGS: Final = "twiza.toml"


class CannotRestore(Refusal):
    """A node is not restored there."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "cannot-restore"
    title: ClassVar[str] = "Nothing was restored"


class NotRestored(Refusal):
    """A node is asked to go on alone that was not restored."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-restored"
    title: ClassVar[str] = "Only a node that was restored from a backup can go on alone"


def restore(file: Path, path: Path, *, passphrase: str, now: datetime | None = None) -> Manifest:
    """Restore a node into an empty directory and mark it; return what the backup held.

    Raises:
        CannotRestore: the directory is not empty, or a database is meant to be elsewhere.
        DamagedFile: the backup is not whole, or what it holds does not fit together.
        WrongPassphrase: another passphrase opens it.
    """
    _require_empty(path)
    _require_databases_in_home()
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path / _DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with file.open("rb") as archive:
            manifest = unpack(archive, passphrase, into=draft)
        _require_fitting(draft, manifest)
        at = (now or datetime.now(UTC)).astimezone(UTC)
        mark = {
            "at": at.isoformat(timespec="seconds"),
            "reason": f"restored from the backup of {manifest.at}",
        }
        write_secret(draft / RESTORED, json.dumps(mark, indent=1).encode("utf-8"))
        _move_in(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    wiring.completed(path)
    return manifest


def decide_alone(home: Home) -> None:
    """Let a restored node go on without its hub, which may know more of its logs.

    Raises:
        NotRestored: the node was not restored, so there is nothing to decide.
    """
    try:
        mark = json.loads(home.restored_file.read_bytes())
    except FileNotFoundError as error:
        raise NotRestored from error
    write_secret(home.restored_file, json.dumps(mark | {"alone": True}, indent=1).encode("utf-8"))


def check(file: Path, *, passphrase: str) -> Manifest:
    """Read a whole backup through, as restoring it would; return what it holds.

    Raises:
        DamagedFile: the backup is not whole.
        WrongPassphrase: another passphrase opens it.
    """
    with file.open("rb") as archive:
        return unpack(archive, passphrase, into=None)


def _require_empty(path: Path) -> None:
    if path.exists() and any(entry.name != _DRAFT for entry in path.iterdir()):
        raise CannotRestore(f"{path} is not empty. Name an empty directory, or a new one.")


def _require_databases_in_home() -> None:
    named = [
        variable
        for service in SERVICES
        if (variable := f"TWIZA_{service.upper()}_DATABASE") in os.environ
    ]
    if named:
        raise CannotRestore(
            f"{', '.join(named)} names a database elsewhere, and the backup holds its own. "
            "Restore without it, then move the database."
        )


def _require_fitting(draft: Path, manifest: Manifest) -> None:
    """Refuse a backup whose parts do not fit together.

    Raises:
        DamagedFile: which part does not.
    """
    home = Home(draft)
    try:
        name, root = home.settings().name, SigningKey.load(home.root_key)
        home.federation()
    except (Refusal, OSError) as error:
        raise DamagedFile(f"It does not hold a node: {error}") from error
    if (name, fingerprint(root.public)) != (manifest.node, manifest.fingerprint):
        raise DamagedFile("It holds another node than it says.")
    for database in sorted(home.data.glob("*.db")):
        with closing(sqlite3.connect(database)) as connection:
            try:
                found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            except sqlite3.DatabaseError as error:
                found = str(error)
        if found != "ok":
            raise DamagedFile(f"The database {database.name} is damaged: {found}")


def _move_in(draft: Path, path: Path) -> None:
    """Move what was checked to where it belongs, the settings last: they make it a node's home."""
    entries = sorted(draft.iterdir(), key=lambda entry: entry.name == _SETTINGS)
    for entry in entries:
        entry.rename(path / entry.name)
    path.chmod(0o700)
