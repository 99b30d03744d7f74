"""An exchange that only posts and answers does not carry what matches."""

import subprocess
import sys

HEAVY = ("numpy", "scipy", "snowballstemmer", "alembic")


def test_what_is_heavy_is_loaded_when_it_is_needed() -> None:
    program = (
        "import sys, services.exchange.app as app, services.exchange.settings as settings\n"
        "app.create_app(settings.ExchangeSettings()).openapi()\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert found.stdout.split() == []
