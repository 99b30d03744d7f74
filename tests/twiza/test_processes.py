"""A program is started until it answers, started again when it ends, and ends with us."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from twiza.bound import bound
from twiza.logfiles import LogFile
from twiza.processes import Kept, NotReady, Program

SERVER = """
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *args): print("asked", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def program(code: str, port: int, log: Path) -> Program:
    return Program(
        name="part",
        command=(sys.executable, "-c", code, str(port)),
        log=str(log),
        port=port,
        path="/",
    )


async def until(holds: Callable[[], Awaitable[bool]], *, timeout_s: float = 10.0) -> None:
    for _ in range(int(timeout_s / 0.02)):
        if await holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not in {timeout_s:g} s")


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[tuple[Kept, list[str]]]:
    said: list[str] = []
    one = Kept(program(SERVER, free_port(), tmp_path / "part.log"), say=said.append)
    yield one, said
    await one.stop()


async def test_a_program_that_was_killed_is_started_again(kept: tuple[Kept, list[str]]) -> None:
    part, said = kept
    await part.start()
    first = part.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)

    async def another_answers() -> bool:
        return part.pid not in (None, first) and not await part.program.missing()

    await until(another_answers)
    assert said == ["part has ended (SIGKILL); it is started again in 0.25 s."]


async def test_a_stopped_program_is_gone_and_stays_gone(kept: tuple[Kept, list[str]]) -> None:
    part, said = kept
    await part.start()
    pid = part.pid
    await part.stop()
    await part.stop()
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert said == []


async def test_what_a_program_says_stands_in_its_log(
    kept: tuple[Kept, list[str]], tmp_path: Path
) -> None:
    part, _ = kept
    await part.start()
    await part.stop()
    assert (tmp_path / "part.log").read_text().startswith("asked")


async def test_a_program_that_only_ends_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    code = "import sys; sys.exit('the disk is full')"
    part = Kept(program(code, free_port(), tmp_path / "part.log"), say=lambda sentence: None)
    with pytest.raises(NotReady, match=r"ended 3 times.*the disk is full"):
        await part.start()
    assert part.pid is None


async def test_a_program_that_never_answers_is_stopped(tmp_path: Path) -> None:
    code = "import time; time.sleep(60)"
    part = Kept(program(code, free_port(), tmp_path / "part.log"), say=lambda sentence: None)
    with pytest.raises(NotReady, match="does not answer"):
        await part.start(timeout_s=0.5)
    assert part.pid is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
async def test_a_bound_program_ends_with_the_one_who_started_it() -> None:
    inner = "import time; print('up', flush=True); time.sleep(60)"
    outer = (
        "import os, subprocess, sys, time\n"
        "from twiza.bound import bound\n"
        f"child = subprocess.Popen(bound((sys.executable, '-c', {inner!r})),"
        " stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); time.sleep(60)\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", outer, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()

    async def is_gone() -> bool:
        # A child that nobody has waited for yet is a name in the table and no more.
        try:
            return "\nState:\tZ" in Path(f"/proc/{child}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True

    await until(is_gone)


def test_a_bound_command_keeps_its_arguments_as_they_are() -> None:
    assert bound(("/bin/echo", "--", "a b"))[-3:] == ("/bin/echo", "--", "a b")


def test_a_log_begins_anew_before_it_is_too_large(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "one.log", size_max=10, older_max=2)
    for line in ("first---\n", "second--\n", "third---\n", "fourth--\n"):
        file.write(line)
    file.close()
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {
        "one.log": "fourth--\n",
        "one.log.1": "third---\n",
        "one.log.2": "second--\n",
    }
    assert (tmp_path / "one.log").stat().st_mode & 0o077 == 0
