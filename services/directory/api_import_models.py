"""What comes in over HTTP and what goes out: lists, previews, imports and their reports."""

from typing import Any, Final

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field

from services.directory.api_models import Visibility
from services.directory.importing.report import Outcome, Severity

_RUN_ID: Final = "0199c2f47d1a7c3e9b522f6f0a9d4e11"
_AT: Final = "2026-11-21T17:00:00.123Z"


class ListIn(BaseModel):
    """A list, and how it is to be read; what is not said is found out."""

    model_config = ConfigDict(extra="forbid")

    file: UploadFile
    mapping: str = Field(
        default="{}",
        max_length=200_000,
        description="What single columns are, as a JSON object; null leaves a column out.",
        examples=['{"Intitulé": "name", "Remarque": null}'],
    )
    source: str = Field(
        default="",
        max_length=60,
        description="The list's own name, the same for each edition; else the file's.",
        examples=["registre-souss"],
    )
    language: str = Field(default="", max_length=35, examples=["fr"])
    encoding: str | None = Field(default=None, max_length=40, examples=["windows-1256"])
    delimiter: str | None = Field(default=None, max_length=1, examples=[";"])
    sheet: str | None = Field(default=None, max_length=100, examples=["2026"])
    licence: str = Field(default="", max_length=250, examples=["CC0-1.0"])
    attribution: str = Field(default="", max_length=250, examples=["Réseau du Souss"])
    keep_without_place: bool = Field(
        default=False, description="Take rows with impossible coordinates without their place."
    )
    repair_coordinates: bool = Field(
        default=False, description="Take coordinates as what they were surely meant to be."
    )


class ImportIn(ListIn):
    """A list to be imported."""

    default_practice: str | None = Field(
        default=None,
        max_length=120,
        description="The practice of entities that come with neither practice nor activity.",
        examples=["practice:time-bank"],
    )
    visibility: Visibility = Field(
        default="federation", description="Who may know of new entities at all."
    )


class IssueOut(BaseModel):
    """One thing that is said of one row."""

    line: int = Field(examples=[12])
    column: str = Field(examples=["Latitude"])
    reason: str = Field(examples=["coordinates-swapped"])
    severity: Severity
    detail: str = Field(examples=["-9.68, 31.00"])
    sentence: str = Field(examples=["latitude and longitude are swapped"])


class ColumnOut(BaseModel):
    """A column and what it is taken for."""

    column: str = Field(examples=["Intitulé"])
    field: str = Field(description="Empty where it is not read.", examples=["name"])
    guessed: bool
    samples: list[str] = Field(examples=[["Tafsut n Wargan"]])


class RowOut(BaseModel):
    """A row as it would become."""

    line: int
    fields: dict[str, Any] | None = Field(examples=[{"name": "Tafsut n Wargan"}])
    issues: list[IssueOut]


class PreviewOut(BaseModel):
    """How a list was read."""

    kind: str = Field(examples=["csv"])
    encoding: str = Field(examples=["cp1256"])
    encoding_title: str = Field(examples=["Arabic (Windows)"])
    confidence: int = Field(description="In whole percent.", examples=[97])
    delimiter: str = Field(examples=[";"])
    sheet: str
    sheets: list[str]
    unit: str = Field(examples=["line"])
    rows: int = Field(examples=[35])
    columns: list[ColumnOut]
    unmapped: list[str]
    first: list[RowOut]
    notes: list[IssueOut]


class ReportOut(BaseModel):
    """The account of an import that has ended; rows = drafts + joined + those that became none."""

    reason: str = Field(description="Why it failed, if it did.")
    kind: str
    encoding: str
    unit: str
    columns: dict[str, str]
    unmapped: list[str]
    drafts: int
    joined: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    reasons: dict[str, int] = Field(examples=[{"coordinates-zero": 3}])
    notes: list[IssueOut]


class ImportOut(BaseModel):
    """An import: how far it is, and its account once it has ended."""

    id: str = Field(examples=[_RUN_ID])
    source: str = Field(examples=["registre-souss"])
    state: str = Field(description="waiting, running, done, failed or interrupted.")
    started_at: str = Field(examples=[_AT])
    ended_at: str = Field(examples=[_AT])
    rows: int = Field(examples=[35])
    done: int = Field(examples=[35])
    report: ReportOut | None = None


class ImportedRowOut(BaseModel):
    """What became of one entity of a list, or of a row that became none."""

    place: int
    line: int
    outcome: Outcome
    entity_id: str
    issues: list[IssueOut]
