"""Which ring, round or party is meant by the end of its id, or by a piece of its name."""

from collections.abc import Mapping
from typing import ClassVar, Final

from shared.refusals import Kind, Refusal

NAMED_MAX: Final = 5
SHORT: Final = 8
"""So many letters of an id's end are shown on a terminal."""


class NothingMeant(Refusal):
    """Nothing has an id that ends so, or a name with these words."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "nothing-meant"
    title: ClassVar[str] = "Nothing here is called that"


class SeveralMeant(Refusal):
    """Several have an id that ends so, or a name with these words."""

    kind: ClassVar[Kind] = Kind.BAD_REQUEST
    slug: ClassVar[str] = "several-meant"
    title: ClassVar[str] = "That could be several"


def meant(given: str, known: Mapping[str, str]) -> str:
    """Return the one id that is meant.

    Args:
        given: the id, its end, or a piece of the name; letters are not told apart by their size.
        known: the ids that it could be, with their names.

    Raises:
        NothingMeant, SeveralMeant
    """
    if given in known:
        return given
    ends = [one for one in known if given and one.endswith(given)]
    words = given.casefold()
    found = ends or [one for one, name in known.items() if words and words in name.casefold()]
    if not found:
        raise NothingMeant(given)
    if len(found) > 1:
        raise SeveralMeant(f"{given}: {', '.join(known[one] or one for one in found[:NAMED_MAX])}")
    return found[0]
