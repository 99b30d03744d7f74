"""Tokens are issued, listed without themselves, and ended in every service of the node."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import MetaData, select

from services.node import certificates
from services.node.access import ACCESS
from services.node.tables import LOG
from shared.access import Caller, Role
from shared.clock import SystemClock
from shared.events import Log, Speaker
from shared.ids import NodeName, ServiceName
from shared.keys import SigningKey
from shared.log.certificates import checked_certificate
from shared.log.names import LogName
from shared.log.projector import Projector
from shared.log.tables import LogTables
from shared.people import Bearer, Claims, TokenKeys, TokenRevoked, verify
from shared.revocations import Revocations, revocation_table
from shared.store import open_store
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService
from tests.nodes import until

PERSON = {"bearer": "p-amina", "roles": ["member"], "days": 30}


@pytest.fixture
async def service(new_node: NodeMaker) -> Any:
    """The node service of a node without a hub."""
    node = new_node("remess")
    await node.start()
    async with TestNodeService(node) as running:
        yield running


def _verified(service: TestNodeService, token: str, audience: str = "directory") -> Claims:
    gate = service.parts.host.gate
    return verify(
        token,
        gate.keys,
        node=service.node.name,
        audience=ServiceName(audience),
        now=datetime.now(UTC),
        revoked=service.parts.revocations,
    )


async def _issued(service: TestNodeService, **wanted: Any) -> Any:
    answer = await service.ask("POST", "/tokens", token=service.service(), json=PERSON | wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_token_says_what_was_asked_for_and_is_shown_once(
    service: TestNodeService,
) -> None:
    made = await _issued(
        service,
        roles=["coordinator", "member"],
        mandates=[{"entity": "remess:1", "until": 2_000_000_000}],
        scope=["read"],
        audience=["directory"],
        label="for the map",
    )
    claims = _verified(service, made["token"])
    assert (claims.sub, claims.kind, claims.aud) == ("p-amina", Bearer.PERSON, ("directory",))
    assert claims.roles == {"member", "coordinator"}
    assert claims.mandates[0].entity == "remess:1"
    assert claims.exp - claims.iat == 30 * 86_400
    [shown] = (await service.ask("GET", "/tokens", token=service.service())).json()
    assert shown == {name: value for name, value in made.items() if name != "token"}
    assert shown["issued_by"] == "node"
    pages = await service.parts.host.store.read(
        service.parts.host.desk.sealer.pages, Log.PRIVATE, epoch=1, after=0, most=100
    )
    assert not any(made["token"].encode() in page.data for page in pages)


async def test_a_token_that_is_asked_for_twice_with_one_key_is_one_token(
    service: TestNodeService,
) -> None:
    headers = {"Idempotency-Key": "tonight"}
    token = service.service()
    first, again = [
        await service.ask("POST", "/tokens", token=token, json=PERSON, headers=headers)
        for _ in range(2)
    ]
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await service.ask("GET", "/tokens", token=token)).json()) == 1
    other = PERSON | {"bearer": "p-boris"}
    answer = await service.ask("POST", "/tokens", token=token, json=other, headers=headers)
    assert answer.json()["type"] == "/problems/idempotency-key-reused"
    # The answer is remembered, and the token is not.
    kept = await service.parts.host.store.read(
        lambda work: [row.body for row in work.execute(select(LOG.answered.c.body))]
    )
    assert kept == [first.json()["id"].encode()]


async def test_a_steward_issues_tokens_but_names_no_steward(service: TestNodeService) -> None:
    steward = (await _issued(service, bearer="p-1", roles=["steward"]))["token"]
    answer = await service.ask("POST", "/tokens", token=steward, json=PERSON)
    assert answer.status_code == 201
    assert answer.json()["issued_by"] == "p-1"
    answer = await service.ask(
        "POST", "/tokens", token=steward, json=PERSON | {"roles": ["steward"]}
    )
    assert answer.json()["type"] == "/problems/only-the-operator"
    answer = await service.ask("POST", "/tokens", token=steward, json=PERSON)
    member = answer.json()
    for method, path, body in (
        ("POST", "/tokens", PERSON),
        ("GET", "/tokens", None),
        ("DELETE", f"/tokens/{member['id']}", None),
    ):
        answer = await service.ask(method, path, token=member["token"], json=body)
        assert answer.json()["type"] == "/problems/not-allowed"
        answer = await service.ask(method, path, json=body)
        assert answer.json()["type"] == "/problems/token-missing"


async def test_another_service_of_the_node_cannot_issue_or_end_tokens(
    service: TestNodeService,
) -> None:
    made = await _issued(service)
    for method, path, body in (
        ("POST", "/tokens", PERSON | {"roles": ["steward"]}),
        ("POST", "/tokens", PERSON),
        ("DELETE", f"/tokens/{made['id']}", None),
        ("POST", "/invitations", None),
    ):
        token = service.service("directory")
        answer = await service.ask(method, path, token=token, json=body)
        assert answer.json()["type"] == "/problems/not-allowed", (method, path)


async def test_a_program_is_a_program_and_has_no_roles_of_people(
    service: TestNodeService,
) -> None:
    made = await _issued(service, bearer="importer", kind="program", roles=[], scope=["import"])
    assert _verified(service, made["token"]).kind is Bearer.PROGRAM
    for wrong in ({"roles": ["member"]}, {"mandates": [{"entity": "remess:1"}]}):
        body = {"bearer": "importer", "kind": "program", "days": 1} | wrong
        answer = await service.ask("POST", "/tokens", token=service.service(), json=body)
        assert answer.json()["type"] == "/problems/not-for-programs"


async def test_a_token_that_is_none_is_refused(service: TestNodeService) -> None:
    for wrong in (
        {"days": 0},
        {"days": 401},
        {"bearer": ""},
        {"bearer": "a\nb"},
        {"kind": "service"},
        {"roles": ["archbishop"]},
        {"scope": []},
        {"audience": ["elsewhere"]},
        {"more": 1},
    ):
        answer = await service.ask("POST", "/tokens", token=service.service(), json=PERSON | wrong)
        assert answer.status_code == 422, wrong


async def test_a_revoked_token_is_refused_at_once_and_told_to_the_other_services(
    service: TestNodeService,
) -> None:
    made = await _issued(service, roles=["steward"])
    assert (await service.ask("GET", "/tokens", token=made["token"])).status_code == 200
    path = f"/tokens/{made['id']}"
    for _ in range(2):
        assert (await service.ask("DELETE", path, token=service.service())).status_code == 204
    answer = await service.ask("GET", "/tokens", token=made["token"])
    assert answer.json()["type"] == "/problems/token-revoked"
    [shown] = (await service.ask("GET", "/tokens", token=service.service())).json()
    assert shown["revoked_at"] != ""
    missing = await service.ask("DELETE", "/tokens/none", token=service.service())
    assert missing.status_code == 404
    desk = service.parts.host.desk

    async def told() -> bool:
        pages = await desk.store.read(desk.sealer.pages, Log.PRIVATE, epoch=1, after=0, most=9)
        return sum(page.data.count(b"token.revoked") for page in pages) == 1

    await until(told, what="the private log tells of it once")


async def test_a_sibling_drops_what_the_private_log_revokes_and_remembers_it(
    service: TestNodeService, tmp_path: Any
) -> None:
    made = await _issued(service)
    claims = _verified(service, made["token"])
    await service.ask("DELETE", f"/tokens/{made['id']}", token=service.service())
    metadata = MetaData()
    tables, table = LogTables(metadata), revocation_table(metadata)
    url = f"sqlite:///{tmp_path}/sibling.db"
    speaker = Speaker(NodeName("remess"), ServiceName("directory"))
    desk = service.parts.host.desk
    name = LogName(NodeName("remess"), ServiceName("node"), Log.PRIVATE)

    async def pages() -> Any:
        return await desk.store.read(desk.sealer.pages, Log.PRIVATE, epoch=1, after=0, most=9)

    async def told() -> bool:
        return bool(await pages())

    await until(told, what="the private log has a page")
    for reads in (True, False):
        store = await open_store(url, tables, speaker=speaker, clock=SystemClock(), create=True)
        try:
            revocations, projector = Revocations(table), Projector(tables, release="test")
            revocations.follow(projector)
            await revocations.load(store)
            if reads:
                assert not revocations(claims)
                for sealed in await pages():
                    page = desk.door.check(
                        sealed.data,
                        signature=sealed.signature,
                        certificate=sealed.certificate,
                        expected=name,
                    ).page
                    await store.write(projector.apply, page)
            assert revocations(claims)
        finally:
            await store.aclose()
    with pytest.raises(TokenRevoked):
        _verified(service, made["token"])


def test_the_key_of_the_node_service_signs_tokens_and_no_other_does(
    new_node: NodeMaker,
) -> None:
    home = new_node("remess").home
    certificates.ensure(home)
    root = SigningKey.load(home.root_key).public
    texts = [
        home.service_certificate(name).read_text().strip()
        for name in ("directory", "exchange", "governance", "portal", "node")
    ]
    keys = TokenKeys.of(texts, node=NodeName("remess"), root_key=root)
    assert keys.tokens == {SigningKey.load(home.service_key("node")).public}
    assert {checked_certificate(text, root).service for text in texts} == set(
        keys.services.values()
    )


def test_what_is_open_to_services_alone_is_closed_to_everybody_else() -> None:
    for operation in ("read_private_log", "read_log_standing", "sign_reopening"):
        for role in set(Role) - {Role.SERVICE}:
            caller = Caller(
                id="p-1", kind=Bearer.PERSON, roles=frozenset({role}), scope=frozenset({"*"})
            )
            with pytest.raises(Exception, match="allow"):
                ACCESS.may(caller, operation)
