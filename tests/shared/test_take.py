"""Whatever the order in which pages come, a reader holds what it would hold had they come in turn.

Or the log is quarantined by name. Two histories of one log are seen wherever they part, and the
node's root key, and nothing else, says which of them counts.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.bus import Delivered
from shared.contracts.node import DescriptionPublished, TokenRevoked
from shared.events import Log
from shared.log.arrived import Arrived
from shared.log.cursors import EQUIVOCATION, HELD_PAGES_MAX, LEFT_BRANCH, OLDER_EPOCH, LogState
from shared.log.names import LogName
from shared.log.page import SealedPage, SignedPage, parse_page
from shared.log.repair import Fetch
from shared.log.take import Taken
from shared.store import Work
from tests.shared.peers import Peer, told_by
from tests.shared.readers import Reader

fr, es = Peer("fr"), Peer("es")
EXAMPLES = settings(
    max_examples=30,
    deadline=None,
    # The reader is emptied for each example.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Holder:
    """Who is asked for pages: the hub, with what a test says that it has."""

    def __init__(self) -> None:
        self.pages: Sequence[SealedPage] = ()

    def fetch(self) -> Fetch:
        """Return what asks it, 64 pages at a time, as hubs answer."""

        async def fetch(name: LogName, epoch: int, after: int) -> AsyncGenerator[Delivered, None]:
            at, sent = (epoch, after), 0
            for page in sorted(self.pages, key=lambda page: (page.epoch, page.number)):
                place = (page.epoch, page.number)
                follows = place == (at[0], at[1] + 1) or (place[0] > at[0] and place[1] == 1)
                if name == fr.name and follows and sent < 64:
                    at, sent = place, sent + 1
                    yield Delivered(0, "", page.data, page.headers)

        return fetch


@pytest.fixture
def holder() -> Holder:
    """The hub's pages, none at first."""
    return Holder()


@pytest.fixture
async def reader(database_url: str, holder: Holder) -> AsyncIterator[Reader]:
    """A reader that knows two nodes, on each kind of database in turn."""
    async with Reader(database_url, fr, es, fetch=holder.fetch()) as reader:
        yield reader


async def repaired(reader: Reader, holder: Holder, pages: Sequence[SealedPage]) -> None:
    """Have the reader repair from a holder until nothing more comes of it."""
    holder.pages = pages
    for _ in range(50):
        if not await reader.desk.repairer.round():
            return
    pytest.fail("the repair never ends")


async def stands(reader: Reader) -> tuple[int, int, LogState]:
    """Return where fr's log stands."""
    cursor = await reader.cursor(fr)
    return cursor.epoch, cursor.number, cursor.state


async def held(reader: Reader) -> int:
    """Return how many pages are held."""
    return len(await reader.rows("held_page"))


@st.composite
def arrivals(draw: st.DrawFn, pages: Sequence[SealedPage]) -> list[list[SealedPage]]:
    """Draw pages one to three times each, in any order, in batches of any size."""
    times = draw(st.lists(st.integers(1, 3), min_size=len(pages), max_size=len(pages)))
    flow = draw(
        st.permutations([page for page, n in zip(pages, times, strict=True) for _ in range(n)])
    )
    batches: list[list[SealedPage]] = []
    while flow:
        size = draw(st.integers(1, 4))
        batches.append(list(flow[:size]))
        flow = flow[size:]
    return batches


@st.composite
def two_epochs(draw: st.DrawFn) -> tuple[list[list[SealedPage]], list[SealedPage]]:
    """Draw a log of two epochs as it arrives, and the pages of it that count."""
    old = fr.history(draw(st.integers(0, 5)))
    kept = draw(st.integers(0, len(old)))
    first = fr.reopening(old[kept - 1] if kept else None)
    new = [first, *fr.history(draw(st.integers(0, 3)), after=first)]
    return draw(arrivals([*old, *new])), [*old[:kept], *new]


@EXAMPLES
@given(log=two_epochs())
async def test_pages_in_any_order_and_number_give_the_state_of_their_order(
    reader: Reader, log: tuple[list[list[SealedPage]], list[SealedPage]]
) -> None:
    flow, counting = log
    await reader.empty()
    for batch in flow:
        await reader.take(fr, *batch)
    assert await stands(reader) == (2, counting[-1].number, LogState.OPEN)
    assert await reader.state() == told_by(counting)
    assert await reader.applied(fr) == [page.sha256 for page in counting]
    assert await held(reader) == 0
    assert await reader.told() == []


@st.composite
def forks(draw: st.DrawFn) -> tuple[list[SealedPage], list[SealedPage]]:
    """Draw two histories of one log that part at some page."""
    trunk = fr.history(draw(st.integers(0, 3)))
    last = trunk[-1] if trunk else None
    return (
        trunk + fr.history(draw(st.integers(1, 3)), after=last, label="one "),
        trunk + fr.history(draw(st.integers(1, 3)), after=last, label="other "),
    )


def both(one: list[SealedPage], other: list[SealedPage]) -> list[SealedPage]:
    """Return the pages of two histories, each once."""
    return list({page.sha256: page for page in (*one, *other)}.values())


@EXAMPLES
@given(fork=forks(), data=st.data())
async def test_a_fork_at_any_page_is_seen_in_any_order(
    reader: Reader, fork: tuple[list[SealedPage], list[SealedPage]], data: st.DataObject
) -> None:
    one, other = fork
    await reader.empty()
    for batch in data.draw(arrivals(both(one, other))):
        await reader.take(fr, *batch)
    cursor = await reader.cursor(fr)
    assert (cursor.state, cursor.reason) == (LogState.QUARANTINED, EQUIVOCATION)
    branch = (
        one
        if one[cursor.number - 1 :][:1] and cursor.hash == one[cursor.number - 1].sha256
        else other
    )
    assert await reader.state() == told_by(branch[: cursor.number])
    told = [event for event in await reader.told() if "log.quarantined" in event["type"]]
    assert len(told) == 1
    proves_two_histories(await reader.rows("quarantine"))
    await reader.take(es, *es.history(2))
    assert (await reader.cursor(es)).number == 2


def proves_two_histories(evidence: list[dict[str, Any]]) -> None:
    """See that the evidence holds two signed pages that cannot both be of one history."""
    pages = [(parse_page(bytes(row["bytes"])), row["signature"]) for row in evidence]
    places: dict[int, set[str]] = {}
    for page, signature in pages:
        places.setdefault(page.number, set()).add(signature)
    same = any(len(signatures) > 1 for signatures in places.values())
    hashes = {row["number"]: hash_of(bytes(row["bytes"])) for row in evidence}
    other_prev = any(
        page.number - 1 in hashes and page.prev != hashes[page.number - 1] for page, _ in pages
    )
    assert same or other_prev


def hash_of(data: bytes) -> str:
    """Return the SHA-256 of a page's bytes."""
    return fr.signed(data).sha256


@EXAMPLES
@given(fork=forks(), kept=st.integers(0, 6), more=st.integers(0, 2), data=st.data())
async def test_a_reopening_heals_a_fork_on_the_branch_that_it_names(
    reader: Reader,
    holder: Holder,
    fork: tuple[list[SealedPage], list[SealedPage]],
    kept: int,
    more: int,
    data: st.DataObject,
) -> None:
    one, other = fork
    branch = one[: max(1, min(kept, len(one)))]
    first = fr.reopening(branch[-1])
    counting = [*branch, first, *fr.history(more, after=first)]
    await reader.empty()
    flow = data.draw(arrivals([*both(one, other), *counting[len(branch) :]]))
    # Some of it never arrives by itself.
    lost = data.draw(st.integers(0, len(flow)))
    for batch in [*flow[:lost], *flow[lost + 1 :], counting[len(branch) :]]:
        await reader.take(fr, *batch)
    await repaired(reader, holder, counting)
    assert await stands(reader) == (2, counting[-1].number, LogState.OPEN)
    assert await reader.state() == told_by(counting)
    assert await reader.applied(fr) == [page.sha256 for page in counting]
    assert await held(reader) == 0


async def test_a_gap_holds_its_own_log_and_no_other(reader: Reader) -> None:
    pages = fr.history(5)
    result = await reader.take_all(
        [(fr.name, pages[0]), (fr.name, pages[2]), (es.name, es.history(1)[0])]
    )
    assert result.taken == [Taken.APPLIED, Taken.HELD, Taken.APPLIED]
    assert result.gaps == {fr.name}
    cursor = await reader.cursor(fr)
    assert (cursor.number, cursor.state, cursor.reason) == (1, LogState.GAP, "page 2 is missing")
    await reader.take(fr, pages[4], pages[3])
    assert await held(reader) == 3
    await reader.take(fr, pages[1])
    assert await stands(reader) == (1, 5, LogState.OPEN)
    assert await held(reader) == 0
    assert await reader.state() == told_by(pages) | told_by(es.history(1))


async def test_a_gap_is_closed_by_a_repair_that_brings_held_pages_too(
    reader: Reader, holder: Holder
) -> None:
    pages = fr.history(6)
    await reader.take(fr, pages[0], pages[3], pages[4])
    await repaired(reader, holder, pages)
    assert await stands(reader) == (1, 6, LogState.OPEN)
    assert await held(reader) == 0


async def test_no_more_pages_are_held_than_the_limit(reader: Reader, holder: Holder) -> None:
    few = fr.history(1)
    signed = [(fr.name, page) for page in fr.history(HELD_PAGES_MAX + 20, after=few[0])]
    pages = [*few, *(page for _, page in signed)]
    await reader.take_all(signed[1:])
    assert await held(reader) == HELD_PAGES_MAX
    await repaired(reader, holder, pages)
    assert await stands(reader) == (1, HELD_PAGES_MAX + 2, LogState.OPEN)
    # What was dropped is found missing with the next page, or the next head.
    await reader.take(fr, pages[-1])
    await repaired(reader, holder, pages)
    assert await stands(reader) == (1, HELD_PAGES_MAX + 21, LogState.OPEN)
    assert await held(reader) == 0


async def test_a_page_that_comes_again_is_skipped(reader: Reader) -> None:
    pages = fr.history(3)
    await reader.take(fr, *pages)
    assert (await reader.take(fr, *pages)).taken == [Taken.SKIPPED] * 3


async def test_a_log_in_quarantine_is_followed_no_further(reader: Reader) -> None:
    pages = fr.history(4)
    rival = fr.history(1, after=pages[0], label="rival ")[0]
    result = await reader.take(fr, pages[0], pages[1], rival, pages[2], pages[3])
    assert result.taken == [Taken.APPLIED] * 2 + [Taken.QUARANTINED] + [Taken.REFUSED] * 2
    await reader.take(fr, rival, rival)
    evidence = await reader.rows("quarantine")
    assert {row["reason"] for row in evidence} == {EQUIVOCATION}
    assert {bytes(row["bytes"]) for row in evidence} == {pages[1].data, rival.data}
    assert len([e for e in await reader.told() if "log.quarantined" in e["type"]]) == 1
    told = (await reader.told())[0]["data"]
    assert (told["first_hash"], told["second_hash"]) == (pages[1].sha256, rival.sha256)


async def test_a_new_epoch_begins_with_the_root_keys_word(reader: Reader) -> None:
    pages = fr.history(2)
    for bad, reason in (
        (fr.reopening(pages[1], root=es.root), "bad-reopening"),
        (fr.reopening(pages[1], root=fr.key), "bad-reopening"),
        (fr.reopening(pages[1], hash=pages[0].sha256), "bad-reopening"),
        (fr.reopening(pages[1], epoch=3, old_epoch=3), "bad-reopening"),
        (fr.reopening(pages[1], node="es"), "bad-reopening"),
        (fr.reopening(pages[1], service="exchange"), "bad-reopening"),
        (fr.reopening(pages[1], which="private"), "bad-reopening"),
        (fr.reopening(pages[1], signature="x"), "bad-reopening"),
        (fr.history(1, epoch=2)[0], "bad-reopening"),
        (fr.reopening(None, epoch=3), "bad-reopening"),
        (fr.altered(fr.reopening(pages[1]), prev=pages[1].sha256), "bad-reopening"),
    ):
        await reader.empty()
        result = await reader.take(fr, *pages, bad)
        assert result.taken[-1] is Taken.QUARANTINED
        cursor = await reader.cursor(fr)
        assert (cursor.epoch, cursor.number, cursor.reason) == (1, 2, reason)
        # What follows it does not count either, and the true word ends the quarantine.
        await reader.take(fr, *fr.history(2, after=bad))
        true = fr.reopening(pages[1])
        await reader.take(fr, true)
        assert await stands(reader) == (2, 1, LogState.OPEN)
        assert await reader.state() == told_by(pages)


async def test_after_a_reopening_the_old_epoch_is_over(reader: Reader) -> None:
    pages = fr.history(4)
    first = fr.reopening(pages[1])
    await reader.take(fr, *pages[:2], first)
    result = await reader.take(fr, pages[0], pages[2], pages[3])
    assert result.taken == [Taken.SKIPPED, Taken.REFUSED, Taken.REFUSED]
    evidence = await reader.rows("quarantine")
    assert {(row["number"], row["reason"]) for row in evidence} == {
        (3, OLDER_EPOCH), (4, OLDER_EPOCH)
    }  # fmt: skip
    assert await stands(reader) == (2, 1, LogState.OPEN)


async def test_a_reader_of_the_wrong_branch_replays_the_right_one(
    reader: Reader, holder: Holder
) -> None:
    trunk = fr.history(2)
    right = [*trunk, *fr.history(3, after=trunk[-1], label="right ")]
    wrong = [*trunk, *fr.history(5, after=trunk[-1], label="wrong ")]
    first = fr.reopening(right[-1])
    await reader.take(fr, *wrong)
    await reader.take(fr, first)
    assert await stands(reader) == (1, 7, LogState.GAP)
    await repaired(reader, holder, [*right, first])
    assert await stands(reader) == (2, 1, LogState.OPEN)
    assert await reader.state() == told_by(right)
    left = [row for row in await reader.rows("quarantine") if row["reason"] == LEFT_BRANCH]
    assert {bytes(row["bytes"]) for row in left} == {page.data for page in wrong[2:]}


async def test_the_page_that_showed_the_fork_is_there_when_the_root_key_lets_it_count(
    reader: Reader, holder: Holder
) -> None:
    trunk = fr.history(2)
    wrong = fr.history(1, after=trunk[-1], label="wrong ")
    right = fr.history(3, after=trunk[-1], label="right ")
    await reader.take(fr, *trunk, *wrong, *right)
    first = fr.reopening(right[-1])
    await reader.take(fr, first)
    # The hub has the wrong page, too, and shows the first one of each number.
    await repaired(reader, holder, [*trunk, *wrong, *right[1:], first])
    assert await stands(reader) == (2, 1, LogState.OPEN)
    assert await reader.state() == told_by([*trunk, *right])


async def test_a_reopening_that_only_a_later_release_reads_is_waited_for(
    reader: Reader, holder: Holder
) -> None:
    pages = fr.history(2)
    first = fr.reopening(pages[1])
    event = parse_page(first.data).events[0] | {"type": "org.twiza.log.reopened.v2"}
    newer = fr.altered(fr.reopening(pages[1]), events=[event])
    await reader.take(fr, *pages, newer)
    await repaired(reader, holder, [*pages, newer])
    assert await stands(reader) == (1, 2, LogState.GAP)
    assert await reader.rows("quarantine") == []


async def test_a_long_wrong_branch_is_left_for_a_long_right_one(
    reader: Reader, holder: Holder
) -> None:
    right = fr.history(150, label="right ")
    wrong = fr.history(100, label="wrong ")
    first = fr.reopening(right[-1])
    await reader.take(fr, *wrong[:50])
    await reader.take(fr, right[60], first)
    await repaired(reader, holder, [*right, first])
    assert await stands(reader) == (2, 1, LogState.OPEN)
    assert await reader.state() == told_by(right)
    assert await held(reader) == 0


async def test_a_second_reopening_of_one_epoch_is_an_equivocation_until_the_next(
    reader: Reader, holder: Holder
) -> None:
    pages = fr.history(3)
    first, rival = fr.reopening(pages[1]), fr.reopening(pages[2])
    await reader.take(fr, *pages, first, *fr.history(2, after=first, label="wrong "))
    assert (await reader.take(fr, rival)).taken == [Taken.QUARANTINED]
    right = [*pages, rival, *fr.history(1, after=rival, label="right ")]
    third = fr.reopening(right[-1], epoch=3)
    await reader.take(fr, third)
    await repaired(reader, holder, [*right, third])
    assert await stands(reader) == (3, 1, LogState.OPEN)
    assert await reader.state() == told_by(right)
    assert await reader.applied(fr) == [page.sha256 for page in (*right, third)]


async def test_epochs_may_be_missing_altogether_and_are_repaired(
    reader: Reader, holder: Holder
) -> None:
    one = fr.history(3)
    two = [fr.reopening(one[1])]
    two += fr.history(2, after=two[0])
    three = [fr.reopening(two[-1], epoch=3)]
    three += fr.history(2, after=three[0])
    await reader.take(fr, one[0], three[-1])
    await repaired(reader, holder, [*one[:2], *two, *three])
    assert await stands(reader) == (3, 3, LogState.OPEN)
    assert await reader.state() == told_by([*one[:2], *two, *three])


async def test_a_replay_keeps_what_the_services_other_log_has_told(database_url: str) -> None:
    public, private = Peer("souss", "node"), Peer("souss", "node", log=Log.PRIVATE)
    revoked: list[str] = []

    def revoke(_: Work, arrived: Sequence[Arrived[TokenRevoked]]) -> None:
        revoked.extend(told.event.token_id for told in arrived)

    def forget(_: Work, node: str, service: str) -> None:
        assert (node, service) == ("souss", "node")
        revoked.clear()

    wrong = [public.telling(None, description(1))]
    wrong.append(public.telling(wrong[0], description(2)))
    secret = private.telling(None, TokenRevoked(token_id="of the other log", expires=1))
    async with Reader(database_url, me=Peer("souss", "exchange")) as reader:
        reader.desk.projector.on(TokenRevoked, revoke)
        reader.desk.projector.on_forget(forget)
        await reader.take(public, *wrong)
        await reader.take(private, secret)
        await reader.take(public, public.reopening(wrong[0]))
        assert (await reader.cursor(public)).epoch == 2
        assert revoked == ["of the other log"]


def description(revision: int) -> DescriptionPublished:
    """Return what the reader's own node says of itself."""
    return DescriptionPublished(node="souss", revision=revision, continent="eu", level="local")


async def test_bytes_that_a_log_has_signed_and_are_no_page_quarantine_it(reader: Reader) -> None:
    pages = fr.history(3)
    rubbish = fr.signed(b"{}")
    await reader.take(fr, *pages[:2], rubbish)
    await reader.take(fr, rubbish)
    cursor = await reader.cursor(fr)
    assert (cursor.state, cursor.reason) == (LogState.QUARANTINED, "bad-page")
    assert len(await reader.told()) == 1
    assert [bytes(row["bytes"]) for row in await reader.rows("quarantine")] == [b"{}"]
    # The root key ends the quarantine; the old rubbish does not begin another one.
    first = fr.reopening(pages[1])
    await reader.take(fr, first)
    await reader.take(fr, rubbish)
    await reader.take(fr, fr.altered(pages[2], v=2))
    assert await stands(reader) == (2, 1, LogState.OPEN)


async def test_a_page_and_its_cursor_are_kept_together_or_not_at_all(reader: Reader) -> None:
    pages = fr.history(3)
    signed = [SignedPage(page=parse_page(page.data), sealed=page) for page in pages]

    def crash(work: Work) -> None:
        reader.desk.taker.take_in(work, signed, position=("IN_souss", "then", 3))
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await reader.store.write(crash)
    assert await reader.state() == {}
    assert (await reader.cursor(fr)).number == 0
    assert await reader.applied(fr) == []
    position = reader.desk.cursors.position
    assert await reader.store.read(position, "IN_souss") == ("", 0)

    def take(work: Work) -> None:
        reader.desk.taker.take_in(work, signed, position=("IN_souss", "then", 3))

    await reader.store.write(take)
    assert await reader.state() == told_by(pages)
    assert (await reader.cursor(fr)).number == 3
    assert await reader.store.read(position, "IN_souss") == ("then", 3)
