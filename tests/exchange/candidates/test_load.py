"""The measurement of the benchmark runs, and keeps its limits on a small round by far."""

from tests.load.candidates import figures


def test_a_small_round_keeps_the_limits_of_a_large_one() -> None:
    rows = figures(2_000)
    assert [row.unit for row in rows] == ["s", "MB"]
    assert all(row.holds for row in rows)
