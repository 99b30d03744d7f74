"""What goes out over HTTP of budget cycles; what comes in are the steps of ``cycles.steps``."""

from typing import Any

from pydantic import BaseModel, Field

from services.governance import cycle_handlers
from services.governance.cycle_handlers import Kept
from services.governance.cycles.cycle import Idea, Project, delivery
from services.governance.cycles.judging import lacking
from services.governance.cycles.steps import Begun, Delivery
from shared.store import Work


class IdeaOut(BaseModel):
    """An idea, with what it costs, whether it can be done, and why."""

    idea: str = Field(examples=["puits"])
    title: dict[str, str]
    text: dict[str, str]
    by: str
    territory: str
    theme: str
    gathering: int = Field(description="The gathering that has put it up; 0 where none has.")
    cost: int | None = Field(examples=[4_500_000])
    line: str = Field(description="The line of the budget on which it stands.")
    costed_by: str
    cost_reasons: dict[str, str]
    feasible: str = Field(description="`yes`, `with-changes`, `no`; empty: not judged yet.")
    judged_by: str
    feasible_reasons: dict[str, str]
    withdrawn: bool
    joins: str
    lacks: list[str] = Field(description="What it lacks for the ballot.")


class ProjectOut(BaseModel):
    """A funded project and how far it is."""

    project: str = Field(examples=["puits"])
    decided: int = Field(description="What the ballot gave it.", examples=[4_500_000])
    owner: str
    planned: int
    line: str
    starts: str
    due: str
    spent: int
    state: str = Field(examples=["under-way"])
    late: bool
    over: bool = Field(description="Whether more was spent than the ballot gave.")
    statements: list[str] = Field(description="Hashes of bills, receipts and accounts.")


class CycleOut(BaseModel):
    """A budget cycle as it stands."""

    id: str
    stage: str = Field(examples=["gathering"])
    title: dict[str, str]
    languages: list[str]
    total: int = Field(examples=[12_000_000])
    unit: str = Field(examples=["MAD"])
    line: str
    ends_at: str
    rule_hash: str
    last: Delivery | None = Field(description="What became of the cycle before.")
    coordinators: list[str]
    costers: list[str]
    gatherings: int
    present: int = Field(description="How many were at its gatherings, all together.")
    delegates: dict[str, int] = Field(description="Who was chosen by which gathering.")
    ideas: list[IdeaOut]
    shortlist: list[str]
    decision: str
    projects: list[ProjectOut]
    delivery: Delivery
    evaluated: bool
    steps: int
    hash: str


class ListedCycle(BaseModel):
    """A budget cycle in a list."""

    id: str
    stage: str
    ends_at: str


class CycleStepOut(BaseModel):
    """A step of the record."""

    number: int
    at: str
    by: str
    step: dict[str, Any]


class CycleRecordOut(BaseModel):
    """The record of a cycle, step by step: nothing of it is secret."""

    hash: str
    steps: list[CycleStepOut]


class SurplusLineOut(BaseModel):
    """A use of a surplus with its amount."""

    code: str = Field(examples=["reserves"])
    percent: int = Field(examples=[45])
    amount: int = Field(examples=[4_500_000])


class SurplusOut(BaseModel):
    """A decided surplus as lines that can be followed up."""

    decision: str
    amount: int
    lines: list[SurplusLineOut]


def cycle_out(work: Work, kept: Kept) -> CycleOut:
    """Return a cycle as everybody of the network sees it."""
    cycle, begun = kept.cycle, kept.cycle.begun
    today = cycle_handlers.today(work)
    return CycleOut(
        id=kept.id,
        stage=cycle.stage.value,
        title=begun.title,
        languages=list(begun.languages),
        total=begun.budget.total,
        unit=begun.budget.unit,
        line=begun.line,
        ends_at=begun.ends_at,
        rule_hash=begun.rule.hash,
        last=begun.delivery,
        coordinators=list(begun.coordinators),
        costers=list(begun.costers),
        gatherings=len(cycle.gatherings),
        present=sum(one.present for one in cycle.gatherings),
        delegates=dict(cycle.delegates),
        ideas=[_idea(code, one, begun) for code, one in cycle.ideas.items()],
        shortlist=list(cycle.shortlist),
        decision=cycle.decision,
        projects=[_project(code, one, today) for code, one in cycle.projects.items()],
        delivery=delivery(cycle, kept.id, today=today),
        evaluated=cycle.evaluated,
        steps=len(kept.record),
        hash=kept.hash,
    )


def _idea(code: str, one: Idea, begun: Begun) -> IdeaOut:
    costed, judged = one.costed, one.judged
    return IdeaOut(
        idea=code,
        title=dict(one.title),
        text=dict(one.text),
        by=one.by,
        territory=one.territory,
        theme=one.theme,
        gathering=one.gathering,
        cost=costed.cost if costed else None,
        line=costed.line if costed else "",
        costed_by=one.costed_by,
        cost_reasons=costed.reasons if costed else {},
        feasible=judged.feasible if judged else "",
        judged_by=one.judged_by,
        feasible_reasons=judged.reasons if judged else {},
        withdrawn=one.withdrawn,
        joins=one.joins,
        lacks=lacking(one, begun.languages),
    )


def _project(code: str, one: Project, today: str) -> ProjectOut:
    return ProjectOut(
        project=code,
        decided=one.decided,
        owner=one.owner,
        planned=one.planned,
        line=one.line,
        starts=one.starts,
        due=one.due,
        spent=one.spent,
        state=one.state,
        late=one.late(today),
        over=one.spent > one.decided,
        statements=list(one.statements),
    )
