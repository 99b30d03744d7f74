"""What is printed of an assembly: sheets and minutes, in five languages, from both sides."""

from html import unescape
from html.parser import HTMLParser

import pytest

from services.governance.assemblies import steps as said
from services.governance.assemblies.assembly import meter
from services.governance.assemblies.minutes import minutes, story
from services.governance.assemblies.pages import minutes_page, sheet_page
from services.governance.assemblies.wording import LANGUAGES, Voice, phrases, text_in
from shared.clock import stamp
from tests.governance.assemblies.samples import (
    MEMBERS,
    OTHER_TELLER,
    SECRETARY,
    TELLER,
    Meeting,
    called,
    opened,
    words,
)

HASH = "0123456789abcdef" * 4
VOID = {"meta", "br", "link"}


class Tags(HTMLParser):
    """Reads a page, and sees that each tag that opens closes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all tags of a name."""
        return [attributes for name, attributes in self.seen if name == tag]


def held() -> Meeting:
    """Return an assembly that was held and closed."""
    meeting = opened(present=6)
    meeting.do(said.Noted(item=1, text=words("Le rapport est présenté.", "قدم التقرير.")))
    meeting.wait(minutes=12)
    meeting.do(said.Arrived(voter=MEMBERS[8]))
    meeting.chair(said.VoteOpened(item=2))
    meeting.counts(TELLER, 5, 1)
    meeting.counts(OTHER_TELLER, 5, 2)
    meeting.counts(TELLER, 5, 2)
    meeting.counts(OTHER_TELLER, 5, 2)
    report = {"outcome": "adopted", "cast": 7, "roll": 10, "winners": []}
    meeting.chair(said.Declared(item=2, report=report))
    meeting.wait(minutes=40)
    meeting.do(said.Left(voter=MEMBERS[1]))
    meeting.do(said.Noted(text={"fr": "Remerciements <b>à toutes</b>."}))
    meeting.chair(said.Closed())
    meeting.wait(days=1)
    meeting.do(said.Added(text=words("Lire 2026 et non 2025.", "يقرأ 2026 بدل 2025.")))
    meeting.do(said.Signed(sha256="cd" * 32, size=90_000, kept_at="Armoire 3"))
    return meeting


def page_of(meeting: Meeting, *languages: str) -> str:
    """Return the minutes of a meeting."""
    return minutes_page(
        meeting.record, languages=languages, record_hash=HASH, printed=stamp(meeting.now)
    )


def test_each_sentence_is_there_in_five_languages_with_the_same_places() -> None:
    names = {language: phrases(language) for language in LANGUAGES}
    for name, english in names["en"].items():
        fields = {part.partition("}")[0] for part in english.split("{")[1:]}
        for language in LANGUAGES:
            text = names[language][name]
            assert {part.partition("}")[0] for part in text.split("{")[1:]} == fields, name
            assert "\u2192" not in text
    assert len({frozenset(known) for known in names.values()}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_minutes_have_the_same_rows_in_each_language(language: str) -> None:
    of = story(held().record)
    rows = minutes(of, Voice(language, "Africa/Casablanca"))
    english = minutes(of, Voice("en", "Africa/Casablanca"))
    assert [(row.heading, len(row.lines)) for row in rows] == [
        (row.heading, len(row.lines)) for row in english
    ]


def test_minutes_stand_side_by_side_each_in_its_direction() -> None:
    page = Tags(page_of(held(), "ar", "fr"))
    assert page.all("html")[0] == {"lang": "ar", "dir": "rtl"}
    cells = [one for one in page.all("div") if "row" in (one.get("class") or "")]
    assert {(one["lang"], one["dir"]) for one in cells} == {("ar", "rtl"), ("fr", "ltr")}
    text = " ".join(page.text)
    assert "محضر" in text
    assert "Procès-verbal" in text
    assert HASH in text


def test_the_minutes_say_what_the_record_says() -> None:
    text = page_of(held(), "fr")
    for part in (
        "samedi 19 décembre 2026",
        "Présents à l&#39;ouverture",
        "Pour\u00a0: 5. Contre\u00a0: 2. Blancs\u00a0: 0.",
        "Comptages divergents, suivis d&#39;un nouveau comptage\u00a0: 1.",
        "Adopté",
        "La séance a été close avant que ce point soit mis aux voix.",
        "Lire 2026 et non 2025.",
        "cd" * 32,
    ):
        assert part in text, part
    # Hours are those of the place: one hour ahead of UTC.
    assert "10:10" in text


def test_what_people_write_is_shown_as_text() -> None:
    text = page_of(held(), "fr")
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


def test_a_note_in_one_language_says_in_which() -> None:
    rows = minutes(story(held().record), Voice("ar", "UTC"))
    note = next(row for row in rows if any("Remerciements" in line for line in row.lines))
    assert (note.language, note.direction) == ("fr", "ltr")


def test_minutes_before_the_close_are_a_draft() -> None:
    assert phrases("fr")["draft"] in unescape(page_of(opened(), "fr"))
    assert phrases("fr")["draft"] not in unescape(page_of(held(), "fr"))


def test_a_second_call_tells_of_the_first() -> None:
    meeting = called()
    meeting.do(said.DoorsOpened())
    meeting.do(said.Arrived(voter=MEMBERS[0]))
    meeting.wait(hours=2)
    meeting.chair(said.NotQuorate())
    meeting.do(said.CalledAgain(meets_at="2026-12-28T09:00:00.000Z"))
    text = page_of(meeting, "es")
    assert "Primera convocatoria sin quórum" in text
    assert "segunda convocatoria" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_has_a_row_for_each_member_and_no_name(language: str) -> None:
    meeting = called()
    text = sheet_page(
        meeting.stands,
        MEMBERS,
        meter(meeting.stands),
        language=language,
        printed=stamp(meeting.now),
    )
    page = Tags(text)
    body = text[text.index("<tbody>") : text.index("</tbody>")]
    assert body.count("<tr>") == len(MEMBERS)
    assert body.count("<td></td>") == 4 * len(MEMBERS)
    assert all(member in body for member in MEMBERS)
    assert page.all("html")[0]["dir"] == ("rtl" if language == "ar" else "ltr")
    assert SECRETARY not in text


def test_a_text_is_shown_in_the_nearest_language() -> None:
    texts = {"ar": "ع", "fr-MA": "f"}
    assert text_in(texts, "fr") == "f"
    assert text_in(texts, "pt", ("ar",)) == "ع"
    assert text_in({}, "pt") == ""
