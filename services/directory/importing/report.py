"""What an import says of each row: issues with a reason, and totals that add up."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

DETAIL_MAX: Final = 160
"""Characters of a detail: enough to find the cell, too few to carry a whole text about."""


class Severity(StrEnum):
    """How grave an issue is for its row."""

    REJECTED = "rejected"
    """The row was not taken."""
    WARNING = "warning"
    """The row was taken without what the issue names."""
    NOTE = "note"
    """The row was taken, and something in it was mended or is worth a look."""


class Outcome(StrEnum):
    """What became of a draft in the directory; whoever stores it decides."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SUGGESTED_DUPLICATE = "suggested-duplicate"
    REJECTED = "rejected"


REASONS: Final[dict[str, str]] = {
    "no-name": "the row has no name",
    "name-too-long": "the name is too long",
    "more-cells-than-columns": "the row has more cells than the header has columns",
    "cell-too-long": "a cell is longer than a cell may be",
    "quote-never-closed": "a quotation mark opens a cell and nothing closes it",
    "row-unreadable": "the row cannot be read",
    "not-a-feature": "this is not a feature, but something else",
    "coordinate-missing": "one of the two coordinates is missing",
    "coordinate-is-text": "a coordinate is text where the format wants a number",
    "coordinate-not-a-number": "a coordinate is not a number",
    "latitude-out-of-range": "a latitude lies between -90 and 90",
    "longitude-out-of-range": "a longitude lies between -180 and 180",
    "coordinates-zero": "0, 0 lies in the sea and stands for an unknown place",
    "coordinates-swapped": "latitude and longitude are swapped",
    "coordinates-unreadable": "the coordinates cannot be read",
    "coordinates-repaired": "the coordinates were repaired as the person asked",
    "coordinates-coarse": "the coordinates have few decimals: the place is not exact",
    "place-of-a-shape": "the place is the middle of a line or an area",
    "country-unknown": "the country is not known by that name",
    "country-guessed": "the country was recognised in spite of its spelling",
    "country-corrected": "the country's code is that of another one, as the coordinates show",
    "country-from-place": "the country was taken from the coordinates",
    "country-disagrees": "the coordinates do not lie in the country",
    "postcode-filled-up": "the zeros that a spreadsheet takes from a postcode were put back",
    "url-unreadable": "this is not a web address",
    "url-shared-by-most": "nearly all rows have this address: it is the list's, not the entity's",
    "code-unknown": "the vocabulary has no such term; kept as a tag where it reads as one",
    "value-unreadable": "the field does not take this value",
    "number-unreadable": "this is not a whole number",
    "counts-disagree": "a part is greater than the whole, so the parts are left out",
    "date-unreadable": "this is not a date",
    "date-ambiguous": "day and month may be swapped",
    "too-many-values": "the field takes fewer values",
    "too-many-addresses": "an entity has at most so many addresses: this one is left out",
    "summary-shortened": "the summary is too long: it was cut, and stands whole in the description",
    "text-cut": "the text is too long and was cut",
    "text-damaged": "letters were lost before the list came here (U+FFFD)",
    "text-mended": "double encoding or entities in the text were undone",
    "html-removed": "HTML was removed from the text",
    "encoding-doubtful": "the encoding is guessed: see whether the texts read well",
    "bytes-unreadable": "bytes of the file are no letters in its encoding",
    "column-guessed": "the column was recognised in spite of its spelling",
    "contact-kept-back": "the contact stays at home, unseen, until consent is recorded",
    "contact-in-text": "an e-mail address was taken out of the text, which everybody reads",
    "contact-unreadable": "this is neither a telephone number nor an e-mail address",
    "repeats-earlier-row": "an earlier row says the same of the same entity",
    "joins-earlier-row": "the row adds a place to the entity of an earlier row",
    "same-name-and-place": "an earlier row with another identifier has the same name and place",
    "identifier-shared": "rows with different names have this identifier: it identifies neither",
    "field-refused": "the profile does not take the field as it stands",
}
"""The reasons by their slugs, in English; pages translate by the slug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowIssue:
    """One thing that is to be said of one row.

    Args:
        line: where the row begins: a line of text, a row of a sheet, the number of a feature.
        column: the column's name in the file, empty if the whole row is meant.
        reason: a slug of ``REASONS``.
        detail: what stands there, cut short; never a contact.
    """

    line: int
    reason: str
    severity: Severity
    column: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        """Hold the issue to the known reasons and a short detail."""
        assert self.reason in REASONS, self.reason
        if len(self.detail) > DETAIL_MAX:
            object.__setattr__(self, "detail", self.detail[: DETAIL_MAX - 1] + "…")

    @property
    def sentence(self) -> str:
        """The reason in English, with what stands there."""
        said = REASONS[self.reason]
        return f"{said}: {self.detail}" if self.detail else said


@dataclass(slots=True)
class Report:
    """The account of an import, row by row.

    Every row that was read became a draft, joined the draft of another row, or was rejected; and
    every draft has an outcome once it is stored.
    """

    rows: int = 0
    drafts: int = 0
    joined: int = 0
    rejected: int = 0
    issues: list[RowIssue] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    def note(self, issues: Iterable[RowIssue]) -> None:
        """Keep issues of rows that are counted elsewhere."""
        self.issues.extend(issues)

    def reject(self, issues: Iterable[RowIssue]) -> None:
        """Count one row as rejected, for the reasons given."""
        self.rejected += 1
        self.issues.extend(issues)

    def settle(self, outcome: Outcome) -> None:
        """Count what became of one draft."""
        self.outcomes[outcome] += 1

    @property
    def adds_up(self) -> bool:
        """Whether every row read so far has been accounted for."""
        return self.rows == self.drafts + self.joined + self.rejected

    @property
    def settled(self) -> bool:
        """Whether every draft has an outcome."""
        return self.drafts == sum(self.outcomes.values())

    def by_reason(self) -> dict[str, int]:
        """Return how often each reason occurs, most frequent first."""
        return dict(Counter(issue.reason for issue in self.issues).most_common())

    def of(self, severity: Severity) -> Iterator[RowIssue]:
        """Return the issues of one severity, in the order of their lines."""
        return (issue for issue in self.issues if issue.severity is severity)


def rejection(line: int, reason: str, detail: str = "", *, column: str = "") -> RowIssue:
    """Return an issue for which a row is not taken."""
    return RowIssue(
        line=line, column=column, reason=reason, detail=detail, severity=Severity.REJECTED
    )


def warning(line: int, reason: str, detail: str = "", *, column: str = "") -> RowIssue:
    """Return an issue for which a row loses something."""
    return RowIssue(
        line=line, column=column, reason=reason, detail=detail, severity=Severity.WARNING
    )


def remark(line: int, reason: str, detail: str = "", *, column: str = "") -> RowIssue:
    """Return an issue that is only worth a look."""
    return RowIssue(line=line, column=column, reason=reason, detail=detail, severity=Severity.NOTE)
