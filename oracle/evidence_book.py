"""Rows of the outbox about evidence: logs, detections, and what was withheld.

Every statement on those tables is here. Putting the same paper twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from chain.ledger.identifiers import Digest, GenerationId, LicenceId
from chain.ledger.usage import UsageEvent
from oracle.attribution import Withheld, WithheldReason
from oracle.book import Book
from oracle.detection_report import DAY_SECONDS, DetectionReport, SignedDetectionReport
from oracle.errors import GenerationLogConflict
from oracle.generation_log import GenerationLog, SignedGenerationLog
from oracle.usage_book import UsageBook

# In `withheld`, where a reason concerns no single licence. Licence ids start at 1.
ALL_LICENCES: Final = 0
FILINGS: Final = "evidence.filed"


class EvidenceBook(Book):
    """The evidence, in one transaction of the outbox; `usage` is what else it holds."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self.usage = UsageBook(connection)

    def put_log(self, signed: SignedGenerationLog) -> bool:
        """Whether the log is new. Raises GenerationLogConflict when its generation has another."""
        generation = signed.log.generation_id.to_bytes(8, "big")
        filed = self._scalar(
            "SELECT log_id FROM generation_log WHERE generation_id = :g", g=generation
        )
        if filed == signed.log.log_id:
            return False
        if filed is not None:
            printed = f"0x{signed.log.generation_id:016x}"
            raise GenerationLogConflict(printed, filed, signed.log.log_id)
        self._execute(
            "INSERT INTO generation_log (log_id, generation_id, body, signature, position) "
            "VALUES (:log_id, :generation, :body, :signature, "
            "(SELECT COALESCE(MAX(position), 0) + 1 FROM generation_log))",
            log_id=signed.log.log_id,
            generation=generation,
            body=json.dumps(signed.log.to_json()),
            signature=signed.signature,
        )
        self._count_filing()
        # A detection that waited for a log may now be payable.
        self._execute("UPDATE detection SET open = 1 WHERE generation_id = :g", g=generation)
        return True

    def filings(self) -> int:
        """How many papers were filed: a worker that sees another number looks at once."""
        return int(self._scalar("SELECT value FROM meta WHERE key = :key", key=FILINGS) or 0)

    def _count_filing(self) -> None:
        self._execute(
            "INSERT INTO meta (key, value) VALUES (:key, '1') ON CONFLICT (key) DO UPDATE "
            "SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)",
            key=FILINGS,
        )

    def logs_of(
        self, generations: Iterable[GenerationId]
    ) -> dict[GenerationId, SignedGenerationLog]:
        """The logs filed for some generations."""
        found = {}
        for generation in generations:
            row = self._row(
                "SELECT body, signature FROM generation_log WHERE generation_id = :g",
                g=generation.to_bytes(8, "big"),
            )
            if row is not None:
                found[generation] = _signed_log(row)
        return found

    def open_logs(self) -> list[SignedGenerationLog]:
        """Logs whose attribution is not settled yet, oldest first."""
        rows = self._rows(
            "SELECT body, signature FROM generation_log WHERE open = 1 ORDER BY position"
        )
        return [_signed_log(row) for row in rows]

    def put_detection(self, signed: SignedDetectionReport) -> bool:
        """Whether the report is new: the same finding by the same operator is not."""
        report = signed.report
        inserted = self._execute(
            "INSERT INTO detection "
            "(report_id, operator, subject, day, generation_id, body, signature) VALUES "
            "(:report_id, :operator, :subject, :day, :generation, :body, :signature) "
            "ON CONFLICT DO NOTHING",
            report_id=report.report_id,
            operator=report.operator,
            subject=report.subject_pcm_sha256,
            day=report.observed_at // DAY_SECONDS,
            generation=report.generation_id.to_bytes(8, "big"),
            body=json.dumps(report.to_json()),
            signature=signed.signature,
        )
        if inserted:
            self._count_filing()
            self._execute(
                "UPDATE detection SET open = 1 WHERE subject = :subject",
                subject=report.subject_pcm_sha256,
            )
        return bool(inserted)

    def open_findings(self) -> list[tuple[SignedDetectionReport, ...]]:
        """All reports on one found copy, for each that is not settled yet."""
        keys = self._rows("SELECT DISTINCT subject FROM detection WHERE open = 1 ORDER BY subject")
        return [self.reports_on(Digest(row["subject"])) for row in keys]

    def reports_on(self, subject: Digest) -> tuple[SignedDetectionReport, ...]:
        """All reports on one found copy, whenever it was found."""
        rows = self._rows(
            "SELECT body, signature FROM detection WHERE subject = :subject "
            "ORDER BY report_id, operator",
            subject=subject,
        )
        return tuple(_signed_report(row) for row in rows)

    def reopen(self, events: Iterable[UsageEvent]) -> None:
        """Look again at the papers that some events rest on."""
        events = list(events)
        self._many(
            "UPDATE generation_log SET open = 1 WHERE generation_id = :g",
            [{"g": g.to_bytes(8, "big")} for g in {event.generation_id for event in events}],
        )
        self._many(
            "UPDATE detection SET open = 1 WHERE subject = :subject",
            [{"subject": subject} for subject in {event.source_key for event in events}],
        )

    def settle_log(self, log_id: Digest, withheld: Sequence[Withheld], *, still_open: bool) -> None:
        """Record what became of a log."""
        self._replace_withheld(log_id, withheld)
        self._execute(
            "UPDATE generation_log SET open = :open WHERE log_id = :id",
            open=int(still_open),
            id=log_id,
        )

    def settle_finding(
        self,
        reports: Sequence[DetectionReport],
        withheld: Sequence[Withheld],
        *,
        still_open: bool,
    ) -> None:
        """Record what became of the reports on one found copy."""
        for report_id in {report.report_id for report in reports}:
            self._replace_withheld(report_id, withheld)
            self._execute(
                "UPDATE detection SET open = :open WHERE report_id = :id",
                open=int(still_open),
                id=report_id,
            )

    def withheld(self) -> list[tuple[Digest, Withheld]]:
        """Everything that is not paid, by evidence id, with the reason."""
        rows = self._rows("SELECT * FROM withheld ORDER BY evidence, licence_id")
        return [
            (
                Digest(row["evidence"]),
                Withheld(
                    WithheldReason(row["reason"]),
                    None if row["licence_id"] == ALL_LICENCES else LicenceId(row["licence_id"]),
                ),
            )
            for row in rows
        ]

    def _replace_withheld(self, evidence: Digest, withheld: Sequence[Withheld]) -> None:
        self._execute("DELETE FROM withheld WHERE evidence = :id", id=evidence)
        self._many(
            "INSERT INTO withheld (evidence, licence_id, reason) VALUES (:id, :licence, :reason)",
            [
                {
                    "id": evidence,
                    "licence": w.licence_id or ALL_LICENCES,
                    "reason": str(w.reason),
                }
                for w in withheld
            ],
        )


def _signed_log(row: sa.RowMapping) -> SignedGenerationLog:
    return SignedGenerationLog(GenerationLog.from_json(json.loads(row["body"])), row["signature"])


def _signed_report(row: sa.RowMapping) -> SignedDetectionReport:
    report = DetectionReport.from_json(json.loads(row["body"]))
    return SignedDetectionReport(report, row["signature"])
