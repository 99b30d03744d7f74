"""Whole nodes with real nats-servers, stopped when the test is over."""

from tests.databases import postgresql, postgresql_server
from tests.node.conftest import new_node

__all__ = ["new_node", "postgresql", "postgresql_server"]
