"""Contests as RCTab describes them: a configuration, and cast vote records beside it.

The configuration says who stands, how marks are read and how they are counted. What it leaves to a
random draw is decided here by the order of its candidates, and noted.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.governance.formats import read_bytes
from services.governance.formats.contest import (
    BadContestFile,
    Contest,
    NoContestFile,
    codes_for,
    wrong,
)
from services.governance.formats.rctab_facts import (
    Facts,
    candidates_of,
    facts_of,
    rules_of,
    sources_of,
    whole,
)
from services.governance.formats.rctab_reading import End, Marks, Overvotes, Reading, grouped
from services.governance.formats.rctab_records import (
    SHEET_SUFFIXES,
    WRITE_INS,
    Source,
    by_candidate,
    by_rank,
    csv_rows,
    of_report,
    sheet_rows,
)
from services.governance.rules import SEATS_MAX, Method, Option, Rule, Ties

if TYPE_CHECKING:
    from services.governance.counting.report import Report
    from services.governance.counting.tabulated import Convention

_MODES: Final = {
    "singleWinnerMajority": "majority",
    "multiWinnerAllowMultipleWinnersPerRound": "together",
    "multiWinnerAllowOnlyOneWinnerPerRound": "one-by-one",
    "bottomsUp": "bottoms-up",
    "multiPassIrv": "again",
}
_TIES: Final = {
    "useCandidateOrder": (False, False),
    "random": (False, True),
    "generatePermutation": (False, True),
    "previousRoundCountsThenRandom": (True, True),
}
"""By the name of each way: whether earlier rounds decide first, and whether a draw does then."""
_DECIMALS_MAX: Final = 20


def read(path: Path, *, config: Path | None = None) -> Contest:
    """Return the contest of a configuration, of a folder that has one, or of a record.

    Args:
        config: the configuration, where it does not lie beside the record.

    Raises:
        NoContestFile: there is no configuration, or a record that it names is not there.
        BadContestFile: one of them is not understood.
    """
    record: Path | None = None
    if config is None:
        config, record = _found(path)
    elif path.is_file() and path.resolve() != config.resolve():
        record = path
    facts = facts_of(config)
    like = _reading(facts)
    marks: list[tuple[Marks, int]] = []
    for source, place in _sources(facts, config, record):
        marks += _ballots(place, source)
    return _contest(facts, like, marks, config)


def _found(path: Path) -> tuple[Path, Path | None]:
    """Return the configuration that belongs to a path, and the record if that is one."""
    folder = path if path.is_dir() else path.parent
    if path.is_file() and path.suffix.lower() == ".json" and "cvrFileSources" in facts_of(path):
        return path, None
    beside = [one for one in sorted(folder.glob("*.json")) if _is_config(one)]
    if path.is_file():
        beside = [one for one in beside if _names(one, path)] or beside
    if len(beside) != 1:
        how_many = "there is no" if not beside else "there is more than one"
        raise NoContestFile(f"{how_many} configuration beside {path.name}: name it by --config")
    return beside[0], path if path.is_file() else None


def _is_config(path: Path) -> bool:
    try:
        return "cvrFileSources" in facts_of(path)
    except BadContestFile:
        return False


def _names(config: Path, record: Path) -> bool:
    """Tell whether a configuration names a record among its files."""
    return any(
        (config.parent / str(source.get("filePath", ""))).resolve() == record.resolve()
        for source in sources_of(facts_of(config))
    )


def _reading(facts: Facts) -> Reading:
    rules = rules_of(facts)
    overvotes = str(rules.get("overvoteRule"))
    if overvotes not in [one.value for one in Overvotes]:
        raise wrong(f"we do not know the rule for overvotes {overvotes!r}")
    skipped = str(rules.get("maxSkippedRanksAllowed", "unlimited"))
    return Reading(
        overvotes=Overvotes(overvotes),
        skipped_max=None if skipped == "unlimited" else whole(rules, "maxSkippedRanksAllowed"),
        repeated_ends=rules.get("exhaustOnDuplicateCandidate") is True,
    )


def _sources(facts: Facts, config: Path, record: Path | None) -> list[tuple[Source, Path]]:
    """Return how and where the records are read; a record that was given takes its place."""
    most = str(rules_of(facts).get("maxRankingsAllowed", "max"))
    names: dict[str, str] = {}
    for candidate in candidates_of(facts):
        aliases = candidate.get("aliases")
        others = aliases if isinstance(aliases, list) else ()
        for alias in (candidate["name"], candidate.get("code"), *others):
            if alias:
                names[str(alias).strip()] = str(candidate["name"]).strip()
    found: list[tuple[Source, Path]] = []
    for told in sources_of(facts):
        source = Source(
            path=str(told.get("filePath", "")),
            provider=str(told.get("provider", "")),
            names=names,
            contest=str(told.get("contestId") or ""),
            first_column=whole(told, "firstVoteColumnIndex", 1) - 1,
            first_row=whole(told, "firstVoteRowIndex", 1) - 1,
            ranks_max=len(candidates_of(facts))
            if most == "max"
            else whole(rules_of(facts), "maxRankingsAllowed"),
            overvote_label=str(told.get("overvoteLabel") or "").strip(),
            overvote_delimiter=str(told.get("overvoteDelimiter") or ""),
            skipped_label=str(told.get("skippedRankLabel") or "").strip(),
            write_in_label=str(told.get("undeclaredWriteInLabel") or "").strip(),
            blank_is_write_in=told.get("treatBlankAsUndeclaredWriteIn") is True,
        )
        found.append((source, config.parent / source.path))
    if record is None or record.resolve() in [place.resolve() for _, place in found]:
        return found
    if len(found) == 1 and Path(found[0][0].path).suffix.lower() == record.suffix.lower():
        return [(found[0][0], record)]
    raise wrong(f"{config.name} names no record like {record.name}")


def _ballots(path: Path, source: Source) -> list[tuple[Marks, int]]:
    data = read_bytes(path)
    try:
        if source.provider == "ess":
            sheet = path.suffix.lower() in SHEET_SUFFIXES
            return list(by_rank((sheet_rows if sheet else csv_rows)(data), source))
        if source.provider == "genericCsv":
            return list(by_candidate(csv_rows(data), source))
        if source.provider == "cdf":
            return list(of_report(data, source))
    except BadContestFile as error:
        raise BadContestFile(f"{path.name}, {error.detail}", **error.members) from error
    raise wrong(f"we do not read records of {source.provider!r}")


def _contest(
    facts: Facts, like: Reading, marks: Sequence[tuple[Marks, int]], config: Path
) -> Contest:
    read_as, blank = grouped(marks, like)
    standing = [one for one in candidates_of(facts) if one.get("excluded") is not True]
    names = [str(one["name"]).strip() for one in standing]
    rules = rules_of(facts)
    seats = whole(rules, "numberOfWinners")
    if not 1 <= seats <= SEATS_MAX:
        raise wrong("the number of winners is out of range")
    codes = codes_for([*names, WRITE_INS])
    code_of = dict(zip([*names, WRITE_INS], codes, strict=True))
    declared = codes[:-1]
    return Contest(
        format="rctab",
        name=_title(facts) or config.stem,
        options=tuple(Option(code=code) for code in declared),
        names={code: name for name, code in code_of.items()},
        choices=_choices(read_as, {name: code_of[name] for name in names}, blank),
        rule=Rule(method=Method.IRV if seats == 1 else Method.STV, seats=seats, ties=Ties.LISTED),
        own=_own(facts, read_as, code_of, blank),
        notices=_notices(rules),
    )


def _title(facts: Facts) -> str:
    settings = facts.get("outputSettings")
    return str(settings.get("contestName") or "") if isinstance(settings, dict) else ""


def _choices(
    read_as: Mapping[tuple[tuple[str, ...], End], int], code_of: Mapping[str, str], blank: int
) -> tuple[tuple[Mapping[str, Any], int], ...]:
    """Return the ballots as other rules can count them: write-ins and the excluded left out."""
    found: dict[tuple[str, ...], int] = {}
    for (order, _), number in read_as.items():
        kept = tuple(code_of[name] for name in order if name in code_of)
        found[kept] = found.get(kept, 0) + number
    choices = [({"ranks": [[code] for code in order]}, number) for order, number in found.items()]
    return (*choices, ({"blank": True}, blank)) if blank else tuple(choices)


def _own(
    facts: Facts,
    read_as: Mapping[tuple[tuple[str, ...], End], int],
    code_of: Mapping[str, str],
    blank: int,
) -> "Callable[[], Report]":
    """Return the count as the configuration says."""

    def count() -> "Report":
        import numpy as np

        from services.governance.counting.tabulated import Orders, count_tabulated
        from services.governance.counting.ties import Lots

        labels = [told.get("undeclaredWriteInLabel") for told in sources_of(facts)]
        used = any(WRITE_INS in order for order, _ in read_as)
        codes = [code for name, code in code_of.items() if name != WRITE_INS]
        write_ins = code_of[WRITE_INS] if used or any(labels) else None
        if write_ins is not None:
            codes.append(write_ins)
        place = {name: codes.index(code) for name, code in code_of.items() if code in codes}
        ends = list(End)
        # Whoever is excluded stands on ballots and counts for nobody: their place is passed over.
        orders = np.full((len(read_as), max(map(_length, read_as), default=0)), -1, np.int16)
        for row, (order, _) in enumerate(read_as):
            orders[row, : len(order)] = [place.get(name, -1) for name in order]
        ballots = Orders(
            codes=tuple(codes),
            orders=orders,
            counts=np.fromiter(read_as.values(), np.int64, len(read_as)),
            ends=np.array([ends.index(end) for _, end in read_as], dtype=np.int64),
            reasons=tuple(end.value for end in ends),
        )
        lots = Lots(ballot_id="", seed="", options=codes, ties=Ties.LISTED)
        return count_tabulated(_convention(facts, write_ins), ballots, blank=blank, lots=lots)

    _convention(facts, None)
    return count


def _convention(facts: Facts, write_ins: str | None) -> "Convention":
    from services.governance.counting.tabulated import Convention, Mode

    rules = rules_of(facts)
    mode = _MODES.get(str(rules.get("winnerElectionMode")))
    if mode is None:
        raise wrong(f"we do not count by {rules.get('winnerElectionMode')!r}")
    decimals = whole(rules, "decimalPlacesForVoteArithmetic", 4)
    if decimals > _DECIMALS_MAX:
        raise wrong("it asks for too many decimals")
    return Convention(
        mode=Mode(mode),
        seats=whole(rules, "numberOfWinners"),
        decimals=decimals,
        hare=rules.get("hareQuota") is True,
        whole=rules.get("nonIntegerWinningThreshold") is not True,
        first_round=rules.get("doesFirstRoundDetermineThreshold") is True,
        minimum=whole(rules, "minimumVoteThreshold", 0),
        batch=rules.get("batchElimination") is True,
        until_two=rules.get("continueUntilTwoCandidatesRemain") is True,
        stop_after=whole(rules, "stopTabulationEarlyAfterRound", 0) or None,
        earlier=_ties(rules)[0],
        write_ins=write_ins,
    )


def _ties(rules: Facts) -> tuple[bool, bool]:
    mode = str(rules.get("tiebreakMode"))
    if mode not in _TIES:
        raise wrong(f"we do not break ties by {mode!r}")
    return _TIES[mode]


def _notices(rules: Facts) -> tuple[str, ...]:
    if _ties(rules)[1]:
        return ("its rule leaves ties to a random draw; here the order of its list decides them",)
    return ()


def _length(read: tuple[tuple[str, ...], End]) -> int:
    return len(read[0])
