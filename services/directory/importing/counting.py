"""The fields of a profile that are numbers, dates, yes and no."""

from typing import Any, Final

from services.directory.importing import values
from services.directory.importing.cells import Cells
from services.directory.importing.values import DateOrder, text_of
from shared.contracts.fields import HEADCOUNT_MAX
from shared.contracts.profile import OPENING_HOURS_MAX, PAY_MAX

Fields = dict[str, Any]

COUNTS: Final = (
    "members_total",
    "members_women",
    "members_men",
    "members_other",
    "members_youth",
    "workers",
    "board_total",
    "board_women",
    "board_youth",
)
_WHOLES: Final = (
    ("members_total", ("members_women", "members_men", "members_other")),
    ("members_total", ("members_youth",)),
    ("board_total", ("board_women",)),
    ("board_total", ("board_youth",)),
)


def fill_numbers(cells: Cells, fields: Fields, order: DateOrder) -> None:
    """Fill numbers, dates and opening hours.

    Args:
        order: what comes first in the list's dates.
    """
    for field in COUNTS:
        for column, _, cell in cells.each(field):
            number = values.whole(cell)
            if number is None or number > HEADCOUNT_MAX:
                cells.warn("number-unreadable", text_of(cell), column)
            else:
                fields.setdefault(field, number)
    for whole, parts in _WHOLES:
        if whole in fields and sum(fields.get(part, 0) for part in parts) > fields[whole]:
            for part in parts:
                if fields.pop(part, None) is not None:
                    cells.warn("counts-disagree", part, cells.first(part)[0])
    for column, _, cell in cells.each("year"):
        year = values.whole(cell)
        if year is None or not 1800 <= year <= values.YEAR_MAX:
            cells.warn("number-unreadable", text_of(cell), column)
        else:
            fields.setdefault("year", year)
    for field in ("founded_on", "ended_on"):
        for column, _, cell in cells.each(field):
            day = values.day(cell, order)
            if day is None:
                cells.warn("date-unreadable", text_of(cell), column)
            else:
                fields.setdefault(field, day)
    # A dissolved cooperative is not at work, whatever the list forgets to say.
    if "ended_on" in fields and fields.get("status", "active") == "active":
        fields["status"] = "completed"
    for field in ("women_led", "rural"):
        for column, _, cell in cells.each(field):
            said = values.yes(cell)
            if said is None:
                cells.warn("value-unreadable", text_of(cell), column)
            else:
                fields.setdefault(field, said)
    for column, _, cell in cells.each("pay_ratio"):
        ratio = values.pay_ratio(cell)
        if ratio is None or ratio["highest"] > PAY_MAX:
            cells.warn("value-unreadable", text_of(cell), column)
        else:
            fields.setdefault("pay_ratio", ratio)
    for column, _, cell in cells.each("opening_hours"):
        text = cells.clean_text(column, cell)
        if len(text) > OPENING_HOURS_MAX:
            cells.warn("text-cut", f"{len(text)} characters; at most {OPENING_HOURS_MAX}", column)
            text = text[: OPENING_HOURS_MAX - 1].rstrip() + "…"
        if text:
            fields.setdefault("opening_hours", text)
