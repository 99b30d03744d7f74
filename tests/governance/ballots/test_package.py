"""The recount package: counted again it says the same, and no byte of it can be changed unseen."""

import hashlib
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from services.governance.ballot_refusals import BallotStillOpen
from services.governance.exports import Form, NoSuchExport, exported
from services.governance.formats.pb_files import read_pb
from services.governance.formats.preflib import contest
from services.governance.package import (
    BadPackage,
    CountDiffers,
    PackageChanged,
    recount,
    write_package,
)
from services.governance.rules import Option, Rule
from shared.canonical import canonical
from shared.store import Store, Work
from tests.governance.ballots.polls import (
    BALLOT,
    BLANK,
    CLOSES,
    NO,
    YES,
    begin,
    close,
    options,
    rule,
    vote,
)
from tests.governance.rolls.told import uuid

ABC = options("argan", "bees", "cedar", argan=40, bees=70, cedar=30)
METHODS: list[tuple[Rule, tuple[Option, ...], list[dict[str, Any]]]] = [
    (rule(), (), [YES, YES, NO, BLANK]),
    (rule("consent"), (), [{"answer": "consent"}, {"answer": "stand-aside"}, BLANK]),
    (rule("approval"), ABC, [{"options": ["bees", "argan"]}, {"options": []}, BLANK]),
    (rule("score"), ABC, [{"scores": {"argan": 5, "bees": 0}}, {"scores": {"cedar": 3}}, BLANK]),
    (rule("star"), ABC, [{"scores": {"argan": 5, "bees": 1}}, {"scores": {"bees": 5}}]),
    (rule("schulze"), ABC, [{"ranks": [["argan", "bees"], ["cedar"]]}, {"ranks": [["cedar"]]}]),
    (rule("ranked-pairs"), ABC, [{"ranks": [["argan"], ["bees"]]}, {"ranks": [["cedar"]]}]),
    (rule("irv"), ABC, [{"ranks": [["argan"], ["bees"]]}, {"ranks": [["cedar"]]}, BLANK]),
    (rule("stv", seats=2), ABC, [{"ranks": [["argan"], ["bees"]]}] * 3 + [{"ranks": [["cedar"]]}]),
    (
        rule("budget", budget={"total": 100, "unit": "MAD"}),
        ABC,
        [{"options": ["argan"]}, {"options": ["bees", "cedar"]}, BLANK],
    ),
    (
        rule("budget", budget={"total": 100, "unit": "MAD", "ballot": "points"}),
        ABC,
        [{"points": {"argan": 7, "bees": 3}}, {"points": {"cedar": 10}}],
    ),
    (
        rule("surplus", surplus=[{"code": "reserves", "percent_min": 20}, {"code": "work"}]),
        (),
        [{"percent": {"reserves": 45, "work": 55}}, {"percent": {"work": 100}}, BLANK],
    ),
    (rule("pay-ratio"), (), [{"ratio": {"n": 6, "d": 2}}, {"ratio": {"n": 9, "d": 2}}]),
]
"""Each method with votes."""


async def packaged(
    store: Store,
    under: Rule,
    among: tuple[Option, ...],
    votes: list[dict[str, Any]],
    ballot_id: str = BALLOT,
) -> bytes:
    """Hold a ballot and return its package."""

    def hold(work: Work) -> bytes:
        begin(work, len(votes), under=under, among=among, ballot_id=ballot_id)
        for who, choice in enumerate(votes):
            vote(work, who, choice, ballot_id=ballot_id)
        close(work, ballot_id)
        return write_package(work, ballot_id)

    return await store.write(hold)


async def test_a_package_of_each_method_says_the_same_when_it_is_counted_again(
    sqlite_store: Store,
) -> None:
    for number, (under, among, votes) in enumerate(METHODS):
        ballot_id = uuid(100 + number)
        found = recount(await packaged(sqlite_store, under, among, votes, ballot_id))
        closed = await sqlite_store.write(close, ballot_id)
        assert (found.root, found.report.hash) == (closed.root, closed.report_hash)
        assert (found.rule_hash, found.cast, found.same_engine) == (under.hash, len(votes), True)
        assert sum(found.report.classes.values()) + found.blank == found.cast
        written = await sqlite_store.read(exported, ballot_id, Form.CSV)
        assert len(written.text.splitlines()) == 1 + len(votes)


async def test_a_package_holds_no_voter_and_no_time_of_a_vote(sqlite_store: Store) -> None:
    data = await packaged(sqlite_store, *METHODS[0])
    assert b"person-" not in data
    assert b"2026-11-22T09:00" in data, "when the ballot opened is known to all"
    assert data.count(b"2026-") == 3


async def test_no_package_is_given_out_while_the_ballot_is_open(sqlite_store: Store) -> None:
    await sqlite_store.write(begin)
    with pytest.raises(BallotStillOpen):
        await sqlite_store.read(write_package, BALLOT)
    for form in Form:
        with pytest.raises(BallotStillOpen):
            await sqlite_store.read(exported, BALLOT, form)


async def test_a_change_of_any_byte_is_found(sqlite_store: Store) -> None:
    data = await packaged(sqlite_store, *METHODS[0])
    luck = random.Random(7)
    for at in range(0, len(data), 2):
        other = bytearray(data)
        other[at] ^= 1 << luck.randrange(7)
        with pytest.raises((BadPackage, PackageChanged)):
            recount(bytes(other))
    for cut in (data[:-1], data + b" ", b"", b"[]", b"{}", data[1:]):
        with pytest.raises(BadPackage):
            recount(cut)


def again(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return a package whose parts were changed by somebody who makes the hashes fit."""
    package = orjson.loads(data)
    change(package["parts"])
    package["hashes"] = {
        name: hashlib.sha256(canonical(part)).hexdigest() for name, part in package["parts"].items()
    }
    return canonical(package)


def _other_choice(parts: dict[str, Any]) -> None:
    at = next(n for n, one in enumerate(parts["ballots"]) if one[1] == '{"answer":"no"}')
    parts["ballots"][at][1] = '{"answer":"yes"}'


FORGERIES: list[tuple[str, type[Exception], Callable[[dict[str, Any]], Any]]] = [
    ("a choice", PackageChanged, _other_choice),
    ("a ballot is gone", PackageChanged, lambda parts: parts["ballots"].pop()),
    ("one twice", PackageChanged, lambda parts: parts["ballots"].append(parts["ballots"][0])),
    ("order", PackageChanged, lambda parts: parts["ballots"].reverse()),
    ("nonce", PackageChanged, lambda parts: parts["ballots"][0].__setitem__(0, "0" * 64)),
    ("no nonce", PackageChanged, lambda parts: parts["ballots"][0].__setitem__(0, "x")),
    ("foreign", PackageChanged, lambda parts: parts["ballots"][0].__setitem__(1, '{"a":1}')),
    ("root", PackageChanged, lambda parts: parts["result"].update(root="0" * 64)),
    ("id", PackageChanged, lambda parts: parts["ballot"].update(id="another")),
    ("rule", PackageChanged, lambda parts: parts["rule"].update(seats=2)),
    ("loose rule", PackageChanged, lambda parts: parts["rule"].update(quorum_free=True)),
    ("cast", PackageChanged, lambda parts: parts["result"].update(cast=3)),
    ("issued", PackageChanged, lambda parts: parts["result"].update(issued=3)),
    ("roll", CountDiffers, lambda parts: parts["roll"].update(size=3)),
    ("blank", PackageChanged, lambda parts: parts["result"].update(blank=0)),
    ("groups", PackageChanged, lambda parts: parts["result"].update(small_groups=[])),
    ("roll root", PackageChanged, lambda parts: parts["roll"].update(root="")),
    ("options", PackageChanged, lambda parts: parts["options"].append({"code": "?"})),
    ("outcome", CountDiffers, lambda parts: parts["report"].update(outcome="rejected")),
    ("report", CountDiffers, lambda parts: parts["result"].update(report_hash="0" * 64)),
    ("no result", BadPackage, lambda parts: parts.update(result={})),
    ("no number", PackageChanged, lambda parts: parts["result"].update(cast="4")),
    ("no list", BadPackage, lambda parts: parts.update(ballots={"a": 1})),
    ("no part", BadPackage, lambda parts: parts.pop("texts")),
]


async def test_a_package_that_was_forged_with_fitting_hashes_is_refused_by_name(
    sqlite_store: Store,
) -> None:
    data = await packaged(sqlite_store, *METHODS[0])
    for what, refusal, change in FORGERIES:
        with pytest.raises((BadPackage, PackageChanged, CountDiffers)) as told:
            recount(again(data, change))
        assert told.type is refusal, what


async def test_exports_are_read_back_as_what_was_voted(sqlite_store: Store) -> None:
    under, among, votes = METHODS[5]
    await packaged(sqlite_store, under, among, votes)
    file = await sqlite_store.read(exported, BALLOT, Form.PREFLIB)
    read = contest(file.text, suffix=file.suffix, name="votes")
    assert file.suffix == ".toi"
    assert sum(number for _, number in read.choices) == len(votes)
    with pytest.raises(NoSuchExport):
        await sqlite_store.read(exported, BALLOT, Form.PABULIB)


async def test_a_budget_is_written_as_a_pb_file(sqlite_store: Store) -> None:
    for number, (under, among, votes) in enumerate(METHODS[9:11]):
        await packaged(sqlite_store, under, among, votes, uuid(number))
        file = read_pb((await sqlite_store.read(exported, uuid(number), Form.PABULIB)).text)
        assert (file.total, file.votes) == (100, 2)
        assert [one.cost for one in file.projects] == [40, 70, 30]
        assert file.published is not None
        with pytest.raises(NoSuchExport):
            await sqlite_store.read(exported, uuid(number), Form.PREFLIB)


async def test_closed_early_the_package_is_of_that_moment(sqlite_store: Store) -> None:
    await sqlite_store.write(begin)
    await sqlite_store.write(close, at=CLOSES - timedelta(days=3), early=True)
    found = recount(await sqlite_store.read(write_package, BALLOT))
    assert (found.cast, found.issued, found.report.outcome.value) == (0, 0, "rejected")
