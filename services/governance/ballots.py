"""A ballot: its question and its time, what came of it, and how it is read from the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Self

import orjson
from sqlalchemy import bindparam, select

from services.governance.ballot_refusals import BallotClosed, BallotNotOpen, BallotStillOpen
from services.governance.counting.report import Outcome, Report
from services.governance.rolls import Roll
from services.governance.rules import Option, Rule
from services.governance.tables.ballots import BALLOT
from shared.clock import moment
from shared.refusals import Missing
from shared.store import Prepared, Work

ENGINE: Final = "twiza-count-1"
"""By which engine ballots are counted: it is raised with whatever may change an outcome."""


class Channel(StrEnum):
    """By which way somebody voted."""

    ONLINE = "online"
    PAPER = "paper"
    """A paper with a name on it, as letters have."""
    PHONE = "phone"
    PROXY = "proxy"
    URN = "urn"
    """A slip without a name; the voter was ticked on the roll."""
    DELEGATED = "delegated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a ballot is opened with.

    Args:
        texts: the hashes of what was voted on, by language, for whoever counts again.
    """

    ballot_id: str
    rule: Rule
    options: Sequence[Option]
    opens_at: datetime
    closes_at: datetime
    roll: Roll
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What came of a ballot.

    Args:
        root: over the receipts, in hex.
        cast: how many ballots were counted, blank ones too.
        invalid: papers that could not be counted.
        issued: how many voters are noted to have voted.
        notes: what tellers had to explain, and votes that were carried by delegation.
    """

    root: str
    cast: int
    blank: int
    invalid: int
    issued: int
    call: int
    standing_objections: int
    report: Report
    engine: str
    notes: tuple[Mapping[str, Any], ...] = ()

    @property
    def report_hash(self) -> str:
        """The SHA-256 of the report's canonical JSON, in hex."""
        return self.report.hash

    def as_data(self) -> dict[str, Any]:
        """Return it as plain JSON, the same for the same close."""
        return {
            "root": self.root,
            "cast": self.cast,
            "blank": self.blank,
            "invalid": self.invalid,
            "issued": self.issued,
            "call": self.call,
            "standing_objections": self.standing_objections,
            "report": self.report.as_data(),
            "engine": self.engine,
            "notes": [dict(note) for note in self.notes],
        }

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Self:
        """Return what ``as_data`` has written."""
        given = dict(data)
        report = report_of(given.pop("report"))
        return cls(**{**given, "report": report, "notes": tuple(given["notes"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotState:
    """A ballot as it stands; nothing of how anybody voted."""

    ballot_id: str
    rule: Rule
    rule_hash: str
    options: tuple[Option, ...]
    texts: Mapping[str, str]
    opens_at: datetime
    closes_at: datetime
    roll_root: str
    roll_size: int
    closed_at: str
    closed: Closed | None

    def require_voting(self, at: datetime) -> None:
        """Return quietly where votes are taken at a moment.

        The clock judges, whatever has or has not been done to the ballot by then.

        Raises:
            BallotNotOpen, BallotClosed
        """
        if self.closed is not None or at >= self.closes_at:
            raise BallotClosed()
        if at < self.opens_at:
            raise BallotNotOpen()

    def require_closed(self) -> Closed:
        """Return what came of the ballot.

        Raises:
            BallotStillOpen: nothing is told before the close.
        """
        if self.closed is None:
            raise BallotStillOpen()
        return self.closed


def report_of(data: Mapping[str, Any]) -> Report:
    """Return the report of a count that was written as data."""
    return Report(
        **{
            **data,
            "outcome": Outcome(data["outcome"]),
            **{name: tuple(data[name]) for name in ("winners", "rounds", "ties")},
        }
    )


_COLUMNS: Final = (
    BALLOT.c.rule, BALLOT.c.rule_hash, BALLOT.c.options, BALLOT.c.texts, BALLOT.c.opens_at,
    BALLOT.c.closes_at, BALLOT.c.roll_root, BALLOT.c.roll_size, BALLOT.c.closed_at,
    BALLOT.c.result,
)  # fmt: skip
_OF_ID: Final = select(*_COLUMNS).where(BALLOT.c.id == bindparam("of_id"))
_FIND: Final = Prepared(_OF_ID)
# Who writes into a ballot holds off its close; many of them do not hold off each other.
_FOR_WRITING: Final = Prepared(_OF_ID.with_for_update(read=True, key_share=True))
_ALONE: Final = Prepared(_OF_ID.with_for_update())


def ballot_of(work: Work, ballot_id: str) -> BallotState | None:
    """Return a ballot as it stands, if there is one of that id."""
    return _found(work, _FIND, ballot_id)


def the_ballot(work: Work, ballot_id: str) -> BallotState:
    """Return a ballot as it stands.

    Raises:
        Missing: there is none of that id.
    """
    return _required(_found(work, _FIND, ballot_id))


def ballot_for_writing(work: Work, ballot_id: str) -> BallotState:
    """Return a ballot that cannot be closed until this unit has committed.

    Raises:
        Missing: there is none of that id.
    """
    return _required(_found(work, _FOR_WRITING, ballot_id))


def ballot_alone(work: Work, ballot_id: str) -> BallotState:
    """Return a ballot into which nobody else writes until this unit has committed.

    Raises:
        Missing: there is none of that id.
    """
    return _required(_found(work, _ALONE, ballot_id))


def _required(ballot: BallotState | None) -> BallotState:
    if ballot is None:
        raise Missing()
    return ballot


def _found(work: Work, query: Prepared, ballot_id: str) -> BallotState | None:
    rows = work.rows(query, {"of_id": ballot_id})
    if not rows:
        return None
    rule, rule_hash, options, texts, opens_at, closes_at, root, size, closed_at, result = rows[0]
    return BallotState(
        ballot_id=ballot_id,
        rule=_rule(rule),
        rule_hash=rule_hash,
        options=_options(options),
        texts=orjson.loads(texts),
        opens_at=moment(opens_at),
        closes_at=moment(closes_at),
        roll_root=root,
        roll_size=size,
        closed_at=closed_at,
        closed=Closed.of_data(orjson.loads(result)) if result else None,
    )


# Many votes come under one rule, which takes longer to read than all the rest of a vote.
@lru_cache(maxsize=64)
def _rule(text: str) -> Rule:
    return Rule.model_validate_json(text)


@lru_cache(maxsize=64)
def _options(text: str) -> tuple[Option, ...]:
    return tuple(Option.model_validate(one) for one in orjson.loads(text))
