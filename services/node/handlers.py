"""What the node service tells of itself, each time with what it must remember of its own words.

Its own pages come back to it as receipts and not as news, so what it announces is remembered in the
same unit of work.
"""

from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError
from sqlalchemy import select

from services.node import projections, tables
from services.node.home import BadHome, NodeSettings
from shared.contracts.node import (
    CredentialRenewed,
    DescriptionPublished,
    LetterKeyAnnounced,
    Parent,
    PeerAdmitted,
    PeerCut,
    PeerLimited,
    PeerQuarantined,
)
from shared.contracts.peers import PeerDecided, PeerReceived, PeerReleased
from shared.ids import NodeName, ServiceName
from shared.log.trust import Trust
from shared.store import Work

Peer = PeerAdmitted | PeerReceived | PeerLimited | PeerQuarantined | PeerCut | PeerReleased


def next_revision(work: Work, last: int | None) -> int:
    """Return the revision of what is told next of a thing.

    It is at least the present moment in milliseconds, so that a node that was restored from a
    backup, and has forgotten what it told since, is still believed.

    Args:
        last: the last revision that is known here, if any.
    """
    return max((last or 0) + 1, int(work.now.timestamp() * 1000))


class Telling:
    """Announces events of the node log and remembers them here as others will remember them.

    Args:
        own: this node.
        trust: the registry of nodes in this service's database.
    """

    def __init__(self, own: NodeName, trust: Trust) -> None:
        self.own = own
        self.trust = trust

    def description(self, work: Work, event: DescriptionPublished) -> None:
        """Say who this node is."""
        work.announce(event)
        projections.keep_description(work, event, origin=self.own, at=work.moment)

    def peer(self, work: Work, event: Peer) -> None:
        """Say how a node stands with this hub.

        Raises:
            NotItsChild, NameTaken, NotReleased: this hub has no say on that node.
        """
        # The registry decides first, so that nothing is told which the others would refuse.
        if isinstance(event, PeerAdmitted):
            self.trust.admitted(work, event, origin=self.own)
        elif isinstance(event, PeerReceived):
            self.trust.received(work, event, origin=self.own)
        elif isinstance(event, PeerReleased):
            projections.keep_release(work, event, origin=self.own)
        else:
            self.trust.standing_changed(work, event, origin=self.own)
        event_id = work.announce(event)
        projections.keep_happening(
            work,
            projections.WHAT[type(event)],
            event_id=str(event_id),
            node=event.node,
            by=self.own,
            at=work.moment,
        )

    def decided(self, work: Work, event: PeerDecided) -> None:
        """Say on whose word this hub has acted on a node, and why."""
        work.announce(event)
        projections.keep_decision(work, event, origin=self.own, at=work.moment)

    def credential(
        self, work: Work, event: CredentialRenewed, *, epochs: Mapping[ServiceName, int]
    ) -> None:
        """Hand a member its credential for the leaf link, issued for these epochs of its logs."""
        work.announce(event)
        projections.keep_credential(work, event, epochs=epochs)

    def letter_key(self, work: Work, event: LetterKeyAnnounced) -> None:
        """Say under which key a service of this node can be written to."""
        work.announce(event)
        self.trust.letter_key(work, event, origin=self.own)


def described(
    settings: NodeSettings,
    *,
    services: Sequence[str],
    release: str,
    parent: Parent | None,
    revision: int,
) -> DescriptionPublished:
    """Return what a node says of itself.

    Args:
        settings: the node's own.
        services: those that run here.
        release: the release of the software.
        parent: the hub to which the node is joined.
        revision: one more than that of the last description.

    Raises:
        BadHome: the settings say what no description may, a name that is too long for example.
    """
    said = {
        "node": settings.name,
        "revision": revision,
        "continent": settings.continent,
        "level": settings.level.value,
        "names": settings.names,
        "languages": list(settings.languages),
        "services": list(services),
        "host": settings.host,
        "release": release,
        "parent": parent,
    }
    try:
        return DescriptionPublished.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadHome(f"twiza.toml: {where}: {first['msg']}") from error


def describe(
    work: Work, telling: Telling, describing: Callable[[int], DescriptionPublished]
) -> bool:
    """Publish the node's description where it has changed; return whether it had.

    Args:
        describing: returns the description of a revision.
    """
    table = tables.description
    row = work.execute(select(table).where(table.c.node == telling.own)).one_or_none()
    event = describing(next_revision(work, row.revision if row else None))
    if row is not None:
        last = DescriptionPublished.model_validate_json(row.body)
        if last.model_copy(update={"revision": event.revision}) == event:
            return False
    telling.description(work, event)
    return True
