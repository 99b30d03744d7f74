"""Somebody who goes on entering, amending and withdrawing entities, whatever happens."""

import random
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from shared.ids import new_id
from tests.faults.federation import RealNode, until
from tests.faults.looking import own_ids

RETRY_S = 0.05
GIVE_UP_S = 120.0
KEPT_IN_MIND = 40
"""Among how many of its newest entities the writer chooses the next to change."""


@dataclass(slots=True)
class Acknowledged:
    """An entity as the node has acknowledged it."""

    id: str
    name: str
    revision: int
    tag: str
    withdrawn: bool = False


class Writer:
    """Writes to one node from a thread of its own, and remembers what was acknowledged.

    An answer that does not come is asked for again under the same key, as a portal does, until it
    comes. So what was acknowledged is all that may be in the directory at rest.

    Args:
        node: whom it writes to.
        seed: decides what it writes.
        pause_s: how long it waits after each acknowledged write, in seconds.
    """

    def __init__(self, node: RealNode, *, seed: int, pause_s: float = 0.02) -> None:
        self.node = node
        self.entities: dict[str, Acknowledged] = {}
        self.before = own_ids(node)
        self.acknowledged = 0
        self.wrong: list[str] = []
        self._random = random.Random(f"{seed} {node.name}")
        self._pause_s = pause_s
        self._newest: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"writer of {node.name}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(failed=error is not None)

    def written(self, times: int, *, timeout_s: float = 60.0) -> None:
        """Wait until so many more writes have been acknowledged."""
        wanted = self.acknowledged + times

        def holds() -> bool:
            assert not self.wrong, self.wrong
            return self.acknowledged >= wanted

        until(holds, what=f"{self.node.name} has written {times} times", timeout_s=timeout_s)

    def stop(self, *, failed: bool = False) -> None:
        """Stop after the write that is under way; on failure do not wait for its answer."""
        self._stop.set()
        if failed:
            self.wrong.append("stopped")
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set() and not self.wrong:
            dice = self._random.random()
            known = [self.entities[one] for one in self._newest]
            open_ = [one for one in known if not one.withdrawn]
            if not open_ or dice < 0.5:
                self._create()
            elif dice < 0.9:
                self._amend(self._random.choice(open_))
            else:
                self._withdraw(self._random.choice(open_))
            self._stop.wait(self._pause_s)

    def _create(self) -> None:
        name = f"{self.node.name} {self.acknowledged}"
        answer = self._until_answered("POST", "/entities", name, (201,))
        if answer is not None:
            told = answer.json()
            one = Acknowledged(told["id"], name, told["revision"], answer.headers["ETag"])
            self.entities[one.id] = one
            self._newest = [*self._newest, one.id][-KEPT_IN_MIND:]

    def _amend(self, one: Acknowledged) -> None:
        name = f"{self.node.name} {self.acknowledged}"
        answer = self._until_answered("PUT", f"/entities/{one.id}", name, (200,), tag=one.tag)
        if answer is not None:
            one.name, one.revision = name, answer.json()["revision"]
            one.tag = answer.headers["ETag"]

    def _withdraw(self, one: Acknowledged) -> None:
        answer = self._until_answered("DELETE", f"/entities/{one.id}", "", (204,), tag=one.tag)
        if answer is not None:
            one.revision, one.withdrawn = one.revision + 1, True

    def _until_answered(
        self, method: str, path: str, name: str, good: tuple[int, ...], *, tag: str = ""
    ) -> httpx.Response | None:
        """Return the acknowledgement, asking again under the same key until there is an answer."""
        headers = {"Idempotency-Key": new_id(), **({"If-Match": tag} if tag else {})}
        profile = {"name": name, "practices": ["practice:time-bank"]} if name else None
        until = time.monotonic() + GIVE_UP_S
        while not self.wrong:
            try:
                answer = self.node.ask(method, "directory", path, headers=headers, json=profile)
            except httpx.HTTPError as error:
                said = type(error).__name__
            else:
                if answer.status_code in good:
                    self.acknowledged += 1
                    return answer
                said = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code != 503:
                    self.wrong.append(f"{method} {path}: {said}")
            if time.monotonic() > until:
                self.wrong.append(f"{method} {path}: no answer in {GIVE_UP_S:g} s, last {said}")
            time.sleep(RETRY_S)
        return None
