"""Settings: typed fields with a default and a sentence each, read from ``TWIZA_<SERVICE>_*``.

A service runs with none of them set. What is set and does not exist is refused, because a setting
with a slip of the pen would else do nothing, silently.
"""

import os
from collections.abc import Iterable
from typing import Any, ClassVar, Final, NamedTuple, Self

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from shared.refusals import Kind, Refusal

PREFIX: Final = "TWIZA_"


class BadSetting(Refusal):
    """A setting does not exist, or its value is not what it takes."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-setting"
    title: ClassVar[str] = "A setting does not exist, or its value is not what it takes"


class Described(NamedTuple):
    """A setting as the operators' page tells it."""

    variable: str
    type: str
    default: str
    meaning: str


class Settings(BaseSettings):
    """The settings of one service; a subclass names it: ``class Ours(Settings, service="node")``.

    Each field is typed and has a default and a docstring beneath it; a class that lacks one of the
    three does not come into being.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )

    def __init_subclass__(cls, *, service: str = "", **kwargs: Any) -> None:
        """Take the name of the service; what is done with it waits until the fields are known."""
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, *, service: str = "", **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if service:
            cls.model_config["env_prefix"] = f"{PREFIX}{service.upper()}_"
        for name, field in cls.model_fields.items():
            if field.is_required() or not field.description:
                raise TypeError(f"{cls.__name__}.{name} lacks its default or its docstring")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what the program hands in, then the environment, and nothing that lies about."""
        return init_settings, env_settings

    @classmethod
    def read(cls, **given: Any) -> Self:
        """Return the settings of this process.

        Args:
            given: values that stand over the environment, by the name of the field.

        Raises:
            BadSetting: a value is not what its field takes, or a variable of this service names
                no field. The value itself is not repeated: it may be a secret.
        """
        unknown = cls.unknown(os.environ)
        if unknown:
            raise BadSetting(f"there is no {', '.join(unknown)}")
        try:
            return cls(**given)
        except ValidationError as error:
            wrong = (
                f"{cls.variable(str(one['loc'][0]))}: {one['msg']}"
                for one in error.errors(include_input=False, include_context=False)
            )
            raise BadSetting("; ".join(wrong)) from None
        except SettingsError as error:
            named = [cls.variable(name) for name in cls.model_fields if f'"{name}"' in str(error)]
            raise BadSetting(f"{', '.join(named)}: a list is written as JSON") from None

    @classmethod
    def variable(cls, field: str) -> str:
        """Return the environment variable of a field."""
        return f"{cls.model_config['env_prefix']}{field}".upper()

    @classmethod
    def unknown(cls, environ: Iterable[str]) -> list[str]:
        """Return the variables that begin like this service's and name no field."""
        known = {cls.variable(field) for field in cls.model_fields}
        prefix = cls.variable("")
        return sorted(name for name in environ if name.startswith(prefix) and name not in known)

    @classmethod
    def described(cls) -> list[Described]:
        """Return every setting with its variable, type, default and meaning."""
        return [
            Described(
                cls.variable(name),
                _type_name(field.annotation),
                str(field.get_default(call_default_factory=True)),
                field.description or "",
            )
            for name, field in cls.model_fields.items()
        ]


def _type_name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
