"""Web addresses as people write them: without scheme, several in a cell, with words around them."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from shared import cleaning
from shared.cleaning import BadUrl

_SCHEME: Final = re.compile(
    r"(?i)^(?:www\.(?=http))?h?ttps?\s*[:;]?\s*[/\\]{1,3}(?:https?:/{1,2})?(?=\S)"
)
_BARE: Final = re.compile(r"(?i)^(?:[\w-]+\.)+[^\W\d_]{2,24}(?::\d{1,5})?(?:[/?#]\S*)?$")
_HOST: Final = re.compile(
    r"(?i)(?:[\w](?:[\w-]{0,61}[\w])?\.)+(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{1,59})"
)
_BETWEEN: Final = re.compile(r"[\s;]+|[|](?=http|www\.)|,(?=\s|http|www\.)")
_HANDLE: Final = re.compile(r"@?([A-Za-z0-9_.-]{2,60})")
_NETWORKS: Final = {
    "facebook": "https://www.facebook.com/",
    "twitter": "https://twitter.com/",
    "instagram": "https://www.instagram.com/",
    "telegram": "https://t.me/",
    "linkedin": "https://www.linkedin.com/company/",
}
_SITES: Final = {
    "facebook.com": "facebook",
    "fb.com": "facebook",
    "twitter.com": "twitter",
    "x.com": "twitter",
    "instagram.com": "instagram",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "linkedin.com": "linkedin",
    "t.me": "telegram",
}


# Signs that addresses hold in spite of the standard; written out they mean the same.
_ENCODED: Final = {ord(sign): f"%{ord(sign):02X}" for sign in '[]{}|^`\\"<>'}


class Addresses(NamedTuple):
    """The addresses of a cell, and what of it could not be read."""

    urls: tuple[str, ...]
    unread: str = ""


def addresses_in(text: str) -> Addresses:
    """Return the web addresses of a cell, in their order, and what is left of the cell.

    A scheme is put before an address that lacks one. Addresses with a name and a password, or
    with a space inside them, are not read.
    """
    text = text.replace("&amp;", "&").replace("\xa0", " ").strip()
    if not text:
        return Addresses(())
    found: list[str] = []
    unread: list[str] = []
    for word in _BETWEEN.split(text):
        if not word:
            continue
        url = web_address(word)
        if url is not None:
            found.append(url)
        elif "/" in word and found and not word.startswith(("@", "(")):
            # The rest of an address with a space in it: neither half is to be trusted.
            unread.append(found.pop())
            unread.append(word)
        else:
            unread.append(word)
    if found:
        # Words and handles around an address do no harm.
        broken = [word for word in unread if "/" in word]
        return Addresses(tuple(dict.fromkeys(found)), " ".join(broken))
    return Addresses((), text)


def web_address(word: str) -> str | None:
    """Return one word as a web address, or None if it is none."""
    word = word.strip("<>\"'()[],;").rstrip(".:")
    scheme = _SCHEME.match(word)
    if scheme:
        secure = "https" if "https" in scheme.group().lower() else "http"
        word = f"{secure}://{word[scheme.end() :].translate(_ENCODED)}"
    elif _BARE.match(word):
        word = f"http://{word}"
    else:
        return None
    try:
        url = cleaning.web_address(word)
    except BadUrl:
        return None
    return url if _HOST.fullmatch(urlsplit(url).hostname or "") else None


def of_network(kind: str, text: str) -> str | None:
    """Return the address of a page of a social network, from an address or from a bare handle."""
    found = addresses_in(text)
    if found.urls:
        return found.urls[0]
    handle = _HANDLE.fullmatch(text.strip())
    if handle and kind in _NETWORKS:
        return _NETWORKS[kind] + handle[1]
    return None


def kind_of(url: str) -> str:
    """Return what kind of page an address is, by its host."""
    host = urlsplit(url).hostname or ""
    for site, kind in _SITES.items():
        if host == site or host.endswith(f".{site}"):
            return kind
    return "website"
