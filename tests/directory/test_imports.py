"""Lists are imported: what is new, what has changed, what is refused and why."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select
from structlog.testing import capture_logs

from services.directory import handlers, import_accounts, imports
from services.directory.import_accounts import State
from services.directory.import_runs import ImportDesk, Wish, new_run
from services.directory.importing.settings import ImportSettings
from services.directory.tables import AT_HOME, ENTITY, IMPORT_ROW, IMPORTED
from shared.clock import SetClock
from shared.contracts.directory import EntityAmended, EntityListed
from shared.store import Store, Work
from tests.directory.conftest import NODE, STEWARD, Directory
from tests.directory.test_handlers import CANARY, told
from tests.nodes import until

REPOSITORY = Path(__file__).parents[2]
DATA = Path(os.environ.get("TWIZA_DATA", REPOSITORY.parent / "shared" / "data")) / "directory"
LIST = """id,nom,description,pays,latitude,longitude,courriel
1,Tafsut,Huile d'argan,Maroc,31.0007,-9.6803,tafsut@example.org
2,Azgar,Union,Maroc,30.6733,-9.4850,
3,Perdue,Dans la mer,Maroc,0,0,
4,,Sans nom,Maroc,30.1,-9.1,
5,Ajjig,Safran,Maroc,30.5317,-7.9236,
"""


async def run(store: Store, text: str | bytes, **given: Any) -> tuple[dict[str, Any], list[Any]]:
    """Import a list to its end; return its account and that of its rows."""
    settings = ImportSettings(source="list", languages=("fr", "ar"), **given.pop("settings", {}))
    wish = Wish(settings=settings, filename="list.csv", **given)
    desk = ImportDesk(store, NODE, changed=lambda: None, waiting_max=1)
    reading = await desk.read(text.encode() if isinstance(text, str) else text, wish)
    name = new_run()
    await store.write(import_accounts.begun, name, source="list", rows=reading.rows, asked_by="p-1")
    desk.start(name, reading, wish)
    await desk.wait_for(name)
    known = await store.read(import_accounts.run_of, name)
    assert known["state"] == State.DONE, known
    rows = await store.read(import_accounts.rows_of, name, None, -1, 100_000)
    return orjson.loads(known["report"]), rows


def names(work: Work) -> dict[str, str]:
    rows = work.execute(
        select(IMPORTED.c.source_key, ENTITY.c.name, ENTITY.c.profile).where(
            IMPORTED.c.entity_id == ENTITY.c.id, ENTITY.c.withdrawn == 0
        )
    )
    return {row.source_key: row.name for row in rows}


def id_of(work: Work, key: str) -> str:
    return str(
        work.execute(select(IMPORTED.c.entity_id).where(IMPORTED.c.source_key == key)).scalar_one()
    )


async def test_good_rows_are_kept_and_bad_ones_are_told_with_line_and_reason(store: Store) -> None:
    report, rows = await run(store, LIST)
    assert {key: report[key] for key in ("created", "updated", "unchanged", "rejected")} == {
        "created": 3,
        "updated": 0,
        "unchanged": 0,
        "rejected": 2,
    }
    assert sorted((await store.read(names)).values()) == ["Ajjig", "Azgar", "Tafsut"]
    refused = {
        row["line"]: [issue["reason"] for issue in orjson.loads(row["issues"])]
        for row in rows
        if row["outcome"] == "rejected"
    }
    assert refused == {4: ["coordinates-zero"], 5: ["no-name"]}
    assert [row["place"] for row in rows] == list(range(5))
    assert report["reasons"]["coordinates-zero"] == 1
    assert report["columns"]["nom"] == "name"


async def test_the_same_list_again_changes_nothing_and_tells_nobody(store: Store) -> None:
    await run(store, LIST)
    events = len(await store.read(told))
    report, _ = await run(store, LIST)
    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, 3)
    assert len(await store.read(told)) == events == 3


async def test_a_later_edition_changes_what_it_says_differently(store: Store) -> None:
    await run(store, LIST)
    later = LIST.replace("Union", "Union de onze coopératives").replace("5,Ajjig", "6,Siroua")
    report, _ = await run(store, later)
    assert (report["created"], report["updated"], report["unchanged"]) == (1, 1, 1)
    # What is missing from the list stays: nobody has withdrawn it.
    assert sorted((await store.read(names)).values()) == ["Ajjig", "Azgar", "Siroua", "Tafsut"]
    changed = [event for event in await store.read(told) if isinstance(event, EntityAmended)]
    assert [event.profile.description for event in changed] == [
        {"fr": "Union de onze coopératives"}
    ]


async def test_what_people_amended_here_stays_unless_the_list_says_it_anew(store: Store) -> None:
    await run(store, LIST)
    entity_id = await store.read(id_of, "list:1")

    def amend(work: Work) -> None:
        known = handlers.own_entity(work, entity_id, node=NODE)
        fields = imports.fields_at_home(known.profile, known.private)
        consent = {"at": "2026-01-01T00:00:00Z", "by": "the board"}
        fields["contacts"]["email"] |= {"visibility": "public", "consent": consent}
        fields |= {"nickname": "Tafsut", "description": {"fr": "Amendée ici"}}
        changed = imports.entry_of(imports.profile_of(fields, needs="name"), entity_id=entity_id)
        handlers.amend_entity(work, changed, node=NODE, seen=True)

    await store.write(amend)
    report, _ = await run(store, LIST.replace("31.0007", "31.0008"))
    assert report["updated"] == 1
    known = await store.read(handlers.entity, entity_id)
    assert known is not None
    profile = orjson.loads(known.profile)
    assert profile["geo"]["lat"] == 310_008_000
    assert profile["description"] == {"fr": "Amendée ici"}
    assert profile["nickname"] == "Tafsut"
    assert profile["contacts"] == {"email": "tafsut@example.org"}
    # A field that the list itself changes is the list's again, and a new address is nobody's yet.
    await run(store, LIST.replace("Huile d'argan", "Huile").replace("tafsut@", "bureau@"))
    known = await store.read(handlers.entity, entity_id)
    assert known is not None
    profile = orjson.loads(known.profile)
    assert profile["description"] == {"fr": "Huile"}
    assert "contacts" not in profile


async def test_what_was_withdrawn_here_does_not_come_back_with_the_list(store: Store) -> None:
    await run(store, LIST)
    entity_id = await store.read(id_of, "list:1")
    await store.write(handlers.withdraw_entity, entity_id, node=NODE)
    report, rows = await run(store, LIST)
    assert (report["created"], report["unchanged"]) == (0, 2)
    first = next(row for row in rows if row["entity_id"] == entity_id)
    assert orjson.loads(first["issues"])[-1]["reason"] == imports.WITHDRAWN_HERE
    assert report["reasons"][imports.WITHDRAWN_HERE] == 1
    said = await store.read(lambda work: work.execute(select(IMPORTED.c.said)).scalars().all())
    assert "Huile d'argan" not in str(said)


async def test_contacts_of_a_list_stay_at_home_and_out_of_the_log(store: Store) -> None:
    text = LIST.replace("tafsut@example.org", f"{CANARY}@example.org")
    with capture_logs() as logs:
        _, rows = await run(store, text)
    assert CANARY not in str(logs)
    assert CANARY not in str(rows)

    def elsewhere(work: Work) -> str:
        tables = (ENTITY, IMPORTED, IMPORT_ROW)
        return "".join(str(row) for table in tables for row in work.execute(select(table)))

    assert CANARY not in await store.read(elsewhere)
    assert CANARY not in "".join(event.model_dump_json() for event in await store.read(told))
    private = await store.read(lambda work: work.execute(select(AT_HOME.c.private)).scalar_one())
    # Without a word on it, nobody may read it.
    assert orjson.loads(private)["contacts"] == {"email": {"value": f"{CANARY}@example.org"}}


async def test_an_import_for_the_network_alone_tells_nobody(store: Store) -> None:
    report, _ = await run(store, LIST, network_only=True)
    assert report["created"] == 3
    assert await store.read(told) == []
    await run(store, LIST.replace("Union", "Union neuve"), network_only=True)
    assert await store.read(told) == []


async def test_a_default_practice_is_taken_where_a_row_says_none(store: Store) -> None:
    await run(store, LIST, default_practice="practice:time-bank")
    events = await store.read(told)
    assert {
        tuple(event.profile.practices) for event in events if isinstance(event, EntityListed)
    } == {("practice:time-bank",)}


async def test_a_row_that_the_profile_refuses_is_told_and_the_rest_goes_on(store: Store) -> None:
    languages = ("fr", "ar", "es", "pt", "en", "de", "it", "ca", "eu")
    header = ",".join(f"description ({language})" for language in languages)
    text = f"nom,{header}\nUne,{','.join(['x ' * 3_900] * 9)}\nDeux{',' * 9}\n"
    report, rows = await run(store, text)
    assert (report["created"], report["rejected"]) == (1, 1)
    issues = orjson.loads(rows[0]["issues"])
    assert (rows[0]["outcome"], issues[-1]["reason"]) == ("rejected", "field-refused")
    assert report["reasons"]["field-refused"] == 1


async def test_eight_thousand_rows_are_imported_in_seconds(sqlite_store: Store) -> None:
    lines = [
        f"{n},Coopérative {n},Nous cultivons des légumes à {n % 97} et les vendons au marché,Maroc,"
        f"{30 + n % 400 / 100:.4f},{-9 + n % 300 / 100:.4f},"
        for n in range(8_000)
    ]
    text = "\n".join([LIST.splitlines()[0], *lines])
    began = time.process_time()
    report, rows = await run(sqlite_store, text)
    assert report["created"] == len(rows) == 8_000
    # Processor time, so that a busy machine does not fail the test.
    assert time.process_time() - began < 10


async def over_http(client: AsyncClient, text: str, **form: str) -> Response:
    files = {"file": ("list.csv", text.encode())}
    answer = await client.post("imports", files=files, data=form, headers=STEWARD)
    assert answer.status_code == 202, answer.text
    async with asyncio.timeout(30):
        while True:
            seen = await client.get(answer.headers["Location"], headers=STEWARD)
            if seen.json()["state"] not in ("waiting", "running"):
                return seen
            await asyncio.sleep(0.01)


async def test_a_list_is_imported_over_http_and_its_report_read(client: AsyncClient) -> None:
    seen = (await over_http(client, LIST, source="souss")).json()
    assert (seen["state"], seen["source"], seen["rows"], seen["done"]) == ("done", "souss", 5, 5)
    assert seen["report"]["created"] == 3
    rows = f"imports/{seen['id']}/rows"
    refused = await client.get(rows, params={"outcome": "rejected"}, headers=STEWARD)
    assert [row["line"] for row in refused.json()["items"]] == [4, 5]
    first = (await client.get(rows, params={"size": "2"}, headers=STEWARD)).json()
    rest = await client.get(rows, params={"after": first["next"]}, headers=STEWARD)
    assert [row["place"] for row in first["items"] + rest.json()["items"]] == [0, 1, 2, 3, 4]
    listed = (await client.get("imports", headers=STEWARD)).json()
    assert [one["id"] for one in listed["items"]] == [seen["id"]]
    assert listed["items"][0]["report"] is None
    found = await client.get(f"entities/{first['items'][0]['entity_id']}")
    assert found.json()["profile"]["name"] == "Tafsut"


async def test_an_import_that_is_asked_twice_runs_once(client: AsyncClient) -> None:
    headers = {**STEWARD, "Idempotency-Key": "list-1"}
    asked = {"files": {"file": ("list.csv", LIST.encode())}, "headers": headers}
    first, second = [await client.post("imports", **asked) for _ in range(2)]
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len((await client.get("imports", headers=STEWARD)).json()["items"]) == 1


async def test_a_preview_keeps_nothing(client: AsyncClient, directory: Directory) -> None:
    answer = await client.post(
        "imports/preview", files={"file": ("list.csv", LIST.encode())}, headers=STEWARD
    )
    told_ = answer.json()
    assert (told_["kind"], told_["rows"]) == ("csv", 5)
    fields = {column["column"]: column["field"] for column in told_["columns"]}
    assert fields["nom"] == "name"
    assert told_["first"][0]["fields"]["name"] == "Tafsut"
    assert told_["first"][2]["issues"][0]["reason"] == "coordinates-zero"
    assert await directory.store.read(names) == {}


@pytest.mark.parametrize(
    ("name", "content", "form", "slug", "status"),
    [
        ("list.csv", b"", {}, "empty-list", 422),
        ("list.csv", b"a,b\n1,2\n", {}, "no-name-column", 422),
        ("list.csv", LIST.encode(), {"mapping": "{"}, "bad-mapping", 422),
        ("list.csv", LIST.encode(), {"mapping": "[]"}, "bad-mapping", 422),
        ("list.csv", LIST.encode(), {"mapping": '{"nom": 7}'}, "bad-mapping", 422),
        ("list.csv", LIST.encode(), {"mapping": '{"none": "name"}'}, "bad-mapping", 422),
        ("list.csv", LIST.encode(), {"default_practice": "none"}, "unknown-term", 422),
        ("list.csv", LIST.encode(), {"encoding": "none"}, "unknown-encoding", 422),
        ("list.csv", LIST.encode(), {"unknown": "x"}, "invalid", 422),
        ("list.kml", b"<!DOCTYPE x><kml/>", {}, "unsafe-xml", 422),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_by_its_name(
    client: AsyncClient, name: str, content: bytes, form: dict[str, str], slug: str, status: int
) -> None:
    answer = await client.post(
        "imports", files={"file": (name, content)}, data=form, headers=STEWARD
    )
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert (await client.get("imports", headers=STEWARD)).json()["items"] == []


async def test_a_mapping_says_what_a_column_is(client: AsyncClient) -> None:
    mapping = orjson.dumps({"nom": None, "description": "name"}).decode()
    seen = (await over_http(client, LIST, mapping=mapping)).json()
    assert seen["report"]["columns"]["description"] == "name"
    assert "nom" not in seen["report"]["columns"]


async def test_a_file_longer_than_other_bodies_is_taken(client: AsyncClient) -> None:
    text = LIST + "".join(f"{n},Coopérative {n},{'x' * 500},Maroc,,,\n" for n in range(10, 1_000))
    assert (await over_http(client, text)).json()["report"]["created"] == 993


async def test_lists_wait_for_one_another_and_no_more_than_may(store: Store) -> None:
    desk = ImportDesk(store, NODE, changed=lambda: None, waiting_max=1)
    wish = Wish(settings=ImportSettings(source="list"), filename="list.csv")
    runs = [new_run() for _ in range(2)]
    for name in runs:
        reading = await desk.read(LIST.encode(), wish)
        await store.write(
            import_accounts.begun, name, source="list", rows=reading.rows, asked_by="p-1"
        )
        desk.start(name, reading, wish)
    with pytest.raises(imports.ImportsWaiting):
        await desk.read(LIST.encode(), wish)
    for name in runs:
        await desk.wait_for(name)
    states = [(await store.read(import_accounts.run_of, name))["state"] for name in runs]
    assert states == ["done", "done"]
    assert len(await store.read(names)) == 3
    await desk.read(LIST.encode(), wish)


async def test_an_import_that_was_cut_short_is_marked_and_can_go_on(
    sqlite_store: Store, clock: SetClock
) -> None:
    text = LIST.splitlines()[0] + "\n" + "".join(f"{n},N {n},,,,,\n" for n in range(2_000))
    desk = ImportDesk(sqlite_store, NODE, changed=lambda: None, waiting_max=1)
    wish = Wish(settings=ImportSettings(source="list"), filename="list.csv")
    reading = await desk.read(text.encode(), wish)
    name = new_run()
    await sqlite_store.write(
        import_accounts.begun, name, source="list", rows=reading.rows, asked_by="p-1"
    )
    desk.start(name, reading, wish)

    async def begun() -> bool:
        return bool((await sqlite_store.read(import_accounts.run_of, name))["done"])

    await until(begun, what="some rows are imported", every_s=0)
    await desk.aclose()
    directory = Directory(sqlite_store, clock)
    async with directory.client() as client:
        seen = await client.get(f"imports/{name}", headers=STEWARD)
        assert seen.json()["state"] == "interrupted"
        before = len(await sqlite_store.read(names))
        assert 0 < before < 2_000
        report = (await over_http(client, text)).json()["report"]
    assert (report["unchanged"], report["created"]) == (before, 2_000 - before)


async def test_the_account_of_single_rows_is_kept_for_the_last_imports(store: Store) -> None:
    for _ in range(3):
        await run(store, LIST)
    await store.write(import_accounts.forget_rows, kept=2)
    runs = await store.read(import_accounts.runs, None, 10)
    counts = [
        len(await store.read(import_accounts.rows_of, one["id"], None, -1, 99)) for one in runs
    ]
    assert counts == [5, 5, 0]


async def test_progress_is_told_while_a_list_is_imported(sqlite_store: Store) -> None:
    text = LIST.splitlines()[0] + "\n" + "".join(f"{n},N {n},,,,,\n" for n in range(600))
    desk = ImportDesk(sqlite_store, NODE, changed=lambda: None, waiting_max=1)
    wish = Wish(settings=ImportSettings(source="list"), filename="list.csv")
    reading = await desk.read(text.encode(), wish)
    name, seen = new_run(), list[tuple[int, int]]()
    await sqlite_store.write(
        import_accounts.begun, name, source="list", rows=reading.rows, asked_by="p-1"
    )
    desk.start(name, reading, wish, progress=lambda done, of: seen.append((done, of)))
    await desk.wait_for(name)
    assert seen[0] == (200, 600)
    assert seen[-1] == (600, 600)


with_lists = pytest.mark.skipif(
    not DATA.is_dir(), reason="the real lists are not in the repository; set TWIZA_DATA"
)
LONG = (
    "coopsuk_2016_orgs.csv",
    "coopsuk_2017_outlets.csv",
    "workerscoop_2023_standard.csv",
    "susy_transformap.geojson",
)


@with_lists
@pytest.mark.parametrize(
    "name",
    [
        *(pytest.param(name, marks=pytest.mark.slow) for name in LONG),
        "ess_transiscope_niort.js",
        "supermarches_cooperatifs.js",
        "sel_route_des_sel.csv",
        "sel_selidaire.csv",
        "ces_community_exchange.csv",
        "timeoverflow_es.csv",
        "timeoverflow_es.kml",
        "timebanks_usa.csv",
    ],
)
async def test_a_real_list_is_imported_to_its_end_and_adds_up(
    sqlite_store: Store, name: str
) -> None:
    data = (DATA / name).read_bytes()
    report, rows = await run(sqlite_store, data)
    rejected = sum(row["outcome"] == "rejected" for row in rows)
    assert report["created"] + rejected == len(rows)
    assert report["drafts"] >= report["created"] > 0
    again, _ = await run(sqlite_store, data)
    assert (again["created"], again["updated"]) == (0, 0)
    assert again["unchanged"] == report["created"]


@with_lists
@pytest.mark.slow
async def test_the_edition_of_the_next_year_is_an_update(sqlite_store: Store) -> None:
    first, _ = await run(sqlite_store, (DATA / "coopsuk_2016_orgs.csv").read_bytes())
    second, _ = await run(sqlite_store, (DATA / "coopsuk_2017_orgs.csv").read_bytes())
    known = second["updated"] + second["unchanged"]
    # 7,901 organisations stand in both editions.
    assert known >= 0.97 * 7_901
    assert known + second["created"] + second["rejected"] >= second["drafts"]
    assert len(await sqlite_store.read(names)) == first["created"] + second["created"]
