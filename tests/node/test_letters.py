"""A letter opens at its addressee only, and leaves no trace where it is not for us."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.public import PrivateKey, SealedBox
from sqlalchemy import MetaData, select
from structlog.testing import capture_logs

from services.node import certificates
from services.node.letterkeys import (
    DESTROYED_AFTER,
    NEW_AFTER,
    destroy,
    folder_of,
    in_use,
    outlived,
)
from services.node.settings import service_values
from shared.clock import SystemClock
from shared.contracts.log import Letter
from shared.events import Log, Speaker, frame
from shared.ids import NodeName, ServiceName, uuid7
from shared.keys import BadKey, KeyExposed
from shared.log.letter_keys import LetterSecret, LetterSecrets, newest_key, text_of
from shared.log.letters import (
    BOX_SIZES,
    CONTENT_MAX,
    BadLetter,
    LetterTooLong,
    NotItsLetter,
    OpenedLetter,
    letter,
    letters,
    open_letters,
)
from shared.log.page import Page, page_bytes, parse_page
from shared.log.projector import Projector
from shared.log.tables import LogTables
from shared.service import ServiceSettings, place_of
from shared.store import Work, open_store
from tests.node.conftest import NodeMaker
from tests.node_service import TestNodeService
from tests.nodes import until

NOW = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
OURS = LetterSecret.generate(1, at=NOW)
OTHER = LetterSecret.generate(1, at=NOW)
FR, ES, EXCHANGE = NodeName("fr"), NodeName("es"), ServiceName("exchange")


def _letter(to_key: str = OURS.public, **changed: Any) -> Letter:
    said: dict[str, Any] = {
        "from_node": FR,
        "from_service": EXCHANGE,
        "to_node": ES,
        "to_service": EXCHANGE,
        "letter_id": "1",
        "kind": "ring.proposed",
        "body": {"text": "خبز مقابل زيت"},
    }
    return letter(to_key, **(said | changed))


def test_a_letter_opens_with_its_key_and_with_no_other() -> None:
    made = _letter()
    assert open_letters([OTHER], made.box) is None
    assert open_letters([], made.box) is None
    opened = open_letters([OTHER, OURS], made.box)
    assert opened == OpenedLetter(
        sender="fr/exchange",
        addressee="es/exchange",
        letter_id="1",
        kind="ring.proposed",
        body={"text": "خبز مقابل زيت"},
    )
    assert "خبز" not in repr(opened)


@given(st.dictionaries(st.sampled_from("abcdef"), st.text(max_size=3_000), max_size=6))
@settings(max_examples=60, deadline=None)
def test_every_letter_has_one_of_three_sizes_and_comes_out_as_it_went_in(
    body: dict[str, str],
) -> None:
    try:
        made = _letter(body=body)
    except LetterTooLong:
        return
    sealed = urlsafe_b64decode(made.box + "=" * (-len(made.box) % 4))
    assert len(sealed) in BOX_SIZES
    opened = open_letters([OURS], made.box)
    assert opened is not None
    assert opened.body == body


def test_a_letter_fills_its_box_to_the_last_byte_and_no_further() -> None:
    empty = len(_inside(_letter(body={"t": ""})))
    for size in BOX_SIZES:
        room = size - 48 - 1 - empty
        for more, wanted in ((0, size), (1, None)):
            if wanted is None and size == BOX_SIZES[-1]:
                with pytest.raises(LetterTooLong):
                    _letter(body={"t": "x" * (room + more)})
                continue
            sealed = urlsafe_b64decode(_letter(body={"t": "x" * (room + more)}).box + "==")
            assert (len(sealed) == size) is (wanted is not None)
    assert BOX_SIZES[-1] - 49 == CONTENT_MAX


def _inside(made: Letter) -> bytes:
    sealed = urlsafe_b64decode(made.box + "=" * (-len(made.box) % 4))
    return SealedBox(OURS.private).decrypt(sealed).rstrip(b"\0").removesuffix(b"\x80")


def test_nothing_around_the_box_names_the_addressee_and_no_two_boxes_are_alike() -> None:
    first, second = _letter(), _letter()
    assert first.box != second.box
    assert set(first.model_dump()) == {"box"}
    framed = frame(
        first, source="twiza:fr/exchange", event_id="1", time="t", traceparent="00-a-b-01"
    )
    assert b'"es' not in framed
    # Whoever could follow a trace from an offer to a letter would know too much.
    assert b"00-a-b-01" not in framed
    assert first.about() == "letter"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 900,
        b"\x80",
        b"{}\x80",
        b"[]\x80",
        b'{"body":{},"from":"a/b","kind":"x","letter_id":"1"}\x80',
        b'{"body":[],"from":"a/b","kind":"x","letter_id":"1","to":"c/d"}\x80',
        b'{"body":{},"from":"a/b","kind":"X Y","letter_id":"1","to":"c/d"}\x80',
        b'{"body":{},"from":"","kind":"x","letter_id":"1","to":"c/d"}\x80',
        b'{ "body":{},"from":"a/b","kind":"x","letter_id":"1","to":"c/d"}\x80',
        b'{"body":{},"from":"a/b","kind":"x","letter_id":"1","to":"c/d"}',
    ],
)
def test_what_is_sealed_for_us_and_is_no_letter_is_refused(content: bytes) -> None:
    padded = content.ljust(BOX_SIZES[0] - 48, b"\0")
    box = text_of(SealedBox(OURS.private.public_key).encrypt(padded))
    with pytest.raises(BadLetter):
        open_letters([OURS], box)
    assert open_letters([OTHER], box) is None


@pytest.mark.parametrize("box", ["", "é", "A", "AAAA", "a" * 1366 + "!", "_" * 1366])
def test_a_box_of_another_size_or_form_is_refused(box: str) -> None:
    with pytest.raises(BadLetter):
        open_letters([OURS], box)


def test_a_letter_that_nobody_could_read_is_not_made() -> None:
    with pytest.raises(BadLetter):
        _letter(kind="Ring Proposed")
    with pytest.raises(BadLetter):
        _letter(letter_id="")
    with pytest.raises(BadKey):
        _letter("not a key")
    with pytest.raises(BadKey):
        _letter(text_of(b"short"))


class _Service:
    """A service with nothing but letters, over a database of its own."""

    def __init__(self, tmp_path: Path, node: Any) -> None:
        values = service_values(node.home, "exchange")
        self.place = place_of(ServiceSettings(**values), "exchange")
        self.tables = LogTables(MetaData())
        self.projector = Projector(self.tables, release="test")
        self.got: list[tuple[str, str]] = []
        letters(self.projector, self.place, self._keep)
        self.url = f"sqlite:///{tmp_path}/letters.db"

    def _keep(self, work: Work, opened: OpenedLetter, arrived: Any) -> None:
        self.got.append((arrived.origin, opened.letter_id))

    async def takes_in(self, page: Page) -> list[str]:
        """Return the reasons for which events of the page were set aside."""
        store = await open_store(
            self.url,
            self.tables,
            speaker=Speaker(self.place.node, self.place.service),
            clock=SystemClock(),
            create=True,
        )

        def aside(work: Work) -> list[str]:
            return list(work.execute(select(self.tables.set_aside.c.reason)).scalars())

        try:
            await store.write(self.projector.apply, page)
            return await store.read(aside)
        finally:
            await store.aclose()


def _page(*told: Letter, node: NodeName = FR) -> Page:
    bodies = [
        frame(
            one,
            source=f"twiza:{node}/exchange",
            event_id=str(uuid7()),
            time="2026-11-21T17:00:00.000Z",
        )
        for one in told
    ]
    return parse_page(
        page_bytes(
            node=node,
            service=EXCHANGE,
            log=Log.PUBLIC,
            epoch=1,
            number=1,
            prev="0" * 64,
            sealed_at="2026-11-21T17:00:00Z",
            bodies=bodies,
        )
    )


async def test_a_service_gets_its_letters_and_others_leave_no_trace(
    new_node: NodeMaker, tmp_path: Path
) -> None:
    node = new_node("es")
    certificates.ensure(node.home)
    OURS.save(folder_of(node.home, "exchange"))
    service = _Service(tmp_path, node)
    with capture_logs() as lines:
        aside = await service.takes_in(
            _page(_letter(letter_id="1"), _letter(OTHER.public), _letter(letter_id="3"))
        )
    assert service.got == [("fr", "1"), ("fr", "3")]
    assert aside == []
    assert lines == []


async def test_a_letter_that_another_publishes_or_that_names_another_is_refused(
    new_node: NodeMaker, tmp_path: Path
) -> None:
    node = new_node("es")
    certificates.ensure(node.home)
    OURS.save(folder_of(node.home, "exchange"))
    service = _Service(tmp_path, node)
    stolen = _letter()
    misdirected = _letter(to_service=ServiceName("governance"))
    aside = await service.takes_in(_page(stolen, misdirected, node=NodeName("it")))
    assert service.got == []
    assert aside == [NotItsLetter.slug, NotItsLetter.slug]


def test_a_key_is_kept_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    OURS.save(tmp_path / "exchange")
    path = tmp_path / "exchange" / "1.seed"
    assert path.stat().st_mode & 0o077 == 0
    loaded = LetterSecret.load(path)
    assert (loaded.public, loaded.made_at) == (OURS.public, NOW)
    assert OURS.public not in repr(loaded)
    assert "PrivateKey" not in repr(loaded)
    path.chmod(0o644)
    with pytest.raises(KeyExposed):
        LetterSecret.load(path)
    path.chmod(0o600)
    for text in ("", "x\n", f"{text_of(b'short')}\n2026-11-21T17:00:00.000Z\n", "é\né\n"):
        path.write_text(text)
        with pytest.raises(BadKey):
            LetterSecret.load(path)


def test_keys_that_come_and_go_are_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "exchange"
    secrets = LetterSecrets(folder)
    assert list(secrets.current()) == []
    OURS.save(folder)
    assert [one.number for one in secrets.current()] == [1]
    LetterSecret.generate(2, at=NOW).save(folder)
    assert [one.number for one in secrets.current()] == [2, 1]
    destroy(folder / "1.seed")
    assert [one.number for one in secrets.current()] == [2]


def _aged(number: int, days: float) -> LetterSecret:
    return LetterSecret(number=number, made_at=NOW - timedelta(days=days), private=OURS.private)


def test_a_key_is_used_for_thirty_days_and_destroyed_after_a_hundred_and_twenty() -> None:
    assert (NEW_AFTER.days, DESTROYED_AFTER.days) == (30, 120)
    assert in_use([], {}, now=NOW) is None
    young = _aged(4, 29.9)
    assert in_use([_aged(3, 60), young], {}, now=NOW) is young
    assert in_use([_aged(4, 30)], {}, now=NOW) is None
    old = [_aged(1, 150), _aged(2, 120), _aged(3, 119.9), young]
    assert outlived(old, now=NOW) == old[:2]
    # A node that was off for half a year keeps its last key until it has made another.
    assert outlived([_aged(1, 200)], now=NOW) == []
    # A key from the future was made while the clock was wrong.
    assert in_use([_aged(1, -400)], {}, now=NOW) is None


def test_a_key_whose_number_was_announced_with_another_is_not_used() -> None:
    own = _aged(2, 1)
    assert in_use([own], {2: own.public, 1: "older"}, now=NOW) is own
    assert in_use([own], {2: text_of(bytes(PrivateKey.generate().public_key))}, now=NOW) is None
    assert in_use([own], {3: "lost with the disk"}, now=NOW) is None


async def test_the_node_makes_and_announces_keys_for_its_services(new_node: NodeMaker) -> None:
    node = new_node("es")
    await node.start()
    urls = {name: f"http://127.0.0.1:1/{name}" for name in ("node", "exchange", "portal")}
    async with TestNodeService(node, urls=urls) as service:
        store = service.parts.host.store

        async def key_of(name: str) -> str | None:
            return await store.read(
                newest_key, service.parts.host.desk.store.tables, node=node.name,
                service=ServiceName(name),
            )  # fmt: skip

        async def announced() -> bool:
            return await key_of("exchange") is not None

        await until(announced, what="a key is announced")
        [secret] = LetterSecrets(folder_of(node.home, "exchange")).current()
        assert await key_of("exchange") == secret.public
        assert await key_of("portal") is None
        first = await key_of("exchange")
        # The secret is lost: another key is made and announced under another number.
        destroy(folder_of(node.home, "exchange") / "1.seed")

        async def another() -> bool:
            return await key_of("exchange") not in (None, first)

        await until(another, what="another key is announced")
        [secret] = LetterSecrets(folder_of(node.home, "exchange")).current()
        assert secret.number == 2
