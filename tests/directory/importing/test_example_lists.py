"""The example lists are imported as their table says: so many good rows, so many bad ones."""

import json
import tomllib
from pathlib import Path
from typing import Final

import pytest

from services.directory.importing.reading import read_list
from services.directory.importing.report import Report, Severity
from services.directory.importing.settings import ImportSettings
from services.directory.intake import profile_of

EXAMPLES: Final = Path(__file__).parents[3] / "examples"


def example_lists() -> list[tuple[str, tuple[str, ...], str]]:
    """Return each list's path, its network's languages and the language of its texts."""
    networks = tomllib.loads((EXAMPLES / "networks.toml").read_text(encoding="utf-8"))["networks"]
    return [
        (file["path"], tuple(network["languages"]), file["language"])
        for network in networks
        for file in network["files"]
    ]


@pytest.mark.parametrize(("path", "languages", "language"), example_lists())
def test_an_example_list_is_read_without_help(
    path: str, languages: tuple[str, ...], language: str
) -> None:
    expected = json.loads((EXAMPLES / "expected.json").read_text(encoding="utf-8"))[path]
    settings = ImportSettings(languages=languages, language=language)
    reading = read_list((EXAMPLES / path).read_bytes(), settings, filename=path)
    report = Report()
    drafts = list(reading.drafts(report))
    assert reading.mapping.unmapped == ()
    assert (report.rows, report.drafts, report.rejected) == (
        expected["rows"],
        expected["good"],
        expected["bad"],
    )
    assert not list(report.of(Severity.WARNING))
    for draft in drafts:
        profile = profile_of({**draft.fields, "contacts": draft.contacts})
        assert profile.model_dump(mode="json", exclude_defaults=True, exclude={"contacts"}) == (
            draft.fields
        )
