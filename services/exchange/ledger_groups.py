"""Transfers that happen together or not at all: what a ring leaves over, a price and its premium.

Whoever confirms a ring or an order calls these in their own unit of work, so that the transfers
commit with it or not at all. A group is named by a UUID, and its transfers' ids follow from it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from services.exchange.ledger import AccountId, AccountKind, Entry, Step, Transfer, TransferId
from services.exchange.ledger_accounts import locked, open_account
from services.exchange.ledger_handlers import Kept, group, in_group, keep, resolve_all
from services.exchange.ledger_purposes import BALANCE
from services.exchange.ledger_refusals import BadGroup
from services.exchange.ledger_steps import derived, held, passing, settling
from shared.ids import NodeName
from shared.refusals import Missing
from shared.store import Work

GROUP_SIZE_MAX: Final = 100


class Line(NamedTuple):
    """One transfer of a group; the amount is in the smallest part of the accounts' unit."""

    payer: AccountId
    payee: AccountId
    amount: int
    purpose: str = BALANCE


def pass_group(
    work: Work, group_id: str, lines: Sequence[Line], *, kind: str, agreement: str, actor: str
) -> list[Kept]:
    """Pass what the lines say at once, all of it or nothing.

    Args:
        work: the caller's unit of work.
        group_id: a UUID; the same one with the same lines is the same group.
        lines: each within one unit; the group may have several.
        kind: why it comes about: ``ring``, ``order`` ...
        agreement: the ring, order or contract that it belongs to.
        actor: who does it.

    Raises:
        BadGroup, BadAmount, AmountTooLarge, UnitsDiffer, UnknownPurpose, OneAccount
        UnknownAccount, AccountFrozen, AccountClosed, LimitReached, SameIdOtherContent
    """
    return keep(work, _linked(work, group_id, lines, kind=kind, agreement=agreement, actor=actor))


def reserve_group(
    work: Work,
    group_id: str,
    lines: Sequence[Line],
    *,
    kind: str,
    agreement: str,
    actor: str,
    expires_at: str | None = None,
) -> list[Kept]:
    """Hold what the lines say, all of it or nothing, until the group is posted or given back.

    Args:
        expires_at: the moment at which it is given back by itself, as ``stamp`` writes it; never
            where nothing is said.

    Raises:
        as ``pass_group``.
    """
    linked = _linked(work, group_id, lines, kind=kind, agreement=agreement, actor=actor)
    return keep(work, [held(one, expires_at=expires_at) for one in linked])


def post_group(
    work: Work,
    group_id: str,
    *,
    actor: str,
    amounts: Mapping[TransferId, int] | None = None,
) -> list[Kept]:
    """Post all that a group holds; a second time it is answered as the first.

    Args:
        amounts: of which holds less is posted than is held, and how much.

    Raises:
        Missing: there is no such group of holds.
        HoldResolved: it was given back.
        HoldExpired, BadAmount, AmountTooLarge, LimitReached
    """
    return resolve_all(
        work, _holds(work, group_id), Step.POST, actor=actor, amounts=dict(amounts or {})
    )


def void_group(work: Work, group_id: str, *, actor: str) -> list[Kept]:
    """Give back all that a group holds; what has expired was given back.

    Raises:
        Missing: there is no such group of holds.
        HoldResolved: it was posted.
    """
    return resolve_all(work, _holds(work, group_id), Step.VOID, actor=actor, amounts={})


def residual_lines(
    work: Work, residuals: Mapping[str, int], *, unit_code: str, node: NodeName
) -> list[Line]:
    """Return the transfers that settle what is left over in a ring, for one of the above.

    Owners who have no account in the unit get one, from zero and with the unit's limits.

    Args:
        work: the caller's unit of work.
        residuals: by owner, what they give beyond what they receive, in the unit's smallest part;
            who gives more is to receive the difference. They sum to zero.
        unit_code: the unit of account (``ledger_purposes.ledger_code`` finds it).
        node: this node, to which all owners belong.

    Raises:
        UnknownLedgerUnit, OwnerElsewhere
    """
    accounts: dict[AccountId, int] = {}
    for owner, value in sorted(residuals.items()):
        if value:
            kind = AccountKind.ENTITY if ":" in owner else AccountKind.PERSON
            opened = open_account(work, owner=owner, kind=kind, unit_code=unit_code, node=node)
            accounts[opened.account.id] = value
    return [Line(giver, receiver, amount) for giver, receiver, amount in settling(accounts)]


def _linked(
    work: Work, group_id: str, lines: Sequence[Line], *, kind: str, agreement: str, actor: str
) -> list[Transfer]:
    if not 0 < len(lines) <= GROUP_SIZE_MAX:
        raise BadGroup(most=GROUP_SIZE_MAX)
    accounts = locked(work, {side for line in lines for side in (line.payer, line.payee)})
    transfers = [
        passing(
            Entry(
                id=derived(group_id, str(place)),
                payer=line.payer,
                payee=line.payee,
                amount=line.amount,
                purpose=line.purpose,
                agreement=agreement,
            ),
            unit=accounts[line.payer].unit,
            kind=kind,
            actor=actor,
        )
        for place, line in enumerate(lines, start=1)
    ]
    return in_group(transfers, group_id)


def _holds(work: Work, group_id: str) -> list[Transfer]:
    holds = [one for one in group(work, group_id) if one.step is Step.PENDING]
    if not holds:
        raise Missing()
    return holds
