"""Importing: what becomes of the drafts of a list, in batches that each commit whole.

A list is known by the name of its source, an entity in it by its key. What the list said last time
is kept: of the next edition only what it says differently is taken over, so that what people have
amended here since then stays. The same file again changes nothing. What is missing from a later
edition is not withdrawn, and what was withdrawn here does not come back.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.directory.editions import merged, said_of
from services.directory.entries import Entry, entry_of, fields_at_home, home_tag
from services.directory.handlers import Withdrawn, amend_entity, list_entities, own_entity
from services.directory.import_accounts import Settled, keep_rows, progressed, row_of, told
from services.directory.importing.report import Outcome, RowIssue, rejection
from services.directory.intake import profile_of
from services.directory.tables import IMPORTED
from shared.canonical import trusted_canonical
from shared.ids import NodeName, global_id, uuid7
from shared.refusals import Kind, Missing, Refusal
from shared.store import Prepared, Work

# What reads lists is heavy, and most services run for weeks without reading one.
if TYPE_CHECKING:
    from services.directory.importing.drafting import Draft

BATCH_DRAFTS: Final = 250
"""Drafts that are written in one transaction: one page of the log holds as many events."""
WITHDRAWN_HERE: Final = "withdrawn-here"
"""The reason of a row whose entity was withdrawn here: the list does not bring it back."""
_HASH_LETTERS: Final = 16


class ImportsWaiting(Refusal):
    """More lists wait to be imported than may."""

    kind: ClassVar[Kind] = Kind.TOO_MANY
    slug: ClassVar[str] = "imports-waiting"
    title: ClassVar[str] = "Other lists are being imported; come again when one is done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A draft on its way into the directory.

    Args:
        entry: the new entity that it becomes, if the list has not spoken of it before.
        before: what the list said of it last time, and of which entity.
        issue: why it is refused, if it is.
    """

    place: int
    draft: "Draft"
    said: str
    entry: Entry | None = None
    before: "Before | None" = None
    issue: RowIssue | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """What a list said of an entity last time."""

    entity_id: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for all drafts of one import.

    Args:
        source: the list's own name.
        default_practice: the practice of entities that come with neither practice nor activity.
        network_only: whether new entities are the network's alone.
    """

    run: str
    node: NodeName
    source: str
    default_practice: str | None = None
    network_only: bool = False


_new_said = insert(IMPORTED)
_REMEMBER: Final = Prepared(
    _new_said.on_conflict_do_update(
        index_elements=("source", "source_key"),
        set_={
            "entity_id": _new_said.excluded.entity_id,
            "said": _new_said.excluded.said,
        },
    ),
    columns=("source", "source_key", "entity_id", "said"),
)


def known_of(work: Work, source: str, keys: Sequence[str]) -> dict[str, Before]:
    """Return what a list said last time of the entities with these keys."""
    rows = work.execute(
        select(IMPORTED.c.source_key, IMPORTED.c.entity_id, IMPORTED.c.said).where(
            IMPORTED.c.source == source, IMPORTED.c.source_key.in_(keys)
        )
    )
    return {row.source_key: Before(row.entity_id, row.said) for row in rows}


def items_of(
    drafts: Iterable["Draft"], known: Mapping[str, Before], terms: Terms, *, first: int
) -> list[Item]:
    """Return drafts ready to be written; new ones are checked and parted here, outside the writer.

    Args:
        first: the place of the first draft among all of the list.
    """
    items = []
    for place, draft in enumerate(drafts, first):
        item = Item(
            place=place,
            draft=draft,
            said=trusted_canonical(said_of(draft)).decode(),
            before=known.get(draft.source_key),
        )
        items.append(item if item.before else _new(item, terms))
    return items


def keep_batch(work: Work, items: Sequence[Item], terms: Terms, *, done: int) -> list[Settled]:
    """Write a batch of drafts and the account of it; return what became of each.

    Args:
        work: the unit.
        items: at most ``BATCH_DRAFTS``.
        terms: what holds for the whole import.
        done: how many rows of the list have been read so far.
    """
    list_entities(work, [item.entry for item in items if item.entry])
    settled = [_settled(work, item, terms) for item in items]
    work.run(
        _REMEMBER,
        [
            {
                "source": terms.source,
                "source_key": item.draft.source_key,
                "entity_id": one.entity_id,
                "said": item.said,
            }
            for item, one in zip(items, settled, strict=True)
            if one.outcome in (Outcome.CREATED, Outcome.UPDATED)
            or (one.outcome is Outcome.UNCHANGED and item.before and item.before.said != item.said)
        ],
    )
    keep_rows(
        work,
        [
            row_of(terms.run, item.place, item.draft.lines[0], one)
            for item, one in zip(items, settled, strict=True)
        ],
    )
    progressed(work, terms.run, done=done)
    return settled


def counted(settled: Iterable[Settled]) -> Counter[str]:
    """Return how many drafts came to which outcome."""
    return Counter(one.outcome.value for one in settled)


def _new(item: Item, terms: Terms) -> Item:
    fields = {**item.draft.fields, "contacts": item.draft.contacts}
    try:
        profile = profile_of(fields, needs="name", default_practice=terms.default_practice)
    except Refusal as refusal:
        return replace(item, issue=_refused(item.draft, refusal))
    entity_id = global_id(terms.node, uuid7())
    entry = entry_of(profile, entity_id=entity_id, network_only=terms.network_only)
    return replace(item, entry=entry)


def _settled(work: Work, item: Item, terms: Terms) -> Settled:
    issues = tuple(told(issue) for issue in item.draft.issues)
    if item.issue is not None:
        return Settled(Outcome.REJECTED, issues=(*issues, told(item.issue)))
    if item.entry is not None:
        return Settled(Outcome.CREATED, item.entry.entity_id, issues)
    assert item.before is not None
    entity_id = item.before.entity_id
    if item.before.said == item.said:
        return Settled(Outcome.UNCHANGED, entity_id, issues)
    try:
        outcome = _amended(work, item, item.before, terms)
    except (Withdrawn, Missing):
        return Settled(Outcome.REJECTED, entity_id, (*issues, _withdrawn_here(item.draft)))
    except Refusal as refusal:
        return Settled(Outcome.REJECTED, entity_id, (*issues, told(_refused(item.draft, refusal))))
    return Settled(outcome, entity_id, issues)


def _amended(work: Work, item: Item, before: Before, terms: Terms) -> Outcome:
    """Take over what the list says differently from last time.

    Raises:
        Refusal: the entity was withdrawn, or the profile would not be one any more.
    """
    known = own_entity(work, before.entity_id, node=terms.node)
    fields = merged(
        fields_at_home(known.profile, known.private), orjson.loads(before.said), item.draft
    )
    profile = profile_of(fields, needs="name", default_practice=terms.default_practice)
    entry = entry_of(profile, entity_id=before.entity_id, network_only=known.network_only)
    revision = amend_entity(work, entry, node=terms.node, seen=True)
    same = home_tag(revision, entry.private) == home_tag(known.revision, known.private)
    return Outcome.UNCHANGED if same else Outcome.UPDATED


def _refused(draft: "Draft", refusal: Refusal) -> RowIssue:
    return rejection(draft.lines[0], "field-refused", refusal.detail or refusal.title)


def _withdrawn_here(draft: "Draft") -> dict[str, Any]:
    return {
        "line": draft.lines[0],
        "column": "",
        "reason": WITHDRAWN_HERE,
        "severity": "rejected",
        "detail": "",
        "sentence": "the entity was withdrawn here; the list does not bring it back",
    }
