"""What a directory tells: its entities, with their whole public profile each time."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.contracts.profile import PublicProfile
from shared.events import Event, Log, published

EntityId = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}:[0-9a-f-]{36}$")]
Revision = Annotated[int, Field(ge=1, le=2**53 - 1, strict=True)]


class _EntityTold(Event):
    about_field: ClassVar[str] = "entity_id"

    entity_id: EntityId
    revision: Revision


@published
class EntityListed(_EntityTold):
    """An entity has joined the directory of a network."""

    kind: ClassVar[str] = "directory.entity.listed"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC

    profile: PublicProfile


@published
class EntityAmended(_EntityTold):
    """An entity's profile has changed; the whole of it is told."""

    kind: ClassVar[str] = "directory.entity.amended"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC

    profile: PublicProfile


@published
class EntityWithdrawn(_EntityTold):
    """An entity has left the directory; its revision stays as a tombstone."""

    kind: ClassVar[str] = "directory.entity.withdrawn"
    version: ClassVar[int] = 1
    log: ClassVar[Log] = Log.PUBLIC

    reason: str = Field(default="", max_length=200)
