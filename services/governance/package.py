"""The recount package: one file by which anybody counts a ballot again, without our server.

It is one object of canonical JSON. Its parts are the question (rule, options, hashes of the texts),
the root of the roll, the ballots without a trace of who cast them, the result and the report; each
part stands with its hash. ``recount`` believes none of it: it builds the tree, looks at each ballot
and counts anew. What it cannot know is whether the file is the one that was published: for this,
its root is compared with the published one, and with receipts that voters hold.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NoReturn

from pydantic import ValidationError

from services.governance.ballots import ENGINE, BallotState, Closed, report_of, the_ballot
from services.governance.choices import CHOICE_REFUSALS, checked_choice
from services.governance.counting.report import Report
from services.governance.package_parts import unfit
from services.governance.receipts import Cast, is_hash, receipt_of, tree_of, urn
from services.governance.rules import Option, Rule
from services.governance.tally import Poll, counted
from services.governance.urn_classes import classes_of
from shared.canonical import Malformed, NotCanonical, canonical, parse_canonical, trusted_canonical
from shared.refusals import Kind, Refusal
from shared.store import Work

FORM: Final = "twiza-recount-1"
SMALL_GROUP: Final = 5
"""Below how many ballots a class can tell of people."""
_UNFIT: Final = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    AssertionError,
)
_PARTS: Final = ("ballot", "ballots", "options", "report", "result", "roll", "rule", "texts")


class BadPackage(Refusal):
    """A file that is no recount package, or not any more."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-recount-package"
    title: ClassVar[str] = "This file is no recount package, or it was damaged"


class PackageChanged(Refusal):
    """A part of a package is not what its hash, or another part of it, says."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "recount-package-changed"
    title: ClassVar[str] = "This recount package was changed: its parts contradict each other"


class CountDiffers(Refusal):
    """The ballots of a package give another report than the one that it holds."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "count-differs"
    title: ClassVar[str] = "Counted again, these ballots give another result than the one told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounted:
    """What a recount has found to be true.

    Args:
        receipts: of all ballots, in order; a voter looks for theirs.
        same_engine: whether the report was made by an engine of this version.
        small_groups: classes with so few ballots that a table of them can tell of people.
    """

    ballot_id: str
    rule_hash: str
    root: str
    roll_root: str
    roll_size: int
    cast: int
    blank: int
    invalid: int
    issued: int
    report: Report
    receipts: tuple[str, ...]
    texts: Mapping[str, str]
    notes: Sequence[Mapping[str, Any]]
    same_engine: bool
    small_groups: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """Return it as plain JSON, without the receipts."""
        return {
            "ballot": self.ballot_id,
            "rule_hash": self.rule_hash,
            "root": self.root,
            "roll_root": self.roll_root,
            "roll_size": self.roll_size,
            "issued": self.issued,
            "cast": self.cast,
            "blank": self.blank,
            "invalid": self.invalid,
            "outcome": self.report.outcome.value,
            "winners": list(self.report.winners),
            "report": self.report.as_data(),
            "report_hash": self.report.hash,
            "texts": dict(self.texts),
            "notes": [dict(note) for note in self.notes],
            "same_engine": self.same_engine,
            "small_groups": list(self.small_groups),
        }


def small_groups(report: Report, least: int = SMALL_GROUP) -> tuple[str, ...]:
    """Return the classes of a report that hold somebody, and too few to be told outside."""
    return tuple(sorted(name for name, number in report.classes.items() if 0 < number < least))


def write_package(work: Work, ballot_id: str) -> bytes:
    """Return the recount package of a closed ballot.

    Raises:
        Missing: there is no such ballot.
        BallotStillOpen
    """
    ballot = the_ballot(work, ballot_id)
    return packed(ballot, ballot.require_closed(), urn(work, ballot_id))


def packed(ballot: BallotState, closed: Closed, casts: Sequence[Cast]) -> bytes:
    """Return a package of values.

    Args:
        casts: in the order of their receipts.
    """
    result = closed.as_data()
    report = result.pop("report")
    parts: dict[str, Any] = {
        "ballot": {
            "id": ballot.ballot_id,
            "opens_at": ballot.opens_at.isoformat(),
            "closes_at": ballot.closes_at.isoformat(),
            "closed_at": ballot.closed_at,
        },
        # The choices stand as the text that was hashed into the receipts.
        "ballots": [[cast.nonce, cast.choice] for cast in casts],
        "options": [one.model_dump(mode="json") for one in ballot.options],
        "report": report,
        "result": {
            **result,
            "rule_hash": ballot.rule_hash,
            "report_hash": closed.report_hash,
            "small_groups": list(small_groups(closed.report)),
        },
        "roll": {"root": ballot.roll_root, "size": ballot.roll_size},
        "rule": ballot.rule.model_dump(mode="json"),
        "texts": dict(ballot.texts),
    }
    hashes = {name: _hash(part) for name, part in parts.items()}
    return canonical({"form": FORM, "hashes": hashes, "parts": parts})


def recount(data: bytes) -> Recounted:
    """Count the ballots of a package again, and return what is true of it.

    Raises:
        BadPackage: it is no package, or its bytes were damaged.
        PackageChanged: a part is not what its hash or another part says; ``part`` names it.
        CountDiffers: the ballots give another report.
    """
    parts = _parts(data)
    try:
        found = _recounted(parts)
        if name := unfit(parts):
            raise BadPackage(f"{name}: it has not the form that it should have")
    except _UNFIT as error:
        # Whoever wrote the file may have written anything, with hashes that fit.
        raise BadPackage("a part has not the form that it should have") from error
    return found


def _parts(data: bytes) -> dict[str, Any]:
    try:
        package = parse_canonical(data)
    except (Malformed, NotCanonical) as error:
        raise BadPackage(error.detail) from error
    if not isinstance(package, dict) or set(package) != {"form", "hashes", "parts"}:
        raise BadPackage("it has not the members of a package")
    if package["form"] != FORM:
        raise BadPackage("it is of a form that this release does not read")
    parts, hashes = package["parts"], package["hashes"]
    if not isinstance(parts, dict) or not isinstance(hashes, dict):
        raise BadPackage("it has not the members of a package")
    if set(parts) != set(_PARTS) or set(hashes) != set(_PARTS):
        raise BadPackage("it has not the parts of a package")
    for name in _PARTS:
        if _hash(parts[name]) != hashes[name]:
            _changed(name, "it does not have its hash")
    return parts


def _recounted(parts: dict[str, Any]) -> Recounted:
    rule, options = _question(parts)
    ballot_id, result, roll = str(parts["ballot"]["id"]), parts["result"], parts["roll"]
    casts = _casts(ballot_id, rule, options, parts["ballots"])
    root = tree_of(cast.receipt for cast in casts).root.hex()
    if root != result["root"]:
        _changed("ballots", "they do not have the root of the result")
    poll = Poll(
        ballot_id=ballot_id,
        rule=rule,
        options=options,
        roll_size=roll["size"],
        seed=root,
        call=result["call"],
        standing_objections=result["standing_objections"],
    )
    report = counted(poll, classes_of(casts))
    if report.hash != result["report_hash"] or report.as_data() != parts["report"]:
        raise CountDiffers(outcome=report.outcome.value, winners=list(report.winners))
    told = report_of(parts["report"])
    if not (len(casts) == result["cast"] == told.cast <= result["issued"] <= roll["size"]):
        _changed("result", "no more ballots are counted than voters have voted")
    if result["blank"] != told.blank or result["invalid"] < 0:
        _changed("result", "its numbers are not those of the count")
    if result["small_groups"] != list(small_groups(report)):
        _changed("result", "its small groups are others")
    if not is_hash(roll["root"]):
        _changed("roll", "it has no root")
    return Recounted(
        ballot_id=ballot_id,
        rule_hash=rule.hash,
        root=root,
        roll_root=roll["root"],
        roll_size=roll["size"],
        cast=len(casts),
        blank=report.blank,
        invalid=result["invalid"],
        issued=result["issued"],
        report=report,
        receipts=tuple(cast.receipt for cast in casts),
        texts=parts["texts"],
        notes=result["notes"],
        same_engine=result["engine"] == ENGINE,
        small_groups=small_groups(report),
    )


def _question(parts: dict[str, Any]) -> tuple[Rule, tuple[Option, ...]]:
    try:
        rule = Rule.model_validate_json(trusted_canonical(parts["rule"]))
    except ValidationError:
        _changed("rule", "it is no rule of ours")
    if rule.hash != parts["result"]["rule_hash"]:
        _changed("rule", "it does not have the hash that was fixed")
    try:
        options = tuple(
            Option.model_validate_json(trusted_canonical(one)) for one in parts["options"]
        )
    except ValidationError:
        _changed("options", "one of them is none")
    return rule, options


def _casts(
    ballot_id: str, rule: Rule, options: Sequence[Option], ballots: list[list[str]]
) -> list[Cast]:
    """Return the ballots: each says what its rule lets it say, and no receipt stands twice."""
    fair: set[str] = set()
    casts: list[Cast] = []
    for nonce, choice in ballots:
        if not is_hash(nonce):
            _changed("ballots", "one has no nonce")
        if choice not in fair:
            _require_canonical(rule, options, choice)
            fair.add(choice)
        casts.append(Cast(receipt_of(ballot_id, nonce, choice.encode()), nonce, choice))
    receipts = [cast.receipt for cast in casts]
    if receipts != sorted(set(receipts)):
        _changed("ballots", "they are not in the order of their receipts, each once")
    return casts


def _require_canonical(rule: Rule, options: Sequence[Option], text: str) -> None:
    try:
        choice = parse_canonical(text.encode())
        same = checked_choice(rule, options, choice) == choice
    except (Malformed, NotCanonical, *CHOICE_REFUSALS):
        same = False
    if not same:
        _changed("ballots", "one says what its rule does not let it say")


def _hash(part: Any) -> str:
    return hashlib.sha256(trusted_canonical(part)).hexdigest()


def _changed(part: str, why: str) -> NoReturn:
    raise PackageChanged(f"{part}: {why}", part=part)
