"""Whether a step may follow in a budget cycle: who does it, and where the cycle is."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import singledispatch
from typing import Any, Final

from services.governance.assemblies.judging import Actor
from services.governance.cycles import refusals as no
from services.governance.cycles import steps as said
from services.governance.cycles.cycle import Cycle, Idea, Stage
from services.governance.cycles.steps import Begun, Step
from shared.clock import moment, stamp

IDEAS_MAX: Final = 2_000
LASTS_MAX: Final = timedelta(days=10 * 366)

_WHEN: Final[Mapping[Any, frozenset[Stage]]] = {
    said.Gathered: frozenset({Stage.GATHERING, Stage.COSTING}),
    said.IdeaPut: frozenset({Stage.GATHERING}),
    said.Translated: frozenset({Stage.GATHERING, Stage.COSTING}),
    said.IdeaWithdrawn: frozenset({Stage.GATHERING, Stage.COSTING}),
    said.DelegateNamed: frozenset({Stage.GATHERING, Stage.COSTING}),
    said.CostingBegun: frozenset({Stage.GATHERING}),
    said.Costed: frozenset({Stage.COSTING}),
    said.Judged: frozenset({Stage.COSTING}),
    said.Shortlisted: frozenset({Stage.COSTING}),
    said.BallotPrepared: frozenset({Stage.SHORTLIST}),
    said.Outcome: frozenset({Stage.BALLOT}),
    said.Planned: frozenset({Stage.DELIVERY}),
    said.Spent: frozenset({Stage.DELIVERY}),
    said.Moved: frozenset({Stage.DELIVERY}),
    said.Evaluated: frozenset({Stage.DELIVERY}),
    said.Stopped: frozenset({Stage.GATHERING, Stage.COSTING, Stage.SHORTLIST}),
}


def require_begin(begun: Begun, *, languages: Iterable[str], now: datetime) -> None:
    """Return quietly when a cycle can begin so.

    Args:
        languages: those of the network's charter.

    Raises:
        BadCycle
    """
    lacking = set(languages) - set(begun.languages)
    if lacking:
        raise no.BadCycle(f"the notice lacks {', '.join(sorted(lacking))}")
    if not now < moment(begun.ends_at) <= now + LASTS_MAX:
        raise no.BadCycle("a cycle ends on a day that is to come, within ten years")
    for names in (begun.title, *(place.names for place in (*begun.territories, *begun.themes))):
        if set(begun.languages) - set(names):
            raise no.BadCycle("a name lacks one of the cycle's languages")


def require_fit(cycle: Cycle, step: Step, *, actor: Actor, now: datetime) -> None:
    """Return quietly when a step may be recorded now.

    Raises:
        what ``refusals`` names.
    """
    if cycle.stage not in _WHEN.get(type(step), frozenset()):
        raise no.NotInThisStage(stage=cycle.stage.value)
    _require_part(cycle, step, actor)
    _fits(step, cycle, stamp(now))


def _require_part(cycle: Cycle, step: Step, actor: Actor) -> None:
    begun = cycle.begun
    coordinates = actor.steward or actor.person in begun.coordinators
    match step:
        case said.IdeaPut(gathering=None):
            # Anybody of the network has ideas.
            may = True
        case said.IdeaWithdrawn(idea=code):
            may = coordinates or actor.person == _idea(cycle, code).by
        case said.Costed() | said.Judged():
            may = actor.person in begun.costers
        case said.Spent(project=code) | said.Moved(project=code):
            may = coordinates or actor.person == _owner(cycle, code)
        case _:
            may = coordinates
    if not may:
        raise no.NotNamedForIt()


@singledispatch
def _fits(step: Any, cycle: Cycle, now: str) -> None:
    """Return quietly: nothing else is asked of this step."""


@_fits.register
def _(step: said.Gathered, cycle: Cycle, now: str) -> None:
    if step.of not in {one.code for one in (*cycle.begun.territories, *cycle.begun.themes)}:
        raise no.NoSuchIdea("people gather for a territory or a theme of this cycle")
    if moment(step.held_at) > moment(now):
        raise no.BadCycle("a gathering is recorded once it was held")


@_fits.register
def _(step: said.IdeaPut, cycle: Cycle, now: str) -> None:
    if step.idea in cycle.ideas:
        raise no.IdeaThere()
    if len(cycle.ideas) >= IDEAS_MAX:
        raise no.BadCycle(f"a cycle takes {IDEAS_MAX} ideas")
    begun = cycle.begun
    for code, places in ((step.territory, begun.territories), (step.theme, begun.themes)):
        if code is not None and code not in {place.code for place in places}:
            raise no.NoSuchIdea("there is no such territory or theme")
    if set(step.title) != set(step.text) or not set(step.title) <= set(begun.languages):
        raise no.BadCycle("title and text are in the same languages, of those of the cycle")
    if step.gathering is not None:
        _gathering(cycle, step.gathering)


@_fits.register
def _(step: said.Translated, cycle: Cycle, now: str) -> None:
    idea = _idea(cycle, step.idea)
    if step.language not in cycle.begun.languages or step.language in idea.title:
        raise no.BadCycle("a translation is in a language that is lacking")


@_fits.register
def _(step: said.IdeaWithdrawn, cycle: Cycle, now: str) -> None:
    _idea(cycle, step.idea)
    if step.joins is not None and (step.joins == step.idea or _idea(cycle, step.joins).withdrawn):
        raise no.NoSuchIdea("an idea joins another one that is there")


@_fits.register
def _(step: said.DelegateNamed, cycle: Cycle, now: str) -> None:
    gathering = _gathering(cycle, step.gathering)
    if step.person in cycle.delegates:
        raise no.TooManyDelegates("who is a delegate is one already")
    sent = sum(number == step.gathering for number in cycle.delegates.values())
    # One for each group of so many people, and one for what is left over.
    per = cycle.begun.people_per_delegate
    if sent >= -(-gathering.present // per):
        raise no.TooManyDelegates(present=gathering.present, people_per_delegate=per)


@_fits.register(said.Costed)
@_fits.register(said.Judged)
def _(step: said.Costed | said.Judged, cycle: Cycle, now: str) -> None:
    if _idea(cycle, step.idea).withdrawn:
        raise no.NoSuchIdea("the idea was withdrawn")
    if isinstance(step, said.Costed) and step.cost > cycle.begun.budget.total:
        raise no.BadCycle("an idea costs no more than the whole budget")


@_fits.register
def _(step: said.Shortlisted, cycle: Cycle, now: str) -> None:
    if len(set(step.ideas)) < len(step.ideas):
        raise no.BadCycle("each idea stands once on a shortlist")
    for code in step.ideas:
        lacks = lacking(_idea(cycle, code), cycle.begun.languages)
        if lacks:
            raise no.NotReady(idea=code, lacks=lacks)
    delegates = set(cycle.delegates)
    if delegates and 2 * len(delegates & set(step.agreed)) <= len(delegates):
        raise no.DelegatesDisagree(delegates=len(delegates))


@_fits.register(said.Planned)
@_fits.register(said.Spent)
@_fits.register(said.Moved)
def _(step: said.Planned | said.Spent | said.Moved, cycle: Cycle, now: str) -> None:
    project = cycle.projects.get(step.project)
    if project is None:
        raise no.NoSuchIdea("only funded projects are delivered")
    if isinstance(step, said.Spent):
        if project.spent + step.amount < 0:
            raise no.SpentBelowNothing(spent=project.spent)
        if step.day > now:
            raise no.BadCycle("what is spent was spent")
    elif project.ended:
        raise no.NotInThisStage("the project has ended")
    if not project.owner and not isinstance(step, said.Planned):
        raise no.NotReady(idea=step.project, lacks=["owner"])


@_fits.register
def _(step: said.Evaluated, cycle: Cycle, now: str) -> None:
    going = sorted(code for code, one in cycle.projects.items() if not one.ended)
    if going:
        raise no.NotReady("projects are still under way", projects=going)


def lacking(idea: Idea, languages: Iterable[str]) -> list[str]:
    """Return what an idea lacks for the ballot; nothing when it is ready."""
    found = [language for language in languages if language not in idea.title]
    if idea.withdrawn:
        found.append("withdrawn")
    if idea.costed is None:
        found.append("cost")
    if idea.judged is None or idea.judged.feasible == "no":
        found.append("feasibility")
    return found


def _idea(cycle: Cycle, code: str) -> Idea:
    idea = cycle.ideas.get(code)
    if idea is None:
        raise no.NoSuchIdea()
    return idea


def _owner(cycle: Cycle, code: str) -> str:
    project = cycle.projects.get(code)
    return project.owner if project else ""


def _gathering(cycle: Cycle, number: int) -> said.Gathered:
    if number > len(cycle.gatherings):
        raise no.NoSuchIdea("no such gathering was recorded")
    return cycle.gatherings[number - 1]
