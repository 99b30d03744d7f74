"""Cleaning: text as it is kept, whoever typed it.

Letters are composed (NFC). Marks that turn the direction of what follows are taken out: they let
one name pass for another, and each text is shown with its own direction anyway. What is kept is
plain text; whoever shows it escapes it.
"""

import re
import unicodedata
from typing import ClassVar, Final
from urllib.parse import SplitResult, urlsplit

from shared.contracts.fields import URL_MAX
from shared.refusals import Kind, Refusal

# Marks of direction, zero-width spaces and the byte order mark. The joiners U+200C and U+200D
# stay: Persian and several scripts of India are written with them.
_UNSEEN: Final = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_SPACES: Final = re.compile(r"\s+")
_SPACES_IN_LINE: Final = re.compile(r"[^\S\n]+")
_EMPTY_LINES: Final = re.compile(r"\n(?: ?\n){2,}")
_HOST: Final = re.compile(r"(?:[\w-]{1,63}\.)+[\w-]{2,63}")
_IN_URL: Final = re.compile(r"[\s<>\"\\^`{|}\[\]]")


class BadUrl(Refusal):
    """An address of a page is none, or is not one of the web."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-url"
    title: ClassVar[str] = "An address begins with http:// or https:// and names a host"


def line(text: str) -> str:
    """Return a text as one line: a name, a street, a tag."""
    return _SPACES.sub(" ", _seen(text)).strip()


def prose(text: str) -> str:
    """Return a text with its line breaks, at most one empty line between paragraphs."""
    text = _seen(text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n"))
    lines = (_SPACES_IN_LINE.sub(" ", part).strip() for part in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()


def language_tag(tag: str) -> str:
    """Return a language tag as BCP 47 writes it: ``ar_MA`` is ``ar-MA``."""
    language, *rest = tag.strip().replace("_", "-").split("-")
    return "-".join([language.lower(), *(_subtag(part) for part in rest)])


def web_address(text: str) -> str:
    """Return the address of a page of the web, its scheme and host in small letters.

    Raises:
        BadUrl: another scheme, no host, a user name in it, or signs that no address has.
    """
    text = line(text)
    parts = _split(text)
    if parts is None or parts.scheme not in ("http", "https") or len(text) > URL_MAX:
        raise BadUrl
    host = parts.hostname or ""
    if "@" in parts.netloc or not _HOST.fullmatch(host) or _IN_URL.search(text):
        raise BadUrl
    return parts._replace(netloc=parts.netloc.lower()).geturl()


def _seen(text: str) -> str:
    """Return a text composed, without what cannot be seen or written."""
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", _SURROGATES.sub("\ufffd", text))
    return _CONTROLS.sub(" ", _UNSEEN.sub("", text))


def _subtag(part: str) -> str:
    """Return a part of a tag in its usual case: ``Tfng`` a script, ``MA`` a region."""
    if len(part) == 2 and part.isalpha():
        return part.upper()
    return part.title() if len(part) == 4 and part.isalpha() else part.lower()


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts
