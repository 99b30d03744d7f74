"""Custody: nothing that is kept, told or logged holds both who voted and what was voted."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from sqlalchemy import select, text

from services.governance.ballots import Channel, ballot_of
from services.governance.custody import hidden
from services.governance.paper import Reading, read_paper
from services.governance.paper_urns import sign_note
from services.governance.receipts import urn
from services.governance.tables import metadata
from services.governance.tables.ballots import (
    BALLOT_ISSUED,
    BALLOT_KEY,
    BALLOT_SLIP,
    PAPER_MARK,
    ROLL_CALL,
)
from shared.clock import SetClock
from shared.store import Store, Work
from tests.databases import on_postgresql
from tests.governance.ballots.polls import (
    BALLOT,
    BLANK,
    NO,
    SAFIA,
    TOUDA,
    YES,
    begin,
    close,
    person,
    rule,
    vote,
)
from tests.governance.conftest import Governance, member, opened

VOTERS = 40


def kept(work: Work) -> list[tuple[str, str]]:
    """Return all rows of all tables, as text, with the name of their table."""
    return [
        (
            table.name,
            " ".join(str(bytes(one) if isinstance(one, memoryview) else one) for one in row),
        )
        for table in metadata.sorted_tables
        for row in work.execute(select(table))
    ]


def ballots_held(work: Work) -> list[tuple[str, ...]]:
    """Return what the ballot side holds: keyed hashes, nonces, receipts."""
    rows = [*work.execute(select(BALLOT_SLIP)), *work.execute(select(PAPER_MARK))]
    return [tuple(str(one) for one in row if one != BALLOT) for row in rows]


def hold(work: Work) -> list[str]:
    """Have people vote online, on paper and by telephone, with words for their requests."""
    receipts = [
        vote(work, n, (YES, NO, BLANK)[n % 3], word=f"word {n}").receipt for n in range(VOTERS - 2)
    ]
    for n, channel in ((VOTERS - 2, Channel.PAPER), (VOTERS - 1, Channel.PHONE)):
        for teller in (SAFIA, TOUDA):
            subject = f"p:{person(n)}"
            reading = Reading(
                ballot_id=BALLOT, teller=teller, subject=subject, channel=channel, choice=YES
            )
            entered = read_paper(work, reading)
        receipts.append(entered.receipt)
    read_paper(
        work,
        Reading(ballot_id=BALLOT, teller=SAFIA, subject="s:1", channel=Channel.URN, choice=NO),
    )
    return receipts


def assert_apart(rows: list[tuple[str, str]], secrets: set[str]) -> None:
    """Fail where one row holds a voter beside anything of a ballot."""
    for table, row in rows:
        named = "person-" in row
        said = [one for one in secrets if one in row]
        assert not (named and said), (table, said)
        if named:
            assert '"answer"' not in row, table


async def test_no_row_holds_a_voter_beside_a_ballot(store: Store) -> None:
    await store.write(begin, VOTERS)
    receipts = await store.write(hold)
    held = {one for row in await store.read(ballots_held) for one in row if len(one) == 64}
    assert len(held) >= 2 * VOTERS
    assert_apart(await store.read(kept), held | set(receipts))
    for teller in (SAFIA, TOUDA):
        await store.write(sign_note, BALLOT, teller=teller, ticks=0, slips=0, note="not settled")
    await store.write(close)
    counted = await store.read(urn, BALLOT)
    secrets = {one.receipt for one in counted} | {one.nonce for one in counted}
    assert len(counted) == VOTERS
    assert_apart(await store.read(kept), secrets | held)


async def test_after_the_close_nothing_joins_voters_and_votes(
    database_url: str, clock: SetClock, tmp_path: Path
) -> None:
    async with opened(database_url, clock=clock) as store:
        await store.write(begin, VOTERS)
        for n in range(VOTERS):
            await store.write(vote, n, (YES, NO)[n % 2])
        key = await store.read(lambda work: work.execute(select(BALLOT_KEY.c.key)).scalar_one())
        slips = await store.read(
            lambda work: {row.slip_id for row in work.execute(select(BALLOT_SLIP))}
        )
        voters = [f"p:{person(n)}" for n in range(VOTERS)]
        joined = {hidden(bytes.fromhex(key), "voter", one) for one in voters}
        assert joined == slips, "while it is open, who runs the node could join them"
        await store.write(close)
        rows = await store.read(kept)
        counted = await store.read(urn, BALLOT)
        assert [one.receipt for one in counted] == sorted(one.receipt for one in counted)
        if on_postgresql(database_url):
            marks = await store.read(_marks_of_transactions)
            assert len(marks["ballot_urn"]) == 1
            assert not marks["ballot_urn"] & marks["ballot_issued"]
    for table, row in rows:
        assert key not in row, table
        assert not any(slip_id in row for slip_id in slips), table
    if not on_postgresql(database_url):
        [file] = tmp_path.glob("*.db")
        raw = file.read_bytes()
        assert key.encode() not in raw
        assert not any(slip_id.encode() in raw for slip_id in slips)
        assert counted[0].nonce.encode() in raw, "what we look for would be seen"


def _marks_of_transactions(work: Work) -> dict[str, set[str]]:
    """Return in which transactions a server says that rows of each table were written."""
    return {
        name: {row[0] for row in work.execute(text(f"SELECT xmin::text FROM {name}"))}
        for name in ("ballot_urn", "ballot_issued")
    }


async def test_other_open_ballots_keep_their_slips_when_one_closes(store: Store) -> None:
    other = "01990000-0000-7000-9000-000000000002"
    await store.write(begin)
    await store.write(begin, ballot_id=other)
    for ballot_id in (BALLOT, other):
        await store.write(vote, 0, YES, ballot_id=ballot_id)
    await store.write(close)
    await store.write(vote, 0, NO, ballot_id=other)
    closed = await store.write(close, other)
    assert (closed.cast, closed.report.classes) == (1, {"yes": 0, "no": 1})


async def test_notices_tell_that_something_was_recorded_and_neither_what_nor_the_minute(
    sqlite_store: Store, clock: SetClock
) -> None:
    await sqlite_store.write(begin)
    clock.move(timedelta(minutes=17, seconds=3))
    await sqlite_store.write(vote, 0, YES)
    await sqlite_store.write(vote, 0, NO)
    told = await sqlite_store.read(_told)
    assert [(one["data"]["to"], one["data"]["what"]) for one in told] == [
        ("p:person-0", "recorded")
    ] * 2
    assert {one["time"] for one in told} == {"2026-11-22T09:00:00.000Z"}
    assert {tuple(sorted(one["data"])) for one in told} == {("matter", "to", "what")}
    hours = await sqlite_store.read(
        lambda work: {row.hour for row in work.execute(select(BALLOT_ISSUED))}
    )
    assert hours == {"2026-11-22T09"}


def _told(work: Work) -> list[dict[str, Any]]:
    rows = work.execute(text("SELECT body FROM outbox ORDER BY position"))
    return [orjson.loads(bytes(row[0])) for row in rows]


async def test_open_votes_are_told_after_the_close_and_secret_ones_never(store: Store) -> None:
    for number, secrecy in enumerate(("open", "custody")):
        ballot_id = f"01990000-0000-7000-9000-00000000001{number}"
        await store.write(begin, under=rule(secrecy=secrecy), ballot_id=ballot_id)
        await store.write(vote, 0, YES, ballot_id=ballot_id)
        await store.write(vote, 1, NO, ballot_id=ballot_id)
        assert await store.read(_called, ballot_id) == []
        await store.write(close, ballot_id)
        expected = [("p:person-0", YES), ("p:person-1", NO)] if secrecy == "open" else []
        assert await store.read(_called, ballot_id) == expected


def _called(work: Work, ballot_id: str) -> list[tuple[str, Any]]:
    query = select(ROLL_CALL).where(ROLL_CALL.c.ballot_id == ballot_id).order_by(ROLL_CALL.c.voter)
    return [(row.voter, orjson.loads(row.choice)) for row in work.execute(query)]


async def test_no_line_of_the_log_holds_a_voter_beside_a_ballot(
    governance: Governance, capsys: pytest.CaptureFixture[str]
) -> None:
    nonce = "ab" * 32
    async with governance.client() as client:
        await governance.store.write(begin)
        with structlog.testing.capture_logs() as lines:
            for body in (
                {"choice": YES, "nonce": nonce},
                {"choice": {"answer": "canary"}, "nonce": nonce},
                {"choice": NO, "nonce": nonce, "voter": "p:person-3"},
            ):
                answer = await client.post(
                    f"/ballots/{BALLOT}/casts", json=body, headers=member(person(0))
                )
                assert answer.status_code in (201, 403, 422)
    said = [str(line) for line in lines] + list(capsys.readouterr())
    assert len(lines) >= 2, "refusals are logged"
    for line in said:
        assert not any(one in line for one in (nonce, "canary", "answer", "person-0", "person-3"))
    state = await governance.store.read(ballot_of, BALLOT)
    assert state is not None
