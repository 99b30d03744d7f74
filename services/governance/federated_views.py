"""How a ballot between networks is shown: its legs and seals, who is missing, what was computed.

Numbers are those of seals, never those of ballots. A network that tells its sign alone is left out
of every sum as well, and of what the sum is a share of: so nothing about it comes out by taking the
others from the whole. Before the close nothing is shown of any seal.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from services.governance.federated.acts import Act, due
from services.governance.federated.ballot import Ballot, outcome_of
from services.governance.federated.disputes import panel_for, parties
from services.governance.federated.legs import Leg
from services.governance.federated.tallies import sign_of
from services.governance.federated_seen import SUMS, Seen, roll_behind, totals, turnout, word_of
from services.governance.federated_view_words import dispute_said, known, said
from shared.clock import stamp
from shared.contracts.seals import Seal, Tally

INCOMPLETE: Final = "incomplete"


def listed(seen: Seen, language: str) -> dict[str, Any]:
    """Return a ballot as a list shows it."""
    notice, state = seen.notice, seen.state
    found: dict[str, Any] = {
        "id": seen.ballot.ballot_id,
        "convener": seen.ballot.ballot_id.partition(":")[0],
        "association": "",
        "matter": "",
        "level": "",
        "method": "",
        "policy": "",
        "state": state.value,
        "label": said(f"state-{state.value}", language),
        "opens_at": "",
        "closes_at": "",
        "grace_ends": "",
        "called": len(seen.legs),
        "answered": seen.answered,
        "sealed": [leg.network for leg in seen.legs if seen.counted(leg)],
        "awaited": seen.awaited,
        "missing": seen.missing,
        "late": seen.late,
        "turnout": turnout(seen),
        "disputes": len(seen.ballot.disputes),
        **_result(seen, language),
    }
    if notice is not None:
        found |= {
            "association": notice.event.association,
            "matter": notice.event.matter,
            "level": notice.event.level,
            "method": notice.rule.rule.method.value,
            "policy": notice.rule.policy.value,
            "opens_at": notice.event.opens_at,
            "closes_at": notice.event.closes_at,
            "grace_ends": stamp(notice.grace_ends),
        }
    found["said"] = list(_sentences(seen, found, language))
    return found


def shown(seen: Seen, language: str) -> dict[str, Any]:
    """Return a ballot whole: what a list shows, its legs, its outcomes, its disputes."""
    ballot, notice = seen.ballot, seen.notice
    found = listed(seen, language) | {
        "legs": [_leg(seen, leg, language) for leg in seen.legs],
        "totals": totals(seen),
        "outcomes": outcomes(seen, language),
        "contests": [_dispute(ballot, one, language) for one in sorted(ballot.disputes)],
        "rulings": [
            {
                "hash": one.hash,
                "disputes": list(one.disputes),
                "order": one.order,
                "label": said(f"order-{one.order}", language, legs=", ".join(one.legs)),
                "legs": list(one.legs),
                "panel": list(one.panel),
                "by": list(one.by),
            }
            for one in ballot.rulings.all
        ],
        "objections": [
            {
                "id": one.id,
                "network": one.network,
                "ground": one.ground,
                "state": one.state.value,
                "label": said(f"objection-{one.state.value}", language),
                "blocks": one.blocks,
                "appealed": one.waits,
            }
            for one in ballot.objections.values()
        ],
        "needs": [_need(one, seen.me, language) for one in due(ballot, seen.me, seen.now)],
        "notice": None,
    }
    if notice is not None:
        event = notice.event
        found["notice"] = {
            "hash": notice.hash,
            "rule_hash": event.rule_hash,
            "charter_hash": event.charter_hash,
            "rule": notice.rule.model_dump(mode="json"),
            "options": [one.code for one in notice.options],
            "texts": {tag: one.hash for tag, one in event.texts.items()},
            "language": event.language,
            "subject": event.subject,
            "grounds": list(event.grounds),
            "follows": event.follows,
            "call": event.call,
            "noticed_at": event.noticed_at,
            "reveals_at": stamp(notice.reveals_at),
        }
    return found


def outcomes(seen: Seen, language: str) -> list[dict[str, Any]]:
    """Return what each network has computed, with what this node finds of it."""
    return [
        {
            "node": one.network,
            "outcome": one.event.outcome,
            "winners": list(one.event.winners),
            "outcome_hash": one.event.outcome_hash,
            "certified_at": one.event.certified_at,
            "rulings": one.rulings,
            "verdict": one.verdict.value,
            "label": said(f"verdict-{one.verdict.value}", language),
            "current": one.rulings == seen.ballot.round,
        }
        for one in sorted(
            seen.ballot.certificates,
            key=lambda one: (one.rulings, one.network, one.event.outcome_hash),
        )
    ]


def _result(seen: Seen, language: str) -> dict[str, Any]:
    """Return the outcome that holds, and by how many it was computed alike."""
    held = outcome_of(seen.ballot, seen.now)
    if held is None or seen.ballot.certified is None:
        return {"outcome": "", "result": "", "winners": [], "outcome_hash": "", "agreeing": []}
    winners = list(held.outcome.winners)
    word = f"outcome-{held.outcome.outcome.value}"
    return {
        "outcome": held.outcome.outcome.value,
        "result": said(word, language, winners=", ".join(winners)),
        "winners": winners,
        "outcome_hash": held.hash,
        "agreeing": list(seen.ballot.certified.by),
    }


def _sentences(seen: Seen, found: Mapping[str, Any], language: str) -> Iterable[str]:
    """Yield what a coordinator wants to know first."""
    if found["result"]:
        yield found["result"]
        yield said("said-agree", language, agreeing=len(found["agreeing"]))
    elif seen.tells and seen.ballot.stopped is None:
        yield said("said-seals", language, sealed=len(found["sealed"]), called=found["called"])
    elif seen.legs:
        yield said("said-before", language, called=found["called"], answered=len(found["answered"]))
    told = found["turnout"]
    if told["networks"]:
        yield said("said-turnout", language, cast=told["cast"], of=told["of"])
    for name in ("awaited", "missing", "late"):
        if found[name]:
            yield said(f"said-{name}", language, networks=", ".join(found[name]))
    for one in sorted(seen.ballot.disputes):
        yield dispute_said(one, language)


def _leg(seen: Seen, leg: Leg, language: str) -> dict[str, Any]:
    notice, seal = seen.notice, seen.seal_of(leg)
    assert notice is not None, "what has legs has a notice"
    faults = sorted(one.value for one in leg.faults)
    if seal is not None and not leg.complete:
        faults.append(INCOMPLETE)
    mine = [one for one in outcomes(seen, language) if one["node"] == leg.network]
    current = [one["outcome_hash"] for one in mine if one["current"]]
    kept_by = notice.legs[leg.network].kept_by
    return {
        "network": leg.network,
        "state": leg.state.value,
        "label": said(f"leg-{leg.state.value}", language),
        "kept_by": kept_by,
        "on_paper": kept_by is not None,
        "reason": leg.reason,
        "roll_size": leg.roll.size if leg.roll else None,
        "roll_root": leg.roll.root if leg.roll else None,
        "roll_epoch": leg.roll.epoch if leg.roll else None,
        "audited": notice.legs[leg.network].audited,
        "commitment": leg.commitment,
        "seal": seal.hash if seal else None,
        "counts": seen.counted(leg) is not None,
        "told": _told(seal),
        "marks": [{"code": one, "label": known(f"fault-{one}", language)} for one in faults],
        "unheard_by": list(leg.unheard_by) if seal else [],
        "two_stories": list(leg.proofs) if seen.tells else [],
        "doubles": seen.ballot.doubles.get(leg.network, 0),
        "outcome_hash": current[-1] if current else None,
        **numbers(seen.ballot, seal, language),
    }


def numbers(ballot: Ballot, seal: Seal | None, language: str) -> dict[str, Any]:
    """Return what may be shown of a seal: its numbers, or its sign or order where it tells none."""
    found: dict[str, Any] = dict.fromkeys((*SUMS, "of"))
    found |= {"tally": None, "sign": None, "sign_label": "", "order": None}
    if seal is None:
        return found
    tally = seal.tally
    if seal.cast is not None:
        found |= {name: getattr(seal, name) for name in SUMS}
        found["of"] = roll_behind(ballot, seal)
        found["tally"] = _tally(tally)
    if tally.sign is not None:
        found["sign"] = tally.sign
        found["sign_label"] = said(f"sign-{tally.sign}", language)
    elif tally.order:
        found["order"] = [list(equals) for equals in tally.order]
        found["sign_label"] = said("sign-order", language)
    elif tally.yes is not None:
        found["sign"] = sign_of(tally)
    return found


def _tally(tally: Tally) -> dict[str, Any]:
    """Return the numbers of a tally; classes of ballots are read from their chunks."""
    data = tally.model_dump(mode="json", exclude_defaults=True)
    return {name: value for name, value in data.items() if name not in ("sign", "order")}


def _told(seal: Seal | None) -> str:
    if seal is None:
        return ""
    if seal.cast is not None:
        return "numbers"
    return "sign" if seal.tally.sign is not None else "order"


def _dispute(ballot: Ballot, name: str, language: str) -> dict[str, Any]:
    """Return a dispute that waits, with who rules on all that wait together."""
    assert ballot.notice is not None
    together = tuple(sorted(ballot.disputes))
    return {
        "name": name,
        "said": dispute_said(name, language),
        "parties": sorted(parties(name, ballot.notice)),
        "panel": panel_for(together, ballot.notice),
        "ruled_by": sorted(node for node, those in ballot.ruled_by if those == together),
    }


def _need(act: Act, me: str, language: str) -> dict[str, Any]:
    """Return an act that is due here; those of the machine itself have no sentence."""
    values = {"network": act.network, "audited": act.details.get("audited", "")}
    word = word_of(act, me)
    return {
        "does": act.does.value,
        "network": act.network,
        "said": said(word, language, **values) if word else "",
        "audited": values["audited"],
        "disputes": list(act.details.get("disputes", ())),
    }
