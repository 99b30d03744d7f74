"""What transfers are for, and the units of a network, in the five languages.

Care for children, elders, the sick and neighbours is a purpose of its own, so that a network can
say how much of it its members do: it is work, and elsewhere nobody counts it.
"""

from dataclasses import dataclass
from typing import Final

from services.exchange.ledger_refusals import UnknownLedgerUnit, UnknownPurpose
from shared.ids import NodeName

LANGUAGES: Final = ("en", "ar", "fr", "es", "pt")

CARE: Final = "care"
OTHER: Final = "other"
BALANCE: Final = "balance"
"""What is left between giving and receiving in a ring."""

PURPOSES: Final[dict[str, dict[str, str]]] = {
    code: dict(zip(LANGUAGES, names, strict=True))
    for code, *names in (
        (CARE, "Care", "رعاية", "Soin et accompagnement", "Cuidados", "Cuidados"),
        ("teaching", "Teaching", "تعليم وتكوين", "Enseignement", "Enseñanza", "Ensino"),
        ("repair", "Repair", "إصلاح", "Réparation", "Reparación", "Reparação"),
        ("farming", "Work in the fields", "عمل فلاحي", "Travail agricole", "Trabajo agrícola",
         "Trabalho agrícola"),
        ("building", "Building", "بناء", "Construction", "Construcción", "Construção"),
        ("cooking", "Cooking", "طبخ", "Cuisine", "Cocina", "Cozinha"),
        ("craft", "Craft", "حرف", "Artisanat", "Artesanía", "Artesanato"),
        ("transport", "Transport", "نقل", "Transport", "Transporte", "Transporte"),
        ("writing", "Writing, accounts, translation", "كتابة ومحاسبة وترجمة",
         "Écriture, comptes, traduction", "Escritura, cuentas, traducción",
         "Escrita, contas, tradução"),
        ("commons", "Work for all", "عمل جماعي (تويزة)", "Travail pour tous",
         "Trabajo para el común", "Mutirão"),
        ("goods", "Goods", "سلع", "Biens", "Bienes", "Bens"),
        (BALANCE, "Balance of a ring", "فرق حلقة مقايضة", "Solde d'une boucle d'échange",
         "Saldo de una ronda de trueque", "Saldo de uma roda de trocas"),
        (OTHER, "Other", "أخرى", "Autre", "Otro", "Outro"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerUnit:
    """A unit of account, and the limits of an account for which none were said.

    Args:
        kind: ``time`` or ``mutual``.
        parts: how many of the smallest part make one.
        floor, ceiling: in the smallest part.
    """

    code: str
    kind: str
    parts: int
    names: dict[str, str]
    floor: int
    ceiling: int
    revision: int = 1


HOURS: Final = "hours"
_VALUE_HOURS: Final = "min"
"""The code by which the value of an offer is said in minutes."""


def mutual_credit(node: NodeName) -> str:
    """Return the code of a node's own mutual credit."""
    return f"{node}:credit"


def units_of(node: NodeName) -> tuple[LedgerUnit, ...]:
    """Return the units that a node begins with; its network changes names and limits."""
    hours = dict(zip(LANGUAGES, ("Hours", "ساعات", "Heures", "Horas", "Horas"), strict=True))
    credit = ("Mutual credit", "ائتمان متبادل", "Crédit mutuel", "Crédito mutuo", "Crédito mútuo")
    return (
        LedgerUnit(
            code=HOURS, kind="time", parts=60, names=hours, floor=-20 * 60, ceiling=100 * 60
        ),
        LedgerUnit(
            code=mutual_credit(node),
            kind="mutual",
            parts=100,
            names=dict(zip(LANGUAGES, credit, strict=True)),
            floor=-200_00,
            ceiling=1_000_00,
        ),
    )


def ledger_code(value_unit: str, *, node: NodeName) -> str:
    """Return the code of the accounts in which a value of that unit is settled here.

    Raises:
        UnknownLedgerUnit: this node keeps no accounts in it; national money, for one.
    """
    if value_unit in (HOURS, _VALUE_HOURS):
        return HOURS
    if value_unit == mutual_credit(node):
        return value_unit
    raise UnknownLedgerUnit(value_unit[:64])


def purpose(code: str) -> str:
    """Return a purpose's code as it is.

    Raises:
        UnknownPurpose
    """
    if code not in PURPOSES:
        raise UnknownPurpose(code[:64], purposes=sorted(PURPOSES))
    return code
