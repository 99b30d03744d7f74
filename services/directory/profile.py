"""The profile of an entity as its own node keeps it, and what of it the federation may know.

At home it has what the public one has, and the contacts, each with its visibility and the consent
of whom it reaches. ``public_part`` is the only way from one to the other: what is not public is
not in it, and the place is as exact as the entity allows.
"""

from typing import Any, Final, Literal
from urllib.parse import urlsplit

from services.directory.coordinates import blurred
from shared.contracts.fields import Email, Instant, Line, Phone
from shared.contracts.profile import Part, Precision, ProfileFields, PublicContacts, PublicProfile

Visibility = Literal["public", "members", "node", "none"]
Reader = Literal["public", "members", "node"]

_READS: Final[dict[Reader, tuple[Visibility, ...]]] = {
    "public": ("public",),
    "members": ("public", "members"),
    "node": ("public", "members", "node"),
}
_COARSE: Final[frozenset[Precision]] = frozenset({"locality", "region", "country"})
# A number in a register of places, or a page of a map, is the place itself.
_MAP_REGISTERS: Final = frozenset({"osm"})
_MAP_PLACES: Final = (".openstreetmap.org", ".osm.org", ".goo.gl", ".google.com/maps", ".waze.com")


class Consent(Part):
    """When and by whom it was agreed that a contact may be shown."""

    at: Instant
    by: Line = ""


class Contact(Part):
    """A way to reach a person, who may read it, and the consent; without one nobody may."""

    visibility: Visibility = "none"
    consent: Consent | None = None


class EmailContact(Contact):
    """An e-mail address."""

    value: Email


class PhoneContact(Contact):
    """A telephone number."""

    value: Phone


class NameContact(Contact):
    """The name of the person to ask for."""

    value: Line


class Contacts(Part):
    """How to reach the entity; persons stand behind it, so each part has its own visibility."""

    email: EmailContact | None = None
    phone: PhoneContact | None = None
    contact_name: NameContact | None = None


class Profile(ProfileFields):
    """All that the entity's own node knows of it."""

    contacts: Contacts | None = None


def public_part(profile: Profile) -> PublicProfile:
    """Return what the federation may know: no contact without consent, no place told too well."""
    fields = profile.model_dump(exclude_defaults=True, exclude={"contacts"})
    contacts = visible_contacts(profile, "public")
    if contacts is not None:
        fields["contacts"] = contacts.model_dump(exclude_defaults=True)
    if "provenance" in fields:
        fields["provenance"].pop("contacts", None)
    if profile.location_visibility != "exact":
        _tell_roughly(fields, country_only=profile.location_visibility == "country")
    return PublicProfile.model_validate(fields)


def visible_contacts(profile: Profile, reader: Reader) -> PublicContacts | None:
    """Return the contacts that a reader may see, or None; each needs a consent."""
    seen: dict[str, str] = {}
    for kind in ("email", "phone", "contact_name"):
        contact = getattr(profile.contacts, kind, None)
        if contact is not None and contact.consent and contact.visibility in _READS[reader]:
            seen[kind] = contact.value
    return PublicContacts(**seen) if seen else None


def women_led(profile: ProfileFields) -> bool | None:
    """Tell whether women lead: as the entity says, or else at least half of the board.

    None means that neither is known.
    """
    if profile.women_led is not None:
        return profile.women_led
    if not profile.board_total or profile.board_women is None:
        return None
    return 2 * profile.board_women >= profile.board_total


def _tell_roughly(fields: dict[str, Any], *, country_only: bool) -> None:
    """Take out of a profile's fields all that tells a place better than it may be told."""
    geo = fields.get("geo")
    if geo is not None and country_only:
        del fields["geo"]
    elif geo is not None:
        lat, lon = blurred((geo["lat"], geo["lon"]))
        precision = geo.get("precision", "exact")
        precision = precision if precision in _COARSE else "locality"
        fields["geo"] = {**geo, "lat": lat, "lon": lon, "precision": precision}
    hidden = {"street", "postcode"}
    if country_only:
        hidden |= {"locality", "region", "admin1", "admin2", "commune"}
        if "area_served" in fields:
            fields["area_served"] = {"scope": fields["area_served"].get("scope", "")}
    addresses: list[dict[str, Any]] = []
    for address in fields.get("addresses", ()):
        told = {key: value for key, value in address.items() if key not in hidden}
        if told.keys() - {"is_main"} and told not in addresses:
            addresses.append(told)
    fields["addresses"] = addresses
    if _is_map(fields.get("primary_url", "")):
        del fields["primary_url"]
    for name, key in (("links", "url"), ("same_as", "uri")):
        fields[name] = [item for item in fields.get(name, ()) if not _is_map(item[key])]
    fields["identifiers"] = [
        item for item in fields.get("identifiers", ()) if item["scheme"] not in _MAP_REGISTERS
    ]


def _is_map(address: str) -> bool:
    parts = urlsplit(address)
    place = f".{parts.netloc}{parts.path}".lower()
    return (
        parts.scheme == "geo" or place.startswith(".maps.") or any(m in place for m in _MAP_PLACES)
    )
