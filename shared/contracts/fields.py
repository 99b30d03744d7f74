"""The kinds of field that events are made of: lines, texts, codes, places, times.

They are constrained types that pydantic checks without calling Python, because every node checks
every event of every other node. Each limit has a name; lengths are in characters.
"""

from typing import Annotated, Final

from pydantic import Field, StringConstraints

DEGREE: Final = 10_000_000
"""Units of a coordinate in one degree."""
LATITUDE_MAX: Final = 90 * DEGREE
LONGITUDE_MAX: Final = 180 * DEGREE

LANGUAGE_TAG_MAX: Final = 35
NAME_MAX: Final = 250
LINE_MAX: Final = 250
SUMMARY_MAX: Final = 250
DESCRIPTION_MAX: Final = 8_000
EVIDENCE_MAX: Final = 1_000
URL_MAX: Final = 1_000
TAG_MAX: Final = 100
EMAIL_MAX: Final = 254
PHONE_MAX: Final = 40
CODE_MAX: Final = 105
HEADCOUNT_MAX: Final = 1_000_000_000

# Control characters break databases (NUL) and pages; embeddings and overrides of direction let one
# name pass for another. A line has neither, a longer text may have line breaks and tabs.
LINE_PATTERN: Final = r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]*$"
PROSE_PATTERN: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]*$"
_WORD: Final = r"^[a-z][a-z0-9_]*$"
_DAY: Final = r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"
_INSTANT: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})$"
)

Language = Annotated[
    str,
    StringConstraints(
        pattern=r"^([A-Za-z]{2,8}|[xX])(-[A-Za-z0-9]{1,8})*$", max_length=LANGUAGE_TAG_MAX
    ),
]
"""A BCP 47 tag: ``ar``, ``ary``, ``zgh-Tfng``, ``pt-BR``."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_MAX, pattern=LINE_PATTERN)]
Line = Annotated[str, StringConstraints(max_length=LINE_MAX, pattern=LINE_PATTERN)]
Summary = Annotated[str, StringConstraints(max_length=SUMMARY_MAX, pattern=PROSE_PATTERN)]
Prose = Annotated[str, StringConstraints(max_length=DESCRIPTION_MAX, pattern=PROSE_PATTERN)]
Evidence = Annotated[str, StringConstraints(max_length=EVIDENCE_MAX, pattern=PROSE_PATTERN)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=TAG_MAX, pattern=LINE_PATTERN)]
Code = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z][a-z0-9-]{0,39}:[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=CODE_MAX
    ),
]
"""A term of a vocabulary, ``scheme:code``, as in ``practice:time-bank``."""
Word = Annotated[str, StringConstraints(pattern=_WORD, max_length=40)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
Url = Annotated[
    str, StringConstraints(pattern=r"^https?://[^\s<>\"\x00-\x1f\x7f]+$", max_length=URL_MAX)
]
Uri = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9-]+:[^\s<>\"\x00-\x1f\x7f]+$", max_length=URL_MAX),
]
"""An address, or an id of the federation (``<node>:<uuid7>``)."""
Day = Annotated[str, StringConstraints(pattern=_DAY)]
"""``2019``, ``2019-04`` or ``2019-04-30``: as much as is known."""
Instant = Annotated[str, StringConstraints(pattern=_INSTANT, max_length=40)]
Email = Annotated[
    str, StringConstraints(pattern=r"^[^\s@<>\x00-\x1f]+@[^\s@<>\x00-\x1f]+$", max_length=EMAIL_MAX)
]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=PHONE_MAX, pattern=LINE_PATTERN)]
Headcount = Annotated[int, Field(ge=0, le=HEADCOUNT_MAX)]
Percent = Annotated[int, Field(ge=0, le=100)]
Latitude = Annotated[int, Field(ge=-LATITUDE_MAX, le=LATITUDE_MAX)]
Longitude = Annotated[int, Field(ge=-LONGITUDE_MAX, le=LONGITUDE_MAX)]
