"""What may follow in a budget cycle: gatherings, ideas, costs, delegates, delivery."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.governance.assemblies.judging import Actor
from services.governance.cycles import refusals as no
from services.governance.cycles import steps as said
from services.governance.cycles.cycle import Cycle, Recorded, Stage, after, delivery, folded
from services.governance.cycles.judging import lacking, require_begin, require_fit
from services.governance.cycles.steps import Begun, Place, Step
from services.governance.rules import BudgetRule, Cap, Method, Rule
from shared.clock import stamp

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
WHY = {"fr": "Voir le dossier."}


def begun(**fields: Any) -> Begun:
    """Return the notice of a small budget."""
    budget = BudgetRule(total=1_000, unit="MAD", caps=(Cap(category="nord", total=600),))
    given: dict[str, Any] = {
        "title": {"fr": "Budget 2027"},
        "languages": ("fr",),
        "territories": (Place(code="nord", names={"fr": "Nord"}),),
        "themes": (Place(code="eau", names={"fr": "Eau"}),),
        "rule": Rule(method=Method.BUDGET, budget=budget),
        "line": "2027/6135",
        "ends_at": stamp(NOW + timedelta(days=400)),
        "coordinators": ("p-coord",),
        "costers": ("p-cost",),
        "people_per_delegate": 10,
    }
    return Begun.model_validate(given | fields)


class Budget:
    """A cycle in memory: what is recorded is judged, then folded."""

    def __init__(self, **fields: Any) -> None:
        self.now = NOW
        first = begun(**fields)
        require_begin(first, languages=("fr",), now=self.now)
        self.record = [Recorded(number=1, step=first, by="p-steward", at=stamp(self.now))]

    @property
    def stands(self) -> Cycle:
        """The cycle as it stands."""
        return folded(self.record)

    def do(self, step: Step, by: str = "p-coord") -> Cycle:
        """Record a step, and return the cycle after it."""
        before = self.stands
        require_fit(before, step, actor=Actor(person=by), now=self.now)
        number = len(self.record) + 1
        self.record.append(Recorded(number=number, step=step, by=by, at=stamp(self.now)))
        return after(before, self.record[-1])

    def gather(self, present: int = 25, of: str = "nord") -> Cycle:
        """Record a gathering that was held yesterday."""
        at = stamp(self.now - timedelta(days=1))
        return self.do(said.Gathered(of=of, held_at=at, present=present))

    def idea(self, code: str = "puits", by: str = "p-member", **fields: Any) -> Cycle:
        """Record an idea."""
        text = {"title": {"fr": code}, "text": {"fr": f"Le projet {code}"}, "idea": code}
        return self.do(said.IdeaPut.model_validate(text | fields), by)

    def ready(self, code: str, cost: int = 100) -> Cycle:
        """Have an idea costed and found feasible."""
        self.do(said.Costed(idea=code, cost=cost, line="2027/6135", reasons=WHY), "p-cost")
        return self.do(said.Judged(idea=code, feasible="yes", reasons=WHY), "p-cost")


def delivering() -> Budget:
    """Return a cycle with one funded project."""
    budget = Budget()
    budget.idea()
    budget.do(said.CostingBegun())
    budget.ready("puits")
    budget.do(said.Shortlisted(ideas=("puits",), reasons=WHY))
    budget.do(said.BallotPrepared(decision="d"))
    budget.do(said.Outcome(funded={"puits": 100}, report_hash="ab"))
    return budget


def plan(**fields: Any) -> said.Planned:
    """Return the plan of the project."""
    given = {
        "project": "puits", "owner": "p-owner", "amount": 90, "line": "2027/6135",
        "starts": "2027-01-01", "due": "2027-06-30",
    }  # fmt: skip
    return said.Planned.model_validate(given | fields)


def spent(amount: int, **fields: Any) -> said.Spent:
    """Return an expense."""
    given = {
        "project": "puits", "amount": amount, "line": "2027/6135", "day": "2026-11-20",
        "statement": "ab" * 32,
    }  # fmt: skip
    return said.Spent.model_validate(given | fields)


def test_a_gathering_sends_as_many_delegates_as_its_people_give_it() -> None:
    budget = Budget()
    budget.gather(present=11)
    for person in ("p-a", "p-b"):
        budget.do(said.DelegateNamed(gathering=1, person=person))
    with pytest.raises(no.TooManyDelegates):
        budget.do(said.DelegateNamed(gathering=1, person="p-c"))
    budget.gather(present=3, of="eau")
    with pytest.raises(no.TooManyDelegates):
        budget.do(said.DelegateNamed(gathering=2, person="p-a"))
    assert budget.do(said.DelegateNamed(gathering=2, person="p-c")).delegates["p-c"] == 2


def test_anybody_has_ideas_and_only_named_people_cost_them() -> None:
    budget = Budget()
    budget.idea(by="p-anybody")
    for by in ("p-anybody", "p-cost"):
        with pytest.raises(no.NotNamedForIt):
            budget.do(said.CostingBegun(), by)
    budget.do(said.CostingBegun())
    with pytest.raises(no.NotNamedForIt):
        budget.do(said.Costed(idea="puits", cost=1, line="2027/1", reasons=WHY), "p-coord")
    with pytest.raises(no.BadCycle):
        budget.do(said.Costed(idea="puits", cost=1_001, line="2027/1", reasons=WHY), "p-cost")
    assert lacking(budget.stands.ideas["puits"], ("fr", "ar")) == ["ar", "cost", "feasibility"]
    assert lacking(budget.ready("puits").ideas["puits"], ("fr",)) == []


def test_an_idea_that_is_not_ready_does_not_go_to_the_ballot() -> None:
    budget = Budget()
    budget.idea("puits")
    budget.idea("four")
    budget.do(said.CostingBegun())
    budget.ready("puits")
    with pytest.raises(no.NotReady) as refused:
        budget.do(said.Shortlisted(ideas=("puits", "four"), reasons=WHY))
    assert refused.value.members == {"idea": "four", "lacks": ["cost", "feasibility"]}
    budget.do(said.Costed(idea="four", cost=10, line="2027/1", reasons=WHY), "p-cost")
    budget.do(said.Judged(idea="four", feasible="no", reasons=WHY), "p-cost")
    with pytest.raises(no.NotReady):
        budget.do(said.Shortlisted(ideas=("four",), reasons=WHY))
    with pytest.raises(no.NoSuchIdea):
        budget.do(said.Shortlisted(ideas=("lune",), reasons=WHY))
    with pytest.raises(no.BadCycle):
        budget.do(said.Shortlisted(ideas=("puits", "puits"), reasons=WHY))


def test_more_than_half_of_the_delegates_stand_behind_a_shortlist() -> None:
    budget = Budget()
    budget.gather(present=20)
    for person in ("p-a", "p-b"):
        budget.do(said.DelegateNamed(gathering=1, person=person))
    budget.idea(gathering=1, by="p-coord")
    budget.do(said.CostingBegun())
    budget.ready("puits")
    for agreed in ((), ("p-a",), ("p-a", "p-stranger")):
        with pytest.raises(no.DelegatesDisagree):
            budget.do(said.Shortlisted(ideas=("puits",), agreed=agreed, reasons=WHY))
    listed = budget.do(said.Shortlisted(ideas=("puits",), agreed=("p-a", "p-b"), reasons=WHY))
    assert listed.stage is Stage.SHORTLIST


def test_ideas_are_joined_and_translated_before_the_shortlist() -> None:
    budget = Budget(languages=("fr", "ar"), title={"fr": "B", "ar": "م"}, **two_names())
    budget.idea("puits")
    budget.idea("forage")
    with pytest.raises(no.NotNamedForIt):
        budget.do(said.IdeaWithdrawn(idea="forage", joins="puits", reasons=WHY), "p-other")
    budget.do(said.IdeaWithdrawn(idea="forage", joins="puits", reasons=WHY), "p-member")
    budget.do(said.Translated(idea="puits", language="ar", title="بئر", text="بئر للحي"))
    with pytest.raises(no.BadCycle):
        budget.do(said.Translated(idea="puits", language="es", title="x", text="x"))
    budget.do(said.CostingBegun())
    with pytest.raises(no.NoSuchIdea):
        budget.do(said.Costed(idea="forage", cost=1, line="1", reasons=WHY), "p-cost")
    assert lacking(budget.ready("puits").ideas["puits"], ("fr", "ar")) == []


def two_names() -> dict[str, Any]:
    names = {"fr": "Nord", "ar": "الشمال"}
    return {"territories": (Place(code="nord", names=names),), "themes": ()}


def test_a_project_is_delivered_by_its_owner_and_late_after_its_day() -> None:
    budget = delivering()
    with pytest.raises(no.NotReady):
        budget.do(spent(10))
    budget.do(plan())
    with pytest.raises(no.NotNamedForIt):
        budget.do(spent(10), "p-stranger")
    budget.do(spent(60), "p-owner")
    stands = budget.do(spent(-20), "p-owner")
    assert (stands.projects["puits"].spent, len(stands.projects["puits"].statements)) == (40, 2)
    with pytest.raises(no.SpentBelowNothing):
        budget.do(spent(-41), "p-owner")
    with pytest.raises(no.BadCycle):
        budget.do(spent(1, day="2030-01-01"), "p-owner")
    assert [delivery(stands, "c", today=day).late for day in ("2027-06-30", "2027-07-01")] == [0, 1]
    with pytest.raises(no.NotReady):
        budget.do(said.Evaluated(present=12, text=WHY))
    done = budget.do(said.Moved(project="puits", state="done", reasons=WHY), "p-owner")
    assert delivery(done, "c", today="2028-01-01").model_dump() == {
        "cycle": "c", "funded": 1, "done": 1, "dropped": 0, "late": 0, "decided": 100, "spent": 40,
    }  # fmt: skip
    # A last bill may come after the work is done.
    budget.do(spent(5), "p-owner")
    with pytest.raises(no.NotInThisStage):
        budget.do(said.Moved(project="puits", state="under-way", reasons=WHY))
    assert budget.do(said.Evaluated(present=12, text=WHY)).stage is Stage.ENDED


def test_a_ballot_that_funds_nothing_ends_the_cycle() -> None:
    budget = delivering()
    del budget.record[-1]
    assert budget.do(said.Outcome(funded={}, report_hash="ab")).stage is Stage.ENDED


def test_each_stage_takes_its_own_steps_only() -> None:
    budget = Budget()
    with pytest.raises(no.NotInThisStage):
        budget.do(plan())
    budget.idea()
    with pytest.raises(no.IdeaThere):
        budget.idea()
    budget.do(said.CostingBegun())
    with pytest.raises(no.NotInThisStage):
        budget.idea("four")
    budget.do(said.Stopped(reasons=WHY))
    with pytest.raises(no.NotInThisStage):
        budget.gather()


@pytest.mark.parametrize(
    "fields",
    [
        {"territory": "lune"},
        {"theme": "nord"},
        {"gathering": 4},
        {"title": {"es": "x"}, "text": {"es": "x"}},
        {"title": {"fr": "x"}, "text": {"ar": "x"}},
    ],
)
def test_an_idea_stands_in_its_cycle(fields: dict[str, Any]) -> None:
    with pytest.raises((no.NoSuchIdea, no.BadCycle)):
        Budget().idea(by="p-coord", **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"rule": Rule(method=Method.YES_NO)},
        {"themes": (Place(code="nord", names={"fr": "x"}),)},
        {"territories": (), "themes": ()},
        {"line": "no\nline"},
    ],
)
def test_a_notice_whose_parts_do_not_fit_is_none(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        begun(**fields)


@pytest.mark.parametrize(
    "fields", [{"languages": ("es",)}, {"ends_at": stamp(NOW)}, {"title": {"ar": "x"}}]
)
def test_a_cycle_that_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(no.BadCycle):
        Budget(**fields)


def test_a_plan_ends_after_its_beginning() -> None:
    with pytest.raises(ValidationError):
        plan(due="2026-12-31")
