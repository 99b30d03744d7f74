"""How facts of ballots between networks are kept and found again, and what ballots they make."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from services.governance.federated.ballot import Ballot, folded
from services.governance.federated.facts import Fact, Keys, told
from services.governance.tables.base import LOG
from services.governance.tables.federated import FACT, FEDERATED, KEY, WORDS
from shared.canonical import canonical
from shared.contracts.associations import TextTold
from shared.contracts.charters import CharterAdopted, CharterLeft, CharterPublished
from shared.contracts.decisions import DecisionNoticed, DecisionTold
from shared.contracts.preparations import DecisionPrepared
from shared.events import Event, read
from shared.log.certificates import read_certificate
from shared.refusals import Missing
from shared.store import Prepared, Work

GOVERNANCE: Final = "governance"
ABOUT_CHARTERS: Final = (CharterPublished, CharterAdopted, CharterLeft)
_CHARTER_KINDS: Final = frozenset(kind.kind for kind in ABOUT_CHARTERS)


class Place(NamedTuple):
    """Where an event was told: its id, and its page of its teller's public log."""

    event_id: str
    epoch: int = 0
    number: int = 0


_FACT_COLUMNS: Final = tuple(column.name for column in FACT.c)
_KEEP: Final = Prepared(insert(FACT).on_conflict_do_nothing(), columns=_FACT_COLUMNS)
_ABOUT: Final = Prepared(
    select(FACT.c.teller, FACT.c.kind, FACT.c.version, FACT.c.body)
    .where(FACT.c.about == bindparam("of_about"))
    .order_by(FACT.c.key)
)
_new = insert(FEDERATED)
_MARK: Final = Prepared(
    _new.on_conflict_do_update(index_elements=("id",), set_={"changed": 1}),
    columns=("id", "changed"),
)
_FOLLOWS: Final = Prepared(
    update(FEDERATED)
    .where(FEDERATED.c.id == bindparam("of_id"))
    .values(follows=bindparam("new_follows"), association=bindparam("new_association"))
)
_CONCERNED: Final = Prepared(
    select(FEDERATED.c.id).where(FEDERATED.c.association == bindparam("of_association"))
)
_FOLLOWING: Final = Prepared(
    select(FEDERATED.c.id).where(FEDERATED.c.follows == bindparam("of_ballot"))
)
_HELD: Final = Prepared(
    select(FEDERATED.c.id).where(FEDERATED.c.id == bindparam("of_id")).with_for_update()
)
_OWN_KEY: Final = Prepared(insert(KEY).on_conflict_do_nothing(), columns=("node", "key"))
_OWN_KEYS: Final = Prepared(select(KEY.c.node, KEY.c.key))
_peer = LOG.peer_pages
_PEER_CERTIFICATES: Final = Prepared(
    select(FACT.c.teller, _peer.c.certificate)
    .distinct()
    .join(
        _peer,
        (_peer.c.node == FACT.c.teller)
        & (_peer.c.service == GOVERNANCE)
        & (_peer.c.log == "public")
        & (_peer.c.epoch == FACT.c.epoch)
        & (_peer.c.number == FACT.c.number),
    )
    .where(FACT.c.about == bindparam("of_about"))
)
_KEEP_WORDS: Final = Prepared(
    insert(WORDS).on_conflict_do_nothing(), columns=[column.name for column in WORDS.c]
)
_WORDS: Final = Prepared(
    select(WORDS.c.language, WORDS.c.text).where(WORDS.c.hash == bindparam("of_hash"))
)


def announce(work: Work, node: str, event: Event) -> str:
    """Tell an event of this network, and keep it as a fact in the same unit; return its id."""
    event_id = work.announce(event)
    if isinstance(event, TextTold):
        keep_text(work, node, event)
    else:
        keep_fact(work, told(node, event), Place(event_id))
    return event_id


def keep_fact(
    work: Work, fact: Fact, place: Place, *, data: Mapping[str, Any] | None = None
) -> bool:
    """Keep a fact, and have all ballots looked at again that it concerns; return whether it is new.

    Args:
        place: where it was told.
        data: its fields as they were signed, with those that this release does not know.
    """
    return bool(keep_facts(work, [(fact, place, data)]))


def keep_facts(
    work: Work, facts: Iterable[tuple[Fact, Place, Mapping[str, Any] | None]]
) -> list[Fact]:
    """Keep facts, and have all ballots looked at again that they concern; return the new ones."""
    new = [fact for fact, place, data in facts if work.run(_KEEP, _row(work, fact, place, data))]
    ballots: set[str] = set()
    associations: set[str] = set()
    named: dict[str, DecisionNoticed | DecisionPrepared] = {}
    for fact in new:
        event, about = fact.event, about_of(fact.event)
        if not isinstance(event, DecisionTold):
            associations.add(about)
            continue
        ballots |= {about, *_ids(work, _FOLLOWING, of_ballot=about)}
        if isinstance(event, DecisionNoticed | DecisionPrepared):
            named[about] = event
    mark(work, ballots, associations=associations)
    for ballot_id, said in sorted(named.items()):
        follows = getattr(said, "follows", None) or ""
        row = {"of_id": ballot_id, "new_association": said.association, "new_follows": follows}
        work.run(_FOLLOWS, row)
    return new


def mark(work: Work, ballots: Iterable[str], *, associations: Iterable[str] = ()) -> None:
    """Have ballots looked at again, and all that associations have called."""
    concerned = set(ballots)
    for one in associations:
        concerned.update(_ids(work, _CONCERNED, of_association=one))
    # In one order everywhere, so that two units never wait for each other.
    for ballot_id in sorted(concerned):
        work.run(_MARK, {"id": ballot_id, "changed": 1})


def about_of(event: Event) -> str:
    """Return the ballot or the association under which an event is kept."""
    ballot_id: str | None = getattr(event, "ballot_id", None)
    association: str = getattr(event, "association", "")
    return ballot_id or association


def facts_of(work: Work, about: str) -> list[Fact]:
    """Return all facts that were told of a ballot, or of an association and its charter."""
    return [
        _fact(teller, kind, version, body)
        for teller, kind, version, body in work.rows(_ABOUT, {"of_about": about})
    ]


def facts_behind(work: Work, ballot_id: str) -> list[Fact]:
    """Return all facts that a ballot's fold needs: of it, of what it follows, and of charters."""
    own = facts_of(work, ballot_id)
    notices = [fact.event for fact in own if isinstance(fact.event, DecisionNoticed)]
    found = list(own)
    for association in sorted({one.association for one in notices}):
        found += [one for one in facts_of(work, association) if one.event.kind in _CHARTER_KINDS]
    for follows in sorted({one.follows for one in notices if one.follows} - {ballot_id}):
        found += facts_of(work, follows)
    return found


def state_of(work: Work, ballot_id: str) -> Ballot:
    """Return a ballot as the facts that this node has make it."""
    facts = facts_behind(work, ballot_id)
    return made_of(ballot_id, facts, keys_of(work, facts))


def made_of(ballot_id: str, facts: Sequence[Fact], keys: Keys) -> Ballot:
    """Return the ballot that facts make; what was made of the same ones is remembered."""
    those = tuple((node, tuple(keys[node])) for node in sorted(keys))
    return _made(ballot_id, frozenset(facts), those)


def keys_of(work: Work, facts: Iterable[Fact]) -> dict[str, tuple[str, ...]]:
    """Return by network the keys that its service of decisions has had, as far as facts need them.

    A key is that of a page in which the network has told one of these facts, which its root key has
    certified; the door has looked at that. This network's own keys are known since it signs.
    """
    found: dict[str, set[str]] = {}
    for node, key in work.rows(_OWN_KEYS, {}):
        found.setdefault(node, set()).add(key)
    for about in sorted({about_of(fact.event) for fact in facts}):
        for node, text in work.rows(_PEER_CERTIFICATES, {"of_about": about}):
            certificate, _, _ = read_certificate(text)
            found.setdefault(node, set()).add(certificate.key)
    return {node: tuple(sorted(those)) for node, those in found.items()}


def note_key(work: Work, node: str, key: str) -> None:
    """Note a key by which this network signs from now on."""
    work.run(_OWN_KEY, {"node": node, "key": key})


def held(work: Work, ballot_id: str) -> None:
    """Keep other units from changing a ballot until this one ends.

    Raises:
        Missing: nothing was told of it.
    """
    if not work.rows(_HELD, {"of_id": ballot_id}):
        raise Missing()


def keep_text(work: Work, teller: str, event: TextTold) -> None:
    """Keep a text that was told, by its hash."""
    row = {"hash": text_hash(event.text), "teller": teller, "association": event.association}
    work.run(_KEEP_WORDS, row | {"language": event.language, "text": event.text})


def text_of(work: Work, wanted: str) -> str | None:
    """Return the text that has a hash, whoever told it, or None where nobody has."""
    found = work.rows(_WORDS, {"of_hash": wanted})
    return str(found[0][1]) if found else None


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes, in hex, by which facts name it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _ids(work: Work, prepared: Prepared, **wanted: str) -> Collection[str]:
    return [row[0] for row in work.rows(prepared, wanted)]


def _row(work: Work, fact: Fact, place: Place, data: Mapping[str, Any] | None) -> Mapping[str, Any]:
    event = fact.event
    body = data if data is not None else event.model_dump(mode="json", exclude_defaults=True)
    return {
        "key": fact.key,
        "about": about_of(event),
        "teller": fact.teller,
        "kind": event.kind,
        "version": event.version,
        "body": canonical(dict(body)).decode(),
        "event_id": place.event_id,
        "epoch": place.epoch,
        "number": place.number,
        "arrived_at": work.moment,
    }


@lru_cache(maxsize=32_768)
def _fact(teller: str, kind: str, version: int, body: str) -> Fact:
    """Return a fact as it was kept; what was read once need not be checked again."""
    return told(teller, read(kind, version, orjson.loads(body)))


@lru_cache(maxsize=64)
def _made(
    ballot_id: str, facts: frozenset[Fact], keys: tuple[tuple[str, tuple[str, ...]], ...]
) -> Ballot:
    return folded(ballot_id, facts, keys=dict(keys))
