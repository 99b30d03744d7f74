"""One line for each decision; it says when, where and why, and nothing about anybody."""

import io
import json
import logging
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.clock import SetClock
from shared.logs import WITHHELD, configure
from shared.refusals import Kind, Missing
from shared.trace import follow

SECRET = "Fatima Zahra"


class Person(BaseModel):
    """Somebody."""

    called: str


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


@contextmanager
def _logging(stream: io.StringIO) -> Iterator[None]:
    """Let lines go to a stream; the process's own logging is put back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    clock = SetClock(datetime(2026, 11, 21, 17, 0, 0, tzinfo=UTC))
    configure("directory", "remess", "0.1.0", stream=stream, clock=clock)
    try:
        yield
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
        root.handlers[:], root.level = before
        logging.getLogger("uvicorn.access").disabled = False
        logging.captureWarnings(False)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    with _logging(stream):
        yield stream


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]


def test_a_line_is_json_and_says_when_where_and_what(stream: io.StringIO) -> None:
    structlog.get_logger().info("refused", reason_code="not-found", status=404)
    assert stream.getvalue() == (
        '{"ts":"2026-11-21T17:00:00.000Z","level":"info","service":"directory","node":"remess",'
        '"version":"0.1.0","event":"refused","reason_code":"not-found","status":404}\n'
    )


def test_a_line_for_people_is_no_json() -> None:
    terminal = Terminal()
    with _logging(terminal):
        structlog.get_logger().info("refused", reason_code="not-found", seed=SECRET)
    assert "not-found" in terminal.getvalue()
    assert SECRET not in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


def test_what_is_below_the_level_is_not_written(stream: io.StringIO) -> None:
    structlog.get_logger().debug("looked")
    assert stream.getvalue() == ""


def test_a_line_names_the_service_and_the_trace_of_its_context(stream: io.StringIO) -> None:
    follow("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    structlog.contextvars.bind_contextvars(service="node")
    structlog.get_logger().info("admitted")
    follow(None)
    (line,) = _lines(stream)
    assert line["service"] == "node"
    assert line["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("key", [*sorted(WITHHELD), "given_name", "Auth-Token", "EMAIL"])
def test_what_must_not_be_said_is_held_back_by_its_key(stream: io.StringIO, key: str) -> None:
    structlog.get_logger().info("x", **{key: SECRET, "page": 7})
    structlog.get_logger().info("x", inner={"a": [{key: SECRET, "number": 8}]})
    assert SECRET not in stream.getvalue()
    first, second = _lines(stream)
    assert (first["withheld"], first["page"]) == ([key], 7)
    assert (second["withheld"], second["inner"]) == ([key], {"a": [{"number": 8}]})


def test_keys_that_only_begin_like_those_are_said(stream: io.StringIO) -> None:
    structlog.get_logger().info("x", token_id="t-1", body_size=7, names_count=3)
    (line,) = _lines(stream)
    assert (line["token_id"], line["body_size"], line["names_count"]) == ("t-1", 7, 3)


def test_of_a_model_or_bytes_a_line_says_no_more_than_the_sort(stream: io.StringIO) -> None:
    structlog.get_logger().info("x", who=Person(called=SECRET), data=SECRET.encode(), do=print)
    (line,) = _lines(stream)
    assert line["who"] == "Person"
    assert line["data"] == "12 bytes"
    assert SECRET not in stream.getvalue()


def test_plain_values_are_said_as_they_are(stream: io.StringIO) -> None:
    structlog.get_logger().info(
        "x",
        event_id=UUID(int=1),
        at=datetime(2026, 1, 1, tzinfo=UTC),
        path=Path("a/b"),
        kind=Kind.GONE,
        epochs=(1, 2),
        half="\ud800",
    )
    (line,) = _lines(stream)
    assert line["event_id"] == "00000000-0000-0000-0000-000000000001"
    assert line["at"] == "2026-01-01T00:00:00.000Z"
    assert (line["path"], line["kind"], line["epochs"]) == ("a/b", 410, [1, 2])
    assert line["half"] == "?"


def test_long_values_are_cut(stream: io.StringIO) -> None:
    structlog.get_logger().info("x", long="x" * 10_000, many=list(range(10_000)))
    assert len(stream.getvalue()) < 1_000


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.text(), st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists)
    )
)
def test_whatever_is_handed_over_becomes_one_line(values: dict[str, Any]) -> None:
    stream = io.StringIO()
    with _logging(stream):
        structlog.get_logger().info("x", what=values)
    assert len(_lines(stream)) == 1


def _failing() -> None:
    raise ValueError(SECRET)


def test_an_error_is_told_by_its_sort_and_place_and_not_by_its_message(
    stream: io.StringIO,
) -> None:
    try:
        try:
            _failing()
        except ValueError as error:
            raise Missing(SECRET) from error
    except Missing as error:
        structlog.get_logger().error("defect", incident="babab-babab", exc_info=error)
        structlog.get_logger().exception("again")
    assert SECRET not in stream.getvalue()
    for line in _lines(stream):
        refusal, cause = line["error"]
        assert (refusal["type"], refusal["reason"]) == ("shared.refusals.Missing", "not-found")
        assert cause["type"] == "builtins.ValueError"
        assert cause["at"][-1].startswith("tests/shared/test_logs.py:")
        assert cause["at"][-1].endswith(" _failing")


class CheckViolation(Exception):
    """An error as PostgreSQL's driver raises it."""

    sqlstate = "23514"


def test_the_reason_of_an_error_is_told_where_it_quotes_nobody(stream: io.StringIO) -> None:
    with sqlite3.connect(":memory:") as database:
        try:
            database.execute("select * from person")
        except sqlite3.OperationalError as error:
            structlog.get_logger().error("defect", exc_info=error)
    database.close()
    structlog.get_logger().error("defect", exc_info=FileNotFoundError(2, "No such file", SECRET))
    structlog.get_logger().error("defect", exc_info=CheckViolation(SECRET))
    reasons = [line["error"][0]["reason"] for line in _lines(stream)]
    assert reasons == ["no such table: person", "No such file", "23514"]
    assert SECRET not in stream.getvalue()


def test_the_errors_of_a_group_are_told(stream: io.StringIO) -> None:
    group = ExceptionGroup("several", [ValueError(SECRET), Missing()])
    structlog.get_logger().error("defect", exc_info=group)
    (line,) = _lines(stream)
    inner = [one[0]["type"] for one in line["error"][0]["of"]]
    assert inner == ["builtins.ValueError", "shared.refusals.Missing"]


def test_libraries_log_in_the_same_way(stream: io.StringIO) -> None:
    logging.getLogger("nats").warning("lost the connection to %s", "hub")
    logging.getLogger("nats").info("a detail")
    slip = logging.makeLogRecord(
        {"name": "nats", "levelno": 35, "msg": "a slip: %d", "args": ("x",)}
    )
    next(one for one in logging.getLogger().handlers if "shared" in repr(type(one))).handle(slip)
    logging.getLogger("uvicorn.access").error("GET /people?q=%s", SECRET)
    first, second = _lines(stream)
    assert (first["event"], first["library"]) == ("lost the connection to hub", "nats")
    assert (first["level"], first["service"]) == ("warning", "directory")
    assert second["event"] == "a slip: %d"


def test_warnings_of_python_become_lines(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old ways", UserWarning, stacklevel=1)
    (line,) = _lines(stream)
    assert line["library"] == "py.warnings"
