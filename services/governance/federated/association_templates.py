"""A charter to begin with: who decides what, by which rules, and a text in five languages.

It is a proposal. Founders change what they like before they sign; a later change is a decision.

Source: the rules of admission, suspension and expulsion of our notes on how federations decide.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from services.governance.federated.charter import LANGUAGES, CompetenceLevel, Matter, preamble
from services.governance.federated.policies import (
    FOUR_FIFTHS,
    TWO_THIRDS,
    Bar,
    FederatedRule,
    Policy,
)
from services.governance.rules import Method, Rule, Share

_TEXTS: Final = Path(__file__).parent / "texts"
ARTICLES: Final = (
    "members", "votes", "levels", "joining", "leaving", "suspension", "expulsion", "change",
)  # fmt: skip
"""The articles of the text, in their order."""

_YES_NO: Final = Rule(method=Method.YES_NO)
_MORE: Final = Bar(share=Share(n=3, d=4))


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterTemplate:
    """What a charter begins with, besides its names and its text."""

    competence: Mapping[str, CompetenceLevel]
    rules: Mapping[str, FederatedRule]


USUAL: Final = CharterTemplate(
    competence=MappingProxyType(
        {
            **{matter.value: CompetenceLevel.CONTINENT for matter in Matter},
            "solidarity-fund": CompetenceLevel.CONTINENT,
            "common-position": CompetenceLevel.CONTINENT,
            "dues": CompetenceLevel.CONTINENT,
            "board": CompetenceLevel.CONTINENT,
            "exchange-rules": CompetenceLevel.NETWORK,
            "own-statutes": CompetenceLevel.NETWORK,
            "working-hours": CompetenceLevel.ENTITY,
        }
    ),
    rules=MappingProxyType(
        {
            Matter.ADMISSION.value: FederatedRule(
                rule=Rule(method=Method.CONSENT), policy=Policy.CONSENT, fallback=TWO_THIRDS
            ),
            Matter.SUSPENSION.value: FederatedRule(
                rule=_YES_NO, policy=Policy.PER_NETWORK, networks=TWO_THIRDS
            ),
            Matter.REINSTATEMENT.value: FederatedRule(rule=_YES_NO, policy=Policy.PER_NETWORK),
            Matter.EXPULSION.value: FederatedRule(rule=_YES_NO, members=_MORE, networks=_MORE),
            Matter.HUB.value: FederatedRule(rule=_YES_NO),
            Matter.CHARTER.value: FederatedRule(
                rule=_YES_NO,
                members=TWO_THIRDS,
                networks=TWO_THIRDS,
                approval_quorum=Share(n=1, d=4),
            ),
            Matter.VALUES.value: FederatedRule(
                rule=_YES_NO,
                members=TWO_THIRDS,
                networks=FOUR_FIFTHS,
                approval_quorum=Share(n=1, d=4),
            ),
        }
    ),
)
"""The charter that is proposed to whoever founds an association."""


def charter_text(language: str, name: str) -> str:
    """Return the text of a charter to begin with: its name, the preamble with values, articles.

    Args:
        language: one of ``LANGUAGES``; English where the text is not there in it.
        name: what the association is called in that language.
    """
    spoken = language.partition("-")[0].lower()
    words = preamble(spoken)
    articles = _articles()[spoken if spoken in LANGUAGES else "en"]
    lines = [name, "", str(words["opening"]), ""]
    lines += [f"- {one['name']}: {one['sentence']}" for one in words["values"].values()]
    lines.append("")
    lines += [f"{number}. {articles[code]}" for number, code in enumerate(ARTICLES, 1)]
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=1)
def _articles() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((_TEXTS / "articles.json").read_text("utf-8"))
    return read
