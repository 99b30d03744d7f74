"""Nobody speaks in another's name: not in a subject, a page, a signature or an event."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from shared.events import Log
from shared.ids import NodeName, ServiceName, new_uuid7
from shared.keys import Prefix, SigningKey
from shared.log.certificates import certify
from shared.log.names import LogName
from shared.log.page import padless
from tests.federation.attacked import Attacked, attacked, evidence, set_aside
from tests.federation.forging import Forged, Forger, Told, changed, written
from tests.nodes import publish, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def federation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Attacked]:
    async with attacked(tmp_path_factory.mktemp("names")) as scene:
        await scene.forger.tell(scene.forger.listed("the first"))
        yield scene


@pytest_asyncio.fixture(loop_scope="module")
async def scene(federation: Attacked) -> AsyncIterator[Attacked]:
    """The federation, in which fr's log is open at the beginning of each test."""
    await federation.forger.heal()
    await federation.stands("open", number=1)
    yield federation


@dataclass(frozen=True)
class Forgery:
    """What is forged, and why it is refused."""

    make: Callable[[Attacked], Forged]
    reason: str


def of_another_node(scene: Attacked) -> Forged:
    """Return a page that names another node than the one that signs it."""
    return scene.forger.signed(scene.forger.page(scene.forger.listed(), node="es"))


def of_another_service(scene: Attacked) -> Forged:
    """Return a page that names another service than the one that signs it."""
    return scene.forger.signed(scene.forger.page(scene.forger.listed(), service="node"))


def of_the_other_log(scene: Attacked) -> Forged:
    """Return a page of the private log among the public ones."""
    return scene.forger.signed(scene.forger.page(scene.forger.listed(), log="private"))


def signed_with_an_own_key(scene: Attacked) -> Forged:
    """Return a page with another's certificate and a signature of one's own."""
    es = Forger.of(scene.es, "directory")
    page = scene.forger.page(scene.forger.listed(), node="es")
    return changed(scene.forger.signed(page), certificate=es.certificate)


def certified_by_oneself(scene: Attacked) -> Forged:
    """Return a page whose certificate says another's name, signed by the own root key."""
    forger = scene.forger
    certificate = certify(
        forger.root, node=NodeName("es"), service=ServiceName("directory"), key=forger.key.public
    )
    page = forger.page(forger.listed(), node="es")
    return changed(forger.signed(page), certificate=certificate)


def certified_for_another_service(scene: Attacked) -> Forged:
    """Return a page of the directory under the certificate of the same node's node service."""
    forger, node = scene.forger, Forger.of(scene.fr, "node")
    page = forger.signed(forger.page(forger.listed()), key=node.key)
    return changed(page, certificate=node.certificate)


def certified_by_nobody(scene: Attacked) -> Forged:
    """Return a page whose certificate another root key has signed."""
    stranger = Forger.stranger("fr", "directory")
    return stranger.signed(scene.forger.page(scene.forger.listed()))


def with_a_key_that_is_not_certified(scene: Attacked) -> Forged:
    """Return a page under the right certificate, signed with another key."""
    key = SigningKey.generate(Prefix.SERVICE)
    return scene.forger.signed(scene.forger.page(scene.forger.listed()), key=key)


def with_a_signature_of_another_kind(scene: Attacked) -> Forged:
    """Return a page whose signature the right key has made over the bare hash, without the tag."""
    forger = scene.forger
    page = forger.signed(forger.page(forger.listed()))
    signature = padless(forger.key.sign(bytes.fromhex(page.sha256)))
    return changed(page, signature=f"{forger.key.public}.{signature}")


def before_its_range(scene: Attacked) -> Forged:
    """Return a page that is signed with a key whose first page comes later."""
    forger, key = scene.forger, SigningKey.generate(Prefix.SERVICE)
    begins = {Log.PUBLIC: (forger.epoch, forger.number + 2)}
    certificate = certify(
        forger.root,
        node=forger.name.node,
        service=forger.name.service,
        key=key.public,
        begins=begins,
    )
    return changed(forger.signed(forger.page(forger.listed()), key=key), certificate=certificate)


FORGERIES = {
    "another's name in the page": Forgery(of_another_node, "not-its-subject"),
    "another service in the page": Forgery(of_another_service, "not-its-subject"),
    "the private log in public": Forgery(of_the_other_log, "not-its-subject"),
    "an own key under another's certificate": Forgery(signed_with_an_own_key, "bad-certificate"),
    "another's name in an own certificate": Forgery(certified_by_oneself, "not-its-subject"),
    "the certificate of another service": Forgery(certified_for_another_service, "not-its-subject"),
    "a certificate of another root key": Forgery(certified_by_nobody, "bad-certificate"),
    "a key without a certificate": Forgery(with_a_key_that_is_not_certified, "unsigned"),
    "a signature of something else": Forgery(with_a_signature_of_another_kind, "unsigned"),
    "a key before its first page": Forgery(before_its_range, "key-out-of-range"),
}


@pytest.mark.parametrize("what", FORGERIES)
async def test_a_forged_page_is_refused_by_name_and_others_go_on(
    scene: Attacked, what: str
) -> None:
    forgery, before = FORGERIES[what], await scene.counts()
    page = forgery.make(scene)
    await scene.forger.send(page)
    await scene.refused(before, forgery.reason)
    await scene.nobody_knows("Made up")
    for desk in scene.receivers.values():
        kept = (await evidence(desk, forgery.reason))[-1]
        assert kept.bytes == page.data
        assert (kept.signature, kept.certificate) == (page.signature, page.certificate)
    # It was nobody's page: the log itself is not at fault, and its true page counts.
    await scene.others_go_on()
    await scene.forger.tell(scene.forger.listed(f"after {what}"))
    await scene.know(f"after {what}")
    assert not await evidence(scene.receivers["es"], node="es")
    assert not await evidence(scene.receivers["eu"], node="es")


async def test_a_key_speaks_no_longer_once_another_has_followed_it(scene: Attacked) -> None:
    forger, old = scene.forger, scene.forger.key
    certificate, forger.key = forger.certificate, SigningKey.generate(Prefix.SERVICE)
    begins = {Log.PUBLIC: (forger.epoch, forger.number + 1)}
    forger.certificate = certify(
        forger.root,
        node=forger.name.node,
        service=forger.name.service,
        key=forger.key.public,
        begins=begins,
    )
    await forger.tell(forger.listed("by the new key"))
    await scene.know("by the new key")
    before = await scene.counts()
    page = forger.signed(forger.page(forger.listed("by the old key")), key=old)
    await forger.send(changed(page, certificate=certificate))
    await scene.refused(before, "key-out-of-range")
    await scene.nobody_knows("by the old key")
    await scene.others_go_on()
    await forger.tell(forger.listed("by the new key again"))
    await scene.know("by the new key again")


async def test_anothers_page_in_an_own_log_is_not_its_subjects(scene: Attacked) -> None:
    theirs = await scene.receivers["es"].store.read(
        scene.receivers["es"].desk.sealer.pages, Log.PUBLIC, epoch=1, after=0, most=10
    )
    before = await scene.counts()
    for page in theirs:
        await publish(scene.fr, "directory", page.data, page.headers)
    await scene.refused(before, "bad-certificate", times=len(theirs))
    await scene.others_go_on()
    cursor = (await scene.stand(LogName(NodeName("es"), ServiceName("directory"), Log.PUBLIC)))[0]
    assert cursor.state == "open"


async def test_what_is_told_in_a_log_of_another_name_is_nobodys(scene: Attacked) -> None:
    """A log can be told in its own slot only: in another's place it arrives under its own name."""
    client, before = await scene.fr.unbound_client(), await scene.counts()
    page = scene.forger.signed(scene.forger.page(scene.forger.listed("in another's place")))
    for subject in ("es.directory.pages", "fed.eu.es.directory.pages", "directory.pages"):
        await client.publish(subject, page.data, headers=page.headers)
    await client.flush()
    await scene.others_go_on()
    await scene.nobody_knows("in another's place")
    assert await scene.counts() == before


def in_anothers_name(forger: Forger) -> dict[str, Told]:
    """Return events of a good page that tell in another's name, or of what is another's."""
    theirs = f"es:{new_uuid7()}"
    listed = forger.listed("in another's name")
    data: dict[str, Any] = listed["data"]
    return {
        "another node's source": listed | {"source": "twiza:es/directory"},
        "another service's source": listed | {"source": "twiza:fr/exchange"},
        "no source": {key: value for key, value in listed.items() if key != "source"},
        "another service's kind": forger.event(
            "org.twiza.node.peer.cut.v1", "es", {"node": "es", "revision": 9, "cause": "envy"}
        ),
        "another node's entity": forger.event(listed["type"], theirs, data | {"entity_id": theirs}),
        "another node's subject": listed | {"subject": theirs},
        "another node's entity under an own subject": listed
        | {"data": data | {"entity_id": theirs}},
    }


@pytest.mark.parametrize("what", list(in_anothers_name(Forger.stranger("fr", "directory"))))
async def test_an_event_in_anothers_name_is_set_aside_and_the_rest_of_its_page_counts(
    scene: Attacked, what: str
) -> None:
    before = await scene.counts()
    aside = len(await set_aside(scene.receivers["es"]))
    event = in_anothers_name(scene.forger)[what]
    own = scene.forger.listed(f"beside {what}")
    await scene.forger.tell(event, own)
    await scene.know(f"beside {what}")
    await scene.nobody_knows("in another's name")
    broken = ("no source", "another node's entity under an own subject")
    reason = "broken-contract" if what in broken else "not-its-namespace"
    await scene.refused(before, reason)
    for desk in scene.receivers.values():
        [row] = (await set_aside(desk))[aside:]
        assert (row.reason, row.place, row.number) == (reason, 0, 2)
        assert row.body == written(event)
    await scene.others_go_on()


async def test_a_member_says_nothing_of_another_members_standing(scene: Attacked) -> None:
    node = scene.node_log
    said: dict[str, Told] = {
        "org.twiza.node.peer.admitted.v1": {
            "node": "made-up", "revision": 1, "continent": "eu", "level": "local",
            "root_key": scene.forger.root.public,
        },
        "org.twiza.node.peer.cut.v1": {"node": "es", "revision": 99, "cause": "envy"},
        "org.twiza.node.peer.quarantined.v1": {"node": "eu", "revision": 99, "cause": "envy"},
    }  # fmt: skip
    before = await scene.counts()
    await node.tell(*(node.event(type_, data["node"], data) for type_, data in said.items()))

    async def refused() -> bool:
        now = await scene.counts()
        return all(
            now[at]["fr", "not-its-child"] - before[at]["fr", "not-its-child"] == 3 for at in now
        )

    await until(refused, what="fr's words on others are set aside")
    await scene.others_go_on()
    for desk in (*scene.receivers.values(), scene.hub_node):
        assert desk.desk.trust.node("made-up") is None
