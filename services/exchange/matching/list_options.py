"""The options of a want list: lines that begin with ``#!``, before the first list.

Source: the options of TradeMaximizer 1.3c. Those that tell only how it prints, or how it searches,
are read and change nothing here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from services.exchange.matching.refusals import BadList, UnknownOption

NUMBER_DIGITS_MAX: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a want list is meant.

    Args:
        case_sensitive: names differ by capitals.
        require_colons: each list has a colon after its item.
        require_usernames: each list begins with a name in parentheses.
        allow_dummies: items that begin with ``%`` stand for no item.
        show_repeats: whether a repeated want is worth a notice.
        scheme: how the cost of a want follows from its rank.
        small_step: from one want to the next.
        big_step: at a semicolon.
    """

    case_sensitive: bool = False
    require_colons: bool = False
    require_usernames: bool = False
    allow_dummies: bool = False
    show_repeats: bool = True
    scheme: str = ""
    small_step: int = 1
    big_step: int = 9


Cost = Callable[[int], int]
EXPLICIT: Final = "EXPLICIT-PRIORITIES"
COSTS: Final[Mapping[str, Cost]] = {
    "": lambda rank: 1,
    "LINEAR-PRIORITIES": lambda rank: rank,
    "TRIANGLE-PRIORITIES": lambda rank: rank * (rank + 1) // 2,
    "SQUARE-PRIORITIES": lambda rank: rank * rank,
    EXPLICIT: lambda rank: rank,
}
_SWITCHES: Final[Mapping[str, Mapping[str, Any]]] = {
    "CASE-SENSITIVE": {"case_sensitive": True},
    "REQUIRE-COLONS": {"require_colons": True},
    "REQUIRE-USERNAMES": {"require_usernames": True},
    "ALLOW-DUMMIES": {"allow_dummies": True},
    "HIDE-REPEATS": {"show_repeats": False},
}
_OF_PRINTING: Final = frozenset(
    ("HIDE-ERRORS", "HIDE-LOOPS", "HIDE-SUMMARY", "HIDE-NONTRADES", "HIDE-STATS", "SHOW-MISSING",
     "SORT-BY-ITEM", "SHOW-ELAPSED-TIME", "SHRINK-VERBOSE")
)  # fmt: skip
_STEPS: Final = {"SMALL-STEP": "small_step", "BIG-STEP": "big_step"}
_OF_SEARCHING: Final = {"NONTRADE-COST": 1, "ITERATIONS": 1, "SEED": 1, "SHRINK": 0}


def with_option(options: Options, word: str, line: int) -> Options:
    """Return the options after one more.

    Raises:
        UnknownOption: it is none that version 1.3c knows.
        BadList: its number is none.
    """
    name, equals, number = word.upper().partition("=")
    if equals and name in {*_STEPS, *_OF_SEARCHING}:
        least = _OF_SEARCHING.get(name, 0)
        if not (number.isascii() and number.isdigit() and len(number) <= NUMBER_DIGITS_MAX):
            raise BadList(f"line {line}: {name} takes a whole number")
        if int(number) < least or (name == "SHRINK" and len(number) > 1):
            raise BadList(f"line {line}: {name} does not take {number}")
        steps: dict[str, Any] = {_STEPS[name]: int(number)} if name in _STEPS else {}
        return replace(options, **steps)
    if not equals and name in _SWITCHES:
        return replace(options, **_SWITCHES[name])
    if not equals and name and name in COSTS:
        return replace(options, scheme=name)
    if not equals and name in _OF_PRINTING:
        return options
    if name == "SCALED-PRIORITIES":
        raise UnknownOption(f"line {line}: SCALED-PRIORITIES is no longer an option")
    raise UnknownOption(f"line {line}: {word}")
