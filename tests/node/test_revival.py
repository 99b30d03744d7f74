"""When a stream's sources are set again: soon after a link returns, and no more than needed."""

from typing import Any

from services.node.revival import LONG_STREAM_MESSAGES, Revival, stalled
from services.node.stream_configs import NOTHING

SECOND = 1_000_000_000


def info(*sources: dict[str, Any], messages: int = 10) -> dict[str, Any]:
    return {
        "config": {"name": "CONT_eu"},
        "state": {"messages": messages},
        "sources": list(sources),
    }


def drawn(peer: str, silent_s: float, *, stream: str = "") -> dict[str, Any]:
    return {
        "name": stream or f"OUT_{peer}_directory",
        "external": {"api": f"$JS.{peer}.API", "deliver": f"fd.{peer}.eu"},
        "active": -1 if silent_s < 0 else int(silent_s * SECOND),
    }


ALIVE, SILENT = drawn("fr", 0.4), drawn("fr", 12)


def test_a_source_that_was_never_heard_is_stalled_unless_its_epoch_is_yet_to_come() -> None:
    next_epoch = drawn("fr", -1, stream="OUT_fr_directory_2")
    assert stalled(info(drawn("fr", -1), next_epoch), linked={"fr"}) == ["OUT_fr_directory"]
    assert stalled(info(ALIVE, next_epoch), linked={"fr"}) == []


def test_nothing_is_expected_of_a_node_that_is_not_connected() -> None:
    assert stalled(info(SILENT), linked=()) == []
    assert stalled(info({"name": "OUT_eu_node", "active": -1}), linked=()) == ["OUT_eu_node"]


def test_a_source_of_nothing_is_never_stalled() -> None:
    assert stalled(info({**NOTHING, "active": -1}), linked=()) == []


def test_a_returned_link_is_answered_at_once() -> None:
    revival = Revival()
    assert not revival.due(info(ALIVE), linked={"fr"}, now=0)
    revival.returned(["CONT_eu"], "fr")
    assert revival.awaits()
    assert revival.due(info(ALIVE), linked={"fr"}, now=1)
    revival.done("CONT_eu", now=1)
    assert not revival.awaits()
    assert not revival.due(info(ALIVE), linked={"fr"}, now=2)


def test_links_that_return_together_are_answered_together() -> None:
    revival, two = Revival(), info(ALIVE, drawn("es", 0.4))
    revival.returned(["CONT_eu"], "fr")
    revival.done("CONT_eu", now=10)
    revival.returned(["CONT_eu"], "es")
    assert not revival.due(two, linked={"fr", "es"}, now=11)
    assert revival.due(two, linked={"fr", "es"}, now=12)


def test_a_link_of_somebody_else_changes_nothing() -> None:
    revival = Revival()
    revival.returned(["CONT_eu"], "ma")
    assert not revival.due(info(ALIVE), linked={"fr", "ma"}, now=1)
    assert not revival.awaits()


def test_a_long_stream_is_left_alone_while_its_sources_are_heard() -> None:
    revival, long = Revival(), LONG_STREAM_MESSAGES + 1
    revival.returned(["CONT_eu"], "fr")
    assert not revival.due(info(ALIVE, messages=long), linked={"fr"}, now=1)
    assert revival.due(info(SILENT, messages=long), linked={"fr"}, now=20)


def test_a_source_that_stays_silent_is_tried_at_growing_intervals() -> None:
    revival, tries = Revival(), []
    for now in range(300):
        if revival.due(info(SILENT), linked={"fr"}, now=now):
            revival.done("CONT_eu", now=now)
            tries.append(now)
    assert tries == [0, 10, 30, 70, 130, 190, 250]
