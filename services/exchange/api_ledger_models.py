"""What comes in over HTTP and what goes out: accounts, transfers, requests, statements."""

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.exchange.ledger import AccountKind, AccountState, Step
from services.exchange.ledger_requests import RequestState
from services.exchange.ledger_sheets import SHEET_LINES_MAX
from shared.amounts import UnitCode, Whole

NOTE_LENGTH_MAX: Final = 280

_ACCOUNT: Final = "0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e11"
_TRANSFER: Final = "0199c2f4-9a01-7b11-8c52-5a6f0a9d4e12"
_ENTITY: Final = "souss:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e11"
_AT: Final = "2026-11-21T17:00:00.123Z"

# PostgreSQL keeps no NUL, and nobody types one.
Words = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Owner = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^[^\x00]+$",
        description="An entity's global id, or a person's pseudonymous id.",
        examples=[_ENTITY],
    ),
]
Side = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^[^\x00]+$",
        description="An account's id, or that of its owner.",
        examples=[_ENTITY],
    ),
]
MutualOrHours = Annotated[UnitCode, Field(examples=["hours"])]
Parts = Annotated[
    Whole, Field(description="In the unit's smallest part: minutes, hundredths.", examples=[90])
]
Limit = Annotated[
    Whole | None, Field(description="In the unit's smallest part; null for none.", examples=[-1200])
]


class LedgerUnitOut(BaseModel):
    """A unit in which this network keeps accounts."""

    code: str = Field(examples=["hours"])
    kind: Literal["time", "mutual"] = Field(examples=["time"])
    parts: int = Field(description="How many of the smallest part make one.", examples=[60])
    names: dict[str, str] = Field(examples=[{"en": "Hours", "fr": "Heures"}])
    floor: Whole = Field(description="Where an account has none of its own.", examples=[-1200])
    ceiling: Whole = Field(description="Where an account has none of its own.", examples=[6000])


class LedgerUnitsOut(BaseModel):
    """The units in which this network keeps accounts."""

    units: list[LedgerUnitOut]


class PurposeOut(BaseModel):
    """Something that transfers are for."""

    code: str = Field(examples=["care"])
    names: dict[str, str] = Field(examples=[{"en": "Care", "pt": "Cuidados"}])


class PurposesOut(BaseModel):
    """What transfers are for."""

    purposes: list[PurposeOut]


class AccountIn(BaseModel):
    """An account to open; it begins at zero."""

    model_config = ConfigDict(extra="forbid")

    owner: Owner
    kind: AccountKind = Field(examples=["entity"])
    unit: MutualOrHours = "hours"
    floor: Limit = None
    ceiling: Limit = None


class AccountChange(BaseModel):
    """What is to be different about an account; what is not said stays."""

    model_config = ConfigDict(extra="forbid")

    floor: Limit = None
    ceiling: Limit = None
    state: AccountState | None = Field(default=None, examples=["frozen"])


class AccountOut(BaseModel):
    """An account as it stands; the balance and what is available are both there."""

    id: str = Field(examples=[_ACCOUNT])
    unit: str = Field(examples=["hours"])
    kind: str = Field(examples=["entity"])
    owner: str = Field(examples=[_ENTITY])
    state: AccountState = Field(examples=["open"])
    posted: Parts = Field(description="The balance.")
    available: Parts | None = Field(description="How much may be given; null without a floor.")
    room: Parts | None = Field(description="How much may be received; null without a ceiling.")
    held_out: Parts = Field(description="What is held to be given.", examples=[0])
    held_in: Parts = Field(description="What is held to be received.", examples=[0])
    floor: Limit
    ceiling: Limit
    opened_at: str = Field(examples=[_AT])


class TransferIn(BaseModel):
    """Who gives whom how much, and what for. Of work, the payer is for whom it was done."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = Field(
        default=None,
        description="Yours, so that what is sent twice is one; we make one where it is missing.",
        examples=[_TRANSFER],
    )
    payer: Side
    payee: Side
    unit: MutualOrHours = "hours"
    amount: Parts
    purpose: str = Field(max_length=64, examples=["care"])
    note: Words = Field(default="", max_length=NOTE_LENGTH_MAX, examples=["two afternoons"])
    agreement: Words = Field(default="", max_length=200, examples=[""])
    happened_on: date | None = Field(default=None, examples=["2026-11-19"])


class SheetLineIn(TransferIn):
    """A line of a paper sheet."""

    id: UUID = Field(description="Of this line, the same each time.", examples=[_TRANSFER])


class SheetIn(BaseModel):
    """A paper sheet; each line is entered by itself."""

    model_config = ConfigDict(extra="forbid")

    lines: list[SheetLineIn] = Field(min_length=1, max_length=SHEET_LINES_MAX)


class SideOut(BaseModel):
    """One side of a transfer."""

    account: str = Field(examples=[_ACCOUNT])
    owner: str = Field(examples=[_ENTITY])


class TransferOut(BaseModel):
    """A transfer as it is kept; it never changes."""

    id: str = Field(examples=[_TRANSFER])
    step: Step = Field(examples=["posted"])
    kind: str = Field(description="Why it came about.", examples=["record"])
    unit: str = Field(examples=["hours"])
    payer: SideOut
    payee: SideOut
    amount: Parts
    purpose: str = Field(examples=["care"])
    note: str = Field(default="", examples=["two afternoons"])
    agreement: str = Field(default="", examples=[""])
    happened_on: str = Field(default="", examples=["2026-11-19"])
    hold: str | None = Field(default=None, description="The hold that it resolves.")
    reverses: str | None = Field(default=None, description="The transfer that it takes back.")
    group: str | None = Field(default=None, description="With which others it happens.")
    at: str = Field(examples=[_AT])


class ReversalIn(BaseModel):
    """A correction: the transfer the other way."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = Field(default=None, examples=[_TRANSFER])
    note: Words = Field(default="", max_length=NOTE_LENGTH_MAX, examples=["the wrong day"])


class TransfersOut(BaseModel):
    """Transfers that happened together."""

    transfers: list[TransferOut]


class SheetLineOut(BaseModel):
    """What became of a line."""

    id: str = Field(examples=[_TRANSFER])
    outcome: Literal["recorded", "known", "refused"] = Field(examples=["recorded"])
    type: str = Field(
        default="", description="Why it was refused.", examples=["/problems/limit-reached"]
    )
    title: str = Field(default="", examples=["An account would pass the limit"])
    detail: str = Field(default="", examples=[""])


class SheetOut(BaseModel):
    """What became of a sheet, in the order of its lines."""

    lines: list[SheetLineOut]


class RequestOut(BaseModel):
    """A transfer that its payee asks for, and what became of it."""

    id: str = Field(examples=[_TRANSFER])
    state: RequestState = Field(examples=["asked"])
    unit: str = Field(examples=["hours"])
    payer: SideOut
    payee: SideOut
    amount: Parts
    purpose: str = Field(examples=["care"])
    note: str = Field(default="", examples=["two afternoons"])
    agreement: str = Field(default="", examples=[""])
    happened_on: str = Field(default="", examples=["2026-11-19"])
    reason: str = Field(default="", description="Why it was declined.", examples=[""])
    asked_at: str = Field(examples=[_AT])
    expires_at: str = Field(examples=[_AT])
    decided_at: str = Field(default="", examples=[""])


class Declining(BaseModel):
    """Why nothing passes."""

    model_config = ConfigDict(extra="forbid")

    reason: Words = Field(default="", max_length=NOTE_LENGTH_MAX, examples=["it was one hour"])


class StandingOut(BaseModel):
    """How an account stood at a moment."""

    posted: Parts
    available: Parts | None
    held_out: Parts = Field(examples=[0])
    held_in: Parts = Field(examples=[0])


class StatementLineOut(BaseModel):
    """A transfer as one of its accounts sees it, and how the account stood after it."""

    id: str = Field(examples=[_TRANSFER])
    at: str = Field(examples=[_AT])
    happened_on: str = Field(default="", examples=["2026-11-19"])
    step: Step = Field(examples=["posted"])
    kind: str = Field(examples=["record"])
    purpose: str = Field(examples=["care"])
    other: str = Field(description="The owner of the other account.", examples=[_ENTITY])
    note: str = Field(default="", examples=["two afternoons"])
    agreement: str = Field(default="", examples=[""])
    hold: str | None = None
    reverses: str | None = None
    received: Parts
    given: Parts = Field(examples=[0])
    held: Parts = Field(description="Less is held where it is negative.", examples=[0])
    after: StandingOut


class StatementOut(BaseModel):
    """What has happened to an account, the oldest first."""

    account: AccountOut
    before: StandingOut = Field(description="How it stood before the first line.")
    lines: list[StatementLineOut]
    next: str | None = Field(
        default=None, description="What to hand in as `after` for the next lines."
    )


class FindingOut(BaseModel):
    """One invariant of the books."""

    invariant: str = Field(examples=["I1"])
    says: str = Field(examples=["each unit sums to zero, posted and pending"])
    holds: bool = Field(examples=[True])
    broken_by: list[str] = Field(default=[], examples=[[]])


class CheckOut(BaseModel):
    """Whether the books are right."""

    holds: bool = Field(examples=[True])
    findings: list[FindingOut]
