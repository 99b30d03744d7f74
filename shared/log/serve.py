"""What every service serves of its logs over HTTP: its pages, and where it stands in others'."""

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, ClassVar, Final

import httpx
import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response

from shared.bus import BusUnreachable, Delivered
from shared.events import Log
from shared.log.desk import LogDesk
from shared.log.names import LogName
from shared.log.page import CERTIFICATE_HEADER, SIGNATURE_HEADER, SealedPage
from shared.log.repair import PAGES_A_TIME, Fetch
from shared.problems import refusals
from shared.refusals import Kind, Refusal

MEDIA_TYPE: Final = "application/x-ndjson"
FETCH_TIMEOUT_S: Final = 10.0

After = Annotated[int, Query(ge=0, le=2**53 - 1, description="the last page already had")]
Most = Annotated[int, Query(ge=1, le=PAGES_A_TIME, description="how many pages at most")]


class PrivateLog(Refusal):
    """Somebody outside the node asked for a private log."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "private-log"
    title: ClassVar[str] = "A private log is read by the services of its own node"


def log_router(
    desk_of: Callable[[], LogDesk], *, public: Any, private: Any, standing: Any = None
) -> APIRouter:
    """Return the routes ``/log/...`` of a service.

    Args:
        desk_of: gives the service's log desk when a request comes.
        public: the dependency that lets a caller read the public log.
        private: the dependency that lets a caller read the private log.
        standing: the one that lets a caller see where the logs stand; as for the private log where
            nothing is said.
    """
    router = APIRouter(prefix="/log", tags=["log"])

    async def pages(log: Log, epoch: int, after: int, most: int) -> Response:
        desk = desk_of()
        found = await desk.store.read(desk.sealer.pages, log, epoch=epoch, after=after, most=most)
        return Response(b"".join(page_line(page) for page in found), media_type=MEDIA_TYPE)

    @router.get(
        "/public/{epoch}/pages",
        operation_id="read_public_log",
        dependencies=[public],
        response_class=Response,
    )
    async def public_pages(epoch: int, after: After = 0, most: Most = PAGES_A_TIME) -> Response:
        """Return sealed pages of the public log after a number, one JSON object a line."""
        return await pages(Log.PUBLIC, epoch, after, most)

    @router.get(
        "/private/{epoch}/pages",
        operation_id="read_private_log",
        dependencies=[private],
        responses=refusals(PrivateLog),
        response_class=Response,
    )
    async def private_pages(epoch: int, after: After = 0, most: Most = PAGES_A_TIME) -> Response:
        """Return sealed pages of the private log, to the node's own services."""
        return await pages(Log.PRIVATE, epoch, after, most)

    @router.get("/standing", operation_id="read_log_standing", dependencies=[standing or private])
    async def where_logs_stand() -> dict[str, Any]:
        """Return where this service's own logs and those that it follows stand."""
        return await desk_of().standing()

    return router


def page_line(page: SealedPage) -> bytes:
    """Return a page as a line: its bytes in base64 with signature and certificate."""
    return orjson.dumps(
        {
            "bytes": b64encode(page.data).decode("ascii"),
            "signature": page.signature,
            "certificate": page.certificate,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def fetch_over_http(client: httpx.AsyncClient, url_of: Callable[[LogName], str]) -> Fetch:
    """Return the fetch that asks a sibling service of the same node.

    Args:
        client: carries the service's own token.
        url_of: the base address of the service to which a log belongs.
    """

    async def fetch(name: LogName, epoch: int, after: int) -> AsyncIterator[Delivered]:
        # The epoch that is read may have ended: the next one's first page may be what is missing.
        for wanted, start in ((epoch, after), (epoch + 1, 0)):
            url = f"{url_of(name)}/log/{name.log.value}/{wanted}/pages"
            try:
                answer = await client.get(url, params={"after": start}, timeout=FETCH_TIMEOUT_S)
                answer.raise_for_status()
            except httpx.HTTPError as error:
                raise BusUnreachable(f"{name}: {type(error).__name__}") from error
            for line in answer.content.splitlines():
                page = orjson.loads(line)
                yield Delivered(
                    0,
                    "",
                    b64decode(page["bytes"]),
                    {
                        SIGNATURE_HEADER: page["signature"],
                        CERTIFICATE_HEADER: page["certificate"],
                    },
                )

    return fetch
