"""The units of work behind the endpoints: a handler, the search at once, and the answer.

What a person posts is indexed in the unit that keeps it, and the answer is kept there too, for the
case that it does not reach them and they ask again.
"""

from typing import Any

import orjson

from services.directory import handlers
from services.directory.entries import Entry, fields_at_home, home_tag
from services.directory.handlers import Known, Withdrawn, entity, own_entity
from services.directory.index import index_now
from services.directory.search import Sight, unseen_nodes
from shared.etag import etag
from shared.idempotency import Answer, Answers, Asked
from shared.ids import NodeName
from shared.refusals import Missing
from shared.store import Work


def shown(work: Work, entity_id: str, *, node: NodeName, sight: Sight) -> tuple[bytes, str]:
    """Return an entity as the federation knows it, and its tag.

    Raises:
        Missing: there is none, or none that the asker may know of.
        Withdrawn: it has left.
    """
    known = entity(work, entity_id)
    if known is None or (known.network_only and not sight.network):
        raise Missing()
    if known.origin in unseen_nodes(work, sight):
        raise Missing()
    if known.withdrawn:
        raise Withdrawn()
    return _body(entity_id, known, node), _tag(known, node)


def at_home(work: Work, entity_id: str, *, node: NodeName) -> tuple[bytes, str]:
    """Return an own entity as it is kept at home, and its tag there.

    Raises:
        Missing, NotOurs, Withdrawn
    """
    known = own_entity(work, entity_id, node=node, reading=True)
    body = orjson.dumps(
        {
            "id": entity_id,
            "revision": known.revision,
            "visibility": _visibility(known),
            "profile": fields_at_home(known.profile, known.private),
        }
    )
    return body, home_tag(known.revision, known.private)


def create(work: Work, entry: Entry, *, answers: Answers, asked: Asked | None) -> Answer:
    """Enter an entity and answer with it.

    Raises:
        KeyReused
    """

    def do() -> Answer:
        handlers.list_entity(work, entry)
        node = NodeName(entry.entity_id.partition(":")[0])
        location = {"Location": f"entities/{entry.entity_id}"}
        return _changed(work, entry, node, status=201, headers=location)

    return answers.once(work, asked, do)


def amend(
    work: Work,
    entry: Entry,
    *,
    node: NodeName,
    if_match: str | None,
    answers: Answers,
    asked: Asked | None,
) -> Answer:
    """Amend an entity and answer with it.

    Raises:
        Missing, NotOurs, Withdrawn, MatchRequired, BadMatch, ChangedMeanwhile, KeyReused
    """

    def do() -> Answer:
        handlers.amend_entity(work, entry, node=node, if_match=if_match)
        return _changed(work, entry, node, status=200, headers={})

    return answers.once(work, asked, do)


def withdraw(
    work: Work,
    entity_id: str,
    *,
    node: NodeName,
    reason: str,
    if_match: str | None,
    answers: Answers,
    asked: Asked | None,
) -> Answer:
    """Withdraw an entity.

    Raises:
        Missing, NotOurs, Withdrawn, BadMatch, ChangedMeanwhile, KeyReused
    """

    def do() -> Answer:
        handlers.withdraw_entity(work, entity_id, node=node, if_match=if_match, reason=reason)
        return Answer(status=204)

    return answers.once(work, asked, do)


def _changed(
    work: Work, entry: Entry, node: NodeName, *, status: int, headers: dict[str, str]
) -> Answer:
    index_now(work, entry.entity_id)
    known = entity(work, entry.entity_id)
    assert known is not None
    # The tag is the one at home: it is what the next amendment has to name.
    tag = {"ETag": home_tag(known.revision, known.private)}
    return Answer(
        status=status, body=_body(entry.entity_id, known, node), headers={**headers, **tag}
    )


def _body(entity_id: str, known: Known, node: NodeName) -> bytes:
    told: dict[str, Any] = {
        "id": entity_id,
        "origin": known.origin,
        "own": known.origin == node,
        "revision": known.revision,
        "visibility": _visibility(known),
        "listed_at": known.listed_at,
        "changed_at": known.changed_at,
        "profile": orjson.Fragment(known.profile),
    }
    return orjson.dumps(told)


def _visibility(known: Known) -> str:
    return "network" if known.network_only else "federation"


def _tag(known: Known, node: NodeName) -> str:
    # Another node's entity may be taken in anew with the revision that it had.
    return etag(known.revision) if known.origin == node else etag(known.revision, known.changed_at)
