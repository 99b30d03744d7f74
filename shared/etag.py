"""Entity tags: a name for what a thing is now, so that nobody overwrites what they have not seen.

All tags are strong (RFC 9110, section 8.8.3): one tag, one sequence of bytes. What differs by
language or by reader must say so in the tag.
"""

import re
from typing import ClassVar, Final

from shared.refusals import Kind, Refusal

TAG_LENGTH_MAX: Final = 200

_PART: Final = re.compile(r"[A-Za-z0-9_.:-]+")
_TAG: Final = re.compile(r'\s*(?P<weak>W/)?(?P<tag>"[\x21\x23-\x7e]*")\s*(?:,|\Z)')


class ChangedMeanwhile(Refusal):
    """Somebody else has changed a thing since the asker read it."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    slug: ClassVar[str] = "changed-meanwhile"
    title: ClassVar[str] = "It has changed since you read it; read it again"


class MatchRequired(Refusal):
    """A change was asked for without saying what is changed."""

    kind: ClassVar[Kind] = Kind.PRECONDITION_REQUIRED
    slug: ClassVar[str] = "match-required"
    title: ClassVar[str] = "Say in If-Match which state you read; its ETag says it"


class BadMatch(Refusal):
    """A header of conditions that holds no entity tags."""

    kind: ClassVar[Kind] = Kind.BAD_REQUEST
    slug: ClassVar[str] = "bad-match"
    title: ClassVar[str] = "This header takes entity tags, or a star"


def etag(*parts: str | int) -> str:
    """Return the strong tag of a thing: its revision, a hash, its language, as many as it needs."""
    texts = [str(part) for part in parts]
    assert texts, "a tag names something"
    assert all(_PART.fullmatch(text) for text in texts), "a tag is made of plain words"
    tag = f'"{"/".join(texts)}"'
    assert len(tag) <= TAG_LENGTH_MAX
    return tag


def require_match(if_match: str | None, current: str) -> None:
    """Return quietly when the asker has seen a thing as it is now.

    It is asked within the unit of work that changes the thing, so that nothing comes in between.

    Args:
        if_match: the request's header, if it has one.
        current: the tag of the thing as it is.

    Raises:
        MatchRequired: there is no header.
        BadMatch: it holds no entity tags.
        ChangedMeanwhile: it names other states than the present one; a weak tag names none.
    """
    if if_match is None:
        raise MatchRequired()
    if if_match.strip() == "*":
        return
    if (False, current) not in _tags(if_match):
        raise ChangedMeanwhile(etag=current)


def unchanged(if_none_match: str | None, current: str) -> bool:
    """Return whether the asker has a thing already as it is now.

    Raises:
        BadMatch: the header holds no entity tags.
    """
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    # A proxy that packs an answer makes its tag weak; what it names is the same (section 13.1.2).
    return current in {tag for _, tag in _tags(if_none_match)}


def _tags(header: str) -> list[tuple[bool, str]]:
    """Return the tags of a header, each with whether it is weak."""
    tags: list[tuple[bool, str]] = []
    at = 0
    while at < len(header):
        found = _TAG.match(header, at)
        if found is None:
            raise BadMatch()
        tags.append((found["weak"] is not None, found["tag"]))
        at = found.end()
    if not tags:
        raise BadMatch()
    return tags
