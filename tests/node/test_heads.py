"""Heads are announced when a node is idle, and what stalls, lacks or was not received is found."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.node import join
from services.node.findings import Condition, Finding, Patience
from services.node.heads import Pace
from services.node.invitations import make_invitation
from services.node.jetstream import request
from services.node.leaf import links
from services.node.stream_configs import NOTHING
from services.node.watch import HeadSeen, Seen, conditions, lags
from services.node.watching import RESETS_MAX
from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.log.names import LogName
from shared.subjects import Level
from tests.desks import TestDesk
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService
from tests.nodes import TestNode, until

LATE_S = 60.0


def test_heads_come_a_minute_after_the_last_page_and_then_at_doubling_intervals() -> None:
    pace, told = Pace(60, 3600, 0.0), []
    for now in range(30_000):
        if now == 100:
            pace.moved(now)
        if pace.due(now):
            pace.told(now)
            told.append(now)
    gaps = [later - earlier for earlier, later in pairwise(told)]
    assert told[:2] == [60, 160]
    assert gaps[1:8] == [120, 240, 480, 960, 1920, 3600, 3600]


@given(st.lists(st.tuples(st.floats(0, 5000), st.booleans())))
def test_heads_never_come_sooner_than_a_minute_after_a_page(
    steps: list[tuple[float, bool]],
) -> None:
    now, pace, last = 0.0, Pace(60, 3600, 0.0), 0.0
    for step, moves in steps:
        now += step
        if moves:
            pace.moved(now)
            last = now
        elif pace.due(now):
            assert now - last >= 60
            assert pace.wait_s <= 3600
            pace.told(now)


def _standing(*, number: int = 5, receipt: int = 5, **followed: tuple[int, int, str]) -> Any:
    return {
        "own": {
            "public": {
                "epoch": 1,
                "number": number,
                "receipt": [1, receipt],
                "trouble": "",
            }
        },
        "followed": [
            {
                "node": node,
                "service": "directory",
                "log": "public",
                "epoch": epoch,
                "number": page,
                "state": state,
                "reason": "why",
            }
            for node, (epoch, page, state) in followed.items()
        ],
    }


def _head(node: str, epoch: int, number: int, service: str = "directory") -> HeadSeen:
    name = LogName(NodeName(node), ServiceName(service), Log.PUBLIC)
    return HeadSeen(name=name, place=(epoch, number))


def _codes(seen: Seen, *, after_s: float = LATE_S) -> list[str]:
    patience = Patience()
    patience.lasting(conditions(seen, late_s=LATE_S), 0.0)
    lasting = patience.lasting(conditions(seen, late_s=LATE_S), after_s)
    return [condition.finding.code for condition, _ in lasting]


def test_a_service_that_has_applied_all_that_was_announced_has_no_findings() -> None:
    seen = Seen(
        own=NodeName("fr"),
        standings={"directory": _standing(es=(1, 9, "open"))},
        heads=[_head("es", 1, 9), _head("es", 1, 50, "exchange"), _head("fr", 1, 99)],
        streams={"OUT_fr_directory": 5},
        linked_for_s=100.0,
        federated=True,
    )
    assert _codes(seen) == []
    assert [lag["announced"] for lag in lags(seen)] == [(1, 9)]


def test_what_stays_behind_its_announced_head_is_found_when_it_does_not_move() -> None:
    for followed in ({"es": (1, 3, "open")}, {}, {"es": (1, 9, "open")}):
        head = _head("es", 2, 1) if followed.get("es", (0, 0))[1] == 9 else _head("es", 1, 9)
        seen = Seen(
            own=NodeName("fr"), standings={"directory": _standing(**followed)}, heads=[head]
        )
        assert _codes(seen) == ["log-behind"]
        assert _codes(seen, after_s=LATE_S - 1) == []


def test_a_log_that_moves_is_only_busy() -> None:
    patience = Patience()
    for at in range(10):
        seen = Seen(
            own=NodeName("fr"),
            standings={"directory": _standing(es=(1, at, "open"))},
            heads=[_head("es", 1, 500)],
        )
        assert patience.lasting(conditions(seen, late_s=LATE_S), at * LATE_S) == []


def test_a_condition_that_ended_and_came_back_begins_anew() -> None:
    patience = Patience()
    finding = Finding(code="x", detail="")
    condition = Condition(key="x", finding=finding, patience_s=10.0)
    assert patience.lasting([condition], 0.0) == []
    assert patience.lasting([], 5.0) == []
    assert patience.lasting([condition], 12.0) == []
    assert patience.lasting([condition], 22.0) == [(condition, 10.0)]


def test_gaps_quarantines_receipts_and_streams_that_differ_are_found() -> None:
    seen = Seen(
        own=NodeName("fr"),
        standings={
            "directory": _standing(number=7, receipt=4, es=(1, 9, "gap"), it=(1, 2, "quarantined"))
        },
        heads=[_head("it", 1, 9)],
        silent=["exchange"],
        streams={"OUT_fr_directory": 6},
        sources={"IN_fr": ["CONT_eu"]},
        unheard={"de": 11_000},
        linked_for_s=1.0,
        trouble={"renewals": "store-unavailable"},
        federated=True,
    )
    assert sorted(_codes(seen)) == [
        "duty-put-off",
        "log-gap",
        "log-quarantined",
        "node-unheard",
        "receipts-late",
        "sibling-silent",
        "source-silent",
        "stream-short",
    ]
    assert _codes(Seen(own=NodeName("fr"), standings={"directory": _standing(number=7)},
                       streams={"OUT_fr_directory": 9})) == ["stream-ahead"]  # fmt: skip


def test_receipts_are_not_missed_while_the_link_is_down_or_where_there_is_no_hub() -> None:
    for linked, federated in ((None, True), (1.0, False)):
        seen = Seen(
            own=NodeName("fr"),
            standings={"directory": _standing(number=7, receipt=1)},
            streams={"OUT_fr_directory": 7},
            linked_for_s=linked,
            federated=federated,
        )
        assert _codes(seen) == []


FAST = {"heads_first_s": 0.6, "heads_most_s": 2.4, "late_s": 1.2, "source_reset_s": 1.0}


async def _joined(at_hub: TestNodeService, node: TestNode) -> None:
    async with at_hub.joining():
        answer = await join.request_joining(node.home, make_invitation(at_hub.node.home))
        await at_hub.decide("admit", node.name, fingerprint=answer.fingerprint)
        join.complete_joining(node.home, await join.ask_after(node.home))
    await node.start()
    await node.linked(at_hub.node.name)


async def _announced(service: TestNodeService, node: str) -> dict[str, tuple[int, int]]:
    seen = await service.parts.watch.seen()
    return {head.name.service: head.place for head in seen.heads if head.name.node == node}


async def _head_of(desk: TestDesk) -> tuple[int, int]:
    own = (await desk.desk.standing())["own"]["public"]
    return own["epoch"], own["number"]


async def test_a_node_that_is_idle_tells_its_hub_where_its_logs_stand(
    new_node: NodeMaker,
) -> None:
    hub, a = new_node("eu", level=Level.CONTINENTAL), new_node("a")
    await hub.start()
    async with TestNodeService(hub, **FAST) as at_hub:
        await _joined(at_hub, a)
        async with TestNodeService(a, **FAST) as at_a, TestDesk(a, "directory") as directory:
            await directory.list("one")
            await directory.list("two")

            async def told() -> bool:
                stands = await _head_of(directory)
                return (await _announced(at_hub, "a")).get("directory") == stands

            await until(told, what="the hub knows where a's directory stands")
            number = (await at_a.parts.heads.stand())[ServiceName("node")].number
            assert number >= 2

            # A log that goes on in a new epoch is told at once: the hub draws its next one then.
            await at_a.parts.flow.streams.open_epoch(ServiceName("exchange"), 2)
            at_a.parts.heads.soon()
            await directory.list("three")

            async def told_again() -> bool:
                stands = await _head_of(directory)
                return (await _announced(at_hub, "a")).get("directory") == stands

            await until(told_again, what="the hub knows of the third page")


async def test_a_stream_that_stalls_in_silence_is_found_and_set_again(
    new_node: NodeMaker,
) -> None:
    hub, a = new_node("eu", level=Level.CONTINENTAL), new_node("a")
    await hub.start()
    async with TestNodeService(hub, **FAST) as at_hub:
        await _joined(at_hub, a)
        async with TestNodeService(a, **FAST) as at_a:

            async def receipt() -> bool:
                own = (await at_a.parts.host.desk.standing())["own"]["public"]
                return bool(own["receipt"] == [own["epoch"], own["number"]] != [1, 0])

            await until(receipt, what="a has heard its own pages")
            client = await a.client()
            config = (await at_a.parts.flow.streams.info("IN_a"))["config"]
            await request(client, "STREAM.UPDATE.IN_a", config | {"sources": [NOTHING]})
            before = (await at_a.parts.heads.stand())[ServiceName("node")].number

            async def found() -> bool:
                return "receipts-late" in {one.code for one in at_a.parts.watch.findings}

            await until(found, what="the watch finds that receipts are late")

            async def flows() -> bool:
                own = (await at_a.parts.host.desk.standing())["own"]["public"]
                return bool(own["receipt"][1] > before)

            await until(flows, what="pages flow again by themselves", timeout_s=15)
            answer = await at_a.ask("GET", "/watch", token=at_a.service())
            assert answer.status_code == 200
            assert answer.json()["linked"] == ["eu"]
            assert {one["node"] for one in answer.json()["logs"]} == {"eu"}
            ready = (await at_a.ask("GET", "/readyz")).json()["checks"]
            assert ready["link"]["connected"] is True
            assert ready["durability"]["durability"] == "strict"


async def _connections(node: TestNode) -> set[str]:
    return {link.connection for link in links(await node.server.monitor("/leafz"))}


async def test_a_new_epoch_of_a_member_renews_its_credential_and_is_drawn(
    new_node: NodeMaker,
) -> None:
    hub, a = new_node("eu", level=Level.CONTINENTAL), new_node("a")
    await hub.start()
    async with TestNodeService(hub, **FAST) as at_hub:
        await _joined(at_hub, a)
        async with TestNodeService(a, **FAST) as at_a, TestDesk(a, "directory") as directory:
            await directory.list("one")
            first, before = a.home.federation(), await _connections(a)
            assert first is not None
            # As when a backup was restored: the log goes on in a new epoch.
            desk = directory.desk
            await desk.reopener.reopen(desk.place.own(Log.PUBLIC), "test")
            desk.relays[Log.PUBLIC].doubt()
            at_a.parts.heads.soon()

            async def renewed() -> bool:
                now = a.home.federation()
                return now is not None and now.leaf_jwt != first.leaf_jwt

            await until(renewed, what="a has its new credential", timeout_s=20)
            last = a.home.federation()
            assert last is not None
            assert "OUT_a_directory_3" in str(join.jwt.claims_of(last.leaf_jwt)["nats"])

            async def entered_anew() -> bool:
                now = await _connections(a)
                return bool(now) and now.isdisjoint(before)

            await until(entered_anew, what="a has entered with its new credential")

            async def drawn() -> bool:
                sources = (await at_hub.parts.flow.streams.info("CONT_eu"))["sources"]
                return "OUT_a_directory_3" in {source["name"] for source in sources}

            await until(drawn, what="the hub draws the epoch after the new one")


async def test_a_node_that_announces_what_it_never_shows_does_not_stop_the_others(
    new_node: NodeMaker,
) -> None:
    hub = new_node("eu", level=Level.CONTINENTAL)
    await hub.start()
    async with TestNodeService(hub, late_s=60.0, source_reset_s=0.0) as at_hub:
        watch, name = at_hub.parts.watch, _head("es", 1, 10**9).name
        before = _resets(at_hub)
        for _ in range(10):
            await watch.stalled(name)
        assert _resets(at_hub) == RESETS_MAX
        assert before == 0
        # A log that is not behind any more may be helped again when it is behind once more.
        await watch.look()
        await watch.stalled(name)
        assert _resets(at_hub) == 1


def _resets(service: TestNodeService) -> int:
    return sum(service.parts.watch._resets.values())
