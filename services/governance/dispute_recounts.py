"""Recounts across networks: one opens its ballots to named auditors, another's node counts again.

The package holds ballots without who cast them. It goes from hand to hand, never over the log, and
who was given one is written down for good. The other node believes nothing of it: it counts, and
compares with the seal that everybody has.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import insert, select

from services.governance.dispute_refusals import NoLocalVote, NoSealThere
from services.governance.federated.ballot import Ballot
from services.governance.federated.notices import Notice
from services.governance.federated.seals import withheld
from services.governance.federated.tallies import counted_at_home
from services.governance.federated_desk import FederatedDesk
from services.governance.federated_handlers import noticed
from services.governance.federated_legs import leg_of_root
from services.governance.federated_refusals import NotInTime, NotOurLeg
from services.governance.federated_view_rows import noticed_to_read
from services.governance.package import Recounted, recount, write_package
from services.governance.tables.federated_desks import OPENING
from shared.contracts.seals import Seal
from shared.ids import new_uuid7
from shared.refusals import Missing
from shared.store import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """For whom the ballots of this network were opened.

    Args:
        network: whose people count them again.
        auditor: who was given the package, by the name under which both networks know them.
        package_hash: its SHA-256.
    """

    id: str
    ballot: str
    network: str
    auditor: str
    reason: str
    opened_by: str
    opened_at: str
    package_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedAgain:
    """What a recount of another network's ballots has found.

    Args:
        differs: what is not as the seal says; empty where all is.
        withheld: whether the seal tells no numbers, so that only the sign or order was compared.
        pooled: whether the seal holds sister networks' ballots, so that sums were not compared.
    """

    network: str
    seal: str
    package_hash: str
    agrees: bool
    differs: tuple[str, ...]
    withheld: bool
    pooled: bool
    same_engine: bool
    small_groups: tuple[str, ...]


def open_package(
    work: Work,
    desk: FederatedDesk,
    ballot_id: str,
    *,
    network: str,
    auditor: str,
    reason: str,
    by: str,
) -> Opening:
    """Open the ballots of this network to a named auditor of another one, and write that down.

    Args:
        by: the steward who opens them.

    Raises:
        Missing, NoBallotYet
        NotOurLeg: the other network is not called to this ballot, or is this one.
        NotInTime: the seal of this network is not shown yet.
        NoLocalVote: the ballots are not in this database.
    """
    ballot, notice = noticed(work, ballot_id)
    if network not in notice.legs or network == desk.node or desk.node not in notice.legs:
        raise NotOurLeg()
    if not ballot.legs[desk.node].revealed:
        raise NotInTime("the seal comes first")
    data = _own_package(work, desk, ballot)
    row = {
        "id": new_uuid7(),
        "ballot": ballot_id,
        "network": network,
        "auditor": auditor,
        "reason": reason,
        "opened_by": by,
        "opened_at": work.moment,
        "package_hash": hashlib.sha256(data).hexdigest(),
    }
    work.execute(insert(OPENING).values(row))
    return Opening(**row)


def opened_package(work: Work, desk: FederatedDesk, ballot_id: str, opening_id: str) -> bytes:
    """Return the package that was opened, the same bytes as then.

    Raises:
        Missing: there is no such opening.
        NoBallotYet
        NoLocalVote: the ballots are not in this database any more.
    """
    found = [one for one in openings(work, ballot_id) if one.id == opening_id]
    if not found:
        raise Missing()
    ballot, _ = noticed_to_read(work, ballot_id)
    data = _own_package(work, desk, ballot)
    if hashlib.sha256(data).hexdigest() != found[0].package_hash:
        raise NoLocalVote("the ballots here are not those that were opened")
    return data


def openings(work: Work, ballot_id: str) -> list[Opening]:
    """Return to whom the ballots of this network were opened, the first first."""
    wanted = select(OPENING).where(OPENING.c.ballot == ballot_id).order_by(OPENING.c.id)
    return [Opening(**row._mapping) for row in work.execute(wanted)]


def count_again(work: Work, ballot_id: str, network: str, data: bytes) -> CountedAgain:
    """Count the ballots of another network again, and compare them with its seal.

    Raises:
        Missing, NoBallotYet
        NoSealThere: no seal of that network is here.
        BadPackage, PackageChanged, CountDiffers: the package contradicts itself.
    """
    ballot, notice = noticed_to_read(work, ballot_id)
    leg = ballot.legs.get(network)
    if leg is None or leg.seal is None:
        raise NoSealThere()
    found = recount(data)
    seal = leg.seal
    return CountedAgain(
        network=network,
        seal=seal.hash,
        package_hash=hashlib.sha256(data).hexdigest(),
        agrees=not (differs := _differences(notice, seal, found, data)),
        differs=differs,
        withheld=seal.cast is None,
        pooled=bool(seal.tally.pools),
        same_engine=found.same_engine,
        small_groups=found.small_groups,
    )


def _own_package(work: Work, desk: FederatedDesk, ballot: Ballot) -> bytes:
    leg = ballot.legs[desk.node]
    own = leg_of_root(work, ballot.ballot_id, desk.node, leg.roll.root) if leg.roll else None
    if own is None or own.state != "closed":
        raise NoLocalVote()
    return write_package(work, own.local_ballot)


def _differences(notice: Notice, seal: Seal, found: Recounted, data: bytes) -> tuple[str, ...]:
    """Return in what a package and a seal differ, by the names of the seal's fields."""
    options = [one.model_dump(mode="json") for one in notice.options]
    parts: Mapping[str, Any] = orjson.loads(data)["parts"]
    wrong = [
        (notice.rule.rule.hash != found.rule_hash, "rule"),
        (options != parts["options"], "options"),
        (seal.roll_root != found.roll_root, "roll_root"),
        (seal.roll_size != found.roll_size, "roll_size"),
        (seal.ballots_root != found.root, "ballots_root"),
    ]
    counted = counted_at_home(notice.rule, notice.options, _choices(parts))
    if seal.cast is None:
        told = withheld(notice.rule, notice.options, counted.tally, pooled=seal.tally.pooled)
        wrong.append((told != seal.tally, "tally"))
    elif seal.tally.pools:
        # The sums are those of several networks; its own sign or order stands beside them.
        alone = withheld(notice.rule, notice.options, counted.tally)
        beside = (seal.tally.sign, seal.tally.order)
        wrong.append(((alone.sign, alone.order) != beside, "tally"))
    else:
        invalid = min(found.invalid, found.issued - found.cast)
        cast = counted.marked + counted.blank + invalid
        wrong += [
            (counted.tally != seal.tally, "tally"),
            (found.issued != seal.issued, "issued"),
            (cast != seal.cast, "cast"),
            (counted.blank != seal.blank, "blank"),
            (invalid != seal.invalid, "invalid"),
        ]
    return tuple(name for differs, name in wrong if differs)


def _choices(parts: Mapping[str, Any]) -> Sequence[tuple[Mapping[str, Any], int]]:
    return [(orjson.loads(choice), 1) for _, choice in parts["ballots"]]
