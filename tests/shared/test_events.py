"""An event is told once and for ever: what cannot be read is set aside, and tried again later."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.canonical import NotCanonical, canonical, parse_canonical
from shared.contracts.directory import EntityListed, EntityWithdrawn
from shared.contracts.profile import PublicProfile
from shared.events import (
    EVENT_BYTES_MAX,
    BrokenContract,
    Event,
    EventTooLarge,
    FutureVersion,
    Log,
    UnknownEvent,
    checked_payload,
    contract_of,
    frame,
    kind_of,
    published,
    read,
    upcasts,
)
from shared.log.arrived import Arrived
from shared.log.projector import DEFECT, RETRIED_TOGETHER
from shared.refusals import Refusal
from shared.store import StoreUnavailable, Work
from tests.shared.peers import AT, Peer, fields_of, told_by
from tests.shared.readers import Reader

fr = Peer("fr")
GOOD = fr.history(2)


@published
class WordSpread(Event):
    """A word has spread; once it had one speaker, then a number of them, now their names."""

    kind: ClassVar[str] = "directory.word.spread"
    version: ClassVar[int] = 3
    log: ClassVar[Log] = Log.PUBLIC

    word: str
    speakers: tuple[str, ...] = ()

    def about(self) -> str:
        """Return the word."""
        return self.word


@upcasts("directory.word.spread", version=1)
def _one_speaker_is_counted(payload: dict[str, Any]) -> dict[str, Any]:
    speaker = payload.pop("speaker")
    return {**payload, "first": speaker, "count": len(speaker) and 1}


@upcasts("directory.word.spread", version=2)
def _the_first_speaker_is_named(payload: dict[str, Any]) -> dict[str, Any]:
    return {"word": payload["word"], "speakers": [payload["first"]] * payload["count"]}


def test_an_event_of_an_older_version_is_lifted_step_by_step() -> None:
    wanted = WordSpread(word="twiza", speakers=("lalla",))
    for version, payload in (
        (1, {"word": "twiza", "speaker": "lalla"}),
        (2, {"word": "twiza", "first": "lalla", "count": 1}),
        (3, {"word": "twiza", "speakers": ["lalla"]}),
    ):
        before = canonical(payload)
        assert read("directory.word.spread", version, payload) == wanted
        assert canonical(payload) == before, "what was signed stays as it was"


def test_a_reader_ignores_and_keeps_what_it_does_not_know() -> None:
    contract, data = checked_payload("directory.word.spread", 3, {"word": "twiza", "later": [1]})
    assert contract.model_validate(data) == WordSpread(word="twiza")
    assert data["later"] == [1]


@pytest.mark.parametrize(
    ("kind", "version", "payload", "refusal"),
    [
        ("directory.word.forgotten", 1, {}, UnknownEvent),
        ("directory.word.spread", 4, {"word": "twiza"}, FutureVersion),
        ("directory.word.spread", 3, {}, BrokenContract),
        ("directory.word.spread", 3, {"word": 1}, BrokenContract),
        ("directory.word.spread", 0, {"word": "twiza"}, BrokenContract),
        # What an older version held was written by another: a step may meet anything.
        ("directory.word.spread", 1, {}, BrokenContract),
        ("directory.word.spread", 1, {"word": "twiza", "speaker": 1}, BrokenContract),
        ("directory.word.spread", 2, {"word": "twiza", "first": {}, "count": "x"}, BrokenContract),
        ("directory.word.spread", 2, {"word": [], "first": "l", "count": 1}, BrokenContract),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(
    kind: str, version: int, payload: dict[str, Any], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        read(kind, version, payload)


def test_a_kind_is_declared_once_and_in_its_form() -> None:
    with pytest.raises(TypeError, match="twice"):
        published(type("Again", (WordSpread,), {}))
    for kind in ("Directory.word.spread", "directory..spread", "directory.word_spread", ""):
        with pytest.raises(TypeError, match="no event type"):
            published(type("Odd", (WordSpread,), {"kind": kind}))
    with pytest.raises(TypeError, match="twice"):
        upcasts("directory.word.spread", version=1)(_one_speaker_is_counted)
    assert contract_of("directory.word.spread", 3) is WordSpread


@pytest.mark.parametrize(
    "wire_type",
    [
        "",
        "directory.word.spread.v1",
        "org.twiza.directory.word.spread",
        "org.twiza.directory.word.spread.v0",
        "org.twiza.directory.word.spread.v01",
        "org.twiza.directory.word.spread.v10000",
        "org.twiza.Directory.word.spread.v1",
        "org.twiza.directory.word.spread.v1\n",
        "org.twiza.directory.word\0.spread.v1",
    ],
)
def test_other_types_are_none_of_this_system(wire_type: str) -> None:
    with pytest.raises(BrokenContract):
        kind_of(wire_type)


@given(st.text(max_size=50).filter(lambda text: text.isprintable()), st.integers(1, 2**53 - 1))
def test_what_is_told_is_what_is_read(name: str, revision: int) -> None:
    told = EntityListed(
        entity_id=f"fr:{UUID(int=1)}", revision=revision, profile=PublicProfile(name=name or "x")
    )
    cloud = parse_canonical(frame(told, source="twiza:fr/directory", event_id="1", time=AT))
    assert cloud["type"] == "org.twiza.directory.entity.listed.v1"
    assert cloud["subject"] == told.entity_id
    assert read(*kind_of(cloud["type"]), cloud["data"]) == told


def test_an_event_is_so_long_and_no_longer() -> None:
    empty = len(frame(WordSpread(word=""), source="s", event_id="1", time=AT))
    # The word stands twice: in the subject and in the data.
    word = "w" * ((EVENT_BYTES_MAX - empty) // 2)
    assert frame(WordSpread(word=word), source="s", event_id="1", time=AT)
    with pytest.raises(EventTooLarge):
        frame(WordSpread(word=word + "ww"), source="s", event_id="1", time=AT)


class WordCounted(Event):
    """An event whose number may be too great for signed data."""

    kind: ClassVar[str] = "directory.word.counted"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC

    times: int

    def about(self) -> str:
        """Return the same for all."""
        return "word"


def test_a_number_that_cannot_be_signed_is_not_told() -> None:
    with pytest.raises(NotCanonical):
        frame(WordCounted(times=2**53), source="s", event_id="1", time=AT)


@pytest.fixture
async def reader(database_url: str) -> AsyncIterator[Reader]:
    """A reader that knows one node, on each kind of database in turn."""
    async with Reader(database_url, fr) as reader:
        yield reader


LISTED = fields_of(GOOD[0])["events"][0]
POISON: dict[str, dict[str, Any]] = {
    "unknown-event": {"type": "org.twiza.directory.word.unheard.v1"},
    "future-version": {"type": "org.twiza.directory.entity.listed.v2"},
    "not-its-namespace": {"source": "twiza:es/directory"},
    "broken-contract": {"data": {"entity_id": "nobody's", "revision": 1}},
}
"""What is wrong with an event, by the reason for which it is set aside."""


async def test_a_poison_event_is_set_aside_and_the_rest_applied(reader: Reader) -> None:
    events = [LISTED | change for change in POISON.values()]
    events.append(LISTED | {"type": "no\0type", "subject": "a\0b"})
    good = [fields_of(page)["events"][0] for page in fr.history(3)]
    page = fr.altered(GOOD[0], events=[good[0], *events, good[1], good[2]])
    following = fr.history(1, after=page)[0]
    await reader.take(fr, page, following)
    assert await reader.state() == told_by([*fr.history(3), following])
    rows = sorted(await reader.rows("set_aside"), key=lambda row: int(row["place"]))
    assert [row["reason"] for row in rows] == [*POISON, "broken-contract"]
    assert [row["place"] for row in rows] == [1, 2, 3, 4, 5]
    assert [parse_canonical(bytes(row["body"])) for row in rows] == events
    assert (await reader.cursor(fr)).number == 2


async def test_an_event_at_which_our_own_code_fails_is_set_aside_alone(reader: Reader) -> None:
    def stumble(work: Work, arrived: Sequence[Arrived[EntityListed]]) -> None:
        if any(told.event.profile.name.endswith("2.0") for told in arrived):
            raise ZeroDivisionError

    reader.desk.projector.on(EntityListed, stumble)
    pages = fr.history(3)
    page = fr.altered(pages[0], events=[fields_of(page)["events"][0] for page in pages])
    await reader.take(fr, page)
    assert await reader.state() == told_by([pages[0], pages[2]])
    [row] = await reader.rows("set_aside")
    assert (row["place"], row["reason"], row["detail"]) == (1, DEFECT, "ZeroDivisionError")


async def test_a_failing_database_is_no_defect_of_an_event(reader: Reader) -> None:
    full = True

    def fill(work: Work, arrived: Sequence[Arrived[EntityListed]]) -> None:
        if full:
            raise StoreUnavailable("the disk is full")

    reader.desk.projector.on(EntityListed, fill)
    with pytest.raises(StoreUnavailable):
        await reader.take(fr, *GOOD)
    assert await reader.rows("set_aside") == []
    assert (await reader.cursor(fr)).number == 0
    full = False
    await reader.take(fr, *GOOD)
    assert await reader.state() == told_by(GOOD)


async def test_an_unknown_kind_is_applied_after_an_upgrade(database_url: str) -> None:
    # A kind of its own for each database: what is declared stays declared.
    kind = f"directory.word.{'once' if 'sqlite' in database_url else 'twice'}"
    changes = {"type": f"org.twiza.{kind}.v1", "subject": "twiza", "data": {"word": "twiza"}}
    event = LISTED | changes
    events = [event, LISTED, *(LISTED | change for change in POISON.values())]
    async with Reader(database_url, fr, release="1") as reader:
        await reader.take(fr, fr.altered(GOOD[0], events=events))
        assert await reader.state() == told_by(GOOD[:1])
        assert len(await reader.rows("set_aside")) == 1 + len(POISON)

    contract: type[WordSpread] = published(
        type("Later", (WordSpread,), {"kind": kind, "version": 1})
    )
    heard: list[Arrived[Any]] = []

    class Upgraded(Reader):
        """The next release, which knows the kind."""

        def projector(self) -> Any:
            projector = super().projector()
            projector.on(contract, lambda work, arrived: heard.extend(arrived))
            return projector

    for _ in range(2):
        async with Upgraded(database_url, fr, release="2") as reader:
            rows = await reader.rows("set_aside")
            assert sorted(row["reason"] for row in rows) == sorted(POISON)
            assert {row["release"] for row in rows} == {"2"}
    assert [(told.event.word, told.origin, told.number) for told in heard] == [("twiza", "fr", 1)]


async def test_what_was_set_aside_is_tried_once_for_each_release(database_url: str) -> None:
    tried: list[int] = []

    class Stumbling(Reader):
        """A release whose projection fails, as the one before did."""

        def projector(self) -> Any:
            projector = super().projector()
            projector.on(EntityWithdrawn, self.stumble)
            return projector

        def stumble(self, _: Work, arrived: Sequence[Arrived[Any]]) -> None:
            tried.append(len(arrived))
            raise ZeroDivisionError

    gone = {
        "type": EntityWithdrawn.wire_type(),
        "data": {"entity_id": LISTED["subject"], "revision": 2},
    }
    page = fr.altered(GOOD[0], events=[LISTED, LISTED | gone])
    for release, tries in (("1", [1, 1]), ("1", []), ("2", [1, 1]), ("2", [])):
        tried.clear()
        async with Stumbling(database_url, fr, release=release) as reader:
            await reader.take(fr, page)
            [row] = await reader.rows("set_aside")
            assert (row["release"], row["reason"]) == (release, DEFECT)
        assert tried == tries
    # The release in which it is mended applies it.
    async with Reader(database_url, fr, release="3") as reader:
        assert await reader.rows("set_aside") == []
        assert list((await reader.state()).values()) == [""]


async def test_very_many_events_are_tried_again(database_url: str) -> None:
    event = LISTED | {"type": "org.twiza.directory.entity.listed.v2"}
    async with Reader(database_url, fr, release="1") as reader:
        first = fr.altered(GOOD[0], events=[event] * 256)
        second = fr.altered(GOOD[1], events=[event] * 200, prev=first.sha256)
        await reader.take(fr, first, second)
    async with Reader(database_url, fr, release="2") as reader:
        rows = await reader.rows("set_aside")
        assert len(rows) == 456 > RETRIED_TOGETHER
        assert {row["release"] for row in rows} == {"2"}


async def test_what_was_set_aside_of_a_branch_that_was_left_is_forgotten(reader: Reader) -> None:
    later = LISTED | {"type": "org.twiza.directory.entity.listed.v2"}
    second = fr.altered(GOOD[1], events=[later])
    await reader.take(fr, GOOD[0], second)
    assert len(await reader.rows("set_aside")) == 1
    await reader.take(fr, fr.reopening(GOOD[0]))
    assert await reader.rows("set_aside") == []
