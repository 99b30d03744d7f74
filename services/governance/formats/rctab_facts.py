"""The configuration of a contest as it is written: JSON, with numbers in text."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.governance.formats import read_bytes
from services.governance.formats.contest import wrong

Facts = Mapping[str, Any]


def facts_of(path: Path) -> Facts:
    """Return what a configuration says.

    Raises:
        NoContestFile: it is not there.
        BadContestFile: it is no object of JSON.
    """
    try:
        facts = json.loads(read_bytes(path))
    except ValueError as error:
        raise wrong(f"{path.name} is not JSON") from error
    if not isinstance(facts, dict):
        raise wrong(f"{path.name} is no configuration")
    return facts


def rules_of(facts: Facts) -> Facts:
    """Return the rules of a configuration."""
    rules = facts.get("rules")
    if not isinstance(rules, dict):
        raise wrong("it is no configuration of a contest")
    return rules


def sources_of(facts: Facts) -> list[dict[str, Any]]:
    """Return what a configuration says of each file of records."""
    found = facts.get("cvrFileSources")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise wrong("its list of files is missing")
    return found


def candidates_of(facts: Facts) -> list[dict[str, Any]]:
    """Return the candidates of a configuration, those that are excluded too."""
    found = facts.get("candidates")
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in found
    ):
        raise wrong("its list of candidates is missing")
    if len({one["name"].strip() for one in found}) < len(found):
        raise wrong("two candidates have one name")
    return found


def whole(facts: Facts, key: str, default: int | None = None) -> int:
    """Return a whole number of a configuration, which writes them as text."""
    value = str(facts.get(key) if facts.get(key) is not None else "").strip()
    if not value and default is not None:
        return default
    if not value.isdecimal() or len(value) > 9:
        raise wrong(f"{key} is no whole number")
    return int(value)
