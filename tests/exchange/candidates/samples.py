"""Rounds that look like real ones: towns, popular goods, words of five languages."""

import random
from collections.abc import Iterator
from typing import Any, Final

from services.exchange.candidates.entries import Entry
from services.exchange.items import Kind, Preference, Side, Visibility

GOODS: Final = (
    ("huile d'olive vierge", "olive oil", "aceite de oliva", "azeite extra virgem", "زيت الزيتون"),
    ("miel de thym", "thyme honey", "miel de tomillo", "mel de tomilho", "عسل الزعتر"),
    ("tapis noue main", "hand knotted carpet", "alfombra a mano", "tapete de mao", "زربية يدوية"),
    ("couscous d'orge", "barley couscous", "cuscus de cebada", "cuscuz de cevada", "كسكس الشعير"),
    ("savon a l'argan", "argan soap", "jabon de argan", "sabao de argao", "صابون أركان"),
    ("poterie emaillee", "glazed pottery", "ceramica esmaltada", "ceramica vidrada", "فخار مطلي"),
    ("semences paysannes", "farm seeds", "semillas criollas", "sementes crioulas", "بذور بلدية"),
    ("reparation de velo", "bicycle repair", "taller de bicis", "conserto", "إصلاح الدراجات"),
)
LEAVES: Final = 10
"""Leaves below each of the second level's categories."""
GROUPS: Final = 15


def tree(groups: int = GROUPS, leaves: int = LEAVES) -> dict[str, tuple[str, ...]]:
    """Return a tree of three levels: the root ``goods``, groups, leaves."""
    found: dict[str, tuple[str, ...]] = {"goods": ()}
    for group in range(groups):
        found[f"g{group}"] = ("goods",)
        for leaf in range(leaves):
            found[f"g{group}.{leaf}"] = (f"g{group}", "goods")
    return found


def entry(side: Side = Side.OFFER, **values: Any) -> Entry:
    """Return an offer or a want that serves any other, but for what is said."""
    plain = {"id": f"fes:{side}", "owner": f"fes:{side}-owner", "node": "fes", "category": "g0.0"}
    return Entry(**{**plain, "side": side, **values})


def offer(**values: Any) -> Entry:
    """Return an offer."""
    return entry(Side.OFFER, **values)


def want(**values: Any) -> Entry:
    """Return a want."""
    return entry(Side.WANT, **values)


def a_round(count: int, seed: int = 1, *, owners: int | None = None) -> list[Entry]:
    """Return so many offers and wants of participants in towns of three continents.

    Args:
        owners: how many participants; by default a quarter of the entries.
    """
    return list(_entries(random.Random(seed), count, owners or max(2, count // 4)))


def _entries(chance: random.Random, count: int, owners: int) -> Iterator[Entry]:
    towns = [(chance.uniform(28, 36), chance.uniform(-12, 2)) for _ in range(max(5, owners // 150))]
    people = [_owner(chance, number, towns) for number in range(owners)]
    leaves = [f"g{group}.{leaf}" for group in range(GROUPS) for leaf in range(LEAVES)]
    popular = [1 / (rank + 1) ** 0.8 for rank in range(len(leaves))]
    picked = chance.choices(range(len(leaves)), popular, k=count)
    for number, leaf in enumerate(picked):
        owner = people[number % owners]
        side = Side.OFFER if (number // owners) % 2 == 0 else Side.WANT
        yield Entry(
            id=f"{owner['node']}:{number:09d}",
            side=side,
            kind=chance.choices((Kind.EXCHANGE, Kind.TIME, Kind.GIFT), (18, 3, 1))[0],
            **_of_goods(chance, leaves[leaf], leaf, side),
            **owner,
        )


def _owner(chance: random.Random, number: int, towns: list[tuple[float, float]]) -> dict[str, Any]:
    town = number % len(towns)
    north, east = towns[town]
    node = f"n{town % 40}"
    return {
        "owner": f"{node}:p{number}",
        "node": node,
        "continent": ("africa", "europe", "asia")[town % 40 % 3],
        "lat": round((north + chance.gauss(0, 0.05)) * 1e7),
        "lon": round((east + chance.gauss(0, 0.05)) * 1e7),
        "small": chance.random() < 0.4,
        "women_led": chance.random() < 0.3,
        "marginalised": chance.random() < 0.2,
        "visibility": chance.choices((Visibility.NETWORK, Visibility.FEDERATION), (1, 4))[0],
        "prefers": chance.choice(tuple(Preference)),
        "received": chance.choice((None, 200, 1_000, 1_800)),
    }


def _name(chance: random.Random) -> str:
    """Return a word that nobody else says, such as a village's name."""
    return "".join(chance.choice("bdfglmnrstz") + chance.choice("aeiou") for _ in range(3))


def _of_goods(chance: random.Random, category: str, leaf: int, side: Side) -> dict[str, Any]:
    """Return what is offered or wanted: words, how much, its value, when, how certified."""
    words = GOODS[leaf % len(GOODS)]
    number = chance.randrange(1, 60)
    measure, quantity, price = (
        ("mass", number * 10**6, 3_000) if leaf % 3 else ("time", number * 60, 5_000)
    )
    worth = number * price
    begin = 740_000 + chance.randrange(60)
    certified = frozenset({"organic"}) if leaf % 5 == 0 and chance.random() < 0.5 else frozenset()
    values: dict[str, Any] = {
        "category": category if chance.random() < 0.9 else category.partition(".")[0],
        "text": f"{chance.choice(words)} {chance.choice(words)} {_name(chance)}",
        "measure": measure,
        "quantity": quantity,
        "radius_km": chance.choice((None, 50, 150, 400)),
        "first_day": begin,
        "last_day": begin + chance.randrange(20, 90),
        "waited": chance.randrange(6),
    }
    if side is Side.OFFER:
        low = worth * chance.randrange(60, 110) // 100
        floor = worth // 2 if leaf % 2 else None
        return {**values, "low": low, "high": low * 2, "floor": floor, "held": certified}
    high = worth * chance.randrange(80, 200) // 100
    asked = certified if chance.random() < 0.3 else frozenset()
    return {**values, "high": high, "required": asked, "rank": chance.randrange(3)}
