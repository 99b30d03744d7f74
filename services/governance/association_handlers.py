"""What can happen to a charter: it is published, signed by networks, changed, and left.

A signature is the network's own, by the key of its service of decisions; its stewards give it on
the ground of a decision of the network's members, which is kept beside it.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert

from services.governance import decision_rows
from services.governance.association_refusals import (
    NotKeptHere,
    TextLacking,
    VersionNotDecided,
)
from services.governance.association_rows import association_at
from services.governance.federated.associations import Association, decides_version
from services.governance.federated.charter import BadCharter, Charter
from services.governance.federated_desk import UNSIGNED, FederatedDesk
from services.governance.federated_handlers import ADOPTED
from services.governance.federated_refusals import NoLocalDecision, NoSuchCharter, NotOurs
from services.governance.federated_rows import facts_of, state_of, text_hash
from services.governance.tables.associations import GROUND
from shared.contracts.charters import CharterAdopted, CharterLeft, CharterPublished
from shared.ids import global_id, new_uuid7
from shared.refusals import Missing
from shared.store import Prepared, Work

Draft = Mapping[str, Any]
"""The fields of a charter as people write them: all but those that follow from the others."""

_GROUND: Final = Prepared(
    insert(GROUND).on_conflict_do_nothing(), columns=[column.name for column in GROUND.c]
)


def found(work: Work, desk: FederatedDesk, draft: Draft, texts: Mapping[str, str]) -> Charter:
    """Begin an association that this network keeps: publish the first version of its charter.

    Args:
        draft: the charter without association, number, previous and the hashes of its texts.
        texts: by language, whole.

    Raises:
        BadCharter, TextLacking
    """
    association = global_id(desk.node, new_uuid7())
    charter = charter_from(draft, texts, association=association, number=1, previous="")
    if desk.node not in charter.founders:
        raise BadCharter("the network that keeps an association is one of its founders")
    _publish(work, desk, charter, texts, cause=None)
    return charter


def change(
    work: Work,
    desk: FederatedDesk,
    association: str,
    draft: Draft,
    texts: Mapping[str, str],
    *,
    cause: str,
) -> Charter:
    """Publish a further version of a charter, on which a certified ballot has decided.

    Args:
        cause: the ballot.

    Raises:
        Missing, NotKeptHere, BadCharter, TextLacking
        VersionNotDecided: the ballot is not certified, or has decided on another text.
    """
    before = kept_here(work, desk, association)
    charter = next_version(before, draft, texts)
    if not decides_version(state_of(work, cause), charter, work.now):
        raise VersionNotDecided()
    _publish(work, desk, charter, texts, cause=cause)
    return charter


def next_version(before: Association, draft: Draft, texts: Mapping[str, str]) -> Charter:
    """Return the version that would follow the newest one, as a draft says it.

    Raises:
        BadCharter, TextLacking
    """
    newest = before.versions[-1]
    fields = {"founders": newest.founders, "names": newest.names} | dict(draft)
    return charter_from(
        fields, texts, association=before.id, number=newest.number + 1, previous=newest.hash
    )


def charter_from(draft: Draft, texts: Mapping[str, str], **fixed: Any) -> Charter:
    """Return a charter of a draft and its texts.

    Raises:
        BadCharter: it is none; the detail says what is wrong first.
        TextLacking: a language has no text.
    """
    hashes = {language: text_hash(text) for language, text in texts.items() if text.strip()}
    languages = tuple(draft.get("languages") or hashes)
    if not languages or set(hashes) != set(languages):
        raise TextLacking(languages=sorted(set(languages) ^ set(hashes)))
    try:
        return Charter.model_validate({"languages": languages, **draft, "texts": hashes, **fixed})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadCharter(f"{place}: {first['msg']}"[:300]) from error


def _publish(
    work: Work,
    desk: FederatedDesk,
    charter: Charter,
    texts: Mapping[str, str],
    *,
    cause: str | None,
) -> None:
    for language in charter.languages:
        desk.tell_text(work, charter.association, language, texts[language])
    desk.tell(
        work,
        CharterPublished(
            association=charter.association,
            node=desk.node,
            number=charter.number,
            charter=charter.as_data(),
            charter_hash=charter.hash,
            cause=cause,
        ),
    )


def kept_here(work: Work, desk: FederatedDesk, association: str) -> Association:
    """Return an association that this network keeps.

    Raises:
        Missing, NotKeptHere
    """
    before = association_at(work, association, work.now)
    if before.keeper != desk.node:
        raise NotKeptHere(before.keeper)
    return before


def adopt(
    work: Work,
    desk: FederatedDesk,
    association: str,
    *,
    number: int,
    charter_hash: str,
    decision: str,
    steward: str,
    network: str = "",
) -> bool:
    """Sign a version of a charter for this network, or for one that it keeps; return whether it is.

    Said twice it changes nothing. A network that has no line yet signs what it has on paper: it
    names number and hash, and what it signs is compared when it is heard.

    Args:
        decision: of this network, adopted, on whose ground it signs.
        network: without software, for which this network speaks.

    Raises:
        NoSuchCharter: the association is known here, and has no such version.
        NoLocalDecision, NotOurs
    """
    require_decision(work, decision)
    facts = facts_of(work, association)
    versions = {
        (one.event.number, one.event.charter_hash)
        for one in facts
        if isinstance(one.event, CharterPublished)
    }
    if versions and (number, charter_hash) not in versions:
        raise NoSuchCharter()
    leg = None if network in ("", desk.node) else network
    if leg is not None:
        require_speaks(work, desk, association, leg)
    if signed_since_leaving(work, association, desk.node, leg, charter_hash):
        return False
    event = CharterAdopted(
        association=association,
        node=desk.node,
        leg=leg,
        number=number,
        charter_hash=charter_hash,
        adopted_at=work.moment,
        signature=UNSIGNED,
    )
    desk.tell_signed(work, event)
    _note_ground(work, association, leg or desk.node, "adopted", number, decision, steward)
    return True


def leave(
    work: Work,
    desk: FederatedDesk,
    association: str,
    *,
    decision: str,
    steward: str,
    network: str = "",
) -> None:
    """Leave an association as this network, or have one leave that it keeps; nobody has to agree.

    Raises:
        Missing: it belongs to no such association.
        NoLocalDecision, NotOurs
    """
    require_decision(work, decision)
    leg = None if network in ("", desk.node) else network
    if leg is not None:
        require_speaks(work, desk, association, leg)
    facts = facts_of(work, association)
    if not any(
        isinstance(one.event, CharterAdopted)
        and (one.event.leg or one.event.node) == (leg or desk.node)
        for one in facts
    ):
        raise Missing()
    event = CharterLeft(association=association, node=desk.node, leg=leg, left_at=work.moment)
    desk.tell(work, event)
    _note_ground(work, association, leg or desk.node, "left", 0, decision, steward)


def signed_since_leaving(
    work: Work, association: str, node: str, leg: str | None, charter_hash: str
) -> bool:
    """Return whether a network has signed a version and not left since."""
    events = [one.event for one in facts_of(work, association) if one.teller == node]
    left = [one.left_at for one in events if isinstance(one, CharterLeft) and one.leg == leg]
    return any(
        isinstance(one, CharterAdopted)
        and (one.leg, one.charter_hash) == (leg, charter_hash)
        and one.adopted_at > max(left, default="")
        for one in events
    )


def require_speaks(work: Work, desk: FederatedDesk, association: str, network: str) -> None:
    """Return quietly where this network speaks for another one, which has no software.

    Raises:
        Missing, NotOurs
    """
    before = association_at(work, association, work.now)
    if before.keeper != desk.node or not before.keeps(network):
        raise NotOurs("who keeps an association speaks for those whose paper was entered")


def require_decision(work: Work, decision: str) -> None:
    """Return quietly where a decision of this network was adopted.

    Raises:
        NoLocalDecision
    """
    try:
        kept = decision_rows.kept(work, decision).decision
    except Missing as error:
        raise NoLocalDecision() from error
    if kept.closed is None or kept.closed.outcome not in ADOPTED:
        raise NoLocalDecision()


def _note_ground(
    work: Work,
    association: str,
    network: str,
    what: str,
    number: int,
    decision: str,
    steward: str,
) -> None:
    row = {
        "association": association,
        "network": network,
        "what": what,
        "number": number,
        "at": work.moment,
        "decision": decision,
        "steward": steward,
    }
    work.run(_GROUND, row)
