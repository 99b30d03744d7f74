"""The exchange note that a party prints and takes along: goods, quantities, values, dates."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.exchange.rings.plans import place_of, residuals
from services.exchange.rings.wording import (
    NOTE,
    RIGHT_TO_LEFT,
    goods_in,
    language_of,
    name_of,
    quantity_text,
    sentence,
    value_text,
)
from shared.contracts.rings import Contact, RingPlan

if TYPE_CHECKING:
    from jinja2 import Template


def note_page(
    plan: RingPlan,
    party: str,
    *,
    language: str,
    contacts: Mapping[str, Contact | None],
    printed: str,
) -> str:
    """Return a party's exchange note as a page for print.

    Args:
        language: a tag; the nearest of the five languages is used.
        contacts: of the neighbours, as far as they are known; none where one was withheld.
        printed: the day.
    """
    spoken = language_of(language)
    words = NOTE[spoken]
    left = residuals(plan)[party]
    place = place_of(plan, party)
    numbers = [("gives", place.gives), ("receives", place.receives)]
    return _template().render(
        language=spoken,
        direction="rtl" if spoken in RIGHT_TO_LEFT else "ltr",
        words=words,
        party=name_of(plan, party),
        sentence=sentence(plan, party, spoken),
        legs=[
            _leg(plan, number, heading, spoken, contacts)
            for heading, number in numbers
            if number is not None
        ],
        residual=value_text(abs(left), plan.unit, spoken) if left else "",
        residual_words=f"residual_{'owes' if left > 0 else 'owed' if left else 'even'}",
        ring_id=plan.ring_id,
        printed=printed,
    )


def _leg(
    plan: RingPlan,
    number: int,
    heading: str,
    language: str,
    contacts: Mapping[str, Contact | None],
) -> dict[str, Any]:
    leg = plan.legs[number]
    other = leg.receiver if heading == "gives" else leg.giver
    return {
        "heading": heading,
        "other_heading": "to" if heading == "gives" else "from",
        "other": name_of(plan, other),
        "goods": goods_in(leg, language),
        "quantity": quantity_text(leg.quantity, language),
        "value": "" if leg.gift else value_text(leg.value, plan.unit, language),
        "from_day": leg.from_day,
        "until_day": leg.until_day,
        "where": "market" if leg.place == "market" else f"place_{leg.place}",
        "market": leg.market,
        "brings": leg.transport,
        "contact": _contact(contacts, other, NOTE[language]["withheld"]),
    }


def _contact(contacts: Mapping[str, Contact | None], other: str, withheld: str) -> str:
    if other not in contacts:
        return ""
    contact = contacts[other]
    if contact is None:
        return withheld
    return ", ".join(one for one in (contact.name, contact.telephone, contact.place) if one)


@lru_cache(maxsize=1)
def _template() -> "Template":
    # The engine is loaded when the first note is printed.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template("note.html")
