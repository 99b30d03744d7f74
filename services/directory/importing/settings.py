"""What a person may decide about an import."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from shared.text import words


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSettings:
    """How a list is to be read; each field has a default that suits most lists.

    Args:
        languages: the network's languages, by which an unknown encoding is guessed.
        language: the language of texts whose column names none; empty: the network's first.
        source: the list's own name, which stays the same from one edition to the next. Numbers
            of entries are numbers of this list.
        mapping: what single columns are, ``{column: field}``, where they are not recognised
            rightly; see ``columns.mapped``.
        keep_without_place: take a row whose coordinates are invalid without its place, with a
            warning, instead of rejecting it.
        repair_coordinates: take coordinates as what they were surely meant to be (axes exchanged,
            numbers written as texts) instead of refusing them.
        licence: the list's licence, where the file says none.
        attribution: whom the list is from, where the file does not say.
    """

    languages: tuple[str, ...] = ("en", "fr", "es", "pt", "ar")
    language: str = ""
    source: str = "list"
    mapping: Mapping[str, str | None] = field(default_factory=dict)
    keep_without_place: bool = False
    repair_coordinates: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    licence: str = ""
    attribution: str = ""

    @property
    def text_language(self) -> str:
        """The language of texts that name none, as a BCP 47 tag."""
        return (self.language or (self.languages or ("und",))[0]).replace("_", "-")


def source_of(filename: str) -> str:
    """Return a name for a list by its file, without years and numbers of editions."""
    stem = PurePath(filename).stem
    kept = [word for word in words(stem) if not any(letter.isdigit() for letter in word)]
    return "-".join(kept)[:60] or "list"
