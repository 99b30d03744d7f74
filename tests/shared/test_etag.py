"""An entity tag names what a thing is now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.edge import not_modified
from shared.etag import (
    BadMatch,
    ChangedMeanwhile,
    MatchRequired,
    etag,
    require_match,
    unchanged,
)

CURRENT = etag(7, "ar")


def test_a_tag_is_strong_and_names_all_its_parts() -> None:
    assert etag(7) == '"7"'
    assert CURRENT == '"7/ar"'
    assert etag(1, 23) != etag(12, 3)


def test_a_tag_of_anything_but_plain_words_is_a_defect() -> None:
    for part in ("", 'a"b', "a b", "é", "a/b", "x" * 300):
        with pytest.raises(AssertionError):
            etag(part)
    with pytest.raises(AssertionError):
        etag()


@pytest.mark.parametrize("header", ['"7/ar"', '"6/ar", "7/ar"', "*", ' "7/ar" ', '"6","7/ar"'])
def test_who_has_seen_the_present_state_may_change_it(header: str) -> None:
    require_match(header, CURRENT)


@pytest.mark.parametrize("header", ['"6/ar"', 'W/"7/ar"', '"7"', '"6", "5"'])
def test_who_has_seen_another_state_may_not(header: str) -> None:
    with pytest.raises(ChangedMeanwhile) as refused:
        require_match(header, CURRENT)
    assert refused.value.members == {"etag": CURRENT}


def test_a_change_must_say_what_it_changes() -> None:
    with pytest.raises(MatchRequired):
        require_match(None, CURRENT)


@pytest.mark.parametrize(
    "header", ["", "7", '"7', 'w/"7"', '"a" "b"', '*, "7"', '"a"b', ",", '""x']
)
def test_a_header_without_tags_is_refused(header: str) -> None:
    with pytest.raises(BadMatch):
        require_match(header, CURRENT)
    with pytest.raises(BadMatch):
        unchanged(header, CURRENT)


def test_who_has_the_present_state_need_not_fetch_it() -> None:
    assert unchanged(CURRENT, CURRENT)
    assert unchanged(f"W/{CURRENT}", CURRENT)
    assert unchanged(f'"6", {CURRENT}', CURRENT)
    assert unchanged("*", CURRENT)
    assert not unchanged('"6"', CURRENT)
    assert not unchanged(None, CURRENT)


def test_the_answer_to_those_has_the_tag_and_no_body() -> None:
    answer = not_modified(CURRENT)
    assert (answer.status_code, answer.headers["etag"], answer.body) == (304, CURRENT, b"")


@given(st.text('"W/7ar,* ', max_size=30) | st.text(max_size=30))
def test_any_header_is_understood_or_refused_by_name(header: str) -> None:
    try:
        require_match(header, CURRENT)
    except (BadMatch, ChangedMeanwhile):
        return
    assert unchanged(header, CURRENT)
