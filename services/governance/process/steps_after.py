"""Steps of the follow-up: what was adopted is done, late, or dropped, with its accounts."""

from typing import Literal

from pydantic import Field

from services.governance.process.facts import File, MaybeReason, Reason, Step


class FollowUpLate(Step):
    """The deadline has passed and nothing was reported."""

    what: Literal["follow-up-late"] = "follow-up-late"


class FollowUpDone(Step):
    """What was adopted has been done."""

    what: Literal["follow-up-done"] = "follow-up-done"
    report: MaybeReason = ""
    files: tuple[File, ...] = Field(default=(), max_length=50)


class FollowUpDropped(Step):
    """What was adopted will not be done, and why."""

    what: Literal["follow-up-dropped"] = "follow-up-dropped"
    reason: Reason
    files: tuple[File, ...] = Field(default=(), max_length=50)


class FileAttached(Step):
    """Accounts, or another file, were attached by their hash."""

    what: Literal["file-attached"] = "file-attached"
    file: File
