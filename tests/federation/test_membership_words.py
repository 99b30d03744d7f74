"""What the commands say of nodes and decisions, they say in five languages."""

import string
from typing import Any, get_args

import pytest

from services.node import membership_acts, membership_rows
from shared.contracts.membership import What
from shared.log.trust import Standing
from twiza.federation_words import decision_row, node_row, phrases, said
from twiza.words import LANGUAGES

NOTES = (
    membership_acts.NOT_ITS_CHILD,
    membership_acts.ANOTHER_KEY,
    membership_acts.NO_REQUEST,
    membership_acts.NO_KEYS,
    membership_rows.OLDER_REVISION,
    "not-released",
    "admission-needed",
)
STATES = (
    membership_rows.DUE,
    membership_rows.WAITING,
    membership_rows.DONE,
    membership_rows.PASSED,
    membership_rows.ENDED,
)
NODE: dict[str, Any] = {
    "node": "reas",
    "standing": "limited",
    "cause": "They owe.",
    "decided": {
        "cause": "They owe.", "was": "rea", "now": None, "to": "af",
        "until": "2027-02-19T17:00:00.123Z",
    },
}  # fmt: skip


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_language_says_everything_with_the_same_values(lang: str) -> None:
    english, found = phrases("en"), phrases(lang)
    assert found.keys() == english.keys()
    assert {name: places(text) for name, text in found.items()} == {
        name: places(text) for name, text in english.items()
    }
    wanted = {
        *(f"what-{what}" for what in get_args(What)),
        *(f"standing-{one}" for one in Standing),
        *(f"state-{one}" for one in STATES),
        *(f"note-{one}" for one in NOTES),
    }
    assert wanted <= found.keys()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_node_is_shown_with_its_level_its_cause_and_its_other_name(lang: str) -> None:
    row = node_row(NODE, lang)
    assert row["standing"].startswith(said("standing-limited", lang))
    assert "2027-02-19" in row["standing"]
    assert row["cause"] == "They owe."
    assert row["name"] == f"{said('was', lang, node='rea')}, {said('goes-to', lang, node='af')}"


def test_a_node_that_stands_normal_shows_why_it_was_admitted_and_no_term() -> None:
    row = node_row(NODE | {"standing": "normal", "cause": ""}, "en")
    assert (row["standing"], row["cause"]) == ("normal", "They owe.")
    plain = node_row({"node": "x", "standing": "normal", "cause": "", "decided": None}, "en")
    assert (plain["cause"], plain["name"]) == ("", "")


def test_a_decision_is_shown_with_what_became_of_it() -> None:
    told = {"what": "moved", "state": "waiting", "note": "no-request", "until": ""}
    row = decision_row(told, "fr")
    assert row["note"] == "le réseau n’a pas encore demandé à entrer"
    assert decision_row(told | {"note": "of-tomorrow"}, "fr")["note"] == "of-tomorrow"
