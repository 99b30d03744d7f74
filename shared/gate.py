"""The gate: how an application's endpoints are guarded by the rows of its access table.

``allowed("amend_entity")`` guards an endpoint; the OpenAPI document shows by which row. With it,
``undeclared`` finds what table and application lack, for each service's tests.
"""

from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from shared.access import ANYBODY, AccessTable, Caller, Gate, Role
from shared.refusals import Invalid, Missing

_SCHEME: Final = "token"


def install(app: FastAPI, gate: Gate) -> None:
    """Let an application's endpoints know who is asking."""
    app.state.gate = gate


_bearer: Final = HTTPBearer(
    scheme_name=_SCHEME, bearerFormat="JWT", description="A token of this node.", auto_error=False
)
_Token = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def caller_of(request: Request, token: _Token) -> Caller:
    """Return who is asking; a token that is shown must be good, even where none is needed."""
    gate: Gate = request.app.state.gate
    return gate.caller(token.credentials) if token else ANYBODY


CallerDep = Annotated[Caller, Depends(caller_of)]


def allowed(operation: str) -> Any:
    """Return the dependency that guards an endpoint by its row, and says who is asking.

    It stands in the decorator, ``dependencies=[allowed("list_posts")]``, or where the caller is
    wanted, ``caller: Annotated[Caller, allowed("amend_entity")]``. The OpenAPI document shows it.
    """

    async def guard(request: Request, caller: CallerDep) -> Caller:
        gate: Gate = request.app.state.gate
        gate.table.enter(caller, operation)
        _require_text(request)
        return caller

    return Security(guard, scopes=[operation])


def _require_text(request: Request) -> None:
    """Return quietly where an address is text; a NUL is none, and PostgreSQL takes it nowhere.

    Raises:
        Missing: it stands in the path, under which nothing can be.
        Invalid: it stands in what is asked.
    """
    if any("\0" in str(value) for value in request.path_params.values()):
        raise Missing()
    if any("\0" in value for value in request.query_params.values()):
        raise Invalid("a text has no NUL")


def undeclared(app: FastAPI, table: AccessTable) -> list[str]:
    """Return what is missing between an application's OpenAPI document and its table.

    That is: operations without a row, rows without an operation, operations that are not open to
    all and not guarded by their own row, and rows of reading whose operation is none.
    """
    missing: list[str] = []
    found: set[str] = set()
    for path, operations in app.openapi().get("paths", {}).items():
        for method, operation in operations.items():
            name = operation["operationId"]
            found.add(name)
            row = table.rows.get(name)
            guards = [one[_SCHEME] for one in operation.get("security", []) if _SCHEME in one]
            if row is None:
                missing.append(f"{method} {path}: {name} has no row")
            elif guards != [[name]] and (guards or Role.ANONYMOUS not in row.roles):
                missing.append(f"{method} {path}: {name} is not guarded by its row")
            elif row.reads and method not in {"get", "head"}:
                missing.append(f"{method} {path}: {name} is declared as reading")
    return missing + [f"{name} has no operation" for name in sorted(table.rows.keys() - found)]
