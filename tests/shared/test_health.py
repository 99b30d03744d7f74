"""A service is ready when every check is well, and says which one is not."""

import threading
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from structlog.testing import capture_logs

from shared.access import AccessTable
from shared.gate import undeclared
from shared.health import ROWS, Checks, Health, NotReady, health_router
from shared.problems import MEDIA_TYPE, install


def _app(checks: Checks) -> FastAPI:
    app = FastAPI()
    app.include_router(health_router(checks, service="directory", node="remess", version="0.1.0"))
    install(app)
    return app


@pytest.fixture
def checks() -> Checks:
    return Checks(wait_s=0.2)


@pytest.fixture
async def client(checks: Checks) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(_app(checks))
    async with AsyncClient(transport=transport, base_url="http://node.test") as client:
        yield client


async def test_a_process_that_answers_is_alive_even_when_nothing_works(
    client: AsyncClient, checks: Checks
) -> None:
    checks.add("database", lambda: Health(False, "gone"))
    answer = await client.get("/healthz")
    assert answer.json() == {
        "status": "alive",
        "service": "directory",
        "node": "remess",
        "version": "0.1.0",
    }


async def test_a_service_is_ready_when_every_check_is_well(
    client: AsyncClient, checks: Checks
) -> None:
    async def caught_up() -> Health:
        return Health(True, "applied all that has arrived", {"lag_s": 0})

    checks.add("database", lambda: Health(True))
    checks.add("inbox", caught_up)
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {
            "database": {"ok": True, "detail": ""},
            "inbox": {"ok": True, "detail": "applied all that has arrived", "lag_s": 0},
        },
    }


async def test_a_service_that_is_not_ready_names_the_checks_that_fail(
    client: AsyncClient, checks: Checks
) -> None:
    async def broken() -> Health:
        raise RuntimeError("private")

    def refusing() -> Health:
        raise NotReady("the disk is full")

    checks.add("database", lambda: Health(True))
    checks.add("nats", lambda: Health(False, "no connection", {"since_s": 7}))
    checks.add("broken", broken)
    checks.add("refusing", refusing)
    with capture_logs() as lines:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == MEDIA_TYPE
    body = answer.json()
    assert body["type"] == "/problems/not-ready"
    assert body["detail"] == "nats, broken, refusing"
    assert body["checks"] == {
        "nats": {"ok": False, "detail": "no connection", "since_s": 7},
        "broken": {"ok": False, "detail": "the check itself broke: RuntimeError"},
        "refusing": {"ok": False, "detail": "the disk is full", "reason_code": "not-ready"},
    }
    assert "private" not in answer.text
    assert [line["event"] for line in lines] == ["check broke", "refused"]


async def test_a_check_that_hangs_holds_nobody_up_and_is_not_started_twice() -> None:
    checks = Checks(wait_s=0.02)
    go, calls = threading.Event(), []

    def hanging() -> Health:
        calls.append(1)
        go.wait(10)
        return Health(True)

    checks.add("disk", hanging)
    checks.add("database", lambda: Health(True))
    late = Health(False, "no answer within 0.02 s")
    for _ in range(3):
        assert await checks.look() == {"disk": late, "database": Health(True)}
    assert len(calls) == 1
    go.set()
    while await checks.look() != {"disk": Health(True), "database": Health(True)}:
        pass


async def test_a_service_without_checks_is_ready(client: AsyncClient) -> None:
    assert (await client.get("/readyz")).json() == {"status": "ready", "checks": {}}


def test_a_check_has_a_name_of_its_own(checks: Checks) -> None:
    checks.add("database", lambda: Health(True))
    with pytest.raises(TypeError, match="database"):
        checks.add("database", lambda: Health(True))


def test_the_paths_of_health_stand_in_the_table_of_access(checks: Checks) -> None:
    assert undeclared(_app(checks), AccessTable(ROWS)) == []
