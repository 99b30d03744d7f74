"""Alembic comes in here; what it runs stands in ``versions``."""

from services.governance.tables import metadata
from shared.migrations import run_steps

run_steps(metadata)
