"""Evidence: what was refused, kept with its reason and counted; it is never repaired."""

from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from shared.log.names import LogName
from shared.log.page import SealedPage, sha256_hex
from shared.log.tables import LogTables, storable
from shared.store import Prepared, Work

EVIDENCE_ROWS_MAX: Final = 10_000
"""How many whole pages are kept of one node for one reason."""
REFUSED_ROWS_MAX: Final = 1_000
"""How many beginnings of refused pages are kept in one node's name for one reason."""
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
        self._count = counting(tables)
        self._evidence = Prepared(
            insert(tables.quarantine).on_conflict_do_nothing(),
            columns=[column.name for column in tables.quarantine.c if column.name != "id"],
        )
        kept = tables.quarantine
        self._kept = kept
        alike = (kept.c.node == bindparam("of_node"), kept.c.reason == bindparam("of_reason"))
        oldest = (
            select(kept.c.id)
            .where(*alike)
            .order_by(kept.c.id.desc())
            .limit(1)
            .offset(bindparam("most"))
            .scalar_subquery()
        )
        self._make_room = Prepared(delete(kept).where(*alike, kept.c.id <= oldest))
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
        self,
        work: Work,
        name: LogName,
        page: SealedPage,
        *,
        reason: str,
        detail: str = "",
        proof: bool = False,
    ) -> bool:
        """Keep refused bytes with their reason; return whether they were not kept before.

        Of what proves nothing against its signer only the beginning is kept. Older rows of the same
        node and reason make room, and no others: nobody's rubbish pushes out what proves a fault.

        Args:
            proof: whether the log's own key has signed the bytes, so that these alone prove it.
        """
        whole = proof or reason in WHOLE_EVIDENCE
        most = EVIDENCE_BYTES_MAX if whole else REFUSED_BYTES_KEPT
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
        if new > 0:
            rows = EVIDENCE_ROWS_MAX if whole else REFUSED_ROWS_MAX
            of_kind = {"of_node": name.node, "of_reason": reason, "most": rows}
            work.run(self._make_room, of_kind)
        return new > 0

    def drop_evidence(self, work: Work, name: LogName, page: SealedPage, *, reason: str) -> None:
        """Forget a page that was kept for a reason which has turned out to be none."""
        kept = self._kept
        work.execute(
            delete(kept).where(
                kept.c.node == name.node,
                kept.c.service == name.service,
                kept.c.log == name.log.value,
                kept.c.epoch == page.epoch,
                kept.c.number == page.number,
                kept.c.signature == page.signature,
                kept.c.reason == reason,
            )
        )

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
