"""How a round went, in sentences: out of the report that is kept of it."""

from collections.abc import Mapping
from typing import Any

from services.exchange.candidates.explanations import considered_words, figures_words
from services.exchange.candidates.figures import Figures, Share
from services.exchange.candidates.rules import Rule


def report_words(report: Mapping[str, Any], language: str) -> list[str]:
    """Return what a round has considered and how it did.

    Args:
        report: as ``round_handlers`` keeps it.
        language: in which it is said.
    """
    considered = report["considered"]
    return [
        *considered_words(
            considered["seen"],
            {Rule(name): count for name, count in considered["refused"].items()},
            considered["crowded"],
            considered["kept"],
            language,
        ),
        *figures_words(_figures(report["figures"]), language),
    ]


def _figures(told: Mapping[str, Any]) -> Figures:
    def share(name: str) -> Share:
        return Share(present=told[f"{name}_present"], served=told[f"{name}_served"])

    plain = ("participants", "offers", "wants", "served", "matched_offers", "matched_wants")
    more = ("chains", "value", "bound", "gini", "fairness_price")
    return Figures(
        **{name: told[name] for name in (*plain, *more)},
        by_length={int(length): count for length, count in told["rings_by_length"].items()},
        small=share("small"),
        women_led=share("women_led"),
        marginalised=share("marginalised"),
    )
