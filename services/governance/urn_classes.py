"""The classes of an urn: equal choices together, as a count takes them."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import orjson

from services.governance.receipts import Cast


def classes_of(casts: Iterable[Cast]) -> list[tuple[dict[str, Any], int]]:
    """Return what was said and how often, in the order of the texts."""
    said = Counter(cast.choice for cast in casts)
    return [(orjson.loads(choice), number) for choice, number in sorted(said.items())]
