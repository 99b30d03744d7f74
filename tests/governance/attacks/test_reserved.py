"""Reserved seats that overlap in many ways: the count ends, and says what trying out says."""

import random
from itertools import combinations
from time import process_time

from services.governance.counting.report import Outcome
from services.governance.counting.reserved import Reservation
from services.governance.rules import Method, Option, Reserved, Rule
from services.governance.tally import Poll, counted
from tests.governance.ballots.polls import BALLOT

SECONDS = 3.0
"""It takes about one; where every way to fill the seats is tried out it takes four and more."""


def test_a_committee_with_many_overlapping_reservations_is_counted_in_time() -> None:
    luck = random.Random(3)
    names = [f"g{number}" for number in range(8)]
    options = tuple(
        Option(code=f"c{number}", groups=tuple(luck.sample(names, 2))) for number in range(100)
    )
    codes = [option.code for option in options]
    votes = [({"ranks": [[code] for code in luck.sample(codes, 8)]}, 1) for _ in range(60)]
    rule = Rule(
        method=Method.STV, seats=32, reserved=tuple(Reserved(group=one, seats=4) for one in names)
    )
    poll = Poll(ballot_id=BALLOT, rule=rule, options=options, roll_size=60, seed="ab" * 32)
    began = process_time()
    report = counted(poll, votes)
    assert process_time() - began < SECONDS
    assert (report.outcome, len(report.winners)) == (Outcome.CHOSEN, 32)
    groups = {option.code: option.groups for option in options}
    for name in names:
        assert sum(name in groups[code] for code in report.winners) >= 4


def test_what_is_plain_of_reserved_seats_is_what_trying_out_says() -> None:
    luck = random.Random(7)
    found = set()
    for _ in range(300):
        names = [f"g{number}" for number in range(luck.randint(1, 4))]
        groups = [
            frozenset(one for one in names if luck.random() < 0.4)
            for _ in range(luck.randint(1, 7))
        ]
        seats = luck.randint(1, 4)
        wanted = [Reserved(group=one, seats=luck.randint(1, 3)) for one in names]
        kept = Reservation(wanted, groups, seats)
        possible = any(
            all(sum(one.group in member for member in some) >= one.seats for one in wanted)
            for size in range(seats + 1)
            for some in combinations(groups, size)
        )
        assert possible is not bool(kept.lowered)
        found.add(possible)
    assert found == {True, False}
