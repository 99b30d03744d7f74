"""What the keeper of an association has to tell the nodes: how networks belong, each word once.

What is told is compared with what was told before. A word follows on a ballot, or on a network's
own leaving. Where a ballot of which was told has come to nothing, a further word takes it back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.governance.federated.associations import Association
from services.governance.federated.causes import Effect
from services.governance.federated.facts import hash_of
from services.governance.federated.membership import Change, MembershipState
from shared.clock import stamp
from shared.contracts.charters import CharterLeft
from shared.contracts.decisions import ToldEffect
from shared.contracts.membership import MembershipCause, MembershipDecided, What

LEFT: Final = "The network has left the association by its own will."
TAKEN_BACK: Final = "The ballot by which this was decided has come to nothing."
_BACK: Final[Mapping[MembershipState, What]] = {
    MembershipState.MEMBER: "reinstated",
    MembershipState.SUSPENDED: "reinstated",
    MembershipState.OBSERVER: "observer",
    MembershipState.WITHDRAWN: "withdrawn",
}
"""What is told when a ballot has come to nothing, by how the network belongs without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What follows for a network, before it is told."""

    network: str
    what: What
    cause: MembershipCause
    root_key: str
    at: datetime | None = None
    until: datetime | None = None
    appeal_until: datetime | None = None
    was: str | None = None
    to: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two words the same: what follows, and from what."""
        return self.what, self.cause.ballot, self.cause.outcome


def words_due(
    association: Association,
    *,
    departures: Mapping[str, CharterLeft],
    root_keys: Mapping[str, str],
    now: datetime,
) -> list[MembershipDecided]:
    """Return what the keeper has to tell now, at most one word of each network.

    Args:
        departures: by network the last word by which it has left.
        root_keys: of networks as the registry of nodes knows them.
        now: from when on it holds.
    """
    found: list[MembershipDecided] = []
    for network in sorted({*association.members, *association.told}):
        before = association.told.get(network, ())
        word = _due(association, network, departures.get(network), root_keys)
        if word is not None and not (word.until and word.until <= now):
            revision = before[-1].revision + 1 if before else 1
            found.append(_event(association, word, revision, now))
    return found


def _due(
    association: Association,
    network: str,
    departure: CharterLeft | None,
    root_keys: Mapping[str, str],
) -> Word | None:
    """Return the word of a network that is to be told next, or none."""
    last = association.told.get(network, ())[-1:]
    key = _root_key(association, network, root_keys)
    newest = _newest(association, network, departure, key)
    if last:
        (before,) = last
        if newest and newest.key == _key(before):
            return None
        if before.cause.ground != TAKEN_BACK and before.cause.ballot in association.failed:
            return _taken_back(association, network, before)
        if not _is_known(association, before, departure):
            # Its facts are being read again; until they are there nothing is judged by the rest.
            return None
        if newest and newest.key in {_key(one) for one in association.told[network]}:
            # It was told before what was told last, which holds.
            return None
    return newest if newest and newest.root_key else None


def _root_key(association: Association, network: str, root_keys: Mapping[str, str]) -> str:
    asked = association.applications.get(network)
    if asked is not None:
        return asked.root_key
    before = association.told.get(network, ())
    return before[-1].root_key if before else root_keys.get(network, "")


def _newest(
    association: Association, network: str, departure: CharterLeft | None, root_key: str
) -> Word | None:
    """Return what follows from the last ballot on a network, or from its leaving after it."""
    words: list[Word] = []
    belongs = association.members.get(network)
    for change in belongs.history if belongs else ():
        if change.cause is not None and change.cause.ballot_id in association.effects:
            effect = association.effects[change.cause.ballot_id]
            words.append(_by_ballot(network, change, effect))
        elif change.became is MembershipState.WITHDRAWN and departure is not None:
            cause = MembershipCause(ground=LEFT, ballot=association.id, outcome=hash_of(departure))
            words.append(
                Word(
                    network=network, what="withdrawn", at=change.at, cause=cause, root_key=root_key
                )
            )
    for effect in association.effects.values():
        if effect.said.network == network and (effect.said.was or effect.said.to):
            words.append(_of_hub(network, effect))
    # Of two at one moment that of the later ballot in the order of all stands.
    return max(words, key=_place, default=None)


def _place(word: Word) -> tuple[datetime, str]:
    assert word.at is not None, "what follows has its time"
    return word.at, word.cause.ballot


def _by_ballot(network: str, change: Change, effect: Effect) -> Word:
    told_as = change.told_as
    assert told_as is not None, "what a ballot brings has a word"
    return Word(
        network=network,
        what=told_as,
        at=change.at,
        cause=_cause(effect),
        root_key=effect.said.root_key or "",
        until=change.until,
        appeal_until=effect.cause.appeal_until,
    )


def _of_hub(network: str, effect: Effect) -> Word:
    said: ToldEffect = effect.said
    return Word(
        network=network,
        what="key-replaced" if said.was else "moved",
        at=effect.cause.at,
        cause=_cause(effect),
        root_key=said.root_key or "",
        appeal_until=effect.cause.appeal_until,
        was=said.was,
        to=said.to,
    )


def _cause(effect: Effect) -> MembershipCause:
    return MembershipCause(
        ground=effect.said.ground, ballot=effect.cause.ballot_id, outcome=effect.cause.outcome_hash
    )


def _is_known(
    association: Association, before: MembershipDecided, departure: CharterLeft | None
) -> bool:
    """Tell whether that from which the last word followed is there to be judged."""
    ballot = before.cause.ballot
    match before.cause.ground:
        case ground if ground == LEFT:
            return departure is not None
        case ground if ground == TAKEN_BACK:
            return ballot in association.failed
        case _:
            return ballot in association.effects or ballot in association.passed


def _taken_back(association: Association, network: str, before: MembershipDecided) -> Word | None:
    """Return the word that takes back what was told last; a new name is never taken back so."""
    if before.what in ("key-replaced", "moved"):
        return None
    what = _BACK.get(association.state_of(network), "expelled")
    cause = before.cause.model_copy(update={"ground": TAKEN_BACK})
    return Word(network=network, what=what, cause=cause, root_key=before.root_key)


def _key(told: MembershipDecided) -> tuple[str, str, str]:
    return told.what, told.cause.ballot, told.cause.outcome


def _event(association: Association, word: Word, revision: int, now: datetime) -> MembershipDecided:
    return MembershipDecided(
        association=association.id,
        node=word.network,
        root_key=word.root_key,
        revision=revision,
        what=word.what,
        until=stamp(word.until) if word.until else None,
        was=word.was,
        to=word.to,
        cause=word.cause,
        valid_from=stamp(now),
        appeal_until=stamp(word.appeal_until) if word.appeal_until else None,
    )
