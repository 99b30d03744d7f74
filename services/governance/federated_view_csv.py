"""Ballots between networks as a file for people: one line for each network of each ballot."""

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

from services.governance.federated_seen import Seen
from services.governance.federated_view_words import known, said
from services.governance.federated_views import shown

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
BALLOTS_MAX: Final = 2_000
COLUMNS: Final = (
    "decision", "association", "matter", "policy", "state", "opens", "closes", "network", "leg",
    "paper", "roll", "issued", "cast", "blank", "invalid", "yes", "no", "sign", "seal", "own_hash",
    "outcome", "outcome_hash", "disputes",
)  # fmt: skip
_SIGNS: Final = {1: "yes", 0: "0", -1: "no"}


def as_csv(found: Iterable[Seen], language: str) -> str:
    """Return ballots as comma-separated values, headings in a language.

    Where a network tells no number, its cells are empty; its sign stands in a column of its own.
    All cells hold numbers, hashes, and codes that begin with a letter: none is taken for a formula.
    """
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow([said(f"head-{name}", language) for name in COLUMNS])
    for seen in found:
        data = shown(seen, language)
        for leg in data["legs"] or [{}]:
            row = _row(data, leg, language)
            lines.writerow([row[name] for name in COLUMNS])
    return written.getvalue()


def _row(data: dict[str, Any], leg: dict[str, Any], language: str) -> dict[str, Any]:
    tally = leg.get("tally") or {}
    sign = leg.get("sign")
    return {
        "decision": data["id"],
        "association": data["association"],
        "matter": data["matter"],
        "policy": data["policy"],
        "state": data["label"],
        "opens": data["opens_at"],
        "closes": data["closes_at"],
        "network": leg.get("network", ""),
        "leg": leg.get("label", ""),
        "paper": known("head-paper", language) if leg.get("on_paper") else "",
        "roll": _cell(leg.get("roll_size")),
        **{name: _cell(leg.get(name)) for name in ("issued", "cast", "blank", "invalid")},
        **{name: _cell(tally.get(name)) for name in ("yes", "no")},
        "sign": "" if sign is None else said(f"head-{_SIGNS[sign]}", language) if sign else "0",
        "seal": leg.get("seal") or "",
        "own_hash": leg.get("outcome_hash") or "",
        "outcome": data["result"],
        "outcome_hash": data["outcome_hash"],
        "disputes": data["disputes"],
    }


def _cell(value: int | None) -> str:
    return "" if value is None else str(value)
