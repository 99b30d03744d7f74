"""Text analysis: what is written, as the tokens by which it is found.

Both databases store these tokens and analyse nothing themselves, so that one question has one
answer everywhere. A word is indexed under its folded surface and under its stems; names of one
thing in several languages meet in one token more. The stemmers are plain Python and slow, and the
words of entries and offers are few: what a word becomes is remembered.

Source: the orders of folding and stemming were measured on the pairs of words that
``tests/shared/test_text.py`` repeats; the stemmers are Snowball's.
"""

import json
import re
import unicodedata
from functools import cache, lru_cache
from importlib import resources
from threading import Lock
from typing import Any, Final, NamedTuple

WORDS_REMEMBERED_MAX: Final = 16_384
"""Words whose tokens stay in memory, at about 500 bytes each."""
TOKEN_MAX: Final = 64
"""Letters of a token: a longer run of letters is no word."""
QUERY_WORDS_MAX: Final = 24
"""Words of a question that are looked at."""

_STEMMING: Final = Lock()
_LATIN: Final = {"fr": "french", "es": "spanish", "pt": "portuguese", "en": "english"}
_UNSTEMMED_ARABIC_SCRIPT: Final = frozenset({"fa", "ur", "ku", "ckb", "ps", "ug", "sd", "ks"})

_MARKS: Final = "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
_WORD: Final = re.compile(rf"[\w\u0300-\u036f{_MARKS}]+")
_ARABIC: Final = re.compile(r"[\u0620-\u064a\u066e-\u06d3]")
_ARTICLE: Final = re.compile(r"(?:[وبكف]?ال|لل)(?=...)")
_CLITICS: Final = tuple("وفبكل")
# "co-operative" is "cooperative"; "l'eau" and "women's" are about "eau" and "women".
_HYPHENED: Final = re.compile(r"\bco[-\u2010](?=op)", re.IGNORECASE)
_ELIDED: Final = re.compile(
    r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)['\u2019\u02bc](?=\w)|['\u2019\u02bc]s\b",
    re.IGNORECASE,
)

_Letters = dict[int, int | str | None]
# NFKD leaves these whole.
_TAKEN_APART: Final = {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"}
_UNWRITTEN: Final = [*range(0x610, 0x61B), *range(0x64B, 0x660), 0x670, *range(0x6D6, 0x6EE), 0x640]
_DROPPED: Final[_Letters] = dict.fromkeys(_UNWRITTEN)
_FOR_STEMMER: Final[_Letters] = {**_DROPPED, **str.maketrans("أإآٱى", "ااااي")}
_FOLDED: Final[_Letters] = {
    **_DROPPED,
    **str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789"),
    **str.maketrans("أإآٱىئیؤةکگڭڤپچ", "ااااييي\u0648\u0647كككفبج"),
    **{ord(letter): plain for letter, plain in _TAKEN_APART.items()},
}


class _Word(NamedTuple):
    """What is remembered of a word: its tokens, its surface first, and how phrases know it."""

    tokens: tuple[str, ...]
    bare: str


class _Vocabulary(NamedTuple):
    """The words that are written by hand: ``words/words.json``, folded."""

    families: tuple[tuple[str, str], ...]
    synonyms: dict[str, str]
    phrases: dict[str, list[tuple[list[str], str]]]
    stop: frozenset[str]


def fold(text: str) -> str:
    """Return the text without what writers differ in: case, accents, vowel signs, letter forms."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_FOLDED)
    if plain.isascii():
        return plain
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare)


def words(text: str) -> list[str]:
    """Return the folded words of a text in their order, without stems: for comparing names."""
    return [folded for word in _found(text) if (folded := fold(word))]


def tokens(text: str, lang: str | None = None) -> list[str]:
    """Return the tokens under which a text is indexed.

    Args:
        text: a name, a list of tags, a description.
        lang: the text's BCP 47 tag. Words in Arabic script have the Arabic stemmer, words in
            Latin script that of the language if it is fr, es, pt or en, otherwise none.
    """
    languages = _indexed_in(lang)
    starts = _vocabulary().phrases
    found: list[str] = []
    bare: list[str] = []
    maybe_phrase = False
    for word in _found(text):
        analysed = _analysed(word, languages)
        found += analysed.tokens
        bare.append(analysed.bare)
        maybe_phrase = maybe_phrase or analysed.bare in starts
    if maybe_phrase:
        found += (name for _, _, name in _phrases(bare))
    return found


def query_tokens(text: str, lang: str | None = None) -> list[tuple[str, ...]]:
    """Return what a question asks for: all of the groups, of each group any token.

    The first token of a group is the folded surface: it ranks highest, and that of the last
    group may be sought as a prefix while somebody types.

    Args:
        text: what was typed.
        lang: the language that it is surely in; None asks in all of the languages, as is best
            when the reader's language may differ from that of the texts.
    """
    languages = _asked_in(lang)
    analysed = [_analysed(word, languages) for word in _found(text)[:QUERY_WORDS_MAX]]
    analysed = [word for word in analysed if word.tokens]
    groups: list[tuple[str, ...]] = []
    stop = _vocabulary().stop
    weak: list[tuple[str, ...]] = []
    position = 0
    for start, end, name in [*_phrases([word.bare for word in analysed]), (len(analysed), 0, "")]:
        for word in analysed[position:start]:
            (weak if word.tokens[0] in stop else groups).append(word.tokens)
        if name:
            groups.append((name,))
        position = end
    return groups or weak


@cache
def _vocabulary() -> _Vocabulary:
    """Return the handwritten words, folded as the texts are."""
    source = resources.files("shared") / "words" / "words.json"
    raw: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    phrases: dict[str, list[tuple[list[str], str]]] = {}
    for name, variants in raw["phrases"].items():
        for variant in variants:
            bare = [_bare(fold(word)) for word in _found(variant)]
            phrases.setdefault(bare[0], []).append((bare, name))
    for variants in phrases.values():
        variants.sort(key=lambda variant: -len(variant[0]))
    return _Vocabulary(
        families=tuple(
            (fold(start), fold(family))
            for family, starts in raw["families"].items()
            for start in starts
        ),
        synonyms={fold(word): fold(group[0]) for group in raw["synonyms"] for word in group},
        phrases=phrases,
        stop=frozenset(fold(word) for word in raw["stop"]),
    )


def _found(text: str) -> list[str]:
    """Return the words of a text as they are written."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if "_" in text:
        text = text.replace("_", " ")
    if "-" in text or "\u2010" in text:
        text = _HYPHENED.sub("co", text)
    if "'" in text or "\u2019" in text or "\u02bc" in text:
        text = _ELIDED.sub(" ", text)
    return _WORD.findall(text)


def _phrases(bare: list[str]) -> list[tuple[int, int, str]]:
    """Return where known phrases stand among words, first and longest first, and their names."""
    known = _vocabulary().phrases
    found: list[tuple[int, int, str]] = []
    position = 0
    while position < len(bare):
        for variant, name in known.get(bare[position], ()):
            end = position + len(variant)
            if bare[position:end] == variant:
                found.append((position, end, name))
                position = end - 1
                break
        position += 1
    return found


@lru_cache(maxsize=256)
def _indexed_in(lang: str | None) -> tuple[str, ...]:
    primary = (lang or "").replace("_", "-").partition("-")[0].lower()
    return (primary,) if primary in _LATIN or primary in _UNSTEMMED_ARABIC_SCRIPT else ()


@lru_cache(maxsize=256)
def _asked_in(lang: str | None) -> tuple[str, ...]:
    return _indexed_in(lang) or tuple(_LATIN)


@lru_cache(maxsize=WORDS_REMEMBERED_MAX)
def _analysed(word: str, languages: tuple[str, ...]) -> _Word:
    """Return the tokens of one word: surface, without its article, stems or family, synonym."""
    surface = fold(word)[:TOKEN_MAX]
    if not surface:
        return _Word((), "")
    known = _vocabulary()
    bare = _bare(surface)
    found = dict.fromkeys((surface, bare))
    family = _family(bare)
    if family:
        found[family] = None
    elif not (surface.isdecimal() or surface in known.stop or len(word) > TOKEN_MAX):
        found |= dict.fromkeys(_stems(word, surface, languages))
    for token in list(found):
        if token in known.synonyms:
            found[known.synonyms[token]] = None
    return _Word(tuple(found), bare)


def _bare(folded: str) -> str:
    """Return a folded Arabic word without its article, if three letters remain."""
    return _ARTICLE.sub("", folded, count=1) if _ARTICLE.match(folded) else folded


def _family(bare: str) -> str | None:
    """Return the family of a word that the stemmers would maim, if it is of one."""
    for start, family in _vocabulary().families:
        if bare.startswith(start):
            return family
        if bare.startswith(_CLITICS) and bare.startswith(start, 1):
            return family
    return None


def _stems(word: str, surface: str, languages: tuple[str, ...]) -> list[str]:
    """Return the folded stems of a word by its script and languages."""
    if _ARABIC.match(surface):
        if any(language in _UNSTEMMED_ARABIC_SCRIPT for language in languages):
            return []
        written = _bare(word.translate(_FOR_STEMMER))
        return [stem] if (stem := fold(_stemmed("arabic", written))) else []
    found: list[str] = []
    lower = unicodedata.normalize("NFC", word.casefold())
    for language in languages:
        if language in _LATIN:
            name = _LATIN[language]
            # The two orders miss different pairs: "associações" needs its accents, "economía"
            # meets "economia" only without them.
            found += (fold(_stemmed(name, lower)), _stemmed(name, surface))
            if language == "pt" and surface.endswith("oes"):
                found.append(_stemmed(name, surface[:-3] + "ao"))
    return [stem for stem in found if stem]


def _stemmed(algorithm: str, word: str) -> str:
    # A stemmer keeps the word that it works on in itself, and threads of several services share it.
    with _STEMMING:
        stem: str = _stemmer(algorithm).stemWord(word)
    return stem


@cache
def _stemmer(algorithm: str) -> Any:
    """Return a stemmer; the library is loaded when the first word needs it."""
    import snowballstemmer  # type: ignore[import-untyped]  # the stemmers come without types

    return snowballstemmer.stemmer(algorithm)
