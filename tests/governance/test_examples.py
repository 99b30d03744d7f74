"""The decisions of the example networks are as their networks' rules would have them."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from services.governance.choices import checked_choice
from services.governance.rules import Option, Rule
from services.governance.settings import GovernanceSettings
from services.governance.templates import TEMPLATES

EXAMPLES = Path(__file__).parents[2] / "examples"
NETWORKS = [
    one
    for one in tomllib.loads((EXAMPLES / "networks.toml").read_text("utf-8"))["networks"]
    if "decisions" in one
]


@pytest.fixture(params=NETWORKS, ids=lambda one: one["name"])
def network(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A network of the example, with what it decides."""
    one: dict[str, Any] = request.param
    return one | {"told": json.loads((EXAMPLES / one["decisions"]).read_text("utf-8"))}


def test_texts_are_there_in_the_languages_of_the_charter(network: dict[str, Any]) -> None:
    charter = GovernanceSettings(languages=network["languages"]).charter
    for decision in network["told"]["decisions"]:
        assert decision["template"] in TEMPLATES
        wording = [decision["texts"], *(o["words"] for o in decision.get("options", {}).values())]
        for texts in wording:
            assert set(charter) <= set(texts)
            assert all(words["title"] for words in texts.values())


def test_people_are_members_under_pseudonyms_and_vote_once(network: dict[str, Any]) -> None:
    members = {one["id"] for one in network["told"]["members"]}
    assert len(members) == len(network["told"]["members"])
    assert all(one.startswith(f"{network['name']}-") for one in members)
    for decision in network["told"]["decisions"]:
        voters = [voter for one in decision.get("ballots", []) for voter in one["voters"]]
        assert len(set(voters)) == len(voters)
        named = {decision["by"], decision["confirmed_by"], *decision["supported_by"], *voters}
        assert named <= members
        assert decision["confirmed_by"] != decision["by"]


def test_ballots_say_what_their_rule_asks_for(network: dict[str, Any]) -> None:
    for decision in network["told"]["decisions"]:
        if "rule" not in decision:
            assert "ballots" not in decision
            continue
        rule = Rule.model_validate(decision["rule"])
        options = [
            Option(code=code, cost=one.get("cost"))
            for code, one in decision.get("options", {}).items()
        ]
        assert all(checked_choice(rule, options, one["choice"]) for one in decision["ballots"])
