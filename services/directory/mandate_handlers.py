"""What can happen to mandates: given for a term, and ended."""

from datetime import datetime

from services.directory import register_rows as rows
from services.directory.register import Mandate, MandateOver, checked_term, require_free
from services.directory.register_endings import end_mandates
from services.directory.register_handlers import require_entity, require_person
from services.directory.register_telling import tell_mandate
from shared.clock import stamp
from shared.ids import NodeName, new_uuid7
from shared.refusals import Missing
from shared.store import Work
from shared.terms import in_a_row, numbered


def give_mandate(
    work: Work,
    *,
    person: str,
    entity: str,
    begins: datetime | None,
    ends: datetime | None,
    given_by: str,
    by: str,
    node: NodeName,
) -> Mandate:
    """Give a person a mandate of an entity, and tell of it.

    Args:
        work: the unit.
        person: who may act.
        entity: for which one, of this network.
        begins: from when; now where nothing is said.
        ends: until when, or None for as long as nobody ends it.
        given_by: who gave it: an assembly's decision by its id, or a person's pseudonym.
        by: who records it.
        node: this node.

    Raises:
        UnknownEntity, UnknownPerson, PersonGone, BadTerm, MandateOverlaps
    """
    require_entity(work, entity, node=node)
    require_person(work, person)
    term = checked_term(begins or work.now, ends, now=work.now)
    held = [one for one in rows.mandates_of(work, person=person) if one.entity == entity]
    require_free(term, held)
    given = Mandate(
        id=new_uuid7(),
        revision=1,
        person=person,
        entity=entity,
        begins=stamp(term.begins),
        ends=stamp(term.until) if term.until else "",
        given_by=given_by,
    )
    rows.keep_mandates(work, [given])
    detail = {"mandate": given.id, "person": person, "entity": entity}
    detail |= {"begins": given.begins, "ends": given.ends, "given_by": given_by}
    rows.note_steps(work, [(about, "mandate-given", detail) for about in (person, entity)], by=by)
    tell_mandate(work, given)
    return given


def end_mandate(work: Work, mandate_id: str, *, reason: str, by: str) -> Mandate:
    """End a mandate now; one that has not begun has then never held.

    Raises:
        Missing, MandateOver
    """
    known = rows.mandate(work, mandate_id, lock=True)
    if known is None:
        raise Missing()
    if known.over(work.moment):
        raise MandateOver()
    (ended,) = end_mandates(work, [known], reason=reason, by=by)
    return ended


def term_number(work: Work, one: Mandate) -> int:
    """Return which mandate in a row of this person for this entity it is, from 1; 0 if never held.

    It is reckoned anew each time, so that one that is noted later takes its place in the row.
    """
    of_both = [
        each for each in rows.mandates_of(work, person=one.person) if each.entity == one.entity
    ]
    term = one.term()
    return next((at for each, at in numbered(each.term() for each in of_both) if each == term), 0)


def terms_served(work: Work, person: str, entity: str, *, at: datetime) -> int:
    """Return how many mandates of an entity in a row a person has held at a moment."""
    of_both = [each for each in rows.mandates_of(work, person=person) if each.entity == entity]
    return in_a_row([each.term() for each in of_both], at)
