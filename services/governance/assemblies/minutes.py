"""The minutes of an assembly, drawn up from its record: the same rows in each language.

They say what was recorded and nothing else. Two languages stand side by side row by row, so that
whoever signs can see that both say the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.governance.assemblies import steps as said
from services.governance.assemblies.assembly import Assembly, Recorded, Stand, after, folded, meter
from services.governance.assemblies.wording import Voice, direction_of, text_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the minutes in one language: a heading, or a label with its lines.

    Args:
        language: of lines that people wrote, where it is not the page's own.
    """

    label: str
    lines: tuple[str, ...] = ()
    heading: bool = False
    language: str = ""

    @property
    def direction(self) -> str:
        """In which direction the lines are written, where they have a language of their own."""
        return direction_of(self.language) if self.language else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A record with what it has come to, and how it stood when the session was opened."""

    record: Sequence[Recorded]
    now: Assembly
    at_opening: Assembly | None
    failed: tuple[str, Assembly] | None
    """When a first call was found without its quorum, and how it stood."""


def story(record: Sequence[Recorded]) -> Story:
    """Return what the minutes look at."""
    opening: Assembly | None = None
    failed: tuple[str, Assembly] | None = None
    assembly = folded(record[:1])
    for one in record[1:]:
        if isinstance(one.step, said.NotQuorate) and assembly.turn == 1:
            failed = (one.happened_at, assembly)
        assembly = after(assembly, one)
        if isinstance(one.step, said.Opened):
            opening = assembly
    return Story(record=record, now=assembly, at_opening=opening, failed=failed)


def minutes(of: Story, voice: Voice) -> list[Row]:
    """Return the minutes in one language; in every language there are as many rows."""
    return [
        *_call(of, voice),
        *_people(of, voice),
        *_attendance(of, voice),
        *_points(of, voice),
        *_close(of, voice),
    ]


def _call(of: Story, voice: Voice) -> Iterator[Row]:
    now, call = of.now, of.now.call
    languages = call.languages
    yield Row(label=voice.said("call"), heading=True)
    yield Row(
        label=voice.said("when"),
        lines=(voice.meeting(now.meets_at), voice.said(f"call-{now.turn}")),
    )
    yield _own(voice.said("where"), now.place, voice, languages)
    yield Row(label=voice.said("called-on"), lines=(voice.day(now.called_at),))
    yield Row(label=voice.said("notice-days"), lines=(str(call.notice_days),))
    if of.failed is not None:
        at, stood = of.failed
        there = meter(stood)
        line = voice.said(
            "first-failed-line",
            day=voice.meeting(at), there=there.present + there.represented,
            roll=there.roll, needed=there.needed,
        )  # fmt: skip
        yield Row(label=voice.said("first-failed"), lines=(line,))
    for at, sent in now.sendings:
        lines = [
            voice.said(
                "sent-line", channel=voice.said(sent.channel), day=voice.day(at), count=len(sent.to)
            )
        ]
        if sent.evidence:
            lines.append(voice.said("evidence", hash=sent.evidence))
        yield Row(label=voice.said("sent"), lines=tuple(lines))


def _people(of: Story, voice: Voice) -> Iterator[Row]:
    now = of.now
    yield Row(label=voice.said("people"), heading=True)
    yield Row(label=voice.said("chair"), lines=(now.chair,))
    yield Row(label=voice.said("secretary"), lines=(now.secretary,))
    yield Row(label=voice.said("tellers"), lines=tuple(now.tellers))


def _attendance(of: Story, voice: Voice) -> Iterator[Row]:
    yield Row(label=voice.said("attendance"), heading=True)
    yield Row(label=voice.said("roll"), lines=(str(of.now.roll_size),))
    yield Row(label=voice.said("roll-root"), lines=(of.now.roll_root,))
    if of.at_opening is None:
        return
    stood = meter(of.at_opening)
    yield Row(label=voice.said("present"), lines=(str(stood.present),))
    yield Row(label=voice.said("represented"), lines=(str(stood.represented),))
    yield Row(label=voice.said("needed"), lines=(str(max(stood.needed, 1)),))
    hour = voice.hour(of.at_opening.opened_at)
    yield Row(label=voice.said("opened"), lines=(voice.said("opened-line", hour=hour),))
    for name, kinds in (
        ("came-later", (said.Arrived, said.Represented)),
        ("left-before", (said.Left,)),
        ("struck", (said.Struck,)),
    ):
        hours = [one.happened_at for one in _since_opening(of) if isinstance(one.step, kinds)]
        if hours:
            line = voice.said("count-at", count=len(hours), hours=voice.hours(hours))
            yield Row(label=voice.said(name), lines=(line,))


def _since_opening(of: Story) -> Iterator[Recorded]:
    opened = False
    for one in of.record:
        if opened:
            yield one
        opened = opened or isinstance(one.step, said.Opened)


def _points(of: Story, voice: Voice) -> Iterator[Row]:
    call = of.now.call
    yield Row(label=voice.said("agenda"), heading=True)
    yield from _notes(of, voice, None)
    for number, item in enumerate(call.agenda, 1):
        title = text_in(item.title, voice.tag, call.languages)
        yield Row(label=voice.said("point", number=number, title=title), heading=True)
        if item.text:
            yield _own("", item.text, voice, call.languages)
        yield from _notes(of, voice, number)
        yield from _vote(of, voice, number)


def _notes(of: Story, voice: Voice, item: int | None) -> Iterator[Row]:
    for one in of.record:
        if isinstance(one.step, said.Noted) and one.step.item == item:
            label = voice.said("note")
            yield _own(label, one.step.text, voice, of.now.call.languages)


def _vote(of: Story, voice: Voice, number: int) -> Iterator[Row]:
    item, point = of.now.call.agenda[number - 1], of.now.points.get(number)
    if item.how == "information":
        yield Row(label=voice.said("information"), lines=(voice.said("information-line"),))
        return
    if point is None or point.report is None:
        if of.now.stand is Stand.CLOSED:
            yield Row(label=voice.said("not-dealt"), lines=(voice.said("not-dealt-line"),))
        return
    if item.how == "room":
        yield Row(label=voice.said("hands"), lines=tuple(_by_hands(of, voice, number)))
    else:
        line = voice.said(
            "phones-line",
            hour=voice.hour(point.opened_at),
            cast=point.report.get("cast", 0),
            roll=point.report.get("roll", 0),
        )
        yield Row(label=voice.said("phones"), lines=(line,))
    yield Row(label=voice.said("result"), lines=(_result(item, point.report, voice, of.now),))


def _by_hands(of: Story, voice: Voice, number: int) -> Iterator[str]:
    point = of.now.points[number]
    assert point.agreed is not None, "a result by hands follows two counts that agree"
    yield voice.said("hands-line", hour=voice.hour(point.opened_at), votes=point.votes)
    if point.turn > 1:
        yield voice.said("again-line", times=point.turn - 1)
    hands = point.agreed
    yield voice.said("counted-line", yes=hands.yes, no=hands.no, blank=hands.blank)


def _result(item: said.Item, report: Any, voice: Voice, now: Assembly) -> str:
    outcome, languages = str(report["outcome"]), now.call.languages
    if outcome == "chosen":
        names = [
            text_in(item.names.get(code, {"": code}), voice.tag, languages)
            for code in report["winners"]
        ]
        return voice.said("chosen", names=" · ".join(names))
    return voice.said(outcome)


def _close(of: Story, voice: Voice) -> Iterator[Row]:
    now = of.now
    if now.stand is Stand.CLOSED:
        line = voice.said("closed-line", hour=voice.hour(now.closed_at))
        yield Row(label=voice.said("closed"), lines=(line,))
    added = [one for one in of.record if isinstance(one.step, said.Added)]
    if added:
        yield Row(label=voice.said("additions"), heading=True)
    for one in added:
        assert isinstance(one.step, said.Added)
        label = voice.said("addition", day=voice.day(one.at))
        yield _own(label, one.step.text, voice, now.call.languages)
    for signed in now.signed:
        lines = (signed.sha256, *([signed.kept_at] if signed.kept_at else []))
        yield Row(label=voice.said("signed-copy"), lines=lines)


def _own(label: str, texts: dict[str, str] | Any, voice: Voice, languages: Iterable[str]) -> Row:
    """Return a row of what people wrote, in the language in which it is there."""
    text = text_in(texts, voice.tag, tuple(languages))
    tag = next((tag for tag, one in texts.items() if one == text), "")
    return Row(label=label, lines=tuple(text.split("\n")), language=tag)
