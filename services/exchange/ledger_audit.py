"""Whether the books are right: every invariant of the ledger, asked of what is in the database.

A difference is shown and never mended here: counters follow from transfers, and a transfer that was
wrong is taken back by another.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, case, create_engine, func, or_, select, text
from sqlalchemy.pool import NullPool

from services.exchange.tables.ledger import ACCOUNT, OPEN_HOLD, TRANSFER
from services.exchange.tables.ledger_triggers import NAMES
from shared.clock import Clock, SystemClock
from shared.events import Speaker
from shared.ids import NodeName, ServiceName
from shared.store import Work

NAMED_MAX: Final = 20
"""How many of what is wrong a finding names."""

_T: Final = TRANSFER.c
_A: Final = ACCOUNT.c
_TRIGGERS: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
        " AND tgrelid IN (to_regclass('account'), to_regclass('transfer'))"
    ),
}


class Finding(NamedTuple):
    """One invariant, what it says, and what breaks it: nothing, if the books are right."""

    invariant: str
    says: str
    broken_by: list[str]

    @property
    def holds(self) -> bool:
        """Return whether nothing breaks it."""
        return not self.broken_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """The four counters of an account, in the unit's smallest part."""

    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0


def findings(work: Work) -> list[Finding]:
    """Return every invariant of this node's ledger, with what breaks it."""
    return [
        Finding("I1", "each unit sums to zero, posted and pending", _sums(work)),
        Finding("I2", "counters are what the transfers add up to", differences(work)),
        Finding("I3", "no account stands beyond its limits", _beyond_limits(work)),
        Finding("I4", "each transfer is there once", _twice(work)),
        Finding("I5", "each hold is resolved once, or open", _holds(work)),
        Finding("I6", "a linked group is there whole, and resolved whole", _groups(work)),
        Finding("I7", "the database lets nobody change the books", _triggers(work)),
    ]


def recounted(work: Work) -> dict[str, Counters]:
    """Return the counters of each account with transfers, counted anew from the transfers."""
    counted: dict[str, Counters] = {}
    for side, names in (
        (_T.debit_account, ("debits_pending", "debits_posted")),
        (_T.credit_account, ("credits_pending", "credits_posted")),
    ):
        sums: Select[Any] = select(side, func.sum(_T.reserved), func.sum(_T.posted)).group_by(side)
        for row in work.execute(sums):
            account, reserved, posted = tuple(row)
            before = asdict(counted.get(account, Counters()))
            before |= dict(zip(names, (int(reserved), int(posted)), strict=True))
            counted[account] = Counters(**before)
    return counted


def differences(work: Work) -> list[str]:
    """Return the accounts whose counters are not what their transfers add up to."""
    counted = recounted(work)
    kept = work.execute(
        select(
            _A.id, _A.debits_pending, _A.debits_posted, _A.credits_pending, _A.credits_posted
        ).order_by(_A.id)
    )
    wrong = [
        row.id
        for row in kept
        if Counters(**{name: row._mapping[name] for name in Counters.__slots__})
        != counted.get(row.id, Counters())
    ]
    return wrong[:NAMED_MAX]


def audit(url: str, *, clock: Clock | None = None) -> list[Finding]:
    """Return the findings on a database of an exchange, read at one moment; nothing is changed.

    Args:
        url: the database's URL, as the service has it.
        clock: gives the time.
    """
    with _reading(url, clock or SystemClock()) as work:
        return findings(work)


@contextmanager
def _reading(url: str, clock: Clock) -> Iterator[Work]:
    engine = create_engine(url, poolclass=NullPool)
    begin = (
        "BEGIN" if url.startswith("sqlite")
        else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
    )  # fmt: skip
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(begin)
            speaker = Speaker(NodeName("local"), ServiceName("exchange"))
            yield Work(connection, speaker=speaker, now=clock.now())
            connection.rollback()
    finally:
        engine.dispose()


def _sums(work: Work) -> list[str]:
    posted = func.sum(_A.credits_posted - _A.debits_posted)
    pending = func.sum(_A.credits_pending - _A.debits_pending)
    query = (
        select(_A.unit).group_by(_A.unit).having(or_(posted != 0, pending != 0)).order_by(_A.unit)
    )
    return _named(work, query)


def _beyond_limits(work: Work) -> list[str]:
    low = _A.credits_posted - _A.debits_posted - _A.debits_pending
    high = _A.credits_posted + _A.credits_pending - _A.debits_posted
    return _named(work, select(_A.id).where(or_(low < _A.floor, high > _A.ceiling)))


def _twice(work: Work) -> list[str]:
    return _named(work, select(_T.id).group_by(_T.id).having(func.count() > 1))


def _holds(work: Work) -> list[str]:
    resolution = TRANSFER.alias("resolution")
    resolutions = (
        select(func.count()).where(resolution.c.pending_id == _T.id).correlate(TRANSFER)
    ).scalar_subquery()
    is_open = (
        select(func.count()).where(OPEN_HOLD.c.transfer == _T.id).correlate(TRANSFER)
    ).scalar_subquery()
    holds = select(_T.id).where(_T.step == "pending", resolutions + is_open != 1)
    hold = TRANSFER.alias("hold")
    of_nothing = (
        select(_T.id)
        .outerjoin(hold, hold.c.id == _T.pending_id)
        .where(
            _T.pending_id.is_not(None),
            or_(hold.c.step.is_(None), hold.c.step != "pending", hold.c.amount != -_T.reserved),
        )
    )
    return _named(work, holds) + _named(work, of_nothing)


def _groups(work: Work) -> list[str]:
    def so_many(*steps: str) -> Any:
        return func.sum(case((_T.step.in_(steps), 1), else_=0))

    begun, held = so_many("posted", "pending"), so_many("pending")
    posted, given_back = so_many("post"), so_many("void", "expire")
    whole = (func.min(_T.group_size) == func.max(_T.group_size)) & (
        begun == func.min(_T.group_size)
    )
    resolved_whole = or_(
        (posted == 0) & (given_back == 0),
        (posted == held) & (given_back == 0),
        (posted == 0) & (given_back == held),
    )
    query = (
        select(_T.group_id)
        .where(_T.group_id.is_not(None))
        .group_by(_T.group_id)
        .having(~(whole & resolved_whole))
    )
    return _named(work, query)


def _triggers(work: Work) -> list[str]:
    found = set(work.execute(text(_TRIGGERS[work.dialect.name])).scalars())
    # A name may go on with what it guards against: ``transfer_stays_update``.
    return sorted(name for name in NAMES if not any(one.startswith(name) for one in found))


def _named(work: Work, query: Any) -> list[str]:
    return [str(name) for name in work.execute(query.limit(NAMED_MAX)).scalars()]
