"""Which language a text without a label is taken to be in."""

import re
from collections.abc import Sequence
from typing import Final

_SCRIPTS: Final = (
    (
        "ar",
        re.compile(r"[\u0620-\u064a\u066e-\u06d3]"),
        frozenset({"ar", "ary", "arz", "fa", "ur"}),
    ),
    ("zgh", re.compile(r"[\u2d30-\u2d7f]"), frozenset({"zgh", "shi", "ber", "kab", "rif", "tzm"})),
    ("el", re.compile(r"[\u0370-\u03ff]"), frozenset({"el"})),
    ("und", re.compile(r"[\u0400-\u04ff]"), frozenset({"bg", "ru", "uk", "sr", "mk", "be"})),
)
_LATIN: Final = re.compile(r"[A-Za-z\u00c0-\u024f]")
_OTHER_WRITING: Final = frozenset({"ar", "ary", "arz", "fa", "ur", "zgh", "el", "bg", "ru", "uk"})


def language_of(text: str, told: str, languages: Sequence[str]) -> str:
    """Return the language of a text: the one that it is told to be in, unless its letters differ.

    Args:
        text: the text.
        told: the language of the column, or of the whole list.
        languages: the network's languages, among which another one is sought.
    """
    own = _primary(told)
    sample = text[:500]
    latin = len(_LATIN.findall(sample))
    for language, letters, written in _SCRIPTS:
        if len(letters.findall(sample)) > latin:
            if own in written:
                return told
            return next((tag for tag in languages if _primary(tag) in written), language)
    if latin and own in _OTHER_WRITING:
        return next((tag for tag in languages if _primary(tag) not in _OTHER_WRITING), "und")
    return told


def _primary(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].lower()
