"""Intake: from what somebody hands in to a profile, cleaned and checked, or a refusal by name.

People write through the API and through spreadsheets; both come here as the fields that JSON has.
Nothing is guessed: what is not understood is refused, and the refusal says which field and why.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

import orjson
from pydantic import ValidationError

from services.directory import vocabulary
from services.directory.coordinates import require_point
from services.directory.countries import is_country
from services.directory.profile import Profile
from services.directory.vocabulary import UnknownTerm
from shared.cleaning import BadUrl, language_tag, line, prose, web_address
from shared.refusals import Kind, Refusal

PROFILE_BYTES_MAX: Final = 64_000
"""Size of a profile as JSON: eight of the greatest fill one page of the log."""
NESTING_MAX: Final = 8
"""Lists and maps inside one another in what is handed in."""
FAULTS_TOLD_MAX: Final = 20

Needs = Literal["practice", "practice-or-activity", "name"]

_PROSE: Final = frozenset({"summary", "description", "mission", "evidence", "alt", "opening_hours"})
_BY_LANGUAGE: Final = frozenset({"names", "summary", "description", "mission", "alt"})
_TERM: Final = {
    "org_structure": "organisational-structure",
    "legal_form": "legal-form",
    "membership_type": "base-membership-type",
}
_TERMS: Final = {
    "activities": "activities",
    "activities_ica": "activities-ica",
    "practices": "practice",
    "products": "products-services",
    "qualifiers": "qualifiers",
    "themes": "themes",
    "labour_types": "type-of-labour",
}


class NoName(Refusal):
    """An entity has no name."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "no-name"
    title: ClassVar[str] = "An entity has a name"


class NoPractice(Refusal):
    """An entity says nothing of what it does."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "no-practice"
    title: ClassVar[str] = "An entity has at least one practice"


class CountsDisagree(Refusal):
    """A part is greater than the whole: more women in the board than the board has members."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "counts-disagree"
    title: ClassVar[str] = "A part is not greater than the whole"


class UnknownCountry(Refusal):
    """A country's code is not one of ISO 3166-1."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "unknown-country"
    title: ClassVar[str] = "A country is written with its two letters of ISO 3166-1"


class BadProfile(Refusal):
    """A field of a profile is not what it takes; ``fields`` tells which and why."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-profile"
    title: ClassVar[str] = "A field of the profile is not what it takes"


class ProfileTooLarge(Refusal):
    """A profile has more text than a page of the log should carry for one entity."""

    kind: ClassVar[Kind] = Kind.TOO_LARGE
    slug: ClassVar[str] = "profile-too-large"
    title: ClassVar[str] = "A profile has at most 64 kB"


def profile_of(
    given: Mapping[str, Any], *, needs: Needs = "practice", default_practice: str | None = None
) -> Profile:
    """Return the profile of what was handed in, cleaned and checked.

    Args:
        given: the fields as JSON has them; terms may be codes, addresses or labels.
        needs: what there must be: people say a practice; a list imported may have an activity
            instead; a federated or older record may have neither.
        default_practice: the practice of entities that come without practice and activity.

    Raises:
        NoName, NoPractice, BadProfile, ProfileTooLarge, CountsDisagree, UnknownCountry
        UnknownTerm: a code is in no vocabulary of its field.
        BadUrl: an address of a page is none.
        CoordinatesZero, CoordinatesSwapped, CoordinatesOutOfRange, CoordinatesNotNumbers
    """
    unknown = sorted(given.keys() - Profile.model_fields.keys())
    if unknown:
        raise BadProfile(f"there is no field called {unknown[0][:40]}")
    fields: dict[str, Any] = _cleaned(dict(given), "", NESTING_MAX)
    if not isinstance(fields.get("name"), str):
        raise NoName
    _write_terms(fields)
    _write_addresses(fields)
    _check_place(fields)
    if default_practice and not any(fields.get(axis) for axis in ("practices", "activities")):
        fields["practices"] = [vocabulary.require(default_practice, "practice")]
    profile = _validated(fields)
    says_activity = profile.activities or profile.activities_ica
    if not (profile.practices or needs == "name" or (needs != "practice" and says_activity)):
        raise NoPractice
    _check_counts(profile)
    if len(orjson.dumps(profile.model_dump(exclude_defaults=True))) > PROFILE_BYTES_MAX:
        raise ProfileTooLarge
    return profile


def _cleaned(value: Any, field: str, depth: int) -> Any:
    """Return a value with its texts cleaned, and without what is empty."""
    if isinstance(value, str):
        return (prose(value) if field in _PROSE else line(value)) or None
    if not isinstance(value, dict | list | tuple):
        return value
    if not depth:
        raise BadProfile(f"more than {NESTING_MAX} lists and maps inside one another")
    if isinstance(value, dict):
        items = (
            (
                language_tag(key) if field in _BY_LANGUAGE else key,
                _cleaned(item, field if field in _BY_LANGUAGE else key, depth - 1),
            )
            for key, item in value.items()
            if isinstance(key, str)
        )
        return {key: item for key, item in items if not _is_empty(item)}
    cleaned = [_cleaned(item, field, depth - 1) for item in value]
    if all(isinstance(item, str | None) for item in cleaned):
        cleaned = list(dict.fromkeys(cleaned))
    return [item for item in cleaned if not _is_empty(item)]


def _is_empty(value: Any) -> bool:
    return value is None or value == {} or value == []


def _write_terms(fields: dict[str, Any]) -> None:
    """Write every coded field as ``scheme:code``."""
    for field, scheme in _TERM.items():
        if field in fields:
            fields[field] = _term(fields[field], field, scheme)
    for field, scheme in _TERMS.items():
        if field in fields:
            terms = [_term(text, field, scheme) for text in _list(fields, field)]
            fields[field] = list(dict.fromkeys(terms))
    for value in _maps(fields, "values"):
        value["code"] = _term(value.get("code"), "values", *vocabulary.VALUES)


def _term(text: Any, field: str, *schemes: str) -> str:
    if not isinstance(text, str):
        raise BadProfile(f"{field} holds something that is no text")
    term = vocabulary.resolve(text, *schemes)
    if term is None:
        raise UnknownTerm(f"{field} does not know {text[:80]}", field=field, term=text[:80])
    return term


def _write_addresses(fields: dict[str, Any]) -> None:
    """Check and write the addresses of pages, and the countries of places."""
    places: list[tuple[dict[str, Any], str, str]] = [
        (fields, "primary_url", "primary_url"),
        (fields, "rss", "rss"),
        (fields, "uri", "uri"),
        *((link, "url", "links") for link in _maps(fields, "links")),
        *((image, "url", "images") for image in _maps(fields, "images")),
        *((held, "evidence_url", "certifications") for held in _maps(fields, "certifications")),
    ]
    for holder, key, field in places:
        if isinstance(holder.get(key), str):
            try:
                holder[key] = web_address(holder[key])
            except BadUrl as refused:
                raise BadUrl(f"in {field}", field=field) from refused
    for address in _maps(fields, "addresses"):
        if isinstance(address.get("country"), str):
            address["country"] = address["country"].upper()
            if not is_country(address["country"]):
                raise UnknownCountry(address["country"][:40], field="addresses")


def _check_place(fields: dict[str, Any]) -> None:
    """Refuse a point that cannot be where the entity's addresses say."""
    geo = fields.get("geo")
    if not isinstance(geo, dict):
        return
    addresses = _maps(fields, "addresses")
    addresses.sort(key=lambda address: address.get("is_main") is not True)
    countries = [address["country"] for address in addresses if "country" in address]
    require_point(geo.get("lat"), geo.get("lon"), country=countries[0] if countries else None)


def _validated(fields: dict[str, Any]) -> Profile:
    try:
        return Profile.model_validate(fields)
    except ValidationError as error:
        faults = [
            {"field": ".".join(str(part) for part in fault["loc"]), "reason": fault["msg"]}
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise BadProfile(
            f"{len(faults)} fields are not what they take", fields=faults[:FAULTS_TOLD_MAX]
        ) from error


def _check_counts(profile: Profile) -> None:
    """Refuse numbers of which a part is greater than its whole."""
    members = (profile.members_women, profile.members_men, profile.members_other)
    for whole, parts in (
        (profile.members_total, [sum(part or 0 for part in members)]),
        (profile.members_total, [profile.members_youth]),
        (profile.board_total, [profile.board_women]),
        (profile.board_total, [profile.board_youth]),
    ):
        if whole is not None and sum(part or 0 for part in parts) > whole:
            raise CountsDisagree


def _list(fields: dict[str, Any], field: str) -> list[Any]:
    """Return a field that is a list.

    Raises:
        BadProfile: it is none.
    """
    value = fields.get(field, [])
    if not isinstance(value, list):
        raise BadProfile(f"{field} is a list")
    return value


def _maps(fields: dict[str, Any], field: str) -> list[dict[str, Any]]:
    """Return the maps in a field that is a list; what else is in it, the model refuses."""
    return [item for item in _list(fields, field) if isinstance(item, dict)]
