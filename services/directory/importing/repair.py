"""Mending text that was damaged before it came here: double encoding, entities, HTML.

Lists are copied from programme to programme, and each may read UTF-8 as something else. What can
be undone without doubt is undone; what was lost (U+FFFD) is left standing and reported.
"""

import html
import re
import unicodedata
from typing import Final

from shared.cleaning import line, prose

LOST: Final = "\ufffd"
ROUNDS_MAX: Final = 3
"""How many times one text may have been encoded anew."""


def _bytes_of(codec: str) -> dict[str, int]:
    """Return the byte above ASCII of each character of a code page; gaps stand for themselves."""
    table = {chr(code): code for code in range(0x80, 0xA0)}
    for code in range(0x80, 0x100):
        try:
            table[bytes([code]).decode(codec)] = code
        except UnicodeDecodeError:
            table[chr(code)] = code
    return table


_WESTERN: Final = _bytes_of("cp1252")
_THAI: Final = _bytes_of("cp874")
_LEADS: Final = frozenset(bytes(range(0xC2, 0xF5)).decode("cp1252"))
"""What the first byte of a letter in UTF-8 looks like on a Western code page."""
_FOREIGN: Final = re.compile(
    "[\u0384-\u03ce\u0400-\u045f\u0490\u0491\u05d0-\u05ea"
    "\u060c\u061b\u061f\u0621-\u0652\u0660-\u0669\u067e\u0686\u06a4\u06a9\u06ad\u06af\u06cc]"
)
"""Greek, Cyrillic, Hebrew and Arabic as they are written today."""
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_ENTITY: Final = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BARE_NUMBER: Final = re.compile(r"&#([0-9]{2,7}|[xX][0-9a-fA-F]{2,6})(?![0-9a-fA-F;])")
_UNREAD: Final = re.compile(r"(?i)<(script|style|head|iframe|object)\b|<(!--)")
_BREAK: Final = re.compile(r"(?i)<br\s*/?>|</(?:p|div|li|h[1-6]|tr|blockquote)\s*>")
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,2000}>")
_LINK: Final = re.compile(
    r"""(?i)<(?:a|img)\b[^<>]*?\b(?:href|src)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)"""
)


def mended(text: str) -> str:
    """Return the text with entities resolved and double encoding undone; NFC."""
    if text.isascii() and "&" not in text:
        return text
    for _ in range(ROUNDS_MAX):
        before = text
        if "&" in text:
            text = _BARE_NUMBER.sub(_number, _ENTITY.sub(_resolved, text))
        if not text.isascii():
            text = _undone(text)
        if text == before:
            break
    return unicodedata.normalize("NFC", text)


def _resolved(match: re.Match[str]) -> str:
    return html.unescape(match.group())


def _number(match: re.Match[str]) -> str:
    return html.unescape(f"&#{match.group(1)};")


def _undone(text: str) -> str:
    """Undo one reading of UTF-8 as a code page, wherever it shows."""
    if any("\u0e01" <= letter <= "\u0e5b" for letter in text) and _never_thai(text):
        text = _by(_THAI, text)
    if any(letter in _LEADS or "\x80" <= letter <= "\x9f" for letter in text):
        text = _by(_WESTERN, text)
    return text


def _never_thai(text: str) -> bool:
    """Say whether Thai letters are damage: every run of them is UTF-8, and not by chance."""
    runs = list(_BEYOND_ASCII.finditer(text))
    longest = 0
    for run in runs:
        if not all(letter in _THAI for letter in run.group()):
            return False
        meant = _letters(bytes(_THAI[letter] for letter in run.group()))
        if meant is None:
            return False
        longest = max(longest, len(meant))
    beside = "".join(text[run.start() - 1 : run.start()] + text[run.end() :][:1] for run in runs)
    return (
        len(runs) > 1
        or longest > 2
        or any(letter.isalpha() for letter in beside)
        or any("\x80" <= letter <= "\x9f" for letter in text)
    )


def _by(table: dict[str, int], text: str) -> str:
    """Replace the runs of characters that are UTF-8 seen through a code page."""
    out: list[str] = []
    at = 0
    mended_to = -1
    size = len(text)
    while at < size:
        lead = table.get(text[at])
        if lead is None or lead < 0xC2:
            out.append(text[at])
            at += 1
            continue
        length = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        part = text[at : at + length]
        left, right = text[at - 1 : at] if at else "", text[at + length : at + length + 1]
        raw = [table.get(letter, 0) for letter in part]
        letter = _letters(bytes(raw)) if all(raw) else None
        # Beside a letter that was damaged the next one was damaged too.
        beside = "" if at == mended_to else left
        if letter is not None and _plausible(
            letter, part[-1], beside, right, western=table is _WESTERN
        ):
            out.append(letter)
            mended_to = at + length
            at += length
        elif text[at] == "Ã" and left.islower() and not text[at + 1 : at + 2].isalpha():
            # The no-break space that ends "à" became a space, or was cut off at the cell's end.
            out.append("à")
            at += 2 if text[at + 1 : at + 2] == " " else 1
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def _letters(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _plausible(letter: str, last: str, left: str, right: str, *, western: bool) -> bool:
    """Say whether a letter that undoing would bring back is one that people write."""
    code = ord(letter[0])
    foreign = _FOREIGN.match(letter) is not None
    written = (
        foreign
        or 0x80 <= code <= 0x017F  # Latin; below 0xA0 half of a double encoding
        or code in (0x01A0, 0x01A1, 0x01AF, 0x01B0, 0x0218, 0x0219, 0x021A, 0x021B)
        or 0x0E00 <= code <= 0x0E7F  # Thai, likewise
        or 0x1E00 <= code <= 0x218F  # more Latin, quotation marks, dashes, euro
        or code > 0xFFFF
        or code in (0xFEFF, 0xFFFD)
    )
    # "ÚŽASNÉ" is Slovak: letters of another writing do not stand inside a Latin word.
    if (
        western
        and foreign
        and ((left.isascii() and left.isalpha()) or (right.isascii() and right.isalpha()))
    ):
        return False
    if not written:
        return False
    # "AMANHÃ»" closes a quotation in Portuguese; only a letter after it makes it damage.
    quoted = last in "»”’“›" and not right.isalpha()
    return not (quoted and (left.isupper() or left in ("“", "«", "‘", "„")))


def links_in(text: str) -> list[str]:
    """Return the addresses of the links and pictures of a piece of HTML."""
    return [html.unescape(found.strip("\"'")).strip() for found in _LINK.findall(text)]


def _without_programmes(text: str) -> str:
    """Return HTML without the elements whose content nobody reads: scripts, styles, comments."""
    out: list[str] = []
    small = text.lower()
    at = 0
    for opened in _UNREAD.finditer(text):
        if opened.start() < at:
            continue
        close = "-->" if opened[2] else f"</{opened[1].lower()}"
        end = small.find(close, opened.end())
        if end < 0:
            continue
        out += (text[at : opened.start()], " ")
        at = small.find(">", end) + 1 or len(text)
    return "".join((*out, text[at:]))


def plain(text: str) -> str:
    """Return text without HTML: tags gone, breaks kept as line breaks, nothing unseen in it."""
    if "<" in text:
        text = _without_programmes(text)
        text = _BREAK.sub("\n", text)
        text = _TAG.sub("", text)
    return prose(text)


def one_line(text: str, *, joint: str = " ") -> str:
    """Return plain text as a single line.

    Args:
        joint: what stands where the lines met: a space in a name, a comma in an address.
    """
    text = plain(text)
    if "\n" not in text:
        return line(text)
    parts = [part.strip(" ,") for part in text.split("\n")]
    return line(joint.join(part for part in parts if part))
