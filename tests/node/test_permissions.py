"""The allow-lists, as a table of who may do what, and as laws for any names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.node.permissions import (
    Place,
    federated_user,
    hub_denied,
    member_leaf,
    private_user,
    system_user,
)
from shared.ids import FEDERATED, SERVICES, NodeName, ServiceName
from shared.subjects import Level, inbox_prefix, offered_streams, out_stream, reply_prefix

EU, FR, ES, IC = (NodeName(name) for name in ("eu", "fr", "es", "ic"))
DIRECTORY, EXCHANGE, NODE = (ServiceName(name) for name in ("directory", "exchange", "node"))

names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).map(NodeName)


def covers(pattern: str, subject: str) -> bool:
    """Whether a pattern of NATS takes in a subject, or all that another pattern takes in."""
    wanted, given_tokens = pattern.split("."), subject.split(".")
    for at, token in enumerate(wanted):
        if token == ">":
            return len(given_tokens) > at
        if at >= len(given_tokens) or given_tokens[at] == ">":
            return False
        if token not in ("*", given_tokens[at]):
            return False
    return len(wanted) == len(given_tokens)


def may(patterns: tuple[str, ...], subject: str) -> bool:
    return any(covers(pattern, subject) for pattern in patterns)


LEAF = member_leaf(EU, Level.CONTINENTAL, FR, Level.LOCAL)


@pytest.mark.parametrize(
    "subject",
    [
        "fd.fr.eu.X",
        "fd.fr.eu.ib.node.1",
        "$JSC.R.abc",
        "ask.eu.pages",
        "$JS.eu.API.CONSUMER.CREATE.CONT_eu",
        "$JS.eu.API.CONSUMER.CREATE.CONT_eu.name.fr.directory.>",
        "$JS.eu.API.CONSUMER.CREATE.CONT_eu_2.name",
        "$JS.eu.API.CONSUMER.CREATE.ABROAD_eu",
        "$JS.eu.API.CONSUMER.MSG.NEXT.CONT_eu.name",
        "$JS.FC.CONT_eu.a.b",
        "$JS.FC.eu.acc.CONT_eu.a.b",
    ],
)
def test_a_member_may_publish_to_its_hub(subject: str) -> None:
    assert may(LEAF.publish, subject)


@pytest.mark.parametrize(
    "subject",
    [
        "fd.es.eu.X",
        "fd.eu.es.X",
        "ask.es.pages",
        "directory.pages",
        "fr.directory.pages",
        "fed.eu.fr.directory.pages",
        "directory.private",
        "closed.ABROAD_eu",
        "$JS.API.STREAM.DELETE.CONT_eu",
        "$JS.eu.API.STREAM.DELETE.CONT_eu",
        "$JS.eu.API.STREAM.PURGE.CONT_eu",
        "$JS.eu.API.STREAM.INFO.CONT_eu",
        "$JS.eu.API.STREAM.MSG.GET.CONT_eu",
        "$JS.eu.API.STREAM.UPDATE.CONT_eu",
        "$JS.eu.API.DIRECT.GET.CONT_eu",
        "$JS.eu.API.CONSUMER.DELETE.CONT_eu.name",
        "$JS.eu.API.CONSUMER.CREATE.IN_eu",
        "$JS.eu.API.CONSUMER.CREATE.OUT_eu_directory",
        "$JS.es.API.CONSUMER.CREATE.OUT_es_directory",
        "$JS.ACK.CONT_eu.a.1.1.1.1.1",
        "$SYS.REQ.CLAIMS.UPDATE",
    ],
)
def test_a_member_may_not_publish_to_its_hub(subject: str) -> None:
    assert not may(LEAF.publish, subject)


@pytest.mark.parametrize(
    "subject",
    [
        "fd.eu.fr.X",
        "fd.eu.fr.ib.directory.>",
        "ask.fr.pages",
        "$JS.fr.API.CONSUMER.CREATE.OUT_fr_directory",
        "$JS.fr.API.CONSUMER.CREATE.OUT_fr_governance_2.name",
        "$JS.FC.OUT_fr_node.>",
    ],
)
def test_a_member_may_hear_from_its_hub(subject: str) -> None:
    assert may(LEAF.subscribe, subject)


@pytest.mark.parametrize(
    "subject",
    [
        ">", "*.pages", "directory.>", "directory.private", "*.private", "fed.>", "fd.>",
        "fd.eu.es.>", "fd.*.fr.ib.directory.>", "ask.*.pages", "ask.eu.pages", "$JS.>",
        "$JS.eu.API.>", "$JS.fr.API.STREAM.DELETE.OUT_fr_directory", "$SYS.>", "_INBOX.>",
        "$JS.fr.API.CONSUMER.CREATE.IN_fr", "$JS.fr.API.CONSUMER.CREATE.OUT_fr_portal",
    ],
)  # fmt: skip
def test_a_member_may_not_hear_from_its_hub(subject: str) -> None:
    assert not may(LEAF.subscribe, subject)


def test_a_hub_is_pulled_at_its_gathering_and_offered_the_world() -> None:
    leaf = member_leaf(IC, Level.INTERCONTINENTAL, EU, Level.CONTINENTAL)
    assert may(leaf.publish, "$JS.ic.API.CONSUMER.CREATE.WORLD.name")
    assert may(leaf.publish, "$JS.ic.API.CONSUMER.CREATE.WORLD_2.name")
    assert may(leaf.subscribe, "$JS.eu.API.CONSUMER.CREATE.CONT_eu.name")
    assert not may(leaf.subscribe, "$JS.eu.API.CONSUMER.CREATE.OUT_eu_directory.name")


def test_a_leaf_token_names_every_epoch_up_to_the_next() -> None:
    leaf = member_leaf(EU, Level.CONTINENTAL, FR, Level.LOCAL, epochs={DIRECTORY: 3})
    for epoch in (1, 2, 3, 4):
        stream = out_stream("fr", "directory", epoch)
        assert may(leaf.subscribe, f"$JS.fr.API.CONSUMER.CREATE.{stream}")
    assert not may(leaf.subscribe, "$JS.fr.API.CONSUMER.CREATE.OUT_fr_directory_5")


@given(names, names, names)
def test_no_member_speaks_or_hears_for_another(
    hub: NodeName, one: NodeName, other: NodeName
) -> None:
    if len({hub, one, other}) < 3:
        return
    leaf = member_leaf(hub, Level.CONTINENTAL, one, Level.LOCAL)
    for subject in (f"fd.{other}.{hub}.X", f"fd.{hub}.{other}.X", f"ask.{other}.pages"):
        assert not may(leaf.publish, subject)
        assert not may(leaf.subscribe, subject)
    for service in FEDERATED:
        pulled = f"$JS.{other}.API.CONSUMER.CREATE.{out_stream(other, service)}"
        assert not may(leaf.publish, pulled)
        assert not may(leaf.subscribe, pulled)
    assert not any(
        covers(pattern, f"{front}{service}.{log}")
        for pattern in leaf.publish + leaf.subscribe
        for front in ("", f"{other}.", f"{one}.", f"fed.{hub}.{other}.")
        for service in SERVICES
        for log in ("pages", "private")
    )


@given(names, names)
def test_an_answer_finds_its_way_between_any_two_nodes(hub: NodeName, member: NodeName) -> None:
    if hub == member:
        return
    leaf = member_leaf(hub, Level.CONTINENTAL, member, Level.LOCAL)
    at_hub = Place(node=hub, level=Level.CONTINENTAL)
    at_member = Place(node=member, hub=hub)
    upward = inbox_prefix(member, hub, "exchange") + ".1"
    assert may(federated_user(at_hub, NODE).publish, upward)
    assert may(leaf.subscribe, upward)
    assert may(federated_user(at_member, EXCHANGE).subscribe, upward)
    downward = reply_prefix(member, hub, "node") + ".1"
    assert may(federated_user(at_member, NODE).publish, downward)
    assert may(leaf.publish, downward)
    assert may(federated_user(at_hub, NODE).subscribe, downward)


def test_with_a_slot_a_service_writes_its_log_through_it_alone() -> None:
    allowed = federated_user(Place(node=FR, hub=EU, slot="a-secret"), DIRECTORY).publish
    assert may(allowed, "log.a-secret.directory")
    assert not may(allowed, "log.a-secret.exchange")
    assert not may(allowed, "directory.pages")


@pytest.mark.parametrize(
    ("subject", "denied"),
    [
        ("directory.pages", True),
        ("directory.private", True),
        ("log.a-secret.directory", True),
        ("closed.1.directory.x", True),
        ("$JS.fr.API.STREAM.DELETE.OUT_fr_directory", True),
        ("$JS.fr.API.STREAM.INFO.OUT_fr_directory", True),
        ("$JS.fr.API.DIRECT.GET.OUT_fr_directory", True),
        ("$JS.fr.API.CONSUMER.DELETE.OUT_fr_directory.x", True),
        ("$JS.fr.API.CONSUMER.CREATE.IN_fr.x", True),
        ("$JS.fr.API.CONSUMER.CREATE.OUT_fr_directory.x", False),
        ("$JS.FC.OUT_fr_directory.x", False),
        ("fd.eu.fr.ib.directory.1", False),
        ("ask.fr.pages", False),
    ],
)
def test_what_a_node_does_not_let_in_from_its_hub(subject: str, denied: bool) -> None:
    assert may(hub_denied(FR), subject) == denied


@pytest.mark.parametrize("hub", [None, EU])
def test_a_service_hears_its_own_inbox_and_no_siblings(hub: NodeName | None) -> None:
    for service in SERVICES:
        heard = federated_user(Place(node=FR, hub=hub), service).subscribe
        for other in SERVICES:
            assert may(heard, f"{inbox_prefix('fr', hub, other)}.>") == (other == service)


def test_a_service_publishes_its_own_pages_only() -> None:
    for service in SERVICES:
        federated = federated_user(Place(node=FR, hub=EU), service)
        private = private_user(Place(node=FR, hub=EU), service)
        for other in SERVICES:
            own = other == service
            assert may(federated.publish, f"{other}.pages") == (own and service in FEDERATED)
            assert may(private.publish, f"{other}.private") == own
            assert not may(federated.publish, f"{other}.private")


@pytest.mark.parametrize(
    ("subject", "allowed"),
    [
        ("$JS.API.STREAM.INFO.OUT_fr_directory", True),
        ("$JS.API.STREAM.MSG.GET.OUT_fr_directory_2", True),
        ("$JS.API.DIRECT.GET.OUT_fr_directory.directory.pages", True),
        ("$JS.API.STREAM.INFO.OUT_fr_exchange", True),
        ("$JS.API.CONSUMER.CREATE.OUT_fr_exchange.name.exchange.pages", True),
        ("$JS.API.CONSUMER.MSG.NEXT.IN_fr.name", True),
        ("$JS.API.CONSUMER.DELETE.IN_fr.name", True),
        ("$JS.eu.API.CONSUMER.CREATE.CONT_eu.name", True),
        ("$JS.eu.API.CONSUMER.MSG.NEXT.ABROAD_eu.name", True),
        ("ask.eu.pages", True),
        ("ask.fr.pages", True),
        ("ask.es.pages", False),
        ("$JS.API.STREAM.CREATE.OUT_fr_directory_2", False),
        ("$JS.API.STREAM.UPDATE.OUT_fr_directory", False),
        ("$JS.API.STREAM.DELETE.IN_fr", False),
        ("$JS.API.STREAM.PURGE.OUT_fr_directory", False),
        ("$JS.API.STREAM.MSG.GET.OUT_fr_exchange", False),
        ("$JS.eu.API.STREAM.INFO.CONT_eu", False),
        ("fd.eu.fr.ib.exchange.1", False),
    ],
)
def test_what_a_directory_may_ask_for(subject: str, allowed: bool) -> None:
    assert may(federated_user(Place(node=FR, hub=EU), DIRECTORY).publish, subject) == allowed


def test_the_node_service_keeps_the_streams_and_answers() -> None:
    keeper = federated_user(Place(node=EU, level=Level.CONTINENTAL, hub=IC), NODE)
    for subject in ("$JS.API.STREAM.CREATE.CONT_eu_2", "fd.eu.fr.ib.exchange.1", "ask.fr.pages",
                    "ask.ic.pages", "$JS.ic.API.CONSUMER.CREATE.WORLD.name"):  # fmt: skip
        assert may(keeper.publish, subject)
    assert may(keeper.subscribe, "ask.eu.pages")
    assert not may(keeper.subscribe, "ask.fr.pages")
    assert not may(keeper.publish, "directory.pages")


def test_the_services_of_a_hub_read_what_it_gathers() -> None:
    place = Place(node=EU, level=Level.CONTINENTAL, hub=IC)
    allowed = federated_user(place, DIRECTORY).publish
    for stream in offered_streams(EU, Level.CONTINENTAL):
        assert may(allowed, f"$JS.API.CONSUMER.CREATE.{stream}.name")
    assert may(allowed, "$JS.ic.API.CONSUMER.MSG.NEXT.WORLD.name")


def test_siblings_read_each_others_private_logs_and_none_deletes() -> None:
    allowed = private_user(Place(node=FR), EXCHANGE)
    for service in SERVICES:
        assert may(allowed.publish, f"$JS.API.CONSUMER.CREATE.PRIV_fr_{service}.name")
        assert not may(allowed.publish, f"$JS.API.STREAM.DELETE.PRIV_fr_{service}")


def test_the_system_user_may_not_hear_everything() -> None:
    allowed = system_user(Place(node=FR))
    assert may(allowed.publish, "$SYS.REQ.CLAIMS.UPDATE")
    assert not may(allowed.publish, "directory.pages")
    assert not may(allowed.subscribe, "$SYS.>")
