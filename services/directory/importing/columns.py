"""Which column is which field: as its name is recognised, or as a person says."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.directory.importing.headers import BY_LANGUAGE, Target, known_fields, recognised
from services.directory.importing.limits import BadMapping

NAME_RANKS: Final = 3
"""So many of the first names for the name are never anything else: "nom", "titre"."""

OPEN: Final = ("identifier:", "link:")
"""Beginnings of fields whose ends are open lists: a register, a kind of page."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column is which field, and which columns are not read."""

    targets: Mapping[str, Target]
    unmapped: tuple[str, ...]

    def columns(self, field: str) -> list[tuple[str, Target]]:
        """Return the columns of one field, the most usual name first."""
        found = [
            (column, target) for column, target in self.targets.items() if target.field == field
        ]
        return sorted(found, key=lambda pair: pair[1].rank)

    def as_json(self) -> dict[str, str]:
        """Return the mapping as a person may keep, change and hand in again."""
        told = {column: target.key for column, target in self.targets.items()}
        return told | dict.fromkeys(self.unmapped, "")


def told_mapping(data: bytes) -> dict[str, str | None]:
    """Return the mapping that a person keeps in a JSON file: ``{"column": "field"}``.

    Raises:
        BadMapping: it is not an object of texts.
    """
    try:
        told = json.loads(data)
    except ValueError as error:
        raise BadMapping("the mapping is not JSON") from error
    if not isinstance(told, dict):
        raise BadMapping("the mapping is not an object")
    for column, field in told.items():
        if field is not None and not isinstance(field, str):
            raise BadMapping(f"column {column[:60]!r} is mapped to no field", column=column[:60])
    return told


def mapped(columns: Iterable[str], told: Mapping[str, Any] | None = None) -> ColumnMapping:
    """Return what each column is.

    Args:
        columns: the names of the columns, in their order.
        told: what a person says: ``{column: field}``, with ``field@language`` for a text in one
            language and ``""`` or None for a column that is not to be read.

    Raises:
        BadMapping: a column or a field is not known.
    """
    names = tuple(columns)
    said = _checked(told or {}, names)
    targets: dict[str, Target] = {}
    unmapped: list[str] = []
    for column in names:
        target = said[column] if column in said else recognised(column)
        if target is None:
            unmapped.append(column)
        else:
            targets[column] = target
    _one_name(targets, unmapped, said)
    return ColumnMapping(targets, tuple(unmapped))


def _one_name(
    targets: dict[str, Target], unmapped: list[str], said: Mapping[str, Target | None]
) -> None:
    """Leave out columns that may be names, where a column surely is: "association" beside "nom"."""
    ranks = {
        column: target.rank
        for column, target in targets.items()
        if target.field == "name" and target.language is None and column not in said
    }
    told = any(target is not None and target.key == "name" for target in said.values())
    best = -1 if told else min(ranks.values(), default=0)
    for column, rank in ranks.items():
        if rank != best and (told or rank >= NAME_RANKS):
            del targets[column]
            unmapped.append(column)


def _checked(told: Mapping[str, Any], columns: tuple[str, ...]) -> dict[str, Target | None]:
    said: dict[str, Target | None] = {}
    for column, value in told.items():
        if column not in columns:
            raise BadMapping(f"there is no column {column[:60]!r}", column=column[:60])
        if value is None or value == "":
            said[column] = None
            continue
        if not isinstance(value, str):
            raise BadMapping(f"column {column[:60]!r} is mapped to no field", column=column[:60])
        field, _, language = value.partition("@")
        of_open_list = field.startswith(OPEN) and re.fullmatch(
            r"[a-z][a-z0-9_]{0,39}", field.partition(":")[2]
        )
        if (field not in known_fields() and not of_open_list) or (
            language and field not in BY_LANGUAGE
        ):
            raise BadMapping(f"there is no field {value[:60]!r}", column=column[:60])
        said[column] = Target(field, language or None)
    return said
