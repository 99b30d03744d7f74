"""Other people's libraries elect the same, wherever no tie had to be broken."""

import random
from typing import Any

import pytest

from services.governance import formats
from services.governance.formats.contest import Contest
from tests.governance.counting.data import DATA, NEEDED, WARDS
from tests.governance.counting.samples import Said, count
from tests.load.counting import question
from tests.oracles.asking import ABSENT, ask, present
from twiza.count import counted

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not present(), reason=ABSENT),
]
CODES = "abcdef"
PROFILES = 60


def asked(names: list[str], said: list[Said], rules: list[str]) -> dict[str, Any]:
    ballots = [[choice["ranks"], number] for choice, number in said]
    return {"ask": "ranked", "candidates": names, "ballots": ballots, "rules": rules}


def named(contest: Contest) -> list[Said]:
    return [
        ({"ranks": [[contest.names[code] for code in group] for group in choice["ranks"]]}, number)
        for choice, number in contest.choices
    ]


@NEEDED
def test_votekit_elects_the_same_in_every_ward() -> None:
    wards = [formats.read(DATA / path) for path in sorted(WARDS)]
    answers = ask(question(ward) for ward in wards)
    for ward, answer in zip(wards, answers, strict=True):
        report, _ = counted(ward)
        if not answer["ties"] and not report.ties:
            assert [ward.names[code] for code in report.winners] == answer["elected"]
    assert sum(answer["ties"] for answer in answers) < len(answers) // 2


@NEEDED
def test_pref_voting_finds_the_same_single_winners_of_every_ward() -> None:
    wards = [formats.read(DATA / path) for path in sorted(WARDS)]
    answers = ask(
        asked(list(ward.names.values()), named(ward), ["schulze", "ranked-pairs", "irv"])
        for ward in wards
    )
    for ward, answer in zip(wards, answers, strict=True):
        for rule in ("schulze", "ranked-pairs", "irv"):
            report, _ = counted(ward, rule=rule)
            first = report.winners if rule == "irv" else report.rounds[1]["first"]
            assert [ward.names[code] for code in first] == answer[rule]["winners"]


def made_up(luck: random.Random) -> list[Said]:
    """Return ballots with equal ranks, some of them short."""
    said: list[Said] = []
    for _ in range(30):
        groups: list[list[str]] = []
        for code in luck.sample(CODES, luck.randint(1, len(CODES))):
            if groups and luck.random() < 0.3:
                groups[-1].append(code)
            else:
                groups.append([code])
        said.append(({"ranks": groups}, luck.randint(1, 999)))
    return said


def test_pref_voting_finds_the_same_with_equal_ranks() -> None:
    luck = random.Random(20261122)
    profiles = [made_up(luck) for _ in range(PROFILES)]
    answers = ask(asked(list(CODES), said, ["schulze", "ranked-pairs"]) for said in profiles)
    compared = 0
    for said, answer in zip(profiles, answers, strict=True):
        schulze = count({"method": "schulze"}, CODES, said)
        assert list(schulze.rounds[1]["first"]) == sorted(answer["schulze"]["winners"])
        pairs = count({"method": "ranked-pairs"}, CODES, said)
        # Among equally many winning votes the library goes by the list, we by fewer votes against.
        if _all_differ(pairs.rounds[0]["matrix"]):
            compared += 1
            assert list(pairs.winners) == answer["ranked-pairs"]["winners"]
    assert compared > PROFILES // 2


def _all_differ(matrix: list[list[int]]) -> bool:
    """Tell whether no two majorities have as many winning votes, and none is even."""
    size = len(matrix)
    pairs = [(one, other) for one in range(size) for other in range(one)]
    even = any(matrix[one][other] == matrix[other][one] for one, other in pairs)
    winning = [max(matrix[one][other], matrix[other][one]) for one, other in pairs]
    return not even and len(set(winning)) == len(winning)
