"""The fields of a profile that hold codes of vocabularies, and the tags."""

from typing import Any, Final

from services.directory.importing import terms, values
from services.directory.importing.cells import Cells, limited
from services.directory.importing.headers import language_of_word
from services.directory.vocabulary import practices_of
from shared.contracts.fields import LINE_MAX
from shared.contracts.profile import CODES_MAX, LIST_MAX, TAGS_MAX
from shared.text import fold

Fields = dict[str, Any]

_LISTS: Final = (
    "activity_primary",
    "activities",
    "activities_ica",
    "practices",
    "products",
    "qualifiers",
    "themes",
    "labour_types",
    "terms",
)
_HOMES: Final = tuple(dict.fromkeys(terms.FIELD_OF.values()))


def fill_codes(cells: Cells, fields: Fields) -> None:
    """Fill everything that is coded; words that no vocabulary has become tags."""
    tags: list[str] = []
    for column, _, cell in cells.each("tags"):
        tags += terms.pieces(cells.mended(column, cell))
    _lists(cells, fields, tags)
    _flags(cells, fields)
    _singles(cells, fields, tags)
    _legal_form(cells, fields)
    _follow(fields)
    _values(cells, fields)
    _certifications(cells, fields, tags)
    _words(cells, fields)
    for home in _HOMES:
        if home in fields:
            fields[home] = limited(fields[home], CODES_MAX, cells, home)
    # The first spelling of a tag stands for those that differ in case or accents.
    unique: dict[str, str] = {}
    for word in tags:
        if tag := terms.as_tag(word):
            unique.setdefault(fold(tag), tag)
    if unique:
        fields["tags"] = limited(list(unique.values()), TAGS_MAX, cells, "tags")


def _lists(cells: Cells, fields: Fields, tags: list[str]) -> None:
    for field in _LISTS:
        for column, _, cell in cells.each(field):
            found, unknown = terms.terms(cells.mended(column, cell), field)
            for term in found:
                home = terms.FIELD_OF.get(term.partition(":")[0])
                if home is None:
                    tags.append(terms.english(term))
                elif term not in fields.setdefault(home, []):
                    fields[home].append(term)
            tags += unknown
            # Free categories are what they are; a code that is none is a loss.
            for word in unknown if field != "terms" else ():
                cells.warn("code-unknown", word, column)


def _flags(cells: Cells, fields: Fields) -> None:
    """Read the columns that say yes or no to one qualifier: "organic", "fair trade"."""
    for _, end, cell in cells.fields("flag:"):
        term = terms.term(end, ("qualifiers",)) if values.yes(cell) else None
        if term is not None and term not in fields.setdefault("qualifiers", []):
            fields["qualifiers"].append(term)


def _singles(cells: Cells, fields: Fields, tags: list[str]) -> None:
    for field in ("org_structure", "membership_type"):
        for column, _, cell in cells.each(field):
            found, unknown = terms.terms(cells.clean_line(column, cell), field)
            if found:
                fields.setdefault(field, found[0])
            for word in unknown:
                cells.warn("code-unknown", word, column)
            tags += unknown


def _legal_form(cells: Cells, fields: Fields) -> None:
    """Keep the form as the law of the country calls it, beside the code that it amounts to."""
    for column, _, cell in cells.each("legal_form"):
        text = cells.clean_line(column, cell)
        code = terms.term(text, terms.SCHEMES_OF["legal_form"])
        structure = terms.term(text, terms.SCHEMES_OF["org_structure"])
        if code is not None:
            fields.setdefault("legal_form", code)
        if structure is not None:
            fields.setdefault("org_structure", structure)
        if "://" in text:
            if code is None and structure is None:
                cells.warn("code-unknown", text, column)
        elif text and ":" not in text:
            local = fields.setdefault("legal_form_local", {"text": text[:LINE_MAX]})
            if country := fields.get("addresses", [{}])[0].get("country"):
                local["country"] = country


def _follow(fields: Fields) -> None:
    """Fill the practices that codes of ESSGLOBAL amount to, where the list names none."""
    if "practices" in fields:
        return
    single = [fields[field] for field in ("org_structure", "membership_type") if field in fields]
    amounting = practices_of([*single, *fields.get("activities_ica", ())])
    if amounting:
        fields["practices"] = amounting


def _values(cells: Cells, fields: Fields) -> None:
    for column, _, cell in cells.each("values"):
        found, unknown = terms.values(cells.mended(column, cell))
        if found:
            fields["values"] = limited(found, LIST_MAX, cells, column)
        for word in unknown:
            cells.warn("code-unknown", word, column)


def _certifications(cells: Cells, fields: Fields, tags: list[str]) -> None:
    """Read certifications as words such as ``fair_for_life``; others are kept as tags."""
    schemes: dict[str, None] = {}
    for column, _, cell in cells.each("certifications"):
        for piece in terms.pieces(cells.mended(column, cell)):
            word = terms.as_word(piece)
            if word is None:
                cells.warn("code-unknown", piece, column)
                tags.append(piece)
            else:
                schemes[word] = None
    if schemes:
        every = [{"scheme": scheme} for scheme in schemes]
        fields["certifications"] = limited(every, LIST_MAX, cells, "certifications")


def _words(cells: Cells, fields: Fields) -> None:
    """Fill the fields that take one word out of a few."""
    for field, reading in (("status", values.status), ("economy", values.economy)):
        for column, _, cell in cells.each(field):
            meaning = reading(cell)
            if meaning is None:
                cells.warn("value-unreadable", cells.clean_line(column, cell), column)
            else:
                fields.setdefault(field, meaning)
    for column, _, cell in cells.each("area_served"):
        reach = values.scope(cell)
        if reach is not None:
            fields.setdefault("area_served", {"scope": reach})
        else:
            names = terms.pieces(cells.mended(column, cell))
            codes = [name[:LINE_MAX] for name in names][:CODES_MAX]
            if codes:
                fields.setdefault("area_served", {"codes": codes})
    for column, _, cell in cells.each("beneficiaries"):
        groups = [
            values.group(piece) or "other" for piece in terms.pieces(cells.mended(column, cell))
        ]
        if groups:
            told = [{"side": "outside", "group": group} for group in dict.fromkeys(groups)]
            fields.setdefault("beneficiaries", told)
    for column, _, cell in cells.each("original_language"):
        tag = language_of_word(cells.clean_line(column, cell))
        if tag is None:
            cells.warn("value-unreadable", cells.clean_line(column, cell), column)
        else:
            fields.setdefault("original_language", tag)
