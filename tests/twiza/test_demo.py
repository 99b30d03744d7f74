"""The example federation: which networks it has, whether they agree, and links that can be cut."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from twiza.demo.figures import Figures, agree
from twiza.demo.links import Link, cut, heal
from twiza.demo.networks import networks

READY_S = 120.0


def figures(name: str, own: int, by_origin: dict[str, int]) -> Figures:
    return Figures(
        name=name,
        title="",
        page="",
        own=own,
        sees=sum(by_origin.values()),
        by_origin=by_origin,
        behind=0,
        link="stands",
    )


def test_the_example_has_one_hub_and_three_networks_and_the_world_has_two_more_tiers() -> None:
    small = networks(world=False, data=None)
    assert [(one.name, one.parent) for one in small] == [
        ("africa", ""), ("souss", "africa"), ("teranga", "africa"), ("ilhas", "africa"),
    ]  # fmt: skip
    world = {one.name: one.parent for one in networks(world=True, data=None)}
    assert len(world) == 7
    assert (world["africa"], world["cuyo"]) == ("intercontinental", "abya-yala")


def test_networks_of_the_example_do_not_want_each_other_s_ports() -> None:
    ports = [
        port
        for one in networks(world=True, data=None)
        for port in (*one.ports.values(), one.link_port)
    ]
    assert len(ports) == len(set(ports))


def test_the_real_lists_are_taken_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "timebanks_usa.csv").touch()
    found = {one.name: one.files for one in networks(world=False, data=tmp_path)}
    assert [file.path.name for file in found["teranga"]] == ["timebanks_usa.csv"]
    assert found["souss"] == ()


def test_networks_agree_when_each_sees_what_every_other_has() -> None:
    all_of_it = {"africa": 18, "souss": 55}
    hub, souss = figures("africa", 18, all_of_it), figures("souss", 55, all_of_it)
    assert agree([hub, souss])
    assert not agree([hub, figures("souss", 56, {**all_of_it, "souss": 56})])
    assert not agree([hub, replace(souss, by_origin={"souss": 55}, sees=55)])


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    answering: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(100):
                writer.write(data)
        writer.transport.abort()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.create_task(answer(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    yield int(server.sockets[0].getsockname()[1])
    server.close()
    await asyncio.wait(answering)


async def answers(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"salam")
        return await asyncio.wait_for(reader.read(5), 5) == b"salam"
    except ConnectionError:
        return False
    finally:
        writer.transport.abort()


async def test_a_link_drops_what_is_open_while_it_is_cut_and_carries_again_when_healed(
    tmp_path: Path,
) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    async with echo() as there:
        link = Link("souss", tmp_path, port=port, to_port=there)
        await link.open()
        assert await answers(port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"salam")
        assert await reader.readexactly(5) == b"salam"

        cut(tmp_path, "souss")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 5)
        assert not await answers(port)

        heal(tmp_path, "souss")
        assert await answers(port)
        writer.transport.abort()
        await link.close()


@pytest.mark.slow
def test_the_example_comes_up_agrees_and_goes_on_where_it_was(tmp_path: Path) -> None:
    for joined in (3, 0):
        said = run_until_agreed(tmp_path / "run")
        assert len(re.findall(r"has joined", said)) == joined
        assert re.search(r"^africa\t\S+\t18\t155\t0\tnone$", said, re.MULTILINE)
        assert re.search(r"^souss\t\S+\t55\t155\t0\tstands$", said, re.MULTILINE)


def run_until_agreed(folder: Path) -> str:
    """Run the example until its networks agree, stop it as Ctrl-C does, and return its words."""
    environment = {**os.environ, "TWIZA_RUN": str(folder), "WORLD": "", "TWIZA_DATA": ""}
    process = subprocess.Popen(
        [sys.executable, "-m", "twiza.demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    said = ""
    assert process.stdout is not None
    try:
        for line in process.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                process.send_signal(signal.SIGINT)
        assert process.wait(READY_S) == 0, said
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    return said
