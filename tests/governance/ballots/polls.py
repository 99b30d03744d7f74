"""Ballots for tests: a register of people, a ballot over them, and votes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.governance.ballot_handlers import (
    Casting,
    Closed,
    Opening,
    Recorded,
    cast,
    close_ballot,
    open_ballot,
)
from services.governance.roll_handlers import freeze_roll
from services.governance.rules import Option, Rule
from services.governance.tellers import name_tellers
from shared.store import Work
from tests.governance.conftest import NOW
from tests.governance.rolls.told import REGISTER, admitted, entered, entity, given, uuid

BALLOT = uuid(1)
OPENS = NOW
CLOSES = NOW + timedelta(days=7)
SAFIA, TOUDA = "safia", "touda"
"""The tellers."""
YES, NO = {"answer": "yes"}, {"answer": "no"}
BLANK = {"blank": True}


def rule(method: str = "yes-no", **fields: Any) -> Rule:
    """Return a rule; where nothing is said it is a yes or no, secret, and may be changed."""
    return Rule.model_validate({"method": method, **fields})


def options(*codes: str, **cost: int) -> tuple[Option, ...]:
    """Return options by their codes."""
    return tuple(Option(code=code, cost=cost.get(code)) for code in codes)


def person(number: int) -> str:
    """Return the id of a person, the same in every run."""
    return f"person-{number}"


def people(work: Work, how_many: int, *, cooperatives: int = 0) -> None:
    """Have governance know members: persons, and cooperatives each with a delegate."""
    told = [entered(person(n)) for n in range(how_many)]
    told += [entered(f"delegate-{n}") for n in range(cooperatives)]
    members = [admitted(person(n)) for n in range(how_many)]
    members += [admitted(entity(n)) for n in range(cooperatives)]
    mandates = [given(900 + n, f"delegate-{n}", entity(n)) for n in range(cooperatives)]
    REGISTER.tell(work, [*told, *members, *mandates])


def begin(
    work: Work,
    how_many: int = 5,
    *,
    under: Rule | None = None,
    among: Sequence[Option] = (),
    ballot_id: str = BALLOT,
    opens: datetime = OPENS,
    closes: datetime = CLOSES,
    cooperatives: int = 0,
) -> None:
    """Open a ballot for so many people, with two tellers."""
    under = under or rule()
    people(work, how_many, cooperatives=cooperatives)
    roll = freeze_roll(work, ballot_id=ballot_id, electorate=under.electorate, at=NOW)
    open_ballot(
        work,
        Opening(
            ballot_id=ballot_id,
            rule=under,
            options=among,
            opens_at=opens,
            closes_at=closes,
            roll=roll,
        ),
    )
    name_tellers(work, ballot_id, [SAFIA, TOUDA], by="steward")


def vote(
    work: Work,
    who: str | int,
    choice: Mapping[str, Any],
    *,
    ballot_id: str = BALLOT,
    **fields: Any,
) -> Recorded:
    """Cast a vote of a person."""
    voter = person(who) if isinstance(who, int) else who
    return cast(work, Casting(ballot_id=ballot_id, choice=choice, person=voter, **fields))


def close(work: Work, ballot_id: str = BALLOT, **fields: Any) -> Closed:
    """Close a ballot at its time."""
    return close_ballot(work, ballot_id, **{"at": CLOSES, **fields})
