"""What attacks begin from: a network of six members and a cooperative, and its keeper of time."""

from tests.governance.process.conftest import keeper, network

__all__ = ["keeper", "network"]
