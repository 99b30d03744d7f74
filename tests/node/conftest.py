"""Nodes with a real nats-server each, stopped when the test is over."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import TestNode

NodeMaker = Callable[..., TestNode]


@pytest.fixture
async def new_node(tmp_path: Path) -> AsyncIterator[NodeMaker]:
    """Return what makes nodes in the test's folder: ``new_node("fr", level=...)``."""
    made: list[TestNode] = []

    def make(name: str, **settings: Any) -> TestNode:
        made.append(TestNode(tmp_path, name, **settings))
        return made[-1]

    yield make
    for node in made:
        await node.stop()
