"""What a stranger relies on: the locks, the licence, the targets of make, the set-up."""

import ast
import hashlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
OURS = {"services", "shared", "twiza"}
# Part of FastAPI, which hands out its names as they are.
WITHIN = {"starlette": "fastapi"}
LICENCE_SHA256 = "0d96a4ff68ad6d4b6f1f30f713b18d5184912ba8dd389f86aa7710db079abcb0"


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _locked(name: str) -> dict[str, str]:
    """Return the versions of a lock by the names of the packages."""
    text = (ROOT / name).read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_a_version_and_hashes_for_each_package_and_no_address(name: str) -> None:
    entries = (ROOT / name).read_text("utf-8").replace("\\\n", "").splitlines()
    entry = re.compile(r"[a-z0-9.-]+==[^\s;]+( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+")
    assert entries
    assert [line for line in entries if not entry.fullmatch(line.strip())] == []


def test_the_locks_agree_with_one_another() -> None:
    development = _locked("requirements-dev.lock")
    for name in ("requirements.lock", "requirements-build.lock"):
        assert _locked(name).items() <= development.items()


def test_each_declared_dependency_is_locked_within_its_bounds(project: dict[str, Any]) -> None:
    groups = project["dependency-groups"]
    development = [one for one in groups["dev"] + groups["build"] if isinstance(one, str)]
    for name, declared in (
        ("requirements.lock", project["project"]["dependencies"]),
        ("requirements-dev.lock", development),
    ):
        locked = _locked(name)
        for need in map(Requirement, declared):
            assert need.specifier.contains(locked[canonicalize_name(need.name)]), need


def test_each_import_is_of_a_declared_dependency(project: dict[str, Any]) -> None:
    declared = {
        canonicalize_name(Requirement(one).name) for one in project["project"]["dependencies"]
    }
    owners = packages_distributions()
    undeclared = {
        (path, module)
        for path, module in _imports()
        if not {canonicalize_name(WITHIN.get(one, one)) for one in owners.get(module, [module])}
        & declared
    }
    assert undeclared == set()


def _imports() -> Iterator[tuple[str, str]]:
    """Yield each module of others that ours import, with the file where it is imported."""
    for folder in sorted(OURS):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names = [node.module]
                else:
                    continue
                for module in {name.partition(".")[0] for name in names}:
                    if module not in sys.stdlib_module_names | OURS:
                        yield str(path.relative_to(ROOT)), module


def test_the_licence_is_the_whole_text() -> None:
    text = (ROOT / "LICENSE").read_bytes()
    assert hashlib.sha256(text).hexdigest() == LICENCE_SHA256


def test_make_test_checks_first_and_ends_with_the_tests() -> None:
    shown = _dry_run("test")
    order = [
        next(number for number, line in enumerate(shown) if word in line)
        for word in ("ruff format --check", "ruff check", "lint-imports", "mypy --strict", "pytest")
    ]
    assert order == sorted(order)
    assert order[-1] == len(shown) - 1


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("run", "-m twiza.demo"),
        ("test-slow", "pytest -m slow"),
        ("bench", "-m tests.load.bench"),
        ("clean", "rm -rf .venv"),
    ],
)
def test_a_target_of_make_does_what_it_says(target: str, what: str) -> None:
    assert any(what in line for line in _dry_run(target))


def _dry_run(target: str) -> list[str]:
    # Within `make test` the variables of that make would change what this one shows.
    environment = {name: text for name, text in os.environ.items() if "MAKE" not in name}
    asked = ["make", "--no-print-directory", "--dry-run", target]
    shown = subprocess.run(
        asked, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return shown.stdout.splitlines()


def test_the_pipeline_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    subprocess.run(["bash", "-n", script], check=True)
    assert os.access(script, os.X_OK)
    assert script.read_text("utf-8").splitlines()[-1] == "exec make test"


def test_a_python_that_cannot_make_environments_is_told_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    bootstrap = tmp_path / "tools" / "bootstrap.py"
    bootstrap.write_bytes((ROOT / "tools" / "bootstrap.py").read_bytes())
    # This Python, told that it is a program which can do nothing.
    start = (
        "import runpy, sys; sys.executable = '/bin/false'; "
        "runpy.run_path(sys.argv[1], run_name='__main__')"
    )
    told = subprocess.run(
        [sys.executable, "-c", start, str(bootstrap)],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert "please install the package python3-venv" in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / ".venv").exists()
