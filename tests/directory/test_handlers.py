"""What can happen to a node's own entities, and what the federation hears of it."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from services.directory import handlers, projections
from services.directory.entries import Entry, entry_of, fields_at_home, home_tag
from services.directory.handlers import NotOurs, Withdrawn
from services.directory.intake import profile_of
from services.directory.tables import AT_HOME, ENTITY, LOG
from shared.contracts.directory import EntityAmended, EntityListed, EntityWithdrawn
from shared.contracts.profile import PublicProfile
from shared.etag import BadMatch, ChangedMeanwhile, MatchRequired
from shared.events import Event, kind_of, read
from shared.refusals import Missing, Refusal
from shared.store import Store, Work
from tests.directory.conftest import NODE, OTHER, entity_id, entry
from tests.directory.test_projections import arrived, listed

CONSENT = {"at": "2026-01-02T03:04:05Z", "by": "assembly"}
CANARY = "canary-7f3a"
PRIVATE: dict[str, Any] = {
    "contacts": {
        "email": {"value": f"{CANARY}@example.org", "visibility": "members", "consent": CONSENT},
        "phone": {"value": f"+212 {CANARY}", "visibility": "public"},
        "contact_name": {"value": f"Name {CANARY}", "visibility": "node", "consent": CONSENT},
    },
    "location_visibility": "blurred",
    "addresses": [{"street": f"Rue {CANARY}", "locality": "Tiznit", "country": "MA"}],
    "geo": {"lat": 296_974_123, "lon": -97_316_456},
}


def told(work: Work) -> list[Event]:
    """Return what lies in the outbox."""
    rows = work.execute(select(LOG.outbox.c.body).order_by(LOG.outbox.c.position))
    events = [orjson.loads(row.body) for row in rows]
    return [read(*kind_of(event["type"]), event["data"]) for event in events]


def kept(work: Work, number: int = 1) -> handlers.Known:
    known = handlers.entity(work, entity_id(number))
    assert known is not None
    return known


async def amend(store: Store, changed: Entry, **given: Any) -> int:
    return await store.write(handlers.amend_entity, changed, node=NODE, **given)


async def tag_of(store: Store, number: int = 1) -> str:
    known = await store.read(kept, number)
    return home_tag(known.revision, known.private)


async def test_an_entity_that_is_listed_is_told_once(store: Store) -> None:
    one = entry(1, summary={"fr": "Huile d'argan"})
    assert await store.write(handlers.list_entity, one) == 1
    assert await store.read(told) == [
        EntityListed(entity_id=one.entity_id, revision=1, profile=one.public)
    ]
    known = await store.read(kept)
    assert (known.origin, known.revision, known.withdrawn, known.private) == (NODE, 1, False, "")
    assert PublicProfile.model_validate_json(known.profile) == one.public


async def test_a_batch_is_listed_together(store: Store) -> None:
    many = [entry(number) for number in range(1, 251)]
    await store.write(handlers.list_entities, many)
    events = await store.read(told)
    assert [event.about() for event in events] == [one.entity_id for one in many]


async def test_an_amendment_raises_the_revision_and_tells_the_whole_profile(store: Store) -> None:
    await store.write(handlers.list_entity, entry(1))
    changed = entry(1, name="Tafsut", practices=["practice:csa"])
    assert await amend(store, changed, if_match='"1"') == 2
    assert (await store.read(told))[1:] == [
        EntityAmended(entity_id=changed.entity_id, revision=2, profile=changed.public)
    ]


async def test_an_amendment_that_changes_nothing_is_not_told(store: Store) -> None:
    await store.write(handlers.list_entity, entry(1, **PRIVATE))
    assert await amend(store, entry(1, **PRIVATE), if_match=await tag_of(store)) == 1
    assert len(await store.read(told)) == 1


async def test_what_changes_at_home_alone_changes_its_tag_and_tells_nobody(store: Store) -> None:
    await store.write(handlers.list_entity, entry(1, **PRIVATE))
    before = await tag_of(store)
    contacts = {"phone": {"value": "+212 600 000 001", "visibility": "node"}}
    changed = entry(1, **{**PRIVATE, "contacts": contacts})
    assert await amend(store, changed, if_match=before) == 1
    assert await tag_of(store) != before
    assert len(await store.read(told)) == 1
    with pytest.raises(ChangedMeanwhile):
        await amend(store, entry(1, **PRIVATE), if_match=before)


async def test_nobody_overwrites_what_they_have_not_seen(store: Store) -> None:
    await store.write(handlers.list_entity, entry(1))
    changed = entry(1, name="Tafsut")
    for given, refusal in (
        ({}, MatchRequired),
        ({"if_match": '"7"'}, ChangedMeanwhile),
        ({"if_match": "1"}, BadMatch),
    ):
        with pytest.raises(refusal):
            await amend(store, changed, **given)
    assert (await store.read(kept)).revision == 1
    assert len(await store.read(told)) == 1


async def test_of_two_who_amend_the_same_state_one_is_refused(store: Store) -> None:
    await store.write(handlers.list_entity, entry(1))
    asked = (amend(store, entry(1, name=f"Name {n}"), if_match='"1"') for n in range(6))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert answers.count(2) == 1
    assert sum(isinstance(answer, ChangedMeanwhile) for answer in answers) == 5
    known = await store.read(kept)
    last = (await store.read(told))[-1]
    assert isinstance(last, EntityAmended)
    assert orjson.loads(known.profile)["name"] == last.profile.name


async def test_a_withdrawal_is_told_and_takes_what_was_at_home_with_it(store: Store) -> None:
    await store.write(handlers.list_entity, entry(1, **PRIVATE))
    revision = await store.write(
        handlers.withdraw_entity, entity_id(1), node=NODE, reason="dissolved"
    )
    assert revision == 2
    assert (await store.read(told))[1:] == [
        EntityWithdrawn(entity_id=entity_id(1), revision=2, reason="dissolved")
    ]
    known = await store.read(kept)
    assert (known.revision, known.withdrawn, known.profile, known.private) == (2, True, "", "")
    assert await store.read(lambda work: work.execute(select(AT_HOME)).all()) == []


async def test_a_withdrawal_may_ask_that_nothing_has_changed(store: Store) -> None:
    await store.write(handlers.list_entity, entry(1))
    with pytest.raises(ChangedMeanwhile):
        await store.write(handlers.withdraw_entity, entity_id(1), node=NODE, if_match='"2"')
    await store.write(handlers.withdraw_entity, entity_id(1), node=NODE, if_match='"1"')


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_only_what_is_ours_and_here_is_changed(store: Store, number: int) -> None:
    await store.write(projections.remember, arrived(listed(2)))
    await store.write(handlers.list_entity, entry(3))
    await store.write(handlers.withdraw_entity, entity_id(3), node=NODE)
    whose, refusal = {
        1: (entity_id(1), Missing),
        2: (entity_id(2, OTHER), NotOurs),
        3: (entity_id(3), Withdrawn),
    }[number]
    known: type[Refusal] = refusal
    with pytest.raises(known):
        await store.write(handlers.withdraw_entity, whose, node=NODE)
    changed = entry_of(
        profile_of({"name": "Ours now", "practices": ["practice:csa"]}), entity_id=whose
    )
    with pytest.raises(known):
        await amend(store, changed, if_match="*")


async def test_what_is_the_networks_alone_is_told_to_nobody(store: Store) -> None:
    await store.write(handlers.list_entity, entry(1, network_only=True))
    await amend(store, entry(1, name="Tafsut", network_only=True), if_match='"1"')
    await store.write(handlers.withdraw_entity, entity_id(1), node=NODE)
    assert await store.read(told) == []


async def test_what_becomes_the_networks_alone_is_withdrawn_elsewhere_and_may_come_back(
    store: Store,
) -> None:
    await store.write(handlers.list_entity, entry(1))
    await amend(store, entry(1, network_only=True), if_match='"1"')
    assert await amend(store, entry(1, network_only=True, name="Tafsut"), if_match='"2"') == 3
    assert await amend(store, entry(1), if_match='"3"') == 4
    assert [(type(event), event.revision) for event in await store.read(told)] == [
        (EntityListed, 1),
        (EntityWithdrawn, 2),
        (EntityListed, 4),
    ]
    assert not (await store.read(kept)).network_only


async def test_nothing_private_is_in_an_event_or_beside_the_public_profile(store: Store) -> None:
    await store.write(handlers.list_entity, entry(1, **PRIVATE))
    await amend(store, entry(1, **{**PRIVATE, "name": "Tafsut"}), if_match=await tag_of(store))

    def everything_public(work: Work) -> str:
        rows = [*work.execute(select(LOG.outbox)), *work.execute(select(ENTITY))]
        return "".join(str(row) for row in rows)

    public = await store.read(everything_public)
    assert "Tiznit" in public
    assert CANARY not in public
    assert "296974123" not in public
    assert CANARY in (await store.read(kept)).private


async def test_the_profile_at_home_comes_together_again(store: Store) -> None:
    given = profile_of({"name": "Tafsut", "practices": ["practice:csa"], **PRIVATE})
    await store.write(handlers.list_entity, entry_of(given, entity_id=entity_id(1)))
    known = await store.read(kept)
    fields = fields_at_home(known.profile, known.private)
    assert profile_of(fields) == given


def test_after_a_restore_the_newer_public_place_counts_and_consent_is_asked_again() -> None:
    old = entry(1, **PRIVATE)
    newer = PublicProfile.model_validate(
        {
            "name": "Tafsut",
            "practices": ["practice:csa"],
            "geo": {"lat": 300_000_000, "lon": -90_000_000},
            "contacts": {"email": "hello@example.org"},
        }
    ).model_dump_json(exclude_defaults=True)
    fields = fields_at_home(newer, old.private)
    assert fields["geo"] == {"lat": 300_000_000, "lon": -90_000_000}
    assert fields["contacts"]["phone"]["value"] == PRIVATE["contacts"]["phone"]["value"]
    alone = fields_at_home(newer, "")
    assert alone["contacts"] == {"email": {"value": "hello@example.org", "visibility": "public"}}
    assert entry_of(profile_of(alone), entity_id=entity_id(1)).public.contacts is None
