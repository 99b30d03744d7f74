"""Counting a recount package again: what ``twiza recount`` does, without its options."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from shared.refusals import Kind, Refusal

if TYPE_CHECKING:
    from services.governance.package import Recounted

PACKAGE_BYTES_MAX: Final = 2**30


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


def facts(found: "Recounted") -> dict[str, Any]:
    """Return what people want to see first."""
    return {
        "ballot": found.ballot_id,
        "outcome": found.report.outcome.value,
        "cast": f"{found.cast} of {found.roll_size}, {found.blank} blank",
        "not counted": found.invalid,
        "root": found.root,
        "roll": found.roll_root,
        "rule": found.rule_hash,
        "report": found.report.hash,
    }
