"""A row becomes a draft: the fields of a profile, and what is to be said of the row."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from services.directory.importing import contacts
from services.directory.importing.cells import Cells, Columns
from services.directory.importing.coding import fill_codes
from services.directory.importing.counting import fill_numbers
from services.directory.importing.languages import language_of
from services.directory.importing.linking import fill_links
from services.directory.importing.placing import whereabouts
from services.directory.importing.report import RowIssue
from services.directory.importing.rows import Row
from services.directory.importing.settings import ImportSettings
from services.directory.importing.values import DateOrder, text_of
from shared.contracts.fields import DESCRIPTION_MAX, LINE_MAX, NAME_MAX, SUMMARY_MAX
from shared.contracts.profile import LANGUAGES_MAX, ProfileFields
from shared.text import fold

Fields = dict[str, Any]
Contacts = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entity as one or several rows of a list tell of it.

    Args:
        source_key: by which the same entity is known when the list is read again.
        lines: the rows that tell of it, the first one first.
        fields: the fields of ``ProfileFields``, in JSON's types, without those that are empty.
        contacts: e-mail, phone and name, each with its value and its visibility.
        issues: what is to be said of these rows.
    """

    source_key: str
    lines: tuple[int, ...]
    fields: Fields
    contacts: Contacts
    issues: tuple[RowIssue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafting:
    """Turns the rows of one list into drafts.

    Args:
        columns: which columns each field has.
        typed: the format tells numbers from texts.
        order: what comes first in the list's dates.
        shared_url: an address that nearly all rows have, and which is therefore no entity's.
    """

    columns: Columns
    settings: ImportSettings
    typed: bool
    order: DateOrder = "day"
    shared_url: str = ""
    licence: str = ""
    attribution: str = ""

    def cells(self, row: Row) -> Cells:
        """Return a row's cells by field."""
        return Cells(row, self.columns)

    def draft(self, cells: Cells, source_key: str) -> Draft | None:
        """Return the draft of one row, or None if the row is rejected; the cells say why."""
        fields: Fields = {}
        told: Contacts = {}
        if not self._names(cells, fields):
            return None
        self._texts(cells, fields, told)
        where = whereabouts(cells, self.settings, typed=self.typed)
        if where.refused:
            return None
        if where.address:
            fields["addresses"] = [{**where.address, "is_main": True}]
        if where.geo is not None:
            fields["geo"] = where.geo
        fill_codes(cells, fields)
        fill_links(cells, fields, shared=self.shared_url, source=self.settings.source)
        fill_numbers(cells, fields, self.order)
        self._identifiers(cells, fields)
        _contacts(cells, told)
        self._terms_of_use(cells, fields)
        return Draft(
            source_key=source_key,
            lines=(cells.line,),
            fields=accepted(cells, fields),
            contacts=told,
            issues=tuple(cells.issues),
        )

    def _names(self, cells: Cells, fields: Fields) -> bool:
        """Fill the names; False if there is none to call the entity by."""
        names: dict[str, str] = {}
        name = ""
        for column, target, cell in cells.each("name"):
            text = cells.clean_line(column, cell)
            if target.language and text:
                names.setdefault(target.language, text)
            else:
                name = name or text
        legal = cells.one_line("legal_name")
        own = self.settings.text_language
        name = name or names.get(own, "") or next(iter(names.values()), "") or legal
        column = cells.column("name") or cells.column("legal_name")
        if not any(letter.isalnum() for letter in name):
            cells.reject("no-name", name, column)
            return False
        if max(len(text) for text in (name, *names.values())) > NAME_MAX:
            cells.reject("name-too-long", name, column)
            return False
        fields["name"] = name
        if legal and legal != name:
            fields["legal_name"] = legal[:LINE_MAX]
        if nickname := cells.one_line("nickname"):
            fields["nickname"] = nickname[:LINE_MAX]
        if names:
            fields["names"] = dict(list(names.items())[:LANGUAGES_MAX])
        return True

    def _texts(self, cells: Cells, fields: Fields, told: Contacts) -> None:
        """Fill summary, description and mission by language."""
        for field in ("summary", "description", "mission"):
            texts: dict[str, str] = {}
            for column, target, cell in cells.each(field):
                text, addresses = contacts.without_addresses(cells.clean_text(column, cell))
                if addresses:
                    cells.warn("contact-in-text", "", column)
                    told.setdefault("email", contacts.kept_back(addresses[0]))
                if not text or fold(text) == fold(fields["name"]):
                    continue
                language = target.language or language_of(
                    text, self.settings.text_language, self.settings.languages
                )
                before = texts.get(language)
                if before is None:
                    texts[language] = text
                elif text not in before:
                    texts[language] = f"{before}\n\n{text}"
            if field == "summary":
                _long_summaries(cells, fields, texts)
            else:
                for language, text in fields.get(field, {}).items():
                    texts[language] = f"{text}\n\n{texts[language]}" if language in texts else text
                _cut(cells, texts, field, DESCRIPTION_MAX)
            if texts:
                fields[field] = texts

    def _identifiers(self, cells: Cells, fields: Fields) -> None:
        found = [
            {"scheme": scheme, "value": value[:NAME_MAX]}
            for column, scheme, cell in cells.fields("identifier:")
            if (value := cells.clean_line(column, cell))
        ]
        if found:
            fields["identifiers"] = found

    def _terms_of_use(self, cells: Cells, fields: Fields) -> None:
        """Fill the licence and whom the entry is from."""
        for field, of_list in (("licence", self.licence), ("attribution", self.attribution)):
            if text := cells.one_line(field) or of_list:
                fields[field] = text[:LINE_MAX]


def _long_summaries(cells: Cells, fields: Fields, texts: dict[str, str]) -> None:
    """Put a summary that is too long before the description too, so that nothing of it is lost."""
    for language, text in texts.items():
        if len(text) > SUMMARY_MAX:
            fields.setdefault("description", {})[language] = text
            texts[language] = text[: SUMMARY_MAX - 1].rstrip() + "…"
            cells.remark("summary-shortened", f"{len(text)} characters", cells.first("summary")[0])


def _cut(cells: Cells, texts: dict[str, str], field: str, most: int) -> None:
    """Cut texts that are too long, and say so."""
    for language, text in texts.items():
        if len(text) > most:
            column = cells.first(field)[0]
            cells.warn("text-cut", f"{len(text)} characters; at most {most}", column)
            texts[language] = text[: most - 1].rstrip() + "…"


def _contacts(cells: Cells, told: Contacts) -> None:
    """Take the contacts; what cannot be read is reported without repeating it."""
    for field, key, reading in (
        ("contact.email", "email", contacts.email),
        ("contact.phone", "phone", contacts.phone),
        ("contact.name", "contact_name", contacts.person),
    ):
        for column, _, cell in cells.each(field):
            value = reading(text_of(cell))
            if value is None:
                cells.warn("contact-unreadable", "", column)
            else:
                told[key] = contacts.kept_back(value)
                break


def accepted(cells: Cells, fields: Fields) -> Fields:
    """Return the fields that the profile takes, as it writes them; the others are reported.

    A name that is not taken would have been rejected before: the name always stays.
    """
    while True:
        try:
            return ProfileFields.model_validate(fields).model_dump(
                mode="json", exclude_defaults=True
            )
        except ValidationError as error:
            refused = {str(problem["loc"][0]) for problem in error.errors(include_url=False)}
        assert "name" not in refused
        for field in sorted(refused):
            cells.warn("field-refused", field)
        fields = {key: value for key, value in fields.items() if key not in refused}
