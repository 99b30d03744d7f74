"""Services answer below their own name, and whoever comes too early is told to come again."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from twiza.running import PortTaken
from twiza.serving import Doors, Listener, Room


class Begun:
    """An application that notes when it is opened and closed."""

    def __init__(self, *, fails: bool = False) -> None:
        self.log: list[str] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
            await self.go_on.wait()
            if fails:
                raise LookupError("no database")
            self.log.append("opened")
            yield {"what": "given"}
            self.log.append("closed")

        self.app = FastAPI(lifespan=lifespan)
        self.app.get("/where")(self._where)

    async def _where(self, request: Request) -> dict[str, str]:
        return {"what": request.state.what, "root": str(request.scope["root_path"])}


@asynccontextmanager
async def listening(doors: Doors) -> AsyncIterator[httpx.AsyncClient]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    listener = Listener(doors, host="127.0.0.1", port=port, version="1.2.3")
    await listener.open()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield client
    await listener.close()


async def test_a_service_answers_below_its_name_once_it_is_open() -> None:
    begun, doors = Begun(), Doors()
    doors.expected = frozenset({"directory"})
    room = Room("directory", begun.app)
    async with listening(doors) as client:
        begun.go_on.clear()
        doors.rooms["directory"] = room
        opening = asyncio.create_task(room.open())
        await asyncio.sleep(0)
        early = await client.get("/directory/where")
        begun.go_on.set()
        await opening
        answer = await client.get("/directory/where")
        await room.close()
        late = await client.get("/directory/where")
    assert early.status_code == late.status_code == 503
    assert early.json()["type"] == "/problems/starting"
    assert answer.json() == {"what": "given", "root": "/directory"}
    assert answer.headers["server"] == "twiza/1.2.3"
    assert begun.log == ["opened", "closed"]


async def test_what_is_no_service_goes_to_the_front_and_else_nowhere() -> None:
    begun, doors = Begun(), Doors()
    doors.expected = frozenset({"node"})
    room = Room("node", begun.app)
    await room.open()
    async with listening(doors) as client:
        nowhere = await client.get("/where")
        doors.front = room.beside(begun.app)
        front = await client.get("/where")
    await room.close()
    assert nowhere.status_code == 404
    assert front.json() == {"what": "given", "root": ""}


async def test_what_an_application_raises_when_it_opens_is_raised() -> None:
    room = Room("directory", Begun(fails=True).app)
    with pytest.raises(LookupError):
        await room.open()
    await room.close()
    assert not room.is_open


async def test_a_port_that_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        listener = Listener(Doors(), host="127.0.0.1", port=port, version="0")
        with pytest.raises(PortTaken):
            await listener.open()
