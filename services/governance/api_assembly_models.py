"""What goes out over HTTP of assemblies; what comes in are the steps of ``assemblies.steps``."""

from typing import Any

from pydantic import BaseModel, Field

from services.governance.assemblies.assembly import Assembly, Recorded, meter
from services.governance.assemblies.judging import called_in_time
from services.governance.assemblies.steps import HandsCounted
from services.governance.assembly_handlers import Kept

_AT = "2026-12-19T09:00:00.000Z"


class QuorumOut(BaseModel):
    """The quorum as it stands."""

    call: int = Field(examples=[1])
    roll: int = Field(description="How many may take part; 0 before the doors open.", examples=[40])
    present: int = Field(examples=[18])
    represented: int = Field(examples=[4])
    needed: int = Field(examples=[20])
    met: bool = Field(examples=[True])


class CountOut(BaseModel):
    """Hands, as both tellers have counted them."""

    yes: int = Field(examples=[15])
    no: int = Field(examples=[4])
    blank: int = Field(examples=[3])


class PointOut(BaseModel):
    """A point of the agenda."""

    number: int = Field(examples=[2])
    title: dict[str, str] = Field(examples=[{"fr": "Comptes de l'exercice"}])
    text: dict[str, str]
    how: str = Field(description="`information`, `room` or `phones`.", examples=["room"])
    rule_hash: str = Field(description="Of the rule by which it is counted; or empty.")
    state: str = Field(description="`waiting`, `open` or `declared`.", examples=["declared"])
    votes: int = Field(description="How many votes were in the room when it was put to the vote.")
    decision: str = Field(description="On phones: the decision whose ballot it is.")
    tellers_done: int = Field(description="How many of the two tellers have counted this turn.")
    turn: int = Field(description="Which count of hands it is; counts that differ begin the next.")
    differed: bool = Field(description="Whether the counts of the turn before differed.")
    hands: CountOut | None = Field(description="Once both tellers agree.")
    report: dict[str, Any] | None = Field(description="Once the result is declared.")


class AssemblyOut(BaseModel):
    """An assembly as it stands. Who is there is counted here, and not named."""

    id: str
    kind: str = Field(examples=["ordinary"])
    state: str = Field(examples=["open"])
    call: int = Field(description="1, or 2 for the second call.", examples=[1])
    languages: list[str] = Field(examples=[["ar", "fr"]])
    title: dict[str, str]
    place: dict[str, str]
    meets_at: str = Field(examples=[_AT])
    zone: str = Field(examples=["Africa/Casablanca"])
    called_at: str
    called_in_time: int = Field(description="To how many the call under way was sent in time.")
    opened_at: str
    closed_at: str
    quorum: QuorumOut
    proxies_max: int
    chair: str
    secretary: str
    tellers: list[str]
    agenda: list[PointOut]
    additions: int
    signed: list[str] = Field(description="Hashes of signed copies of the minutes.")
    steps: int = Field(description="How many steps the record has.")
    hash: str = Field(description="Of the record: it stands for all of its steps.")


class ListedAssembly(BaseModel):
    """An assembly in a list."""

    id: str
    kind: str = Field(examples=["ordinary"])
    state: str = Field(examples=["called"])
    meets_at: str = Field(examples=[_AT])


class SeatOut(BaseModel):
    """A vote in the room."""

    voter: str = Field(examples=["p:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e21"])
    since: str = Field(examples=[_AT])
    holder: str = Field(description="Which member stands for them; empty: they are there.")
    acts: str = Field(description="Of an entity: which person acts for it.")


class AttendanceOut(BaseModel):
    """Who is in the room."""

    quorum: QuorumOut
    seats: list[SeatOut]


class RecordedOut(BaseModel):
    """A step of a record."""

    number: int
    at: str = Field(examples=[_AT])
    by: str
    step: dict[str, Any]


class RecordOut(BaseModel):
    """A record, step by step."""

    hash: str
    steps: list[RecordedOut]


def quorum_out(assembly: Assembly) -> QuorumOut:
    """Return the quorum as it is shown."""
    stands = meter(assembly)
    return QuorumOut(
        call=stands.call,
        roll=stands.roll,
        present=stands.present,
        represented=stands.represented,
        needed=max(stands.needed, 1),
        met=stands.met,
    )


def assembly_out(kept: Kept) -> AssemblyOut:
    """Return an assembly as everybody of the network sees it."""
    one, call = kept.assembly, kept.assembly.call
    return AssemblyOut(
        id=kept.id,
        kind=call.kind,
        state=one.stand.value,
        call=one.turn,
        languages=list(call.languages),
        title=call.title,
        place=dict(one.place),
        meets_at=one.meets_at,
        zone=call.zone,
        called_at=one.called_at,
        called_in_time=len(called_in_time(one)),
        opened_at=one.opened_at,
        closed_at=one.closed_at,
        quorum=quorum_out(one),
        proxies_max=call.proxies_max,
        chair=one.chair,
        secretary=one.secretary,
        tellers=list(one.tellers),
        agenda=[_point(one, number) for number in range(1, len(call.agenda) + 1)],
        additions=one.additions,
        signed=[copy.sha256 for copy in one.signed],
        steps=kept.steps,
        hash=kept.hash,
    )


def steps_out(kept: Kept) -> list[RecordedOut]:
    """Return the steps of a record; while a teller counts, the other's count is not shown."""
    counting = kept.assembly.open_point
    hidden = kept.assembly.points[counting].counts.keys() if counting else ()
    return [
        RecordedOut(
            number=one.number,
            at=one.at,
            by=one.by,
            step=_body(one, hides=one.by in hidden and one.number > _turn_began(kept, counting)),
        )
        for one in kept.record
    ]


def _turn_began(kept: Kept, item: int) -> int:
    """Return the number of the step after which the counts of this turn were entered."""
    counts = [
        one.number
        for one in kept.record
        if isinstance(one.step, HandsCounted) and one.step.item == item
    ]
    done = len(counts) - len(kept.assembly.points[item].counts)
    return counts[done - 1] if done else 0


def _body(one: Recorded, *, hides: bool) -> dict[str, Any]:
    body = one.step.model_dump(mode="json", exclude_defaults=True) | {"what": one.step.what}
    if hides and isinstance(one.step, HandsCounted):
        return {"what": one.step.what, "item": one.step.item}
    return body


def _point(one: Assembly, number: int) -> PointOut:
    item, point = one.call.agenda[number - 1], one.points.get(number)
    state = "waiting" if point is None else "open" if point.is_open else "declared"
    agreed = point.agreed if point else None
    return PointOut(
        number=number,
        title=item.title,
        text=item.text,
        how=item.how,
        rule_hash=item.rule.hash if item.rule else "",
        state=state,
        votes=point.votes if point else 0,
        decision=point.decision if point else "",
        tellers_done=len(point.counts) if point else 0,
        turn=point.turn if point else 1,
        differed=point.differed if point else False,
        hands=CountOut(yes=agreed.yes, no=agreed.no, blank=agreed.blank) if agreed else None,
        report=dict(point.report) if point and point.report is not None else None,
    )
