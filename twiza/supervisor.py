"""The supervisor: it runs a home's programs in order, keeps them running, and stops them in order.

``python -m twiza.supervisor HOME [--single] [--verbose] [--json]``. Without ``--single`` it stays
small: what needs the services' libraries runs in processes of its own.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from shared.refusals import Refusal
from twiza import outcomes, running
from twiza.plan import CannotPlan, Plan, planned_by_another
from twiza.processes import RESTART_FIRST_S, RESTART_MOST_S, Kept, Program
from twiza.running import Running

LOOK_S: Final = 0.5
"""How often it is looked whether the link to the hub has changed."""
FEDERATION: Final = "federation.json"


class Part(Protocol):
    """One of the things that a node consists of."""

    async def start(self) -> None:
        """Start it and return when it is ready."""

    async def stop(self) -> None:
        """Stop it and return when it is gone; a second call does nothing."""


MakePlan = Callable[[], Awaitable[Plan]]
MakePart = Callable[[Program], Part]


class Supervisor:
    """Runs one home until it is told to stop.

    Args:
        home: the home directory.
        plan: tells how the home is run; asked again when the link to the hub has changed.
        part: makes the part that runs a service.
        say: tells the operator a sentence.
        ready: called when all is up for the first time.
    """

    def __init__(
        self,
        home: Path,
        *,
        plan: MakePlan,
        part: MakePart,
        say: Callable[[str], None],
        ready: Callable[[Plan], None],
    ) -> None:
        self._home = home
        self._make_plan = plan
        self._make_part = part
        self._say = say
        self._ready = ready
        self._stop = asyncio.Event()
        self._server: Kept | None = None
        self._services: dict[str, Part] = {}

    def stop(self) -> None:
        """Have everything stopped; ``run`` returns when it is."""
        self._stop.set()

    async def run(self) -> None:
        """Start everything, keep it running, and stop it in order when told to.

        Raises:
            Refusal: something did not come up; what was up is stopped again.
        """
        work = asyncio.create_task(self._work())
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            work.cancel()
            await asyncio.wait([work])
            await self._stop_all()
        if not work.cancelled():
            work.result()

    async def _work(self) -> None:
        seen = self._link()
        plan = await self._make_plan()
        await running.end_leftover(plan.pid_file, plan.conf)
        running.require_free(_ports(plan))
        await self._start(plan)
        self._ready(plan)
        while True:
            await asyncio.sleep(LOOK_S)
            if seen == (now := self._link()):
                continue
            seen = now
            try:
                changed = await self._make_plan()
            except Refusal as refusal:
                self._say(f"The link to the hub stays as it was. {outcomes.sentence(refusal)}")
                continue
            try:
                await self._change(plan, changed)
            except Refusal as refusal:
                self._say(outcomes.sentence(refusal))
                await self._start_again(changed)
            plan = changed

    async def _start(self, plan: Plan) -> None:
        """Start nats-server, then the node's own service, then the others beside one another."""
        self._server = Kept(plan.server, say=self._say)
        await self._server.start()
        await self._start_services(plan.services)

    async def _start_again(self, plan: Plan) -> None:
        """Stop everything and start it, again and again, later each time, until it is up."""
        wait_s = RESTART_FIRST_S
        while True:
            await self._stop_all()
            await asyncio.sleep(wait_s)
            wait_s = min(RESTART_MOST_S, wait_s * 2)
            try:
                await self._start(plan)
            except Refusal as refusal:
                self._say(f"{outcomes.sentence(refusal)} It is tried again in {wait_s:g} s.")
            else:
                return

    async def _start_services(self, programs: tuple[Program, ...]) -> None:
        first = [program for program in programs if program.name == "node"]
        others = [program for program in programs if program.name != "node"]
        for together in (first, others):
            parts = {program.name: self._make_part(program) for program in together}
            self._services |= parts
            starts = [asyncio.create_task(part.start()) for part in parts.values()]
            try:
                await asyncio.gather(*starts)
            except BaseException:
                for start in starts:
                    start.cancel()
                await asyncio.gather(*starts, return_exceptions=True)
                raise

    async def _change(self, before: Plan, after: Plan) -> None:
        """Start again what the changed link touches, and nothing else."""
        told = {program.name: program.told for program in before.services}
        changed = tuple(one for one in after.services if told.get(one.name) != one.told)
        if before.server.told == after.server.told and not changed:
            return
        self._say("The link to the hub has changed; what it touches is started again.")
        for program in reversed(changed):
            part = self._services.pop(program.name, None)
            if part is not None:
                await part.stop()
        if before.server.told != after.server.told:
            assert self._server is not None
            await self._server.stop()
            self._server = Kept(after.server, say=self._say)
            await self._server.start()
        await self._start_services(changed)

    async def _stop_all(self) -> None:
        """Stop the services, the node's own last, and then their nats-server."""
        for part in reversed(self._services.values()):
            await part.stop()
        self._services.clear()
        if self._server is not None:
            await self._server.stop()

    def _link(self) -> tuple[int, int]:
        try:
            found = (self._home / FEDERATION).stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_mtime_ns, found.st_ino


def _ports(plan: Plan) -> dict[str, int]:
    found = {plan.server.name: plan.server.port}
    return found | {program.name: program.port for program in plan.services}


async def supervise(home: Path, *, single: bool, verbose: bool, as_json: bool) -> None:
    """Run a home until a signal comes; see ``main``.

    Raises:
        Refusal: it runs already, or something did not come up.
    """

    def ready(plan: Plan) -> None:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        about = Running(pid=os.getpid(), single=single, since=since, addresses=plan.addresses)
        running.announce(home, about)
        sys.stdout.write(told_ready(plan, about, as_json=as_json))
        sys.stdout.flush()

    async def plan() -> Plan:
        return await planned_by_another(home, verbose=verbose)

    def part(program: Program) -> Part:
        return Kept(program, say=say)

    if single:
        # Only here, so that the supervisor of several processes does not carry it all.
        from twiza.single import SingleProcess

        process = SingleProcess(home, verbose=verbose)
        supervisor = Supervisor(home, plan=process.plan, part=process.part, say=say, ready=ready)
    else:
        supervisor = Supervisor(home, plan=plan, part=part, say=say, ready=ready)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.stop)
    with running.held(home):
        try:
            await supervisor.run()
        finally:
            running.withdraw(home)


def told_ready(plan: Plan, about: Running, *, as_json: bool) -> str:
    """Return what the operator is told when all is up."""
    if as_json:
        return json.dumps({"node": plan.node, **asdict(about)}) + "\n"
    width = max(map(len, plan.addresses))
    lines = [f"  {name:<{width}}  {address}" for name, address in plan.addresses.items()]
    return "\n".join([f"{plan.node} is up. Ctrl-C stops it.", *lines, ""])


def say(sentence: str) -> None:
    """Tell the operator a sentence."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def main() -> int:
    """Run a home until SIGINT, SIGTERM or SIGHUP; return the exit status."""
    reading = argparse.ArgumentParser(prog="twiza up")
    reading.add_argument("home", type=Path)
    for option in ("--single", "--verbose", "--json"):
        reading.add_argument(option, action="store_true")
    given = reading.parse_args()
    os.umask(0o077)
    try:
        _run(
            supervise(
                given.home.absolute(),
                single=given.single,
                verbose=given.verbose,
                as_json=given.json,
            ),
            fast=given.single,
        )
    except CannotPlan as said:
        return int(said.members["exit_status"])
    except Refusal as refusal:
        return outcomes.refused(refusal)
    return outcomes.GOOD


def _run(work: Awaitable[None], *, fast: bool) -> None:
    async def running_() -> None:
        await work

    if fast:
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(running_())
    else:
        asyncio.run(running_())


if __name__ == "__main__":
    sys.exit(main())
