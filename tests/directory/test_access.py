"""Who may do what at the directory: every operation stands in the table, and it is kept to."""

from collections.abc import Callable
from typing import Any

import pytest
from httpx import AsyncClient, Response

from services.directory import handlers
from services.directory.access import ACCESS, sight_of
from services.directory.search import Sight
from shared.access import ANYBODY, AccessTable, Caller, Role
from shared.gate import undeclared
from shared.people import Bearer, Mandate
from tests.directory.conftest import NODE, Directory, entity_id, entry, token

MANDATE = {"mandates": (Mandate(entity=entity_id(1)),)}
CALLERS: dict[str, Callable[[], dict[str, str]]] = {
    "anonymous": dict,
    "person": lambda: token(),
    "member": lambda: token("member"),
    "delegate": lambda: token(**MANDATE),
    "delegate of another": lambda: token(mandates=(Mandate(entity=entity_id(2)),)),
    "delegate of old": lambda: token(mandates=(Mandate(entity=entity_id(1), until=1),)),
    "steward": lambda: token("steward"),
    "steward who reads": lambda: token("steward", scope=frozenset({"read"})),
    "auditor": lambda: token("auditor"),
    "coordinator": lambda: token("coordinator"),
    "program": lambda: token(kind=Bearer.PROGRAM),
    "program that amends": lambda: token(
        kind=Bearer.PROGRAM, scope=frozenset({"amend_entity", "read_entity_at_home"})
    ),
    "service": lambda: token(kind=Bearer.SERVICE, sub="portal", aud=("directory",)),
}
PROFILE = {"name": "Tafsut", "practices": ["practice:csa"]}
FILE = {"file": ("list.csv", b"name,country\nTafsut,MA\n")}
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "healthz": ("GET", "healthz", {}),
    "readyz": ("GET", "readyz", {}),
    "list_entities": ("GET", "entities", {}),
    "count_entities": ("GET", "entities/counts", {}),
    "read_entity": ("GET", f"entities/{entity_id(1)}", {}),
    "read_entity_at_home": ("GET", f"entities/{entity_id(1)}/home", {}),
    "create_entity": ("POST", "entities", {"json": PROFILE}),
    "amend_entity": (
        "PUT",
        f"entities/{entity_id(1)}",
        {"json": PROFILE, "headers": {"If-Match": "*"}},
    ),
    "withdraw_entity": ("DELETE", f"entities/{entity_id(1)}", {"headers": {"If-Match": '"0"'}}),
    "preview_import": ("POST", "imports/preview", {"files": FILE}),
    "import_list": ("POST", "imports", {"files": FILE}),
    "list_imports": ("GET", "imports", {}),
    "read_import": ("GET", "imports/none", {}),
    "read_import_rows": ("GET", "imports/none/rows", {}),
    "list_vocabularies": ("GET", "vocabularies", {}),
    "read_vocabulary": ("GET", "vocabularies/practice", {}),
    "enter_person": ("POST", "persons", {"json": {}}),
    "amend_person": ("PUT", "persons/somebody", {"json": {}}),
    "remove_person": ("DELETE", "persons/somebody", {}),
    "list_persons": ("GET", "persons", {}),
    "read_person": ("GET", "persons/somebody", {}),
    "admit_member": ("POST", "members", {"json": {"member": entity_id(1)}}),
    "end_membership": ("POST", f"members/{entity_id(1)}/end", {"json": {}}),
    "list_members": ("GET", "members", {}),
    "read_member": ("GET", f"members/{entity_id(1)}", {}),
    "read_member_history": ("GET", f"members/{entity_id(1)}/history", {}),
    "import_register": (
        "POST",
        "register/import",
        {"content": b"number\n", "headers": {"Content-Type": "text/csv"}},
    ),
    "give_mandate": (
        "POST",
        "mandates",
        {"json": {"person": "somebody", "entity": entity_id(1)}},
    ),
    "end_mandate": ("POST", f"mandates/{entity_id(1)[6:]}/end", {"json": {}}),
    "list_mandates": ("GET", "mandates", {}),
    "read_mandate": ("GET", f"mandates/{entity_id(1)[6:]}", {}),
}
# These need a log desk; who may read logs is tested where one runs.
LOGS = {"read_public_log", "read_private_log", "read_log_standing"}
KEEPERS = {"steward", "program", "service"}
READERS = KEEPERS | {"auditor", "steward who reads"}
EVERYONE = set(CALLERS)
ALLOWED: dict[str, set[str]] = {
    **dict.fromkeys(
        (
            "healthz",
            "readyz",
            "list_entities",
            "count_entities",
            "read_entity",
            "list_vocabularies",
            "read_vocabulary",
        ),
        EVERYONE,
    ),
    "read_entity_at_home": KEEPERS | {"delegate", "steward who reads", "program that amends"},
    "create_entity": KEEPERS,
    "amend_entity": KEEPERS | {"delegate", "program that amends"},
    "withdraw_entity": KEEPERS | {"delegate"},
    "preview_import": KEEPERS,
    "import_list": KEEPERS,
    **dict.fromkeys(
        ("list_imports", "read_import", "read_import_rows"),
        READERS,
    ),
    **dict.fromkeys(
        (
            "enter_person",
            "amend_person",
            "remove_person",
            "admit_member",
            "end_membership",
            "import_register",
            "give_mandate",
            "end_mandate",
        ),
        KEEPERS,
    ),
    **dict.fromkeys(("list_persons", "list_members", "read_person", "read_mandate"), READERS),
    **dict.fromkeys(("read_member", "read_member_history"), READERS | {"delegate"}),
    # Members and delegates are shown their own.
    "list_mandates": READERS | {"member", "delegate", "delegate of another"},
}


def test_every_operation_has_its_row_and_is_guarded_by_it(directory: Directory) -> None:
    assert undeclared(directory.app, ACCESS) == []


def test_an_operation_without_a_row_is_found(directory: Directory) -> None:
    less = AccessTable({name: row for name, row in ACCESS.rows.items() if name != "amend_entity"})
    assert [one for one in undeclared(directory.app, less) if "amend_entity" in one]


def test_every_operation_is_tried_as_everybody() -> None:
    assert REQUESTS.keys() == ALLOWED.keys() == ACCESS.rows.keys() - LOGS


@pytest.mark.parametrize("operation", sorted(REQUESTS))
async def test_each_operation_is_open_to_whom_the_table_says(
    directory: Directory, client: AsyncClient, operation: str
) -> None:
    await directory.store.write(handlers.list_entities, [entry(1), entry(2)])
    method, path, given = REQUESTS[operation]
    let_in = set()
    for name, header in CALLERS.items():
        headers = {**given.get("headers", {}), **header()}
        answer = await client.request(method, path, **{**given, "headers": headers})
        assert answer.status_code < 500
        if not _refused_entry(answer):
            let_in.add(name)
        elif name == "anonymous":
            assert answer.status_code == 401
        else:
            assert answer.status_code == 403
            assert answer.json()["type"] == "/problems/not-allowed"
    assert let_in == ALLOWED[operation]


def _refused_entry(answer: Response) -> bool:
    return answer.status_code in (401, 403)


async def test_a_forged_token_is_refused_even_where_none_is_needed(client: AsyncClient) -> None:
    answer = await client.get("entities", headers={"Authorization": "Bearer forged"})
    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/token-forged"


@pytest.mark.parametrize(
    ("caller", "sees"),
    [
        (ANYBODY, False),
        (Caller(id="p", kind=Bearer.PERSON, scope=frozenset({"*"})), False),
        (Caller(id="p", roles=frozenset({Role.ANONYMOUS, Role.MEMBER})), False),
        (
            Caller(
                id="p",
                roles=frozenset({Role.ANONYMOUS, Role.MEMBER}),
                scope=frozenset({"read"}),
            ),
            True,
        ),
    ],
)
def test_the_network_is_seen_by_those_who_belong_to_it(caller: Caller, sees: bool) -> None:
    assert sight_of(caller, own=NODE) == Sight(network=sees, limited=sees, own=NODE)
