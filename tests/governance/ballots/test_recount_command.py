"""``twiza recount`` as people run it: with a file, and without a node."""

import re
from pathlib import Path

from services.governance.package import write_package
from shared.store import Store
from tests.governance.ballots.polls import BALLOT, NO, YES, begin, close, vote
from tests.twiza.commands import twiza
from twiza.recount import phrases


async def test_a_package_is_counted_again_without_a_node(
    sqlite_store: Store, tmp_path: Path
) -> None:
    await sqlite_store.write(begin)
    kept = [await sqlite_store.write(vote, n, (YES, NO)[n % 2]) for n in range(3)]
    closed = await sqlite_store.write(close)
    file = tmp_path / "recount.json"
    file.write_bytes(await sqlite_store.read(write_package, BALLOT))
    receipt = kept[0].receipt
    answer = twiza("recount", file, "--root", closed.root, "--receipt", receipt, "--json")
    assert answer.status == 0, answer.err
    assert answer.told["root"] == closed.root
    assert answer.told["report_hash"] == closed.report_hash
    assert (answer.told["outcome"], answer.told["cast"]) == ("adopted", 3)
    words = twiza("recount", file, "--lang", "fr", "--receipt", receipt)
    assert (words.status, closed.root in words.out) == (0, True)
    assert f"Parmi les bulletins comptés : {receipt}.\nLe dossier dit vrai" in words.out
    for wrong in (("--root", "0" * 64), ("--receipt", "0" * 64)):
        assert twiza("recount", file, *wrong).status != 0
    changed = file.read_bytes().replace(b'\\"no\\"', b'\\"yes\\"')
    assert changed != file.read_bytes()
    file.write_bytes(changed)
    damaged = twiza("recount", file)
    assert damaged.status != 0
    assert "ballots" in damaged.err


def test_all_languages_have_the_same_sentences_with_the_same_values() -> None:
    fields = {
        lang: {name: set(re.findall(r"{(\w+)}", text)) for name, text in phrases(lang).items()}
        for lang in ("ar", "en", "es", "fr", "pt")
    }
    assert all(one == fields["en"] for one in fields.values())
