"""A seeded story of rings over several nodes, and what must be true when it has come to rest.

One seed is one story, the same each time: ``run(17)`` fails or holds for ever.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Final

from services.exchange import ring_copies, ring_handlers, ring_rows
from services.exchange.ring_desk import Rules
from services.exchange.ring_handlers import Entered, Said
from services.exchange.rings.parts import HOLDING, Copy, PartState
from services.exchange.rings.plans import node_of, parties, slots
from services.exchange.rings.ring import proposed
from shared.clock import moment
from shared.contracts.rings import (
    AGREED,
    FINAL,
    Contact,
    Entry,
    RingPlan,
    RingState,
    What,
)
from shared.store import Work
from tests.exchange.rings.samples import party, plan, some_id
from tests.exchange.rings.world import STEP, Faults, World, rules

NODES: Final = ("souss", "ilhas", "andes")
"""Those with participants; ``hub`` decides for them as well, and ``lost`` forgets all it knew."""
EACH: Final = 7
"""How many participants a node has."""
ROUGH: Final = 95
"""How many steps the bad times last."""
RINGS: Final = 6
LATE: Final = timedelta(hours=6)
BY: Final = Entered(by="person-1")


class Broken(AssertionError):
    """Something is not true that must be."""


@dataclass(slots=True)
class Story:
    """What happened in one run, for counting."""

    seed: int
    outcomes: Counter[str] = field(default_factory=Counter)


class Simulation:
    """One story: the world, the rings that were proposed, and the mood of each participant."""

    def __init__(self, seed: int, used: Rules) -> None:
        self.random = Random(seed)
        self.world = World(
            [*NODES, "hub", "lost"],
            self.random,
            rules=used,
            skew=timedelta(hours=self.random.choice((0, 12, 16))),
        )
        self.everybody = [party(node, number) for node in NODES for number in range(1, EACH + 1)]
        self.plans: dict[str, RingPlan] = {}
        self.forgotten: set[str] = set()
        self.confirmed: set[str] = set()
        self.said: list[tuple[str, str, Said]] = []

    def rough_times(self) -> None:
        """Let people and machines do what they do, at their worst."""
        starts = sorted(self.random.randrange(ROUGH // 2) for _ in range(RINGS))
        forgets = self.random.randrange(4, 12)
        for step in range(ROUGH):
            for number, start in enumerate(starts):
                if start == step:
                    self._propose(number, self.random.choice((*NODES, "hub", "hub")))
            if step == 0:
                self._propose(90, "lost")
            if step == forgets:
                self._forget()
            for _ in range(4):
                self._somebody_acts()
            if step % 4 == 0:
                self._look_after()
            if step % 5 == 0:
                self._repair()
            self.world.pass_time()
            self.check_live()
            if step % 5 == 0:
                self._check_promises()

    def good_times(self) -> None:
        """Let the wires work again, and time pass until nothing is left to be done."""
        self.world.faults = Faults(lost=0, doubled=0, delay_most=1, crash=0, cut=0)
        for name in self.world.nodes:
            self.world.nodes[name].down_until = self.world.nodes[name].cut_until = 0
        for _ in range(12):
            self._everybody_reports()
            self._settle_down(timedelta(hours=6))
        for _ in range(16):
            self._settle_down(timedelta(days=10))
        self.check_live()

    def _settle_down(self, by: timedelta) -> None:
        self._look_after()
        self.world.pass_time(by)
        while not self.world.quiet():
            self.world.pass_time(STEP)

    def _look_after(self) -> None:
        for name in self.world.nodes:
            self.world.do(name, ring_handlers.look_after)

    def _propose(self, number: int, decider: str) -> None:
        members = self.random.sample(self.everybody, self.random.choice((2, 2, 3, 3, 4)))
        made = plan(
            members,
            number=number,
            decider=decider,
            now=self.world.nodes[decider].clock.now(),
            answer_time=self.random.randrange(45, 95) * STEP,
        )
        self.plans[made.ring_id] = made
        self.world.do(decider, ring_handlers.propose_ring, made)
        # A proposal that was cut short by a crash is made again, as any command is.
        self.world.do(decider, ring_handlers.propose_ring, made)

    def _forget(self) -> None:
        """Have a decider lose what it knew, unless it has asked the parties already."""
        node = self.world.nodes["lost"]
        entries = [ring_rows.entries_of(row[0]) for row in node.store.rows(
            "SELECT entries FROM ring"
        )]  # fmt: skip
        if all(len(one) == 1 for one in entries):
            node.store.forget()
            self.forgotten |= {one for one in self.plans if node_of(one) == "lost"}

    def _repair(self) -> None:
        for name in self.world.nodes:
            if not self.world.up(name):
                continue
            for left in self.world.nodes[name].store.read(ring_handlers.rings_to_repair):
                members = [one for one in parties(left.broken) if one not in left.absent]
                made = []
                if len(members) >= 2 and self.random.randrange(2):
                    made = [
                        plan(
                            members,
                            number=100 + len(self.plans),
                            decider=name,
                            now=self.world.nodes[name].clock.now(),
                            answer_time=40 * STEP,
                        )
                    ]
                done = self.world.do(name, ring_handlers.propose_replacement, left, made)
                if done:
                    self.plans[done] = made[0]

    def _somebody_acts(self) -> None:
        name = self.random.choice(NODES)
        node = self.world.nodes[name]
        if not self.world.up(name):
            return
        if self.said and self.random.randrange(8) == 0:
            # Somebody taps twice, or tries again what may have been lost.
            ring_id, who, said = self.random.choice(self.said)
            self.world.do(node_of(who), ring_handlers.answer_ring, ring_id, who, said, entered=BY)
            return
        found = node.store.rows(
            "SELECT p.ring, p.party, p.state, c.state, p.expires_at FROM ring_part p"
            " JOIN ring_copy c ON c.id = p.ring WHERE c.opened = 1 AND p.state IN"
            " ('held', 'accepted', 'committed') ORDER BY p.ring, p.party"
        )
        if not found:
            return
        ring_id, who, state, ring_state, expires_at = self.random.choice(found)
        if ring_state in AGREED:
            self._report(name, ring_id, who, failing=self.random.randrange(100) < 4)
            return
        if int(ring_id[-1], 16) % 2 and node.clock.now() + LATE < moment(expires_at):
            # Half of the rings are answered on the last evening.
            return
        dice = self.random.randrange(100)
        if state == PartState.ACCEPTED.value and dice < 98:
            return
        if dice < 12:
            self.world.do(name, ring_handlers.look_at, ring_id, who)
            return
        said = Said(accepts=False, why=self.random.choice(("distance", "not-needed", "time")))
        if state == PartState.HELD.value and dice < 95:
            contact = Contact(name=f"N {who[-4:]}", telephone="+212 600 000 000")
            said = Said(accepts=True, consents=True, contact=contact)
        self.said.append((ring_id, who, said))
        self.world.do(name, ring_handlers.answer_ring, ring_id, who, said, entered=BY)

    def _everybody_reports(self) -> None:
        for name in NODES:
            rows = self.world.nodes[name].store.rows(
                "SELECT p.ring, p.party FROM ring_part p JOIN ring_copy c ON c.id = p.ring"
                " WHERE c.state IN ('confirmed', 'in-delivery') ORDER BY p.ring, p.party"
            )
            for ring_id, who in rows:
                if self.random.randrange(4):
                    self._report(name, ring_id, who, failing=False)

    def _report(self, name: str, ring_id: str, who: str, *, failing: bool) -> None:
        for number, leg in enumerate(self.plans[ring_id].legs):
            for member, what in ((leg.giver, What.HANDED_OVER), (leg.receiver, What.RECEIVED)):
                if member == who and self.random.randrange(3):
                    said = What.FAILED if failing else what
                    self.world.do(
                        name,
                        ring_handlers.report_leg,
                        ring_id,
                        who,
                        leg=number,
                        what=said,
                        entered=BY,
                    )

    # --- what must be true ---------------------------------------------------------------------

    def check_live(self) -> None:
        """Check that no item is in two rings that all have agreed to, or was given twice.

        What a ring needs is held when it is confirmed: that is what its parties rely on.
        """
        owners: dict[str, str] = {}
        for node in self.world.nodes.values():
            for ring_id, state in node.store.rows("SELECT id, state FROM ring"):
                bound = self._bound(ring_id, RingState(state))
                for item in bound:
                    if owners.setdefault(item, ring_id) != ring_id:
                        raise Broken(f"{item} is in {owners[item]} and in {ring_id}")
                if state in AGREED and ring_id not in self.confirmed:
                    self.confirmed.add(ring_id)
                    self._check_held(ring_id)

    def _check_promises(self) -> None:
        """Check that whoever has said yes is bound until the decider has answered."""
        for name in NODES:
            rows = self.world.nodes[name].store.rows(
                "SELECT p.ring, p.party FROM ring_part p WHERE p.accepts = 1 AND p.state IN"
                " ('expired', 'accepted', 'committed') AND NOT EXISTS (SELECT 1 FROM ring_slot s"
                " WHERE s.ring = p.ring AND s.party = p.party)"
            )
            if rows:
                raise Broken(f"{name} has promised what it does not hold: {rows}")

    def _bound(self, ring_id: str, state: RingState) -> set[str]:
        """Return the items that are bound by a ring, or were given and received in it."""
        if state is RingState.SETTLED or state in AGREED:
            return {slot.item for slot in slots(self.plans[ring_id])}
        if state is not RingState.BROKEN:
            return set()
        _, entries = self._at_decider(ring_id)
        legs = [
            self.plans[ring_id].legs[entry.leg]
            for entry in entries
            if entry.what is What.RECEIVED and entry.leg is not None
        ]
        return {item for leg in legs for item in (leg.offer, leg.want)}

    def _check_held(self, ring_id: str) -> None:
        for slot in slots(self.plans[ring_id]):
            rows = self.world.nodes[node_of(slot.item)].store.rows(
                f"SELECT ring FROM ring_slot WHERE item = '{slot.item}'"
            )
            if rows != [(ring_id,)]:
                raise Broken(f"{ring_id} was confirmed, and {slot.item} is not held for it")

    def check_rest(self) -> Story:
        """Check that every ring has ended, alike everywhere, and that nothing is held any more."""
        story = Story(0)
        for ring_id, made in self.plans.items():
            state, entries = self._at_decider(ring_id)
            if not entries:
                # It was never proposed: its node was down each time.
                continue
            if state not in FINAL:
                raise Broken(f"{ring_id} hangs: {state}")
            if ring_id not in self.forgotten:
                _check_history(made, state, entries)
            story.outcomes[state.value] += 1
            self._check_copies(ring_id, made, state, entries)
        for name, node in self.world.nodes.items():
            self._check_node(name, node.store.rows)
        self._check_records()
        return story

    def _check_copies(
        self, ring_id: str, made: RingPlan, state: RingState, entries: tuple[Entry, ...]
    ) -> None:
        for name in {node_of(one) for one in parties(made)}:
            copy = self.world.nodes[name].store.read(ring_copies.copy_of, ring_id, reading=True)
            if isinstance(copy, Copy) and (copy.state, copy.entries) != (state, entries):
                raise Broken(f"{name} knows {ring_id} otherwise: {copy.state}, not {state}")
            if copy is None and state is not RingState.WITHDRAWN:
                raise Broken(f"{name} knows nothing of {ring_id}")

    @staticmethod
    def _check_node(name: str, rows: Any) -> None:
        if left := rows("SELECT item, ring FROM ring_slot"):
            raise Broken(f"orphan holds at {name}: {left}")
        holding = ", ".join(f"'{state}'" for state in sorted(HOLDING))
        if left := rows(f"SELECT ring, party, state FROM ring_part WHERE state IN ({holding})"):
            raise Broken(f"parts hang at {name}: {left}")
        if left := rows("SELECT id, state FROM ring_copy WHERE next_at != ''"):
            raise Broken(f"rings hang at {name}: {left}")
        if left := rows("SELECT ring FROM ring_contact"):
            raise Broken(f"contacts were not erased at {name}: {left}")

    def _check_records(self) -> None:
        """Check that each answer was counted once."""
        for name, node in self.world.nodes.items():
            counted: Counter[str] = Counter()
            for ring_id, made in self.plans.items():
                if node_of(ring_id) != name or ring_id in self.forgotten:
                    continue
                state, entries = self._at_decider(ring_id)
                counted.update(e.party for e in entries if e.party and e.what is What.ACCEPTED)
                if state is RingState.SETTLED:
                    counted.update(parties(made))
            kept = {
                subject.removeprefix("party "): yes
                for subject, yes in node.store.rows("SELECT subject, yes FROM ring_record")
                if subject.startswith("party ")
            }
            if +counted != +Counter(kept):
                raise Broken(f"{name} has counted answers otherwise")

    def _at_decider(self, ring_id: str) -> tuple[RingState, tuple[Entry, ...]]:
        rows = self.world.nodes[node_of(ring_id)].store.rows(
            f"SELECT state, entries FROM ring WHERE id = '{ring_id}'"
        )
        if not rows:
            return RingState.WITHDRAWN, ()
        return RingState(rows[0][0]), ring_rows.entries_of(rows[0][1])


def _check_history(made: RingPlan, state: RingState, entries: tuple[Entry, ...]) -> None:
    """Check that a history keeps the rules, whoever has written it."""
    whats = [entry.what for entry in entries]
    if entries[0].what is not proposed(made, at=entries[0].at).entries[0].what:
        raise Broken("a history begins with the proposal")
    answers = [(entry.party, entry.number) for entry in entries if entry.number]
    reports = [(entry.leg, entry.what) for entry in entries if entry.leg is not None]
    if len(set(answers)) < len(answers) or len(set(reports)) < len(reports):
        raise Broken(f"{made.ring_id}: something was taken twice")
    if What.CONFIRMED in whats:
        before = entries[: whats.index(What.CONFIRMED)]
        yes = {entry.party for entry in before if entry.what is What.ACCEPTED}
        no = {entry.party for entry in before if entry.what is What.DECLINED}
        if yes - no != set(parties(made)):
            raise Broken(f"{made.ring_id} was confirmed without all")
    if (state is RingState.WITHDRAWN) == (What.CONFIRMED in whats):
        raise Broken(f"{made.ring_id} is {state} after {whats}")
    if state is RingState.SETTLED:
        received = {entry.leg for entry in entries if entry.what is What.RECEIVED}
        if received != set(range(len(made.legs))):
            raise Broken(f"{made.ring_id} was settled without all receipts")


def run(seed: int, used: Rules | None = None) -> Story:
    """Run one story to its end.

    Raises:
        Broken: something is not true that must be.
    """
    simulation = Simulation(seed, used or rules())
    try:
        simulation.rough_times()
        simulation.good_times()
        return simulation.check_rest()
    finally:
        simulation.world.close()


def caught(seed: int, used: Rules) -> bool:
    """Return whether a story shows that these rules are wrong."""
    try:
        run(seed, used)
    except AssertionError:
        return True
    return False


__all__ = ["Broken", "Simulation", "Story", "Work", "caught", "run", "some_id"]
