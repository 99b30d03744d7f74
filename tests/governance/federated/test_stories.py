"""Five networks, two hubs, bad lines and one who cheats: the honest ones come to the same end."""

import random
from collections import Counter

import pytest

from services.governance.federated.aggregate import aggregated
from services.governance.federated.ballot import Ballot, BallotState, folded, state_at
from services.governance.federated.legs import Fault, LegState
from tests.governance.federated.kit import BALLOT, KEYS
from tests.governance.federated.story import (
    LONG_AFTER,
    Forger,
    Hasty,
    Liar,
    Quarrelsome,
    Silent,
    Story,
    TwoFaced,
    Unbound,
    Waiting,
    told_story,
)

SEEDS = 200


def test_honest_networks_come_to_the_same_end() -> None:
    seen: Counter[str] = Counter()
    for seed in range(SEEDS):
        story = told_story(seed)
        check(story)
        seen.update(met(story))
    # A story in which nothing goes wrong shows nothing: each of these has to have happened.
    wanted = {"contested", "late", "missing", "excluded", "unwitnessed", "restored", "false"}
    assert {what for what in wanted if not seen[what]} == set(), seen


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_honest_networks_come_to_the_same_end_in_three_thousand_stories() -> None:
    seen: Counter[str] = Counter()
    for seed in range(SEEDS, SEEDS + 3_000):
        story = told_story(seed)
        check(story)
        seen.update(met(story))
    wanted = {
        "contested", "late", "missing", "excluded", "unwitnessed", "recount", "no-quorum",
        "two-seals", "not-bound", "restored", "false", "waited",
    }  # fmt: skip
    assert {what for what in wanted if seen[what] < 10} == set(), seen


def check(story: Story) -> None:
    ballots = story.ballots()
    where = f"story {story.seed}"
    ends = {
        (
            state_at(ballot, LONG_AFTER),
            ballot.certified.computed.hash if ballot.certified else "",
            ballot.disputes,
            ballot.round,
            tuple((name, leg.state) for name, leg in sorted(ballot.legs.items())),
        )
        for ballot in ballots
    }
    assert len(ends) == 1, where
    ballot = ballots[0]
    assert state_at(ballot, LONG_AFTER) in (BallotState.CERTIFIED, BallotState.ANNULLED), where
    _require_recount(story, ballot)
    _require_same_in_any_order(story, ballot)
    _require_detected(story, ballot)


def _require_recount(story: Story, ballot: Ballot) -> None:
    """The outcome follows from the seals that count, which are those that networks have made."""
    certified = ballot.certified
    if certified is None:
        return
    parts = list(certified.basis.parts)
    random.Random(story.seed).shuffle(parts)
    again = aggregated(certified.basis.poll, [*parts, *parts[:2]], chunks=ballot.classes)
    assert again.hash == certified.computed.hash
    for part in parts:
        if part.seal is None:
            continue
        seal = part.seal
        assert (seal.cast or 0) <= (seal.issued or 0) <= seal.roll_size
        assert ballot.notice is not None
        assert seal.rule_hash == ballot.notice.event.rule_hash
        network = story.federation[part.network]
        if part.network not in (story.cheat, story.restored):
            assert seal == network.bound[part.network][0]


def _require_same_in_any_order(story: Story, ballot: Ballot) -> None:
    facts = list(story.federation.facts)
    luck = random.Random(story.seed)
    luck.shuffle(facts)
    again = folded(BALLOT, [*facts, *luck.sample(facts, len(facts) // 2)], keys=KEYS)
    assert again == ballot


def _require_detected(story: Story, ballot: Ballot) -> None:
    """Who cheats is found out, or what they do has no effect."""
    if story.cheat is None or story.kind is None:
        return
    leg = ballot.legs[story.cheat]
    counted = ballot.certified.seals if ballot.certified else {}
    cheat = story.federation[story.cheat]
    if story.restored == story.cheat:
        # What it had told before it went back may never have left it.
        return
    if story.kind is TwoFaced and hasattr(cheat, "other"):
        assert Fault.TWO_SEALS in leg.faults
        assert leg.state is LegState.EXCLUDED
        assert story.cheat not in counted
    elif story.kind is Unbound and leg.revealed:
        assert Fault.NOT_BOUND in leg.faults
        assert story.cheat not in counted
    elif story.kind is Silent:
        assert story.cheat not in counted
    elif story.kind is Waiting and leg.seal is not None:
        assert Fault.UNWITNESSED in leg.faults
    elif story.kind is Liar:
        said = [one for one in ballot.certificates if one.network == story.cheat]
        assert all(one.verdict.value in ("false", "unknown") for one in said)
    elif story.kind in (Quarrelsome, Forger, Hasty):
        # One alone annuls nothing, and no word in another's name counts.
        assert not ballot.rulings.annulled
        assert not any(Fault.TWO_SEALS in one.faults for one in ballot.legs.values())


def met(story: Story) -> list[str]:
    """Return what has happened in a story."""
    ballot = story.ballots()[0]
    found = [leg.state.value for leg in ballot.legs.values()]
    found += [fault.value for leg in ballot.legs.values() for fault in leg.faults]
    found += [one.verdict.value for one in ballot.certificates]
    found += [ruling.order for ruling in ballot.rulings.all]
    found += ["contested"] * bool(ballot.rulings.settled or ballot.disputes)
    found += ["restored"] * bool(story.restored)
    if ballot.certified:
        found.append(ballot.certified.computed.outcome.outcome.value)
        found += ["waited"] * ballot.certified.waits
    return found
