"""Set up the environment in ``.venv``: ``python3 tools/bootstrap.py``.

It asks for nothing but Python 3.11 or newer, and uses the standard library alone, because it runs
before anything is installed. Packages come from where this machine's pip is told to get them;
what they must be is fixed by the hashes in the locks.
"""

# This file must be readable to an older Python too, so that it can say what is missing.

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".stamp"
OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
# A first installation fetches about 150 MB; on a thin line that takes a while.
FETCH_TIMEOUT_S = 120

Command = Sequence[str]


def main() -> int:
    """Set up the environment, once; return the exit status."""
    if sys.version_info < OLDEST:
        return _go_on_with_a_newer_python()
    try:
        if not _usable(PYTHON):
            _say("Setting up the environment in .venv (once, a minute or two) ...")
            _make_venv()
        _install()
    except subprocess.CalledProcessError as error:
        shown = " ".join(map(str, error.cmd))
        _say(f"This did not work: {shown}\nNothing is broken: mend what it says and try again.")
        return 1
    except NoVenv as error:
        _say(str(error))
        return 1
    STAMP.touch()
    return 0


class NoVenv(Exception):
    """This machine has no means of making a virtual environment."""


def _go_on_with_a_newer_python() -> int:
    for name in NEWER:
        found = shutil.which(name)
        if found and _quietly([found, "-c", ""]):
            return subprocess.call([found, *sys.argv])
    have = ".".join(map(str, sys.version_info[:2]))
    _say(f"Twiza needs Python 3.11 or newer, and this is {have}: please install a newer python3.")
    return 1


def _make_venv() -> None:
    """Make ``.venv`` with the first of the ways that works here.

    Raises:
        NoVenv: none does.
    """
    for way in _ways():
        shutil.rmtree(VENV, ignore_errors=True)
        if all(_quietly(command) for command in way) and _usable(PYTHON):
            return
    shutil.rmtree(VENV, ignore_errors=True)
    raise NoVenv(
        "Python cannot make a virtual environment here: please install the package python3-venv "
        "(on Debian and Ubuntu: sudo apt-get install python3-venv), then try again."
    )


def _ways() -> Iterator[Sequence[Command]]:
    """Yield what could make ``.venv``, the least intrusive first."""
    venv: Command = [sys.executable, "-m", "venv", str(VENV)]
    yield [venv]
    if virtualenv := shutil.which("virtualenv"):
        yield [[virtualenv, "--python", sys.executable, str(VENV)]]
    yield [[sys.executable, "-m", "virtualenv", str(VENV)]]
    if uv := shutil.which("uv"):
        yield [[uv, "venv", "--seed", "--python", sys.executable, str(VENV)]]
    if apt := shutil.which("apt-get"):
        as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        if not as_root or (shutil.which("sudo") and _quietly(["sudo", "-n", "true"])):
            _say("Installing the Debian package python3-venv ...")
            install = [*as_root, apt, "install", "-y", "--no-install-recommends", "python3-venv"]
            yield [install, venv]
            # A fresh machine has no lists of packages yet.
            yield [[*as_root, apt, "update"], install, venv]


def _install() -> None:
    """Install what the locks name, and Twiza itself as it stands in this folder.

    Raises:
        CalledProcessError: pip said why on the terminal.
    """
    _pip("install", "--require-hashes", "-r", "requirements-build.lock")
    _pip("install", "--require-hashes", "--no-build-isolation", "-r", "requirements-dev.lock")
    _pip("install", "--no-deps", "--no-build-isolation", "--editable", ".")


def _pip(verb: str, *arguments: str) -> None:
    limits = ["--timeout", str(FETCH_TIMEOUT_S)]
    options = ["--quiet", "--no-input", "--disable-pip-version-check", *limits]
    subprocess.run([str(PYTHON), "-m", "pip", verb, *options, *arguments], cwd=ROOT, check=True)


def _usable(python: Path) -> bool:
    if not python.exists():
        return False
    test = f"import pip, sys; sys.exit(sys.version_info < {OLDEST!r})"
    return _quietly([str(python), "-c", test])


def _quietly(command: Command) -> bool:
    """Run a command without showing its output; return whether it did its work."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL, capture_output=True
        )
    except OSError:
        return False
    return done.returncode == 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
