"""What a directory tells of its register: persons, members, and mandates to act for an entity.

It is told on the private log only, and holds pseudonymous ids: no name, no address, no note ever
enters it. What people wish to say of their gender is theirs to say, and leaves with them. Each
event carries the whole state of what it tells of.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from shared.contracts.directory import EntityId, Revision
from shared.contracts.fields import Day
from shared.contracts.rings import Stamp
from shared.events import Event, Log, published

PersonId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
"""A person under a pseudonym of this node: the bearer of their tokens."""
MemberId = Annotated[
    str,
    StringConstraints(pattern=r"^([a-z0-9][a-z0-9-]{0,63}|[a-z0-9-]{1,32}:[0-9a-f-]{36})$"),
]
"""A person, or an entity, which has a colon in its id."""
MandateId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")]
Group = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
"""A kind of members, as ``worker``, ``user``, ``supporter``; rules name it as an electorate."""
Giver = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9:._-]{0,127}$")]
"""Who gave or recorded something: a person, a program or a service, or a decision by its id."""
Gender = Literal["woman", "man", "other"]
Standing = Literal["full", "observer"]
"""An observer is in the register and in no roll."""


class _PersonTold(Event):
    log: ClassVar[Log] = Log.PRIVATE
    about_field: ClassVar[str] = "person_id"

    person_id: PersonId
    revision: Revision


@published
class PersonEntered(_PersonTold):
    """A person is in the register; told again when what they have declared changes.

    Args:
        since: when they were entered.
        gender: as they themselves declare it, and only if they wish.
        worker: whether they work in an enterprise of the network.
        worker_since: since when, as far as it is known.
    """

    kind: ClassVar[str] = "directory.person.entered"
    version: ClassVar[int] = 1

    since: Stamp
    gender: Gender | None = None
    worker: bool = False
    worker_since: Day | None = None


@published
class PersonLeft(_PersonTold):
    """A person has left the register; of what they have declared nothing is kept."""

    kind: ClassVar[str] = "directory.person.left"
    version: ClassVar[int] = 1

    left_at: Stamp


class _MemberTold(Event):
    log: ClassVar[Log] = Log.PRIVATE
    about_field: ClassVar[str] = "member_id"

    member_id: MemberId
    revision: Revision
    since: Stamp


@published
class MemberAdmitted(_MemberTold):
    """A person or an entity is a member; told again when its standing or its groups change."""

    kind: ClassVar[str] = "directory.member.admitted"
    version: ClassVar[int] = 1

    standing: Standing
    groups: tuple[Group, ...] = Field(default=(), max_length=20)


@published
class MemberLeft(_MemberTold):
    """A person or an entity is a member no more."""

    kind: ClassVar[str] = "directory.member.left"
    version: ClassVar[int] = 1

    left_at: Stamp
    reason: Literal["left", "excluded", "person-left", "entity-withdrawn"] = "left"


class _MandateTold(Event):
    log: ClassVar[Log] = Log.PRIVATE
    about_field: ClassVar[str] = "mandate_id"

    mandate_id: MandateId
    revision: Revision
    person_id: PersonId
    entity_id: EntityId
    begins: Stamp
    ends: Stamp | None = None
    """The end of the term, where it has one."""
    given_by: Giver


@published
class MandateGiven(_MandateTold):
    """A person may act for an entity, from a moment until the end of the term."""

    kind: ClassVar[str] = "directory.mandate.given"
    version: ClassVar[int] = 1


@published
class MandateEnded(_MandateTold):
    """A mandate has ended before its term, or one without a term has ended."""

    kind: ClassVar[str] = "directory.mandate.ended"
    version: ClassVar[int] = 1

    ended_at: Stamp
    reason: Literal["ended", "resigned", "revoked", "person-left", "entity-withdrawn"] = "ended"
