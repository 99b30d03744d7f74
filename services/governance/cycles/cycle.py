"""A budget cycle as it stands, folded from what was recorded of it, and its tracker."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import singledispatch
from types import MappingProxyType
from typing import Any

from services.governance.cycles import steps as said
from services.governance.cycles.steps import Begun, Costed, Delivery, Gathered, Judged, Step


class Stage(StrEnum):
    """Where a cycle is."""

    GATHERING = "gathering"
    COSTING = "costing"
    SHORTLIST = "shortlist"
    """The list stands; the ballot is to be prepared."""
    BALLOT = "ballot"
    DELIVERY = "delivery"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A step with who recorded it and when."""

    number: int
    step: Step
    by: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """An idea, with what was said of it.

    Args:
        by: who has put it up.
        costed, judged: the newest word, with who has said it.
    """

    title: Mapping[str, str]
    text: Mapping[str, str]
    by: str
    territory: str = ""
    theme: str = ""
    gathering: int = 0
    costed: Costed | None = None
    costed_by: str = ""
    judged: Judged | None = None
    judged_by: str = ""
    withdrawn: bool = False
    joins: str = ""

    @property
    def groups(self) -> tuple[str, ...]:
        """The codes that caps look at."""
        return tuple(code for code in (self.territory, self.theme) if code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A funded project in its delivery.

    Args:
        decided: what the ballot gave it.
        statements: hashes of what shows where the money went.
    """

    decided: int
    owner: str = ""
    planned: int = 0
    line: str = ""
    starts: str = ""
    due: str = ""
    spent: int = 0
    state: str = "waiting"
    statements: tuple[str, ...] = ()
    moved_at: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more is awaited of it."""
        return self.state in ("done", "dropped")

    def late(self, today: str) -> bool:
        """Return whether its day has passed; a project that nobody owns has none and is late."""
        return not self.ended and (not self.due or self.due < today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """A budget cycle."""

    begun: Begun
    at: str
    stage: Stage = Stage.GATHERING
    gatherings: tuple[Gathered, ...] = ()
    ideas: Mapping[str, Idea] = field(default_factory=lambda: MappingProxyType({}))
    delegates: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Who was chosen by which gathering."""
    shortlist: tuple[str, ...] = ()
    decision: str = ""
    report_hash: str = ""
    projects: Mapping[str, Project] = field(default_factory=lambda: MappingProxyType({}))
    evaluated: bool = False


def delivery(cycle: Cycle, cycle_id: str, *, today: str) -> Delivery:
    """Return what has become of the projects of a cycle until a day."""
    projects = cycle.projects.values()
    return Delivery(
        cycle=cycle_id,
        funded=len(projects),
        done=sum(one.state == "done" for one in projects),
        dropped=sum(one.state == "dropped" for one in projects),
        late=sum(one.late(today) for one in projects),
        decided=sum(one.decided for one in projects),
        spent=sum(one.spent for one in projects),
    )


def folded(record: Iterable[Recorded]) -> Cycle:
    """Return a cycle from its record; the first step is its notice."""
    given = iter(record)
    first = next(given)
    assert isinstance(first.step, Begun), "a record begins with the notice"
    cycle = Cycle(begun=first.step, at=first.at)
    for one in given:
        cycle = after(cycle, one)
    return cycle


def after(cycle: Cycle, one: Recorded) -> Cycle:
    """Return a cycle after a step."""
    return _after(one.step, cycle, one)


@singledispatch
def _after(step: Any, cycle: Cycle, one: Recorded) -> Cycle:
    raise AssertionError(f"a record has no second {step.what}")


@_after.register
def _(step: Gathered, cycle: Cycle, one: Recorded) -> Cycle:
    return replace(cycle, gatherings=(*cycle.gatherings, step))


@_after.register
def _(step: said.IdeaPut, cycle: Cycle, one: Recorded) -> Cycle:
    idea = Idea(
        title=step.title,
        text=step.text,
        by=one.by,
        territory=step.territory or "",
        theme=step.theme or "",
        gathering=step.gathering or 0,
    )
    return _with_idea(cycle, step.idea, idea)


@_after.register
def _(step: said.Translated, cycle: Cycle, one: Recorded) -> Cycle:
    idea = cycle.ideas[step.idea]
    title, text = {**idea.title, step.language: step.title}, {**idea.text, step.language: step.text}
    return _with_idea(cycle, step.idea, replace(idea, title=title, text=text))


@_after.register
def _(step: said.IdeaWithdrawn, cycle: Cycle, one: Recorded) -> Cycle:
    idea = replace(cycle.ideas[step.idea], withdrawn=True, joins=step.joins or "")
    return _with_idea(cycle, step.idea, idea)


@_after.register
def _(step: said.DelegateNamed, cycle: Cycle, one: Recorded) -> Cycle:
    named = MappingProxyType({**cycle.delegates, step.person: step.gathering})
    return replace(cycle, delegates=named)


@_after.register
def _(step: said.CostingBegun, cycle: Cycle, one: Recorded) -> Cycle:
    return replace(cycle, stage=Stage.COSTING)


@_after.register
def _(step: Costed, cycle: Cycle, one: Recorded) -> Cycle:
    idea = replace(cycle.ideas[step.idea], costed=step, costed_by=one.by)
    return _with_idea(cycle, step.idea, idea)


@_after.register
def _(step: Judged, cycle: Cycle, one: Recorded) -> Cycle:
    idea = replace(cycle.ideas[step.idea], judged=step, judged_by=one.by)
    return _with_idea(cycle, step.idea, idea)


@_after.register
def _(step: said.Shortlisted, cycle: Cycle, one: Recorded) -> Cycle:
    return replace(cycle, stage=Stage.SHORTLIST, shortlist=step.ideas)


@_after.register
def _(step: said.BallotPrepared, cycle: Cycle, one: Recorded) -> Cycle:
    return replace(cycle, stage=Stage.BALLOT, decision=step.decision)


@_after.register
def _(step: said.Outcome, cycle: Cycle, one: Recorded) -> Cycle:
    projects = {code: Project(decided=cost) for code, cost in step.funded.items()}
    return replace(
        cycle,
        stage=Stage.DELIVERY if projects else Stage.ENDED,
        projects=MappingProxyType(projects),
        report_hash=step.report_hash,
    )


@_after.register
def _(step: said.Planned, cycle: Cycle, one: Recorded) -> Cycle:
    return _with_project(
        cycle,
        step.project,
        owner=step.owner,
        planned=step.amount,
        line=step.line,
        starts=step.starts,
        due=step.due,
        state="planned",
    )


@_after.register
def _(step: said.Spent, cycle: Cycle, one: Recorded) -> Cycle:
    project = cycle.projects[step.project]
    return _with_project(
        cycle,
        step.project,
        spent=project.spent + step.amount,
        statements=(*project.statements, step.statement),
    )


@_after.register
def _(step: said.Moved, cycle: Cycle, one: Recorded) -> Cycle:
    more = (step.statement,) if step.statement else ()
    statements = (*cycle.projects[step.project].statements, *more)
    return _with_project(
        cycle, step.project, state=step.state, statements=statements, moved_at=one.at
    )


@_after.register
def _(step: said.Evaluated, cycle: Cycle, one: Recorded) -> Cycle:
    return replace(cycle, stage=Stage.ENDED, evaluated=True)


@_after.register
def _(step: said.Stopped, cycle: Cycle, one: Recorded) -> Cycle:
    return replace(cycle, stage=Stage.ENDED)


def _with_idea(cycle: Cycle, code: str, idea: Idea) -> Cycle:
    return replace(cycle, ideas=MappingProxyType({**cycle.ideas, code: idea}))


def _with_project(cycle: Cycle, code: str, **changes: Any) -> Cycle:
    project = replace(cycle.projects[code], **changes)
    return replace(cycle, projects=MappingProxyType({**cycle.projects, code: project}))
