"""How a ring is said to people, in five languages: in one sentence, and on paper."""

from decimal import Decimal
from typing import Final

from services.exchange.rings.plans import place_of
from services.exchange.worth import CREDIT, CURRENCIES
from shared.contracts.rings import RingLeg, RingPlan, RingQuantity

LANGUAGES: Final = ("ar", "en", "es", "fr", "pt")
RIGHT_TO_LEFT: Final = frozenset({"ar"})

_SENTENCES: Final = {
    "en": (
        "You give {gives} to {to}; you receive {receives} from {source}.",
        "You give {gives} to {to}.",
        "You receive {receives} from {source}.",
    ),
    "fr": (
        "Vous donnez {gives} à {to} ; vous recevez {receives} de {source}.",
        "Vous donnez {gives} à {to}.",
        "Vous recevez {receives} de {source}.",
    ),
    "es": (
        "Ustedes dan {gives} a {to}; reciben {receives} de {source}.",
        "Ustedes dan {gives} a {to}.",
        "Ustedes reciben {receives} de {source}.",
    ),
    "pt": (
        "Vocês dão {gives} a {to}; recebem {receives} de {source}.",
        "Vocês dão {gives} a {to}.",
        "Vocês recebem {receives} de {source}.",
    ),
    "ar": (
        "تعطون {gives} إلى {to}، وتتسلمون {receives} من {source}.",
        "تعطون {gives} إلى {to}.",
        "تتسلمون {receives} من {source}.",
    ),
}

NOTE: Final[dict[str, dict[str, str]]] = {
    "en": {
        "title": "Exchange note", "ring": "Ring", "of": "For", "gives": "You give",
        "receives": "You receive", "to": "To", "from": "From", "quantity": "Quantity",
        "value": "Value, as a yardstick", "dates": "Between", "and": "and", "where": "Where",
        "brings": "Who brings it", "giver": "whoever gives", "receiver": "whoever receives",
        "place_giver": "at the giver's place", "place_receiver": "at the receiver's place",
        "market": "at the market of", "contact": "Contact", "withheld": "through the network",
        "residual_owes": "You receive more than you give:",
        "residual_owed": "You give more than you receive:",
        "residual_even": "Giving and receiving are even.",
        "signature_giver": "Signature of whoever gives",
        "signature_receiver": "Signature of whoever receives",
        "day": "Day", "printed": "Printed on", "gift": "a gift",
    },
    "fr": {
        "title": "Bon d'échange", "ring": "Boucle d'échange", "of": "Pour", "gives": "Vous donnez",
        "receives": "Vous recevez", "to": "À", "from": "De", "quantity": "Quantité",
        "value": "Valeur, à titre de repère", "dates": "Entre le", "and": "et le", "where": "Lieu",
        "brings": "Transport", "giver": "par qui donne", "receiver": "par qui reçoit",
        "place_giver": "chez qui donne", "place_receiver": "chez qui reçoit",
        "market": "au marché de", "contact": "Contact", "withheld": "par le réseau",
        "residual_owes": "Vous recevez plus que vous ne donnez :",
        "residual_owed": "Vous donnez plus que vous ne recevez :",
        "residual_even": "Ce que vous donnez vaut ce que vous recevez.",
        "signature_giver": "Signature de qui donne",
        "signature_receiver": "Signature de qui reçoit",
        "day": "Date", "printed": "Imprimé le", "gift": "un don",
    },
    "es": {
        "title": "Nota de intercambio", "ring": "Ronda de trueque", "of": "Para",
        "gives": "Ustedes dan",
        "receives": "Ustedes reciben", "to": "A", "from": "De", "quantity": "Cantidad",
        "value": "Valor, como referencia", "dates": "Entre el", "and": "y el", "where": "Lugar",
        "brings": "Transporte", "giver": "quien da", "receiver": "quien recibe",
        "place_giver": "donde quien da", "place_receiver": "donde quien recibe",
        "market": "en el mercado de", "contact": "Contacto", "withheld": "por medio de la red",
        "residual_owes": "Reciben más de lo que dan:",
        "residual_owed": "Dan más de lo que reciben:",
        "residual_even": "Lo que dan vale lo que reciben.",
        "signature_giver": "Firma de quien da", "signature_receiver": "Firma de quien recibe",
        "day": "Fecha", "printed": "Impreso el", "gift": "un regalo",
    },
    "pt": {
        "title": "Nota de troca", "ring": "Roda de trocas", "of": "Para", "gives": "Vocês dão",
        "receives": "Vocês recebem", "to": "A", "from": "De", "quantity": "Quantidade",
        "value": "Valor, como referência", "dates": "Entre", "and": "e", "where": "Lugar",
        "brings": "Transporte", "giver": "por quem dá", "receiver": "por quem recebe",
        "place_giver": "junto de quem dá", "place_receiver": "junto de quem recebe",
        "market": "no mercado de", "contact": "Contacto", "withheld": "através da rede",
        "residual_owes": "Recebem mais do que dão:", "residual_owed": "Dão mais do que recebem:",
        "residual_even": "O que dão vale o que recebem.",
        "signature_giver": "Assinatura de quem dá",
        "signature_receiver": "Assinatura de quem recebe",
        "day": "Data", "printed": "Impresso em", "gift": "uma dádiva",
    },
    "ar": {
        "title": "وصل مقايضة", "ring": "حلقة مقايضة", "of": "لفائدة", "gives": "تعطون",
        "receives": "تتسلمون", "to": "إلى", "from": "من", "quantity": "الكمية",
        "value": "القيمة، على سبيل الاستئناس", "dates": "ما بين", "and": "و", "where": "المكان",
        "brings": "النقل على", "giver": "الجهة التي تعطي", "receiver": "الجهة التي تتسلم",
        "place_giver": "عند الجهة التي تعطي", "place_receiver": "عند الجهة التي تتسلم",
        "market": "في سوق", "contact": "للاتصال", "withheld": "عن طريق الشبكة",
        "residual_owes": "تتسلمون أكثر مما تعطون:", "residual_owed": "تعطون أكثر مما تتسلمون:",
        "residual_even": "ما تعطونه يساوي ما تتسلمونه.",
        "signature_giver": "توقيع الجهة التي تعطي", "signature_receiver": "توقيع الجهة التي تتسلم",
        "day": "التاريخ", "printed": "طبع في", "gift": "هبة",
    },
}  # fmt: skip
"""What stands on the printed note."""


def language_of(wanted: str) -> str:
    """Return the language of ours that is nearest to a tag; English where there is none."""
    primary = wanted.partition("-")[0].lower()
    return primary if primary in LANGUAGES else "en"


def goods_in(leg: RingLeg, language: str) -> str:
    """Return what a leg's goods are called, in a language or in whichever they are said in."""
    for tag in (language, *leg.goods):
        if tag in leg.goods:
            return leg.goods[tag]
    raise AssertionError("goods have a name in some language")


def quantity_text(quantity: RingQuantity | None, language: str) -> str:
    """Return a quantity with its unit, as people of a language write numbers."""
    if quantity is None:
        return ""
    number = Decimal(quantity.amount).scaleb(-quantity.scale)
    return f"{_number(number, language)} {quantity.unit}"


def value_text(value: int, unit: str, language: str) -> str:
    """Return a value in its unit: hours and minutes, national money, or the network's own."""
    if unit in ("min", "hours"):
        hours, rest = divmod(abs(value), 60)
        return f"{'-' if value < 0 else ''}{hours} h {rest:02d}"
    digits = 2 if unit.endswith(f":{CREDIT}") else CURRENCIES.get(unit, 0)
    number = Decimal(value).scaleb(-digits)
    return f"{_number(number, language, digits)} {unit.partition(':')[0]}"


def sentence(plan: RingPlan, party: str, language: str) -> str:
    """Return a ring in one sentence, as one of its parties hears it."""
    both, gives_only, receives_only = _SENTENCES[language_of(language)]
    place = place_of(plan, party)
    words: dict[str, str] = {}
    if place.gives is not None:
        leg = plan.legs[place.gives]
        words |= {"gives": _goods(leg, language), "to": name_of(plan, leg.receiver)}
    if place.receives is not None:
        leg = plan.legs[place.receives]
        words |= {"receives": _goods(leg, language), "source": name_of(plan, leg.giver)}
    if place.receives is None:
        return gives_only.format(**words)
    return (both if place.gives is not None else receives_only).format(**words)


def name_of(plan: RingPlan, party: str) -> str:
    """Return how a party is called; its node where it has given no name."""
    return plan.names.get(party, party.partition(":")[0])


def _goods(leg: RingLeg, language: str) -> str:
    quantity = quantity_text(leg.quantity, language)
    goods = goods_in(leg, language_of(language))
    return f"{goods} ({quantity})" if quantity else goods


def _number(number: Decimal, language: str, digits: int | None = None) -> str:
    # The data of babel are large; they are read when the first number is written.
    from babel.numbers import format_decimal

    places = -int(number.as_tuple().exponent) if digits is None else digits
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(number, format=pattern, locale=language_of(language))
