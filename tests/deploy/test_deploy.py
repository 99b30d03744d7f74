"""What operators start: the image, the compose file, the systemd unit, nats-server's settings."""

import configparser
import fnmatch
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.node.server_config import write_config
from tests.deploy import nats_examples

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
HOME = "/var/lib/twiza"
USER = "10001:10001"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a Containerfile: its instructions in order, as (word, rest)."""

    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        """Return the rest of each instruction that begins with a word."""
        return [rest for first, rest in self.steps if first == word]

    def variables(self) -> dict[str, str]:
        """Return what ENV sets."""
        return dict(pair.split("=", 1) for rest in self.all("ENV") for pair in shlex.split(rest))


@pytest.fixture(scope="module")
def stages() -> list[Stage]:
    text = (DEPLOY / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    found: list[Stage] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append(Stage(rest.partition(" AS ")[2]))
        elif found and not word.startswith("#"):
            found[-1].steps.append((word, rest.strip()))
    return found


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return read


@pytest.fixture(scope="module")
def unit() -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    read.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their capitals
    assert read.read(DEPLOY / "systemd" / "twiza@.service", "utf-8")
    return read


def _copied(rest: str) -> tuple[list[str], str]:
    *sources, target = shlex.split(rest)
    return sources, target


def _ignored(path: str) -> bool:
    ignored = False
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        if line and not line.startswith("#") and fnmatch.fnmatch(path, line.removeprefix("!")):
            ignored = not line.startswith("!")
    return ignored


def test_the_image_is_built_from_files_that_are_there_and_not_ignored(stages: list[Stage]) -> None:
    sources = [source for rest in stages[0].all("COPY") for source in _copied(rest)[0]]
    assert sources
    assert [one for one in sources if not (ROOT / one).exists() or _ignored(one)] == []
    assert _ignored(".run")
    assert _ignored(".venv")


def test_the_image_runs_a_node_as_a_user_without_rights(stages: list[Stage]) -> None:
    last = stages[-1]
    assert last.all("USER") == [USER]
    assert last.all("VOLUME") == [HOME]
    command = [*json.loads(last.all("ENTRYPOINT")[0]), *json.loads(last.all("CMD")[0])]
    assert command == ["twiza", "up", "--home", HOME]


def test_each_build_step_is_a_shell_command(stages: list[Stage]) -> None:
    for step in (rest for stage in stages for rest in stage.all("RUN")):
        subprocess.run(["sh", "-n", "-c", step], check=True)


def test_everything_that_the_image_installs_is_known_by_its_hash(stages: list[Stage]) -> None:
    fetching = [step for step in stages[0].all("RUN") if "requirements" in step]
    assert len(fetching) == 2
    assert all("--require-hashes" in step for step in fetching)
    others = [step for step in stages[0].all("RUN") if "pip" in step and step not in fetching]
    assert all("--no-deps" in step or "--without-pip" in step for step in others)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_build_steps_install_a_node_in_an_empty_directory(
    stages: list[Stage], tmp_path: Path
) -> None:
    build, source = stages[0], tmp_path / "src"
    source.mkdir()
    places = {name: str(tmp_path / name.lower()) for name in ("BUILD", "WHEELS", "TWIZA")}
    set_here = {name: text for name, text in build.variables().items() if "CACHE" not in name}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **set_here, **places, "PATH": path}
    for word, rest in build.steps:
        if word == "COPY":
            _copy(*_copied(rest), source)
        elif word == "RUN":
            subprocess.run(["sh", "-c", rest], cwd=source, env=environment, check=True)
    bin_folder = tmp_path / "twiza" / "bin"
    asked = "import importlib.metadata as m, services.node.home; print(m.version('twiza'))"
    said = subprocess.run(
        [bin_folder / "python", "-W", "error", "-c", asked],
        cwd=tmp_path / "wheels",
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip()
    assert (bin_folder / "twiza").exists()
    assert (bin_folder / "nats-server").exists()
    assert not (bin_folder / "pip").exists()


def _copy(sources: list[str], target: str, folder: Path) -> None:
    for source in sources:
        if (ROOT / source).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source, folder / target, ignore=ignore)
        else:
            shutil.copy(ROOT / source, folder / target)


@pytest.mark.parametrize("name", ["node", "hub"])
def test_a_container_writes_its_home_and_nothing_else(
    compose: dict[str, Any], stages: list[Stage], name: str
) -> None:
    service = compose["services"][name]
    assert service["user"] == stages[-1].all("USER")[0]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == [f"{name}:{HOME}"]
    assert name in compose["volumes"]
    assert not {"privileged", "cap_add", "devices", "pid", "environment"} & service.keys()


@pytest.mark.parametrize("name", ["node", "hub"])
def test_a_container_is_built_from_the_containerfile(compose: dict[str, Any], name: str) -> None:
    build = compose["services"][name]["build"]
    context = (DEPLOY / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).samefile(DEPLOY / "Containerfile")


def test_the_unit_runs_the_home_of_its_name(unit: configparser.ConfigParser) -> None:
    service = unit["Service"]
    assert service["ExecStart"] == f"/opt/twiza/bin/twiza up --home {HOME}/%i"
    assert service["StateDirectory"] == "twiza/%i"
    assert service["User"] == service["Group"] == "twiza"
    assert unit["Unit"]["AssertPathExists"] == f"{HOME}/%i/twiza.toml"
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_the_unit_holds_the_node_in_its_home(unit: configparser.ConfigParser) -> None:
    wanted = {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
        "UMask": "0077",
        "StateDirectoryMode": "0700",
        # The supervisor alone is told to stop, so that it stops the others in order.
        "KillMode": "mixed",
    }
    service = unit["Service"]
    assert {name: service.get(name) for name in wanted} == wanted


def test_the_units_user_and_directory_are_made(unit: configparser.ConfigParser) -> None:
    made = (DEPLOY / "systemd" / "twiza.sysusers.conf").read_text("utf-8").splitlines()[-1]
    assert shlex.split(made)[:2] == ["u", unit["Service"]["User"]]
    kept = (DEPLOY / "systemd" / "twiza.tmpfiles.conf").read_text("utf-8").splitlines()[-1]
    assert kept.split()[:5] == ["d", HOME, "0700", "twiza", "twiza"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "systemd" / "twiza@.service").read_text("utf-8")
    # It looks whether the program is there, and on this machine it is not.
    (tmp_path / "twiza@.service").write_text(text.replace("/opt/twiza/bin/twiza", "/bin/true"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "twiza@oujda.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_the_examples_for_nats_server_are_what_is_rendered(tmp_path: Path) -> None:
    for name, text in nats_examples.examples(tmp_path).items():
        assert (DEPLOY / "nats" / name).read_text("utf-8") == text
        assert nats_examples.unnamed(text) == []


def test_nats_server_reads_what_is_rendered(tmp_path: Path) -> None:
    node, hub = nats_examples.founded(tmp_path)
    node.save_federation(nats_examples.link(node, hub))
    server = Path(sysconfig.get_path("scripts")) / "nats-server"
    for home in (node, hub):
        tested = subprocess.run(
            [server, "-t", "-c", write_config(home)], capture_output=True, text=True, check=False
        )
        assert tested.returncode == 0, tested.stderr
