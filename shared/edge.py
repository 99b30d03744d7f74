"""What the requests of every service have in common: pages of lists, and conditions."""

from typing import Annotated, Final

from fastapi import Header, Query
from starlette.responses import Response

from shared.paging import CURSOR_LENGTH_MAX, PAGE_SIZE_MAX

CONDITION_LENGTH_MAX: Final = 4_096

SizeQuery = Annotated[
    int, Query(alias="size", ge=1, le=PAGE_SIZE_MAX, description="How many rows a page has.")
]
AfterQuery = Annotated[
    str | None,
    Query(alias="after", max_length=CURSOR_LENGTH_MAX, description="The page before said `next`."),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=CONDITION_LENGTH_MAX,
        description="The ETag of the thing as you read it; it is changed only if it is that still.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        max_length=CONDITION_LENGTH_MAX,
        description="ETags of what you have; the answer is 304 when one of them is current.",
    ),
]


def not_modified(current: str) -> Response:
    """Return the answer to somebody who has the thing already."""
    return Response(status_code=304, headers={"ETag": current})
