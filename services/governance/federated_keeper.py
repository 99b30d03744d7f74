"""Keeping ballots between networks going: each network does what is due for it, by its own clock.

Nothing is remembered but in the database, and what is due follows from the facts alone: after a
crash it goes on where it was. Nothing is done before the own log is known to be whole, so that a
node that was restored reads what it has said before it says anything more.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import structlog
from sqlalchemy import bindparam, func, select, update

from services.governance import federated_legs as legs
from services.governance.federated.acts import BY_PEOPLE, Act, Does, due
from services.governance.federated.ballot import Ballot, is_complete, outcome_of, state_at
from services.governance.federated.charter import Charter
from services.governance.federated_desk import UNSIGNED, FederatedDesk
from services.governance.federated_handlers import charter_for
from services.governance.federated_rows import (
    facts_behind,
    facts_of,
    held,
    keys_of,
    made_of,
)
from services.governance.rules import Electorate
from services.governance.tables.federated import FEDERATED
from shared.clock import Clock, moment, stamp
from shared.contracts.decisions import DecisionNoticed, DecisionRolled
from shared.contracts.disputes import DecisionCertified
from shared.contracts.preparations import DecisionPrepared
from shared.refusals import Refusal
from shared.store import Prepared, Store, Work, of_the_database

DUE_MOST: Final = 100
"""How many ballots are looked for at a time."""
TURNS_MAX: Final = 12
"""How many things one after the other are done for a ballot in one unit."""
AGAIN_AFTER: Final = timedelta(seconds=10)
"""When something that could not be done is tried again."""
PREPARED_MAX: Final = 20
"""For how many ballots that one network prepares, and has not held, rolls lie here."""

log = structlog.get_logger(__name__)

_DUE: Final = Prepared(
    select(FEDERATED.c.id)
    .where(
        (FEDERATED.c.changed == 1)
        | ((FEDERATED.c.next_at != "") & (FEDERATED.c.next_at <= bindparam("now"))),
        FEDERATED.c.id > bindparam("after"),
    )
    .order_by(FEDERATED.c.id)
    .limit(DUE_MOST)
)
_OUTCOME: Final = Prepared(
    select(FEDERATED.c.outcome_hash).where(FEDERATED.c.id == bindparam("of_id"))
)
_NEXT: Final = Prepared(select(func.min(FEDERATED.c.next_at)).where(FEDERATED.c.next_at != ""))
_SHOWN: Final = (
    "changed", "next_at", "state", "matter", "convener", "opens_at", "closes_at", "outcome",
    "outcome_hash", "waits",
)  # fmt: skip
_KEEP: Final = Prepared(
    update(FEDERATED)
    .where(FEDERATED.c.id == bindparam("of_id"))
    .values({name: bindparam(f"new_{name}") for name in _SHOWN})
)


def due_ballots(work: Work, now: datetime, after: str = "") -> list[str]:
    """Return the ballots at which somebody has to look now, those after an id."""
    return [row[0] for row in work.rows(_DUE, {"now": stamp(now), "after": after})]


def move_on(work: Work, desk: FederatedDesk, ballot_id: str, *, hears: bool = True) -> list[str]:
    """Do all that is due for a ballot and needs nobody; return what was done.

    What cannot be done now, because nobody is in the roll or tellers have to explain an urn, waits
    and holds nothing else up.

    Args:
        hears: whether this network hears the others. Who does not, certifies nothing that rests on
            others having been silent until the end of the grace.

    Raises:
        Missing: nothing was told of it.
    """
    held(work, ballot_id)
    done: list[str] = []
    waiting: set[tuple[str, str]] = set()
    ballot = _state(work, ballot_id)
    for _ in range(TURNS_MAX):
        before = len(done)
        for act in _due(work, desk, ballot):
            key = (act.does.value, act.network)
            silent = act.does is Does.CERTIFY and not hears and not is_complete(ballot)
            if key not in waiting and not silent and _does(work, desk, ballot, act):
                done.append(":".join(key))
            else:
                waiting.add(key)
        if len(done) == before:
            break
        ballot = _state(work, ballot_id)
    for local in legs.left_open(work, ballot_id):
        _try(work, lambda local=local: legs.close_at_home(work, local))  # type: ignore[misc]  # mypy cannot infer the default
    _keep_shown(work, desk, ballot, waits=bool(waiting))
    return done


def next_look(work: Work) -> datetime | None:
    """Return when time changes something next, if it does."""
    found = work.rows(_NEXT, {})[0][0]
    return moment(found) if found else None


class FederatedKeeper:
    """Looks after ballots between networks for as long as the service lives.

    Args:
        store: the service's database.
        clock: says what time it is.
        desk: in whose name something is done.
        every_s: how long between two looks where nothing new comes, in seconds.
        ready: tells whether the own log is known to be whole.
        hears: tells whether this network hears the others.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        desk: FederatedDesk,
        *,
        every_s: float,
        ready: Callable[[], bool] = lambda: True,
        hears: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._clock = clock
        self._desk = desk
        self._every_s = every_s
        self._ready = ready
        self._hears = hears
        self._wake = asyncio.Event()

    def changed(self) -> None:
        """Have somebody look at once: something has come in, or was done."""
        self._wake.set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            wait_s = self._every_s
            # Asked each time, because it notices since when the line holds.
            self._hears()
            if self._ready():
                await self.look()
                wait_s = await self._until_next()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait_s)
            self._wake.clear()

    async def look(self) -> None:
        """Do all that is due now; a ballot at which our own code fails stops no other one."""
        after = ""
        while due_now := await self._store.read(due_ballots, self._clock.now(), after):
            for ballot_id in due_now:
                try:
                    done = await self._store.write(
                        move_on, self._desk, ballot_id, hears=self._hears()
                    )
                except Exception as error:
                    if of_the_database(error):
                        raise
                    log.exception("a ballot could not be looked at", ballot=ballot_id)
                else:
                    if done:
                        log.info("ballot between networks", ballot=ballot_id, done=done)
            after = due_now[-1]

    async def _until_next(self) -> float:
        """Return for how many seconds nothing is due by time, as far as that is known."""
        found, now = await self._store.read(next_look), self._clock.now()
        if found is None or found <= now:
            # What was due and could not be done is not tried without a pause.
            return self._every_s
        return min(self._every_s, (found - now).total_seconds() + 0.002)


def _state(work: Work, ballot_id: str) -> Ballot:
    facts = facts_behind(work, ballot_id)
    return made_of(ballot_id, facts, keys_of(work, facts))


def _due(work: Work, desk: FederatedDesk, ballot: Ballot) -> list[Act]:
    """Return what this machine has to do by itself, of what is due."""
    if ballot.notice is None:
        return _prepared(work, desk, ballot.ballot_id)
    acts = [act for act in due(ballot, desk.node, work.now) if act.does not in BY_PEOPLE]
    # Whose legs are kept, people enter what was done on paper.
    mine = [act for act in acts if act.network == desk.node or act.does in (Does.OPEN, Does.REVEAL)]
    return [*mine, *_roll_again(work, desk, ballot)]


def _prepared(work: Work, desk: FederatedDesk, ballot_id: str) -> list[Act]:
    """Return that the own roll is asked for, by a network that may call such a ballot."""
    facts = [fact.event for fact in facts_of(work, ballot_id)]
    asked = [
        one
        for one in facts
        if isinstance(one, DecisionPrepared)
        and desk.node in one.legs
        and one.node == ballot_id.partition(":")[0]
    ]
    over = any(
        (isinstance(one, DecisionRolled) and one.node == one.network == desk.node)
        or isinstance(one, DecisionNoticed)
        for one in facts
    )
    if len(asked) != 1 or over or legs.rolls_waiting(work, asked[0].node) >= PREPARED_MAX:
        return []
    with suppress(Refusal):
        charter = charter_for(work, desk, asked[0].association, asked[0].charter_hash)
        details = {"electorate": _electorate(charter, asked[0].matter)}
        return [Act(does=Does.SEAL_ROLL, network=desk.node, details=details)]
    return []


def _electorate(charter: Charter, matter: str) -> Electorate:
    rule = charter.rules.get(matter)
    return rule.rule.electorate if rule is not None else Electorate()


def _roll_again(work: Work, desk: FederatedDesk, ballot: Ballot) -> list[Act]:
    """Return that the roll is sealed anew, where the one that was told is not here any more."""
    leg, notice = ballot.legs.get(desk.node), ballot.notice
    if leg is None or notice is None or leg.roll is None or leg.opened:
        return []
    if work.now >= notice.opens_at or notice.legs[desk.node].roll_root is not None:
        return []
    if legs.leg_of_root(work, ballot.ballot_id, desk.node, leg.roll.root) is not None:
        return []
    return [Act(does=Does.SEAL_ROLL, network=desk.node)]


def _does(work: Work, desk: FederatedDesk, ballot: Ballot, act: Act) -> bool:
    """Do one thing; return whether it could be done."""

    def do() -> None:
        match act.does:
            case Does.SEAL_ROLL:
                _seal_roll(work, desk, ballot, act)
            case Does.OPEN:
                legs.open_leg(work, desk, ballot, act.network)
            case Does.COMMIT:
                legs.commit_leg(work, desk, ballot)
            case Does.REVEAL:
                legs.reveal_leg(work, desk, ballot, act.network, heard=act.details["heard"])
            case Does.CERTIFY:
                _certify(work, desk, ballot, act.details)
            case _:
                raise AssertionError(f"people do this: {act.does}")

    return _try(work, do, ballot=ballot.ballot_id, act=act.does.value)


def _try(work: Work, do: Callable[[], None], **what: str) -> bool:
    try:
        with work.nested():
            do()
    except Refusal as refusal:
        if of_the_database(refusal):
            raise
        log.info("a ballot between networks waits", reason=refusal.slug, **what)
        return False
    return True


def _seal_roll(work: Work, desk: FederatedDesk, ballot: Ballot, act: Act) -> None:
    told = [
        fact.event.roll_epoch
        for fact in facts_of(work, ballot.ballot_id)
        if isinstance(fact.event, DecisionRolled) and fact.event.network == desk.node
    ]
    electorate = act.details.get("electorate")
    if electorate is None:
        assert ballot.notice is not None, "what is not prepared is noticed"
        electorate = ballot.notice.rule.rule.electorate
    legs.seal_roll(work, desk, ballot.ballot_id, electorate=electorate, told=max(told, default=0))


def _certify(work: Work, desk: FederatedDesk, ballot: Ballot, details: Any) -> None:
    event = DecisionCertified.model_validate(
        {
            "node": desk.node,
            "ballot_id": ballot.ballot_id,
            **details,
            "certified_at": work.moment,
            "signature": UNSIGNED,
        }
    )
    desk.tell_signed(work, event)


def _keep_shown(work: Work, desk: FederatedDesk, ballot: Ballot, *, waits: bool) -> None:
    """Keep what lists show of a ballot, and when it is looked at again."""
    notice, now = ballot.notice, work.now
    outcome = outcome_of(ballot, now)
    if outcome is not None and work.rows(_OUTCOME, {"of_id": ballot.ballot_id}) == [("",)]:
        # Who has voted is told once that it is decided, whatever becomes of it later.
        for own in legs.own_legs(work, ballot.ballot_id, desk.node):
            if own.state == "closed":
                legs.tell_voters(work, own.local_ballot, "closed")
    people = [act for act in due(ballot, desk.node, now) if act.does in BY_PEOPLE]
    row = {
        "of_id": ballot.ballot_id,
        "new_changed": 0,
        "new_next_at": _next_at(ballot, now, waits=waits),
        "new_state": state_at(ballot, now).value,
        "new_matter": notice.event.matter if notice else "",
        "new_convener": ballot.ballot_id.partition(":")[0],
        "new_opens_at": notice.event.opens_at if notice else "",
        "new_closes_at": notice.event.closes_at if notice else "",
        "new_outcome": outcome.outcome.outcome.value if outcome else "",
        "new_outcome_hash": outcome.hash if outcome else "",
        "new_waits": orjson.dumps(
            [{"does": act.does.value, "network": act.network} for act in people]
        ).decode(),
    }
    work.run(_KEEP, row)


def _next_at(ballot: Ballot, now: datetime, *, waits: bool) -> str:
    notice = ballot.notice
    if notice is None:
        return stamp(now + AGAIN_AFTER) if waits else ""
    times = [notice.opens_at, notice.closes_at, notice.reveals_at, notice.grace_ends]
    if waits:
        times.append(now + AGAIN_AFTER)
    return min((stamp(one) for one in times if one > now), default="")
