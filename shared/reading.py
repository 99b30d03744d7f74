"""How an event's data is held against its contract: only what stands in it is looked at.

A profile has seventy fields, of which most say nothing. Building the model costs a look and a
default for each, at every node for every event of every other node; here the fields that are there
are checked by their own validators, and the model is made where somebody asks for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

Check = Callable[[Any], Any]
"""Checks a value; raises ``ValidationError`` or ``Unfit`` where it is not what it should be."""


class Unfit(ValueError):
    """Data does not hold what its model says; the text begins with the place."""


@dataclass(frozen=True, slots=True)
class SparseCheck:
    """Checks objects against a model field by field.

    Args:
        fields: the check of each field, by its name.
        required: the fields that must be there.
    """

    fields: Mapping[str, Check]
    required: frozenset[str]

    def __call__(self, data: Any) -> None:
        """Raise ``Unfit`` where the model would refuse the data."""
        if type(data) is not dict:
            raise Unfit("not an object")
        if not self.required <= data.keys():
            raise Unfit(f"{min(self.required - data.keys())}: is missing")
        fields, name = self.fields, ""
        try:
            for name, value in data.items():  # the name is told where one does not fit
                if name in fields:
                    fields[name](value)
        except ValidationError as error:
            raise Unfit(_first(name, error)) from error
        except Unfit as error:
            raise Unfit(f"{name}.{error}") from error


@dataclass(frozen=True, slots=True)
class _OrNothing:
    """Checks a value that may be null."""

    check: Check

    def __call__(self, value: Any) -> None:
        if value is not None:
            self.check(value)


@lru_cache(maxsize=256)
def sparse_check(model: type[BaseModel]) -> Check:
    """Return the check of a model's data, as it comes out of JSON.

    It refuses what the model refuses. A model whose validators are Python, or that minds fields it
    does not know, is asked itself.
    """
    decorators, config = model.__pydantic_decorators__, model.model_config
    own_code = (
        decorators.validators,
        decorators.field_validators,
        decorators.root_validators,
        decorators.model_validators,
    )
    fields = model.model_fields
    if (
        any(own_code)
        or config.get("extra", "ignore") != "ignore"
        or model.__pydantic_root_model__
        or any(info.validation_alias or info.alias for info in fields.values())
    ):
        return model.__pydantic_validator__.validate_python
    checks: dict[str, Check] = {}
    for name, info in fields.items():
        inner, optional = _model_of(info.annotation)
        if inner is not None and not info.metadata:
            check = sparse_check(inner)
            checks[name] = _OrNothing(check) if optional else check
        else:
            kind: Any = info.annotation
            if info.metadata:
                kind = Annotated[(kind, *info.metadata)]
            adapter = TypeAdapter[Any](kind, config=ConfigDict(strict=config.get("strict", False)))
            checks[name] = adapter.validator.validate_python
    required = frozenset(name for name, info in fields.items() if info.is_required())
    return SparseCheck(checks, required)


def _model_of(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the model that a field holds, and whether it may hold null instead."""
    parts = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    models = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
    optional = NoneType in parts
    if len(models) == 1 and len(parts) == 1 + optional:
        return models[0], optional
    return None, optional


def _first(name: str, error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join([name, *(str(part) for part in first['loc'])])}: {first['msg']}"
