"""What a dishonest hub answers when it is asked: without end, with rubbish, or not at all."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from nats.aio.msg import Msg

from shared.bus import BusUnreachable
from shared.bus_nats import NatsBus
from shared.log.epochs import Gathering, HubWitness
from shared.log.names import LogName
from shared.log.repair import FETCHED_PAGES_MAX
from shared.subjects import ask_subject, continental_stream
from tests.federation.attacked import Attacked, attacked, refusals
from tests.federation.forging import Forged, Forger
from tests.nodes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUBBISH = (
    b"", b"{", b"null", b"[]", b"{}", b'"yes"', b'{"error": "no"}', b'{"error": {"code": "x"}}',
    b'{"error": {"err_code": []}}', b'{"num_pending": "many"}', b'{"num_pending": null}',
    b'{"state": 7, "created": 1}', b"\xff\xfe",
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Attacked]:
    async with attacked(tmp_path_factory.mktemp("answers"), answered=False) as federation:
        await federation.forger.tell(federation.forger.listed("the first"))
        await federation.know("the first")
        yield federation


async def behind_a_gap(scene: Attacked) -> tuple[Forged, Forged]:
    """Have fr tell a page without the one before it; return both."""
    missing = scene.forger.signed(scene.forger.page(scene.forger.listed(f"missing {id(scene)}")))
    scene.forger.follow(missing)
    return missing, await scene.forger.tell(scene.forger.listed("after what is missing"))


async def test_an_answer_without_end_is_cut_short(scene: Attacked) -> None:
    client, parts = await scene.hub.unbound_client(), 2_000
    asked: list[bytes] = []

    async def endless(request: Msg) -> None:
        asked.append(request.data)
        for _ in range(parts):
            await client.publish(request.reply, b"rubbish", headers={"Twiza-Sig": "x"})
        await client.flush()

    subscription = await client.subscribe(ask_subject(scene.hub.name), cb=endless)
    before = await scene.counts()
    missing, _ = await behind_a_gap(scene)

    async def refused() -> bool:
        now = await scene.counts()
        return all(
            now[at]["fr", "bad-certificate"] > before[at]["fr", "bad-certificate"] for at in now
        )

    await until(refused, what="the answer is looked at")
    await scene.others_go_on()
    for at, counts in (await scene.counts()).items():
        more = (counts - before[at])["fr", "bad-certificate"]
        assert more <= len(asked) * FETCHED_PAGES_MAX
    # Nobody has what is missing, so it is asked for less and less often.
    assert len(asked) <= 2 * len(scene.receivers)
    await subscription.unsubscribe()
    await scene.forger.send(missing)
    await scene.stands("open", number=scene.forger.number)


async def test_what_is_answered_passes_the_same_door(scene: Attacked) -> None:
    client, forger = await scene.hub.unbound_client(), scene.forger
    missing, _ = await behind_a_gap(scene)
    of_es = Forger.of(scene.es, "directory")
    others = [
        of_es.signed(of_es.page(of_es.listed("of another log"), number=forger.number - 1)),
        forger.signed(b"no page"),
        Forged(
            missing.data.replace(b"missing", b"altered"), missing.signature, missing.certificate
        ),
    ]

    async def answer(request: Msg) -> None:
        for page in (others[0], others[2], missing):
            await client.publish(request.reply, page.data, headers=page.headers)
        await client.publish(request.reply, b"", headers={"Twiza-Part": "end"})

    await client.subscribe(ask_subject(scene.hub.name), cb=answer)
    before = await scene.counts()
    await scene.stands("open", number=forger.number)
    for at, counts in (await scene.counts()).items():
        more = counts - before[at]
        assert set(more) <= {("fr", "bad-certificate"), ("fr", "unsigned")}
    await scene.nobody_knows("of another log")
    await scene.others_go_on()


@pytest.mark.parametrize("said", RUBBISH)
async def test_a_witness_that_talks_rubbish_is_none(scene: Attacked, said: bytes) -> None:
    """The origin goes on unwitnessed, as without a hub, and its own services hear it."""
    es = scene.receivers["es"]
    client = await scene.es.unbound_client()

    async def rubbish(request: Msg) -> None:
        await client.publish(request.reply, said)

    domain = "elsewhere"
    subscription = await client.subscribe(f"$JS.{domain}.API.>", cb=rubbish)
    await client.flush()
    gathering = Gathering(domain, continental_stream(scene.hub.name))
    own = LogName(scene.es.name, es.service, scene.forger.name.log)
    # The node's own server would not let a service ask there.
    fed = await NatsBus.connect(
        scene.es.server.url,
        credentials=scene.es.home.creds / "unbound-fed.creds",
        inbox_prefix="fd.eu.es.ib.witness",
        name="witness",
    )
    try:
        witness = HubWitness(fed, es.desk.door, gathering, wait_s=0.0)
        assert not await witness.compare(own, es.store, es.desk.sealer)
        with pytest.raises(BusUnreachable):
            await witness.pages(own)
    finally:
        await fed.aclose()
        await subscription.unsubscribe()
    assert (await refusals(es))["es", "bad-page"] == 0
