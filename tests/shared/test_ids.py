"""Names are fit for subjects, and ids sort by the time of their making."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import (
    FEDERATED,
    SERVICES,
    BadName,
    NodeName,
    global_id,
    new_id,
    node_name,
    service_name,
    uuid7,
)

outer = st.sampled_from("abcxyz0189")
inner = st.text("abcxyz0189-", max_size=30)


@given(outer, inner, outer)
def test_letters_digits_and_inner_hyphens_make_a_name(first: str, rest: str, last: str) -> None:
    assert node_name(first + rest + last) == first + rest + last
    assert node_name(first) == first


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "-a", "a-", "a" * 33, "A", "é", "تويزة", "a.b", "a*", ">", "a b", "a\n", "a_b",
        "٣", "ｆｒ",
    ],
)  # fmt: skip
def test_a_name_that_cannot_stand_in_a_subject_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        node_name(text)


@given(st.text())
def test_whatever_passes_for_a_name_is_plain(text: str) -> None:
    try:
        name = node_name(text)
    except BadName:
        return
    assert name.isascii()
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_there_are_five_services_and_the_portal_is_silent_outside() -> None:
    assert SERVICES == ("directory", "exchange", "governance", "portal", "node")
    assert set(SERVICES) - set(FEDERATED) == {"portal"}
    assert [service_name(name) for name in SERVICES] == list(SERVICES)
    for text in ("", "Directory", "dir", "directory "):
        with pytest.raises(BadName):
            service_name(text)


def test_a_refused_name_is_repeated_only_in_part() -> None:
    with pytest.raises(BadName) as refused:
        node_name("x" * 1_000)
    assert len(refused.value.detail) == 64


def test_ids_are_of_version_7_and_sort_by_the_time_of_their_making() -> None:
    made = [uuid7() for _ in range(1_000)]
    assert {one.version for one in made} == {7}
    assert all(type(one) is UUID for one in made)
    assert len(set(made)) == len(made)
    assert [one.int >> 80 for one in made] == sorted(one.int >> 80 for one in made)


def test_a_short_id_is_32_hex_digits() -> None:
    text = new_id()
    assert UUID(hex=text).version == 7
    assert len(text) == 32


def test_a_thing_is_known_outside_by_its_node_and_id() -> None:
    assert global_id(NodeName("remess"), UUID(int=7)) == f"remess:{UUID(int=7)}"
