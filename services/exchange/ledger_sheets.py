"""A paper sheet of a time bank's evening, entered by a steward: many lines at once.

Each line stands for itself: one that is refused keeps no other from being entered, and a sheet that
is sent again enters only what is not there yet.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from services.exchange.ledger import AccountId, Entry, Transfer
from services.exchange.ledger_accounts import account, locked
from services.exchange.ledger_handlers import record
from services.exchange.ledger_refusals import BadGroup
from shared.refusals import Missing, Refusal
from shared.store import Work, of_the_database

SHEET_LINES_MAX: Final = 200


class LineEntered(NamedTuple):
    """What became of a line: a transfer, new or known already, or a refusal."""

    entry: Entry
    transfer: Transfer | None = None
    again: bool = False
    refused: Refusal | None = None


def enter_sheet(work: Work, lines: Sequence[Entry], *, actor: str) -> list[LineEntered]:
    """Record the lines of a sheet in their order, each by its own id once.

    Args:
        work: the unit of work; all lines that are not refused commit together.
        lines: as they stand on the paper.
        actor: the steward who enters them.

    Raises:
        BadGroup: there are none, or too many.
    """
    if not 0 < len(lines) <= SHEET_LINES_MAX:
        raise BadGroup(most=SHEET_LINES_MAX)
    _lock(work, lines)
    entered: list[LineEntered] = []
    for line in lines:
        try:
            with work.nested():
                transfer, again = record(work, line, actor=actor, kind="paper")
        except Refusal as refusal:
            if of_the_database(refusal):
                raise
            entered.append(LineEntered(line, refused=refusal))
        else:
            entered.append(LineEntered(line, transfer=transfer, again=again))
    return entered


def _lock(work: Work, lines: Sequence[Entry]) -> None:
    """Lock all accounts of a sheet in the order of their ids, whatever the order of its lines."""
    known: set[AccountId] = set()
    for wanted in {side for line in lines for side in (line.payer, line.payee)}:
        # A line with an account that is not here is refused by itself.
        with suppress(Missing):
            known.add(account(work, wanted).id)
    locked(work, known)
