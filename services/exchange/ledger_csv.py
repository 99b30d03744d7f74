"""A statement as a file for people: comma-separated values with headings in five languages.

Hours stand in minutes and mutual credit in whole and hundredths, exactly as they are kept.
"""

import csv
import io
from typing import ClassVar, Final

from services.exchange.ledger import NO_FLOOR, Step
from services.exchange.ledger_purposes import LANGUAGES, PURPOSES, LedgerUnit
from services.exchange.ledger_statements import LINES_MAX, Standing, Statement, StatementLine
from shared.refusals import Kind, Refusal

MEDIA_TYPE: Final = "text/csv; charset=utf-8"


class StatementTooLong(Refusal):
    """A file was asked for with more lines than one has."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "statement-too-long"
    title: ClassVar[str] = "That is too much for one file; ask for a shorter period"


_Words = dict[str, tuple[str, str, str, str, str]]
_HEADINGS: Final[_Words] = {
    "at": ("entered", "تاريخ التسجيل", "saisi le", "anotado", "registado em"),
    "happened_on": ("day", "اليوم", "jour", "día", "dia"),
    "step": ("what", "العملية", "opération", "operación", "operação"),
    "other": ("with", "مع", "avec", "con", "com"),
    "purpose": ("for", "الغرض", "objet", "motivo", "finalidade"),
    "note": ("note", "ملاحظة", "note", "nota", "nota"),
    "received": ("received", "المستلم", "reçu", "recibido", "recebido"),
    "given": ("given", "المعطى", "donné", "entregado", "entregue"),
    "held": ("held", "المحجوز", "réservé", "reservado", "reservado"),
    "posted": ("balance", "الرصيد", "solde", "saldo", "saldo"),
    "available": ("available", "المتاح", "disponible", "disponible", "disponível"),
    "id": ("number", "الرقم", "numéro", "número", "número"),
}
_IN_UNIT: Final = frozenset(("received", "given", "held", "posted", "available"))
_MINUTES: Final = ("minutes", "دقائق", "minutes", "minutos", "minutos")
_BEFORE: Final = (
    "balance before", "الرصيد السابق", "solde précédent", "saldo anterior", "saldo anterior",
)  # fmt: skip
_REVERSED: Final = ("correction", "تصحيح", "correction", "corrección", "correção")
_STEPS: Final[_Words] = {
    Step.POSTED: ("passed", "تحويل", "transfert", "transferencia", "transferência"),
    Step.PENDING: ("held", "حجز", "réservation", "reserva", "reserva"),
    Step.POST: ("paid from hold", "تحويل من الحجز", "réservation transférée",
                "reserva transferida", "reserva transferida"),
    Step.VOID: ("hold given back", "إلغاء الحجز", "réservation rendue",
                "reserva devuelta", "reserva devolvida"),
    Step.EXPIRE: ("hold expired", "انتهاء الحجز", "réservation expirée",
                  "reserva vencida", "reserva vencida"),
}  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula, whoever wrote it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def statement_csv(statement: Statement, *, unit: LedgerUnit, language: str) -> bytes:
    """Return a statement as a file that spreadsheets open in any script.

    Args:
        statement: the account's lines, and how it stood before them.
        unit: the account's unit.
        language: one of the five; English for any other.

    Raises:
        StatementTooLong: it has more lines than ``LINES_MAX``.
    """
    if len(statement.lines) > LINES_MAX:
        raise StatementTooLong(most=LINES_MAX)
    place = LANGUAGES.index(language) if language in LANGUAGES else 0
    text = io.StringIO()
    file = csv.writer(text)
    measure = _MINUTES[place] if unit.kind == "time" else unit.names[LANGUAGES[place]]
    file.writerow(
        f"{words[place]} ({measure})" if name in _IN_UNIT else words[place]
        for name, words in _HEADINGS.items()
    )
    floor = statement.account.floor
    before = dict.fromkeys(_HEADINGS, "")
    before |= {"step": _BEFORE[place], **_balances(statement.before, floor, unit)}
    file.writerow(before.values())
    for line in statement.lines:
        row = _row(line, unit, place) | _balances(line.after, floor, unit)
        file.writerow(row[name] for name in _HEADINGS)
    # The mark at the beginning tells spreadsheets that the file is UTF-8.
    return text.getvalue().encode("utf-8-sig")


def shown(amount: int, unit: LedgerUnit) -> str:
    """Return an amount as people write it: minutes, or whole parts and hundredths."""
    if unit.kind == "time" or unit.parts == 1:
        return str(amount)
    whole, rest = divmod(abs(amount), unit.parts)
    digits = len(str(unit.parts - 1))
    return f"{'-' if amount < 0 else ''}{whole}.{rest:0{digits}d}"


def _row(line: StatementLine, unit: LedgerUnit, place: int) -> dict[str, str]:
    purpose = PURPOSES.get(line.purpose)
    return {
        "at": line.at,
        "happened_on": line.happened_on,
        "step": _REVERSED[place] if line.reverses else _STEPS[line.step][place],
        "other": _plain(line.other),
        "purpose": purpose[LANGUAGES[place]] if purpose else _plain(line.purpose),
        "note": _plain(line.note),
        "received": shown(line.received, unit) if line.received else "",
        "given": shown(line.given, unit) if line.given else "",
        "held": shown(line.held, unit) if line.held else "",
        "id": line.id,
    }


def _balances(standing: Standing, floor: int, unit: LedgerUnit) -> dict[str, str]:
    # Where there is no floor, everything is available and no number says so.
    available = "" if floor == NO_FLOOR else shown(standing.available(floor), unit)
    return {"posted": shown(standing.posted, unit), "available": available}


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
