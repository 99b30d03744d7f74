"""An assembly of a small cooperative, for tests of the rules alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from services.governance.assemblies import steps as said
from services.governance.assemblies.assembly import Assembly, Recorded, after, folded
from services.governance.assemblies.judging import Actor, require_call, require_fit
from services.governance.assemblies.steps import Called, Step
from services.governance.rules import Method, Quorum, Rule, SecondCall, Share
from shared.clock import stamp

MEETS = datetime(2026, 12, 19, 9, 0, tzinfo=UTC)
NOW = MEETS - timedelta(days=25)
CHAIR, SECRETARY, TELLER, OTHER_TELLER = "p-chair", "p-secretary", "p-teller", "p-other"
MEMBERS = tuple(f"p:{number:04d}" for number in range(1, 11))
HALF = Share(n=1, d=2)
ROOM = Rule(method=Method.YES_NO, notice_days=0, voting_days=0)


def words(fr: str, ar: str) -> dict[str, str]:
    """Return a text in the two languages of the cooperative."""
    return {"ar": ar, "fr": fr}


def call(**fields: Any) -> Called:
    """Return a call to an ordinary assembly with three points."""
    given: dict[str, Any] = {
        "kind": "ordinary",
        "languages": ("ar", "fr"),
        "title": words(
            "Coopérative Tifawin : comptes de 2026 et bureau",
            "تعاونية تيفاوين: حسابات 2026 وانتخاب المكتب",
        ),
        "place": words("Maison de quartier, Tiznit", "دار الحي، تزنيت"),
        "meets_at": stamp(MEETS),
        "zone": "Africa/Casablanca",
        "agenda": (
            said.Item(title=words("Rapport d'activité", "التقرير الأدبي")),
            said.Item(
                title=words("Comptes de l'exercice 2026", "حسابات سنة 2026"),
                text=words(
                    "Le conseil propose d'approuver les comptes.",
                    "يقترح المجلس المصادقة على الحسابات.",
                ),
                how="room",
                rule=ROOM,
            ),
            said.Item(
                title=words("Cotisation annuelle", "واجب الانخراط السنوي"), how="room", rule=ROOM
            ),
        ),
        "notice_days": 15,
        "quorum": Quorum(share=HALF, second_call=SecondCall(share=Share(n=1, d=10), days_min=8)),
        "proxies_max": 2,
        "chair": CHAIR,
        "secretary": SECRETARY,
        "tellers": (TELLER, OTHER_TELLER),
    }
    return Called.model_validate(given | fields)


@dataclass(frozen=True)
class PlainRoll:
    """A roll as a set."""

    members: tuple[str, ...] = MEMBERS

    def has(self, voter: str) -> bool:
        """Return whether somebody stands on it."""
        return voter in self.members

    def voters(self) -> Iterable[str]:
        """Return all."""
        return self.members


@dataclass
class Meeting:
    """An assembly in memory: what is recorded is judged, then folded."""

    called: Called
    now: datetime = NOW
    roll: PlainRoll = PlainRoll()
    record: list[Recorded] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin the record with the call."""
        require_call(self.called, languages=("ar", "fr"), now=self.now)
        self._keep(self.called, "p-steward")

    @property
    def stands(self) -> Assembly:
        """The assembly as it stands."""
        return folded(self.record)

    def do(self, step: Step, *, by: str = SECRETARY, steward: bool = False) -> Assembly:
        """Record a step, and return the assembly after it."""
        before = self.stands
        actor = Actor(person=by, steward=steward)
        require_fit(before, step, actor=actor, now=self.now, roll=self.roll)
        if isinstance(step, said.DoorsOpened):
            step = step.model_copy(
                update={"roll_root": "ab" * 32, "roll_size": len(self.roll.members)}
            )
        return after(before, self._keep(step, by))

    def chair(self, step: Step) -> Assembly:
        """Record what the chair does."""
        return self.do(step, by=CHAIR)

    def counts(self, by: str, yes: int, no: int, blank: int = 0, *, item: int = 2) -> Assembly:
        """Record a teller's count."""
        return self.do(said.HandsCounted(item=item, yes=yes, no=no, blank=blank), by=by)

    def wait(self, **by: int) -> None:
        """Let time pass."""
        self.now += timedelta(**by)

    def _keep(self, step: Step, by: str) -> Recorded:
        one = Recorded(number=len(self.record) + 1, step=step, by=by, at=stamp(self.now))
        self.record.append(one)
        return one


def called(**fields: Any) -> Meeting:
    """Return an assembly to which everybody was called in time, on the morning of its day."""
    meeting = Meeting(call(**fields))
    meeting.do(said.Sent(to=MEMBERS, channel="mail"))
    meeting.now = MEETS - timedelta(hours=1)
    return meeting


def with_doors(present: int = 6, **fields: Any) -> Meeting:
    """Return an assembly with so many members in the room, at the hour of the call."""
    meeting = called(**fields)
    meeting.do(said.DoorsOpened())
    for member in MEMBERS[:present]:
        meeting.do(said.Arrived(voter=member))
    meeting.now = MEETS + timedelta(minutes=10)
    return meeting


def opened(present: int = 6, **fields: Any) -> Meeting:
    """Return an assembly whose session is open."""
    meeting = with_doors(present, **fields)
    meeting.chair(said.Opened())
    return meeting
