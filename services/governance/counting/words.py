"""A report in words: what was counted, round by round, in five languages.

The sentences lie in ``texts``, a file for each language and another for each family of methods. A
sentence is left out where one of its values is missing or empty; so a round without an election has
no sentence about one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, Final

from services.governance.counting.report import Report

LANGUAGES: Final = ("ar", "en", "es", "fr", "pt")
_FALLBACK: Final = "en"
_PART: Final = "part."
_FOLDER: Final = Path(__file__).parent / "texts"
# What is written from left to right inside of Arabic is held apart, so that signs stay beside it.
_APART: Final = "\u2068{}\u2069"


@cache
def sentences(language: str) -> Mapping[str, Any]:
    """Return all texts of a language, by name; a round has a list of sentences."""
    found: dict[str, Any] = {}
    for file in sorted(_FOLDER.glob(f"*.{language}.json")):
        found |= json.loads(file.read_text("utf-8"))
    return found


def told(report: Report, language: str, names: Mapping[str, str]) -> list[str]:
    """Return a report in sentences.

    Args:
        language: one of ``LANGUAGES``; any other is answered in English.
        names: what each option is called, by its code; a code without a name stands for itself,
            but for the usual uses of a surplus, which have their words here.
    """
    tongue = language if language in LANGUAGES else _FALLBACK
    say = _Speaker(tongue, {**_parts(tongue), **names} if report.rule == "surplus" else names)
    outcome = "nobody" if _chooses_nobody(report) else report.outcome.value
    lines = [
        *say.all(
            "head",
            {
                "rule": report.rule,
                "outcome": outcome,
                "winners": list(report.winners),
                "cast": report.cast,
                "blank": report.blank,
            },
        )
    ]
    # A file of ballots says nothing of who else could have voted.
    if report.roll:
        lines += say.all("roll", {"roll": report.roll})
    for one in report.rounds:
        lines += say.all(f"round.{one['kind']}", one)
    for one in report.ties:
        lines += say.all(f"tie.{one['by']}", one)
    return lines


def _parts(language: str) -> dict[str, str]:
    """Return what the usual uses of a surplus are called."""
    texts = sentences(language)
    return {key.removeprefix(_PART): texts[key] for key in texts if key.startswith(_PART)}


def _chooses_nobody(report: Report) -> bool:
    return report.outcome.value == "rejected" and report.rule not in ("yes-no", "consent")


class _Speaker(Formatter):
    """Fills the sentences of one language with the values of a round."""

    def __init__(self, language: str, names: Mapping[str, str]) -> None:
        self.texts = sentences(language)
        self.names = names
        self.apart = language == "ar"
        self.scale: int = 1

    def all(self, name: str, values: Mapping[str, Any]) -> list[str]:
        """Return the sentences of that name whose values are there."""
        self.scale = values.get("scale", 1)
        if name not in self.texts:
            # A later release may bring rounds that this one has no words for.
            return [f"{name}: {json.dumps(values, ensure_ascii=False)}"]
        found: list[str] = []
        for sentence in self.texts[name]:
            keys = [key for _, key, _, _ in self.parse(sentence) if key]
            if all(self._is_there(values, key) for key in keys):
                ready = {key: self._value(key, values[key], values) for key in keys}
                found.append(self.vformat(sentence, (), ready))
        return found

    def _is_there(self, values: Mapping[str, Any], key: str) -> bool:
        value = values.get(key)
        return value is not None and (isinstance(value, int) or len(value) > 0)

    def _value(self, key: str, value: Any, values: Mapping[str, Any]) -> str:
        """Return a value as it is read.

        Args:
            key: which of the round's ``values`` it is.
        """
        if isinstance(value, Mapping):
            return self._joined(
                "between",
                (
                    f"{self._name(one)}{self._text('is')}{self._value(key, held, values)}"
                    for one, held in value.items()
                ),
            )
        if isinstance(value, str):
            return self._term(key, value)
        if isinstance(value, int):
            return self._number(key, value)
        if key == "matrix":
            return self._pairs(values["options"], value)
        if len(value) == 2 and all(isinstance(one, int) for one in value):
            return f"{value[0]}/{value[1]}"
        if all(isinstance(one, str) for one in value):
            return self._joined("and", (self._term(key, one) for one in value))
        return self._order(key, value)

    def _order(self, key: str, value: Sequence[Sequence[str]]) -> str:
        """Return pairs one after the other, or groups from first to last."""
        if key in ("pairs", "locked", "passed"):
            return self._joined("between", (" > ".join(map(self._name, pair)) for pair in value))
        return " > ".join(" = ".join(map(self._name, group)) for group in value)

    def _pairs(self, options: Sequence[str], matrix: Sequence[Sequence[int]]) -> str:
        """Return for each two options how many rank which one higher."""
        found = []
        for at, one in enumerate(options):
            for beside in range(at + 1, len(options)):
                other = options[beside]
                figures = f"{matrix[at][beside]}:{matrix[beside][at]}"
                found.append(f"{self._name(one)} / {self._name(other)} {figures}")
        return self._joined("between", found)

    def _term(self, key: str, value: str) -> str:
        return self._text(f"term.{key}.{value}") or self._name(value)

    def _name(self, code: str) -> str:
        if code not in self.names and (term := self._text(f"term.option.{code}")):
            return term
        name = self.names.get(code) or code
        return _APART.format(name) if self.apart else name

    def _number(self, key: str, value: int) -> str:
        """Return a number as it is read; figures in parts of a vote as decimals."""
        if self.scale == 1 or key in self.texts["whole"]:
            return f"{value}"
        whole, parts = divmod(value, self.scale)
        digits = f"{parts:0{len(str(self.scale)) - 1}d}".rstrip("0")
        return f"{whole}{self._text('decimal')}{digits}" if digits else f"{whole}"

    def _text(self, name: str) -> str:
        return str(self.texts.get(name, ""))

    def _joined(self, sign: str, parts: Iterable[str]) -> str:
        return self._text(sign).join(parts)
