"""Where the real votes are that tests count; they are no part of this repository."""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

REPOSITORY: Final = Path(__file__).parents[3]
DATA: Final = (
    Path(os.environ.get("TWIZA_DATA", REPOSITORY.parent / "shared" / "data")) / "governance"
)
EXPECTED: Final[dict[str, Any]] = (
    json.loads((DATA / "expected.json").read_bytes()) if DATA.is_dir() else {}
)
WARDS: Final[dict[str, Any]] = EXPECTED.get("stv_wards", {})
CONTESTS: Final[dict[str, Any]] = EXPECTED.get("rcv_contests", {})
NEEDED: Final = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the real votes are not at {DATA}; set TWIZA_DATA"
)
