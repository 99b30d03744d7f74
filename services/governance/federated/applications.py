"""Who asks to belong, and whose word that is.

A network with software proves itself: its root key certifies the key that has signed the charter.
For one without, the keeper of the association speaks, with the hash of a signed paper.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.governance.federated.seals import is_signed
from shared.contracts.associations import MembershipApplied
from shared.contracts.charters import CharterAdopted
from shared.ids import ServiceName
from shared.log.certificates import BadCertificate, checked_certificate

GOVERNANCE: Final = ServiceName("governance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a network has said of itself when it asked to belong.

    Args:
        names: by language.
        root_key: empty where it has no software.
        kept: whether the keeper of the association speaks for it.
        signatures: its own of the charter, carried by hand.
    """

    network: str
    names: Mapping[str, str]
    root_key: str
    kept: bool
    applied_at: str
    signatures: tuple[CharterAdopted, ...] = ()


def why_unproven(event: MembershipApplied, *, keeper: str) -> str:
    """Return why nothing comes of an application; empty where it is one."""
    if event.node not in (event.network, keeper):
        return "only the network itself or the keeper of the association tells it"
    if event.root_key is None:
        if event.paper_hash is None or event.node != keeper or event.network == keeper:
            return "without software there is a signed paper, and the keeper tells it"
        return ""
    if event.node == event.network:
        return ""
    if event.certificate is None or event.adoption is None:
        return "it does not prove whose word it is"
    return _why_not_theirs(event)


def _why_not_theirs(event: MembershipApplied) -> str:
    assert event.certificate is not None
    assert event.root_key is not None
    try:
        certificate = checked_certificate(event.certificate, event.root_key)
    except BadCertificate:
        return "the root key has not certified the key that signs"
    if (certificate.node, certificate.service) != (event.network, GOVERNANCE):
        return "the certificate is that of another network or service"
    adopted = carried(event)
    assert adopted is not None
    if not is_signed(certificate.key, adopted.statement(), adopted.signature):
        return "the signature of the charter is not theirs"
    return ""


def carried(event: MembershipApplied) -> CharterAdopted | None:
    """Return the signature of a charter that came with an application, as its own log has it."""
    if event.adoption is None:
        return None
    return CharterAdopted(
        association=event.association, node=event.network, **event.adoption.model_dump()
    )


def applications(events: Iterable[MembershipApplied], *, keeper: str) -> dict[str, Application]:
    """Return the applications that are proven, by network; of several the last by its time.

    Once a network has shown a root key, nobody speaks for it, and no other key is taken for it: of
    two keys neither is believed, unless the network tells one itself on its own log.
    """
    proven = [one for one in events if not why_unproven(one, keeper=keeper)]
    by_network: dict[str, list[MembershipApplied]] = {}
    for one in proven:
        by_network.setdefault(one.network, []).append(one)
    found: dict[str, Application] = {}
    for network, those in by_network.items():
        own = [one for one in those if one.node == network]
        keyed = [one for one in those if one.root_key]
        chosen = own or keyed or those
        if len({one.root_key for one in chosen}) > 1:
            continue
        last = max(chosen, key=lambda one: (one.applied_at, str(sorted(one.names.items()))))
        kept = last.root_key is None
        signatures = {one.signature: one for one in map(carried, keyed) if one is not None}
        found[network] = Application(
            network=network,
            names=dict(last.names),
            root_key=last.root_key or "",
            kept=kept,
            applied_at=last.applied_at,
            signatures=tuple(signatures[key] for key in sorted(signatures)),
        )
    return found


def speaks(node: str, leg: str | None, asked: Mapping[str, Application], keeper: str) -> bool:
    """Tell whether a node may sign or leave in this name: its own, or one that it keeps."""
    if leg is None or leg == node:
        return leg is None
    found = asked.get(leg)
    return node == keeper and found is not None and found.kept


def adoptions(
    told: Iterable[CharterAdopted], asked: Mapping[str, Application], *, keeper: str
) -> list[CharterAdopted]:
    """Return the signatures that hold: told by the network, by who keeps it, or carried by hand."""
    found = [one for one in told if speaks(one.node, one.leg, asked, keeper)]
    said = {(one.leg or one.node, one.charter_hash, one.adopted_at) for one in found}
    return found + [
        signed
        for one in asked.values()
        for signed in one.signatures
        if (signed.node, signed.charter_hash, signed.adopted_at) not in said
    ]
