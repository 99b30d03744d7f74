"""The pages of an assembly that are printed: the attendance sheet and the minutes."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.governance.assemblies.assembly import Assembly, Meter, Recorded, Stand
from services.governance.assemblies.minutes import Story, minutes, story
from services.governance.assemblies.wording import Voice, text_in

if TYPE_CHECKING:
    from jinja2 import Environment


def sheet_page(
    assembly: Assembly, members: Sequence[str], needs: Meter, *, language: str, printed: str
) -> str:
    """Return the attendance sheet: a row for each member, with room for a name and a signature.

    Args:
        members: the roll, or who is on it so far; numbers only, because names are not known here.
        needs: the quorum of this call on a roll of so many.
        printed: the moment of printing.
    """
    call = assembly.call
    voice = Voice(language, call.zone)
    return (
        _templates()
        .get_template("sheet.html")
        .render(
            voice=voice,
            kind=voice.said(call.kind),
            title=text_in(call.title, language, call.languages),
            meeting=voice.meeting(assembly.meets_at),
            turn=voice.said(f"call-{assembly.turn}"),
            place=text_in(assembly.place, language, call.languages),
            members=members,
            needed=max(needs.needed, 1),
            proxies_max=call.proxies_max,
            printed=voice.day(printed),
        )
    )


def minutes_page(
    record: Sequence[Recorded], *, languages: Sequence[str], record_hash: str, printed: str
) -> str:
    """Return the minutes for signature, in one language or in two side by side.

    Args:
        languages: one or two tags; the nearest of the five languages are used.
        record_hash: that of the last step.
        printed: the moment of printing.
    """
    of = story(record)
    voices = [Voice(language, of.now.call.zone) for language in languages]
    columns = [minutes(of, voice) for voice in voices]
    assert len({len(column) for column in columns}) == 1, "each language has the same rows"
    return (
        _templates()
        .get_template("minutes.html")
        .render(
            voices=voices,
            heads=[_head(of, voice, record_hash, printed) for voice in voices],
            draft=of.now.stand is not Stand.CLOSED,
            rows=list(zip(*columns, strict=True)),
            signers=_signers(of, voices),
        )
    )


def _head(of: Story, voice: Voice, record_hash: str, printed: str) -> dict[str, Any]:
    call = of.now.call
    return {
        "minutes": voice.said("minutes"),
        "kind": voice.said(call.kind),
        "title": text_in(call.title, voice.tag, call.languages),
        "draft": voice.said("draft"),
        "signatures": voice.said("signatures"),
        "name": voice.said("name"),
        "signature": voice.said("signature"),
        "record_line": voice.said("record-line", steps=len(of.record), hash=record_hash),
        "printed": voice.said("printed", day=voice.day(printed)),
    }


def _signers(of: Story, voices: Sequence[Voice]) -> list[dict[str, Any]]:
    people = [("chair", of.now.chair), ("secretary", of.now.secretary)]
    people += [("tellers", teller) for teller in of.now.tellers]
    return [
        {"person": person, "parts": [voice.said(part) for voice in voices]}
        for part, person in people
    ]


@lru_cache(maxsize=1)
def _templates() -> "Environment":
    # The engine is loaded when the first page is printed.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
