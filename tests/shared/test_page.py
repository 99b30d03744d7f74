"""A page is one sequence of bytes, and anything else that claims to be one is refused by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.canonical import Malformed, NotCanonical, canonical
from shared.events import Log
from shared.log.page import (
    EVENTS_BYTES_MAX,
    NO_PAGE,
    PAGE_BYTES_MAX,
    PAGE_EVENTS_MAX,
    BadPage,
    FuturePage,
    PageTooLarge,
    Unsigned,
    claimed_place,
    page_bytes,
    parse_page,
    sha256_hex,
    sign_page,
    unchecked_identity,
    verify_page,
)
from shared.refusals import Refusal
from tests.shared.peers import AT, Peer, fields_of

fr = Peer("fr")
PAGE = fr.history(1)[0]
FIELDS = fields_of(PAGE)


@given(
    epoch=st.integers(1, 2**31 - 1),
    number=st.integers(1, 2**53 - 1),
    prev=st.binary(min_size=32, max_size=32),
    log=st.sampled_from(Log),
    names=st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=4),
)
def test_a_page_is_the_canonical_form_of_what_it_says(
    epoch: int, number: int, prev: bytes, log: Log, names: list[str]
) -> None:
    events: list[dict[str, Any]] = [{"data": {"name": name}, "id": "1"} for name in names]
    data = page_bytes(
        node=fr.node,
        service=fr.service,
        log=log,
        epoch=epoch,
        number=number,
        prev=prev.hex(),
        sealed_at=AT,
        bodies=[canonical(event) for event in events],
    )
    page = parse_page(data)
    said = (page.node, page.service, page.log, page.epoch, page.number, page.prev, page.events)
    assert said == (fr.node, fr.service, log, epoch, number, prev.hex(), events)
    assert claimed_place(data) == (epoch, number)
    assert unchecked_identity(data) == ("fr", "directory", log.value, epoch, number)


def test_a_full_page_fits_in_whatever_frame_it_lies() -> None:
    bodies = [b'{"a":"%s"}' % (b"x" * 1_988)] * 255
    bodies.append(b'{"a":"%s"}' % (b"x" * (EVENTS_BYTES_MAX - 255 * 1_997 - 256 - 8)))
    data = page_bytes(
        node=Peer("n" * 32).node,
        service=Peer("n", "governance").service,
        log=Log.PRIVATE,
        epoch=2**31 - 1,
        number=2**53 - 1,
        prev=NO_PAGE,
        sealed_at=AT,
        bodies=bodies,
    )
    assert len(bodies) == PAGE_EVENTS_MAX
    assert EVENTS_BYTES_MAX < len(data) <= PAGE_BYTES_MAX
    assert len(parse_page(data).events) == PAGE_EVENTS_MAX


def changed(**fields: Any) -> bytes:
    """Return the canonical bytes of a page with other fields; None takes one away."""
    value = {name: field for name, field in (FIELDS | fields).items() if field is not None}
    return canonical(value)


@pytest.mark.parametrize(
    "data",
    [
        changed(extra=1),
        changed(prev=None),
        changed(v=None),
        changed(v=0),
        changed(v="1"),
        changed(v=True),
        changed(epoch=0),
        changed(epoch="1"),
        changed(epoch=True),
        changed(number=0),
        changed(number=-1),
        changed(events=[]),
        changed(events={}),
        changed(events=[[]]),
        changed(events=["event"]),
        changed(events=[{}] * 257),
        changed(log="secret"),
        changed(log=1),
        changed(node=1),
        changed(node="n" * 65),
        changed(service=["directory"]),
        changed(prev="0" * 63),
        changed(prev="Z" * 64),
        changed(prev=0),
        changed(sealed_at=1),
        changed(epoch=2**31),
        b"[]",
        b"1",
        b'"page"',
        b"null",
        b"true",
        b"{}",
    ],
)
def test_other_structures_are_no_pages(data: bytes) -> None:
    with pytest.raises(BadPage):
        parse_page(data)


@pytest.mark.parametrize("data", [changed(v=2), b'{"v":2}', changed(v=3, extra=1, events=None)])
def test_a_page_of_a_newer_form_is_named_so(data: bytes) -> None:
    with pytest.raises(FuturePage):
        parse_page(data)


def replaced(old: bytes, new: bytes) -> bytes:
    """Return the page's bytes with one part of them exchanged."""
    assert PAGE.data.count(old) == 1
    return PAGE.data.replace(old, new)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", Malformed),
        (b"\xff", Malformed),
        (PAGE.data[:-1], Malformed),
        (PAGE.data + b"x", Malformed),
        (PAGE.data + b"\n", NotCanonical),
        (b"\xef\xbb\xbf" + PAGE.data, Malformed),
        (replaced(b'"v":1}', b'"v":1 }'), NotCanonical),
        (replaced(b'"v":1}', b'"v":1.0}'), NotCanonical),
        (replaced(b'"v":1}', b'"v":1e0}'), NotCanonical),
        (replaced(b'"v":1}', b'"v":1,"v":1}'), NotCanonical),
        (replaced(b'"v":1}', b'"v":2,"v":1}'), NotCanonical),
        (replaced(b'"v":1}', b'"v":01}'), Malformed),
        (replaced(b'"v":1}', b'"v":NaN}'), Malformed),
        (replaced(b'"v":1}', b'"v":1,"w":9007199254740993}'), NotCanonical),
        (replaced(b'"v":1}', b'"v":1,"w":99999999999999999999999999}'), NotCanonical),
        (replaced(b'"v":1}', b'"v":1,"\xc3\xa9":1}'), NotCanonical),
        (replaced(b'"v":1}', b'"v":1,"w":"\\ud800"}'), Malformed),
        (replaced(b'"node":"fr"', b'"node":"\\u0066r"'), NotCanonical),
        (replaced(b'{"epoch":1,', b'{'), BadPage),
        (replaced(b'{"epoch":1,', b'{"zzz":1,"epoch":1,'), NotCanonical),
        (b"[" * 40 + b"]" * 40, NotCanonical),
        (b"[" * 100_000 + b"]" * 100_000, Malformed),
        (changed(events=[{"a": "x" * 600_000}]), PageTooLarge),
    ],
    ids=range(23),
)  # fmt: skip
def test_bytes_that_are_not_the_canonical_ones_are_refused(
    data: bytes, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        parse_page(data)


def test_an_event_may_lie_as_deep_as_32_and_no_deeper() -> None:
    deep: Any = 1
    for _ in range(29):
        deep = [deep]
    assert parse_page(changed(events=[{"data": deep}])).events == [{"data": deep}]
    with pytest.raises(NotCanonical):
        # The tool that makes canonical bytes refuses this depth itself.
        changed(events=[{"data": [deep]}])
    with pytest.raises(NotCanonical):
        parse_page(replaced(b'"v":1}', b'"v":1,"w":' + b"[" * 32 + b"]" * 32 + b"}"))


def test_a_signature_is_of_one_key_over_one_page() -> None:
    assert verify_page(PAGE.sha256, PAGE.signature) == fr.key.public
    with pytest.raises(Unsigned):
        verify_page(sha256_hex(PAGE.data + b" "), PAGE.signature)
    other = Peer("es").key
    with pytest.raises(Unsigned):
        verify_page(PAGE.sha256, f"{other.public}.{PAGE.signature.partition('.')[2]}")
    assert verify_page(PAGE.sha256, sign_page(PAGE.sha256, other)) == other.public


@pytest.mark.parametrize(
    "header",
    [
        "",
        ".",
        "x",
        PAGE.signature[:-1],
        PAGE.signature + "A",
        PAGE.signature + "=",
        PAGE.signature + "\n",
        PAGE.signature[:80] + "!" + PAGE.signature[80:],
        PAGE.signature[:-1] + ("h" if PAGE.signature[-1] != "h" else "i"),
        PAGE.signature.replace(".", ""),
        PAGE.signature.partition(".")[0],
        PAGE.signature.partition(".")[0] + ".",
        PAGE.signature.partition(".")[0] + ".é",
        PAGE.signature.partition(".")[0] + "." + "A" * 86,
        PAGE.signature.partition(".")[2],
        PAGE.signature.lower(),
        "\udcff" + PAGE.signature,
    ],
)
def test_a_malformed_signature_is_none(header: str) -> None:
    with pytest.raises(Unsigned):
        verify_page(PAGE.sha256, header)


@given(st.binary(max_size=300))
def test_what_is_claimed_of_any_bytes_raises_nothing(data: bytes) -> None:
    claimed_place(data)
    unchecked_identity(data)
    claimed_place(b'{"epoch":1,"events":[' + data)
    unchecked_identity(b'{"node":' + data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"node":1,"service":2,"log":3,"epoch":"x","number":1}',
        b'{"node":1,"service":2,"log":3,"epoch":1e999,"number":1}',
        b'{"node":1,"service":2,"log":3,"epoch":NaN,"number":1}',
        b'{"node":1,"service":2,"log":3,"epoch":[],"number":1}',
        b'{"node":' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
        b"1",
    ],
    ids=range(7),
)
def test_absurd_claims_are_none(data: bytes) -> None:
    assert unchecked_identity(data) is None
