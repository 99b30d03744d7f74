"""Those who vote for others: a teller for an absent one, a delegate whose mandate is over."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from services.governance.ballot_handlers import ballot_of
from services.governance.tellers import name_tellers
from shared.clock import SetClock, stamp
from tests.governance.ballots.polls import BALLOT, SAFIA, TOUDA, begin, person, rule
from tests.governance.conftest import NOW, Governance, member
from tests.governance.process.test_api import ok, refused
from tests.governance.rolls.told import REGISTER, admitted, ended, entity, given

COOPERATIVE = entity(7)
ABSENT, TELLER = f"p:{person(1)}", person(0)
WAS_DELEGATE = member("was-delegate", COOPERATIVE)
DELEGATE = member("delegate", COOPERATIVE)


@pytest.fixture
async def open_ballot(governance: Governance, client: AsyncClient) -> AsyncClient:
    """A client of a network with an open ballot, and a cooperative that has changed delegates."""
    under = rule(proxies_max=2, electorate={"kind": "mixed"})
    told: list[Any] = [
        admitted(COOPERATIVE),
        given(1, "was-delegate", COOPERATIVE, ends=stamp(NOW + timedelta(days=30))),
        given(2, "delegate", COOPERATIVE),
    ]
    await governance.store.write(REGISTER.tell, told)
    await governance.store.write(begin, under=under)
    await governance.store.write(name_tellers, BALLOT, [TELLER, SAFIA, TOUDA], by="steward")
    assert await governance.store.read(ballot_of, BALLOT) is not None
    return client


async def test_a_teller_alone_does_not_make_themselves_the_proxy_of_somebody_absent(
    open_ballot: AsyncClient,
) -> None:
    at, said = f"ballots/{BALLOT}/proxies", {"giver": ABSENT, "holder": f"p:{TELLER}"}
    answer = await open_ballot.post(at, json=said, headers=member(TELLER))
    assert refused(answer) == "bad-proxy"
    ok(await open_ballot.post(at, json=said, headers=member(SAFIA)))


async def test_a_teller_alone_does_not_make_their_cooperative_the_proxy_of_somebody_absent(
    open_ballot: AsyncClient, governance: Governance
) -> None:
    await governance.store.write(REGISTER.tell, [given(3, TELLER, COOPERATIVE)])
    said = {"giver": ABSENT, "holder": f"e:{COOPERATIVE}"}
    answer = await open_ballot.post(
        f"ballots/{BALLOT}/proxies", json=said, headers=member(TELLER, COOPERATIVE)
    )
    assert refused(answer) == "bad-proxy"


async def test_a_delegate_gives_the_vote_of_their_entity_away_for_no_longer_than_their_mandate(
    open_ballot: AsyncClient,
) -> None:
    said = {"giver": f"e:{COOPERATIVE}", "holder": "p:was-delegate", "scope": "means"}
    for days, status in ((31, 422), (30, 201)):
        until = {"until": stamp(NOW + timedelta(days=days))}
        answer = await open_ballot.post("delegations", json=said | until, headers=WAS_DELEGATE)
        assert answer.status_code == status, answer.text


async def test_whose_mandate_is_over_neither_sees_nor_changes_what_the_entity_does(
    open_ballot: AsyncClient, governance: Governance, clock: SetClock
) -> None:
    said = {
        "giver": f"e:{COOPERATIVE}",
        "holder": f"p:{person(2)}",
        "scope": "means",
        "until": stamp(NOW + timedelta(days=100)),
    }
    delegation = ok(await open_ballot.post("delegations", json=said, headers=DELEGATE))["id"]
    over = ended(1, "was-delegate", COOPERATIVE, stamp(NOW + timedelta(hours=1)))
    await governance.store.write(REGISTER.tell, [over])
    clock.move(timedelta(hours=2))
    revocation = f"delegations/{delegation}/revocation"
    assert (await open_ballot.post(revocation, headers=WAS_DELEGATE)).status_code == 404
    listed = ok(await open_ballot.get("delegations", headers=WAS_DELEGATE))
    assert listed["items"] == []
    own = ok(await open_ballot.get(f"ballots/{BALLOT}/own", headers=WAS_DELEGATE))
    assert own["votes"] == []
    assert ok(await open_ballot.post(revocation, headers=DELEGATE))["revoked_at"]
