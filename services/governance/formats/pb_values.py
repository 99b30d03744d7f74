"""Budgets in the `.pb` files of Pabulib: three sections of lines whose cells a semicolon parts.

Amounts become whole numbers of the smallest unit that the file uses, so that 106165,64 is read
without loss. What a file says about its own winners is kept beside the ballots and decides
nothing. ``pb_reading`` reads such files, ``pb_files`` writes them; here they are values.

Source: the format as pabulib.org describes it, and what its files do besides: decimal commas, a
byte order mark, very long cells, and winners that were funded from elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from services.governance.formats.pb_amounts import whole


class VoteType(StrEnum):
    """What the ballots of a file say."""

    APPROVAL = "approval"
    CHOOSE_ONE = "choose-1"
    CUMULATIVE = "cumulative"
    SCORING = "scoring"
    ORDINAL = "ordinal"

    @property
    def gives_points(self) -> bool:
        """Whether a ballot gives each project its own number of points."""
        return self not in (VoteType.APPROVAL, VoteType.CHOOSE_ONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PbProject:
    """A project of a file; ``cost`` is in the file's smallest unit."""

    code: str
    cost: int
    selected: str = ""
    """The file's own mark: 1 funded, 0 not, others funded outside of the count, or nothing."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """All further cells, by the name of their column."""


class PbBallots(NamedTuple):
    """Equal ballots: whom they name, in the order of the file's projects, and how many they are."""

    projects: tuple[int, ...]
    points: tuple[int, ...] = ()
    """As many as projects, where the ballots give points; for an ordinal file Borda's."""
    ballots: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pabulib:
    """A `.pb` file as values.

    Args:
        meta: the section META as it stands; budget, numbers of projects and votes included.
        scale: how many smallest units make one unit of the file's currency: 1, 10, 100 ...
        total: the budget, in smallest units.
    """

    meta: Mapping[str, str]
    scale: int
    total: int
    vote_type: VoteType
    projects: tuple[PbProject, ...]
    ballots: tuple[PbBallots, ...]

    @property
    def votes(self) -> int:
        """Return how many ballots there are."""
        return sum(one.ballots for one in self.ballots)

    @property
    def threshold(self) -> int:
        """Return the least score of a project that can be funded; 0 where none is stated."""
        return whole(self.meta.get("min_project_score_threshold", "0"), "META", 0)

    @property
    def published(self) -> tuple[frozenset[str], frozenset[str]] | None:
        """Return the projects marked as funded, and those with another code than 0 and 1."""
        marks = {one.code: one.selected for one in self.projects if one.selected}
        if not marks:
            return None
        funded = frozenset(code for code, mark in marks.items() if mark == "1")
        return funded, frozenset(code for code, mark in marks.items() if mark not in ("0", "1"))
