"""Which vectors there are, and the files in which they lie."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tools.vectors.bytes_and_keys import canonical_json, keys
from tools.vectors.letters import letters
from tools.vectors.logs import order, pages, reopening
from tools.vectors.meeting import joining, repair, tokens
from tools.vectors.refused import door, events
from tools.vectors.wire_names import names

FOLDER: Final = Path(__file__).parents[2] / "docs" / "protocol" / "vectors"

MAKERS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "canonical": canonical_json,
    "keys": keys,
    "pages": pages,
    "door": door,
    "order": order,
    "events": events,
    "reopening": reopening,
    "names": names,
    "repair": repair,
    "joining": joining,
    "letters": letters,
    "tokens": tokens,
}


def text_of(vectors: dict[str, Any]) -> str:
    """Return vectors as their file holds them."""
    return json.dumps(vectors, indent=1, ensure_ascii=False) + "\n"


def write() -> None:
    """Write every file anew."""
    for name, make in MAKERS.items():
        (FOLDER / f"{name}.json").write_text(text_of(make()), "utf-8")
