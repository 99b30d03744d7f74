"""What streams shall be: origins are stamped and filters are never empty."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.node import stream_configs
from services.node.stream_configs import NOTHING, Continent, Member, StreamConfig
from shared.ids import FEDERATED, NodeName, ServiceName
from shared.log.page import PAGE_BYTES_MAX
from shared.subjects import Level

EU, FR, ES, IC, AF = (NodeName(name) for name in ("eu", "fr", "es", "ic", "af"))
WORLD_NAME = NodeName("world")
DIRECTORY = ServiceName("directory")

names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).map(NodeName)


def source(config: StreamConfig, name: str) -> dict[str, Any]:
    [one] = [one for one in config["sources"] if one["name"] == name]
    assert isinstance(one, dict)
    return one


def stamp(one: dict[str, Any]) -> list[tuple[str, str]]:
    rules = [(rule["src"], rule["dest"]) for rule in one["subject_transforms"]]
    return [rule for rule in rules if not rule[0].startswith("room.")]


def test_a_hub_stamps_each_members_pages_with_its_name() -> None:
    config = stream_configs.continental(EU, [Member(FR), Member(ES)], own_epochs={}, store_mb=100)
    one = source(config, "OUT_fr_directory")
    assert stamp(one) == [("directory.pages", "fr.directory.pages")]
    assert one["external"] == {"api": "$JS.fr.API", "deliver": "fd.fr.eu"}
    assert len(config["sources"]) == 3 * len(FEDERATED) * 2
    assert config["duplicate_window"] == 0


def test_each_hop_takes_longer_messages_than_the_one_before() -> None:
    member, hub = [Member(FR)], [Continent(EU, EU, "CONT_eu")]
    hops = [
        stream_configs.continental(EU, member, own_epochs={}, store_mb=100),
        stream_configs.world(IC, WORLD_NAME, hub, own_epochs={}, store_mb=100),
        stream_configs.abroad(AF, IC, ["eu"], store_mb=100),
        stream_configs.incoming(ES, Level.LOCAL, AF, hub=AF, drawn=["ABROAD_af"], store_mb=100),
    ]
    sizes = [config["max_msg_size"] for config in hops]
    assert all(right - left >= 2_000 for left, right in pairwise(sizes))
    assert sizes[0] > PAGE_BYTES_MAX + 2**16
    assert sizes[-1] < 1_000_000


def test_those_who_take_in_what_others_write_leave_room_in_the_headers() -> None:
    """A later server's line in the headers is never longer than the one that it replaces."""
    long = NodeName("n" * 32)
    at_hub = stream_configs.continental(EU, [Member(NodeName("m"))], own_epochs={}, store_mb=100)
    first = _line(source(at_hub, "OUT_m_node"), "node.pages", seq=1)
    at_node = stream_configs.incoming(
        FR, Level.LOCAL, long, hub=long, drawn=[f"CONT_{long}"], store_mb=100
    )
    assert _line(at_node["sources"][0], "m.node.pages", seq=2**53) <= first
    at_world = stream_configs.world(
        IC, WORLD_NAME, [Continent(EU, EU, "CONT_eu")], own_epochs={}, store_mb=100
    )
    second = _line(source(at_world, "CONT_eu"), "m.node.pages", seq=1)
    continents = [f"continent-{number}" for number in range(6)]
    abroad = stream_configs.abroad(EU, IC, continents, store_mb=100)
    assert _line(source(abroad, "WORLD"), f"{long}.m.node.pages", seq=2**53) <= second


def _line(one: dict[str, Any], subject: str, *, seq: int) -> int:
    """Return how long the line is that a server writes of a source."""
    rules = one["subject_transforms"]
    words = (
        f"{one['name']}:12345678",
        str(seq),
        "\f".join(rule["src"] for rule in rules),
        "\f".join(rule["dest"] for rule in rules),
        subject,
        "12345678",
    )
    return len(" ".join(words))


def test_a_hub_draws_from_its_own_logs_without_leaving_its_server() -> None:
    config = stream_configs.continental(EU, [], own_epochs={DIRECTORY: 2}, store_mb=100)
    for epoch in ("", "_2", "_3"):
        one = source(config, f"OUT_eu_directory{epoch}")
        assert "external" not in one
        assert stamp(one) == [("directory.pages", "eu.directory.pages")]


def test_the_world_stamps_continents_and_its_own_logs() -> None:
    config = stream_configs.world(
        IC, WORLD_NAME, [Continent(EU, EU, "CONT_eu")], own_epochs={}, store_mb=100
    )
    assert stamp(source(config, "CONT_eu")) == [
        ("*.*.pages", "eu.{{wildcard(1)}}.{{wildcard(2)}}.pages")
    ]
    assert source(config, "CONT_eu")["external"] == {"api": "$JS.eu.API", "deliver": "fd.eu.ic"}
    assert stamp(source(config, "OUT_ic_node")) == [("node.pages", "world.ic.node.pages")]


def test_a_hub_lists_each_other_continent_abroad() -> None:
    config = stream_configs.abroad(EU, IC, ["world", "af"], store_mb=100)
    assert stamp(source(config, "WORLD")) == [("af.>", "af.>"), ("world.>", "world.>")]


@pytest.mark.parametrize(("parent", "others"), [(None, ["af"]), (IC, []), (None, [])])
def test_a_hub_without_others_holds_nothing_of_abroad(
    parent: NodeName | None, others: list[str]
) -> None:
    config = stream_configs.abroad(EU, parent, others, store_mb=100)
    assert config["sources"] == [NOTHING]
    assert "subjects" not in config


def test_a_node_draws_from_its_hub_and_a_hub_from_itself() -> None:
    drawn = ["CONT_eu", "ABROAD_eu"]
    at_node = stream_configs.incoming(FR, Level.LOCAL, EU, hub=EU, drawn=drawn, store_mb=100)
    at_hub = stream_configs.incoming(EU, Level.CONTINENTAL, EU, hub=IC, drawn=drawn, store_mb=100)
    for config in (at_node, at_hub):
        assert stamp(source(config, "CONT_eu")) == [(">", "fed.eu.>")]
        assert stamp(source(config, "ABROAD_eu")) == [(">", "fed.>")]
    assert source(at_node, "CONT_eu")["external"]["deliver"] == "fd.eu.fr"
    assert all("external" not in one for one in at_hub["sources"])


def test_the_intercontinental_hub_reads_the_world() -> None:
    config = stream_configs.incoming(
        IC, Level.INTERCONTINENTAL, WORLD_NAME, hub=None, drawn=["WORLD"], store_mb=100
    )
    assert stamp(source(config, "WORLD")) == [(">", "fed.>")]


def test_a_closed_epoch_gives_up_its_subject_and_keeps_its_pages() -> None:
    old = stream_configs.closed_log("fr", "directory", 1, private=False, bytes_now=5_000)
    new = stream_configs.own_log("fr", "directory", 2, private=False, store_mb=100)
    assert (old["name"], old["subjects"]) == ("OUT_fr_directory", ["closed.1.directory.>"])
    assert (new["name"], new["subjects"]) == ("OUT_fr_directory_2", ["directory.pages"])
    assert old["max_bytes"] > 5_000


def test_a_log_with_a_slot_is_written_through_it_and_stored_under_its_subject() -> None:
    config = stream_configs.own_log(
        "fr", "directory", 1, private=False, store_mb=100, slot="a-secret"
    )
    assert config["subjects"] == ["log.a-secret.directory"]
    assert config["subject_transform"] == {
        "src": "log.a-secret.directory",
        "dest": "directory.pages",
    }
    private = stream_configs.own_log(
        "fr", "directory", 1, private=True, store_mb=100, slot="a-secret"
    )
    assert private["subjects"] == ["directory.private"]


@given(st.lists(names, unique=True, max_size=6), st.sets(names, max_size=4))
def test_every_source_has_a_filter_and_no_two_are_the_same(
    members: list[NodeName], continents: set[NodeName]
) -> None:
    configs = [
        stream_configs.continental(
            NodeName("the-hub"), map(Member, members), own_epochs={}, store_mb=100
        ),
        stream_configs.abroad(NodeName("the-hub"), IC, continents, store_mb=100),
        stream_configs.world(
            IC,
            WORLD_NAME,
            [Continent(name, name, f"CONT_{name}") for name in continents - {IC}],
            own_epochs={},
            store_mb=100,
        ),
    ]
    for config in configs:
        assert all(stamp(one) for one in config["sources"])
        listed = sorted(one["name"] for one in config["sources"])
        assert all(left != right for left, right in pairwise(listed))


@pytest.mark.parametrize("level", list(Level))
def test_all_streams_of_a_node_fit_into_its_space(level: Level) -> None:
    store_mb = 1000
    logs = [
        stream_configs.own_log("eu", service, 1, private=private, store_mb=store_mb)
        for service in (*FEDERATED, "portal")
        for private in (False, True)
    ]
    gathered = {
        Level.LOCAL: [],
        Level.CONTINENTAL: [
            stream_configs.continental(EU, [], own_epochs={}, store_mb=store_mb),
            stream_configs.abroad(EU, IC, [AF], store_mb=store_mb),
        ],
        Level.INTERCONTINENTAL: [
            stream_configs.world(EU, AF, [], own_epochs={}, store_mb=store_mb)
        ],
    }[level]
    incoming = stream_configs.incoming(EU, level, EU, hub=None, drawn=["X"], store_mb=store_mb)
    together = sum(config["max_bytes"] for config in (*logs, *gathered, incoming))
    # Room is left for a second generation of the gathering or for ten epochs.
    assert together <= 0.9 * store_mb * 1_000_000
