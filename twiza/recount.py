"""Counting a recount package again: what ``twiza recount`` does, without its options."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from shared.refusals import Kind, Refusal

if TYPE_CHECKING:
    from services.governance.package import Recounted

PACKAGE_BYTES_MAX: Final = 2**30
_FOLDER: Final = Path(__file__).parent / "texts" / "recount"


class NoPackage(Refusal):
    """There is no file to read."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "no-recount-package"
    title: ClassVar[str] = "There is no such recount package"


class AnotherRoot(Refusal):
    """A package of other ballots than those whose root was published."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "another-root"
    title: ClassVar[str] = "These are not the ballots whose root was published"


class ReceiptNotCounted(Refusal):
    """A receipt that none of the counted ballots has."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "receipt-not-counted"
    title: ClassVar[str] = "No ballot that was counted has this receipt"


def recounted(path: Path, *, root: str = "", receipts: tuple[str, ...] = ()) -> "Recounted":
    """Return what a package holds, once it was counted again.

    Args:
        root: the published root of the ballots, to be compared.
        receipts: those of voters, to be looked for.

    Raises:
        NoPackage: there is no such file.
        BadPackage, PackageChanged, CountDiffers: it is not what it says.
        AnotherRoot, ReceiptNotCounted
    """
    from services.governance.package import BadPackage, recount

    try:
        if path.stat().st_size > PACKAGE_BYTES_MAX:
            raise BadPackage(f"it has more than {PACKAGE_BYTES_MAX} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise NoPackage(str(path)) from error
    found = recount(data)
    if root and root.strip().lower() != found.root:
        raise AnotherRoot(found.root)
    known = frozenset(found.receipts)
    for receipt in receipts:
        if receipt.strip().lower() not in known:
            raise ReceiptNotCounted(receipt)
    return found


def facts(found: "Recounted", lang: str) -> dict[str, Any]:
    """Return what people want to see first, by its name in a language."""
    cast = said("of", lang, cast=found.cast, roll=found.roll_size, blank=found.blank)
    values = {
        "ballot": found.ballot_id,
        "cast": cast,
        "not-counted": found.invalid,
        "root": found.root,
        "roll": found.roll_root,
        "rule": found.rule_hash,
        "report": found.report.hash,
    }
    return {said(f"fact-{name}", lang): value for name, value in values.items()}


@cache
def phrases(lang: str) -> Mapping[str, str]:
    """Return all sentences of a language, by their name."""
    found: dict[str, str] = json.loads((_FOLDER / f"{lang}.json").read_text("utf-8"))
    return found


def said(name: str, lang: str, **values: Any) -> str:
    """Return a sentence with its values."""
    return phrases(lang)[name].format(**values)
