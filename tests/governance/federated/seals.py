"""Seals for tests: of a tally, without a network behind it."""

from typing import Any

from services.governance.federated.seals import signed
from services.governance.federated.tallies import marked_in
from services.governance.rules import Method
from shared.contracts.seals import Seal, SealHead, Tally
from tests.governance.federated.kit import BALLOT, HEX, digest, key_of


def seal_of_tally(
    name: str, roll_size: int, tally: Tally, *, method: Method | None = None, **more: Any
) -> Seal:
    """Return a signed seal; where it tells numbers, no ballot is blank or invalid."""
    found = method or (
        Method.CONSENT
        if tally.consent is not None
        else Method.YES_NO
        if tally.ballots is None and not tally.order
        else Method.APPROVAL
    )
    marked = None if method is None and tally.ballots is not None else marked_in(found, tally)
    marked = tally.ballots if marked is None and tally.ballots is not None else marked
    fields: dict[str, Any] = {
        "ballot_id": BALLOT,
        "rule_hash": HEX,
        "charter_hash": HEX,
        "node": name,
        "roll_epoch": 1,
        "roll_root": digest(f"roll of {name}"),
        "roll_size": roll_size,
        "ballots_root": digest(f"ballots of {name}"),
        "tally": tally,
        "closed_at": "2026-03-22T09:00:00.000Z",
        "head": SealHead(epoch=1, page=7, hash=HEX),
        "signature": "A" * 86,
    }
    if marked is not None:
        fields |= {"issued": roll_size, "cast": marked, "blank": 0, "invalid": 0}
    seal = Seal(**(fields | more))
    return seal.model_copy(update={"signature": signed(key_of(name), seal.statement())})
