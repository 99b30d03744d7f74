"""Doctor finds what is wrong and says it in five languages, each time with what to do."""

import asyncio
import sqlite3
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.node.home import Home, NodeSettings, initialise
from tests.exchange.ledger.conftest import begin, give, opened
from twiza.backup import back_up
from twiza.doctor import Finding, Weight, findings
from twiza.words import LANGUAGES, catalogue, language, words

NOW = datetime.now(UTC)


def found(path: Path, *, at: datetime = NOW) -> dict[str, Finding]:
    return {one.code: one for one in findings(path, now=at)}


def founded(path: Path, **values: object) -> Home:
    given = {"name": "souss", "continent": "af", "store_mb": 1000, **values}
    return initialise(path, NodeSettings.model_validate(given), at=NOW)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return founded(tmp_path / "home")


def test_a_node_that_does_not_run_is_the_gravest_of_what_is_found(home: Home) -> None:
    told = findings(home.path, now=NOW)
    assert [(one.code, one.weight) for one in told] == [
        ("not-running", Weight.STOP),
        ("no-backup", Weight.WAIT),
    ]


def test_a_directory_without_a_node_is_the_only_finding(tmp_path: Path) -> None:
    assert list(found(tmp_path)) == ["no-home"]


def test_keys_that_others_can_read_are_named(home: Home) -> None:
    home.root_key.chmod(0o644)
    exposed = found(home.path)["keys-exposed"]
    assert exposed.weight is Weight.STOP
    assert exposed.values["files"] == "home/keys/root.seed"


def test_settings_that_can_lose_what_was_said_are_told(tmp_path: Path) -> None:
    home = founded(tmp_path / "home", durability="relaxed")
    assert found(home.path)["relaxed-durability"].weight is Weight.STOP


def test_a_hub_s_certificate_is_told_of_three_weeks_before_its_end(tmp_path: Path) -> None:
    home = founded(tmp_path / "home", level="continental")
    assert "certificate-expires" not in found(home.path)
    soon = found(home.path, at=NOW + timedelta(days=380))["certificate-expires"]
    assert (soon.weight, soon.values["file"]) == (Weight.WAIT, "server.pem")
    late = found(home.path, at=NOW + timedelta(days=400))["certificate-expires"]
    assert late.weight is Weight.STOP


def test_a_backup_of_last_week_is_enough_and_an_older_one_is_not(
    home: Home, tmp_path: Path
) -> None:
    back_up(home, tmp_path / "safe", passphrase="goats climb argan trees", now=NOW)
    assert "old-backup" not in found(home.path, at=NOW + timedelta(days=6))
    assert "old-backup" in found(home.path, at=NOW + timedelta(days=8))


async def keep_books(file: Path) -> None:
    async with opened(f"sqlite:///{file}") as store:
        amina, badr = await store.write(begin, "amina", "badr")
        await store.write(give, 1, amina, badr, 45)


def test_books_that_are_not_right_are_told_and_right_ones_are_not(home: Home) -> None:
    file = home.database("exchange")
    file.parent.mkdir(parents=True, exist_ok=True)
    asyncio.run(keep_books(file))
    assert not {"books-wrong", "books-unread"} & set(found(home.path))
    with sqlite3.connect(file) as books:
        books.execute("DROP TRIGGER account_counted")
        books.execute("UPDATE account SET credits_posted = 44 WHERE owner = 'badr'")
    books.close()
    wrong = found(home.path)["books-wrong"]
    assert (wrong.weight, wrong.values["rules"]) == (Weight.STOP, ["I1", "I2", "I7"])


def test_books_that_cannot_be_read_are_told(home: Home) -> None:
    file = home.database("exchange")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"this is no database, but long enough to be looked at\n" * 40)
    unread = found(home.path)["books-unread"]
    assert (unread.weight, unread.values["reason"]) == (Weight.WAIT, "file is not a database")


def test_every_finding_has_words_in_every_language_with_the_same_places() -> None:
    for code, text in catalogue("en").items():
        for lang in LANGUAGES:
            other = catalogue(lang)[code]
            assert other["what"], (lang, code)
            for part in ("what", "do"):
                assert places(other[part]) == places(text[part]), (lang, code)
    assert {len(catalogue(lang)) for lang in LANGUAGES} == {len(catalogue("en"))}


def test_every_finding_that_doctor_can_make_has_words() -> None:
    source = (Path(__file__).parents[2] / "twiza" / "doctor.py").read_text()
    named = {
        word
        for word in source.replace("'", '"').split('"')[1::2]
        if word.replace("-", "").isalpha() and "-" in word
    }
    assert len(named) > 10
    assert named <= set(catalogue("en"))


def test_words_are_in_the_language_that_is_asked_for_or_the_terminal_s() -> None:
    assert language("fr-MA") == "fr"
    assert language("", {"LANG": "ar_MA.UTF-8"}) == "ar"
    assert language("", {"LC_ALL": "pt_BR.UTF-8", "LANG": "en_GB"}) == "pt"
    assert language("", {"LANG": "zgh_MA"}) == "en"
    assert words("old-backup", {"date": "2026-11-01", "path": "/h"}, lang="es").what == (
        "La última copia de seguridad es del 2026-11-01."
    )


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
