"""Evidence: what was refused, kept with its reason and counted; it is never repaired."""

from typing import Final

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.log.names import LogName
from shared.log.page import SealedPage, sha256_hex
from shared.log.tables import LogTables, storable
from shared.store import Prepared, Work

EVIDENCE_ROWS_MAX: Final = 10_000
EVIDENCE_BYTES_MAX: Final = 512_000
REFUSED_BYTES_KEPT: Final = 4_096
EQUIVOCATION: Final = "equivocation"
LEFT_BRANCH: Final = "left-branch"
OLDER_EPOCH: Final = "older-epoch"
WHOLE_EVIDENCE: Final = frozenset({EQUIVOCATION, LEFT_BRANCH, OLDER_EPOCH})
"""Reasons for which pages are kept whole: two of them together prove two histories."""


class Evidence:
    """The rows of the quarantine, written within units of work."""

    def __init__(self, tables: LogTables) -> None:
        self._quarantine = tables.quarantine
        self._count = counting(tables)
        self._evidence = Prepared(
            insert(tables.quarantine).on_conflict_do_nothing(),
            columns=[column.name for column in tables.quarantine.c if column.name != "id"],
        )
        kept = tables.quarantine
        self._whole_at = (
            select(kept.c.bytes, kept.c.signature, kept.c.certificate)
            .where(kept.c.node == bindparam("of_node"), kept.c.service == bindparam("of_service"))
            .where(kept.c.log == bindparam("of_log"), kept.c.epoch == bindparam("of_epoch"))
            .where(kept.c.number == bindparam("of_number"), kept.c.reason.in_(WHOLE_EVIDENCE))
        )

    def count_refusal(self, work: Work, node: str, reason: str) -> None:
        """Count one refusal of something that came in a node's name."""
        work.run(self._count, {"node": node, "reason": reason, "count": 1})

    def keep_evidence(
        self, work: Work, name: LogName, page: SealedPage, *, reason: str, detail: str = ""
    ) -> bool:
        """Keep refused bytes with their reason; return whether they were not kept before.

        Of what proves nothing against its signer only the beginning is kept.
        """
        most = EVIDENCE_BYTES_MAX if reason in WHOLE_EVIDENCE else REFUSED_BYTES_KEPT
        new = work.run(
            self._evidence,
            {
                "node": name.node,
                "service": name.service,
                "log": name.log.value,
                "epoch": page.epoch,
                "number": page.number,
                "reason": reason,
                "detail": storable(detail, 500),
                "bytes": page.data[:most],
                "signature": storable(page.signature, 256),
                "certificate": storable(page.certificate, 2048),
                "at": work.moment,
            },
        )
        table = self._quarantine
        # Old refusals make room; a page is at most 512 kB, and most refused bytes are cut short.
        newest = select(func.max(table.c.id)).scalar_subquery()
        work.execute(delete(table).where(table.c.id <= newest - EVIDENCE_ROWS_MAX))
        return new > 0

    def evidence_at(
        self, work: Work, name: LogName, *, epoch: int, number: int, sha256: str
    ) -> SealedPage | None:
        """Return the page of a place and a hash, if it is kept as evidence of two histories."""
        place = {
            "of_node": name.node,
            "of_service": name.service,
            "of_log": name.log.value,
            "of_epoch": epoch,
            "of_number": number,
        }
        for row in work.execute(self._whole_at, place):
            data = bytes(row.bytes)
            if sha256_hex(data) == sha256:
                return SealedPage(
                    log=name.log,
                    epoch=epoch,
                    number=number,
                    data=data,
                    sha256=sha256,
                    signature=row.signature,
                    certificate=row.certificate,
                )
        return None


def counting(tables: LogTables) -> Prepared:
    """Return the statement that counts one refusal of something in a node's name."""
    table = tables.refusal_count
    return Prepared(
        insert(table).on_conflict_do_update(
            index_elements=("node", "reason"), set_={"count": table.c.count + 1}
        ),
        columns=("node", "reason", "count"),
    )
