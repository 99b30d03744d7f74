"""The laws of a ballot, whatever the history: nobody counts twice, nothing is told before."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from services.governance.ballot_refusals import BallotStillOpen
from services.governance.ballots import Channel, ballot_of
from services.governance.casting import issued_count, issued_voters, tellable_turnout
from services.governance.choices import checked_choice
from services.governance.package import recount, write_package
from services.governance.paper import Reading, read_paper
from services.governance.paper_urns import sign_note, tick
from services.governance.proxies import enter_proxy
from services.governance.receipts import inclusion, urn
from services.governance.rules import Rule
from services.governance.tables import metadata
from services.governance.tables.ballots import BALLOT, BALLOT_SLIP, BALLOT_URN
from shared.clock import SetClock
from shared.refusals import Refusal
from shared.store import Store, Work
from tests.governance.ballots import polls
from tests.governance.ballots.polls import BLANK, NO, SAFIA, TOUDA, YES, begin, close, person, vote
from tests.governance.conftest import NOW, opened
from tests.governance.rolls.told import uuid

PEOPLE = 7
ID = polls.BALLOT
R = TypeVar("R")
people = st.integers(0, PEOPLE)
choices = st.sampled_from([YES, NO, BLANK])
tellers = st.sampled_from([SAFIA, TOUDA])


class Ballots(RuleBasedStateMachine):
    """One ballot at a time in one store, with everything that people and tellers may do to it."""

    loop: asyncio.AbstractEventLoop
    store: Store
    number = 0

    @initialize(
        change=st.booleans(),
        secrecy=st.sampled_from(["open", "custody"]),
        proxies=st.integers(0, 2),
    )
    def opens(self, change: bool, secrecy: str, proxies: int) -> None:
        """Open a ballot of its own."""
        type(self).number += 1
        self.ballot = uuid(10_000 + type(self).number)
        self.rule: Rule = polls.rule(
            change_until_close=change, secrecy=secrecy, proxies_max=proxies
        )
        self.valid: dict[str, tuple[str, dict[str, Any]]] = {}
        self.void: set[str] = set()
        self.others = 0
        self.closed = False
        self.do(begin, PEOPLE, under=self.rule, ballot_id=self.ballot)

    def do(self, unit: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Run a unit."""
        return self.loop.run_until_complete(self.store.write(unit, *args, **kwargs))

    def tried(self, unit: Callable[..., R], *args: Any, **kwargs: Any) -> R | None:
        """Run a unit that may be refused."""
        try:
            done = self.do(unit, *args, **kwargs)
        except Refusal:
            return None
        assert not self.closed, "nothing happens to a closed ballot"
        return done

    @rule(who=people, choice=choices, word=st.sampled_from(["", "x", "y"]))
    def votes(self, who: int, choice: dict[str, Any], word: str) -> None:
        """Somebody votes, or tries to."""
        kept = self.tried(vote, who, choice, ballot_id=self.ballot, word=word)
        if kept is not None and not kept.again:
            self._takes(kept.voter, kept.receipt, choice)

    @rule(who=people, giver=people, choice=choices)
    def votes_by_proxy(self, who: int, giver: int, choice: dict[str, Any]) -> None:
        """A teller enters a proxy, and its holder votes."""
        names = {"giver": f"p:{person(giver)}", "holder": f"p:{person(who)}"}
        self.tried(enter_proxy, self.ballot, teller=SAFIA, **names)
        kept = self.tried(vote, who, choice, ballot_id=self.ballot, voter=f"p:{person(giver)}")
        if kept is not None and not kept.again:
            self._takes(kept.voter, kept.receipt, choice)

    @rule(teller=tellers, who=people, choice=choices)
    def reads_a_paper(self, teller: str, who: int, choice: dict[str, Any]) -> None:
        """A teller enters a paper with a name."""
        subject = f"p:{person(who)}"
        known = subject in self.valid
        entered = self.tried(self._reading, teller, subject, choice, Channel.PAPER)
        if entered is not None and entered.receipt and not known:
            self._takes(subject, entered.receipt, choice)

    @rule(teller=tellers, number=st.integers(1, 3), choice=choices)
    def reads_a_slip(self, teller: str, number: int, choice: dict[str, Any]) -> None:
        """A teller enters a slip without a name."""
        self.tried(self._reading, teller, f"s:{number}", choice, Channel.URN)

    @rule(who=people)
    def ticks(self, who: int) -> None:
        """A teller notes that somebody has put a slip into the urn."""
        self.tried(tick, self.ballot, voter=f"p:{person(who)}", teller=SAFIA)

    @rule()
    def closes(self) -> None:
        """The ballot closes; where the urn differs two tellers say so first."""
        if self.closed:
            assert self.do(close, self.ballot) == self.result
            return
        try:
            closed = self.do(close, self.ballot)
        except Refusal as told:
            for teller in (SAFIA, TOUDA):
                numbers = {name: told.members[name] for name in ("ticks", "slips")}
                self.do(sign_note, self.ballot, teller=teller, note="counted twice", **numbers)
            closed = self.do(close, self.ballot)
        self.closed, self.result = True, closed
        counted = self.do(urn, self.ballot)
        receipts = {one.receipt for one in counted}
        assert {receipt for receipt, _ in self.valid.values()} <= receipts
        assert not self.void & receipts
        for receipt in receipts:
            self.do(inclusion, self.ballot, receipt)
        assert closed.cast == len(counted) == len(receipts) <= closed.issued <= PEOPLE
        assert sum(closed.report.classes.values()) + closed.blank == closed.cast
        said = {one.receipt: orjson.loads(one.choice) for one in counted}
        for receipt, choice in self.valid.values():
            assert said[receipt] == choice
        again = recount(self.do(write_package, self.ballot))
        assert again.report.hash == closed.report_hash

    @invariant()
    def nobody_is_issued_twice_and_nothing_is_told_before(self) -> None:
        """Cast, issued and roll stand in order; an open ballot tells no count."""
        issued = self.do(issued_count, self.ballot)
        assert len(self.valid) <= issued <= PEOPLE
        assert set(self.valid) <= set(self.do(issued_voters, self.ballot))
        if not self.closed:
            state = self.do(ballot_of, self.ballot)
            assert state is not None
            assert state.closed is None
            assert self.do(tellable_turnout, state) is None
            assert self.do(_rows_of, BALLOT_URN, self.ballot) == 0
            with pytest.raises(BallotStillOpen):
                self.do(write_package, self.ballot)
        else:
            assert self.do(_rows_of, BALLOT_SLIP, self.ballot) == 0

    def _reading(
        self, work: Work, teller: str, subject: str, choice: dict[str, Any], channel: Channel
    ) -> Any:
        return read_paper(
            work,
            Reading(
                ballot_id=self.ballot,
                teller=teller,
                subject=subject,
                channel=channel,
                choice=choice,
            ),
        )

    def _takes(self, voter: str, receipt: str, choice: dict[str, Any]) -> None:
        form = checked_choice(self.rule, (), choice)
        if voter in self.valid and self.valid[voter][0] != receipt:
            assert self.rule.change_until_close
            self.void.add(self.valid[voter][0])
        self.void.discard(receipt)
        self.valid[voter] = (receipt, form)


def _rows_of(work: Work, table: Any, ballot_id: str) -> int:
    return len(work.execute(select(table).where(table.c.ballot_id == ballot_id)).all())


def test_the_laws_of_a_ballot_hold_whatever_happens() -> None:
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory() as folder:
        opening = opened(f"sqlite:///{Path(folder) / 'ballots.db'}", clock=SetClock(NOW))
        Ballots.loop, Ballots.store = loop, loop.run_until_complete(opening.__aenter__())
        try:
            Ballots.TestCase.settings = settings(
                max_examples=50,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            case = Ballots.TestCase()
            case.runTest()
        finally:
            loop.run_until_complete(opening.__aexit__(None, None, None))
            loop.close()
    assert Ballots.number > 1


def test_no_field_of_a_vote_or_a_roll_holds_money() -> None:
    names = {
        column.name
        for table in metadata.sorted_tables
        if table.name.startswith(("ballot", "roll", "paper", "delegation", "register"))
        for column in table.c
    } | set(Rule.model_fields)
    money = ("weight", "share", "capital", "dues", "paid", "amount", "donat", "balance", "credit")
    assert BALLOT.name == "ballot"
    assert not [name for name in names if any(word in name for word in money)]
