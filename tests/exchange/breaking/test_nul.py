"""A NUL, which PostgreSQL takes in no text: wherever it comes from, it meets a refusal."""

from httpx import AsyncClient

from shared.clock import SetClock
from shared.paging import cursor
from shared.store import Store
from tests.exchange.items.conftest import STEWARD, Exchange, offer

RING = "/rings/souss:0199c2f4-7d1a-7c3e-9b52-2f6f0a9d4e31"
ADDRESSES = (
    "/items?q=a%00b", "/items?category=a:%00", "/items?origin=%00", "/items?owner=a%00",
    "/items/%00", "/items/souss:%00", "/owners/souss:%00/items", "/owners/%00/blocks",
    "/participants/souss:%00", "/categories?q=%00", "/rates/%00/1", "/items/%00/matching",
    "/ledger/accounts?owner=%00", "/ledger/accounts?unit=%00", "/ledger/requests?account=%00",
)  # fmt: skip
LISTS = ("/items?", "/items?q=miel&", "/ledger/accounts?", "/ledger/requests?", "/rings?",
         "/rounds?")  # fmt: skip
CURSORS = (cursor("\x00x"), cursor(0, "\x00"), cursor(2**53 - 1), cursor(-(2**53 - 1)))
SAID = (
    ("POST", "/items", offer(category="souss:\x00")),
    ("POST", "/items", offer(owner="souss:\x00", owner_kind="person")),
    ("POST", "/items", offer(choice="\x00")),
    ("POST", "/items", offer(certificates=["\x00"])),
    ("POST", "/items", offer(language="\x00", title="Huile")),
    ("POST", "/items/souss:x/close", {"reason": "\x00"}),
    ("POST", "/ledger/transfers", {"payer": "\x00", "payee": "b", "amount": 1, "purpose": "care"}),
    ("POST", "/ledger/transfers", {"payer": "a", "payee": "b", "amount": 1, "purpose": "\x00"}),
    ("POST", "/ledger/accounts", {"owner": "\x00", "kind": "person"}),
    ("PUT", "/rates", {"measure": "\x00", "rates": []}),
    ("POST", "/categories", {"word": "a", "above": "\x00", "labels": {"fr": "a"}}),
    ("POST", f"{RING}/resolutions", {"reason": "\x00"}),
    ("POST", f"{RING}/decline", {"party": "souss:a", "said": "\x00"}),
    ("POST", f"{RING}/notes", {"party": "souss:a", "text": "\x00"}),
)


async def statuses(client: AsyncClient) -> dict[str, int]:
    """Return what each request is answered with."""
    found = {}
    for address in (*ADDRESSES, *(f"{one}after={said}" for one in LISTS for said in CURSORS)):
        found[address] = (await client.get(address, headers=STEWARD)).status_code
    for method, path, body in SAID:
        answer = await client.request(method, path, json=body, headers=STEWARD)
        found[f"{method} {path} {body}"] = answer.status_code
    return found


async def test_a_nul_is_no_defect_of_ours(store: Store, clock: SetClock) -> None:
    async with Exchange(store, clock).client() as client:
        found = await statuses(client)
    assert {one: status for one, status in found.items() if status >= 500} == {}
    refused = {one: found[one] for one in found if "\0" in one or "%00" in one or "\\x00" in one}
    assert set(refused.values()) <= {404, 409, 422}
