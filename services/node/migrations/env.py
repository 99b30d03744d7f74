"""The entrance by which Alembic reaches the node service's tables."""

from services.node.tables import METADATA
from shared.migrations import run_steps

run_steps(METADATA)
