"""How an assembly is said to people, on paper, in five languages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from shared.clock import moment

LANGUAGES: Final = ("ar", "en", "es", "fr", "pt")
RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur"})
_FOLDER: Final = Path(__file__).parent / "texts"
# What stands between these two has a direction of its own, whatever is around it.
_APART: Final = "\u2068{}\u2069"


@cache
def phrases(language: str) -> Mapping[str, str]:
    """Return the sentences of one of the five languages, by their names."""
    found: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return found


def language_of(wanted: str) -> str:
    """Return the language of ours that is nearest to a tag; English where there is none."""
    primary = wanted.partition("-")[0].lower()
    return primary if primary in LANGUAGES else "en"


def direction_of(tag: str) -> str:
    """Return in which direction a language is written: ``rtl`` or ``ltr``."""
    return "rtl" if tag.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def text_in(texts: Mapping[str, str], wanted: str, otherwise: Sequence[str] = ()) -> str:
    """Return a text in a language, or in the nearest that it is there in.

    Args:
        otherwise: which languages are tried next, in this order.
    """
    primary = wanted.partition("-")[0]
    nearest = [tag for tag in texts if tag.partition("-")[0] == primary]
    for tag in (wanted, *nearest, *otherwise, *texts):
        if tag in texts:
            return texts[tag]
    return ""


@dataclass(frozen=True, slots=True)
class Voice:
    """One language, and the zone of its hours.

    Args:
        tag: as it was asked for; the nearest of the five is spoken.
    """

    tag: str
    zone: str = "UTC"

    @property
    def language(self) -> str:
        """Which of the five languages is spoken."""
        return language_of(self.tag)

    @property
    def direction(self) -> str:
        """In which direction it is written."""
        return direction_of(self.language)

    def said(self, name: str, **values: Any) -> str:
        """Return a sentence; what is put into it keeps its own direction."""
        shown = {
            key: _APART.format(value) if isinstance(value, str) else value
            for key, value in values.items()
        }
        return phrases(self.language)[name].format(**shown)

    def day(self, at: str) -> str:
        """Return a day with its weekday."""
        from babel.dates import format_date

        return format_date(self._local(at), format="full", locale=self._locale)

    def hour(self, at: str) -> str:
        """Return an hour as it is in the zone."""
        return self._local(at).strftime("%H:%M")

    def hours(self, at: Sequence[str]) -> str:
        """Return several hours."""
        return " · ".join(self.hour(one) for one in at)

    def meeting(self, at: str) -> str:
        """Return a day and an hour, with the zone."""
        return f"{self.day(at)} · {self.hour(at)} ({self.zone})"

    @property
    def _locale(self) -> str:
        # Moroccan months differ from those of Egypt, and Brazil's weekdays from Portugal's.
        region = self.tag.partition("-")[2]
        known = {"ar": "ar_MA", "pt": "pt_PT"}
        if len(region) == 2 and region.isalpha():
            return f"{self.language}_{region.upper()}"
        return known.get(self.language, self.language)

    def _local(self, at: str) -> datetime:
        return moment(at).astimezone(ZoneInfo(self.zone))
