"""What is shown of associations."""

from typing import Any

from services.governance.api_association_models import (
    AssociationItem,
    AssociationOut,
    ChangeOut,
    CharterOut,
    MemberOut,
    WordOut,
)
from services.governance.association_rows import association_at, root_keys
from services.governance.federated.associations import Association
from services.governance.federated.charter import Rights
from services.governance.federated.membership import Change, MembershipState
from services.governance.federated_rows import facts_of, text_of
from shared.clock import stamp
from shared.contracts.charters import CharterPublished
from shared.refusals import Missing
from shared.store import Work


def item(work: Work, association: str, node: str) -> AssociationItem:
    """Return an association as lists show it.

    Args:
        node: this network.
    """
    return AssociationItem(**_item(association_at(work, association, work.now), node))


def whole(work: Work, association: str, node: str) -> AssociationOut:
    """Return an association, whole.

    Raises:
        Missing
    """
    found = association_at(work, association, work.now)
    numbers = {one.hash: one.number for one in found.versions}
    return AssociationOut(
        **_item(found, node),
        charter_hash=found.charter.hash if found.charter else "",
        voters=list(found.voters),
        signed={
            name: sorted(numbers[one] for one in those if one in numbers)
            for name, those in sorted(found.signed.items())
        },
        passed=dict(found.passed),
        in_doubt=sorted(key for key, one in found.effects.items() if one.in_doubt),
    )


def charter(work: Work, association: str, number: int) -> CharterOut:
    """Return a version of a charter, or that in force.

    Raises:
        Missing
    """
    found = association_at(work, association, work.now)
    those = [one for one in found.versions if one.number == number] if number else [found.charter]
    if not those or those[0] is None:
        raise Missing()
    version = those[0]
    causes = [
        one.event.cause
        for one in facts_of(work, association)
        if isinstance(one.event, CharterPublished) and one.event.charter_hash == version.hash
    ]
    texts = {tag: text_of(work, hash_) for tag, hash_ in sorted(version.texts.items())}
    return CharterOut(
        charter=version,
        charter_hash=version.hash,
        number=version.number,
        texts={tag: text for tag, text in texts.items() if text is not None},
        certified_by=next((one for one in causes if one), ""),
    )


def members(work: Work, association: str) -> list[MemberOut]:
    """Return how each network belongs, by name; those that have another name now, too.

    Raises:
        Missing
    """
    found = association_at(work, association, work.now)
    known = root_keys(work)
    names = sorted({*found.members, *found.applications, *found.replaced})
    return [_member(found, name, known.get(name, "")) for name in names]


def words(work: Work, association: str) -> list[WordOut]:
    """Return what the keeper has told, by network and revision.

    Raises:
        Missing
    """
    found = association_at(work, association, work.now)
    return [
        WordOut(
            network=one.node,
            revision=one.revision,
            what=one.what,
            ground=one.cause.ground,
            ballot=one.cause.ballot,
            outcome=one.cause.outcome,
            valid_from=one.valid_from,
            until=one.until or "",
            appeal_until=one.appeal_until or "",
        )
        for _, those in sorted(found.told.items())
        for one in those
    ]


def _item(found: Association, node: str) -> dict[str, Any]:
    charter_now = found.charter
    return {
        "id": found.id,
        "names": dict(charter_now.names) if charter_now else {},
        "keeper": found.keeper,
        "number": charter_now.number if charter_now else 0,
        "newest": found.versions[-1].number if found.versions else 0,
        "members": sum(one.state is MembershipState.MEMBER for one in found.members.values()),
        "state": found.state_of(node).value,
        "rights": found.rights.get(node, Rights.NONE).value,
    }


def _member(found: Association, network: str, known_key: str) -> MemberOut:
    belongs, asked = found.members.get(network), found.applications.get(network)
    return MemberOut(
        network=network,
        names=dict(asked.names) if asked else {},
        state=found.state_of(network).value,
        rights=found.rights.get(network, Rights.NONE).value,
        since=stamp(belongs.since) if belongs and belongs.since else "",
        until=stamp(belongs.until) if belongs and belongs.until else "",
        root_key=asked.root_key if asked else known_key,
        software=not found.keeps(network),
        sponsors=list(found.sponsors.get(network, ())),
        replaced=found.replaced.get(network, ""),
        history=[_change(one) for one in belongs.history] if belongs else [],
    )


def _change(one: Change) -> ChangeOut:
    return ChangeOut(
        became=one.became.value,
        at=stamp(one.at),
        ballot=one.cause.ballot_id if one.cause else "",
        until=stamp(one.until) if one.until else "",
    )
