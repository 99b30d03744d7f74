"""The node service comes up over its server, says who it is, and keeps the streams of its node."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from services.node import certificates, credentials
from services.node.access import ACCESS
from services.node.app import HEAD, STEPS, create_front_app, create_joining_app
from services.node.handlers import described
from services.node.home import BadHome
from services.node.invitations import make_invitation
from services.node.join import request_of
from services.node.queries import descriptions
from services.node.tables import METADATA
from shared.contracts.log import REOPENING_TAG, LogReopened
from shared.gate import undeclared
from shared.ids import SERVICES, ServiceName
from shared.keys import Prefix, SigningKey, verify
from shared.log.page import unpadded
from shared.migrations import migrate, revision
from shared.subjects import Level, slotted
from tests.databases import NewDatabase, database_url, postgresql, postgresql_server
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService
from tests.nodes import until

__all__ = ["database_url", "postgresql", "postgresql_server"]


async def test_a_node_without_a_hub_comes_up_and_says_who_it_is(new_node: NodeMaker) -> None:
    node = new_node("remess", names={"fr": "REMESS", "ar": "رميس"}, languages=("ar", "fr"))
    await node.start()
    async with TestNodeService(node) as service:
        answer = await service.ask("GET", "/readyz")
        assert answer.status_code == 200, answer.text
        nodes = (await service.ask("GET", "/nodes")).json()
        assert [one["node"] for one in nodes] == ["remess"]
        assert nodes[0]["names"] == {"fr": "REMESS", "ar": "رميس"}
        assert nodes[0]["own"] is True
    assert node.errors == []


async def test_every_operation_has_a_row_and_every_row_an_operation(new_node: NodeMaker) -> None:
    node = new_node("remess")
    await node.start()
    async with TestNodeService(node) as service:
        assert undeclared(service.app, ACCESS) == []


def _statement(service: str = "directory", **changed: Any) -> dict[str, Any]:
    return {
        "service": service,
        "which": "public",
        "epoch": 2,
        "old_epoch": 1,
        "last_page": 7,
        "hash": "a" * 64,
        "reason": "a backup was restored",
    } | changed


async def test_the_root_key_signs_a_new_epoch_once_and_its_stream_stands(
    new_node: NodeMaker,
) -> None:
    node = new_node("remess")
    await node.start()
    async with TestNodeService(node) as service:
        token = service.service("directory")
        asked = _statement()
        signed = await service.ask("POST", "/reopenings", token=token, json=asked)
        assert signed.status_code == 200, signed.text
        event = LogReopened.model_validate(signed.json())
        root = SigningKey.load(node.home.root_key).public
        verify(root, REOPENING_TAG + event.statement(), unpadded(event.signature))
        assert (event.node, event.which, event.epoch) == ("remess", "public", 2)
        streams = service.parts.flow.streams
        assert (await streams.info("OUT_remess_directory_2"))["config"]["subjects"] != []
        assert credentials.epochs(node.home).public == {"directory": 2}
        # The answer that did not arrive is given again; another one may still take its place.
        again = await service.ask("POST", "/reopenings", token=token, json=asked)
        assert again.json() == signed.json()
        other = await service.ask("POST", "/reopenings", token=token, json=asked | {"last_page": 9})
        assert other.json()["last_page"] == 9
        # Once a page of the epoch is out there is one truth about it.
        client = await node.client("fed", "directory")
        subject = slotted("directory.pages", node.home.slot())
        await client.request(subject, b"page 1 of epoch 2", timeout=5)
        for changed, problem in (
            ({"last_page": 11}, "epoch-passed"),
            ({"epoch": 1, "last_page": 11}, "epoch-passed"),
            ({"epoch": 5_000}, "epoch-too-far"),
            ({"service": "exchange"}, "not-its-log"),
            ({"hash": "x"}, "invalid"),
            ({"epoch": 2**40}, "invalid"),
        ):
            answer = await service.ask("POST", "/reopenings", token=token, json=asked | changed)
            assert answer.json()["type"] == f"/problems/{problem}", changed
        for stranger in ("", service.person("p-1", "steward")):
            answer = await service.ask("POST", "/reopenings", token=stranger, json=asked)
            assert answer.status_code in (401, 403)
        shown = (await service.ask("GET", "/epochs", token=token)).json()
        assert shown["public"]["directory"] == 2
        assert [one["last_page"] for one in shown["reopenings"]] == [9]
        private = _statement(which="private")
        answer = await service.ask("POST", "/reopenings", token=token, json=private)
        assert answer.json()["which"] == "private"
        assert credentials.epochs(node.home).private == {"directory": 2}


async def test_a_node_whose_database_was_restored_goes_on_in_a_new_epoch(
    new_node: NodeMaker, tmp_path: Path
) -> None:
    node = new_node("remess", names={"fr": "REMESS"})
    await node.start()
    database = node.home.database("node")
    async with TestNodeService(node) as service:
        await _published(service, 1)
    backup = tmp_path / "node.db"
    backup.write_bytes(database.read_bytes())
    node.home.save_settings(node.settings.model_copy(update={"names": {"fr": "Le REMESS"}}))
    async with TestNodeService(node) as service:
        await _published(service, 2)
    for path in database.parent.glob("node.db*"):
        path.unlink()
    database.write_bytes(backup.read_bytes())
    async with TestNodeService(node) as service:

        async def reopened() -> bool:
            own = (await service.parts.host.desk.standing())["own"]["public"]
            return bool(own["epoch"] == 2 and own["number"] >= 1)

        await until(reopened, what="the node log goes on in epoch 2")
        shown = (await service.ask("GET", "/epochs", token=service.service())).json()
        assert shown["public"]["node"] == 2
        assert [one["last_page"] for one in shown["reopenings"]] == [2]
        nodes = (await service.ask("GET", "/nodes")).json()
        assert nodes[0]["names"] == {"fr": "Le REMESS"}


async def _published(service: TestNodeService, pages: int) -> None:
    async def done() -> bool:
        own = (await service.parts.host.desk.standing())["own"]["public"]
        return bool(own["published"] == [1, pages])

    await until(done, what=f"{pages} pages are published")


async def test_the_tables_are_what_the_migrations_make(database_url: str) -> None:
    await migrate(database_url, STEPS, head=HEAD)
    assert revision(database_url) == HEAD
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


async def test_a_node_keeps_its_own_in_postgresql_as_well(
    new_node: NodeMaker, postgresql: NewDatabase
) -> None:
    node, hub = new_node("a"), new_node("eu", level=Level.CONTINENTAL)
    await hub.start()
    async with TestNodeService(hub, database=postgresql()) as service:
        request = request_of(node.home, make_invitation(hub.home))
        body = request.model_dump(mode="json")
        asked = await service.ask("POST", "/joining", app=create_joining_app(), json=body)
        act = {"act": "admit", "node": "a", "fingerprint": asked.json()["fingerprint"]}
        # Two stewards who speak in one moment are both heard, one after the other.
        answers = await asyncio.gather(
            *(
                service.ask("POST", "/acts", token=service.person(one, "steward"), json=act)
                for one in ("p-1", "p-2")
            )
        )
        assert sorted(answer.json()["state"] for answer in answers) == ["done", "open"]
        made = await service.ask(
            "POST", "/tokens", token=service.service(), json={"bearer": "p-3", "days": 1}
        )
        path = f"/tokens/{made.json()['id']}"
        assert (await service.ask("DELETE", path, token=service.service())).status_code == 204
        shown = await service.ask("GET", "/nodes", token=service.person("p-1"))
        assert [one["node"] for one in shown.json()] == ["a", "eu"]
        refused = await service.ask("GET", "/tokens", token=made.json()["token"])
        assert refused.json()["type"] == "/problems/token-revoked"
        page = await service.ask("GET", "/?lang=es", app=create_front_app())
        assert page.status_code == 200
        answer = await service.ask("GET", "/watch", token=service.service())
        assert answer.json()["silent"] == []


def test_what_shows_pages_is_loaded_when_one_is_shown() -> None:
    program = (
        "import sys, services.node.app as app, services.node.settings as settings\n"
        "app.create_app(settings.NodeServiceSettings()).openapi()\n"
        "app.create_front_app()\n"
        "print(*[name for name in ('babel', 'jinja2', 'alembic') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert found.stdout.split() == []


async def test_what_a_node_tells_after_a_restore_is_newer_than_what_it_has_forgotten(
    new_node: NodeMaker,
) -> None:
    node = new_node("remess")
    await node.start()
    async with TestNodeService(node) as service:
        [said] = (await service.parts.host.store.read(descriptions)).values()
        assert said.revision > 1_700_000_000_000


def test_a_description_that_says_too_much_names_the_line(new_node: NodeMaker) -> None:
    node = new_node("remess", names={"fr": "x" * 300})
    with pytest.raises(BadHome, match="names"):
        described(node.settings, services=["node"], release="0", parent=None, revision=1)


def test_certificates_are_made_once_and_mended_where_they_do_not_hold(
    new_node: NodeMaker,
) -> None:
    home = new_node("remess").home
    certificates.ensure(home)
    texts = {name: home.service_certificate(name).read_text() for name in SERVICES}
    certificates.ensure(home)
    assert texts == {name: home.service_certificate(name).read_text() for name in SERVICES}
    root = SigningKey.load(home.root_key).public
    assert certificates.held(home, ServiceName("node"), root).roles == ("tokens",)  # type: ignore[union-attr]
    SigningKey.generate(Prefix.SERVICE).save(home.service_key("exchange"))
    home.service_certificate("portal").write_text("nonsense")
    certificates.ensure(home)
    for service in ("exchange", "portal"):
        found = certificates.held(home, ServiceName(service), root)
        assert found is not None
        assert found.key == SigningKey.load(home.service_key(service)).public
    assert home.service_certificate("node").read_text() == texts[ServiceName("node")]
