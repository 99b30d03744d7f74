"""A page is refused for its bytes, an event set aside for what it holds, and the rest goes on.

The directory of ``es`` lies on PostgreSQL and the hub's on SQLite: both refuse the same.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from shared.clock import moment
from shared.events import Log
from shared.ids import NodeName, ServiceName, new_uuid7
from shared.log.evidence import REFUSED_ROWS_MAX
from shared.log.names import LogName
from shared.log.page import SealedPage
from shared.store import Work
from tests.databases import NewDatabase
from tests.desks import TestDesk
from tests.federation.attacked import Attacked, attacked, evidence, quarantines, set_aside
from tests.federation.forging import SPOKEN_AT, Forged, Forger, Told, written

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE_MAX = 512_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def federation(
    tmp_path_factory: pytest.TempPathFactory, postgresql: NewDatabase
) -> AsyncIterator[Attacked]:
    async with attacked(tmp_path_factory.mktemp("bytes"), database=postgresql()) as scene:
        await scene.forger.tell()
        yield scene


@pytest_asyncio.fixture(loop_scope="module")
async def scene(federation: Attacked) -> AsyncIterator[Attacked]:
    """The federation, in which fr's log is open at the beginning of each test."""
    await federation.forger.heal()
    await federation.stands("open", number=1)
    yield federation


def page_of(forger: Forger, size: int) -> bytes:
    """Return a good page of so many bytes."""
    listed = forger.listed("Large")
    short = len(written(forger.page(listed | {"traceparent": ""})))
    return written(forger.page(listed | {"traceparent": "x" * (size - short)}))


def nested(depth: int) -> bytes:
    """Return so many arrays inside one another."""
    return b"[" * depth + b"]" * depth


def altered(forger: Forger, old: bytes, new: bytes) -> bytes:
    """Return the bytes of a good page with something else in the place of some of them."""
    data = written(forger.page(forger.listed("Altered")))
    assert old in data
    return data.replace(old, new, 1)


def not_pages(forger: Forger) -> dict[str, tuple[bytes, str]]:
    """Return bytes that are no page, though their log's key signs them, and why not."""
    page = forger.page(forger.listed("Altered"))

    def other(**changes: Any) -> bytes:
        return written(page | changes)

    return {
        "nothing": (b"", "malformed"),
        "no JSON": (b"this is no page", "malformed"),
        "half of one": (written(page)[:-30], "malformed"),
        "not UTF-8": (altered(forger, b"Altered", b"\xff\xfe\xfd"), "malformed"),
        "half a surrogate": (altered(forger, b"Altered", b"\\ud800"), "malformed"),
        "a nest of thousands": (nested(20_000), "malformed"),
        "deep": (altered(forger, b'"revision":1', b'"revision":' + nested(30)), "not-canonical"),
        "a key twice": (altered(forger, b'"v":1}', b'"v":1,"v":1}'), "not-canonical"),
        "a key twice in an event": (
            altered(forger, b'"revision":1', b'"revision":9,"revision":1'), "not-canonical",
        ),
        "a float": (altered(forger, b'"revision":1', b'"revision":1.0'), "not-canonical"),
        "not a number": (altered(forger, b'"revision":1', b'"revision":NaN'), "malformed"),
        "beyond 2^53": (
            altered(forger, b'"revision":1', b'"revision":9007199254740993'), "not-canonical",
        ),
        "far beyond": (altered(forger, b'"revision":1', b'"revision":1' + b"0" * 400), "malformed"),
        "spaces": (json.dumps(page).encode(), "not-canonical"),
        "another order": (json.dumps(page, separators=(",", ":")).encode(), "not-canonical"),
        "an escape": (altered(forger, b"Altered", b"\\u0041ltered"), "not-canonical"),
        "a key that is no ASCII": (other(événements=[]), "not-canonical"),
        "a byte order mark": (b"\xef\xbb\xbf" + written(page), "malformed"),
        "an array": (b"[]", "bad-page"),
        "without events": (other(events=[]), "bad-page"),
        "257 events": (other(events=[forger.listed() for _ in range(257)]), "bad-page"),
        "events that are none": (other(events=["listed"]), "bad-page"),
        "one field more": (other(more=True), "bad-page"),
        "no number": (other(number="1"), "bad-page"),
        "number 0": (other(number=0), "bad-page"),
        "an epoch beyond its column": (other(epoch=2**31), "bad-page"),
        "a version before the first": (other(v=0), "bad-page"),
        "a newer version": (other(v=2, folds=[{"of": "a later release"}]), "future-page"),
    }  # fmt: skip


@pytest.mark.parametrize("what", list(not_pages(Forger.stranger("fr", "directory"))))
async def test_bytes_that_are_no_page_quarantine_the_log_that_signed_them(
    scene: Attacked, what: str
) -> None:
    forger, before = scene.forger, await scene.counts()
    data, reason = not_pages(forger)[what]
    page = forger.signed(data)
    await forger.send(page)
    await scene.refused(before, reason)
    await scene.stands("quarantined", number=1)
    for desk in scene.receivers.values():
        kept = (await evidence(desk, reason))[-1]
        # With its signature it proves that the log itself is at fault.
        assert (kept.bytes, kept.signature) == (page.data, page.signature)
        assert (await told_of(desk))[-1] == ("fr", "directory", reason)
    await scene.others_go_on()
    await forger.heal()
    await scene.stands("open", number=1)


async def test_nobodys_bytes_are_refused_and_counted(scene: Attacked) -> None:
    """Without the signature anyone may have made them: the log is not at fault."""
    forger, before = scene.forger, await scene.counts()
    good = forger.signed(forger.page(forger.listed("the true page")))
    junk = [data for data, _ in not_pages(forger).values()]
    for data in junk:
        await forger.send(Forged(data, good.signature, good.certificate))
    await scene.refused(before, "unsigned", times=len(junk))
    await scene.others_go_on()
    await forger.send(good)
    forger.follow(good)
    await scene.know("the true page")


async def test_rubbish_pushes_out_no_proof_and_nothing_of_anybody_else(scene: Attacked) -> None:
    forger, proof = scene.forger, scene.forger.signed(b"no page")
    await forger.send(proof)
    await scene.stands("quarantined", number=1)
    desk = scene.receivers["eu"]
    await desk.store.write(rubbish, desk, REFUSED_ROWS_MAX + 20)
    kept = await evidence(desk, "unsigned")
    assert len(kept) == REFUSED_ROWS_MAX
    assert kept[-1].signature == str(REFUSED_ROWS_MAX + 19)
    assert (await evidence(desk, "malformed"))[-1].bytes == proof.data


def rubbish(work: Work, desk: TestDesk, rows: int) -> None:
    """Keep so much of what anyone may have sent in fr's name."""
    for number in range(rows):
        page = SealedPage(
            log=Log.PUBLIC, epoch=0, number=0, data=b"x", sha256="",
            signature=str(number), certificate="",
        )  # fmt: skip
        name = LogName(NodeName("fr"), ServiceName("directory"), Log.PUBLIC)
        desk.desk.cursors.keep_evidence(work, name, page, reason="unsigned")


@pytest.mark.parametrize("over", [1, 50_000])
async def test_a_page_over_the_limit_is_refused_before_anything_else(
    scene: Attacked, over: int
) -> None:
    forger, before = scene.forger, await scene.counts()
    await forger.send(forger.signed(page_of(forger, PAGE_MAX + over)))
    await scene.refused(before, "page-too-large")
    await scene.stands("open", number=1)
    for desk in scene.receivers.values():
        assert len((await evidence(desk, "page-too-large"))[-1].bytes) <= 4_096
    await scene.others_go_on()
    largest = forger.signed(page_of(forger, PAGE_MAX))
    await forger.send(largest)
    forger.follow(largest)
    await scene.stands("open", number=2)


def poison(forger: Forger) -> dict[str, tuple[Told, str]]:
    """Return events that this release cannot take in, and why."""
    listed, data = forger.listed("Poison"), forger.listed("Poison")["data"]

    def other(**changes: Any) -> Told:
        return listed | {"data": data | changes}

    return {
        "no event": ({}, "broken-contract"),
        "no type": ({**listed, "type": None}, "broken-contract"),
        "a type of another world": ({**listed, "type": "com.example.x"}, "broken-contract"),
        "a type with a NUL": ({**listed, "type": "org.twiza.\0.v1"}, "broken-contract"),
        "an unknown kind": (
            {**listed, "type": "org.twiza.directory.fountain.found.v1"}, "unknown-event",
        ),
        "a newer version": (
            {**listed, "type": "org.twiza.directory.entity.listed.v9999"}, "future-version",
        ),
        "data that is text": ({**listed, "data": "all"}, "broken-contract"),
        "no data": ({**listed, "data": {}}, "broken-contract"),
        "a revision below 1": (other(revision=0), "broken-contract"),
        "a revision that is text": (other(revision="1"), "broken-contract"),
        "an id without end": (other(entity_id="fr:" + "a" * 10_000), "broken-contract"),
        "an id with a NUL": (other(entity_id="fr:\0"), "broken-contract"),
        "a profile that is an array": (other(profile=[]), "broken-contract"),
        "a subject that is another thing's": (
            {**listed, "subject": f"fr:{new_uuid7()}"}, "broken-contract",
        ),
        "a subject with a NUL": ({**listed, "subject": "fr:\0"}, "broken-contract"),
        "an id of the event that is no text": ({**listed, "id": 7}, "broken-contract"),
        "a time that is no time": ({**listed, "time": "yesterday"}, "broken-contract"),
        "a time that never was": (
            {**listed, "time": "2026-02-30T00:00:00.000Z"}, "broken-contract",
        ),
        "a time without end": ({**listed, "time": "2" * 100_000}, "broken-contract"),
        "a source with a NUL": ({**listed, "source": "twiza:\0"}, "not-its-namespace"),
    }  # fmt: skip


@pytest.mark.parametrize("what", list(poison(Forger.stranger("fr", "directory"))))
async def test_an_event_that_cannot_be_read_is_set_aside_with_its_reason(
    scene: Attacked, what: str
) -> None:
    forger, before = scene.forger, await scene.counts()
    event, reason = poison(forger)[what]
    await forger.tell(event, forger.listed(f"beside {what}"))
    await scene.know(f"beside {what}")
    await scene.refused(before, reason)
    await scene.stands("open", number=2)
    for desk in scene.receivers.values():
        row = (await set_aside(desk))[-1]
        assert (row.reason, row.place, row.body) == (reason, 0, written(event))
    await scene.nobody_knows("Poison")
    await scene.others_go_on()


async def test_hundreds_of_poison_events_leave_the_others_as_they_are(scene: Attacked) -> None:
    forger, before = scene.forger, await scene.counts()
    bad = [event for event, _ in poison(forger).values()]
    reasons = Counter(reason for _, reason in poison(forger).values())
    rounds = 12
    for number in range(rounds):
        good = [forger.listed(f"good {number} {n}") for n in range(len(bad))]
        await forger.tell(*(event for pair in zip(bad, good, strict=True) for event in pair))
    await scene.know(*(f"good {number} {n}" for number in range(rounds) for n in range(len(bad))))
    for at, now in (await scene.counts()).items():
        more = {reason: rounds * times for reason, times in reasons.items()}
        assert now - before[at] == Counter({("fr", reason): n for reason, n in more.items()}), at
    assert rounds * len(bad) >= 200
    await scene.stands("open", number=1 + rounds)
    await scene.others_go_on()


@pytest.mark.parametrize(
    ("spoken", "kept"),
    [
        ("1970-01-01T00:00:00.000Z", "as it was said"),
        (SPOKEN_AT, "as it was said"),
        ("2999-12-31T23:59:59.999Z", "the arrival"),
        ("9999-12-31T23:59:59.999Z", "the arrival"),
    ],
)
async def test_a_time_is_shown_and_never_trusted(scene: Attacked, spoken: str, kept: str) -> None:
    forger, name = scene.forger, f"said at {spoken}"
    began = datetime.now(UTC) - timedelta(seconds=1)
    # Later pages carry earlier times, and the sealing is dated back, too: the order is the log's.
    await forger.tell(forger.listed(name) | {"time": spoken}, sealed_at="1970-01-01T00:00:00Z")
    again = forger.listed(f"{name} again")
    again["subject"] = again["data"]["entity_id"] = await entity(scene, name)
    await forger.tell(again | {"time": "1969-01-01T00:00:00.000Z"} | revised(again, 2))
    await scene.know(f"{name} again")
    await scene.nobody_knows(name)
    for desk in scene.receivers.values():
        at = next(at for said, at in desk.notes.said if said == name)
        if kept == "as it was said":
            assert at == spoken
        else:
            assert began <= moment(at) <= datetime.now(UTC) + timedelta(seconds=1)
    await scene.others_go_on()


def revised(event: Told, revision: int) -> Told:
    """Return an event's data with another revision."""
    return {"data": event["data"] | {"revision": revision}}


async def entity(scene: Attacked, name: str) -> str:
    """Return the id of an entity, once it is known everywhere."""
    await scene.know(name)
    state = await scene.receivers["eu"].store.read(scene.receivers["eu"].notes.state)
    return next(one for one, called in state.items() if called == name)


async def told_of(desk: TestDesk) -> list[tuple[str, str, str]]:
    """Return of which logs a service has told that they are in quarantine, and why."""
    await desk.list("a page of its own")
    return [(told.node, told.service, told.reason) for told in await quarantines(desk)]
