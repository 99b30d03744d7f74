"""What can happen to a round of matching: it begins, goes on, is done, or has failed."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import orjson
import structlog
from sqlalchemy import Row, delete, func, insert, select, update

from services.exchange.matching.process import Progress
from services.exchange.ring_desk import RingDesk
from services.exchange.ring_handlers import propose_ring
from services.exchange.rounds.answer import Answered
from services.exchange.rounds.question import Level
from services.exchange.tables.offers import ITEM
from services.exchange.tables.rounds import ROUND, ROUND_MISSING, ROUND_PROOF
from shared.contracts.rings import Fairness, LengthCount, RingPlan, RoundReported
from shared.ids import new_uuid7
from shared.refusals import Kind, Missing, Refusal
from shared.store import Work, of_the_database

RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
KEPT_MAX: Final = 50
"""Of how many rounds of a level the certificates are kept."""

log = structlog.get_logger(__name__)


class RoundRuns(Refusal):
    """A round was asked for while another one of its level is being matched."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "round-runs"
    title: ClassVar[str] = "A round of this level is being matched already"


class NoSuchLevel(Refusal):
    """A round was asked for that this node does not hold."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "no-such-level"
    title: ClassVar[str] = "This node does not hold rounds of that level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a round ended: what was answered, the plans that follow, and how much was asked."""

    answered: Answered
    plans: Iterable[RingPlan]
    cap: int
    offers: int
    wants: int


def begin_round(work: Work, *, node: str, level: Level, asked_by: str = "") -> str:
    """Begin a round; return its id.

    Raises:
        RoundRuns: one of this level is running.
    """
    running = work.execute(
        select(ROUND.c.id).where(ROUND.c.level == level.value, ROUND.c.state == RUNNING)
    ).first()
    if running is not None:
        raise RoundRuns(round=running.id)
    round_id = f"{node}:{new_uuid7()}"
    work.execute(
        insert(ROUND).values(
            id=round_id, level=level.value, state=RUNNING, asked_by=asked_by,
            started_at=work.moment, ended_at="", progress="", failure="", items=0, proposed=0,
            report="",
        )
    )  # fmt: skip
    return round_id


def note_progress(work: Work, round_id: str, progress: Progress) -> None:
    """Note how far a round is, for those who watch it."""
    told = {"step": progress.step, "value": progress.value, "bound": progress.bound}
    work.execute(
        update(ROUND).where(ROUND.c.id == round_id).values(progress=orjson.dumps(told).decode())
    )


def finish_round(
    work: Work, desk: RingDesk, round_id: str, level: Level, settled: Settled
) -> list[str]:
    """Propose the rings of a round, keep its proof, and report it; return the rings' ids.

    A ring that cannot be proposed any more is left out; the others are not held up by it.
    """
    proposed = []
    for plan in settled.plans:
        try:
            with work.nested():
                propose_ring(work, desk, plan)
        except Refusal as refusal:
            if of_the_database(refusal):
                raise
            log.info("ring left out", round=round_id, reason=refusal.slug)
            continue
        proposed.append(plan)
    found = settled.answered
    work.execute(
        update(ROUND)
        .where(ROUND.c.id == round_id, ROUND.c.state == RUNNING)
        .values(
            state=DONE, ended_at=work.moment, items=settled.offers + settled.wants,
            proposed=len(proposed), report=_report_text(found),
        )
    )  # fmt: skip
    _keep_proof(work, round_id, level, found)
    _keep_missing(work, round_id, level, found.missing)
    if level is not Level.NETWORK:
        # Counts of a network's own round speak of what only the network may see.
        work.announce(_report(round_id, level, settled, proposed))
    return [plan.ring_id for plan in proposed]


def fail_round(work: Work, round_id: str, failure: str) -> None:
    """Note that a round came to nothing; the next one starts anew."""
    work.execute(
        update(ROUND)
        .where(ROUND.c.id == round_id, ROUND.c.state == RUNNING)
        .values(state=FAILED, ended_at=work.moment, failure=failure)
    )


def fail_interrupted(work: Work) -> int:
    """Note of rounds that were being matched when this service ended that nothing came of them."""
    found = work.execute(
        update(ROUND)
        .where(ROUND.c.state == RUNNING)
        .values(state=FAILED, ended_at=work.moment, failure="interrupted")
    )
    return int(found.rowcount)


def last_round(work: Work, level: Level) -> Row[Any] | None:
    """Return when the last round of a level began that was not failed, or None."""
    return work.execute(
        select(ROUND.c.id, ROUND.c.started_at, ROUND.c.state)
        .where(ROUND.c.level == level.value, ROUND.c.state != FAILED)
        .order_by(ROUND.c.started_at.desc(), ROUND.c.id.desc())
        .limit(1)
    ).first()


def last_try(work: Work, level: Level) -> str:
    """Return when the last round of a level began, whatever came of it; empty if none did."""
    found = work.execute(
        select(func.max(ROUND.c.started_at)).where(ROUND.c.level == level.value)
    ).scalar()
    return found or ""


def changed_since(work: Work, moment: str, *, node: str, level: Level) -> int:
    """Return how many items that may stand in a round of a level have changed since a moment."""
    wanted = [ITEM.c.changed_at > moment, ITEM.c.state == "published"]
    if level is Level.NETWORK:
        wanted += [ITEM.c.origin == node, ITEM.c.rings != "none"]
    else:
        wanted.append(ITEM.c.rings == "federation")
    return int(work.execute(select(func.count()).select_from(ITEM).where(*wanted)).scalar_one())


def rounds(work: Work, *, network: bool, before: str = "", most: int = 20) -> list[Row[Any]]:
    """Return rounds, the newest first.

    Args:
        network: whether the asker may see what only the network does, and so its own rounds.
        before: the id of the last one seen.
        most: how many.
    """
    wanted = select(ROUND).order_by(ROUND.c.id.desc()).limit(most)
    if not network:
        wanted = wanted.where(ROUND.c.level != Level.NETWORK.value)
    if before:
        wanted = wanted.where(ROUND.c.id < before)
    return list(work.execute(wanted))


def round_of(work: Work, round_id: str, *, network: bool) -> Row[Any]:
    """Return one round; ``network`` is as for ``rounds``.

    Raises:
        Missing: there is none that the asker may know of.
    """
    found = work.execute(select(ROUND).where(ROUND.c.id == round_id)).first()
    if found is None or (found.level == Level.NETWORK.value and not network):
        raise Missing()
    return found


def certificate_of(work: Work, round_id: str) -> bytes:
    """Return the certificate of a round and the problem that it is about, as one JSON object.

    Raises:
        Missing: there is no such round, or its certificate is kept no longer.
    """
    found = work.execute(
        select(ROUND_PROOF.c.certificate).where(ROUND_PROOF.c.round == round_id)
    ).first()
    if found is None:
        raise Missing()
    return zlib.decompress(bytes(found.certificate))


def missing_of(work: Work, item: str) -> tuple[int, Mapping[str, Any] | None] | None:
    """Return in how many rounds an item stayed unmatched, and what the nearest arc lacks.

    None where no round has left it unmatched; the second is None where nothing was near.
    """
    found = work.execute(
        select(ROUND_MISSING.c.rounds, ROUND_MISSING.c.missing)
        .where(ROUND_MISSING.c.item == item)
        .order_by(ROUND_MISSING.c.round.desc())
    ).first()
    return None if found is None else (found.rounds, orjson.loads(found.missing))


def _report_text(found: Answered) -> str:
    told = {
        "input_hash": found.input_hash,
        "value": found.value,
        "bound": found.bound,
        "gap_ppm": found.gap_ppm,
        "proven": found.proven,
        "arcs": found.arcs,
        "considered": found.considered,
        "figures": found.figures,
    }
    return orjson.dumps(told).decode()


def _keep_proof(work: Work, round_id: str, level: Level, found: Answered) -> None:
    proof = {"problem": found.problem, "certificate": found.certificate}
    packed = zlib.compress(orjson.dumps(proof))
    work.execute(insert(ROUND_PROOF).values(round=round_id, certificate=packed))
    newest = (
        select(ROUND.c.id)
        .where(ROUND.c.level == level.value)
        .order_by(ROUND.c.id.desc())
        .limit(KEPT_MAX)
    )
    kept = [row.id for row in work.execute(newest)]
    of_level = select(ROUND.c.id).where(ROUND.c.level == level.value)
    work.execute(
        delete(ROUND_PROOF).where(
            ROUND_PROOF.c.round.in_(of_level), ROUND_PROOF.c.round.not_in(kept)
        )
    )


def _keep_missing(work: Work, round_id: str, level: Level, missing: Mapping[str, Any]) -> None:
    before = {
        row.item: row.rounds
        for row in work.execute(
            select(ROUND_MISSING.c.item, ROUND_MISSING.c.rounds).where(
                ROUND_MISSING.c.level == level.value
            )
        )
    }
    work.execute(delete(ROUND_MISSING).where(ROUND_MISSING.c.level == level.value))
    rows = [
        {
            "item": item, "level": level.value, "round": round_id,
            "rounds": before.get(item, 0) + 1, "missing": orjson.dumps(said).decode(),
        }
        for item, said in sorted(missing.items())
    ]  # fmt: skip
    if rows:
        work.execute(insert(ROUND_MISSING), rows)


def _report(
    round_id: str, level: Level, settled: Settled, proposed: list[RingPlan]
) -> RoundReported:
    found, figures = settled.answered, settled.answered.figures
    lengths: dict[int, int] = {}
    for plan in proposed:
        lengths[len(plan.legs)] = lengths.get(len(plan.legs), 0) + 1
    served = max(1, figures["served"])
    return RoundReported(
        round_id=round_id,
        level=level.value,
        input_hash=found.input_hash,
        cap=settled.cap,
        offers=settled.offers,
        wants=settled.wants,
        arcs=found.arcs,
        rings=[LengthCount(length=length, rings=lengths[length]) for length in sorted(lengths)],
        objective=found.value,
        bound=found.bound,
        gap=found.gap_ppm,
        fairness=Fairness(
            participants=figures["participants"],
            served=figures["served"],
            small_producers=1_000 * figures["small_served"] // served,
            women_led=1_000 * figures["women_led_served"] // served,
            gini=figures["gini"],
            price=figures["fairness_price"],
        ),
    )
