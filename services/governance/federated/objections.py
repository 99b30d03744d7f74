"""Objections to a proposal between networks, each folded from what its objector and others said.

RAISED -> VALIDATED or NOT_VALIDATED (with a reason, and an appeal) -> INTEGRATED, WITHDRAWN or
STANDS. Silence of who has called the ballot takes no objection away.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.governance.federated.facts import Told
from services.governance.federated.notices import Notice
from shared.contracts.decisions import DecisionSponsored
from shared.contracts.disputes import DecisionAnswered, DecisionObjected


class ObjectionState(StrEnum):
    """Where an objection is."""

    RAISED = "raised"
    VALIDATED = "validated"
    NOT_VALIDATED = "not-validated"
    INTEGRATED = "integrated"
    WITHDRAWN = "withdrawn"
    STANDS = "stands"


OBJECTION_ARROWS: Final = {
    ObjectionState.RAISED: {
        ObjectionState.VALIDATED,
        ObjectionState.NOT_VALIDATED,
        ObjectionState.WITHDRAWN,
    },
    ObjectionState.VALIDATED: {
        ObjectionState.INTEGRATED,
        ObjectionState.WITHDRAWN,
        ObjectionState.STANDS,
    },
    # After an appeal somebody else judges, for good.
    ObjectionState.NOT_VALIDATED: {
        ObjectionState.VALIDATED,
        ObjectionState.STANDS,
        ObjectionState.WITHDRAWN,
    },
    ObjectionState.STANDS: {ObjectionState.WITHDRAWN},
    ObjectionState.INTEGRATED: {ObjectionState.VALIDATED, ObjectionState.STANDS},
    ObjectionState.WITHDRAWN: set(),
}
"""Which state can follow which."""
_OVER: Final = frozenset({ObjectionState.NOT_VALIDATED, ObjectionState.INTEGRATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """An objection of a network, for itself or for a member.

    Args:
        waits: whether an appeal waits for its answer.
    """

    id: str
    network: str
    ground: str
    state: ObjectionState
    waits: bool = False

    @property
    def blocks(self) -> bool:
        """Whether it stands against consent: it does until it is withdrawn or answered away."""
        if self.state is ObjectionState.WITHDRAWN:
            return False
        return self.waits or self.state not in _OVER


def objections_of(told: Told, notice: Notice) -> dict[str, Objection]:
    """Return the objections of a ballot by their ids.

    A network objects under ids of its own, on grounds of the charter. Who has called the ballot
    answers; after an appeal another network that stands for the notice does, and not the objector.
    """
    raised: dict[str, list[DecisionObjected]] = {}
    for one in told.of(DecisionObjected):
        if (
            one.ballot_id == notice.event.ballot_id
            and one.objection.partition(":")[0] == one.node
            and one.node in notice.legs
            and one.ground in notice.charter.objections
        ):
            raised.setdefault(one.objection, []).append(one)
    sponsors = {
        one.node
        for one in told.of(DecisionSponsored)
        if one.ballot_id == notice.event.ballot_id and one.notice_hash == notice.hash
    }
    found: dict[str, Objection] = {}
    for objection, said in sorted(raised.items()):
        last = max(said, key=lambda one: (one.revision, one.state))
        network = last.node
        answers = [
            one
            for one in told.of(DecisionAnswered)
            if one.ballot_id == notice.event.ballot_id and one.objection == objection
        ]
        judges = (sponsors & set(notice.legs)) - {notice.convener, network}
        state, waits = _state(last, _last(answers, {notice.convener}), _last(answers, judges))
        found[objection] = Objection(
            id=objection, network=network, ground=last.ground, state=state, waits=waits
        )
    return found


def _last(answers: list[DecisionAnswered], judges: set[str]) -> DecisionAnswered | None:
    able = [one for one in answers if one.node in judges]
    return max(able, key=lambda one: (one.revision, one.node, one.state)) if able else None


def _state(
    last: DecisionObjected, answer: DecisionAnswered | None, judged: DecisionAnswered | None
) -> tuple[ObjectionState, bool]:
    if last.state == "withdrawn":
        return ObjectionState.WITHDRAWN, False
    first = ObjectionState(answer.state) if answer else ObjectionState.RAISED
    if last.state == "raised" or first not in _OVER:
        return first, False
    if judged is None:
        return first, True
    return ObjectionState(judged.state), False
