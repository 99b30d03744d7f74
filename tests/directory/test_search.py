"""What is found in the directory, and that both databases find the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text

from services.directory import handlers, index, projections, search
from services.directory.search import Asked, Box, Sight
from services.directory.tables import LOG
from shared.clock import SetClock
from shared.ids import ServiceName
from shared.paging import BadCursor, cursor
from shared.store import Store, Work
from tests.databases import NewDatabase
from tests.directory.conftest import NOW, OTHER, entity_id, entry, opened
from tests.directory.test_projections import arrived, listed
from tests.nodes import until

DEGREE = 10_000_000


async def fill(store: Store, *entries: Any) -> None:
    """List entries and index them."""
    await store.write(handlers.list_entities, entries)
    await index.follow(store)


async def found(
    store: Store, *, sight: Sight = search.EVERYBODY, most: int = 50, **asked: Any
) -> list[str]:
    """Return the names of what is found, in order."""
    rows = await store.read(search.listed, Asked(**asked), sight=sight, most=most)
    return [orjson.loads(row.profile)["name"] for row in rows]


async def test_without_a_question_the_newest_come_first(store: Store) -> None:
    await fill(store, *(entry(number) for number in (1, 2, 3)))
    assert await found(store) == ["Coopérative 3", "Coopérative 2", "Coopérative 1"]


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("تعاونية الأركان", "اركان"),
        ("التّعاونيّة الفلاحية", "تعاونيه فلاحية"),
        ("جمعيّة النساء", "للنساء"),
        ("Coopérative agricole Tafsut", "cooperatives agricoles"),
        ("Associação de habitação", "associacoes"),
        ("Economía campesina", "economia campesinas"),
        ("Workers Co-operative", "cooperative"),
        ("L'Œuvre commune", "oeuvre"),
    ],
)
async def test_a_name_is_found_however_it_is_written(
    store: Store, written: str, asked: str
) -> None:
    languages = {"Coop": "fr", "Asso": "pt", "Econ": "es", "Work": "en", "L'Œu": "fr"}
    language = languages.get(written[:4], "ar")
    other = entry(2, name="Zzz", practices=["practice:gift"])
    await fill(store, entry(1, name=written, original_language=language), other)
    assert await found(store, words=asked) == [written]


async def test_the_nearest_come_first_and_each_once(store: Store) -> None:
    await fill(
        store,
        entry(1, name="Miel et fils"),
        entry(2, name="Ruche", description={"fr": "Nous faisons du miel de montagne."}),
        entry(3, name="Rucher", tags=["miel"]),
        entry(4, name="Atelier"),
    )
    assert await found(store, words="miel") == ["Miel et fils", "Rucher", "Ruche"]


async def test_every_word_is_asked_for_and_the_last_may_be_half_typed(store: Store) -> None:
    await fill(store, entry(1, name="Argan du Souss"), entry(2, name="Argan de Tiznit"))
    assert await found(store, words="argan tizn") == ["Argan de Tiznit"]
    assert await found(store, words="tizn argan") == []
    assert await found(store, words="argan ti") == []


async def test_an_entity_is_found_by_what_its_practice_is_called_in_each_language(
    store: Store,
) -> None:
    await fill(store, entry(1, name="Ajjig", practices=["practice:time-bank"]), entry(2))
    for words in ("بنك الوقت", "banque de temps", "banco de tiempo", "time bank"):
        assert await found(store, words=words) == ["Ajjig"]


async def test_a_filter_takes_a_practice_or_its_sector(store: Store) -> None:
    await fill(
        store,
        entry(1, practices=["practice:csa", "practice:time-bank"], activities=["activities:a01"]),
        entry(2, practices=["practice:time-bank"]),
        entry(3, practices=["practice:housing-coop"], activities=["activities:a01"]),
    )
    assert await found(store, terms=("practice:time-bank",)) == ["Coopérative 2", "Coopérative 1"]
    assert await found(store, terms=("practice:exchange",)) == ["Coopérative 2", "Coopérative 1"]
    assert await found(store, terms=("practice:csa", "activities:a01")) == ["Coopérative 1"]
    assert await found(store, words="coopérative", terms=("activities:a01",)) == [
        "Coopérative 3",
        "Coopérative 1",
    ]


async def test_a_filter_takes_country_origin_and_a_piece_of_the_map(store: Store) -> None:
    await fill(
        store,
        entry(1, addresses=[{"country": "MA"}], geo={"lat": 30 * DEGREE, "lon": -9 * DEGREE}),
        entry(2, addresses=[{"country": "FJ"}], geo={"lat": -17 * DEGREE, "lon": 179 * DEGREE}),
        entry(3, addresses=[{"country": "MA"}]),
    )
    await store.write(projections.remember, arrived(listed(4)))
    assert await found(store, country="MA") == ["Coopérative 3", "Coopérative 1"]
    assert await found(store, origin=OTHER) == ["Cooperativa 4"]
    near = Box(west=-10 * DEGREE, south=29 * DEGREE, east=-8 * DEGREE, north=31 * DEGREE)
    across = Box(west=170 * DEGREE, south=-20 * DEGREE, east=-170 * DEGREE, north=0)
    assert await found(store, box=near) == ["Coopérative 1"]
    assert await found(store, box=across) == ["Coopérative 2"]


async def test_what_only_the_network_may_see_leaves_no_trace_for_others(store: Store) -> None:
    await fill(store, entry(1), entry(2, network_only=True), entry(3))
    network = Sight(network=True)
    for asked in ({}, {"words": "coopérative"}, {"origin": "souss"}):
        assert await found(store, **asked) == ["Coopérative 3", "Coopérative 1"]
        assert len(await found(store, sight=network, **asked)) == 3
    assert await store.read(search.counts_by_origin) == {"souss": 2}
    assert await store.read(search.counts_by_origin, sight=network) == {"souss": 3}


async def test_what_comes_of_a_limited_node_is_not_shown_to_the_public(store: Store) -> None:
    await fill(store, entry(1))
    await store.write(projections.remember, arrived(listed(2)))

    def limit(work: Work, *nodes: str) -> None:
        same = {"continent": "at", "root_key": "", "level": "local", "admitted_by": "hub"}
        rows = [{"node": node, "standing": "limited", **same} for node in nodes]
        work.execute(insert(LOG.known_node), rows)

    await store.write(limit, OTHER, "souss")
    assert await found(store) == []
    # What is our own we show, whatever the hub thinks of us.
    own = Sight(own="souss")
    assert await found(store, sight=own) == ["Coopérative 1"]
    assert await store.read(search.counts_by_origin, sight=own) == {"souss": 1}
    assert await found(store, sight=Sight(limited=True)) == ["Cooperativa 2", "Coopérative 1"]


@pytest.mark.parametrize("words", ["", "coopérative"])
async def test_pages_of_a_list_miss_nothing_and_repeat_nothing(store: Store, words: str) -> None:
    entries = [entry(number, tags=["pain"] if number % 3 else []) for number in range(1, 24)]
    await fill(store, *entries)
    asked, seen, after = Asked(words=words), list[str](), None
    while True:
        page = await store.read(search.listed, asked, after=after, most=5)
        seen += [row.id for row in page]
        if len(page) < 5:
            break
        after = cursor(*search.order(page[-1], asked))
        # What comes in between stands before the first page and moves nothing.
        await store.write(handlers.list_entity, entry(100 + len(seen)))
    assert seen == [one.entity_id for one in reversed(entries)]


async def test_a_page_goes_on_after_an_entity_that_was_withdrawn_meanwhile(store: Store) -> None:
    await fill(store, *(entry(number) for number in (1, 2, 3)))
    await store.write(handlers.withdraw_entity, entity_id(2), node="souss")
    after = cursor(entity_id(2))
    rows = await store.read(search.listed, Asked(), after=after, most=5)
    assert [row.id for row in rows] == [entity_id(1)]


@pytest.mark.parametrize("after", [cursor("souss:none"), cursor(1, "souss:none"), cursor(7)])
async def test_a_cursor_of_another_list_is_refused(sqlite_store: Store, after: str) -> None:
    await fill(sqlite_store, entry(1))
    with pytest.raises(BadCursor):
        await sqlite_store.read(search.listed, Asked(), after=after, most=5)
    for bad in (cursor(entity_id(1)), cursor(9, entity_id(1)), cursor(0, "souss:none")):
        with pytest.raises(BadCursor):
            await sqlite_store.read(search.listed, Asked(words="coop"), after=bad, most=5)


async def test_a_question_without_a_word_finds_nothing(store: Store) -> None:
    await fill(store, entry(1))
    for words in ("!!!", '"', "*", "name:", "( OR )", "\u064b"):
        assert await found(store, words=words) == []


async def test_words_of_a_query_language_are_words_like_others(store: Store) -> None:
    await fill(store, entry(1, name="Near and Not Or"), entry(2, name="Nothing"))
    assert await found(store, words='NEAR AND "NOT" OR') == ["Near and Not Or"]
    assert await found(store, words="{name} : near*") == []


async def test_what_was_amended_or_withdrawn_is_no_longer_found_by_its_old_words(
    store: Store,
) -> None:
    await fill(store, entry(1, name="Ancienne"), entry(2, name="Ancienne deux"))
    changed = entry(1, name="Nouvelle")
    await store.write(handlers.amend_entity, changed, node="souss", seen=True)
    await store.write(handlers.withdraw_entity, entity_id(2), node="souss")
    await index.follow(store)
    assert await found(store, words="ancienne") == []
    assert await found(store, words="nouvelle") == ["Nouvelle"]


async def test_the_index_catches_up_after_a_crash_and_keeps_what_changed_meanwhile(
    store: Store,
) -> None:
    await store.write(handlers.list_entities, [entry(1, name="Une"), entry(2, name="Deux")])
    seen = await store.read(index.marked, 10)
    stale = [index.analysed(one) for one in seen]
    await store.write(handlers.amend_entity, entry(1, name="Trois"), node="souss", seen=True)
    await store.write(handlers.withdraw_entity, entity_id(2), node="souss")
    # What was analysed before the change comes too late, and the changed one is still to do.
    await store.write(index.keep, stale)
    assert await found(store, words="une") == []
    assert await found(store, words="deux") == []
    assert [one.id for one in await store.read(index.marked, 10)] == [entity_id(1)]
    assert await index.follow(store) == 1
    assert await found(store, words="trois") == ["Trois"]


async def test_the_indexer_follows_when_it_hears_of_changes(store: Store) -> None:
    indexer = index.Indexer(store)
    running = asyncio.create_task(indexer.run())
    try:
        await store.write(projections.remember, arrived(*(listed(n) for n in range(1, 150))))
        indexer.arrived()

        async def followed() -> bool:
            return not await store.read(index.marked, 1)

        await until(followed, what="the index has followed")
        assert len(await found(store, words="cooperativa", most=200)) == 149
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_no_question_reads_the_whole_table(sqlite_store: Store) -> None:
    await fill(sqlite_store, *(entry(number) for number in range(1, 30)))
    asked = [
        Asked(country="MA"),
        Asked(origin="souss"),
        Asked(terms=("practice:csa",)),
        Asked(terms=("practice:csa", "activities:a01")),
        Asked(box=Box(west=0, south=0, east=1, north=1)),
    ]

    def plans(work: Work) -> list[str]:
        plans = []
        for one in asked:
            conditions = search._conditions(work, one, search.EVERYBODY)
            query = search._plain(one, conditions, None, 20)
            compiled = query.compile(dialect=work.dialect, compile_kwargs={"literal_binds": True})
            rows = work.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))
            plans.append(" | ".join(row.detail for row in rows))
        return plans

    for one, plan in zip(asked, await sqlite_store.read(plans), strict=True):
        assert "SCAN" not in plan, (one, plan)


async def test_the_full_text_index_agrees_with_the_tokens_after_every_kind_of_change(
    sqlite_store: Store,
) -> None:
    await fill(sqlite_store, *(entry(number, tags=[f"t{number % 7}"]) for number in range(1, 40)))
    await sqlite_store.write(projections.remember, arrived(*(listed(n) for n in range(1, 40))))
    for number in range(1, 20):
        changed = entry(number, name=f"Autre {number}")
        await sqlite_store.write(handlers.amend_entity, changed, node="souss", seen=True)
    await index.follow(sqlite_store)
    for number in range(10, 30):
        await sqlite_store.write(handlers.withdraw_entity, entity_id(number), node="souss")
    await sqlite_store.write(projections.forget, OTHER, ServiceName("directory"))

    def check(work: Work) -> None:
        # FTS5 itself compares its index with the table, and fails where they differ.
        work.execute(text("INSERT INTO search_fts(search_fts, rank) VALUES ('integrity-check', 1)"))

    await sqlite_store.write(check)
    assert len(await found(sqlite_store, words="autre", most=100)) == 9


class Both(NamedTuple):
    """The same directory in both databases."""

    sqlite: Store
    postgresql: Store


@pytest.fixture
async def both(tmp_path: Path, postgresql: NewDatabase) -> AsyncIterator[Both]:
    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(opened(url, clock=SetClock(NOW)))
            for url in (f"sqlite:///{tmp_path / 'both.db'}", postgresql())
        ]
        yield Both(*stores)


WORDS = [
    *("coopérative", "coopératives", "Cooperativa", "co-operative", "argan", "Arganier", "miel"),
    *("تعاونية", "التعاونيات", "الأركان", "أركان", "نساء", "للنساء", "٢٠٢٤", "2024"),
    *(
        "associação",
        "associacoes",
        "œuvre",
        "ⵜⴰⴼⵙⵓⵜ",
        "straße",
        "STRASSE",
        "Ελλάδα",
        "οδός",
        "ΟΔΟΣ",
    ),
    *("ca", "c", "l'eau", "O'Neill", "x" * 70, "नमस्ते", "ß", "ſ", "İstanbul", "日本", "𐐷", "ﬁn"),
]
texts = st.lists(
    st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), min_size=1, max_size=5
).map(" ".join)
documents = st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=6)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(documents, st.lists(texts, min_size=1, max_size=4))
async def test_both_databases_find_the_same(
    both: Both, written: list[tuple[str, str, str]], questions: list[str]
) -> None:
    entries = [
        entry(number, name=f"N {name}", tags=[f"t {tag}"], description={"fr": description})
        for number, (name, tag, description) in enumerate(written, 1)
    ]

    def begin(work: Work) -> None:
        projections.forget(work, "souss", ServiceName("directory"))
        handlers.list_entities(work, entries)
        for one in entries:
            index.index_now(work, one.entity_id)

    for store in both:
        await store.write(begin)
    for question in questions:
        asked = Asked(words=question)
        answers = [
            [(row.tier, row.id) for row in await store.read(search.listed, asked, most=50)]
            for store in both
        ]
        assert answers[0] == answers[1], question
