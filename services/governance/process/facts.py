"""What every step of a decision has, and the kinds of field that steps are made of."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.fields import LINE_PATTERN, PROSE_PATTERN, Language
from shared.contracts.rings import Stamp

TITLE_MAX: Final = 250
TEXT_MAX: Final = 20_000
REASON_MAX: Final = 4_000
PERSON_MAX: Final = 161
NODE: Final = "node"
"""Who takes a step that the time has come for: nobody but the clock of this node."""

Person = Annotated[
    str, StringConstraints(min_length=1, max_length=PERSON_MAX, pattern=LINE_PATTERN)
]
"""The pseudonymous id of a person, or the id of an entity."""
Voter = Annotated[
    str, StringConstraints(max_length=PERSON_MAX + 2, pattern=r"^([pe]:[^\x00-\x20\x7f]+)?$")
]
"""``p:<person>`` or ``e:<entity>``, as a roll names them; empty for nobody."""
Title = Annotated[str, StringConstraints(min_length=1, max_length=TITLE_MAX, pattern=LINE_PATTERN)]
Text = Annotated[str, StringConstraints(max_length=TEXT_MAX, pattern=PROSE_PATTERN)]
Reason = Annotated[
    str, StringConstraints(min_length=1, max_length=REASON_MAX, pattern=PROSE_PATTERN)
]
MaybeReason = Annotated[str, StringConstraints(max_length=REASON_MAX, pattern=PROSE_PATTERN)]
Number = Annotated[int, Field(ge=1, le=100_000, strict=True)]
Count = Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
DecisionId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")]
MaybeDecisionId = Annotated[str, StringConstraints(pattern=r"^([0-9a-f-]{36})?$")]


class Fact(BaseModel):
    """A value that stands in a step; it is never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(Fact):
    """A title and a text in one language."""

    title: Title
    text: Text = ""


class File(Fact):
    """A file that is known by its hash; the file itself is kept elsewhere."""

    name: Title
    sha256: Sha256
    media_type: Annotated[str, StringConstraints(max_length=100, pattern=LINE_PATTERN)] = ""


class Step(Fact):
    """Something that happened to a decision: who did it, and when.

    Steps are written once and read for ever, so that a field is never taken away.
    """

    by: Person
    at: Stamp

    def as_data(self) -> dict[str, Any]:
        """Return the step as the plain JSON that is kept of it."""
        return self.model_dump(mode="json")


WordsByLanguage = Mapping[Language, Words]
