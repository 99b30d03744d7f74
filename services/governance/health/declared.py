"""What stewards declare of a year, each with who attests it: pay, surplus, work, business, books.

A declaration is added and never changed; a newer one of the same kind and year takes its place.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from services.governance.assemblies.steps import Part, Sha256
from services.governance.cycles.steps import AMOUNT_MAX, Date
from services.governance.health.signs import LIMITS
from services.governance.rules import Code
from shared.contracts.fields import LINE_PATTERN

YEAR_MIN: Final = 1900
YEAR_MAX: Final = 2200
USES_MAX: Final = 20

Year = Annotated[int, Field(ge=YEAR_MIN, le=YEAR_MAX, strict=True)]
Amount = Annotated[int, Field(ge=0, le=AMOUNT_MAX, strict=True)]
DecisionId = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]


class Attestation(Part):
    """Who stands for the numbers besides the steward, and the hash of the paper that says so."""

    by: Annotated[str, Field(min_length=1, max_length=250, pattern=LINE_PATTERN)]
    """In what quality: the accountant, two members of the control committee."""
    sha256: Sha256


class _Declaration(Part):
    year: Year
    attestation: Attestation


class Pay(_Declaration):
    """The highest and the lowest full-time pay before deductions, in the same unit."""

    kind: Literal["pay"] = "pay"
    highest: int = Field(ge=1, le=AMOUNT_MAX, strict=True)
    lowest: int = Field(ge=1, le=AMOUNT_MAX, strict=True)

    @model_validator(mode="after")
    def _highest_is_no_lower(self) -> Self:
        if self.highest < self.lowest:
            raise ValueError("the highest pay is not below the lowest")
        return self


class Surplus(_Declaration):
    """Where the surplus of a year went, use by use, and the decision that had shared it out."""

    kind: Literal["surplus"] = "surplus"
    uses: Annotated[dict[Code, Amount], Field(min_length=1, max_length=USES_MAX)]
    decision: DecisionId | None = None


class Workers(_Declaration):
    """How many people work in the network's enterprises, and how many of them are members."""

    kind: Literal["workers"] = "workers"
    workers: Amount
    members: Amount

    @model_validator(mode="after")
    def _members_are_some_of_them(self) -> Self:
        if self.members > self.workers:
            raise ValueError("member workers are some of the workers")
        return self


class Business(_Declaration):
    """The turnover of a year, and what of it was done with non-members."""

    kind: Literal["business"] = "business"
    turnover: Amount
    outside: Amount

    @model_validator(mode="after")
    def _outside_is_some_of_it(self) -> Self:
        if self.outside > self.turnover:
            raise ValueError("business with non-members is a part of all")
        return self


class Accounts(_Declaration):
    """On which day the accounts of a year were published; their hash is in the attestation."""

    kind: Literal["accounts"] = "accounts"
    published_on: Date


class DecidedLimit(Part):
    """Another limit from which on a sign is an alert, as the network has decided it."""

    kind: Literal["threshold"] = "threshold"
    year: Year
    limit: Annotated[str, Field(max_length=40)]
    n: int = Field(ge=0, le=1_000_000, strict=True)
    d: int = Field(ge=1, le=1_000_000, strict=True)
    decision: DecisionId

    @model_validator(mode="after")
    def _is_of_a_known_limit(self) -> Self:
        if self.limit not in LIMITS:
            raise ValueError(f"there is no such limit; known are {', '.join(sorted(LIMITS))}")
        return self


Declaration = Pay | Surplus | Workers | Business | Accounts | DecidedLimit
DECLARATION: Final[TypeAdapter[Declaration]] = TypeAdapter(
    Annotated[Declaration, Field(discriminator="kind")]
)
