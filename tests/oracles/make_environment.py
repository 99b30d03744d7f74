"""Set up the oracles' environment in ``.oracles``: ``python3 tests/oracles/make_environment.py``.

The libraries are large, some are under other licences, and none is ever a dependency of ours; so
they have an environment of their own, which is asked as another process. Packages come from where
this machine's pip is told to get them; about 350 MB are fetched, and 900 MB are used.
"""

import subprocess
import sys
import venv
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = REPOSITORY / ".oracles" / "venv"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PYTHON = ENVIRONMENT / "bin" / "python"


def main() -> int:
    """Set up the environment, or bring it up to date; return the exit status."""
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    install = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*install, "--no-deps", "-r", REQUIREMENTS], check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
