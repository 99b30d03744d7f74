"""Calling a ballot between networks: rolls are asked for, it is announced, stood for, taken back.

Each act is told on the public log and kept as a fact in the same unit.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.governance.counting.report import Outcome
from services.governance.federated.ballot import Ballot
from services.governance.federated.charter import (
    ROLL_BEFORE_NOTICE,
    BadCharter,
    Charter,
    CompetenceLevel,
    charter_of,
)
from services.governance.federated.competence import competent_level, require_competent
from services.governance.federated.facts import Fact, hash_of
from services.governance.federated.notices import Notice, why_unfit
from services.governance.federated.policies import FederatedRule
from services.governance.federated_desk import FederatedDesk
from services.governance.federated_refusals import (
    CharterNotAdopted,
    NoBallotYet,
    NoSuchCharter,
    NoticeUnfit,
    NotInTime,
    NotOurLeg,
    NotOurs,
    RollsLacking,
)
from services.governance.federated_rows import facts_of, held, state_of
from services.governance.rules import Option
from shared.clock import stamp
from shared.contracts.charters import CharterAdopted, CharterPublished
from shared.contracts.decisions import (
    DecisionNoticed,
    DecisionRolled,
    DecisionSponsored,
    DecisionWithdrawn,
    ToldEffect,
    ToldLeg,
    ToldOption,
    ToldText,
)
from shared.contracts.preparations import DecisionPrepared
from shared.ids import global_id, new_uuid7
from shared.store import Work

ADOPTED: Final = (Outcome.ADOPTED, Outcome.CHOSEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A text in one language.

    Args:
        confirmed: whether people have confirmed the translation.
    """

    text: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """A ballot that a network calls.

    Args:
        association: whose ballot it is.
        level: at which it is decided; where it is empty, the lowest that is competent.
        rule: the federated rule; where it is None, the charter's for that matter.
        texts: the proposal, by language.
        legs: who is called; a roll that was asked for is put in here.
        ballot_id: that of ``prepare``, for a matter of the charter; else a new one is made.
        charter_hash: the version; where it is empty, the newest that this network has signed.
    """

    association: str
    matter: str
    language: str
    texts: Mapping[str, Wording]
    legs: Sequence[ToldLeg]
    opens_at: datetime
    closes_at: datetime
    level: str = ""
    rule: FederatedRule | None = None
    options: Sequence[Option] = ()
    subject: str | None = None
    grounds: tuple[str, ...] = ()
    effect: ToldEffect | None = None
    follows: str | None = None
    call: int = 1
    ballot_id: str = ""
    charter_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why, in one word and in full.

    Args:
        code: the word.
        text: in full, for everybody to read; may be empty.
    """

    code: str
    language: str = "en"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Charters:
    """What was told of the charter of an association."""

    facts: Sequence[Fact] = field(default_factory=tuple)

    def signed_by(self, network: str, *, teller: str) -> set[str]:
        """Return the hashes of the versions that a network has signed, by who speaks for it."""
        return {
            one.event.charter_hash
            for one in self.facts
            if isinstance(one.event, CharterAdopted)
            and one.teller == teller
            and (one.event.leg or one.event.node) == network
        }

    def published(self) -> dict[str, Charter]:
        """Return the versions by their hashes."""
        found: dict[str, Charter] = {}
        for one in self.facts:
            event = one.event
            if isinstance(event, CharterPublished) and one.teller == event.node:
                # What its keeper published as a charter and is none, is nobody's to work with.
                with suppress(BadCharter):
                    found[event.charter_hash] = charter_of(event)
        return found


def prepare(
    work: Work,
    desk: FederatedDesk,
    *,
    association: str,
    matter: str,
    legs: Sequence[str],
    subject: str | None = None,
    charter_hash: str = "",
    ballot_id: str = "",
) -> str:
    """Ask the networks for their rolls, before a ballot on a matter of the charter; return its id.

    Raises:
        NoSuchCharter, CharterNotAdopted
    """
    charter = charter_for(work, desk, association, charter_hash)
    new_id = ballot_id or global_id(desk.node, new_uuid7())
    event = DecisionPrepared(
        node=desk.node,
        ballot_id=new_id,
        association=association,
        charter_hash=charter.hash,
        matter=matter,
        legs=tuple(sorted(set(legs))),
        subject=subject,
        prepared_at=work.moment,
    )
    desk.tell(work, event)
    return new_id


def convene(work: Work, desk: FederatedDesk, calling: Calling) -> str:
    """Announce a ballot between networks; what it says is never changed. Return its id.

    Raises:
        NoSuchCharter, CharterNotAdopted, NotCompetent
        RollsLacking: a network has not sealed its roll, and the matter wants that first.
        NoticeUnfit: no ballot could come of it; the detail says why.
        NotOurs: the id is that of another network's ballot.
    """
    charter = charter_for(work, desk, calling.association, calling.charter_hash)
    ballot_id = calling.ballot_id or global_id(desk.node, new_uuid7())
    if ballot_id.partition(":")[0] != desk.node:
        raise NotOurs("a network calls ballots in its own name")
    if calling.ballot_id and any(
        isinstance(one.event, DecisionNoticed) for one in facts_of(work, ballot_id)
    ):
        raise NotInTime("this ballot was announced already")
    rule = calling.rule or charter.rules.get(calling.matter)
    if rule is None:
        raise NoticeUnfit("the charter has no rule for this matter, and none is given")
    level = CompetenceLevel(calling.level or competent_level(charter, calling.matter))
    require_competent(charter, calling.matter, level, escalated=bool(calling.follows))
    texts = {
        language: ToldText(
            hash=desk.tell_text(work, calling.association, language, one.text),
            confirmed=one.confirmed,
        )
        for language, one in sorted(calling.texts.items())
    }
    event = DecisionNoticed(
        node=desk.node,
        ballot_id=ballot_id,
        association=calling.association,
        charter_hash=charter.hash,
        matter=calling.matter,
        level=level.value,
        rule=rule.model_dump(mode="json"),
        rule_hash=rule.hash,
        options=tuple(
            ToldOption.model_validate(one.model_dump(exclude_defaults=True))
            for one in calling.options
        ),
        language=calling.language,
        texts=texts,
        legs=_with_rolls(work, ballot_id, calling),
        subject=calling.subject,
        grounds=calling.grounds,
        effect=calling.effect,
        noticed_at=work.moment,
        opens_at=stamp(calling.opens_at),
        closes_at=stamp(calling.closes_at),
        follows=calling.follows,
        call=calling.call,
    )
    why = why_unfit(event, charter)
    if why:
        raise NoticeUnfit(why)
    desk.tell(work, event)
    return ballot_id


def sponsor(work: Work, desk: FederatedDesk, ballot_id: str, *, notice_hash: str = "") -> None:
    """Stand for a notice as this network; said twice it changes nothing.

    Args:
        notice_hash: of which notice, where there are several.

    Raises:
        Missing, NoBallotYet, NotOurLeg
    """
    held(work, ballot_id)
    facts = facts_of(work, ballot_id)
    notices = {
        hash_of(one.event): one.event for one in facts if isinstance(one.event, DecisionNoticed)
    }
    wanted = notice_hash or next(iter(notices), "")
    if wanted not in notices or (len(notices) > 1 and not notice_hash):
        raise NoBallotYet()
    if desk.node not in {one.node for one in notices[wanted].legs}:
        raise NotOurLeg()
    event = DecisionSponsored(node=desk.node, ballot_id=ballot_id, notice_hash=wanted)
    if all(one.event != event for one in facts):
        desk.tell(work, event)


def withdraw(work: Work, desk: FederatedDesk, ballot_id: str, reason: Reason) -> None:
    """Take a ballot back that this network has called, before any network has opened.

    Raises:
        Missing, NoBallotYet, NotOurs, NotInTime
    """
    ballot, notice = noticed(work, ballot_id)
    if notice.convener != desk.node:
        raise NotOurs()
    if any(leg.opened for leg in ballot.legs.values()) or work.now >= notice.opens_at:
        raise NotInTime()
    event = DecisionWithdrawn(
        node=desk.node,
        ballot_id=ballot_id,
        reason=reason.code,
        reason_hash=reasoned(work, desk, notice, reason),
    )
    desk.tell(work, event)


def noticed(work: Work, ballot_id: str) -> tuple[Ballot, Notice]:
    """Return a ballot for changing it, with its notice.

    Raises:
        Missing: nothing was told of it.
        NoBallotYet: no ballot comes of what was told.
    """
    held(work, ballot_id)
    ballot = state_of(work, ballot_id)
    if ballot.notice is None:
        raise NoBallotYet()
    return ballot, ballot.notice


def charter_for(
    work: Work, desk: FederatedDesk, association: str, charter_hash: str = ""
) -> Charter:
    """Return a version of a charter that this network has signed, the newest where none is named.

    Raises:
        NoSuchCharter, CharterNotAdopted
    """
    charters = charters_of(work, association)
    published = charters.published()
    if not published or (charter_hash and charter_hash not in published):
        raise NoSuchCharter()
    signed = charters.signed_by(desk.node, teller=desk.node)
    those = [one for one in published.values() if one.hash in signed]
    if charter_hash:
        those = [one for one in those if one.hash == charter_hash]
    if not those:
        raise CharterNotAdopted()
    return max(those, key=lambda one: (one.number, one.hash))


def _with_rolls(work: Work, ballot_id: str, calling: Calling) -> tuple[ToldLeg, ...]:
    """Return the legs with the rolls that were sealed before, where the matter wants that."""
    if calling.matter not in ROLL_BEFORE_NOTICE:
        return tuple(calling.legs)
    told: dict[str, DecisionRolled] = {}
    for fact in facts_of(work, ballot_id):
        event = fact.event
        if isinstance(event, DecisionRolled) and event.node == fact.teller:
            before = told.get(event.network)
            if before is None or event.roll_epoch > before.roll_epoch:
                told[event.network] = event
    # Whose list lies on paper, two tellers enter it once the network has accepted.
    lacking = sorted(
        one.node
        for one in calling.legs
        if not one.roll_root and not one.kept_by and one.node not in told
    )
    if lacking:
        raise RollsLacking(networks=lacking)
    return tuple(
        one.model_copy(update={"roll_root": told[one.node].roll_root})
        if not one.roll_root and one.node in told
        else one
        for one in calling.legs
    )


def charters_of(work: Work, association: str) -> Charters:
    """Return the charters of an association and who has signed them."""
    return Charters(facts_of(work, association))


def reasoned(work: Work, desk: FederatedDesk, notice: Notice, reason: Reason) -> str | None:
    """Tell a reason in full, where there is one; return its hash."""
    if not reason.text:
        return None
    return desk.tell_text(work, notice.event.association, reason.language, reason.text)
