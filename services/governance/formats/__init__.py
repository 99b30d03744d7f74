"""Files of ballots that others use, read into a ``Contest`` and written for them.

Pabulib's ``.pb``, PrefLib's ``.soc``, ``.soi``, ``.toc``, ``.toi`` and ``.cat``, Scottish wards in
``.csv``, and cast vote records with the configuration of their contest as RCTab reads them.
"""

import csv
import io
import json
from pathlib import Path

from services.governance.formats.contest import (
    FILE_BYTES_MAX,
    BadContestFile,
    Contest,
    NoContestFile,
    UnknownContestFormat,
    text_of,
)

__all__ = ["BadContestFile", "Contest", "NoContestFile", "UnknownContestFormat", "read"]

PREFLIB = frozenset({".soc", ".soi", ".toc", ".toi", ".cat"})


def read(path: Path, *, config: Path | None = None) -> Contest:
    """Return the contest that a file, or a folder with a contest's configuration, holds.

    Args:
        config: the configuration of a cast vote record; where left out, the one beside it.

    Raises:
        NoContestFile: there is no such file, or no configuration for it.
        UnknownContestFormat: it is in no format that we read.
        BadContestFile: it does not keep to its format.
    """
    if config is not None or path.is_dir():
        from services.governance.formats import rctab

        return rctab.read(path, config=config)
    data = read_bytes(path)
    suffix = path.suffix.lower()
    if suffix == ".pb":
        from services.governance.formats import pabulib

        return pabulib.contest(data, name=path.stem)
    if suffix in PREFLIB:
        from services.governance.formats import preflib

        return preflib.contest(text_of(data), suffix=suffix, name=path.stem)
    if suffix == ".csv" and _is_scottish(data):
        from services.governance.formats import scottish

        return scottish.contest(text_of(data), name=path.stem)
    if suffix in {".csv", ".xlsx"} or (suffix == ".json" and _is_object(data)):
        from services.governance.formats import rctab

        return rctab.read(path)
    raise UnknownContestFormat(
        f"{path.name}: known are .pb, .soc, .soi, .toc, .toi, .cat, .csv, .xlsx and .json"
    )


def read_bytes(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        NoContestFile: there is no such file.
        BadContestFile: it is too large.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadContestFile(f"it has more than {FILE_BYTES_MAX} bytes")
        return path.read_bytes()
    except OSError as error:
        raise NoContestFile(str(path)) from error


def _is_scottish(data: bytes) -> bool:
    """Tell whether the first line is two numbers: candidates and seats."""
    first = data[:200].decode("utf-8-sig", "replace").splitlines()[:1]
    cells = [cell.strip() for cell in next(csv.reader(io.StringIO("".join(first))), []) if cell]
    return len(cells) == 2 and all(cell.isdecimal() for cell in cells)


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError as error:
        raise BadContestFile("it is not JSON") from error
