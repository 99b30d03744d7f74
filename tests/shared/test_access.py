"""Who may do what stands in a table; whatever is not in it is refused."""

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from httpx import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from shared.access import (
    ANYBODY,
    REFUSALS,
    AccessTable,
    Caller,
    Gate,
    NotAllowed,
    Role,
    everyone,
    only,
)
from shared.clock import SetClock
from shared.gate import CallerDep, allowed, caller_of, install, undeclared
from shared.ids import NodeName, ServiceName
from shared.keys import Prefix, SigningKey
from shared.people import Bearer, Claims, Mandate, TokenKeys, TokenMissing, issue, service_token
from shared.problems import install as install_problems
from shared.problems import refusals

NODE, DIRECTORY, PORTAL = NodeName("remess"), ServiceName("directory"), ServiceName("portal")
NOW = datetime(2026, 11, 21, 17, 0, 0, tzinfo=UTC)
KEY = SigningKey(b"t" * 32, Prefix.SERVICE)


def _of_its_entity(caller: Caller, *, entity: str) -> bool:
    return caller.speaks_for(entity)


TABLE = AccessTable(
    {
        "list_entities": everyone(reads=True),
        "amend_entity": only(Role.STEWARD, delegate=_of_its_entity),
        "audit": only(Role.AUDITOR, Role.COORDINATOR, reads=True),
        "import_entities": only(Role.STEWARD, Role.PROGRAM),
        "sibling_pages": only(Role.SERVICE, reads=True),
    }
)


def _caller(*roles: str, kind: Bearer = Bearer.PERSON, **claims: Any) -> Caller:
    return Caller.of(_claims(*roles, kind=kind, **claims), now=NOW)


def _claims(*roles: str, kind: Bearer = Bearer.PERSON, **claims: Any) -> Claims:
    given = {"sub": "p-1", "kind": kind, "node": NODE, "roles": frozenset(roles)} | claims
    life = timedelta(minutes=5)
    return Claims.lasting(life, now=NOW, **given)


LONG_AGO = _claims("auditor").model_copy(update={"iat": 0, "exp": 60})


def test_what_is_open_to_all_is_open_with_any_token_and_with_none() -> None:
    for caller in (ANYBODY, _caller(), _caller("steward", scope=frozenset({"nothing"}))):
        TABLE.may(caller, "list_entities")


def test_nobody_is_asked_for_a_token_and_somebody_is_told_no() -> None:
    with pytest.raises(TokenMissing):
        TABLE.may(ANYBODY, "audit")
    with pytest.raises(NotAllowed):
        TABLE.may(_caller("member"), "audit")
    TABLE.may(_caller("auditor"), "audit")


def test_an_operation_without_a_row_is_refused_to_everybody() -> None:
    everything = _caller(*Role, mandates=(Mandate(entity="e-1"),))
    for ask in (TABLE.may, TABLE.enter):
        with pytest.raises(NotAllowed):
            ask(everything, "forgotten")
        with pytest.raises(TokenMissing):
            ask(ANYBODY, "forgotten")


def test_a_rule_looks_at_the_thing_and_a_role_without_one_does_not() -> None:
    delegate = _caller(mandates=(Mandate(entity="e-1"),))
    TABLE.enter(delegate, "amend_entity")
    TABLE.may(delegate, "amend_entity", entity="e-1")
    with pytest.raises(NotAllowed):
        TABLE.may(delegate, "amend_entity", entity="e-2")
    TABLE.may(_caller("steward"), "amend_entity", entity="e-2")
    both = _caller("steward", mandates=(Mandate(entity="e-1"),))
    TABLE.may(both, "amend_entity", entity="e-2")


def test_a_rule_that_is_not_shown_its_thing_does_not_let_anybody_pass() -> None:
    delegate = _caller(mandates=(Mandate(entity="e-1"),))
    with pytest.raises(TypeError):
        TABLE.may(delegate, "amend_entity")


def test_a_mandate_that_has_ended_makes_no_delegate() -> None:
    ended = Mandate(entity="e-1", until=int(NOW.timestamp()))
    caller = _caller("delegate", mandates=(ended,))
    assert caller.roles == {Role.ANONYMOUS}
    assert not caller.speaks_for("e-1")


def test_a_token_names_no_role_that_follows_from_what_its_bearer_is() -> None:
    assert _caller(*Role).roles == {
        Role.ANONYMOUS,
        Role.MEMBER,
        Role.STEWARD,
        Role.AUDITOR,
        Role.COORDINATOR,
    }
    program = _caller(*Role, kind=Bearer.PROGRAM, mandates=(Mandate(entity="e-1"),))
    assert program.roles == {Role.ANONYMOUS, Role.PROGRAM}
    assert not program.speaks_for("e-1")
    service = _caller(*Role, kind=Bearer.SERVICE, sub="portal", aud=(DIRECTORY,))
    assert service.roles == {Role.ANONYMOUS, Role.SERVICE}


def test_a_role_of_a_later_release_gives_nothing() -> None:
    assert _caller("archbishop").roles == {Role.ANONYMOUS}


@pytest.mark.parametrize(
    ("scope", "audits", "amends"),
    [("*", True, True), ("read", True, False), ("audit", True, False), ("other", False, False)],
)
def test_a_scope_narrows_what_a_role_may(scope: str, audits: bool, amends: bool) -> None:
    caller = _caller("auditor", "steward", scope=frozenset({scope}))
    for operation, may in (("audit", audits), ("amend_entity", amends)):
        if may:
            TABLE.may(caller, operation, entity="e-1")
        else:
            with pytest.raises(NotAllowed):
                TABLE.may(caller, operation, entity="e-1")


@given(st.frozensets(st.sampled_from([role.value for role in Role])), st.sampled_from(list(Role)))
def test_more_roles_never_allow_less(roles: frozenset[str], more: Role) -> None:
    for operation in TABLE.rows:
        try:
            TABLE.may(_caller(*roles), operation, entity="e-1")
        except NotAllowed:
            continue
        TABLE.may(_caller(*roles, more.value), operation, entity="e-1")


def test_a_row_is_open_to_somebody_and_says_each_role_once() -> None:
    with pytest.raises(TypeError):
        only()
    with pytest.raises(TypeError):
        only(Role.DELEGATE, delegate=_of_its_entity)
    with pytest.raises(ValueError, match="archbishop"):
        only(archbishop=_of_its_entity)


def _app(table: AccessTable = TABLE) -> FastAPI:
    app = FastAPI()

    @app.get("/entities", operation_id="list_entities")
    async def entities(caller: Annotated[Caller, allowed("list_entities")]) -> str:
        return caller.id

    @app.put("/entities/{entity}", operation_id="amend_entity", responses=refusals(*REFUSALS))
    async def amend(entity: str, caller: Annotated[Caller, allowed("amend_entity")]) -> str:
        table.may(caller, "amend_entity", entity=entity)
        return caller.id

    @app.get("/audit", operation_id="audit", dependencies=[allowed("audit")])
    async def audit() -> None: ...

    @app.post("/imports", operation_id="import_entities", dependencies=[allowed("import_entities")])
    async def imports(body: dict[str, int]) -> None: ...

    @app.get("/pages", operation_id="sibling_pages", dependencies=[allowed("sibling_pages")])
    async def pages() -> None: ...

    install_problems(app)
    install(
        app,
        Gate(
            table=table,
            keys=TokenKeys(tokens=frozenset({KEY.public}), services={}),
            node=NODE,
            audience=DIRECTORY,
            clock=SetClock(NOW),
            revoked=lambda claims: claims.jti == "lost",
        ),
    )
    return app


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(_app()), base_url="http://node.test") as client:
        yield client


def _shown(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_every_operation_answers_every_role_as_the_table_says(client: AsyncClient) -> None:
    tokens = {
        Role.ANONYMOUS: None,
        Role.DELEGATE: issue(_claims(mandates=(Mandate(entity="e-1"),)), KEY),
        Role.PROGRAM: issue(_claims(kind=Bearer.PROGRAM), KEY),
        Role.SERVICE: service_token(PORTAL, KEY, node=NODE, audience=DIRECTORY, now=NOW),
    }
    tokens |= {role: issue(_claims(role.value), KEY) for role in Role if role not in tokens}
    asked = {
        "list_entities": ("GET", "/entities"),
        "amend_entity": ("PUT", "/entities/e-1"),
        "audit": ("GET", "/audit"),
        "import_entities": ("POST", "/imports"),
        "sibling_pages": ("GET", "/pages"),
    }
    for (operation, (method, path)), (role, token) in itertools.product(
        asked.items(), tokens.items()
    ):
        answer = await client.request(method, path, headers=_shown(token) if token else {}, json={})
        open_to = TABLE.rows[operation].roles
        if Role.ANONYMOUS in open_to or role in open_to:
            assert answer.status_code == 200, (operation, role)
        else:
            assert answer.status_code == (401 if token is None else 403), (operation, role)


async def test_the_thing_decides_within_the_operation(client: AsyncClient) -> None:
    token = issue(_claims(mandates=(Mandate(entity="e-1"),)), KEY)
    answer = await client.put("/entities/e-2", headers=_shown(token))
    assert answer.json()["type"] == "/problems/not-allowed"


@pytest.mark.parametrize(
    ("header", "slug"),
    [
        ("", "token-missing"),
        ("Basic YTpi", "token-missing"),
        ("Bearer", "token-missing"),
        ("Bearer x.y.z", "token-forged"),
        (f"Bearer {issue(_claims('auditor', jti='lost'), KEY)}", "token-revoked"),
        (f"Bearer {issue(_claims('auditor', aud=(PORTAL,)), KEY)}", "token-not-yours"),
        (f"Bearer {issue(LONG_AGO, KEY)}", "token-expired"),
    ],
)
async def test_a_token_that_is_not_good_is_refused_by_name(
    client: AsyncClient, header: str, slug: str
) -> None:
    answer = await client.get("/audit", headers={"authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == f"/problems/{slug}"


async def test_a_bad_token_is_refused_even_where_none_is_needed(client: AsyncClient) -> None:
    assert (await client.get("/entities")).status_code == 200
    assert (await client.get("/entities", headers=_shown("x.y.z"))).status_code == 401


async def test_who_is_asking_is_looked_at_before_what_was_sent(client: AsyncClient) -> None:
    assert (await client.post("/imports", json={"a": "b"})).status_code == 401


def test_a_table_that_fits_its_application_leaves_nothing_out() -> None:
    assert undeclared(_app(), TABLE) == []


def test_what_is_missing_between_table_and_application_is_named() -> None:
    app = _app()

    @app.get("/forgotten", operation_id="forgotten")
    async def forgotten() -> None: ...

    @app.post("/open", operation_id="unguarded")
    async def unguarded() -> None: ...

    @app.post("/half", operation_id="half_guarded", dependencies=[Depends(caller_of)])
    async def half_guarded(caller: CallerDep) -> None: ...

    @app.post("/wrong", operation_id="wrong_row", dependencies=[allowed("audit")])
    async def wrong_row() -> None: ...

    @app.post("/reading", operation_id="reading", dependencies=[allowed("reading")])
    async def reading() -> None: ...

    steward = only(Role.STEWARD)
    rows = dict.fromkeys(("unguarded", "half_guarded", "wrong_row", "gone"), steward)
    table = AccessTable({**TABLE.rows, **rows, "reading": only(Role.STEWARD, reads=True)})
    assert undeclared(app, table) == [
        "get /forgotten: forgotten has no row",
        "post /open: unguarded is not guarded by its row",
        "post /half: half_guarded is not guarded by its row",
        "post /wrong: wrong_row is not guarded by its row",
        "post /reading: reading is declared as reading",
        "gone has no operation",
    ]
