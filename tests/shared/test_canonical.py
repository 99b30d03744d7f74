"""One value has one sequence of bytes, that of RFC 8785, and all others are refused."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from shared.canonical import DEPTH_MAX, Malformed, NotCanonical, canonical, parse_canonical

INTEGER_MAX = 2**53 - 1

keys = st.text(st.characters(max_codepoint=127), max_size=12)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_the_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(values)
def test_the_bytes_say_the_value_that_they_were_made_of(value: Any) -> None:
    assert parse_canonical(canonical(value)) == value


@given(values)
def test_any_other_way_to_write_a_value_is_refused(value: Any) -> None:
    data = canonical(value)
    for other in (
        json.dumps(value).encode(),
        json.dumps(value, ensure_ascii=False, indent=1).encode(),
        b" " + data,
        data + b"\n",
    ):
        if other != data:
            with pytest.raises(NotCanonical):
                parse_canonical(other)


@given(st.binary(max_size=60) | st.text('[]{}",:01-.eEtrufalsn\\ud8 ', max_size=40).map(str.encode))
def test_any_bytes_are_canonical_or_refused_by_name(data: bytes) -> None:
    try:
        value = parse_canonical(data)
    except (Malformed, NotCanonical):
        return
    assert canonical(value) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"nul",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"[1,]",
        b"{'a':1}",
        b"01",
        b"+1",
        b'"\x01"',
        b"\xff",
        b'"\xc3"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'{"\\ud800":1}',
        b"\xef\xbb\xbf1",
        '{"a":1}'.encode("utf-16"),
    ],
)
def test_what_is_not_json_in_utf_8_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_canonical(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"1.0", id="float"),
        pytest.param(b"1.5", id="fraction"),
        pytest.param(b"1e2", id="exponent"),
        pytest.param(b"-0.0", id="negative zero as a float"),
        pytest.param(b"-0", id="negative zero"),
        pytest.param(b"9007199254740992", id="integer of 2^53"),
        pytest.param(b"-9007199254740992", id="integer of -2^53"),
        pytest.param(b"18446744073709551616", id="integer of 2^64"),
        pytest.param(b"1" + b"0" * 400, id="integer beyond all floats"),
        pytest.param(b'{"a":1,"a":1}', id="duplicate key"),
        pytest.param(b'{"a":1,"a":2}', id="duplicate key with another value"),
        pytest.param(b'{"a":{"b":1,"b":2}}', id="duplicate key further in"),
        pytest.param(b'{"a":1,"\\u0061":1}', id="duplicate key in disguise"),
        pytest.param(b'{"b":1,"a":1}', id="unsorted keys"),
        pytest.param(b'{"a": 1}', id="space"),
        pytest.param(b"[1,2]\n", id="line end"),
        pytest.param(b'"\\u0061"', id="needless escape"),
        pytest.param(b'"\\/"', id="escaped slash"),
        pytest.param(b'"\\u00e9"', id="escaped letter"),
        pytest.param(b'"\\u001F"', id="escape in capitals"),
        pytest.param(b'"\\u000a"', id="long escape"),
        pytest.param('{"é":1}'.encode(), id="key that is not ASCII"),
        pytest.param(b"[" * 33 + b"1" + b"]" * 33, id="too deep"),
        pytest.param(b'{"a":' * 33 + b"1" + b"}" * 33, id="objects too deep"),
    ],
)
def test_what_is_outside_the_grammar_or_written_otherwise_is_not_canonical(data: bytes) -> None:
    with pytest.raises((NotCanonical, Malformed)) as refused:
        parse_canonical(data)
    # Integers that no reader holds are no JSON to the reader that we have.
    if len(data) < 100:
        assert refused.type is NotCanonical


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        -0.0,
        float("nan"),
        float("inf"),
        2**53,
        -(2**53),
        10**30,
        "\ud800",
        {"\ud800": 1},
        {"é": 1},
        {1: "a"},
        {None: 1},
        (1, 2),
        {1, 2},
        b"a",
        object(),
        [[1.0]],
        {"a": {"b": b"c"}},
    ],
)
def test_a_value_outside_the_grammar_has_no_bytes(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_objects_and_arrays_stand_inside_one_another_32_deep_and_no_deeper() -> None:
    assert parse_canonical(canonical(_nested(DEPTH_MAX))) == _nested(DEPTH_MAX)
    with pytest.raises(NotCanonical):
        canonical(_nested(DEPTH_MAX + 1))
    with pytest.raises(NotCanonical):
        parse_canonical(b"[[1]]", depth_max=1)
    assert parse_canonical(b"[1]", depth_max=1) == [1]


def test_a_value_of_great_depth_is_refused_and_breaks_nothing() -> None:
    for data in (b"[" * 100_000 + b"]" * 100_000, b"[" * 100_000, b'{"a":' * 100_000):
        with pytest.raises((Malformed, NotCanonical)):
            parse_canonical(data)


def test_even_an_empty_object_counts_for_the_depth() -> None:
    assert parse_canonical(b"[" * 32 + b"]" * 32)
    with pytest.raises(NotCanonical):
        parse_canonical(b"[" * 33 + b"]" * 33)
