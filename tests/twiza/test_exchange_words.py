"""What the commands of the exchange say, they say in five languages; and what is meant is found."""

import string
from typing import Any

import pytest

from services.exchange.ledger_audit import findings
from shared.contracts.rings import RingState, What
from shared.store import Store
from tests.exchange.items.conftest import clock, sqlite_store
from twiza.commands.rings import StateIn, WhyIn
from twiza.exchange_words import known, minute, phrases, plain
from twiza.meant import NothingMeant, SeveralMeant, meant
from twiza.ring_page import lines
from twiza.words import LANGUAGES

__all__ = ["clock", "sqlite_store"]

OIL, HONEY = "souss:0001", "ilhas:0002"
LEG: dict[str, Any] = {
    "giver": OIL,
    "receiver": HONEY,
    "goods_said": "Huile d'argan",
    "quantity": {"amount": 55, "scale": 1, "unit": "l"},
    "transport": "receiver",
    "place": "market",
    "market": "Tamanar",
    "from_day": "2026-11-23",
    "until_day": "2026-11-29",
}
RING: dict[str, Any] = {
    "id": "africa:0003",
    "decider": "africa",
    "state": "broken",
    "deadline": "2026-11-28T17:00:00.000Z",
    "names": {OIL: "Huile"},
    "legs": [LEG],
    "history": [
        {"at": "2026-11-21T17:00:00.000Z", "what": "failed", "party": OIL, "leg": 0, "why": "late"},
    ],
    "notes": [{"party": HONEY, "text": "Nous venons\njeudi.", "at": "2026-11-22T08:00:00.000Z"}],
    "parts": [
        {
            "party": OIL,
            "sentence": "You give Huile d'argan (5.5 l) to ilhas.",
            "gives": 0,
            "receives": None,
            "residual": {"value": 0, "unit": "MAD", "text": "0.00 MAD"},
            "answer": "accept",
            "way": "telephone",
            "contacts": [{"party": HONEY, "withheld": True, "contact": None}],
        }
    ],
}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_sentence_is_there_in_every_language_with_the_same_places() -> None:
    english = phrases("en")
    for lang in LANGUAGES:
        assert list(phrases(lang)) == list(english), lang
        for name, text in phrases(lang).items():
            assert text, (lang, name)
            assert places(text) == places(english[name]), (lang, name)


async def test_every_word_of_the_exchange_has_words(sqlite_store: Store) -> None:
    rules = [one.invariant for one in await sqlite_store.read(findings)]
    needed = {f"state-{one}" for one in RingState} | {f"what-{one}" for one in What}
    needed |= {f"rule-{one}" for one in rules}
    assert needed <= set(phrases("en"))
    assert {one.value for one in StateIn} == set(RingState)
    assert len(WhyIn) > 5


def test_a_word_of_a_later_release_is_shown_as_it_is() -> None:
    assert known("what-put-off", "fr") == "put-off"


def test_moments_are_shown_to_the_minute_and_marks_only_where_lines_run_both_ways() -> None:
    assert minute("2026-11-29T00:00:30.365Z") == "2026-11-29 00:00 UTC"
    assert minute("") == ""
    assert plain("\u206843,4\u2069 %", "fr") == "43,4 %"
    assert plain("\u206843,4\u2069 %", "ar") == "\u206843,4\u2069 %"


def test_a_ring_is_a_page_of_lines_in_every_language() -> None:
    english = "\n".join(lines(RING, "en"))
    assert english == (
        "Ring africa:0003: broken off. It is decided at: africa.\n"
        "\n"
        "Huile (souss:0001)\n"
        "  You give Huile d'argan (5.5 l) to ilhas.\n"
        "  Has accepted. (by telephone)\n"
        "  Contact (ilhas:0002): through the network\n"
        "\n"
        "1. Huile gives Huile d'argan (5.5 l) to ilhas:0002.\n"
        "   2026-11-23 – 2026-11-29 · at the market of Tamanar · Who brings it: whoever receives\n"
        "\n"
        "2026-11-21 17:00 UTC  Huile: a delivery failed (1.) [late]\n"
        "2026-11-22 08:00 UTC  ilhas:0002: Nous venons jeudi."
    )
    assert len({"\n".join(lines(RING, lang)) for lang in LANGUAGES}) == len(LANGUAGES)


def test_the_end_of_an_id_or_a_piece_of_a_name_is_enough() -> None:
    known_ones = {"souss:aa11": "Miel du Souss", "souss:bb22": "Huile du Souss", "souss:cc22": ""}
    assert meant("souss:cc22", known_ones) == "souss:cc22"
    assert meant("11", known_ones) == "souss:aa11"
    assert meant("huile", known_ones) == "souss:bb22"
    for several in ("22", "souss"):
        with pytest.raises(SeveralMeant):
            meant(several, known_ones)
    for nothing in ("33", "", "Sel"):
        with pytest.raises(NothingMeant):
            meant(nothing, known_ones)
