"""What the commands of decisions between networks say, in five languages, and how one is told."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from twiza.exchange_words import minute
from twiza.meant import SHORT

_FOLDER: Final = Path(__file__).parent / "texts" / "together"
_HASH_SHOWN: Final = 16
_BEFORE_OPEN: Final = ("draft", "noticed")


@cache
def phrases(lang: str) -> Mapping[str, str]:
    """Return all sentences of a language, by their name."""
    found: dict[str, str] = json.loads((_FOLDER / f"{lang}.json").read_text("utf-8"))
    return found


def said(name: str, lang: str, **values: Any) -> str:
    """Return a sentence with its values."""
    return phrases(lang)[name].format(**values)


def headings(lang: str, *columns: str) -> dict[str, str]:
    """Return columns with their headings."""
    return {column: said(f"head-{column}", lang) for column in columns}


def row(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a decision as a list shows it."""
    opens = one["state"] in _BEFORE_OPEN
    return {
        "id": one["id"][-SHORT:] if sys.stdout.isatty() else one["id"],
        "matter": one["matter"],
        "state": one["label"],
        "until": minute(one["opens_at"] if opens else one["closes_at"]),
        "seals": f"{len(one['sealed'])}/{one['called']}",
        "result": one["result"],
    }


def million(share: Sequence[int]) -> str:
    """Return a share as hundredths with two places, cut and not rounded."""
    have, of = share
    tenths = have * 10_000 // of
    return f"{tenths // 100}.{tenths % 100:02} %"


def lines(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    """Yield a decision as lines: where it is, each network's part, and what is in doubt."""
    yield said("stands", lang, matter=found["matter"], state=found["label"])
    yield said("called-by", lang, convener=found["convener"], association=found["association"])
    if found["opens_at"]:
        opens, closes = minute(found["opens_at"]), minute(found["closes_at"])
        yield said("times", lang, opens=opens, closes=closes, grace=minute(found["grace_ends"]))
    yield ""
    yield from found["said"]
    if found["outcome_hash"]:
        yield said("hash", lang, hash=found["outcome_hash"][:_HASH_SHOWN])
    yield ""
    for leg in found["legs"]:
        yield from _leg(leg, lang)
    yield from _doubts(found, lang)
    needs = [one["said"] for one in found["needs"] if one["said"]]
    if needs:
        yield ""
        yield said("needs", lang)
        yield from (f"  {one}" for one in needs)


def _leg(leg: Mapping[str, Any], lang: str) -> Iterator[str]:
    about = [leg["label"]]
    if leg["on_paper"]:
        about.append(said("paper", lang, keeper=leg["kept_by"]))
    if leg["cast"] is not None:
        about.append(said("cast", lang, cast=leg["cast"], of=leg["of"]))
        tally = leg["tally"] or {}
        if "yes" in tally or "no" in tally:
            about.append(said("answers", lang, yes=tally.get("yes", 0), no=tally.get("no", 0)))
    elif leg["sign_label"]:
        about.append(leg["sign_label"])
    about += [one["label"] for one in leg["marks"]]
    if leg["outcome_hash"]:
        about.append(leg["outcome_hash"][:_HASH_SHOWN])
    yield f"  {leg['network']}: {' · '.join(about)}"


def _doubts(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    if found["contests"] or found["rulings"]:
        yield ""
    for one in found["contests"]:
        yield said("doubt", lang, what=one["said"], panel=", ".join(one["panel"]))
        if one["ruled_by"]:
            yield said("ruled", lang, by=", ".join(one["ruled_by"]))
    for one in found["rulings"]:
        yield said("ruling", lang, what=one["label"], by=", ".join(one["by"]))
