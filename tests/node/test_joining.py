"""A network joins a hub: it asks, people compare words, two stewards admit it, and pages flow."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from services.node import join, jwt
from services.node.access import JOINING_ACCESS
from services.node.app import create_joining_app
from services.node.invitations import (
    REQUEST_TAG,
    BadInvitation,
    BadRequestSignature,
    Invitation,
    JoiningRequest,
    NotAHub,
    make_invitation,
)
from services.node.join import (
    AnotherHub,
    HubSilent,
    JoiningRefused,
    NotAdmittedYet,
    NotInvited,
    complete_joining,
    request_joining,
    request_of,
)
from services.node.turnstile import ADDRESSES_MAX, AskedTooOften, Turnstile
from shared.gate import undeclared
from shared.keys import Prefix, SigningKey, fingerprint
from shared.subjects import Level
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService
from tests.nodes import until


async def test_a_network_joins_and_both_hear_of_each_other(new_node: NodeMaker) -> None:
    hub = new_node("eu", level=Level.CONTINENTAL, names={"en": "The continental network"})
    a = new_node("a", names={"fr": "Le réseau A"})
    await hub.start()
    await a.start()
    async with TestNodeService(hub) as at_hub, at_hub.joining():
        invited = await at_hub.ask("POST", "/invitations", token=at_hub.service())
        invitation = Invitation.read(invited.content)
        assert invitation.fingerprint == fingerprint(SigningKey.load(hub.home.root_key).public)
        answer = await request_joining(a.home, invitation)
        assert answer.state == "waiting"
        assert answer.fingerprint == join.own_fingerprint(a.home)
        assert answer.leaf_jwt == ""
        with pytest.raises(NotAdmittedYet):
            complete_joining(a.home, answer)
        shown = (await at_hub.ask("GET", "/joinings", token=at_hub.service())).json()
        assert [(one["node"], one["fingerprint"]) for one in shown] == [("a", answer.fingerprint)]
        assert shown[0]["names"] == {"fr": "Le réseau A"}

        done = await at_hub.decide("admit", "a", fingerprint=answer.fingerprint)
        assert done.json()["state"] == "done", done.text
        answer = await join.ask_after(a.home)
        assert answer.state == "admitted"
        complete_joining(a.home, answer)
        await a.server.reload()
        await a.linked("eu")
        async with TestNodeService(a) as at_a:

            async def hear_of_each_other() -> bool:
                return await _names(at_hub) == {"eu", "a"} == await _names(at_a)

            await until(hear_of_each_other, what="both know both by their descriptions")

            async def receipt() -> bool:
                own = (await at_a.parts.host.desk.standing())["own"]["public"]
                return bool(own["receipt"] == [own["epoch"], own["number"]])

            await until(receipt, what="the hub has what a has told")
            told = (await at_a.ask("GET", "/happenings")).json()["items"]
            assert [(one["what"], one["node"], one["by"]) for one in told] == [
                ("admitted", "a", "eu")
            ]


async def _names(service: TestNodeService) -> set[str]:
    nodes = (await service.ask("GET", "/nodes")).json()
    return {one["node"] for one in nodes if one["names"]}


@pytest.fixture
async def at_hub(new_node: NodeMaker) -> Any:
    """The node service of a hub, whose door is open."""
    hub = new_node("eu", level=Level.CONTINENTAL)
    await hub.start()
    async with TestNodeService(hub, waiting_max=3) as service:
        yield service


async def _ask(service: TestNodeService, request: JoiningRequest, **changed: Any) -> Any:
    body = {**request.model_dump(mode="json"), **changed}
    return await service.ask("POST", "/joining", app=create_joining_app(), json=body)


async def test_a_request_that_its_root_key_has_not_signed_is_refused(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    invitation = make_invitation(at_hub.node.home)
    request = request_of(new_node("a").home, invitation)
    stranger = SigningKey.generate(Prefix.ROOT)
    forged = stranger.sign(REQUEST_TAG + request.statement())
    untagged = SigningKey.load(new_node("a").home.root_key).sign(request.statement())
    for changed in (
        {"node": "b"},
        {"leaf_key": SigningKey.generate(Prefix.USER).public},
        {"leaf_key": stranger.public},
        {"root_key": stranger.public},
        {"signature": ""},
        {"signature": "é"},
        {"signature": urlsafe_b64encode(forged).decode().rstrip("=")},
        {"signature": urlsafe_b64encode(untagged).decode().rstrip("=")},
    ):
        answer = await _ask(at_hub, request, **changed)
        assert answer.json()["type"] == "/problems/bad-request-signature", (changed, answer.text)
    request.require_signed()
    with pytest.raises(BadRequestSignature):
        request.model_copy(update={"hub": "other"}).require_signed()


async def test_a_node_joins_the_hub_of_its_level_and_continent_only(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    invitation = make_invitation(at_hub.node.home)
    for node, problem in (
        (new_node("far", continent="af"), "not-its-place"),
        (new_node("af", continent="af", level=Level.CONTINENTAL), "not-its-place"),
        (new_node("local"), "name-reserved"),
        (new_node("world"), "name-reserved"),
    ):
        answer = await _ask(at_hub, request_of(node.home, invitation))
        assert answer.json()["type"] == f"/problems/{problem}", answer.text
    elsewhere = invitation.model_copy(update={"hub": "as"})
    answer = await _ask(at_hub, request_of(new_node("a").home, elsewhere))
    assert answer.json()["type"] == "/problems/not-its-place"


async def test_a_later_request_replaces_an_earlier_one_and_not_the_other_way(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    home, invitation = new_node("a").home, make_invitation(at_hub.node.home)
    first, second = request_of(home, invitation), request_of(home, invitation)
    assert first.asked_at <= second.asked_at
    assert (await _ask(at_hub, second)).status_code == 202
    if first.asked_at < second.asked_at:
        answer = await _ask(at_hub, first)
        assert answer.json()["type"] == "/problems/older-request"
    shown = (await at_hub.ask("GET", "/joinings", token=at_hub.service())).json()
    assert len(shown) == 1


async def test_only_so_many_requests_wait_and_an_oversized_one_is_not_read(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    invitation = make_invitation(at_hub.node.home)
    for name in ("a", "b", "c"):
        answer = await _ask(at_hub, request_of(new_node(name).home, invitation))
        assert answer.status_code == 202
    answer = await _ask(at_hub, request_of(new_node("d").home, invitation))
    assert answer.status_code == 429
    assert answer.json()["type"] == "/problems/too-many-waiting"
    assert int(answer.headers["Retry-After"]) > 0
    # Who waits already may still ask anew.
    request = request_of(new_node("a").home, invitation)
    assert (await _ask(at_hub, request)).status_code == 202
    answer = await _ask(at_hub, request, names={"en": "x" * 40_000})
    assert answer.status_code == 413
    answer = await _ask(at_hub, request, names={f"x{n:07}": "n" for n in range(60)})
    assert answer.status_code == 422
    answer = await _ask(at_hub, request, extra="field")
    assert answer.status_code == 422
    unknown = await at_hub.ask(
        "GET", "/joining/babab-babab-babab-babab-babab-babab", app=create_joining_app()
    )
    assert unknown.status_code == 404
    assert undeclared(create_joining_app(), JOINING_ACCESS) == []


def test_a_turnstile_lets_so_many_pass_in_a_minute_and_a_third_from_one_address() -> None:
    turnstile = Turnstile(9)
    for address in ("a", "a", "a", "b"):
        turnstile.pass_one(address, now_s=60.0)
    with pytest.raises(AskedTooOften):
        turnstile.pass_one("a", now_s=119.9)
    for address in ("b", "c", "c", "d", "d"):
        turnstile.pass_one(address, now_s=61.0)
    with pytest.raises(AskedTooOften):
        turnstile.pass_one("e", now_s=62.0)
    turnstile.pass_one("a", now_s=120.0)


def test_a_turnstile_remembers_a_bounded_number_of_addresses() -> None:
    turnstile = Turnstile(10 * ADDRESSES_MAX)
    for number in range(ADDRESSES_MAX):
        turnstile.pass_one(str(number), now_s=0.0)
    with pytest.raises(AskedTooOften):
        turnstile.pass_one("one more", now_s=0.0)
    turnstile.pass_one("0", now_s=0.0)


async def test_a_hub_with_another_certificate_or_none_is_not_asked(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    home, other = new_node("a").home, new_node("as", level=Level.CONTINENTAL, continent="as")
    invitation = make_invitation(at_hub.node.home)
    with pytest.raises(HubSilent):
        await request_joining(home, invitation)
    with pytest.raises(NotInvited):
        await join.ask_after(home)
    async with at_hub.joining():
        with pytest.raises(HubSilent):
            await request_joining(
                home, invitation.model_copy(update={"ca_pem": other.home.ca_pem.read_text()})
            )
        with pytest.raises(JoiningRefused) as refused:
            await request_joining(new_node("world").home, invitation)
        assert refused.value.members["reason"] == "name-reserved"
        # A hub that answers for another node is not believed.
        await request_joining(home, invitation)
        await _ask(at_hub, request_of(new_node("b").home, invitation))
        kept = json.loads((home.path / join.KEPT).read_bytes())
        assert kept["hub"] == "eu"


def test_an_invitation_is_a_hubs_and_is_read_whole(new_node: NodeMaker) -> None:
    hub = new_node("eu", level=Level.CONTINENTAL, host="hub.example")
    invitation = make_invitation(hub.home)
    assert invitation.joining_url == f"https://hub.example:{hub.settings.ports.joining}"
    assert invitation.offered == ("CONT_eu", "ABROAD_eu")
    data = invitation.model_dump_json().encode()
    assert Invitation.read(data) == invitation
    for bad in (b"", b"{}", data[:-1], data.replace(b'"v":1', b'"v":2'), b" " * 30_000):
        with pytest.raises(BadInvitation):
            Invitation.read(bad)
    broken = invitation.root_key[:-1] + ("A" if invitation.root_key[-1] != "A" else "B")
    with pytest.raises(BadInvitation):
        Invitation.read(data.replace(invitation.root_key.encode(), broken.encode()))
    with pytest.raises(NotAHub):
        make_invitation(new_node("a").home)


async def test_a_node_that_is_joined_does_not_ask_another_hub(new_node: NodeMaker) -> None:
    hub, other = (new_node(name, level=Level.CONTINENTAL) for name in ("eu", "eu-two"))
    a = new_node("a")
    a.join(hub)
    assert request_of(a.home, make_invitation(hub.home)).hub == "eu"
    with pytest.raises(AnotherHub):
        request_of(a.home, make_invitation(other.home))


async def test_a_credential_for_another_key_is_not_written_down(
    at_hub: TestNodeService, new_node: NodeMaker
) -> None:
    a, b = new_node("a"), new_node("b")
    async with at_hub.joining():
        for node in (a, b):
            answer = await request_joining(node.home, make_invitation(at_hub.node.home))
            await at_hub.decide("admit", node.name, fingerprint=answer.fingerprint)
        of_b = await join.ask_after(b.home)
    with pytest.raises(jwt.BadCredential):
        complete_joining(a.home, of_b)
    assert a.home.federation() is None
