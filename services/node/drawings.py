"""Drawings of a few bytes: the mark, and the woven tile of each network."""

import hashlib
from math import cos, radians, sin
from typing import Final

from markupsafe import Markup

BANDS: Final = 5
_ARC_DEGREES: Final = 92
_RADIUS: Final = 9


def weave(name: str) -> Markup:
    """Return the woven tile of a name: the same name, the same tile, everywhere.

    Five bands of warp and five of weft, alike on both sides; which lies on top the name decides.
    """
    bits = int.from_bytes(hashlib.sha256(name.encode("utf-8")).digest()[:2], "big")
    half = BANDS // 2 + 1
    drawn = []
    for row in range(BANDS):
        on = [bool(bits >> (row * half + min(at, BANDS - 1 - at)) & 1) for at in range(BANDS)]
        at = 0
        while at < BANDS:
            run = at
            while run < BANDS and on[run]:
                run += 1
            if run > at:
                drawn.append(f"M{at} {row}h{run - at}v1h-{run - at}z")
            at = run + 1
    path = "".join(drawn) or "M0 2h5v1h-5z"
    return _drawing("weave", BANDS, path)


def mark() -> Markup:
    """Return the mark: three open arcs of one circle, each handing on to the next."""
    arcs = "".join(_arc(start) for start in (-90, 30, 150))
    return _drawing("mark", 24, arcs)


def _drawing(name: str, size: int, path: str) -> Markup:
    return Markup(
        '<svg class="{}" viewBox="0 0 {} {}" aria-hidden="true"><path d="{}"/></svg>'
    ).format(name, size, size, path)


def _arc(start: int) -> str:
    (x1, y1), (x2, y2) = (_on_circle(start), _on_circle(start + _ARC_DEGREES))
    return f"M{x1:g} {y1:g}A{_RADIUS} {_RADIUS} 0 0 1 {x2:g} {y2:g}"


def _on_circle(degrees: int) -> tuple[float, float]:
    angle = radians(degrees)
    return round(12 + _RADIUS * cos(angle), 1), round(12 + _RADIUS * sin(angle), 1)
