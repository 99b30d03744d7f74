"""Votes of an assembly: hands that two tellers have counted, and ballots on phones.

Both are counted by the same engine and the same rule. A show of hands is counted from its totals;
on phones a point is a decision of its own, whose ballot the chair opens and closes. All members
of the electorate may vote on phones, whether they are in the room or not; for a member who is
represented in the room, who stands for them there does it on the phone, too.
"""

from datetime import timedelta
from typing import Any, Final

from services.governance import prepared_decisions
from services.governance.assemblies.assembly import Assembly
from services.governance.assemblies.judging import Actor
from services.governance.ballots import ballot_of
from services.governance.decision_ballots import close_decision, open_decision
from services.governance.prepared_decisions import Prepared
from services.governance.process import actors
from services.governance.proxies import enter_proxy
from services.governance.roll_handlers import entry
from services.governance.tally import Poll, counted
from services.governance.tellers import name_tellers
from shared.store import Work

PHONES_OPEN_MAX: Final = timedelta(hours=12)
"""How long a ballot of an assembly is open where the chair forgets to close it."""
_BECAUSE: Final = "The call of the assembly went out with these words in each of its languages."


def open_point(
    work: Work, assembly_id: str, assembly: Assembly, number: int, *, actor: Actor
) -> str:
    """Open the vote on a point, and return the id of its decision; hands need none."""
    item, call = assembly.call.agenda[number - 1], assembly.call
    if item.how == "room":
        return ""
    assert item.rule is not None, "what is voted on has a rule"
    decision = prepared_decisions.announce(
        work,
        Prepared(
            template="assembly-item",
            rule=item.rule,
            languages=call.languages,
            title=item.title,
            text=item.text,
            options=[(option, item.names[option.code], {}) for option in item.options],
            because=_BECAUSE,
        ),
        proposer=actor.person,
        # The call of the assembly was the notice of all its points.
        notice=timedelta(0),
        closes_at=work.now + max(PHONES_OPEN_MAX, timedelta(days=item.rule.voting_days)),
    )
    open_decision(work, decision, now=work.now, early=True, actor=_as_keeper(actor))
    _hand_over_proxies(work, assembly, decision, actor=actor)
    return decision


def result(
    work: Work,
    assembly_id: str,
    assembly: Assembly,
    number: int,
    *,
    seed: str,
    actor: Actor,
) -> dict[str, Any]:
    """Return the report of a point's vote as data; a ballot on phones is closed by it.

    Args:
        seed: the hash of the record, for a lot; a yes or no needs none.
    """
    item, point = assembly.call.agenda[number - 1], assembly.points[number]
    assert item.rule is not None, "what is voted on has a rule"
    if point.decision:
        return _closed(work, assembly, point.decision, actor=actor)
    hands = point.agreed
    assert hands is not None, "two tellers agree before a result is declared"
    said = (
        ({"answer": "yes"}, hands.yes),
        ({"answer": "no"}, hands.no),
        ({"blank": True}, hands.blank),
    )
    poll = Poll(
        ballot_id=assembly_id,
        rule=item.rule,
        options=(),
        roll_size=assembly.roll_size,
        seed=seed,
        call=assembly.turn,
    )
    return counted(poll, [one for one in said if one[1]]).as_data()


def _closed(work: Work, assembly: Assembly, decision: str, *, actor: Actor) -> dict[str, Any]:
    ballot = ballot_of(work, decision)
    assert ballot is not None, "an open point has its ballot"
    if ballot.closed is None:
        close_decision(
            work,
            decision,
            now=work.now,
            early=True,
            call=assembly.turn,
            actor=_as_keeper(actor),
        )
        ballot = ballot_of(work, decision)
        assert ballot is not None
    return ballot.require_closed().report.as_data()


def _hand_over_proxies(work: Work, assembly: Assembly, decision: str, *, actor: Actor) -> None:
    """Enter in the ballot who stands for whom in the room, as the attendance has it."""
    name_tellers(work, decision, assembly.tellers, by=actor.person)
    held: dict[str, int] = {}
    item_rule = ballot_of(work, decision)
    assert item_rule is not None
    for voter, seat in sorted(assembly.seats.items()):
        there = seat.holder and all(entry(work, decision, one) for one in (voter, seat.holder))
        if there and held.get(seat.holder, 0) < item_rule.rule.proxies_max:
            held[seat.holder] = held.get(seat.holder, 0) + 1
            enter_proxy(work, decision, giver=voter, holder=seat.holder, teller=assembly.tellers[0])


def _as_keeper(actor: Actor) -> actors.Actor:
    return actors.Actor(person=actor.person, steward=True)
