"""Settings written as TOML; the standard library only reads it.

Source: TOML 1.0.0, sections on basic strings, keys and tables.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


def written(settings: Mapping[str, object], *, heading: str) -> str:
    """Return settings as TOML: values first, then one table for each mapping.

    Args:
        settings: booleans, integers, text, lists of text, and mappings of these.
        heading: a comment of one line for the reader of the file.
    """
    values = {key: value for key, value in settings.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in settings.items() if isinstance(value, Mapping)}
    lines = [f"# {heading}", *_lines(values)]
    for key, table in tables.items():
        lines += ["", f"[{_key(key)}]", *_lines(table)]
    return "\n".join(lines) + "\n"


def _lines(values: Mapping[str, object]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in values.items()]


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    assert isinstance(value, Sequence), f"{type(value).__name__} is no setting"
    return "[" + ", ".join(_value(item) for item in value) + "]"


def _text(text: str) -> str:
    # JSON's escapes are TOML's too, but for DEL, which JSON leaves as it is and TOML forbids.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
