"""What is shown of a ballot between networks, and what never is."""

import csv
import io
import json
import string
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.governance.federated.ballot import BallotState
from services.governance.federated.charter import LANGUAGES
from services.governance.federated.legs import Fault, LegState
from services.governance.federated_seen import Seen
from services.governance.federated_view_csv import as_csv
from services.governance.federated_view_words import dispute_said, phrases
from services.governance.federated_views import listed, shown
from tests.governance.federated.kit import (
    CLOSES,
    GRACE_ENDS,
    NAMES,
    NOTICED,
    OPENS,
    ROLLS,
    VOTES,
    Federation,
    answers,
)

AFTER = GRACE_ENDS + timedelta(hours=1)
HASHES = frozenset({"seal", "commitment", "outcome_hash", "two_stories", "hash"})


def seen(of: Federation, now: datetime, me: str = "lima") -> Seen:
    return Seen(ballot=of[me].ballot(), me=me, now=now)


def voted(small: tuple[int, int], *, now: datetime = CLOSES) -> Federation:
    """Return five networks of which one, of four members, has voted so."""
    votes = {name: answers(*VOTES[name]) for name in NAMES} | {"souss": answers(*small)}
    made = Federation(votes=votes, rolls={**ROLLS, "souss": 4})
    made.run(NOTICED, OPENS, now)
    return made


def without_hashes(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_hashes(one) for name, one in value.items() if name not in HASHES}
    return [without_hashes(one) for one in value] if isinstance(value, list) else value


def test_before_the_close_no_seal_and_no_number_is_shown() -> None:
    made = Federation()
    made.run(NOTICED, OPENS, CLOSES)
    # Everything is known here; the reader's own clock has not come to the close.
    found = shown(seen(made, CLOSES - timedelta(seconds=1)), "en")
    assert {one["seal"] for one in found["legs"]} == {None}
    assert {one["cast"] for one in found["legs"]} == {None}
    assert found["turnout"] == {"cast": 0, "of": 0, "networks": 0, "withheld": 0}
    assert found["totals"]["yes"] == 0


def test_after_the_close_each_leg_has_its_numbers_and_the_hash_that_it_computed() -> None:
    made = Federation()
    made.run()
    found = shown(seen(made, CLOSES), "en")
    assert found["result"] == "Adopted"
    assert found["agreeing"] == list(NAMES)
    adrar = found["legs"][0]
    assert (adrar["cast"], adrar["of"], adrar["tally"]) == (400, 400, {"yes": 310, "no": 90})
    assert adrar["outcome_hash"] == found["outcome_hash"]
    assert found["totals"]["yes"] == sum(yes for yes, _ in VOTES.values())


def test_a_network_that_was_cut_off_is_awaited_then_missing_then_late() -> None:
    made = Federation()
    made.run(NOTICED, OPENS)
    made.cut = {"kaolack"}
    shown_at = CLOSES + timedelta(hours=25)
    made.run(CLOSES, shown_at)
    assert listed(seen(made, shown_at), "en")["awaited"] == ["kaolack"]
    made.run(AFTER)
    found = listed(seen(made, AFTER), "pt")
    assert (found["missing"], found["awaited"]) == (["kaolack"], [])
    assert "faltam: kaolack" in found["said"]
    made.cut = set()
    made.share()
    made.run(AFTER)
    assert listed(seen(made, AFTER), "en")["late"] == ["kaolack"]


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([((4, 0), (3, 0)), ((2, 1), (3, 1)), ((1, 0), (4, 0)), ((1, 3), (0, 2))]))
def test_nothing_that_is_shown_depends_on_the_numbers_of_a_small_network(
    pair: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    one, other = (shown(seen(voted(votes), CLOSES), "en") for votes in pair)
    assert without_hashes(one) == without_hashes(other)


def test_the_whole_without_the_others_leaves_nothing_of_a_small_network() -> None:
    found = shown(seen(voted((3, 1)), CLOSES), "es")
    small = next(one for one in found["legs"] if one["network"] == "souss")
    assert (small["told"], small["sign"], small["cast"], small["of"]) == ("sign", 1, None, None)
    assert "no se dice el número" in small["sign_label"]
    others = [one for one in found["legs"] if one["network"] != "souss"]
    for name in ("issued", "cast", "blank", "invalid"):
        assert found["totals"][name] == sum(one[name] for one in others)
    assert found["turnout"]["cast"] == sum(one["cast"] for one in others)
    assert found["turnout"]["of"] == sum(one["roll_size"] for one in others)
    assert found["turnout"]["withheld"] == 1


def test_a_file_has_a_line_for_each_network_and_empty_cells_where_no_number_is_told() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv([seen(voted((3, 1)), CLOSES)], "en"))))
    assert [row["network"] for row in rows] == list(NAMES)
    small = rows[-1]
    assert (small["cast"], small["yes"], small["no"], small["sign"]) == ("", "", "", "yes")
    assert (rows[0]["yes"], rows[0]["no"]) == ("310", "90")
    assert len({row["outcome's hash there"] for row in rows}) == 1


def test_a_no_to_which_nobody_said_yes_stands_in_the_file_as_zero() -> None:
    made = Federation(votes={name: answers(0, 20) for name in NAMES})
    made.run()
    rows = list(csv.DictReader(io.StringIO(as_csv([seen(made, CLOSES)], "en"))))
    assert {(row["yes"], row["no"]) for row in rows} == {("0", "20")}


def test_every_word_is_there_in_five_languages_with_the_same_values() -> None:
    def values(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english = phrases("en")
    for language in LANGUAGES:
        words = phrases(language)
        assert {name: values(text) for name, text in words.items()} == {
            name: values(text) for name, text in english.items()
        }
        assert all(words.values())
    for state in BallotState:
        assert f"state-{state.value}" in english
    assert {f"leg-{one.value}" for one in LegState} <= set(english)
    assert {f"fault-{one.value}" for one in Fault} <= set(english)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_dispute_is_told_in_a_sentence(language: str) -> None:
    names = (
        "equivocation:souss", "mismatch:0", "false-certificate:souss:0", "audit:souss", "notice",
        "challenge:souss:count:", "challenge:souss:outage:lima",
    )  # fmt: skip
    told = [dispute_said(name, language) for name in names]
    assert len(set(told)) == len(names)
    assert all("{" not in one for one in told)


def test_what_is_shown_is_plain_json_with_whole_numbers() -> None:
    data = json.dumps(shown(seen(voted((3, 1)), CLOSES), "ar"))
    loaded: list[float] = []
    json.loads(data, parse_float=lambda text: loaded.append(float(text)))
    assert loaded == []
