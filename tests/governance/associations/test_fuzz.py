"""Whatever is asked of associations over HTTP, governance answers, and never that it failed."""

from typing import Any

import pytest
from httpx import AsyncClient

from services.governance.association_access import ASSOCIATION_ROWS
from tests.governance.associations.test_api import founded
from tests.governance.ballots.test_fuzz import Fuzz
from tests.governance.conftest import STEWARD, Governance

MANY = 1_500


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_no_request_on_associations_makes_governance_fail(
    governance: Governance, client: AsyncClient
) -> None:
    made = await founded(client)
    document = governance.app.openapi()
    fuzz = Fuzz(document, seed=11)
    fuzz.operations = [
        one for one in fuzz.operations if one[2].get("operationId") in ASSOCIATION_ROWS
    ]
    assert len(fuzz.operations) == len(ASSOCIATION_ROWS)
    fuzz.known["association"] = [made["association"]]
    seen: dict[int, int] = {}
    for _ in range(MANY):
        asked: dict[str, Any] = fuzz.request()
        if "Authorization" in asked["headers"]:
            asked["headers"] |= STEWARD
        answer = await client.request(asked.pop("method"), asked.pop("url").lstrip("/"), **asked)
        assert answer.status_code < 500, (answer.request.url, answer.request.content, answer.text)
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
    assert {200, 201, 403, 404, 422} <= set(seen)
