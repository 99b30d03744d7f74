"""Lists written as literals of JavaScript, read by a small tokenizer: nothing is evaluated.

Web maps keep their data as ``const places = [{name: 'x'}, ...]``, which is not JSON: keys without
quotes, single quotes, comments, commas at the end.
"""

import re
from typing import Any, Final

from services.directory.importing.limits import NESTING_MAX, FileTooLarge, UnreadableFile

SCRIPT_LENGTH_MAX: Final = 10_000_000
"""Characters of a script; JSON proper is read by a faster reader and may be longer."""
LITERALS_TRIED_MAX: Final = 50

_TOKEN: Final = re.compile(
    r"""(?sx)
    (?P<skip> \s+ | //[^\n\r]* | /\*.*?\*/ | <!--[^\n]* )
  | (?P<text> "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | `(?:[^`\\]|\\.)*` )
  | (?P<number> [+-]?(?:0[xX][0-9a-fA-F]+ | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w$]) )
  | (?P<word> [+-]?[A-Za-z_$\u00a0-\U0010ffff][\w$\u00a0-\U0010ffff]* )
  | (?P<sign> [][{}:,;+=().] )
    """
)
_ESCAPE: Final = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))"
)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_WORDS: Final[dict[str, Any]] = {
    "true": True,
    "false": False,
    "null": None,
    "undefined": None,
    "NaN": None,
    "Infinity": None,
    "-Infinity": None,
    "+Infinity": None,
}
_START: Final = re.compile(r"(?:=|\bdefault\b|\breturn\b|\(|\A)\s*(?=[\[{])")


class _Tokens:
    """The tokens of a script, one after another, without comments and spaces."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.kind = ""
        self.value = ""

    def step(self) -> None:
        """Go to the next token; at the end its kind is empty."""
        while self.at < len(self.text):
            match = _TOKEN.match(self.text, self.at)
            if match is None:
                raise self.trouble("a character that no list has")
            self.at = match.end()
            if match.lastgroup != "skip":
                self.kind, self.value = match.lastgroup or "", match.group()
                return
        self.kind = self.value = ""

    def sign(self, sign: str) -> bool:
        """Say whether this token is that sign, and go on if it is."""
        if self.kind == "sign" and self.value == sign:
            self.step()
            return True
        return False

    def trouble(self, what: str) -> UnreadableFile:
        """Return the refusal that names the line."""
        line = self.text.count("\n", 0, self.at) + 1
        return UnreadableFile(f"line {line}: {what}", line=line)


def script_value(text: str) -> Any:
    """Return the longest list of objects that a script assigns.

    Raises:
        FileTooLarge: the script is longer than ``SCRIPT_LENGTH_MAX``.
        UnreadableFile: there is no literal, or it holds more than data.
    """
    if len(text) > SCRIPT_LENGTH_MAX:
        raise FileTooLarge(f"{len(text)} characters; at most {SCRIPT_LENGTH_MAX}")
    trouble: UnreadableFile | None = None
    best: Any = None
    end = 0
    tried = 0
    for start in _START.finditer(_without_comments(text)):
        if start.end() < end:
            continue
        tried += 1
        if tried > LITERALS_TRIED_MAX:
            break
        tokens = _Tokens(text, start.end())
        try:
            tokens.step()
            value = _value(tokens, NESTING_MAX)
        except UnreadableFile as error:
            # A list that is more than data is not read by halves; an object may be a programme's.
            if text[start.end()] == "[":
                raise
            trouble, end = trouble or error, tokens.at
            continue
        end = tokens.at
        if _entries(value) > _entries(best):
            best = value
    if best is None:
        raise trouble or UnreadableFile("no list in it")
    return best


def _entries(value: Any) -> int:
    """Return how many objects a literal lists."""
    if isinstance(value, dict):
        return max([_entries(inner) for inner in value.values() if isinstance(inner, list)] + [1])
    if isinstance(value, list):
        return sum(isinstance(entry, dict) for entry in value)
    return 0


def _without_comments(text: str) -> str:
    """Return the text with its comments blanked, at the same places."""

    def blank(match: re.Match[str]) -> str:
        return (
            re.sub(r"[^\n]", " ", match.group()) if match.group().startswith("/") else match.group()
        )

    return re.sub(
        r"""(?s)"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|//[^\n]*|/\*.*?\*/""",
        blank,
        text,
    )


def _value(tokens: _Tokens, depth: int) -> Any:
    if depth < 0:
        raise tokens.trouble(f"more than {NESTING_MAX} lists inside one another")
    kind, value = tokens.kind, tokens.value
    if kind == "sign" and value == "[":
        return _list(tokens, depth)
    if kind == "sign" and value == "{":
        return _object(tokens, depth)
    if kind == "text":
        return _joined(tokens)
    if kind == "number":
        tokens.step()
        return _number(value)
    if kind == "word" and value in _WORDS:
        tokens.step()
        return _WORDS[value]
    raise tokens.trouble(f"{value[:40]!r} where data should stand")


def _list(tokens: _Tokens, depth: int) -> list[Any]:
    tokens.step()
    found: list[Any] = []
    while not tokens.sign("]"):
        if tokens.sign(","):
            continue
        found.append(_value(tokens, depth - 1))
        if not tokens.sign(",") and tokens.value != "]":
            raise tokens.trouble("a comma is missing")
    return found


def _object(tokens: _Tokens, depth: int) -> dict[str, Any]:
    tokens.step()
    found: dict[str, Any] = {}
    while not tokens.sign("}"):
        if tokens.kind == "text":
            key = _unquoted(tokens.value)
        elif tokens.kind in ("word", "number"):
            key = tokens.value
        else:
            raise tokens.trouble("a key is missing")
        tokens.step()
        if not tokens.sign(":"):
            raise tokens.trouble("a colon is missing")
        found[key] = _value(tokens, depth - 1)
        if not tokens.sign(",") and tokens.value != "}":
            raise tokens.trouble("a comma is missing")
    return found


def _joined(tokens: _Tokens) -> str:
    """Return a text, with those that a plus sign adds to it."""
    text = ""
    while True:
        if tokens.kind != "text":
            raise tokens.trouble("only texts are added to texts")
        if tokens.value[0] == "`" and "${" in tokens.value:
            raise tokens.trouble("a text that would have to be computed")
        text += _unquoted(tokens.value)
        tokens.step()
        if not tokens.sign("+"):
            return text


def _unquoted(quoted: str) -> str:
    inner = quoted[1:-1]
    return _ESCAPE.sub(_letter, inner) if "\\" in inner else inner


def _letter(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2) or match.group(3)
    if code:
        number = int(code, 16)
        # Half a pair of surrogates is no letter.
        return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"
    letter = match.group(4)
    return "" if letter in ("\n", "\r\n") else _ESCAPED.get(letter, letter)


def _number(text: str) -> int | float:
    if text.lower().lstrip("+-").startswith("0x"):
        return int(text, 16)
    number = float(text)
    return int(number) if number.is_integer() and "." not in text and abs(number) < 1e15 else number
