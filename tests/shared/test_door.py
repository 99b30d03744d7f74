"""What does not pass the door has a name, and the door looks at the bytes before it reads them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.canonical import canonical
from shared.contracts.log import REOPENING_TAG
from shared.contracts.node import PeerCut, PeerLimited, PeerQuarantined
from shared.events import BrokenContract, Log, NotItsNamespace
from shared.keys import Prefix, SigningKey
from shared.log.certificates import CERTIFICATE_TAG, BadCertificate
from shared.log.door import (
    KeyOutOfRange,
    NodeCut,
    NodeQuarantined,
    NotItsSubject,
    SignedButBad,
    UnknownNode,
    require_namespace,
)
from shared.log.names import LogName
from shared.log.page import (
    NO_PAGE,
    PAGE_BYTES_MAX,
    PAGE_TAG,
    PageTooLarge,
    SealedPage,
    SignedPage,
    Unsigned,
    padless,
    parse_page,
)
from shared.refusals import Refusal
from shared.store import Work
from tests.shared.peers import Peer, fields_of
from tests.shared.readers import HUB, Reader

fr, es = Peer("fr"), Peer("es")
PAGES = fr.history(3)
PAGE = PAGES[0]


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    """A reader that knows two nodes below its hub."""
    async with Reader(f"sqlite:///{tmp_path / 'reader.db'}", fr, es) as reader:
        yield reader


def at_door(reader: Reader, page: SealedPage, name: LogName = fr.name, **other: str) -> SignedPage:
    """Bring a page before the door."""
    given: dict[str, Any] = {"signature": page.signature, "certificate": page.certificate}
    return reader.desk.door.check(page.data, expected=name, **given | other)


async def test_a_page_of_a_known_node_passes(reader: Reader) -> None:
    for page in PAGES:
        passed = at_door(reader, page)
        assert passed.sealed == page
        assert passed.page == parse_page(page.data)


async def test_a_page_may_be_so_large_and_no_larger(reader: Reader) -> None:
    filler = canonical({"a": "x" * (PAGE_BYTES_MAX - len(PAGE.data) - 9)})
    full = fr.page(1, NO_PAGE, *map(canonical, parse_page(PAGE.data).events), filler)
    assert len(full.data) == PAGE_BYTES_MAX
    assert at_door(reader, full).sealed.sha256 == full.sha256
    with pytest.raises(PageTooLarge):
        at_door(reader, fr.signed(full.data + b" "))


async def test_a_page_of_a_node_that_nobody_admitted_is_of_an_unknown_node(
    reader: Reader,
) -> None:
    xx = Peer("xx")
    with pytest.raises(UnknownNode):
        at_door(reader, xx.history(1)[0], xx.name)


async def test_a_certificate_must_be_of_the_nodes_own_root(reader: Reader) -> None:
    thief = Peer("thief")
    for certificate in (
        "",
        "x.y",
        PAGE.certificate[:-4],
        es.certificate(),
        fr.certificate(root=thief.root),
        fr.certificate(root=es.root),
        # Their own service key cannot certify another one.
        fr.certificate(root=fr.key),
        "\udcff",
        PAGE.certificate + "\n",
    ):
        with pytest.raises(BadCertificate):
            at_door(reader, PAGE, certificate=certificate)


async def test_a_key_speaks_for_its_own_service_only(reader: Reader) -> None:
    exchange = Peer("fr", "exchange")
    page = exchange.history(1)[0]
    with pytest.raises(NotItsSubject):
        at_door(reader, page, fr.name)
    with pytest.raises(NotItsSubject):
        at_door(reader, PAGE, exchange.name)
    # A certificate for the subject's service does not help a page that says another.
    wrong = fr.altered(PAGE, service="exchange")
    with pytest.raises(NotItsSubject):
        at_door(reader, wrong)


@pytest.mark.parametrize("field", [{"node": "es"}, {"log": "private"}, {"node": "f\0"}])
async def test_a_page_belongs_to_the_log_of_its_subject(
    reader: Reader, field: dict[str, str]
) -> None:
    with pytest.raises(NotItsSubject):
        at_door(reader, fr.altered(PAGE, **field))


async def test_a_page_of_one_node_is_none_of_another(reader: Reader) -> None:
    with pytest.raises(BadCertificate):
        at_door(reader, PAGE, es.name)


async def test_a_page_needs_the_signature_of_the_certified_key(reader: Reader) -> None:
    other = SigningKey.generate(Prefix.SERVICE)
    for signature in (
        "",
        "x",
        PAGES[1].signature,
        fr.signed(PAGE.data, key=other).signature,
        fr.signed(PAGE.data, key=fr.root).signature,
        es.signed(PAGE.data).signature,
        f"{fr.key.public}.{fr.signed(PAGE.data, key=other).signature.partition('.')[2]}",
    ):
        with pytest.raises(Unsigned):
            at_door(reader, PAGE, signature=signature)
    changed = PAGE.data.replace(b'"number":1', b'"number":2')
    with pytest.raises(Unsigned):
        reader.desk.door.check(
            changed, signature=PAGE.signature, certificate=PAGE.certificate, expected=fr.name
        )


@pytest.mark.parametrize(
    "tag", [b"", REOPENING_TAG, CERTIFICATE_TAG, PAGE_TAG.replace(b"1", b"2"), PAGE_TAG[:-1]]
)
async def test_a_signature_over_another_kind_of_thing_is_none_over_a_page(
    reader: Reader, tag: bytes
) -> None:
    for signed in (bytes.fromhex(PAGE.sha256), PAGE.sha256.encode(), PAGE.data):
        signature = f"{fr.key.public}.{padless(fr.key.sign(tag + signed))}"
        with pytest.raises(Unsigned):
            at_door(reader, PAGE, signature=signature)


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b"not a page", "malformed"),
        (b"{" * 2_000, "malformed"),
        (PAGE.data.replace(b'"v":1}', b'"v":1,"v":1}'), "not-canonical"),
        (PAGE.data.replace(b'"v":1}', b'"v":1.0}'), "not-canonical"),
        (PAGE.data.replace(b'"v":1}', b'"v": 1}'), "not-canonical"),
        (PAGE.data.replace(b'"log":"public","node":"fr"', b'"node":"fr","log":"public"'),
         "not-canonical"),
        (PAGE.data.replace(b'"v":1}', b'"v":1,"w":' + b"[" * 40 + b"]" * 40 + b"}"),
         "not-canonical"),
        (PAGE.data.replace(b'"v":1}', b'"v":2}'), "future-page"),
        (PAGE.data.replace(b'"v":1}', b'"v":0}'), "bad-page"),
        (b"{}", "bad-page"),
        (canonical(fields_of(PAGE) | {"events": []}), "bad-page"),
        (canonical(fields_of(PAGE) | {"epoch": 2**31}), "bad-page"),
    ],
    ids=range(12),
)  # fmt: skip
async def test_what_a_key_signed_that_is_no_page_is_held_against_its_log(
    reader: Reader, data: bytes, slug: str
) -> None:
    with pytest.raises(SignedButBad) as refused:
        at_door(reader, fr.signed(data))
    assert refused.value.reason.slug == slug
    with pytest.raises(Unsigned):
        # Without the signature anyone may have made it.
        reader.desk.door.check(
            data, signature=PAGE.signature, certificate=PAGE.certificate, expected=fr.name
        )


async def change(reader: Reader, event: PeerCut | PeerLimited | PeerQuarantined) -> None:
    """Have the hub change a node's standing."""

    def unit(work: Work) -> None:
        reader.desk.trust.standing_changed(work, event, origin=HUB.node)

    await reader.store.write(unit)
    await reader.desk.trust.refresh(reader.store)


async def test_pages_of_a_node_in_quarantine_do_not_pass(reader: Reader) -> None:
    await change(reader, PeerQuarantined(node="fr", revision=5))
    with pytest.raises(NodeQuarantined):
        at_door(reader, PAGE)
    await change(reader, PeerLimited(node="fr", revision=6))
    assert at_door(reader, PAGE).sealed == PAGE


async def test_of_a_node_that_was_cut_the_pages_until_then_count(reader: Reader) -> None:
    await change(reader, PeerCut(node="fr", revision=5, last_pages={"directory": (1, 2)}))
    for page in PAGES[:2]:
        assert at_door(reader, page).sealed == page
    for late in (PAGES[2], fr.reopening(PAGES[1])):
        with pytest.raises(NodeCut):
            at_door(reader, late)
    exchange = Peer("fr", "exchange")
    with pytest.raises(NodeCut):
        at_door(reader, exchange.history(1)[0], exchange.name)


NEW_KEY = SigningKey(b"2" * 32, Prefix.SERVICE)
FROM_3 = {Log.PUBLIC: (1, 3), Log.PRIVATE: (1, 1)}


def by_new_key(number: int, prev: str = NO_PAGE, *, epoch: int = 1) -> SealedPage:
    """Return a page that the service's second key has signed, which is valid from page 3."""
    bodies = map(canonical, parse_page(PAGE.data).events)
    return fr.page(number, prev, *bodies, epoch=epoch, key=NEW_KEY, begins=FROM_3)


async def test_a_key_speaks_from_its_first_page_on(reader: Reader) -> None:
    with pytest.raises(KeyOutOfRange):
        at_door(reader, by_new_key(2))
    assert at_door(reader, by_new_key(3)).page.number == 3
    assert at_door(reader, by_new_key(1, epoch=2)).page.epoch == 2


async def test_a_key_speaks_until_its_successors_first_page(reader: Reader) -> None:
    assert at_door(reader, PAGES[2]).page.number == 3
    at_door(reader, by_new_key(4))
    for page in PAGES[:2]:
        assert at_door(reader, page).sealed == page
    for late in (PAGES[2], fr.history(1, epoch=2)[0]):
        with pytest.raises(KeyOutOfRange):
            at_door(reader, late)


async def test_an_old_key_stays_out_when_the_reader_starts_anew(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'reader.db'}"
    third = by_new_key(3, PAGES[1].sha256)
    late = fr.history(1, after=third)[0]
    async with Reader(url, fr) as reader:
        await reader.take(fr, *PAGES[:2], third)
    async with Reader(url, fr) as reader:
        with pytest.raises(KeyOutOfRange):
            at_door(reader, late)


async def test_what_is_no_page_is_held_against_nobody_when_its_key_is_out_of_use(
    reader: Reader,
) -> None:
    rubbish = fr.signed(b"{}")
    at_door(reader, by_new_key(4))
    with pytest.raises(KeyOutOfRange):
        at_door(reader, rubbish)
    with pytest.raises(SignedButBad):
        at_door(reader, fr.signed(b"{}", key=NEW_KEY, begins=FROM_3))
    await change(reader, PeerCut(node="es", revision=5, last_pages={"directory": (1, 2)}))
    with pytest.raises(NodeCut):
        at_door(reader, es.signed(b"{}"), es.name)


async def test_a_key_of_one_log_says_nothing_of_another(reader: Reader) -> None:
    at_door(reader, by_new_key(4))
    for page in es.history(5):
        assert at_door(reader, page, es.name).sealed == page


EVENT = parse_page(PAGE.data).events[0]


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"source": "twiza:es/directory"}, NotItsNamespace),
        ({"source": "twiza:fr/exchange"}, NotItsNamespace),
        ({"source": "twiza:fr/directory/"}, NotItsNamespace),
        ({"source": "\0"}, NotItsNamespace),
        ({"type": "org.twiza.exchange.offer.posted.v1"}, NotItsNamespace),
        ({"type": "org.twiza.directory.entity.listed.v0"}, BrokenContract),
        ({"type": "org.twiza.directory.entity.listed"}, BrokenContract),
        ({"type": "org.twiza.directory.entity.listed.v1 "}, BrokenContract),
        ({"type": "com.example.listed.v1"}, BrokenContract),
        ({"type": 1}, BrokenContract),
        ({"type": None}, BrokenContract),
        ({"id": None}, BrokenContract),
        ({"id": 1}, BrokenContract),
        ({"subject": None}, BrokenContract),
        ({"time": None}, BrokenContract),
        ({"data": None}, BrokenContract),
        ({"data": []}, BrokenContract),
        ({"data": "text"}, BrokenContract),
    ],
)
def test_an_event_is_told_in_its_own_logs_name(
    fields: dict[str, Any], refusal: type[Refusal]
) -> None:
    page = parse_page(PAGE.data)
    event = {name: value for name, value in (EVENT | fields).items() if value is not None}
    with pytest.raises(refusal):
        require_namespace(event, page)
    assert require_namespace(EVENT, page) == ("directory.entity.listed", 1)
