"""Stewards hold rounds, look at rings and record what they were told by telephone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from services.node.home import NodeSettings, initialise
from shared.clock import SetClock
from shared.people import Bearer, Claims, issue
from tests.exchange.items.conftest import (
    KEY,
    NODE,
    Exchange,
    clock,
    exchange,
    sqlite_store,
    token,
)
from tests.exchange.rounds.conftest import HONEY, OIL, WOOL, held, post, settle, triangle
from tests.twiza.commands import twiza
from tests.twiza.exchanges import Served, served
from twiza import outcomes

__all__ = ["clock", "exchange", "sqlite_store"]

STEWARD = token("steward")["Authorization"].partition(" ")[2]
MEMBER = token("member")["Authorization"].partition(" ")[2]
CONTACT = ("--contact-name", "Fadma A.", "--contact-number", "+212 600 000 001")


@pytest.fixture
async def node(exchange: Exchange, tmp_path: Path) -> AsyncIterator[Served]:
    """A node with three cooperatives that can serve each other."""
    async with served(exchange, tmp_path / "souss", token=STEWARD) as node:
        await settle(exchange)
        yield node


@pytest.fixture
async def client(node: Served) -> AsyncIterator[AsyncClient]:
    """Somebody who asks the node's exchange without the command."""
    async with AsyncClient(base_url=node.exchange, trust_env=False) as client:
        yield client


def later(person: str, clock: SetClock) -> str:
    """Return the token of a steward that is good at the clock's present time."""
    given = {"sub": person, "kind": Bearer.PERSON, "node": NODE, "roles": frozenset({"steward"})}
    return issue(Claims.lasting(timedelta(minutes=5), now=clock.now(), **given), KEY)


async def proposed(client: AsyncClient) -> str:
    """Have a ring of the three proposed; return its id."""
    await triangle(client)
    assert (await held(client))["proposed"] == 1
    told = await client.get("/rings", headers={"Authorization": f"Bearer {STEWARD}"})
    return str(told.json()["items"][0]["id"])


async def test_a_round_is_held_and_told_in_words_and_its_rings_are_listed(
    node: Served, client: AsyncClient
) -> None:
    await triangle(client)
    left = await post(client, "want", OIL, "pottery")
    said = await node.ask("round", "--lang", "fr")
    assert said.status == 0, said.err
    assert "Cercles de 3 participants : 1." in said.out
    assert said.out.endswith("Cercles proposés : 1.\n")
    assert "\u2068" not in said.out

    listed, again, rings, why = await asyncio.gather(
        node.ask("rounds", "--json"),
        node.ask("rounds", "--lang", "es"),
        node.ask("rings", "--state", "proposed"),
        node.ask("explain", left.partition(":")[2], "--lang", "pt"),
    )
    (round_,) = listed.told
    assert (round_["state"], round_["items"], round_["proposed"]) == ("done", 7, 1)
    assert f"{round_['id']}\t" in again.out
    assert "\tred\thecha\t7\t1\n" in again.out
    header, *rows = rings.out.splitlines()
    assert header == "id\tname\tstate\tanswer\tuntil\tsentence"
    assert sorted(row.split("\t")[1] for row in rows) == ["Huile", "Laine", "Miel"]
    assert all("You give " in row for row in rows)
    assert why.out.endswith("Rondas em que até agora nada se encontrou: 1.\n")
    words = await node.ask("rounds", round_["id"][-8:], "--lang", "fr")
    assert words.out == said.out


async def test_answers_given_by_telephone_are_recorded_until_the_ring_is_confirmed(
    node: Served, client: AsyncClient
) -> None:
    ring = await proposed(client)
    first = await node.ask(
        "ring", ring[-8:], "--accept", "huile", "--telephone", *CONTACT, "--lang", "fr"
    )
    assert first.status == 0, first.err
    assert "A accepté. (par téléphone)" in first.out
    assert first.out.count("N'a pas répondu.") == 2
    await node.ask("ring", ring, "--accept", HONEY, "--telephone")
    last = await node.ask("ring", ring, "--accept", WOOL[-4:], "--json")
    assert last.told["state"] == "confirmed"
    parts = {part["party"]: part for part in last.told["parts"]}
    assert [parts[one]["way"] for one in (OIL, HONEY, WOOL)] == ["telephone", "telephone", "party"]

    shown = await node.ask("ring", ring)
    assert "Contact (Huile): Fadma A., +212 600 000 001" in shown.out
    assert "Contact (Miel): through the network" in shown.out
    handed = await node.ask("ring", ring, "--handed-over", "Huile", "--telephone")
    received = await node.ask("ring", ring, "--received", "Laine", "--telephone")
    assert "Huile: handed over (" in handed.out
    assert "Laine: received (" in received.out
    late = await node.ask("ring", ring, "--decline", "Huile")
    assert late.status == outcomes.CONFLICT
    assert late.err.startswith("This ring takes no more answers: it is in-delivery")


async def test_a_no_by_telephone_withdraws_a_ring(node: Served, client: AsyncClient) -> None:
    ring = await proposed(client)
    said = await node.ask("ring", ring, "--decline", "Miel", "--why", "distance", "--telephone")
    assert said.status == 0, said.err
    assert "Miel: declined [distance]" in said.out
    assert "withdrawn" in said.out
    none = await node.ask("rings", "--state", "proposed", "--json")
    assert none.told == []


async def test_two_stewards_free_what_a_silent_decider_holds(
    node: Served, client: AsyncClient, clock: SetClock
) -> None:
    ring = await proposed(client)
    clock.move(timedelta(days=22))
    amina, badr = (later(person, clock) for person in ("amina", "badr"))
    first = await node.ask("ring", ring, "--end-doubt", "Silent.", TWIZA_TOKEN=amina)
    assert first.out == "Your word is noted: 1 of 2. Another steward must say the same.\n"
    again = await node.ask("ring", ring, "--end-doubt", "Silent.", TWIZA_TOKEN=amina)
    assert again.status == outcomes.NOT_ALLOWED
    second = await node.ask("ring", ring, "--end-doubt", "Silent.", "--json", TWIZA_TOKEN=badr)
    assert second.told == {"ended": True}


async def test_what_is_not_clear_is_refused_before_anything_is_recorded(
    node: Served, client: AsyncClient
) -> None:
    ring = await proposed(client)
    for options, status in (
        (("--accept", "Huile", "--decline", "Miel"), outcomes.REFUSED),
        (("--accept", "Huile", "--contact-name", "Fadma A."), outcomes.REFUSED),
        (("--accept", "e"), outcomes.REFUSED),
        (("--end-doubt", "too early"), outcomes.CONFLICT),
    ):
        answer = await node.ask("ring", ring, *options)
        assert (options, answer.status, answer.out) == (options, status, "")
    parts = (await node.ask("ring", ring, "--json")).told["parts"]
    assert {part["answer"] for part in parts} == {None}


async def test_only_stewards_hold_rounds_and_a_network_only_its_own(node: Served) -> None:
    member, far, unknown = await asyncio.gather(
        node.ask("round", TWIZA_TOKEN=MEMBER),
        node.ask("round", "--level", "continent"),
        node.ask("ring", "0123abcd"),
    )
    assert member.status == outcomes.NOT_ALLOWED
    assert far.status == outcomes.CONFLICT
    assert far.err.endswith("A hub holds the rounds between networks, the others their own.\n")
    assert unknown.status == outcomes.NOT_FOUND


async def test_a_round_that_nobody_waits_for_goes_on_and_is_found_again(
    node: Served, client: AsyncClient
) -> None:
    await triangle(client)
    begun = await node.ask("round", "--wait", "0")
    assert (begun.status, begun.out) == (outcomes.ATTENTION, "")
    which = begun.err.split()[-1]
    found: dict[str, Any] = {"state": "running"}
    for _ in range(100):
        found = (await node.ask("rounds", which, "--json")).told
        if found["state"] != "running":
            break
    assert (found["state"], found["proposed"]) == ("done", 1)


async def test_the_books_are_checked_and_what_is_wrong_is_named(
    node: Served, exchange: Exchange, tmp_path: Path
) -> None:
    there = {"TWIZA_EXCHANGE_DATABASE": f"sqlite:///{tmp_path / 'exchange.db'}"}
    right = await node.ask("ledger", "check", "--lang", "es", **there)
    assert (right.status, right.out) == (
        0, "Las cuentas están bien: se cumplen todas las reglas del libro.\n",
    )  # fmt: skip
    await exchange.store.write(
        lambda work: work.connection.exec_driver_sql("DROP TRIGGER account_counted")
    )
    wrong = await node.ask("ledger", "check", **there)
    assert wrong.status == outcomes.ATTENTION
    assert wrong.out == (
        "I7 does not hold: the database lets nobody change the books."
        " It is broken by: account_counted\n"
    )
    told = (await node.ask("ledger", "check", "--json", **there)).told
    assert [one["invariant"] for one in told["rules"] if not one["holds"]] == ["I7"]


async def test_a_node_that_has_never_run_has_no_books(node: Served) -> None:
    answer = await node.ask("ledger", "check")
    assert answer.status == outcomes.NOT_FOUND
    assert not (node.home / "data" / "exchange.db").exists()


def test_a_node_that_does_not_run_is_named(tmp_path: Path) -> None:
    home = tmp_path / "souss"
    initialise(home, NodeSettings(name="souss", continent="af"), at=datetime.now(UTC))
    for command in (("round",), ("ring", "x")):
        answer = twiza(*command, "--home", home)
        assert (command, answer.status) == (command, outcomes.UNAVAILABLE)
