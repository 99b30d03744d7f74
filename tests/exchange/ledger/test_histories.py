"""Whatever happens to a ledger, in whatever order, its books are right and its model agrees.

The model keeps balances and holds in dictionaries and knows nothing of how the ledger does it.
"""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.exchange import ledger_handlers as handlers
from services.exchange.ledger import AccountId, Entry, Step, TransferId
from services.exchange.ledger_accounts import listed
from services.exchange.ledger_audit import findings, recounted
from services.exchange.ledger_groups import Line, pass_group, post_group, reserve_group, void_group
from services.exchange.ledger_refusals import (
    AlreadyReversed,
    HoldExpired,
    HoldResolved,
    LimitReached,
)
from services.exchange.ledger_statements import statement
from shared.clock import SetClock, stamp
from shared.store import Store
from tests.databases import Server
from tests.exchange.ledger.conftest import NOW, begin, entry, opened, uuid

OWNERS = ("amina", "badr", "carla", "dina")
FLOOR, CEILING = -60, 90
GROUP = {"kind": "ring", "agreement": "ring", "actor": "exchange"}

sides = st.sampled_from([(a, b) for a in range(4) for b in range(4) if a != b])
amounts = st.integers(1, 70)
lives_h = st.none() | st.integers(1, 5)


class Model:
    """Balances and holds, counted by hand."""

    def __init__(self) -> None:
        self.posted = [0] * 4
        self.holds: dict[TransferId, list[tuple[int, int, int]]] = {}
        """What is held by an id: payer, payee, amount of each line."""

    def fits(self, lines: list[tuple[int, int, int]], *, held: bool = False) -> bool:
        """Return whether each line in turn keeps both accounts within their limits."""
        out, into = self.held()
        posted = list(self.posted)
        for payer, payee, amount in lines:
            low = posted[payer] - out[payer] - amount
            high = posted[payee] + into[payee] + amount
            if low < FLOOR or high > CEILING:
                return False
            if held:
                out[payer] += amount
                into[payee] += amount
            else:
                # What has been received may be given in the next line.
                posted[payer] -= amount
                posted[payee] += amount
        return True

    def held(self) -> tuple[list[int], list[int]]:
        """Return what is held to be given and to be received, by account."""
        out, into = [0] * 4, [0] * 4
        for lines in self.holds.values():
            for payer, payee, amount in lines:
                out[payer] += amount
                into[payee] += amount
        return out, into

    def passes(self, lines: list[tuple[int, int, int]]) -> None:
        """Let lines pass."""
        for payer, payee, amount in lines:
            self.posted[payer] -= amount
            self.posted[payee] += amount


class Ledger(RuleBasedStateMachine):
    """A ledger to which anything may happen; each example has accounts of its own."""

    def url(self) -> str:
        """Return where the ledger lies."""
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        return f"sqlite:///{Path(folder) / 'exchange.db'}"

    @initialize()
    def open(self) -> None:
        """Begin with four accounts at zero."""
        self.runner = asyncio.Runner()
        self.clock = SetClock(NOW)
        self.stack = AsyncExitStack()
        self.model = Model()
        self.number = 0
        self.done: dict[TransferId, Entry] = {}
        self.ends: dict[TransferId, Any] = {}
        self.groups: set[TransferId] = set()
        self.resolved: dict[TransferId, Step] = {}
        self.reversible: dict[TransferId, list[tuple[int, int, int]]] = {}
        self.store: Store = self.runner.run(
            self.stack.enter_async_context(opened(self.url(), self.clock))
        )
        limits = {"floor": FLOOR, "ceiling": CEILING}
        self.accounts: list[AccountId] = self.write(begin, *OWNERS, **limits)

    def write(self, unit: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a unit in the store."""
        return self.runner.run(self.store.write(unit, *args, **kwargs))

    def read(self, query: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a query in the store."""
        return self.runner.run(self.store.read(query, *args, **kwargs))

    def next_id(self) -> TransferId:
        """Return an id that was not there."""
        self.number += 1
        return uuid(self.number)

    def tried(
        self, fits: bool, refusal: type[Exception], unit: Callable[..., Any], *args: Any, **kw: Any
    ) -> Any:
        """Run a unit and see that it is refused exactly when the model says so."""
        try:
            result = self.write(unit, *args, **kw)
        except refusal:
            assert not fits
            return None
        assert fits
        return result

    def entry(self, sides: tuple[int, int], amount: int) -> Entry:
        """Return a new entry."""
        self.next_id()
        payer, payee = (self.accounts[side] for side in sides)
        return entry(self.number, payer, payee, amount)

    @rule(sides=sides, amount=amounts)
    def record(self, sides: tuple[int, int], amount: int) -> None:
        """Pass value."""
        asked, line = self.entry(sides, amount), [(*sides, amount)]
        fits = self.model.fits(line)
        if self.tried(fits, LimitReached, handlers.record, asked, actor="x"):
            self.model.passes(line)
            self.done[asked.id] = asked
            self.reversible[asked.id] = line

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """Send again what has passed."""
        asked = self.done[data.draw(st.sampled_from(sorted(self.done)))]
        assert self.write(handlers.record, asked, actor="y").again

    @rule(sides=sides, amount=amounts, life_h=lives_h)
    def reserve(self, sides: tuple[int, int], amount: int, life_h: int | None) -> None:
        """Hold value."""
        asked, line = self.entry(sides, amount), [(*sides, amount)]
        until = self.clock.now() + timedelta(hours=life_h) if life_h else None
        ends = stamp(until) if until else None
        fits = self.model.fits(line, held=True)
        if self.tried(fits, LimitReached, handlers.reserve, asked, actor="x", expires_at=ends):
            self.model.holds[asked.id] = line
            self.ends[asked.id] = until

    @rule(lines=st.lists(st.tuples(sides, amounts), min_size=1, max_size=4), life_h=lives_h)
    def reserve_group(self, lines: list[tuple[tuple[int, int], int]], life_h: int | None) -> None:
        """Hold a group."""
        group, plain = self.next_id(), [(*sides, amount) for sides, amount in lines]
        until = self.clock.now() + timedelta(hours=life_h) if life_h else None
        ends = stamp(until) if until else None
        fits = self.model.fits(plain, held=True)
        if self.tried(
            fits, LimitReached, reserve_group, group, self.lines(plain), **GROUP, expires_at=ends
        ):
            self.model.holds[group] = plain
            self.ends[group] = until
            self.groups.add(group)

    @rule(lines=st.lists(st.tuples(sides, amounts), min_size=1, max_size=4))
    def pass_group(self, lines: list[tuple[tuple[int, int], int]]) -> None:
        """Pass a group at once."""
        group, plain = self.next_id(), [(*sides, amount) for sides, amount in lines]
        fits = self.model.fits(plain)
        kept = self.tried(fits, LimitReached, pass_group, group, self.lines(plain), **GROUP)
        if kept:
            self.model.passes(plain)
            self.reversible[kept[-1].transfer.id] = plain

    def lines(self, plain: list[tuple[int, int, int]]) -> list[Line]:
        """Return the lines of a group."""
        return [Line(self.accounts[a], self.accounts[b], amount) for a, b, amount in plain]

    @precondition(lambda self: self.ends)
    @rule(data=st.data(), step=st.sampled_from([Step.POST, Step.VOID]), less=st.integers(0, 3))
    def resolve(self, data: st.DataObject, step: Step, less: int) -> None:
        """Post a hold or give it back; often it is too late, or it was done before."""
        hold = data.draw(st.sampled_from(sorted(self.ends)))
        lines = self.model.holds.get(hold)
        over = self.ends[hold] is not None and self.ends[hold] <= self.clock.now()
        if lines is None:
            before = self.resolved[hold]
            fits = step is Step.VOID and before in (Step.VOID, Step.EXPIRE)
        else:
            fits = step is Step.VOID or not over
        refusal: Any = (HoldResolved, HoldExpired)
        if hold in self.groups:
            unit = post_group if step is Step.POST else void_group
            amount = None
            if lines is None and step is Step.POST and before is Step.POST:
                fits = True
            done = self.tried(fits, refusal, unit, hold, actor="x")
        else:
            amount = max(1, lines[0][2] - less) if lines and step is Step.POST else None
            if lines is None and step is Step.POST:
                return
            done = self.tried(fits, refusal, handlers.resolve, hold, step, actor="x", amount=amount)
        if done and lines is not None:
            del self.model.holds[hold]
            self.resolved[hold] = step
            if step is Step.POST:
                first = [(lines[0][0], lines[0][1], amount or lines[0][2])]
                self.model.passes(first + lines[1:])

    @rule(hours=st.integers(1, 3))
    def expire(self, hours: int) -> None:
        """Let time pass, and give back what has been held for too long."""
        self.clock.move(timedelta(hours=hours))
        due = [
            hold
            for hold in self.model.holds
            if self.ends[hold] is not None and self.ends[hold] <= self.clock.now()
        ]
        so_many = sum(len(self.model.holds[hold]) for hold in due)
        assert self.write(handlers.expire_due) == so_many
        for hold in due:
            del self.model.holds[hold]
            self.resolved[hold] = Step.EXPIRE

    @precondition(lambda self: self.reversible)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        """Take a transfer back, once."""
        wanted = data.draw(st.sampled_from(sorted(self.reversible)))
        back = [(b, a, amount) for a, b, amount in reversed(self.reversible[wanted])]
        asked = {"reversal_id": self.next_id(), "actor": "steward"}
        fits = self.model.fits(back)
        if self.tried(fits, LimitReached, handlers.reverse, wanted, **asked):
            self.model.passes(back)
            del self.reversible[wanted]
            assert all(kept.again for kept in self.write(handlers.reverse, wanted, **asked))
            self.tried(
                False,
                AlreadyReversed,
                handlers.reverse,
                wanted,
                reversal_id=self.next_id(),
                actor="steward",
            )

    @invariant()
    def agrees_with_the_model(self) -> None:
        """Both balances of each account are what the model says."""
        if not hasattr(self, "accounts"):
            return
        out, into = self.model.held()
        found = {one.id: one for one in self.read(listed, after=None, most=9)}
        for place, account_id in enumerate(self.accounts):
            account = found[account_id]
            assert account.posted == self.model.posted[place]
            assert (account.debits_pending, account.credits_pending) == (out[place], into[place])
            assert account.posted - account.debits_pending >= FLOOR
            assert account.posted + account.credits_pending <= CEILING
        assert sum(one.posted for one in found.values()) == 0

    @invariant()
    def books_are_right(self) -> None:
        """Every invariant holds, the recount among them."""
        if hasattr(self, "accounts"):
            assert [one for one in self.read(findings) if not one.holds] == []

    def teardown(self) -> None:
        """See that statements end where the accounts stand, and close."""
        if not hasattr(self, "accounts"):
            return
        counted = self.read(recounted)
        for account_id in self.accounts:
            found = self.read(statement, account_id, most=10_000)
            last = found.lines[-1].after if found.lines else found.before
            assert last.posted == found.account.posted
            assert last.held_out == found.account.debits_pending
            if account_id in counted:
                kept = counted[account_id]
                assert kept.credits_posted - kept.debits_posted == last.posted
        self.runner.run(self.stack.aclose())
        self.runner.close()


class LedgerOnServer(Ledger):
    """The same on PostgreSQL, in a schema of its own each time."""

    def url(self) -> str:
        """Return where the ledger lies."""
        return Server.shared().new_schema()


TestAnyHistoryOnSqlite = Ledger.TestCase
TestAnyHistoryOnSqlite.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
TestAnyHistoryOnPostgresql = LedgerOnServer.TestCase
TestAnyHistoryOnPostgresql.settings = settings(
    max_examples=5, stateful_step_count=20, deadline=None
)


class ManyHistories(Ledger):
    """The same, for long."""


TestManyHistories = pytest.mark.slow(pytest.mark.timeout(1800)(ManyHistories.TestCase))
TestManyHistories.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
