"""The numbers of `.pb` files: amounts with a point or a comma, as whole smallest units."""

from collections.abc import Sequence
from typing import Final

from services.governance.formats.contest import BadContestFile, wrong

DECIMALS_MAX: Final = 6
"""Digits behind the decimal sign of an amount."""
AMOUNT_MAX: Final = 2**53 - 1
WHOLE_DIGITS: Final = 15


def amounts(texts: Sequence[str], lines: Sequence[int]) -> tuple[int, list[int]]:
    """Return how many smallest units one is, and all amounts in smallest units."""
    parts = [_parts(text, line) for text, line in zip(texts, lines, strict=True)]
    decimals = max(len(behind) for _, behind in parts)
    amounts = [int(before + behind.ljust(decimals, "0")) for before, behind in parts]
    for amount, line in zip(amounts, lines, strict=True):
        if amount > AMOUNT_MAX:
            raise bad(line, "an amount is too large")
    return 10**decimals, amounts


def _parts(text: str, line: int) -> tuple[str, str]:
    """Return the digits before and behind the decimal sign, which is a point or a comma."""
    before, _, behind = text.strip().replace(",", ".").partition(".")
    behind = behind.rstrip("0")
    digits = before + behind
    if not (before and digits.isascii() and digits.isdigit()) or len(behind) > DECIMALS_MAX:
        raise bad(line, f"{text[:40]!r} is no amount")
    return before, behind


def whole(text: str, where: str, line: int) -> int:
    before, behind = _parts(text, line)
    if behind or len(before) > WHOLE_DIGITS:
        raise bad(line, f"{text[:40]!r} under {where} is no whole number")
    return int(before)


def written(amount: int, scale: int) -> str:
    """Return an amount of smallest units as decimals of one unit."""
    if scale == 1:
        return str(amount)
    whole, rest = divmod(amount, scale)
    return f"{whole}.{str(rest).rjust(len(str(scale)) - 1, '0')}"


def bad(line: int, why: str) -> BadContestFile:
    """Return a refusal; line 0 stands for a section as a whole."""
    return wrong(why, line=line or None)
