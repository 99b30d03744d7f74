"""Made-up ranked votes, for laws that hold whatever was voted."""

from typing import Any, Final

from hypothesis import strategies as st

CODES: Final = "abcde"


@st.composite
def rankings(draw: st.DrawFn) -> dict[str, Any]:
    """A ranked choice over five options: equal ranks and short ballots among them."""
    order = draw(st.permutations(CODES))[: draw(st.integers(0, len(CODES)))]
    groups: list[list[str]] = []
    for code in order:
        if groups and draw(st.integers(0, 3)) == 0:
            groups[-1].append(code)
        else:
            groups.append([code])
    return {"ranks": groups}


NUMBERS = st.integers(1, 9)
RANKED = st.lists(st.tuples(rankings(), NUMBERS), max_size=12)
