"""The vectors of docs/protocol hold: for our code, and for an opinion that knows none of it."""

import ast
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import pytest_asyncio

from shared.canonical import canonical, parse_canonical
from shared.contracts.directory import EntityListed
from shared.contracts.log import REOPENING_TAG, LogReopened
from shared.events import Log, read
from shared.ids import NodeName, ServiceName
from shared.keys import BadKey, SigningKey, fingerprint, proquint, raw_public, verify
from shared.log.certificates import CERTIFICATE_TAG, checked_certificate
from shared.log.cursors import Cursors
from shared.log.door import Door, SignedButBad, require_namespace
from shared.log.names import LogName, federated_log
from shared.log.page import NO_PAGE, parse_page, sha256_hex
from shared.log.projector import Projector
from shared.log.take import Taker
from shared.log.trust import Trust
from shared.refusals import Refusal
from shared.store import Store
from tests.contracts import independent, independent_reader
from tests.contracts.reading import Case, data_of, log_name, opened, registry, unpadded, vectors
from tools.vectors.files import FOLDER, MAKERS, text_of

CANONICAL, KEYS, PAGES, DOOR, ORDER, EVENTS, REOPENING = map(
    vectors, ("canonical", "keys", "pages", "door", "order", "events", "reopening")
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A reader's database."""
    reader = await opened(tmp_path / "reader.db")
    yield reader
    await reader.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def known(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """The registry that the vectors of the door speak of."""
    reader = await opened(tmp_path_factory.mktemp("door") / "reader.db")
    trust = await registry(reader, DOOR["registry"])
    await reader.aclose()
    return trust


@pytest.mark.parametrize("name", MAKERS)
def test_the_vectors_are_those_that_are_made_now(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text("utf-8") == text_of(MAKERS[name]())


def test_there_is_no_file_of_vectors_that_nobody_makes() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(MAKERS)


@pytest.mark.parametrize("opinion", [independent, independent_reader])
def test_the_second_opinion_knows_nothing_of_ours(opinion: ModuleType) -> None:
    tree = ast.parse(Path(str(opinion.__file__)).read_text("utf-8"))
    named = {one.module for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
    plain = {
        name.name for one in ast.walk(tree) if isinstance(one, ast.Import) for name in one.names
    }
    ours = {str(name).partition(".")[0] for name in named | plain}
    assert not ours & {"shared", "services", "twiza", "tools"}


@pytest.mark.parametrize("case", CANONICAL["values"], ids=lambda case: case["why"])
def test_a_value_has_one_sequence_of_bytes(case: Case) -> None:
    value, data = json.loads(case["json"]), b64decode(case["canonical"])
    assert canonical(value) == independent.written(value) == data
    assert parse_canonical(data) == independent.parsed(data) == value


@pytest.mark.parametrize("case", CANONICAL["refused"], ids=lambda case: case["why"])
def test_other_bytes_are_refused(case: Case) -> None:
    data = b64decode(case["bytes"])
    with pytest.raises(Refusal) as ours:
        parse_canonical(data)
    with pytest.raises(independent.Refused) as theirs:
        independent.parsed(data)
    assert ours.value.slug == theirs.value.slug == case["slug"]


@pytest.mark.parametrize("case", KEYS["keys"], ids=lambda case: case["name"])
def test_a_key_has_its_text_and_its_words(case: Case) -> None:
    key = SigningKey.from_seed(case["seed"])
    assert (key.raw_seed.hex(), key.public) == (case["raw_seed"], case["public"])
    raw = bytes.fromhex(case["raw_public"])
    assert raw_public(case["public"]) == independent.raw_key(case["public"]) == raw
    words = case["fingerprint"]
    assert fingerprint(case["public"]) == independent.fingerprint(case["public"]) == words


@pytest.mark.parametrize("case", KEYS["refused"], ids=lambda case: case["why"])
def test_other_texts_are_no_keys(case: Case) -> None:
    with pytest.raises(BadKey):
        raw_public(case["public"])
    with pytest.raises(independent.Refused, match="bad-key"):
        independent.raw_key(case["public"])


def test_sixteen_bits_are_a_word() -> None:
    for case in KEYS["proquints"]:
        assert proquint(case["bits"]) == independent.proquint(case["bits"]) == case["word"]


def test_signatures_hold() -> None:
    for case in KEYS["signatures"]:
        message = b64decode(case["message"])
        verify(case["public"], message, unpadded(case["signature"]))
        independent.verified(case["public"], "", message, case["signature"], "bad-signature")


def test_the_pages_are_a_chain_of_signed_bytes() -> None:
    prev, log, certificates = NO_PAGE, PAGES["log"], {}
    for case in PAGES["certificates"]:
        claims = independent.certificate(case["text"], PAGES["root_key"])
        assert claims == json.loads(case["statement"])
        assert bytes.fromhex(case["signed"]) == CERTIFICATE_TAG + case["statement"].encode()
        assert checked_certificate(case["text"], PAGES["root_key"]).key == claims["key"]
        certificates[case["text"]] = claims["key"]
    for number, case in enumerate(PAGES["pages"], start=1):
        data = b64decode(case["bytes"])
        page, theirs = parse_page(data), independent.signed_page(data)
        assert (page.epoch, page.number, page.prev) == (1, number, prev)
        assert (theirs["epoch"], theirs["number"], theirs["prev"]) == (1, number, prev)
        assert {name: theirs[name] for name in log} == log
        prev = case["sha256"]
        assert sha256_hex(data) == prev
        assert case["signed"] == b"twiza/page/1\n".hex() + prev
        key, _, signature = case["signature"].partition(".")
        assert key == certificates[case["certificate"]]
        verify(key, bytes.fromhex(case["signed"]), unpadded(signature))


@pytest.mark.parametrize("case", DOOR["cases"], ids=lambda case: f"{case['slug']}: {case['why']}")
def test_the_door_lets_through_and_refuses(case: Case, known: Trust) -> None:
    log, data = case["log"], data_of(case)
    ours = Door(known)
    theirs = independent.Door(DOOR["registry"])
    for text in case.get("seen", ()):
        ours.remember(log_name(log), text)
        theirs.see(text, log)
    signature, certificate = case["signature"], case["certificate"]

    def check_ours() -> Any:
        return ours.check(
            data, signature=signature, certificate=certificate, expected=log_name(log)
        )

    if not case["slug"]:
        place = check_ours().page.epoch, check_ours().page.number
        page = theirs.check(data, signature, certificate, log)
        assert (page["epoch"], page["number"]) == place
        return
    with pytest.raises(Refusal) as our_no:
        check_ours()
    with pytest.raises(independent.Refused) as their_no:
        theirs.check(data, signature, certificate, log)
    assert our_no.value.slug == their_no.value.slug == case["slug"]
    if isinstance(our_no.value, SignedButBad):
        assert our_no.value.reason.slug == their_no.value.reason == case["reason"]


def test_every_refusal_of_the_door_has_a_page() -> None:
    named = {case["slug"] for case in DOOR["cases"]}
    assert named == {
        "", "page-too-large", "unknown-node", "node-quarantined", "bad-certificate", "unsigned",
        "not-its-subject", "signed-but-bad", "key-out-of-range", "node-cut",
    }  # fmt: skip
    reasons = {case["reason"] for case in DOOR["cases"] if "reason" in case}
    assert reasons == {"malformed", "not-canonical", "future-page", "bad-page"}


@pytest.mark.parametrize("story", ORDER["stories"], ids=lambda story: story["why"])
async def test_pages_become_what_their_place_says(story: Case, store: Store) -> None:
    log = log_name(ORDER["log"])
    known = {"root_key": ORDER["root_key"], "standing": "normal", "last_pages": {}}
    trust = await registry(store, {log.node: known})
    door, reader = Door(trust), independent_reader.Reader(ORDER["root_key"])
    taker = Taker(Cursors(store.tables), Projector(store.tables, release="test"), trust)
    for arrival in story["arrivals"]:
        case = ORDER["pages"][arrival["page"]]
        data = b64decode(case["bytes"])
        page = door.check(
            data, signature=case["signature"], certificate=case["certificate"], expected=log
        )
        result = await store.write(taker.take_in, [page])
        assert [taken.value for taken in result.taken] == [arrival["becomes"]]
        assert reader.take(independent.signed_page(data), case["sha256"]) == arrival["becomes"]
    cursor = await store.read(taker.cursors.load, log)
    assert [cursor.epoch, cursor.number] == list(reader.place) == story["place"]
    assert cursor.state == reader.state == story["state"]
    if cursor.state != "gap":
        assert cursor.reason == reader.reason == story["reason"]


@pytest.mark.parametrize("case", EVENTS["cases"], ids=lambda case: f"{case['slug']}: {case['why']}")
def test_an_event_is_read_or_set_aside(case: Case) -> None:
    event, page = json.loads(case["event"]), parse_page(b64decode(PAGES["pages"][0]["bytes"]))
    assert canonical(event).decode() == case["event"]
    if not case["slug"]:
        kind, version = require_namespace(event, page)
        found = read(kind, version, event["data"])
        assert isinstance(found, EntityListed)
        assert found.about() == event["subject"]
        return
    with pytest.raises(Refusal) as refused:
        read(*require_namespace(event, page), event["data"])
    assert refused.value.slug == case["slug"]


def test_a_reopening_is_signed_by_the_root_key() -> None:
    event = LogReopened.model_validate(REOPENING["data"])
    assert event.statement().decode() == REOPENING["statement"]
    signed = bytes.fromhex(REOPENING["signed"])
    assert signed == REOPENING_TAG + event.statement()
    verify(REOPENING["root_key"], signed, unpadded(event.signature))
    page = independent.signed_page(b64decode(REOPENING["page"]["bytes"]))
    said = independent_reader.reopening(page, REOPENING["root_key"])
    assert said is not None
    assert said == json.loads(REOPENING["statement"])
    last = REOPENING["last_page"]
    assert (said["old_epoch"], said["last_page"], said["hash"]) == (
        last["epoch"],
        last["number"],
        last["sha256"],
    )


def test_the_subject_of_a_page_says_whose_it_is() -> None:
    names = vectors("names")
    for case in names["logs"]:
        log = LogName(NodeName(names["node"]), ServiceName(case["service"]), Log.PUBLIC)
        assert federated_log(case["incoming_subject"]) == log
        assert log.stream(case["epoch"]) == case["public_stream"]
        assert log.subject == case["own_subject"]
