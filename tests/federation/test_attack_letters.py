"""A letter opens at its addressee only, and only from the one who wrote it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from nacl.public import SealedBox

from shared.canonical import canonical
from shared.contracts.log import Letter
from shared.events import Log
from shared.ids import NodeName, ServiceName, new_id
from shared.log.arrived import Arrived
from shared.log.letter_keys import LetterSecret, LetterSecrets, public_key, text_of
from shared.log.letters import BOX_SIZES, OpenedLetter, letter, letters
from shared.log.page import parse_page
from shared.store import Work
from tests.desks import TestDesk
from tests.federation.attacked import Attacked, attacked, evidence, set_aside
from tests.nodes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

DIRECTORY = ServiceName("directory")


@dataclass
class Post:
    """The federation, and the letters that each of its directories has opened."""

    scene: Attacked
    keys: dict[str, str]
    opened: dict[str, list[OpenedLetter]]

    def written(
        self, sender: str, addressee: str, *, key: str = "", said_by: str = ""
    ) -> tuple[str, Letter]:
        """Return a letter between two directories, and its id.

        Args:
            key: for whose key it is sealed, where it is not the addressee's.
            said_by: who it says has written it, where it is not the sender.
        """
        letter_id = new_id()
        return letter_id, letter(
            self.keys[key or addressee],
            from_node=NodeName(said_by or sender),
            from_service=DIRECTORY,
            to_node=NodeName(addressee),
            to_service=DIRECTORY,
            letter_id=letter_id,
            kind="ring.proposed",
            body={"to whom": f"only {addressee} reads this"},
        )

    async def send(self, sender: str, sent: Letter) -> None:
        """Have an honest directory send a letter."""

        def tell(work: Work) -> None:
            work.announce(sent)

        await self.scene.receivers[sender].store.write(tell)

    async def has(self, addressee: str, letter_id: str) -> None:
        """Wait until an addressee has opened a letter."""

        async def opened() -> bool:
            return letter_id in self.ids(addressee)

        await until(opened, what=f"{addressee} opens its letter")

    def ids(self, addressee: str) -> list[str]:
        """Return the ids of the letters that a directory has opened."""
        return [one.letter_id for one in self.opened[addressee]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def post(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Post]:
    async with attacked(tmp_path_factory.mktemp("letters")) as scene:
        found = Post(scene, {}, {})
        for name, desk in scene.receivers.items():
            secret = LetterSecret.generate(1, at=datetime.now(UTC))
            secret.save(desk.desk.place.letter_secrets)
            found.keys[name] = secret.public
            found.opened[name] = listened(desk)
        await scene.forger.tell(scene.forger.listed("the first"))
        await scene.know("the first")
        yield found


def listened(desk: TestDesk) -> list[OpenedLetter]:
    """Have a directory open its letters; return where they are put."""
    opened: list[OpenedLetter] = []

    def put(work: Work, one: OpenedLetter, arrived: Arrived[Letter]) -> None:
        assert one.sender == f"{arrived.origin}/{arrived.service}"
        opened.append(one)

    place = desk.desk.place
    letters(desk.desk.projector, place, put, secrets=LetterSecrets(place.letter_secrets))
    return opened


async def test_a_letter_opens_at_its_addressee_and_leaves_no_trace_elsewhere(post: Post) -> None:
    scene, before = post.scene, await post.scene.counts()
    letter_id, sent = post.written("eu", "es")
    await post.send("eu", sent)
    await post.has("es", letter_id)
    await scene.others_go_on()
    assert post.ids("eu") == []
    assert await scene.counts() == before
    assert not await set_aside(scene.receivers["eu"], node="eu")
    eu = scene.receivers["eu"]
    pages = await eu.store.read(eu.desk.sealer.pages, Log.PUBLIC, epoch=1, after=0, most=100)
    [told] = [
        event
        for page in pages
        for event in parse_page(page.data).events
        if event["type"] == Letter.wire_type()
    ]
    assert told["subject"] == "letter"
    assert told["data"].keys() == {"box"}
    assert told.keys() == {
        "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data",
    }  # fmt: skip
    around = told | {"data": {}}
    assert b"es" not in canonical(around)


async def test_a_letter_that_another_republishes_is_not_its_letter(post: Post) -> None:
    scene, before = post.scene, await post.scene.counts()
    letter_id, theirs = post.written("eu", "es")
    await post.send("eu", theirs)
    await post.has("es", letter_id)
    copied = scene.forger.event(Letter.wire_type(), "letter", theirs.model_dump())
    await scene.forger.tell(copied, scene.forger.listed("beside a copied letter"))
    await scene.know("beside a copied letter")
    # Only the addressee can know that it was copied; to all others it is a letter for somebody.
    counts = await scene.counts()
    assert counts["es"] - before["es"] == {("fr", "not-its-letter"): 1}
    assert counts["eu"] == before["eu"]
    assert post.ids("es").count(letter_id) == 1
    assert post.ids("eu") == []
    await scene.others_go_on()


@pytest.mark.parametrize(
    ("addressee", "key", "said_by"),
    [("es", "", "eu"), ("eu", "es", "fr"), ("fr", "es", "fr")],
    ids=["in another's name", "for another service", "for itself"],
)
async def test_a_letter_says_who_wrote_it_and_to_whom(
    post: Post, addressee: str, key: str, said_by: str
) -> None:
    scene, before = post.scene, await post.scene.counts()
    opened = len(post.opened["es"])
    post.keys["fr"] = post.keys["eu"]
    _, sent = post.written("fr", addressee, key=key, said_by=said_by)
    event = scene.forger.event(Letter.wire_type(), "letter", sent.model_dump())
    await scene.forger.tell(event, name := scene.forger.listed(f"beside {addressee}{said_by}"))
    await scene.know(name["data"]["profile"]["name"])
    assert (await scene.counts())["es"] - before["es"] == {("fr", "not-its-letter"): 1}
    assert len(post.opened["es"]) == opened
    await scene.others_go_on()


def rubbish(key: str) -> dict[str, tuple[dict[str, Any], dict[str, int]]]:
    """Return letters that are none, and how many refusals they cost at es and at eu."""

    def sealed(content: bytes, size: int = BOX_SIZES[0]) -> dict[str, Any]:
        padded = content.ljust(size - 48, b"\0")
        return {"box": text_of(SealedBox(public_key(key)).encrypt(padded))}

    fields = {
        "from": "fr/directory", "to": "es/directory", "letter_id": "x", "kind": "a.b", "body": {},
    }  # fmt: skip
    both, one = {"es": 1, "eu": 1}, {"es": 1, "eu": 0}
    return {
        "no box": ({}, both),
        "a box that is a number": ({"box": 7}, both),
        "a box that is no base64": ({"box": "?" * 1_366}, both),
        "a box of another size": ({"box": text_of(b"x" * 1_000)}, both),
        "a box without end": ({"box": "x" * 40_000}, both),
        "a box for nobody": ({"box": text_of(b"x" * 1_024)}, {"es": 0, "eu": 0}),
        "nothing in it": (sealed(b""), one),
        "no end in it": (sealed(b"x" * 976), one),
        "no JSON in it": (sealed(b"{\x80"), one),
        "a float in it": (sealed(canonical(fields)[:-1] + b',"x":1.0}\x80'), one),
        "a nest in it": (sealed(b"[" * 900 + b"\x80"), one),
        "other fields in it": (sealed(canonical(fields | {"more": 1}) + b"\x80"), one),
        "a body that is text": (sealed(canonical(fields | {"body": "x"}) + b"\x80"), one),
        "a kind that is none": (sealed(canonical(fields | {"kind": "A B"}) + b"\x80"), one),
    }


@pytest.mark.parametrize(
    "what", list(rubbish(LetterSecret.generate(1, at=datetime.now(UTC)).public))
)
async def test_what_is_no_letter_is_set_aside_where_it_can_be_seen(post: Post, what: str) -> None:
    scene, before = post.scene, await post.scene.counts()
    opened = len(post.opened["es"])
    data, refused = rubbish(post.keys["es"])[what]
    event = scene.forger.event(Letter.wire_type(), "letter", data)
    await scene.forger.tell(event, scene.forger.listed(f"beside {what}"))
    await scene.know(f"beside {what}")
    counts = await scene.counts()
    for at, times in refused.items():
        more = counts[at] - before[at]
        assert sum(more.values()) == times, at
        assert set(more) <= {("fr", "bad-letter"), ("fr", "broken-contract")}, at
    assert len(post.opened["es"]) == opened
    assert not await evidence(scene.receivers["es"])
    # Others' letters come as before.
    letter_id, sent = post.written("eu", "es")
    await post.send("eu", sent)
    await post.has("es", letter_id)
