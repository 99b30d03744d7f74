"""Canonical JSON: one sequence of bytes for one value, so that bytes can be signed.

The grammar is narrow on purpose: objects with ASCII keys, arrays, text, integers within 2^53,
true, false and null; no floats, no duplicate keys, a depth of at most 32. On this grammar sorted
orjson and RFC 8785 (JCS) give the same bytes, which a property test shows.
"""

from typing import Any, ClassVar, Final

import orjson

from shared.refusals import Kind, Refusal

DEPTH_MAX: Final = 32
_CONTAINERS: Final = frozenset({dict, list})
_ALLOWED: Final = _CONTAINERS | {str, int, bool, type(None)}
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


class Malformed(Refusal):
    """The bytes are not JSON."""

    kind: ClassVar[Kind] = Kind.BAD_REQUEST
    slug: ClassVar[str] = "malformed"
    title: ClassVar[str] = "These bytes are not JSON in UTF-8"


class NotCanonical(Refusal):
    """The value lies outside the grammar, or its bytes are not the canonical ones."""

    kind: ClassVar[Kind] = Kind.BAD_REQUEST
    slug: ClassVar[str] = "not-canonical"
    title: ClassVar[str] = "These bytes are not the canonical form of their value"


def canonical(value: Any) -> bytes:
    """Return the canonical bytes of a value of the grammar.

    Raises:
        NotCanonical: a float, an integer beyond 2^53, a key that is not ASCII, or too deep.
    """
    require_grammar(value)
    return trusted_canonical(value)


def trusted_canonical(value: Any) -> bytes:
    """Return the canonical bytes of a value whose type already keeps it within the grammar.

    Raises:
        NotCanonical: orjson cannot write it (an integer beyond 2^53, a key that is no text).
    """
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise NotCanonical(str(error)) from error


def parse_canonical(data: bytes, *, depth_max: int = DEPTH_MAX) -> Any:
    """Return the value of canonical bytes, or refuse them.

    Args:
        data: the bytes as they were signed.
        depth_max: how many objects and arrays may stand inside one another.

    Raises:
        Malformed: not JSON, or not UTF-8.
        NotCanonical: other bytes than the value's canonical ones (spaces, key order, duplicate
            keys, escapes), or a value outside the grammar.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(str(error)[:200]) from error
    require_grammar(value, depth_max=depth_max)
    if trusted_canonical(value) != data:
        raise NotCanonical("the bytes differ from the canonical form of what they say")
    return value


def require_grammar(value: Any, *, depth_max: int = DEPTH_MAX) -> None:
    """Refuse a value outside the grammar of signed data.

    Raises:
        NotCanonical: a float, another type, a key that is not ASCII text, or too deep.
    """
    layer = [value]
    for depth in range(depth_max + 1):
        kinds = set(map(type, layer))
        if not kinds <= _ALLOWED:
            strange = ", ".join(sorted(kind.__name__ for kind in kinds - _ALLOWED))
            raise NotCanonical(f"{strange} does not stand in signed data")
        if not kinds & _CONTAINERS:
            return
        if depth == depth_max:
            raise NotCanonical(f"more than {depth_max} objects and arrays inside one another")
        inner: list[Any] = []
        keys: set[Any] = set()
        for item in layer:
            kind = type(item)
            if kind is dict:
                keys.update(item)
                inner += item.values()
            elif kind is list:
                inner += item
        _require_ascii(keys)
        layer = inner


def _require_ascii(keys: set[Any]) -> None:
    try:
        if "".join(keys).isascii():
            return
    except TypeError:
        pass
    raise NotCanonical("a key is not ASCII text")
