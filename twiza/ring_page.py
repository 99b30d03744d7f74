"""A ring as a page of lines: what each party of this network hears, the legs, and what was said."""

from collections.abc import Iterator
from typing import Any, Final

from services.exchange.candidates.words import said as told
from services.exchange.rings.wording import NOTE, quantity_text
from shared.contracts.rings import RingQuantity
from twiza.exchange_words import known, minute, plain, said

_REPORTED_BY: Final = {"handed-over": "giver", "received": "receiver"}


def lines(ring: dict[str, Any], lang: str) -> Iterator[str]:
    """Yield a ring, as the exchange shows it, in lines for people of a language."""
    state = known(f"state-{ring['state']}", lang)
    head = [said("ring-stands", lang, ring=ring["id"], state=state)]
    if ring["state"] == "proposed":
        head.append(said("ring-until", lang, until=minute(ring["deadline"])))
    yield " ".join([*head, said("ring-decider", lang, node=ring["decider"])])
    for part in ring["parts"]:
        yield ""
        yield from _part(ring, part, lang)
    yield ""
    for number, leg in enumerate(ring["legs"], start=1):
        yield from _leg(ring, leg, number, lang)
    yield ""
    for entry in ring["history"]:
        yield _entry(ring, entry, lang)
    for note in ring["notes"]:
        yield f"{minute(note['at'])}  {name_of(ring, note['party'])}: {_line(note['text'])}"


def name_of(ring: dict[str, Any], party: str) -> str:
    """Return how a party is called in a ring; its id where it has given no name."""
    return str(ring["names"].get(party) or party)


def _part(ring: dict[str, Any], part: dict[str, Any], lang: str) -> Iterator[str]:
    words = NOTE[lang]
    yield f"{name_of(ring, part['party'])} ({part['party']})"
    yield f"  {part['sentence']}"
    residual = part["residual"]
    if residual["value"]:
        side = "residual_owes" if residual["value"] > 0 else "residual_owed"
        yield f"  {words[side]} {residual['text'].lstrip('-')}"
    elif part["gives"] is not None and part["receives"] is not None:
        yield f"  {words['residual_even']}"
    answer = said(f"answer-{part['answer'] or 'none'}", lang)
    way = f" {said('by-telephone', lang)}" if part["way"] == "telephone" else ""
    yield f"  {answer}{way}"
    for one in part["contacts"]:
        given = one["contact"] or {"name": words["withheld"]}
        how = ", ".join(_line(text) for text in given.values() if text)
        yield f"  {words['contact']} ({name_of(ring, one['party'])}): {how}"


def _leg(ring: dict[str, Any], leg: dict[str, Any], number: int, lang: str) -> Iterator[str]:
    words = NOTE[lang]
    giver, receiver = name_of(ring, leg["giver"]), name_of(ring, leg["receiver"])
    quantity = leg["quantity"] and RingQuantity.model_validate(leg["quantity"])
    much = quantity_text(quantity, lang)
    goods = leg["goods_said"] + (f" ({much})" if much else "")
    sentence = told(lang, "leg", giver=giver, what=goods, receiver=receiver)
    at_market = leg["place"] == "market"
    place = f"{words['market']} {leg['market']}" if at_market else words[f"place_{leg['place']}"]
    yield f"{number}. {plain(sentence, lang)}"
    brought = f"{words['brings']}: {words[leg['transport']]}"
    yield f"   {leg['from_day']} – {leg['until_day']} · {place} · {brought}"


def _entry(ring: dict[str, Any], entry: dict[str, Any], lang: str) -> str:
    what = known(f"what-{entry['what']}", lang)
    who = name_of(ring, party) if (party := _who(ring, entry)) else ""
    leg = f" ({entry['leg'] + 1}.)" if entry["leg"] is not None else ""
    why = f" [{entry['why']}]" if entry["why"] else ""
    return f"{minute(entry['at'])}  {f'{who}: ' if who else ''}{what}{leg}{why}"


def _who(ring: dict[str, Any], entry: dict[str, Any]) -> str:
    """Return who has said what an entry tells; of a hand-over its leg says it."""
    side = _REPORTED_BY.get(entry["what"])
    if side is not None and entry["leg"] is not None:
        return str(ring["legs"][entry["leg"]][side])
    return entry["party"] or ""


def _line(text: str) -> str:
    return " ".join(text.split())
