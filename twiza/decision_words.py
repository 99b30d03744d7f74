"""What the commands of decisions say, in five languages, and how a decision is told in lines."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from twiza.exchange_words import minute

_FOLDER: Final = Path(__file__).parent / "texts" / "decisions"
_HASH_SHOWN: Final = 16


@cache
def phrases(lang: str) -> Mapping[str, str]:
    """Return all sentences of a language, by their name."""
    found: dict[str, str] = json.loads((_FOLDER / f"{lang}.json").read_text("utf-8"))
    return found


def said(name: str, lang: str, **values: Any) -> str:
    """Return a sentence with its values."""
    return phrases(lang)[name].format(**values)


def known(name: str, lang: str) -> str:
    """Return what a word means; a later release may bring words that we lack."""
    return phrases(lang).get(name) or name.partition("-")[2]


def headings(lang: str, *columns: str) -> dict[str, str]:
    """Return columns with their headings."""
    return {column: said(f"head-{column}", lang) for column in columns}


def lines(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    """Yield a decision as lines: where it is, its words, its rule, and what is needed now."""
    yield said("stands", lang, label=found["label"], phase=known(f"phase-{found['phase']}", lang))
    yield found["words"]["title"]
    yield ""
    if found["words"]["text"]:
        yield found["words"]["text"]
        yield ""
    yield from _about(found, lang)
    yield from _options(found, lang)
    yield from _times(found, lang)
    yield from _open(found, lang)
    yield ""
    yield from _needed(found, lang)


def need(one: Mapping[str, Any], lang: str) -> str:
    """Return what a decision waits for, and from whom, in one line."""
    who = one["who"]
    named = who if ":" in who else known(f"who-{who}", lang)
    name = "need-due" if one["due"] else "need-line"
    return said(
        name, lang, who=named, what=known(f"need-{one['what']}", lang), due=minute(one["due"])
    )


def _about(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    yield said("by", lang, who=found["proposer"])
    for name, key in (("after", "follows"), ("instead", "successor")):
        if found[key]:
            yield said(name, lang, id=found[key])
    if found["phase"] == "idea":
        yield said("support", lang, count=found["support"], needed=found["support_min"])
    if found["versions"]:
        spoken = ", ".join(one["language"] for one in found["languages"])
        yield said("version", lang, number=len(found["versions"]), languages=spoken)
        newest = found["versions"][-1]["authoritative"]
        if found["words"]["language"] != newest:
            shown = found["words"]["language"]
            yield said("shown-in", lang, language=shown, authoritative=newest)
    if found["lacking"]:
        yield said("lacking", lang, languages=", ".join(found["lacking"]))
    if found["withdrawn"]:
        yield said("taken-back", lang, reason=found["withdrawn"])


def _options(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    if found["options"]:
        yield said("options", lang)
    for one in found["options"]:
        cost = "" if one["cost"] is None else f" · {one['cost']}"
        stands = ""
        if one["sort"] == "candidate" and one["accepted"] is not True:
            silent = one["accepted"] is None
            stands = f" ({said('option-silent' if silent else 'option-out', lang)})"
        yield f"  {one['code']}: {one['words']['title']}{cost}{stands}"


def _method(code: str, lang: str) -> str:
    """Return what a method of counting is called; a later node may have one that we lack."""
    from services.governance.rules import Method
    from services.governance.templates import label, method_code

    return label(method_code(Method(code)), lang) if code in {*Method} else code


def _times(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    notice, ballot, count = found["notice"], found["ballot"], found["count"]
    if notice is not None:
        hash_ = notice["rule_hash"][:_HASH_SHOWN]
        yield said("rule", lang, method=_method(notice["rule"]["method"], lang), hash=hash_)
        times = ballot or notice
        opens, closes = minute(times["opens_at"]), minute(times["closes_at"])
        yield said("times", lang, opens=opens, closes=closes)
    if found["phase"] == "noticed":
        yield said("objects-until", lang, until=minute(notice["objections_until"]))
    if count is not None:
        outcome = known(f"outcome-{count['outcome']}", lang)
        figures = {name: count[name] for name in ("cast", "roll", "blank")}
        yield said("count", lang, outcome=outcome, **figures)
        names = {one["code"]: one["words"]["title"] for one in found["options"]}
        if count["winners"]:
            chosen = ", ".join(names.get(code, code) for code in count["winners"])
            yield said("winners", lang, names=chosen)
    outcome = found["outcome"]
    if outcome is not None and outcome["owner"]:
        state = known(f"follow-{outcome['state']}", lang)
        deadline = minute(outcome["deadline"])
        yield said("owner", lang, owner=outcome["owner"], deadline=deadline, state=state)
    elif found["appeals_until"]:
        yield said("appeals-until", lang, until=minute(found["appeals_until"]))


def _open(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    if found["objections"]:
        yield said("objections", lang)
    for one in found["objections"]:
        state = known(f"objection-{one['state']}", lang)
        harm = " ".join(one["harm"].split())
        yield "  " + said("objection", lang, number=one["number"], state=state, harm=harm)
    unasked = sum(not one["answer"] for one in found["questions"])
    if unasked:
        yield said("question-open", lang, count=unasked)
    waiting = sum(one["state"] == "open" for one in found["amendments"])
    if waiting:
        yield said("amendment-open", lang, count=waiting)


def _needed(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    if not found["needs"]:
        yield said("nothing-needed", lang)
        return
    yield said("needed", lang)
    for one in found["needs"]:
        yield f"  {need(one, lang)}"
