"""What can happen to a ballot: it opens, votes are cast into it, it closes."""

from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.governance.ballot_refusals import BallotThere
from services.governance.ballots import BallotState, Closed, Opening, ballot_of
from services.governance.casting import Casting, Recorded, cast
from services.governance.closing import close_ballot
from services.governance.custody import make_key
from services.governance.tables.ballots import BALLOT
from shared.canonical import canonical
from shared.clock import stamp
from shared.store import Prepared, Work

__all__ = [
    "BallotState",
    "Casting",
    "Closed",
    "Opening",
    "Recorded",
    "ballot_of",
    "cast",
    "close_ballot",
    "open_ballot",
]

_NAMES: Final = (
    "id", "rule", "rule_hash", "options", "texts", "opens_at", "closes_at", "roll_root",
    "roll_size", "state",
)  # fmt: skip
_OPEN: Final = Prepared(insert(BALLOT).on_conflict_do_nothing(), columns=_NAMES)
_FIND: Final = Prepared(
    select(*(BALLOT.c[name] for name in _NAMES[:-1])).where(BALLOT.c.id == bindparam("of_id"))
)


def open_ballot(work: Work, opening: Opening) -> None:
    """Open a ballot: its rule, options, texts, times and roll stand from now on.

    The same opening a second time changes nothing.

    Raises:
        BallotThere: there is a ballot of that id with another one.
    """
    row = {
        "id": opening.ballot_id,
        "rule": canonical(opening.rule.model_dump(mode="json")).decode(),
        "rule_hash": opening.rule.hash,
        "options": canonical([one.model_dump(mode="json") for one in opening.options]).decode(),
        "texts": canonical(dict(opening.texts)).decode(),
        "opens_at": stamp(opening.opens_at),
        "closes_at": stamp(opening.closes_at),
        "roll_root": opening.roll.root,
        "roll_size": opening.roll.size,
        "state": "open",
    }
    if work.run(_OPEN, row):
        make_key(work, opening.ballot_id)
        return
    if work.rows(_FIND, {"of_id": opening.ballot_id}) != [tuple(row[name] for name in _NAMES[:-1])]:
        raise BallotThere()
