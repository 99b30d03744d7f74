"""Which encoding the bytes of a list are in, judged by the languages of the network.

A byte-order mark or valid UTF-8 settles it. Otherwise only the encodings that the network's
languages are written in are tried, and the one whose text looks most like those languages wins:
free guessing turns Spanish into Polish. A person sees the text and may choose another.
"""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.directory.importing.limits import UnknownEncoding

SAMPLE_MAX: Final = 400_000
"""Bytes that are looked at when the encoding is guessed."""

_LATIN: Final = ("cp1252", "iso8859_15", "mac_roman", "cp850")
_ARABIC: Final = ("cp1256", "iso8859_6")
_CENTRAL: Final = ("cp1250", "iso8859_2")
_CANDIDATES: Final[dict[str, tuple[str, ...]]] = {
    "ar": _ARABIC,
    "fa": _ARABIC,
    "ary": _ARABIC,
    "cs": _CENTRAL,
    "hr": _CENTRAL,
    "hu": _CENTRAL,
    "pl": _CENTRAL,
    "ro": _CENTRAL,
    "sk": _CENTRAL,
    "sl": _CENTRAL,
    "el": ("cp1253", "iso8859_7"),
    "bg": ("cp1251", "koi8_r"),
    "ru": ("cp1251", "koi8_r"),
    "uk": ("cp1251", "koi8_u"),
    "tr": ("cp1254",),
    "he": ("cp1255",),
    "th": ("cp874",),
    "lv": ("cp1257",),
    "lt": ("cp1257",),
    "et": ("cp1257", *_LATIN),
}
_SHOWN: Final = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Western European (Windows)",
    "iso8859_15": "Western European (ISO 8859-15)",
    "mac_roman": "Western European (Macintosh)",
    "cp850": "Western European (DOS)",
    "cp1256": "Arabic (Windows)",
    "iso8859_6": "Arabic (ISO 8859-6)",
}

# The letters beyond ASCII that each language writes often, then those it writes now and then.
_LETTERS: Final[dict[str, tuple[str, str]]] = {
    "fr": ("éèêàçùâîôûëïœ", "ÉÈÊÀÇÂÎÔÛËÏŒÙüÜæÆÿ«»°’–€"),
    "es": ("áéíóúñ", "ÁÉÍÓÚÑüÜ¿¡ºª«»°’–€"),
    "pt": ("ãõáéíóúâêôçà", "ÃÕÁÉÍÓÚÂÊÔÇÀüÜºª«»°’–€"),
    "en": ("é", "£’‘“”–—€°©®àèñçöü"),
    "it": ("àèéìòù", "ÀÈÉÌÒÙ"),
    "ca": ("àèéíïòóúüç·", "ÀÈÉÍÒÓÚÇ"),
    "de": ("äöüß", "ÄÖÜ„"),
    "cs": ("áčďéěíňóřšťúůýž", "ÁČĎÉÍŇÓŘŠŤÚŮÝŽ"),
    "hr": ("čćđšž", "ČĆĐŠŽ"),
    "hu": ("áéíóöőúüű", "ÁÉÍÓÖŐÚÜŰ"),
    "pl": ("ąćęłńóśźż", "ĄĆĘŁŃÓŚŹŻ"),
    "ro": ("ăâîșțşţ", "ĂÂÎȘȚŞŢ"),
    "tr": ("çğıöşü", "ÇĞİÖŞÜ"),
}
# Beside Arabic, the writings whose letters say by themselves that they were read rightly.
_WRITINGS: Final[dict[str, tuple[str, str]]] = {
    "el": ("\u0370", "\u03ff"),
    "bg": ("\u0400", "\u04ff"),
    "ru": ("\u0400", "\u04ff"),
    "uk": ("\u0400", "\u04ff"),
    "he": ("\u0590", "\u05ff"),
    "th": ("\u0e00", "\u0e7f"),
}
_COMMON: Final = "’‘“”–—€°º«»"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Text, and how it came out of the bytes.

    Args:
        confidence: whole percent; 100 when the bytes themselves say it.
        undecodable: how many bytes had no letter and stand as U+FFFD now.
    """

    text: str
    encoding: str
    confidence: int
    undecodable: int = 0


def shown(encoding: str) -> str:
    """Return an encoding's name for people; it names a kind of machine, as they know it."""
    return _SHOWN.get(encoding, encoding)


def candidates(languages: Sequence[str]) -> tuple[str, ...]:
    """Return the encodings that texts in these languages come in, likeliest first.

    Args:
        languages: tags such as ``ar``, ``fr-MA`` or ``pt_BR``.
    """
    found: dict[str, None] = {}
    for tag in languages:
        language = re.split(r"[-_]", tag)[0].lower()
        for encoding in _CANDIDATES.get(language, _LATIN):
            found[encoding] = None
    return tuple(found) or _LATIN


def decoded(data: bytes, languages: Sequence[str], *, encoding: str | None = None) -> Reading:
    """Return the bytes as text.

    Args:
        data: the whole file.
        languages: the languages of the network.
        encoding: what a person chose; then nothing is guessed.

    Raises:
        UnknownEncoding: there is no such encoding.
    """
    if encoding is not None:
        return _as_told(data, encoding)
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _read(data, name, 100)
    halves = _halves(data)
    if halves is not None:
        return _read(data, halves, 80)
    try:
        return Reading(text=data.decode("utf-8"), encoding="utf-8", confidence=100)
    except UnicodeDecodeError:
        pass
    return _guessed(data, languages)


def _halves(data: bytes) -> str | None:
    """Return which UTF-16 bytes without a mark are: in ASCII every other byte of it is NUL."""
    even, odd = data[0:SAMPLE_MAX:2], data[1:SAMPLE_MAX:2]
    few, many = sorted((even.count(0), odd.count(0)))
    # Text in other letters has fewer of them, at its spaces, digits and ends of lines.
    if many * 10 < len(odd) or few * 20 > many:
        return None
    return "utf-16-le" if odd.count(0) == many else "utf-16-be"


def _as_told(data: bytes, encoding: str) -> Reading:
    try:
        known = codecs.lookup(encoding)
    except LookupError as error:
        raise UnknownEncoding(encoding[:40]) from error
    # Codecs such as base64 or zlib are no writing; UTF-8 is read with its mark, if it has one.
    if not known._is_text_encoding:
        raise UnknownEncoding(encoding[:40])
    return _read(data, "utf-8-sig" if known.name == "utf-8" else known.name, 100)


def _read(data: bytes, encoding: str, confidence: int) -> Reading:
    try:
        return Reading(text=data.decode(encoding), encoding=encoding, confidence=confidence)
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace")
    return Reading(
        text=text, encoding=encoding, confidence=confidence, undecodable=text.count("\ufffd")
    )


def _guessed(data: bytes, languages: Sequence[str]) -> Reading:
    sample = _sample(data)
    judged: list[tuple[float, str]] = []
    for encoding in candidates(languages):
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            # One stray byte in a large file does not rule an encoding out, but it counts heavily.
            text = sample.decode(encoding, errors="replace")
        judged.append((_likeness(text, languages), encoding))
    # A stable sort: among equals the likelier encoding, which stands first, wins.
    judged.sort(key=lambda pair: -pair[0])
    best, encoding = judged[0]
    text = data.decode(encoding, errors="replace")
    # Of two encodings that give the same text there is nothing to doubt.
    rivals = [
        score
        for score, other in judged[1:]
        if _sampled(sample, other) != _sampled(sample, encoding)
    ]
    margin = best - max(rivals, default=-1.0)
    confidence = max(1, min(99, round(50 * max(best, 0.0) + 50 * min(margin, 1.0))))
    return Reading(
        text=text, encoding=encoding, confidence=confidence, undecodable=text.count("\ufffd")
    )


def _sampled(sample: bytes, encoding: str) -> str:
    return sample.decode(encoding, errors="replace")


def _sample(data: bytes) -> bytes:
    """Return the lines that hold bytes beyond ASCII, up to a limit."""
    if len(data) <= SAMPLE_MAX:
        return data
    lines: list[bytes] = []
    size = 0
    for line in data.split(b"\n"):
        if not line.isascii():
            lines.append(line)
            size += len(line)
            if size > SAMPLE_MAX:
                break
    return b"\n".join(lines)


def _likeness(text: str, languages: Sequence[str]) -> float:
    """Say how much the letters beyond ASCII look like these languages, from -1 to 1."""
    often, seldom = _expected(languages)
    counted: Counter[tuple[str, str, str]] = Counter()
    for match in re.finditer(r"[^\x00-\x7f]", text):
        at = match.start()
        counted[(text[at - 1 : at], match.group(), text[at + 1 : at + 2])] += 1
    total = sum(counted.values())
    if not total:
        return 0.0
    points = 0.0
    for (before, letter, after), times in counted.items():
        points += times * _points(before, letter, after, often, seldom)
    return points / total


def _expected(languages: Sequence[str]) -> tuple[set[str], set[str]]:
    often: set[str] = set()
    seldom = set(_COMMON)
    for tag in languages:
        common, rare = _LETTERS.get(re.split(r"[-_]", tag)[0].lower(), ("", ""))
        often.update(common)
        seldom.update(rare)
        first, last = _WRITINGS.get(re.split(r"[-_]", tag)[0].lower(), ("b", "a"))
        often.update(chr(code) for code in range(ord(first), ord(last) + 1))
    return often, seldom - often


def _points(before: str, letter: str, after: str, often: set[str], seldom: set[str]) -> float:
    """Judge one letter by itself and by its neighbours."""
    if letter == "\ufffd" or "\x80" <= letter <= "\x9f":
        return -3.0
    if "\u0600" <= letter <= "\u06ff":
        # Arabic letters stand beside Arabic ones; beside a Latin letter something went wrong.
        return -1.0 if _latin(before) or _latin(after) else 1.0
    if not letter.isalpha():
        if letter in seldom and not (_latin(before) and _latin(after) and letter not in "’‘"):
            return 0.5
        return -0.1 if letter.isspace() else -1.0
    if "\u0600" <= before <= "\u06ff" or "\u0600" <= after <= "\u06ff":
        return -1.0
    # A capital inside a word of small letters is what a wrong encoding looks like.
    if letter.isupper() and (before.islower() or (before.isupper() and after.islower())):
        return -1.0
    if letter.islower() and before.isupper() and after.isupper():
        return -0.7
    if letter in often:
        return 1.0
    if letter in seldom:
        return 0.6
    return 0.1 if letter < "\u0180" else -0.5


def _latin(letter: str) -> bool:
    return letter.isalpha() and letter < "\u0250"
