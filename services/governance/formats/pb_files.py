"""Files of Pabulib: what they hold, how they are read, and here how they are written."""

import csv
import io
from collections.abc import Iterator

from services.governance.formats.pb_amounts import written
from services.governance.formats.pb_reading import read_pb
from services.governance.formats.pb_values import Pabulib, PbBallots, PbProject, VoteType

__all__ = ["Pabulib", "PbBallots", "PbProject", "VoteType", "read_pb", "write_pabulib"]


def write_pabulib(file: Pabulib) -> str:
    """Return a file as text: equal values give equal bytes, whatever order ballots came in.

    Voters are numbered in the order of their ballots, so that no line tells when it was cast.
    Borda points are not written, because the order of the projects says them.
    """
    meta = dict(file.meta)
    meta |= {
        "num_projects": str(len(file.projects)),
        "num_votes": str(file.votes),
        "budget": written(file.total, file.scale),
        "vote_type": file.vote_type.value,
    }
    marked = any(one.selected for one in file.projects)
    further = sorted({name for one in file.projects for name in one.columns})
    pointed = file.vote_type in (VoteType.CUMULATIVE, VoteType.SCORING)
    out = io.StringIO()
    lines = csv.writer(out, delimiter=";", lineterminator="\n")
    lines.writerows([["META"], ["key", "value"], *meta.items(), ["PROJECTS"]])
    lines.writerow(["project_id", "cost", *(["selected"] if marked else []), *further])
    for one in file.projects:
        mark = [one.selected or "0"] if marked else []
        cells = [one.columns.get(name, "") for name in further]
        lines.writerow([one.code, written(one.cost, file.scale), *mark, *cells])
    lines.writerows([["VOTES"], ["voter_id", "vote", *(["points"] if pointed else [])]])
    voter = 0
    for said, count in sorted(_said(file)):
        for _ in range(count):
            voter += 1
            lines.writerow([voter, *said[: 2 if pointed else 1]])
    return out.getvalue()


def _said(file: Pabulib) -> Iterator[tuple[tuple[str, str], int]]:
    """Give each ballot's cells, votes and points, and how many ballots are like it."""
    codes = [one.code for one in file.projects]
    for ballot in file.ballots:
        pairs = list(zip(ballot.projects, ballot.points or ballot.projects, strict=True))
        if file.vote_type is VoteType.ORDINAL:
            pairs.sort(key=lambda pair: -pair[1])
        votes = ",".join(codes[at] for at, _ in pairs)
        yield (votes, ",".join(str(points) for _, points in pairs)), ballot.ballots
