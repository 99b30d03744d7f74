"""How a service is: a registry of named checks, and the two paths that tell.

``/healthz`` says that the process answers. ``/readyz`` says that it can do its work: every check is
well. Whoever starts or routes to a service waits for the second.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from shared.access import Row, everyone
from shared.problems import refusals
from shared.refusals import Kind, Refusal

CHECK_WAIT_S: Final = 2.0
"""How long a check may take."""

ROWS: Final[Mapping[str, Row]] = {
    "healthz": everyone(reads=True),
    "readyz": everyone(reads=True),
}
"""The rows of these paths in a service's access table."""

log = structlog.get_logger("health")


class NotReady(Refusal):
    """A service cannot do its work now."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "not-ready"
    title: ClassVar[str] = "This service cannot do its work now"


@dataclass(frozen=True, slots=True)
class Health:
    """What a check found.

    Args:
        ok: whether the service can do its work as far as this goes.
        detail: what was found, in one sentence for the operator; no personal data.
        members: figures and facts of JSON types.
    """

    ok: bool
    detail: str = ""
    members: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """Return it as an answer tells it."""
        return {**self.members, "ok": self.ok, "detail": self.detail}


Check = Callable[[], Health | Awaitable[Health]]


class Checks:
    """The checks of one service, by name.

    Those that are plain functions run in threads, so that a slow disk does not stop the service.

    Args:
        wait_s: how long a check may take.
    """

    def __init__(self, *, wait_s: float = CHECK_WAIT_S) -> None:
        self._checks: dict[str, Check] = {}
        self._running: dict[str, asyncio.Task[Health]] = {}
        self._wait_s = wait_s

    def add(self, name: str, check: Check) -> None:
        """Add a check; a name stands once."""
        if name in self._checks:
            raise TypeError(f"two checks are called {name!r}")
        self._checks[name] = check

    async def look(self) -> dict[str, Health]:
        """Run all checks at once and return what they found, by name."""
        for name, check in self._checks.items():
            # One that hangs since the last time is waited for, not started beside itself; one that
            # came to an end in between has found what is no longer true.
            last = self._running.get(name)
            if last is None or last.done():
                self._running[name] = asyncio.create_task(_found(name, check))
        running = dict(self._running)
        if running:
            await asyncio.wait(running.values(), timeout=self._wait_s)
        late = Health(False, f"no answer within {self._wait_s:g} s")
        return {name: task.result() if task.done() else late for name, task in running.items()}

    async def require(self) -> dict[str, Health]:
        """Return what the checks found, when all is well.

        Raises:
            NotReady: a check found that the service cannot work; the failing ones are listed.
        """
        found = await self.look()
        failing = {name: health.told() for name, health in found.items() if not health.ok}
        if failing:
            raise NotReady(", ".join(failing), checks=failing)
        return found


class AliveOut(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"
    service: str = Field(examples=["directory"])
    node: str = Field(examples=["remess"])
    version: str = Field(examples=["0.1.0"])


class HealthOut(BaseModel):
    """What one check found."""

    model_config = ConfigDict(extra="allow")

    ok: bool
    detail: str = Field(examples=["applied all that has arrived"])


class ReadyOut(BaseModel):
    """The service can do its work."""

    status: Literal["ready"] = "ready"
    checks: dict[str, HealthOut]


def health_router(checks: Checks, *, service: str, node: str, version: str) -> APIRouter:
    """Return the two paths of a service's health."""
    router = APIRouter(tags=["health"])
    alive = AliveOut(service=service, node=node, version=version)

    @router.get("/healthz", operation_id="healthz")
    async def healthz() -> AliveOut:
        """Say that the process answers."""
        return alive

    @router.get("/readyz", operation_id="readyz", responses=refusals(NotReady))
    async def readyz() -> ReadyOut:
        """Say that every check is well, and what each found."""
        found = await checks.require()
        told = {name: HealthOut.model_validate(health.told()) for name, health in found.items()}
        return ReadyOut(checks=told)

    return router


async def _found(name: str, check: Check) -> Health:
    try:
        plain: Callable[[], Any] = check
        found = check() if inspect.iscoroutinefunction(check) else await asyncio.to_thread(plain)
        health: Health = await found if inspect.isawaitable(found) else found
    except Refusal as refusal:
        return Health(False, refusal.detail or refusal.title, {"reason_code": refusal.slug})
    except Exception as error:
        # A check that breaks has found something as well, and must not take the others with it.
        log.warning("check broke", check=name, exc_info=error)
        return Health(False, f"the check itself broke: {type(error).__name__}")
    return health
