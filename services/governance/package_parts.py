"""The form of a recount package's parts: what each holds, and nothing that it does not.

Whoever writes a package writes its hashes, too. So a part may have no member that nobody counts
and that a reader could take for the result, and no number that is none.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from shared.canonical import trusted_canonical
from shared.contracts.fields import LINE_PATTERN, Language

_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Line = Annotated[str, Field(max_length=1_000, pattern=LINE_PATTERN)]
_Number = Annotated[int, Field(ge=0, le=2**31 - 1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Ballot(_Part):
    id: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    opens_at: AwareDatetime
    closes_at: AwareDatetime
    closed_at: AwareDatetime

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Self:
        if self.opens_at > min(self.closes_at, self.closed_at):
            raise ValueError("a ballot closes after it has opened")
        return self


class _UrnNote(_Part):
    kind: Literal["urn"]
    ticks: _Number
    slips: _Number
    note: _Line


class _DelegatedNote(_Part):
    kind: Literal["delegated"]
    votes: _Number
    abstaining: dict[Annotated[str, Field(pattern=r"^[a-z-]{1,40}$")], _Number]


class _Result(_Part):
    root: _Hash
    cast: _Number
    blank: _Number
    invalid: _Number
    issued: _Number
    call: Annotated[int, Field(ge=1, le=2)]
    standing_objections: _Number
    engine: _Line
    notes: list[Annotated[_UrnNote | _DelegatedNote, Field(discriminator="kind")]]
    rule_hash: _Hash
    report_hash: _Hash
    small_groups: list[_Line]


class _Roll(_Part):
    root: _Hash
    size: _Number


class _Texts(_Part):
    texts: dict[Language, _Hash]


_FORMS: Final[Mapping[str, type[_Part]]] = {"ballot": _Ballot, "result": _Result, "roll": _Roll}


def unfit(parts: Mapping[str, Any]) -> str:
    """Return the name of the first part that has not its form; empty where all have."""
    for name, form in _FORMS.items():
        if not _fits(form, parts[name]):
            return name
    if not _fits(_Texts, {"texts": parts["texts"]}):
        return "texts"
    codes = [one["code"] for one in parts["options"]]
    return "options" if len({*codes}) < len(codes) else ""


def _fits(form: type[_Part], part: Any) -> bool:
    try:
        form.model_validate_json(trusted_canonical(part))
    except ValidationError:
        return False
    return True
