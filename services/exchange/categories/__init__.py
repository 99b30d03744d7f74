"""What is offered and needed, by name: a tree of our own, goods first, in five languages.

The tree stands in ``tree.txt``, one category to a line, the broader one above and further to the
left. A network may add leaves of its own below ours (``services.exchange.own_categories``); an item
always carries one of ours as well, so that everybody understands it.

Source: the links to activities and products are ESSGLOBAL's codes, RIPESS, CC BY 3.0; its products
are services only, so that several goods share the code of their production.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import ClassVar, Final

from shared.refusals import Kind, Refusal
from shared.text import query_tokens, tokens, words

LANGUAGES: Final = ("ar", "en", "es", "fr", "pt")
"""The languages that every category has its words in, in the order of the file."""
_FIELDS: Final = 3 + len(LANGUAGES)
_EXACT, _LABEL, _SYNONYM, _PREFIX = 1_000, 30, 20, 10
"""How much a word of a question says by where it stands; a whole name says most."""
_PREFIX_MIN: Final = 3


class UnknownCategory(Refusal):
    """A category is not in the tree, or takes nothing new."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-category"
    title: ClassVar[str] = "This is none of the categories; /categories lists them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One category: its words by language, and what it is called otherwise.

    Args:
        code: a word that is not changed any more.
        above: the code of the broader category; empty for those at the top.
        depth: 0 at the top.
        leaf: whether nothing of ours stands below it.
        activity, product: terms of ESSGLOBAL.
    """

    code: str
    above: str
    depth: int
    leaf: bool
    activity: str
    product: str
    labels: Mapping[str, str]
    synonyms: Mapping[str, tuple[str, ...]]


@cache
def tree() -> Mapping[str, Category]:
    """Return all categories by their codes, in their order."""
    source = resources.files("services.exchange.categories").joinpath("tree.txt")
    lines = [line for line in source.read_text("utf-8").splitlines() if line[:1] not in ("", "#")]
    depths = [(len(line) - len(line.lstrip())) // 2 for line in lines]
    found: dict[str, Category] = {}
    path: list[str] = []
    for place, (line, depth) in enumerate(zip(lines, depths, strict=True)):
        following = depths[place + 1] if place + 1 < len(lines) else 0
        above = path[depth - 1] if depth else ""
        category = _category(line, above, depth, leaf=following <= depth)
        assert category.code not in found, category.code
        found[category.code] = category
        path[depth:] = [category.code]
    return found


def category(code: str) -> Category:
    """Return a category of ours.

    Raises:
        UnknownCategory
    """
    found = tree().get(code)
    if found is None:
        raise UnknownCategory(code[:60])
    return found


@lru_cache(maxsize=512)
def ancestors(code: str) -> tuple[str, ...]:
    """Return what stands above a category, the nearest first.

    Raises:
        UnknownCategory
    """
    above = category(code).above
    return (above, *ancestors(above)) if above else ()


def closure(code: str) -> tuple[str, ...]:
    """Return a category and all that stands above it.

    Raises:
        UnknownCategory
    """
    return (code, *ancestors(code))


def is_within(code: str, wanted: str) -> bool:
    """Return whether a category is the wanted one or stands below it.

    Raises:
        UnknownCategory: the first one is none of ours.
    """
    return code == wanted or wanted in ancestors(code)


def label(code: str, language: str) -> str:
    """Return what a category is called in a language, or else in English, or else its code."""
    found = tree().get(code)
    if found is None:
        return code
    return found.labels.get(language.replace("_", "-").partition("-")[0], found.labels["en"])


def sought(text: str, *, most: int = 10) -> list[str]:
    """Return the categories that a text speaks of, the likeliest first.

    Every language is asked, whatever the reader's own. Categories that hold all words come before
    those that hold some, and a rare word says more than a common one.

    Args:
        text: a few words, or the title of an item.
        most: how many categories at most.
    """
    groups, index = query_tokens(text), _index()
    exact = _names().get(tuple(words(text)), frozenset())
    scores: dict[str, int] = dict.fromkeys(exact, _EXACT)
    counts: dict[str, int] = {}
    for place, group in enumerate(groups):
        best: dict[str, int] = {}
        for token in group:
            for code, weight in index.get(token, {}).items():
                rarity = weight * 10 // (2 + len(index[token]).bit_length())
                best[code] = max(best.get(code, 0), rarity)
        if not best and place == len(groups) - 1 and len(group[0]) >= _PREFIX_MIN:
            best = dict.fromkeys(_beginning(group[0]), _PREFIX)
        for code, score in best.items():
            scores[code] = scores.get(code, 0) + score
            counts[code] = counts.get(code, 0) + 1
    places = {code: place for place, code in enumerate(tree())}

    def order(code: str) -> tuple[int, int, int, int]:
        whole = code in exact or counts.get(code, 0) == len(groups)
        return (-whole, -scores[code], -tree()[code].depth, places[code])

    return sorted(scores, key=order)[:most]


def _category(line: str, above: str, depth: int, *, leaf: bool) -> Category:
    cells = [cell.strip() for cell in line.split("|")]
    assert len(cells) == _FIELDS, line
    code, activity, product, *called = cells
    names = [tuple(name.strip() for name in cell.split(";")) for cell in called]
    return Category(
        code=code,
        above=above,
        depth=depth,
        leaf=leaf,
        activity=f"activities:{activity}",
        product=f"products-services:{product}",
        labels={language: name[0] for language, name in zip(LANGUAGES, names, strict=True)},
        synonyms={language: name[1:] for language, name in zip(LANGUAGES, names, strict=True)},
    )


@cache
def _index() -> Mapping[str, Mapping[str, int]]:
    """Return by token the categories that it stands for, and how much it says of each."""
    index: dict[str, dict[str, int]] = {}
    for found in tree().values():
        for language in LANGUAGES:
            _enter(index, found.code, tokens(found.labels[language], language), _LABEL)
            for name in found.synonyms[language]:
                _enter(index, found.code, tokens(name, language), _SYNONYM)
    return index


def _enter(index: dict[str, dict[str, int]], code: str, found: Iterable[str], weight: int) -> None:
    for token in found:
        known = index.setdefault(token, {})
        known[code] = max(known.get(code, 0), weight)


@cache
def _names() -> Mapping[tuple[str, ...], frozenset[str]]:
    """Return by folded name, label or synonym, the categories that are called so."""
    names: dict[tuple[str, ...], set[str]] = {}
    for found in tree().values():
        for language in LANGUAGES:
            for name in (found.labels[language], *found.synonyms[language]):
                names.setdefault(tuple(words(name)), set()).add(found.code)
    return {name: frozenset(codes) for name, codes in names.items()}


def _beginning(surface: str) -> list[str]:
    """Return the categories that have a word which begins so."""
    codes: dict[str, None] = {}
    for token, found in _index().items():
        if token.startswith(surface):
            codes |= dict.fromkeys(found)
    return list(codes)
