"""Small votes for the tests of counting, written as people would say them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.governance.counting.report import Report
from services.governance.rules import Option, Rule
from services.governance.tally import Poll, counted

BALLOT = "0197b0a0-0000-7000-8000-000000000001"
SEED = "ab" * 32
BLANK = {"blank": True}

Said = tuple[Mapping[str, Any], int]


def poll(
    rule: Rule | Mapping[str, Any],
    options: Sequence[str] | Sequence[Option] = (),
    *,
    roll: int = 1_000,
    seed: str = SEED,
    **more: Any,
) -> Poll:
    """Return a poll with these options, by code or whole."""
    return Poll(
        ballot_id=BALLOT,
        rule=rule if isinstance(rule, Rule) else Rule.model_validate(rule),
        options=tuple(Option(code=one) if isinstance(one, str) else one for one in options),
        roll_size=roll,
        seed=seed,
        **more,
    )


def ranked(text: str) -> list[Said]:
    """Return ranked ballots from lines like ``3: a > b = c``; an order may be empty."""
    found: list[Said] = []
    for line in text.strip().splitlines():
        number, _, order = line.partition(":")
        groups = [group.replace("=", " ").split() for group in order.split(">") if group.strip()]
        found.append(({"ranks": groups}, int(number)))
    return found


def answers(**numbers: int) -> list[Said]:
    """Return answers with how many gave them; ``blank`` are blank ballots."""
    return [
        (BLANK if answer == "blank" else {"answer": answer.replace("_", "-")}, number)
        for answer, number in numbers.items()
        if number
    ]


def approvals(*said: tuple[str, int]) -> list[Said]:
    """Return approvals: the codes in one text, and how many said so."""
    return [({"options": sorted(codes.split())}, number) for codes, number in said]


def grades(codes: str, *said: tuple[Iterable[int | None], int]) -> list[Said]:
    """Return grades in the order of the codes; None where a ballot gives none."""
    return [
        (
            {
                "scores": {
                    code: grade
                    for code, grade in zip(codes.split(), given, strict=True)
                    if grade is not None
                }
            },
            number,
        )
        for given, number in said
    ]


def count(
    rule: Rule | Mapping[str, Any],
    options: Sequence[str] | Sequence[Option],
    said: Iterable[Said],
    **more: Any,
) -> Report:
    """Count a small vote."""
    return counted(poll(rule, options, **more), said)
