"""Whether a step may follow in an assembly's record: who does it, when, and how things stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import singledispatch
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.governance.assemblies import refusals as no
from services.governance.assemblies import steps as said
from services.governance.assemblies.assembly import ENDED, Assembly, Stand, meter
from services.governance.assemblies.steps import Called, Step
from services.governance.process.calling import OPTIONS_LEAST
from services.governance.rules import Method
from shared.clock import moment, stamp

CALLED_AHEAD_MAX: Final = timedelta(days=5 * 366)
ENTERED_LATER_MAX: Final = timedelta(days=366)
"""How long before its call something of an assembly may have happened: letters that went out."""
DOORS_BEFORE: Final = timedelta(hours=6)
"""How long before the hour of the call people may be let in."""


class Roll(Protocol):
    """Who may take part: the frozen roll of an assembly."""

    def has(self, voter: str) -> bool:
        """Return whether somebody stands on it."""

    def voters(self) -> Iterable[str]:
        """Return all who stand on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who records a step."""

    person: str
    steward: bool = False


def require_call(call: Called, *, languages: Iterable[str], now: datetime) -> None:
    """Return quietly when an assembly can be called so.

    Args:
        languages: those of the network's charter; each of the call's texts has all of them.

    Raises:
        BadCall, LanguageLacking
    """
    if not now < moment(call.meets_at) <= now + CALLED_AHEAD_MAX:
        raise no.BadCall("an assembly is called for a day that is to come, within five years")
    if len(set(call.tellers)) < 2:
        raise no.BadCall("hands are counted by two different tellers")
    try:
        ZoneInfo(call.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise no.BadCall("there is no such zone of time") from error
    lacking = set(languages) - set(call.languages)
    if lacking:
        raise no.LanguageLacking(f"the call lacks {', '.join(sorted(lacking))}")
    texts: list[Mapping[str, str]] = [call.title, call.place]
    for item in call.agenda:
        texts += [item.title, *item.names.values(), *([item.text] if item.text else [])]
        _require_options(item)
    for text in texts:
        require_languages(call, text)


def _require_options(item: said.Item) -> None:
    """Return quietly when a point has the options that its method needs, and no others."""
    if item.rule is None:
        return
    least = OPTIONS_LEAST.get(item.rule.method, 0)
    if len(item.options) < least or (item.options and not least):
        raise no.BadCall("a point has the options that its method needs")
    if item.rule.method is Method.BUDGET and any(one.cost is None for one in item.options):
        raise no.BadCall("a project has a cost")


def require_languages(call: Called, text: Mapping[str, str]) -> None:
    """Return quietly when a text is there in each of the assembly's languages.

    Raises:
        LanguageLacking
    """
    lacking = [language for language in call.languages if language not in text]
    if lacking:
        raise no.LanguageLacking(f"a text lacks {', '.join(lacking)}")


def require_fit(assembly: Assembly, step: Step, *, actor: Actor, now: datetime, roll: Roll) -> None:
    """Return quietly when a step may be recorded now.

    Raises:
        what ``refusals`` names.
    """
    _require_stand(assembly, step)
    _require_part(assembly, step, actor)
    _require_order(assembly, step, now)
    _fits(step, assembly, _Context(actor=actor, at=step.happened_at or stamp(now), roll=roll))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    actor: Actor
    at: str
    roll: Roll


_IN_ROOM: Final = (said.Arrived, said.Represented, said.Left, said.Struck)
_WHEN: Final[Mapping[Any, frozenset[Stand]]] = {
    said.Sent: frozenset({Stand.CALLED}),
    said.CalledAgain: frozenset({Stand.ADJOURNED}),
    said.Named: frozenset({Stand.CALLED, Stand.DOORS, Stand.OPEN, Stand.ADJOURNED}),
    said.DoorsOpened: frozenset({Stand.CALLED}),
    said.Opened: frozenset({Stand.DOORS}),
    said.NotQuorate: frozenset({Stand.DOORS}),
    said.VoteOpened: frozenset({Stand.OPEN}),
    said.HandsCounted: frozenset({Stand.OPEN}),
    said.Declared: frozenset({Stand.OPEN}),
    said.Noted: frozenset({Stand.DOORS, Stand.OPEN}),
    said.Closed: frozenset({Stand.OPEN}),
    said.Cancelled: frozenset({Stand.CALLED, Stand.DOORS, Stand.ADJOURNED}),
    said.Added: frozenset({Stand.CLOSED}),
    said.Signed: frozenset({Stand.CLOSED}),
} | dict.fromkeys(_IN_ROOM, frozenset({Stand.DOORS, Stand.OPEN}))
_BY_CHAIR: Final = (said.Opened, said.NotQuorate, said.VoteOpened, said.Declared, said.Closed)
_IN_ORDER: Final = (*_IN_ROOM, *_BY_CHAIR, said.DoorsOpened, said.HandsCounted, said.Noted)
"""What happens in the room, one thing after another."""


def _require_stand(assembly: Assembly, step: Step) -> None:
    if assembly.stand in _WHEN.get(type(step), frozenset()):
        return
    if assembly.stand in ENDED:
        raise no.AssemblyClosed()
    raise no.NotNow(stand=assembly.stand.value)


def _require_part(assembly: Assembly, step: Step, actor: Actor) -> None:
    if isinstance(step, said.HandsCounted):
        allowed = actor.person in assembly.tellers
    elif isinstance(step, _BY_CHAIR):
        allowed = actor.person == assembly.chair
    else:
        allowed = actor.steward or actor.person in (assembly.chair, assembly.secretary)
    if not allowed:
        raise no.NotYourPart()


def _require_order(assembly: Assembly, step: Step, now: datetime) -> None:
    happened = step.happened_at
    if happened is None:
        return
    if moment(happened) > now:
        raise no.NotInOrder("it has not happened yet")
    if moment(happened) < moment(assembly.called_at) - ENTERED_LATER_MAX:
        raise no.NotInOrder("it was long before the call")
    if isinstance(step, _IN_ROOM) and happened < assembly.last_vote_at:
        raise no.LateAttendance(vote_opened_at=assembly.last_vote_at)
    if isinstance(step, _IN_ORDER) and happened < assembly.last_at:
        raise no.NotInOrder(last_at=assembly.last_at)
    if isinstance(step, said.VoteOpened) and step.decision:
        raise no.NotInOrder("a ballot on phones opens when it is opened")


@singledispatch
def _fits(step: Any, assembly: Assembly, context: _Context) -> None:
    """Return quietly: nothing else is asked of this step."""


@_fits.register
def _(step: said.Sent, assembly: Assembly, context: _Context) -> None:
    if not step.to:
        raise no.BadCall("say to whom it was sent")


@_fits.register
def _(step: said.CalledAgain, assembly: Assembly, context: _Context) -> None:
    quorum = assembly.call.quorum
    if assembly.turn != 1 or quorum is None or quorum.second_call is None:
        raise no.NotNow("the rules of this assembly know no further call")
    days = quorum.second_call.days_min
    if moment(step.meets_at) < moment(assembly.first_meets_at) + timedelta(days=days):
        raise no.SecondCallTooEarly(days_min=days)
    if step.meets_at <= context.at:
        raise no.SecondCallTooEarly("it is called for a day that is to come")
    if moment(step.meets_at) > moment(context.at) + CALLED_AHEAD_MAX:
        raise no.BadCall("an assembly is called within five years")
    if step.place is not None:
        require_languages(assembly.call, step.place)


@_fits.register
def _(step: said.Named, assembly: Assembly, context: _Context) -> None:
    if len(set(step.tellers)) < 2:
        raise no.BadCall("hands are counted by two different tellers")
    if assembly.open_point:
        raise no.VoteOpen(item=assembly.open_point)


@_fits.register
def _(step: said.DoorsOpened, assembly: Assembly, context: _Context) -> None:
    if moment(context.at) < moment(assembly.meets_at) - DOORS_BEFORE:
        raise no.NotNow("people are let in on the day", meets_at=assembly.meets_at)


@_fits.register
def _(step: said.Arrived, assembly: Assembly, context: _Context) -> None:
    _require_on_roll(step.voter, context)
    seat = assembly.seats.get(step.voter)
    if seat is not None and not seat.holder:
        raise no.InTheRoom()
    who = _who_is_there(step.voter, step.acts)
    there = (_who_is_there(voter, one.acts) for voter, one in assembly.seats.items()
             if not one.holder and voter != step.voter)  # fmt: skip
    if who and who in there:
        raise no.InTheRoom("this person is there with another vote, and nobody has two")


@_fits.register
def _(step: said.Represented, assembly: Assembly, context: _Context) -> None:
    _require_on_roll(step.voter, context)
    if step.voter in assembly.seats:
        raise no.InTheRoom()
    holder = assembly.seats.get(step.holder)
    if holder is None or holder.holder:
        raise no.NotInTheRoom("who stands for others is there in person")
    held = sum(seat.holder == step.holder for seat in assembly.seats.values())
    if held >= assembly.call.proxies_max:
        raise no.ProxiesOverLimit(proxies_max=assembly.call.proxies_max)


@_fits.register(said.Left)
@_fits.register(said.Struck)
def _(step: said.Left | said.Struck, assembly: Assembly, context: _Context) -> None:
    if step.voter not in assembly.seats:
        raise no.NotInTheRoom()


@_fits.register
def _(step: said.Opened, assembly: Assembly, context: _Context) -> None:
    if context.at < assembly.meets_at:
        raise no.NotNow("it is not the hour of the call yet", meets_at=assembly.meets_at)
    _require_quorum(assembly)
    missed = sum(voter not in assembly.seats for voter in uncalled(assembly, context.roll.voters()))
    if missed:
        raise no.CalledTooLate(
            "they have to be here or represented; sendings are entered before the doors open",
            members=missed,
        )


@_fits.register
def _(step: said.NotQuorate, assembly: Assembly, context: _Context) -> None:
    if context.at < assembly.meets_at:
        raise no.NotNow("it is not the hour of the call yet", meets_at=assembly.meets_at)
    if meter(assembly).met:
        raise no.NotNow("the quorum is there")


@_fits.register
def _(step: said.VoteOpened, assembly: Assembly, context: _Context) -> None:
    item = _item(assembly, step.item)
    if item.how == "information":
        raise no.NotNow("this point is for information: there is nothing to vote on")
    if assembly.open_point:
        raise no.VoteOpen(item=assembly.open_point)
    if step.item in assembly.points:
        raise no.NotNow("this point has its result")
    if assembly.call.quorum_each_vote:
        _require_quorum(assembly)


@_fits.register
def _(step: said.HandsCounted, assembly: Assembly, context: _Context) -> None:
    point = assembly.points.get(step.item)
    if _item(assembly, step.item).how != "room" or point is None or not point.is_open:
        raise no.NotNow("no vote by show of hands is open on this point")
    if point.agreed is not None:
        raise no.NotNow("both tellers have counted, and agree")
    if context.actor.person in point.counts:
        raise no.SameTeller()
    if step.yes + step.no + step.blank > point.votes:
        raise no.MoreHandsThanPeople(votes=point.votes)


@_fits.register
def _(step: said.Declared, assembly: Assembly, context: _Context) -> None:
    point = assembly.points.get(step.item)
    if point is None or not point.is_open:
        raise no.NotNow("no vote is open on this point")
    if _item(assembly, step.item).how == "room" and point.agreed is None:
        if point.differed:
            raise no.TellersDisagree(turn=point.turn)
        raise no.NotNow("the counts of two tellers are awaited")


@_fits.register
def _(step: said.Noted, assembly: Assembly, context: _Context) -> None:
    if step.item is not None:
        _item(assembly, step.item)


@_fits.register
def _(step: said.Closed, assembly: Assembly, context: _Context) -> None:
    if assembly.open_point:
        raise no.VoteOpen(item=assembly.open_point)


def notice_days(assembly: Assembly) -> int:
    """Return how many days before the day of the call under way everybody has to be called."""
    call = assembly.call
    return call.notice_days if assembly.turn == 1 else call.second_notice_days


def called_in_time(assembly: Assembly) -> frozenset[str]:
    """Return those to whom the call under way was sent in time."""
    latest = stamp(moment(assembly.meets_at) - timedelta(days=notice_days(assembly)))
    return frozenset(voter for at, sent in assembly.sendings if at <= latest for voter in sent.to)


def uncalled(assembly: Assembly, voters: Iterable[str]) -> list[str]:
    """Return those of a roll to whom the call was not sent in time."""
    called = called_in_time(assembly)
    return [voter for voter in voters if voter not in called]


def _who_is_there(voter: str, acts: str) -> str:
    """Return which person sits on a seat: the member, or who acts for it; empty if unknown."""
    return voter.removeprefix("p:") if voter.startswith("p:") else acts


def _require_on_roll(voter: str, context: _Context) -> None:
    if not context.roll.has(voter):
        raise no.NotOnTheRoll()


def _require_quorum(assembly: Assembly) -> None:
    stands = meter(assembly)
    if not stands.met:
        there = stands.present + stands.represented
        raise no.QuorumNotMet(needed=stands.needed, there=there, call=stands.call)


def _item(assembly: Assembly, number: int) -> said.Item:
    if number > len(assembly.call.agenda):
        raise no.NotNow("the agenda has no such point")
    return assembly.call.agenda[number - 1]
