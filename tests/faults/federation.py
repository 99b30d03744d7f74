"""A federation of real processes: founded, joined, started and killed as people's nodes are."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import httpx

from services.node.home import Home
from shared.keys import SigningKey
from shared.people import Bearer, Claims, issue
from tests.faults.proxy import Proxy
from tests.twiza.commands import children, twiza
from twiza import running, wiring
from twiza.bound import bound

READY_S = 60.0
STOP_S = 30.0
STEWARDS = ("p-amina", "p-boris")


def until(
    holds: Callable[[], bool], *, what: str, timeout_s: float, every_s: float = 0.05
) -> float:
    """Wait until something holds; return after how many seconds it did."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < timeout_s, f"not in {timeout_s:g} s: {what}"
        time.sleep(every_s)
    return time.monotonic() - began


def together(*works: Callable[[], Any]) -> None:
    """Do works beside one another, and return when all are done; none may start a node."""
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result()


class RealNode:
    """A node of which a test starts, asks, kills and stops the processes.

    Args:
        folder: where its home is.
        name: the node's name.
        single: whether its services share the supervisor's process.
        home: the home's name, where it is another than the node's.
    """

    def __init__(self, folder: Path, name: str, *, single: bool = True, home: str = "") -> None:
        self.name = name
        self.path = folder / (home or name)
        self.home = Home(self.path)
        self.single = single
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self._client = httpx.Client(trust_env=False, timeout=10.0)
        self._token = ""

    def found(
        self,
        *,
        continent: str = "eu",
        level: str = "local",
        services: Iterable[str] = ("node", "directory"),
    ) -> None:
        """Found the node with ``twiza init``."""
        answer = twiza(
            "init", "--home", self.path, "--name", self.name, "--continent", continent,
            "--level", level, "--services", ",".join(services),
        )  # fmt: skip
        assert answer.status == 0, answer.err
        # The default is a part of the free disk, and several nodes share this one.
        self.home.save_settings(self.home.settings().model_copy(update={"store_mb": 4_000}))

    @property
    def services(self) -> list[str]:
        """The services that it runs."""
        return list(wiring.services_of(self.home.settings()))

    def start(self, **environment: str) -> None:
        """Start the node with ``twiza up``, from the thread that outlives it; do not wait."""
        assert self.process is None or self.process.poll() is not None, f"{self.name} runs"
        command = [sys.executable, "-m", "twiza", "up", "--home", str(self.path), "--json"]
        if self.single:
            command.append("--single")
        self.starts += 1
        with (self.path / "up.log").open("ab") as said:
            self.process = subprocess.Popen(
                bound(tuple(command)),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        """Return whether the process that was started last has said that all is up."""
        process = self.process
        if process is None or process.poll() is not None:
            return False
        found = running.running(self.path)
        return found is not None and found.pid == process.pid

    def ready(self, *, timeout_s: float = READY_S) -> None:
        """Wait until all is up."""

        def holds() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, f"{self.name} ended: {self.said()}"
            return self.is_ready()

        until(holds, what=f"{self.name} is ready: {self.said()}", timeout_s=timeout_s)

    def said(self) -> str:
        """Return what it said last on its terminal."""
        with suppress(FileNotFoundError):
            return (self.path / "up.log").read_text("utf-8", "replace")[-1000:]
        return ""

    def log(self, service: str) -> str:
        """Return what a service has logged."""
        name = "services" if self.single else service
        return (self.home.logs / f"{name}.log").read_text("utf-8")

    def kill(self) -> None:
        """End the whole node as kill -9 of its first process does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_S)

    def stop(self) -> None:
        """Stop the node as Ctrl-C does; a second call does nothing."""
        process = self.process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            finally:
                process.kill()
                process.wait()

    def close(self) -> None:
        """Stop the node and let go of it."""
        try:
            self.stop()
        finally:
            self._client.close()

    @property
    def server_pid(self) -> int | None:
        """The process of its nats-server, if one runs."""
        with suppress(FileNotFoundError, ValueError):
            pid = int(self.home.nats_pid.read_text("ascii"))
            if str(self.home.nats_conf).encode() in _command(pid):
                return pid
        return None

    def service_pid(self, service: str) -> int | None:
        """The process of a service that does not share the supervisor's."""
        process = self.process
        with suppress(FileNotFoundError, ProcessLookupError):
            for pid in children(process.pid) if process is not None else ():
                command = _command(pid)
                if b"twiza.serve" in command and service.encode() in command:
                    return pid
        return None

    def ask(
        self, method: str, service: str, path: str, *, timeout_s: float = 10.0, **asked: Any
    ) -> httpx.Response:
        """Return what a service answers to somebody who may do everything a steward may."""
        port = wiring.port_of(self.home.settings(), service, single=self.single)
        headers = {"Authorization": f"Bearer {self.token}", **asked.pop("headers", {})}
        url = f"http://127.0.0.1:{port}/{service}{path}"
        return self._client.request(method, url, headers=headers, timeout=timeout_s, **asked)

    @property
    def token(self) -> str:
        """The token of a steward of this node."""
        self._token = self._token or self.steward(STEWARDS[0])
        return self._token

    def steward(self, person: str) -> str:
        """Return the token of a steward."""
        claims = Claims.lasting(
            timedelta(hours=2),
            now=datetime.now(UTC),
            sub=person,
            kind=Bearer.PERSON,
            node=self.home.settings().name,
            roles=frozenset({"steward"}),
        )
        return issue(claims, SigningKey.load(self.home.service_key("node")))

    def write(self, *names: str) -> list[str]:
        """Enter entities in its directory, one after another, and return their ids."""
        found = []
        for name in names:
            profile = {"name": name, "practices": ["practice:time-bank"]}
            answer = self.ask("POST", "directory", "/entities", json=profile)
            assert answer.status_code == 201, answer.text
            found.append(str(answer.json()["id"]))
        return found


class RealFederation:
    """Nodes of one continent or more, and the links between them.

    Args:
        folder: where the homes are, one for each node.
    """

    __test__: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nodes: dict[str, RealNode] = {}
        self.links: dict[str, Proxy] = {}
        self._stack = ExitStack()

    def __getitem__(self, name: str) -> RealNode:
        return self.nodes[name]

    @property
    def all(self) -> list[RealNode]:
        """All nodes."""
        return list(self.nodes.values())

    def close(self) -> None:
        """Stop everything."""
        self._stack.close()

    def add(self, name: str, *, single: bool = True, **founding: Any) -> RealNode:
        """Found a node."""
        node = self._kept(RealNode(self.folder, name, single=single))
        node.found(**founding)
        return node

    def take(self, name: str, *, hub: str = "", single: bool = True) -> RealNode:
        """Take a home that is there, with the link to its hub."""
        node = self._kept(RealNode(self.folder, name, single=single))
        if hub:
            federation = node.home.federation()
            assert federation is not None
            self.link(name, hub, port=int(federation.leaf_url.rpartition(":")[2]))
        return node

    def _kept(self, node: RealNode) -> RealNode:
        self.nodes[node.name] = node
        self._stack.callback(node.close)
        return node

    def start(self, *names: str) -> None:
        """Start nodes, all where none is named, and wait until they are up."""
        chosen = [self.nodes[name] for name in names or self.nodes]
        for node in chosen:
            node.start()
        for node in chosen:
            node.ready()

    def stop(self) -> None:
        """Stop all nodes; the links stay."""
        for node in self.nodes.values():
            if node.process is not None and node.process.poll() is None:
                node.process.send_signal(signal.SIGTERM)
        for node in self.nodes.values():
            node.stop()

    def link(self, name: str, hub: str, *, port: int = 0) -> Proxy:
        """Put a link that can be disturbed between a node and its hub."""
        proxy = Proxy(self.nodes[hub].home.settings().ports.leaf, port=port)
        self.links[name] = self._stack.enter_context(proxy)
        return proxy

    def join(self, name: str, hub: str) -> None:
        """Join a node to a hub that runs, by the real procedure, over a link of ours."""
        member, at = self.nodes[name], self.nodes[hub]
        proxy = self.links.get(name) or self.link(name, hub)
        letter = self.folder / f"{hub}-invites-{name}.json"
        invited = twiza("invite", "--home", at.path, "--out", letter)
        assert invited.status == 0, invited.err
        invitation = json.loads(letter.read_text())
        invitation["leaf_url"] = f"tls://127.0.0.1:{proxy.port}"
        letter.write_text(json.dumps(invitation))
        asking = ("join", letter, "--home", member.path, "--fingerprint", _words(at), "--json")
        asked = twiza(*asking, "--wait", "0")
        assert asked.told["state"] == "waiting", asked.err
        for person in STEWARDS:
            spoken = twiza(
                "admit", name, "--home", at.path, "--fingerprint", asked.told["fingerprint"],
                TWIZA_TOKEN=at.steward(person),
            )  # fmt: skip
            assert spoken.status == 0, spoken.err
        joined = twiza(*asking, "--wait", "10")
        assert joined.told["state"] == "admitted", joined.err


@contextmanager
def copied(template: Path, folder: Path) -> Iterator[RealFederation]:
    """Yield a federation whose homes are copies of others, on the same ports."""
    shutil.copytree(template, folder, symlinks=True, dirs_exist_ok=True)
    federation = RealFederation(folder)
    try:
        yield federation
    finally:
        federation.close()


def _words(node: RealNode) -> str:
    from services.node.join import own_fingerprint

    return own_fingerprint(node.home)


def _command(pid: int) -> list[bytes]:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return []
