"""The sampling audit of rolls: which entries were drawn, what is answered of them, what was found.

Everybody can draw the same places. The network whose roll it is answers with those entries as they
stand in its tree, each with its proof: pseudonyms, entities by their public ids, no names. Its
answer travels by letter or stick. Who holds a pseudonym, people of both networks look up together,
at the register; what leaves that room is how many of the entries are nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.governance.dispute_refusals import BadAnswer, NoLocalVote, NotDrawn, TooManyBad
from services.governance.electorates import ENTITY
from services.governance.federated import draws
from services.governance.federated.acts import Act, Does, due, entries_to_look_up
from services.governance.federated.ballot import Ballot
from services.governance.federated.disputes import growth_auditors, is_grown, outcome_auditors
from services.governance.federated.notices import Notice
from services.governance.federated_desk import FederatedDesk
from services.governance.federated_handlers import noticed
from services.governance.federated_legs import leg_of_root, own_legs
from services.governance.federated_view_rows import noticed_to_read
from services.governance.merkle import BadProof, Proof, Tree, leaf_hash, verified
from services.governance.roll_handlers import entries, entry
from services.governance.rolls import Entry
from shared.canonical import Malformed, NotCanonical, canonical, parse_canonical
from shared.contracts.disputes import DecisionAudited
from shared.store import Work

FORM: Final = "twiza-audit-answer-1"
ANSWER_BYTES_MAX: Final = 20_000_000
ENTRIES_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Entries of a roll that a network was drawn to look at.

    Args:
        auditor: who looks.
        places: of the entries in the roll, from 0.
        outcome_hash: whose seals seeded the draw; none where the roll waits because it has grown.
    """

    audited: str
    auditor: str
    roll_root: str
    roll_size: int
    outcome_hash: str | None
    places: tuple[int, ...]
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a machine finds of an answer; the rest people find out.

    Args:
        entries: what was proven, by place.
        lacking: drawn places that the answer leaves out or does not prove.
        doubles: places of entities that stand in this network's own roll for the ballot as well.
    """

    entries: tuple[Mapping[str, Any], ...]
    lacking: tuple[int, ...]
    doubles: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an auditor's people have found.

    Args:
        looked_up: how many of the drawn entries.
        bad: how many of them are nobody, or nobody entitled.
        doubles: how many are in another roll, too.
        report: in words, without names.
    """

    looked_up: int
    bad: int
    doubles: int = 0
    language: str
    report: str


def drawn_for(ballot: Ballot) -> list[Drawn]:
    """Return all draws of a ballot, those of grown rolls and those after the outcome."""
    notice = ballot.notice
    if notice is None:
        return []
    number = notice.charter.parameters.audit_entries
    found: list[Drawn] = []
    for network, leg in sorted(ballot.legs.items()):
        if leg.roll is None:
            continue
        seed, auditors, outcome_hash = _draw(ballot, notice, network)
        places = draws.drawn_entries(seed, network, roll_size=leg.roll.size, number=number)
        found += [
            Drawn(
                audited=network,
                auditor=auditor,
                roll_root=leg.roll.root,
                roll_size=leg.roll.size,
                outcome_hash=outcome_hash,
                places=tuple(places),
                done=(auditor, network) in ballot.audited_by,
            )
            for auditor in auditors
        ]
    return found


def answer_to(work: Work, desk: FederatedDesk, ballot_id: str, auditor: str) -> bytes:
    """Return what this network answers an auditor of its own roll: the drawn entries, proven.

    Raises:
        Missing, NoBallotYet
        NotDrawn: that network was not drawn for it.
        NoLocalVote: the roll is not in this database.
    """
    ballot, _ = noticed_to_read(work, ballot_id)
    drawn = [one for one in drawn_for(ballot) if (one.audited, one.auditor) == (desk.node, auditor)]
    if not drawn:
        raise NotDrawn()
    own = leg_of_root(work, ballot_id, desk.node, drawn[0].roll_root)
    if own is None:
        raise NoLocalVote()
    every = _entries(work, own.local_ballot)
    tree = Tree(one.leaf(own.local_ballot) for one in every)
    rows = [
        {
            "place": place,
            "leaf": every[place].as_data(own.local_ballot),
            "proof": tree.proof(place).as_data(),
        }
        for place in drawn[0].places
    ]
    return canonical(
        {
            "form": FORM,
            "ballot": ballot_id,
            "audited": desk.node,
            "auditor": auditor,
            "roll_root": own.root,
            "roll_size": own.size,
            "entries": rows,
        }
    )


def check_answer(
    work: Work, desk: FederatedDesk, ballot_id: str, audited: str, data: bytes
) -> Checked:
    """Return what this machine finds of an answer that has come by letter or stick.

    Raises:
        Missing, NoBallotYet
        NotDrawn: this network was not drawn to look at that roll.
        BadAnswer: it is no answer, or one for another draw.
    """
    ballot, _ = noticed_to_read(work, ballot_id)
    drawn = [one for one in drawn_for(ballot) if (one.audited, one.auditor) == (audited, desk.node)]
    if not drawn:
        raise NotDrawn()
    answer = _answer(data)
    asked = {"ballot": ballot_id, "audited": audited, "auditor": desk.node}
    asked |= {"roll_root": drawn[0].roll_root, "form": FORM}
    if any(answer.get(name) != value for name, value in asked.items()):
        raise BadAnswer("it is of another ballot, network or roll")
    proven = _proven(answer, drawn[0])
    locals_ = [one.local_ballot for one in own_legs(work, ballot_id, desk.node)]
    doubles = [
        place
        for place, leaf in proven.items()
        if leaf["voter"].startswith(ENTITY)
        and any(entry(work, local, leaf["voter"]) is not None for local in locals_)
    ]
    seen: set[str] = set()
    shown: list[Mapping[str, Any]] = []
    for place, leaf in sorted(proven.items()):
        shown.append({"place": place, "voter": leaf["voter"], "twice": leaf["voter"] in seen})
        seen.add(leaf["voter"])
    return Checked(
        entries=tuple(shown),
        lacking=tuple(place for place in drawn[0].places if place not in proven),
        doubles=tuple(sorted(doubles)),
    )


def report_audit(
    work: Work, desk: FederatedDesk, ballot_id: str, audited: str, found: Found
) -> str:
    """Tell what was found in a roll that this network was drawn for; return the report's hash.

    Raises:
        Missing, NoBallotYet
        NotDrawn: it was not, or it has told so.
        TooManyBad: more than were looked up, or more of these than were drawn.
    """
    ballot, notice = noticed(work, ballot_id)
    act = _audit_due(work, desk, ballot, audited)
    places = entries_to_look_up(act)
    if found.looked_up > len(places) or max(found.bad, found.doubles) > found.looked_up:
        raise TooManyBad()
    told = desk.tell_text(work, notice.event.association, found.language, found.report)
    event = DecisionAudited(
        node=desk.node,
        ballot_id=ballot_id,
        audited=audited,
        roll_root=act.details["roll_root"],
        outcome_hash=act.details["outcome_hash"],
        entries=found.looked_up,
        bad=found.bad,
        doubles=found.doubles,
        report_hash=told,
    )
    desk.tell(work, event)
    return told


def _audit_due(work: Work, desk: FederatedDesk, ballot: Ballot, audited: str) -> Act:
    for act in due(ballot, desk.node, work.now):
        if act.does is Does.AUDIT and act.details["audited"] == audited:
            return act
    raise NotDrawn()


def _draw(ballot: Ballot, notice: Notice, network: str) -> tuple[str, Sequence[str], str | None]:
    """Return the seed of the draw of a roll, who looks at it, and for which outcome."""
    leg, certified = ballot.legs[network], ballot.certified
    assert leg.roll is not None
    if is_grown(leg):
        seed = draws.seed_of(draws.AUDIT_TAG, notice.hash, leg.roll.root)
        return seed, growth_auditors(notice, network, leg.roll.root), None
    if certified is not None and network in certified.seals:
        seals = certified.seals.values()
        drawn = outcome_auditors(notice, network, seals)
        return draws.audit_seed(seals), drawn, certified.computed.hash
    return "", (), None


def _entries(work: Work, local_ballot: str) -> list[Entry]:
    found: list[Entry] = []
    while page := entries(
        work, local_ballot, after=found[-1].place if found else -1, most=ENTRIES_AT_ONCE
    ):
        found += page
    return found


def _answer(data: bytes) -> dict[str, Any]:
    if len(data) > ANSWER_BYTES_MAX:
        raise BadAnswer("it is longer than an answer is")
    try:
        found = parse_canonical(data)
    except (Malformed, NotCanonical) as error:
        raise BadAnswer("it was changed on its way") from error
    if not isinstance(found, dict) or not isinstance(found.get("entries"), list):
        raise BadAnswer("it holds no entries")
    return found


def _proven(answer: Mapping[str, Any], drawn: Drawn) -> dict[int, Mapping[str, Any]]:
    """Return the entries that stand at drawn places of the told roll, by place."""
    root, places = bytes.fromhex(drawn.roll_root), set(drawn.places)
    found: dict[int, Mapping[str, Any]] = {}
    for row in answer["entries"]:
        try:
            place, leaf = row["place"], row["leaf"]
            proof = Proof.of_data(row["proof"])
            voter = leaf["voter"]
        except (BadProof, LookupError, TypeError, ValueError) as error:
            raise BadAnswer("an entry has not the form that it should have") from error
        if type(place) is not int or place not in places or not isinstance(voter, str):
            raise BadAnswer("an entry was not asked for")
        stands = (proof.index, proof.size) == (place, drawn.roll_size)
        if stands and verified(root, leaf_hash(canonical(leaf)), proof):
            found[place] = leaf
    return found
