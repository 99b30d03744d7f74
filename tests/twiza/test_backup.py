"""A backup holds one moment, opens with its passphrase only, and is checked before it is used."""

import json
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.node.home import Home, NodeSettings, initialise
from shared.keys import SigningKey
from twiza import restore as restoring
from twiza.backup import CannotBackUp, back_up, made_so_far
from twiza.restore import CannotRestore, restore
from twiza.sealed_files import DamagedFile, WeakPassphrase, WrongPassphrase

PASSPHRASE = "goats climb argan trees"
NOW = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)


def connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=5)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    founded = initialise(
        tmp_path_factory.mktemp("node") / "home",
        NodeSettings.model_validate({"name": "souss", "continent": "af", "store_mb": 1000}),
    )
    for service in ("node", "directory"):
        with closing(connected(founded.database(service))) as one:
            one.execute("PRAGMA journal_mode=WAL")
            one.execute("CREATE TABLE said (number INTEGER)")
            one.execute("INSERT INTO said VALUES (1)")
    return founded


@pytest.fixture(scope="module")
def made(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("safe")
    return Path(back_up(home, folder, passphrase=PASSPHRASE, now=NOW).path)


@pytest.fixture(scope="module")
def new(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    path = tmp_path_factory.mktemp("restored") / "home"
    restore(made, path, passphrase=PASSPHRASE, now=NOW)
    return Home.opened(path)


def count(path: Path) -> int:
    with closing(connected(path)) as one:
        return int(one.execute("SELECT count(*) FROM said").fetchone()[0])


def test_a_restored_node_has_the_keys_settings_and_rows_of_the_old_one(
    home: Home, new: Home
) -> None:
    assert new.settings() == home.settings()
    assert SigningKey.load(new.root_key).public == SigningKey.load(home.root_key).public
    assert [count(new.database(service)) for service in ("node", "directory")] == [1, 1]


def test_a_restored_node_is_marked_so_that_its_logs_begin_a_new_epoch(new: Home) -> None:
    mark = json.loads((new.path / "restored.json").read_text())
    assert mark == {
        "at": "2026-11-21T17:00:00+00:00",
        "reason": "restored from the backup of 2026-11-21T17:00:00+00:00",
    }


def test_nobody_else_can_read_a_backup_or_what_is_restored(made: Path, new: Home) -> None:
    files = [one for one in new.keys.rglob("*") if one.is_file()]
    assert len(files) > 10
    assert all(one.stat().st_mode & 0o077 == 0 for one in (made, new.path, *files))


def test_a_wrong_passphrase_opens_nothing_and_writes_nothing(made: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongPassphrase):
        restore(made, tmp_path / "new", passphrase="goats climb olive trees")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_short_passphrase_is_refused_and_leaves_no_file(home: Home, tmp_path: Path) -> None:
    with pytest.raises(WeakPassphrase):
        back_up(home, tmp_path / "safe", passphrase="argan")
    assert list((tmp_path / "safe").iterdir()) == []


def test_a_changed_and_a_shortened_backup_are_refused(made: Path, tmp_path: Path) -> None:
    whole, copy = made.read_bytes(), tmp_path / "copy.backup"
    for damaged in (whole[:-1], whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:], b"no backup"):
        copy.write_bytes(damaged)
        # The first piece is opened with the key: if that fails, the passphrase may be the reason.
        with pytest.raises((DamagedFile, WrongPassphrase)):
            restore(copy, tmp_path / "new", passphrase=PASSPHRASE)
        assert list((tmp_path / "new").iterdir()) == []


def test_a_backup_can_be_read_through_without_restoring_it(made: Path) -> None:
    manifest = restoring.check(made, passphrase=PASSPHRASE)
    paths = {one.path for one in manifest.files}
    assert manifest.node == "souss"
    assert {"twiza.toml", "keys/root.seed", "data/node.db", "data/directory.db"} <= paths


def test_nothing_is_restored_over_a_home_that_is_there(home: Home, made: Path) -> None:
    with pytest.raises(CannotRestore):
        restore(made, home.path, passphrase=PASSPHRASE)


def test_a_backup_under_way_sees_all_databases_at_one_moment(home: Home, tmp_path: Path) -> None:
    stop = threading.Event()

    def write_on() -> None:
        node = connected(home.database("node"))
        directory = connected(home.database("directory"))
        with closing(node), closing(directory):
            while not stop.is_set():
                # The second follows from the first, as what is heard follows from what was said.
                node.execute("INSERT INTO said VALUES (1)")
                directory.execute("INSERT INTO said VALUES (1)")

    writing = threading.Thread(target=write_on)
    writing.start()
    try:
        made = back_up(home, tmp_path / "safe", passphrase=PASSPHRASE)
    finally:
        stop.set()
        writing.join()
    restore(Path(made.path), tmp_path / "new", passphrase=PASSPHRASE)
    new = Home.opened(tmp_path / "new")
    said, heard = count(new.database("node")), count(new.database("directory"))
    assert said - 1 <= heard <= said
    assert said > 1


def test_backups_are_remembered_with_where_they_are(home: Home, made: Path) -> None:
    at = {one.path: one.at for one in made_so_far(home)}
    assert at[str(made)] == "2026-11-21T17:00:00+00:00"


def test_a_database_on_a_server_is_backed_up_there(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIZA_NODE_DATABASE", "postgresql+psycopg://db/node")
    with pytest.raises(CannotBackUp, match="database of node is on a server"):
        back_up(home, tmp_path / "safe", passphrase=PASSPHRASE)
