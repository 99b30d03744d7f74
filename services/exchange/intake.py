"""Intake: from what somebody hands in to an item, cleaned and checked, or a refusal by name."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

from services.exchange import categories
from services.exchange.asked_items import ItemIn, PlaceIn, QuantityIn
from services.exchange.items import (
    IN_RINGS,
    Item,
    Kind,
    OwnerKind,
    Place,
    Preference,
    Quantity,
    Repeat,
    Rings,
    Side,
    State,
    Transport,
    Value,
    Visibility,
    WindowEndsFirst,
)
from services.exchange.units import SCALE_MAX, BadQuantity
from services.exchange.worth import checked_value
from shared.cleaning import BadUrl, language_tag, line, prose, web_address
from shared.clock import stamp
from shared.contracts.exchange import (
    CERTIFICATES_MAX,
    PICTURES_MAX,
    RADIUS_KM_MAX,
    RANK_MAX,
    TEXT_MAX,
    TITLE_MAX,
)
from shared.contracts.fields import LATITUDE_MAX, LINE_MAX, LONGITUDE_MAX
from shared.contracts.profile import LANGUAGES_MAX
from shared.ids import NodeName, global_id, uuid7
from shared.refusals import Invalid, Refusal
from shared.refusals import Kind as RefusalKind

OPEN_DAYS: Final = 90
"""For how long an item stands where nothing is said."""
OPEN_DAYS_MAX: Final = 400
COARSE: Final = 100_000
"""A hundredth of a degree, about a kilometre: places of people are not told more exactly."""
FIRST_DAY: Final = date(2020, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)

_DECIMAL: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?")
_LANGUAGE: Final = re.compile(r"[a-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_CERTIFICATE: Final = re.compile(r"(?:[a-z0-9-]{1,32}:)?[a-z][a-z0-9_-]{0,39}")
_CHOICE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


class NoTitle(Refusal):
    """An item has no title in any language."""

    kind: ClassVar[RefusalKind] = RefusalKind.INVALID
    slug: ClassVar[str] = "no-title"
    title: ClassVar[str] = "An offer or want has a title"


class TextTooLong(Refusal):
    """A title or a text is longer than one reads."""

    kind: ClassVar[RefusalKind] = RefusalKind.INVALID
    slug: ClassVar[str] = "text-too-long"
    title: ClassVar[str] = "This text is too long"


class TooManyOfThese(Refusal):
    """An item has more pictures, languages or certificates than it can carry."""

    kind: ClassVar[RefusalKind] = RefusalKind.INVALID
    slug: ClassVar[str] = "too-many-of-these"
    title: ClassVar[str] = "There are more of these than an item can carry"


class RingsNotOfThisKind(Refusal):
    """An item of a kind that has rules of its own was to be matched in rings."""

    kind: ClassVar[RefusalKind] = RefusalKind.INVALID
    slug: ClassVar[str] = "rings-not-of-this-kind"
    title: ClassVar[str] = "Rings are made of exchange, gift, loan and time; say rings: none"


class RoundsNeedFederation(Refusal):
    """Something that only the network may see was to go into rounds between networks."""

    kind: ClassVar[RefusalKind] = RefusalKind.INVALID
    slug: ClassVar[str] = "rounds-need-federation"
    title: ClassVar[str] = "Rounds between networks need what the federation may see"


class TimeInTime(Refusal):
    """A time offer is measured in something else than time."""

    kind: ClassVar[RefusalKind] = RefusalKind.INVALID
    slug: ClassVar[str] = "time-in-time"
    title: ClassVar[str] = "What is given in time is measured in min, h or workday"


def new_item_id(node: NodeName, owner: str, draft_id: UUID | None) -> str:
    """Return the id of a new item.

    What was posted twice under one draft's id is one item. The owner goes into it, so that nobody
    meets another's by guessing.
    """
    if draft_id is None:
        return global_id(node, uuid7())
    digest = hashlib.sha256(b"item\0%b\0%b" % (owner.encode(), draft_id.bytes)).digest()
    return global_id(node, UUID(bytes=digest[:16], version=5))


def item_of(given: ItemIn, *, item_id: str, node: NodeName, language: str, now: datetime) -> Item:
    """Return the item that somebody means, as a draft of revision 1.

    The category's own leaf is left as its code, and looked up where the database is at hand.

    Args:
        given: what was handed in.
        item_id: its id.
        node: this node.
        language: of texts that name none.
        now: the present moment; windows that are over are refused.

    Raises:
        NoTitle, TextTooLong, TooManyOfThese, BadUrl, UnknownCategory, UnknownUnit, BadQuantity,
        QuantityTooLarge, UnknownValueUnit, BadValue, FloorAboveCeiling, FloorOnWant,
        ValueEachOfNothing, WindowEndsFirst, RingsNotOfThisKind, RoundsNeedFederation, TimeInTime,
        Invalid
    """
    side, kind = Side(given.side), Kind(given.kind)
    own = given.language or language
    quantity = _quantity(given.quantity)
    if kind is Kind.TIME and quantity is not None and quantity.measure() != "time":
        raise TimeInTime()
    value = None
    if given.value is not None:
        value = Value(**given.value.model_dump())
        value = checked_value(value, side=side, quantified=quantity is not None, node=node)
    begins, ends = _window(given.available_from, given.available_until, today=now.date())
    visibility = Visibility(given.visibility)
    item = Item(
        item_id=item_id,
        side=side,
        kind=kind,
        state=State.DRAFT,
        visibility=visibility,
        revision=1,
        owner=given.owner,
        owner_kind=OwnerKind(given.owner_kind),
        title=_titles(given.title, own),
        text=_texts(given.text, own, TEXT_MAX, prose, field="text"),
        original_language=_tag(own),
        category=given.category,
        quantity=quantity,
        value=value,
        place=_place(given.place),
        radius_km=_within(given.radius_km, 0, RADIUS_KM_MAX, "radius_km"),
        available_from=begins,
        available_until=ends,
        expires_at=expiry(given.expires_on, ends, now=now),
        certificates=_certificates(given.certificates),
        rings=_rings(given.rings, kind, visibility),
        prefer=Preference(given.prefer),
        repeat=Repeat(given.repeat),
        transport=Transport(given.transport),
        market=_short(given.market, LINE_MAX, "market"),
        rank=_within(given.rank, 0, RANK_MAX, "rank") or 0,
        choice=_choice(given.choice),
        pictures=_pictures(given.pictures),
    )
    if ":" not in given.category:
        categories.category(given.category)
    return item


def _titles(given: str | Mapping[str, str], language: str) -> dict[str, str]:
    titles = _texts(given, language, TITLE_MAX, line, field="title")
    if not titles:
        raise NoTitle()
    return titles


def _texts(
    given: str | Mapping[str, str], language: str, most: int, clean: Any, *, field: str
) -> dict[str, str]:
    texts = {language: given} if isinstance(given, str) else given
    if len(texts) > LANGUAGES_MAX:
        raise TooManyOfThese(f"at most {LANGUAGES_MAX} languages", field=field)
    found: dict[str, str] = {}
    for tag, text in texts.items():
        # Cleaning shortens, never lengthens by much; what is absurd is not even cleaned.
        if len(text) > 2 * most or len(cleaned := clean(text)) > most:
            raise TextTooLong(f"{field} has at most {most} characters", field=field)
        if cleaned:
            found[_tag(tag)] = cleaned
    return found


def _tag(tag: str) -> str:
    found = language_tag(tag)
    if len(found) > 35 or not _LANGUAGE.fullmatch(found):
        raise Invalid("a language is a tag such as ar, ary or pt-BR", field="language")
    return found


def _quantity(given: QuantityIn | None) -> Quantity | None:
    """Return the quantity that a decimal says.

    Raises:
        UnknownUnit, BadQuantity, QuantityTooLarge
    """
    if given is None:
        return None
    said = _DECIMAL.fullmatch(str(given.amount).strip())
    if said is None:
        raise BadQuantity(field="quantity")
    digits = (said[2] or "").rstrip("0")
    if len(digits) > SCALE_MAX:
        raise BadQuantity(field="quantity")
    quantity = Quantity(amount=int(said[1] + digits), scale=len(digits), unit=given.unit)
    quantity.base()
    return quantity


def _window(begins: date | None, ends: date | None, *, today: date) -> tuple[str, str]:
    for day in (begins, ends):
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise WindowEndsFirst(f"between {FIRST_DAY} and {LAST_DAY}")
    if ends is not None and (ends < today or (begins is not None and begins > ends)):
        raise WindowEndsFirst()
    return (begins.isoformat() if begins else "", ends.isoformat() if ends else "")


def expiry(expires_on: date | None, available_until: str, *, now: datetime) -> str:
    """Return when an item closes by itself: with its window, or on a day, within a year or so.

    Raises:
        WindowEndsFirst: the day is over.
    """
    days = [now + timedelta(days=OPEN_DAYS_MAX)]
    if expires_on is not None:
        if not now.date() <= expires_on <= LAST_DAY:
            raise WindowEndsFirst("expires_on is over", field="expires_on")
        days.append(_end_of(expires_on))
    if available_until:
        days.append(_end_of(date.fromisoformat(available_until)))
    if len(days) == 1:
        days.append(now + timedelta(days=OPEN_DAYS))
    return stamp(min(days))


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def _place(given: PlaceIn | None) -> Place | None:
    if given is None:
        return None
    if abs(given.lat) > LATITUDE_MAX or abs(given.lon) > LONGITUDE_MAX:
        raise Invalid("coordinates are in 1e-7 degree", field="place")
    if given.country and not _COUNTRY.fullmatch(given.country):
        raise Invalid("a country is its code of two capital letters", field="place")
    return Place(
        lat=_coarse(given.lat),
        lon=_coarse(given.lon),
        country=given.country,
        locality=_short(given.locality, LINE_MAX, "place"),
    )


def _coarse(degrees: int) -> int:
    whole = (abs(degrees) + COARSE // 2) // COARSE * COARSE
    return whole if degrees >= 0 else -whole


def _rings(given: str | None, kind: Kind, visibility: Visibility) -> Rings:
    """Return in which rings an item is matched; without a word, as far as is natural for it."""
    if given is None:
        return Rings.NETWORK if kind in IN_RINGS else Rings.NONE
    rings = Rings(given)
    if rings is not Rings.NONE and kind not in IN_RINGS:
        raise RingsNotOfThisKind()
    if rings is Rings.FEDERATION and visibility is Visibility.NETWORK:
        raise RoundsNeedFederation()
    return rings


def _certificates(given: list[str]) -> tuple[str, ...]:
    if len(given) > CERTIFICATES_MAX:
        raise TooManyOfThese(f"at most {CERTIFICATES_MAX} certificates", field="certificates")
    for word in given:
        if not _CERTIFICATE.fullmatch(word):
            raise Invalid("a certificate is a word such as organic or spp", field="certificates")
    return tuple(sorted(set(given)))


def _pictures(given: list[str]) -> tuple[str, ...]:
    if len(given) > PICTURES_MAX:
        raise TooManyOfThese(f"at most {PICTURES_MAX} pictures", field="pictures")
    try:
        return tuple(dict.fromkeys(web_address(url) for url in given))
    except BadUrl as error:
        raise BadUrl(error.detail, field="pictures") from error


def _short(text: str, most: int, field: str) -> str:
    if len(text) > 2 * most or len(cleaned := line(text)) > most:
        raise TextTooLong(f"{field} has at most {most} characters", field=field)
    return cleaned


def _choice(word: str) -> str:
    if word and not _CHOICE.fullmatch(word):
        raise Invalid("a choice is a word of small letters", field="choice")
    return word


def _within(value: int | None, least: int, most: int, field: str) -> int | None:
    if value is not None and not least <= value <= most:
        raise Invalid(f"{field} is from {least} to {most}", field=field)
    return value
