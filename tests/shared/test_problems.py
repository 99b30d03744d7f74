"""What is refused and what fails is answered as problem details, and says no more than it must."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Literal

import pytest
from fastapi import Depends, FastAPI, Form, UploadFile
from httpx import ASGITransport, AsyncClient, Response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import StreamingResponse
from structlog.testing import capture_logs

from shared.bodies import BODY_SIZE_MAX, TooDeep, TooLarge, require_json_shape
from shared.canonical import DEPTH_MAX, Malformed
from shared.problems import MEDIA_TYPE, install, refusals
from shared.refusals import Kind, Missing, Refusal

SECRET = "Fatima Zahra"


class LimitReachedForTest(Refusal):
    """A refusal of these tests."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "limit-reached-for-test"
    title: ClassVar[str] = "The circle's limit is reached"


class NotNowForTest(Refusal):
    """Another refusal of these tests."""

    kind: ClassVar[Kind] = Kind.TOO_MANY
    slug: ClassVar[str] = "not-now-for-test"
    title: ClassVar[str] = "Later"


class WhoForTest(Refusal):
    """A refusal of these tests that asks who is there."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    slug: ClassVar[str] = "who-for-test"
    title: ClassVar[str] = "Who is there?"


class Cat(BaseModel):
    """One of two."""

    kind: Literal["cat"]


class Dog(BaseModel):
    """The other of two."""

    kind: Literal["dog"]


class EntityIn(BaseModel):
    """A body."""

    model_config = ConfigDict(extra="forbid")

    name: str
    minutes: int = 0
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    anything: Any = None


def _late() -> None:
    raise LimitReachedForTest("in a dependency")


def _app() -> FastAPI:
    app = FastAPI()

    @app.get("/refused/{case}", operation_id="refused")
    async def refused(case: str) -> None:
        if case == "limit":
            raise LimitReachedForTest("one more minute", limit=1200, status=200, type="mine")
        if case == "wait":
            raise NotNowForTest(retry_after_s=7)
        if case == "who":
            raise WhoForTest()
        if case == "odd":
            raise LimitReachedForTest("half \ud800", things={1: object()})
        raise HTTPException(418, SECRET)

    @app.get("/dependency", dependencies=[Depends(_late)])
    async def dependency() -> None: ...

    @app.post("/entities", responses=refusals(LimitReachedForTest, Missing), operation_id="list_it")
    async def entities(entity: EntityIn) -> str:
        return entity.name

    @app.get("/defect")
    async def defect() -> None:
        raise RuntimeError(SECRET)

    @app.get("/wrong-answer", response_model=EntityIn)
    async def wrong_answer() -> Any:
        return {"nom": SECRET}

    @app.get("/half")
    async def half() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"half"
            raise RuntimeError(SECRET)

        return StreamingResponse(pieces())

    @app.post("/imports/{import_id}/file")
    async def imported(import_id: int, request: Request) -> int:
        return len(await request.body())

    @app.post("/form")
    async def form(name: Annotated[str, Form()], file: UploadFile) -> str:
        return name

    install(app, larger={"/imports/{import_id}/file": 2 * BODY_SIZE_MAX})
    return app


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(_app(), raise_app_exceptions=True)
    async with AsyncClient(transport=transport, base_url="http://node.test") as client:
        yield client


def _problem(answer: Response, status: int, slug: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == MEDIA_TYPE
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"], body["type"]) == (
        status,
        status,
        f"/problems/{slug}",
    )
    assert SECRET not in answer.text
    return body


async def test_a_refusal_is_answered_with_its_name_its_sentence_and_its_members(
    client: AsyncClient,
) -> None:
    with capture_logs() as lines:
        answer = await client.get("/refused/limit?q=private")
    assert _problem(answer, 409, "limit-reached-for-test") == {
        "type": "/problems/limit-reached-for-test",
        "title": "The circle's limit is reached",
        "status": 409,
        "detail": "one more minute",
        "instance": "/refused/limit",
        "limit": 1200,
    }
    assert lines == [
        {
            "event": "refused",
            "log_level": "info",
            "method": "GET",
            "operation": "refused",
            "reason_code": "limit-reached-for-test",
            "status": 409,
        }
    ]


async def test_a_refusal_within_a_dependency_is_answered_alike(client: AsyncClient) -> None:
    _problem(await client.get("/dependency"), 409, "limit-reached-for-test")


async def test_a_refusal_says_when_to_come_back_and_how_to_say_who_one_is(
    client: AsyncClient,
) -> None:
    assert (await client.get("/refused/wait")).headers["retry-after"] == "7"
    assert (await client.get("/refused/who")).headers["www-authenticate"] == "Bearer"


async def test_members_that_json_lacks_do_not_break_the_answer(client: AsyncClient) -> None:
    _problem(await client.get("/refused/odd"), 409, "limit-reached-for-test")


async def test_a_wrong_body_is_answered_with_its_fields_and_nothing_that_was_in_them(
    client: AsyncClient,
) -> None:
    sent = {"minutes": SECRET, "pet": {"kind": SECRET}, "nom": SECRET, f"x {SECRET}": 1}
    body = _problem(await client.post("/entities", json=sent), 422, "invalid")
    assert [(error["loc"], error["code"]) for error in body["errors"]] == [
        (["body", "name"], "missing"),
        (["body", "minutes"], "int_parsing"),
        (["body", "pet"], "union_tag_invalid"),
        (["body", "nom"], "extra_forbidden"),
        (["body", "?"], "extra_forbidden"),
    ]
    assert all(error.keys() == {"loc", "code", "detail"} for error in body["errors"])


@pytest.mark.parametrize(
    ("sent", "status", "slug"),
    [
        (b'{"name":', 422, "invalid"),
        (b"", 422, "invalid"),
        (b'{"name":"a","minutes":NaN}', 400, "malformed"),
        (b'{"name":"a","anything":-Infinity}', 400, "malformed"),
        (b'{"name":"NaN \\" Infinity"}', 200, ""),
        ('{"name":"é"}'.encode("latin-1"), 400, "malformed"),
        ('{"name":"a"}'.encode("utf-16"), 400, "malformed"),
        ('{"name":"a"}'.encode("utf-16-le"), 400, "malformed"),
        (b'{"name":"\\ud800"}', 400, "malformed"),
        (b'{"name":"a\\\\\\uDFFF"}', 400, "malformed"),
        (b'{"\\ud800\\u0041":1,"name":"a"}', 400, "malformed"),
        (b'{"name":"\\ud83c\\uDF3f \\\\ud800 \\u0645"}', 200, ""),
        (b'{"name":"a","minutes":' + b"9" * 5000 + b"}", 400, "bad-request"),
        (b'{"name":"a","minutes":1e400}', 422, "invalid"),
        (b'{"name":"a","anything":' + b"[" * 31 + b"]" * 31 + b"}", 200, ""),
        (b'{"name":"a","anything":' + b"[" * 32 + b"]" * 32 + b"}", 422, "too-deep"),
        (b"[" * 200_000, 422, "too-deep"),
        (b'{"a":' * 40_000, 422, "too-deep"),
        (b'"' * 250_001, 422, "invalid"),
    ],
)
async def test_no_body_of_json_breaks_the_application(
    client: AsyncClient, sent: bytes, status: int, slug: str
) -> None:
    answer = await client.post(
        "/entities", content=sent, headers={"content-type": "application/json"}
    )
    if status < 400:
        assert answer.status_code == status
    else:
        _problem(answer, status, slug)


async def test_a_path_or_a_method_that_is_not_there_is_a_problem_too(client: AsyncClient) -> None:
    body = _problem(await client.get("/none/\u0645"), 404, "not-found")
    assert body["instance"] == "/none/%D9%85"
    answer = await client.delete("/entities")
    _problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


async def test_a_defect_is_answered_with_an_identifier_that_stands_in_the_log_once(
    client: AsyncClient,
) -> None:
    with capture_logs() as lines:
        body = _problem(await client.get("/defect"), 500, "defect")
    assert [line["incident"] for line in lines] == [body["incident"]]
    assert lines[0]["log_level"] == "error"
    assert str(lines[0]["exc_info"]) == SECRET
    assert len(body["incident"]) == len("babab-babab")


async def test_an_answer_that_breaks_its_own_model_is_a_defect(client: AsyncClient) -> None:
    _problem(await client.get("/wrong-answer"), 500, "defect")


async def test_a_defect_of_a_mounted_application_is_logged_once() -> None:
    parent = FastAPI()
    install(parent)
    parent.mount("/directory", _app())
    transport = ASGITransport(parent, raise_app_exceptions=True)
    async with AsyncClient(transport=transport, base_url="http://node.test") as client:
        with capture_logs() as lines:
            body = _problem(await client.get("/directory/defect"), 500, "defect")
    assert [line["event"] for line in lines] == ["defect"]
    assert body["instance"] == "/directory/defect"


async def test_half_an_answer_breaks_off(client: AsyncClient) -> None:
    with capture_logs() as lines, pytest.raises(RuntimeError, match=SECRET):
        await client.get("/half")
    assert [line["event"] for line in lines] == ["defect"]


async def _pieces(count: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


@pytest.mark.parametrize("media_type", ["application/json", "text/csv"])
async def test_a_body_that_is_too_long_is_refused_announced_or_not(
    client: AsyncClient, media_type: str
) -> None:
    headers = {"content-type": media_type}
    announced = await client.post("/entities", content=b" " * (BODY_SIZE_MAX + 1), headers=headers)
    assert _problem(announced, 413, "too-large")["size_max"] == BODY_SIZE_MAX
    assert announced.headers["connection"] == "close"
    streamed = await client.post("/entities", content=_pieces(3, 100_000), headers=headers)
    _problem(streamed, 413, "too-large")


async def test_a_route_may_take_a_longer_body(client: AsyncClient) -> None:
    path = "/imports/7/file"
    taken = await client.post(path, content=_pieces(4, BODY_SIZE_MAX // 2))
    assert taken.json() == 2 * BODY_SIZE_MAX
    _problem(await client.post(path, content=_pieces(5, BODY_SIZE_MAX // 2)), 413, "too-large")


async def test_a_form_that_is_too_long_is_refused(client: AsyncClient) -> None:
    small = await client.post("/form", data={"name": "a"}, files={"file": b"x"})
    assert small.json() == "a"
    large = await client.post("/form", data={"name": "a"}, files={"file": b"x" * BODY_SIZE_MAX})
    _problem(large, 413, "too-large")


async def test_a_larger_body_is_taken_under_a_mount_as_well() -> None:
    parent = FastAPI()
    install(parent, size_max=None)
    parent.mount("/directory", _app())
    async with AsyncClient(transport=ASGITransport(parent), base_url="http://node.test") as client:
        answer = await client.post(
            "/directory/imports/7/file", content=_pieces(4, BODY_SIZE_MAX // 2)
        )
    assert answer.json() == 2 * BODY_SIZE_MAX


async def test_a_body_that_does_not_arrive_is_refused() -> None:
    app = FastAPI()

    @app.post("/")
    async def take(request: Request) -> int:
        return len(await request.body())

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        await never.wait()

    never = asyncio.Event()
    install(app, wait_s=0.01)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://node.test") as client:
        for media_type in ("application/json", "text/csv"):
            answer = await client.post("/", content=endless(), headers={"content-type": media_type})
            _problem(answer, 400, "too-slow")


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner, max_size=3)))
def test_the_depth_of_a_body_is_that_of_its_value(value: Any) -> None:
    def depth(value: Any) -> int:
        return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0

    body = json.dumps(value).encode()
    require_json_shape(body, depth_max=depth(value))
    if depth(value) > 0:
        with pytest.raises(TooDeep):
            require_json_shape(body, depth_max=depth(value) - 1)


@given(st.binary(max_size=200))
def test_any_bytes_are_let_through_or_refused_by_name(body: bytes) -> None:
    with suppress(Malformed, TooDeep):
        require_json_shape(body, depth_max=3)


def test_the_document_tells_the_refusals_of_an_operation() -> None:
    document = _app().openapi()
    answers = document["paths"]["/entities"]["post"]["responses"]
    assert answers["409"]["description"] == LimitReachedForTest.title
    example = answers["404"]["content"][MEDIA_TYPE]["examples"]["not-found"]["value"]
    assert example == {"type": "/problems/not-found", "title": Missing.title, "status": 404}
    assert answers["422"]["content"].keys() == {MEDIA_TYPE}
    assert answers["default"]["content"].keys() == {MEDIA_TYPE}
    assert "Problem" in document["components"]["schemas"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["openapi"].startswith("3.1")


def test_refusals_of_one_status_stand_together() -> None:
    answers = refusals(LimitReachedForTest, TooLarge, Malformed)
    assert sorted(answers) == [400, 409, 413]
    assert DEPTH_MAX == 32
