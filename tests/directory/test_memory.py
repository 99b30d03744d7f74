"""A directory that only lists and answers does not carry what reads lists."""

import subprocess
import sys

HEAVY = ("rapidfuzz", "python_calamine", "babel", "snowballstemmer", "alembic")


def test_what_is_heavy_is_loaded_when_it_is_needed() -> None:
    program = (
        "import sys, services.directory.app as app, services.directory.settings as settings\n"
        "app.create_app(settings.DirectorySettings()).openapi()\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert found.stdout.split() == []
