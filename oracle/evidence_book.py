"""Rows of the outbox about evidence: logs, detections, what was withheld, segments, events.

Every statement on those tables is here. Putting the same paper twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

from chain.ledger.identifiers import Address, Digest, GenerationId, LicenceId
from oracle.attribution import Withheld, WithheldReason
from oracle.detection_report import DAY_SECONDS, DetectionReport, SignedDetectionReport
from oracle.errors import GenerationLogConflict
from oracle.generation_log import GenerationLog, SignedGenerationLog

# In `withheld`, where a reason concerns no single licence. Licence ids start at 1.
ALL_LICENCES: Final = 0
# Below the 999 bound variables that every SQLite build takes.
LOOKUP_CHUNK: Final = 500


@dataclass(frozen=True)
class StoredSegment:
    """A producer's signed block of events, as it was handed in."""

    digest: Digest
    producer: Address
    signature: bytes
    count: int
    body: bytes


class EvidenceBook:
    """The evidence, in one transaction of the outbox."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

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
        # A detection that waited for a log may now be payable.
        self._execute("UPDATE detection SET open = 1 WHERE generation_id = :g", g=generation)
        return True

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

    def known_events(self, event_ids: Sequence[Digest]) -> set[Digest]:
        """Which of the ids are held and still count for something (refused ones do not)."""
        return set(self.holders_of(event_ids))

    def holders_of(self, event_ids: Sequence[Digest]) -> dict[Digest, Digest]:
        """The segment by which each of the ids is held; those that count for nothing (refused ones)
        are left out."""
        held: dict[Digest, Digest] = {}
        for first in range(0, len(event_ids), LOOKUP_CHUNK):
            chunk = event_ids[first : first + LOOKUP_CHUNK]
            names = [f"id{place}" for place in range(len(chunk))]
            listed = ", ".join(f":{name}" for name in names)
            found = self._driven(
                "SELECT event_id, segment FROM usage_event "  # noqa: S608 -- names of parameters
                f"WHERE event_id IN ({listed}) AND state <> 'refused'",
                [dict(zip(names, chunk, strict=True))],
            )
            for row in found:
                held[Digest(row.event_id)] = Digest(row.segment)
        return held

    def segment(self, digest: Digest) -> StoredSegment | None:
        """One segment, or None when it is not held."""
        row = self._row(
            "SELECT digest, producer, signature, count, body FROM segment WHERE digest = :digest",
            digest=digest,
        )
        return None if row is None else StoredSegment(**row)

    def segment_states(self, digest: Digest) -> list[tuple[int | None, str, str, int]]:
        """How many events a segment holds in each epoch, state and reason (empty for none)."""
        rows = self._rows(
            "SELECT epoch, state, COALESCE(reason, '') AS reason, COUNT(*) AS n FROM usage_event "
            "WHERE segment = :digest GROUP BY epoch, state, reason ORDER BY epoch, state, reason",
            digest=digest,
        )
        return [(row["epoch"], row["state"], row["reason"], row["n"]) for row in rows]

    def put_segment(self, segment: StoredSegment, fresh: Sequence[Digest]) -> None:
        """Keep a segment and the ids in it that wait from now on.

        A segment of an earlier epoch may come again because some of its events were refused then:
        it goes into the next epoch as a whole, and those counted before are refused there.
        """
        self._execute(
            "INSERT INTO segment (digest, producer, signature, count, body, position) "
            "VALUES (:digest, :producer, :signature, :count, :body, "
            "(SELECT COALESCE(MAX(position), 0) + 1 FROM segment)) "
            "ON CONFLICT (digest) DO UPDATE SET epoch = NULL",
            digest=segment.digest,
            producer=segment.producer,
            signature=segment.signature,
            count=segment.count,
            body=segment.body,
        )
        self._many(
            "INSERT INTO usage_event (event_id, segment, state) VALUES (:id, :segment, 'waiting') "
            # Only a refused event gets here again: a new segment gives it another chance.
            "ON CONFLICT (event_id) DO UPDATE SET segment = excluded.segment, state = 'waiting', "
            "epoch = NULL, reason = NULL",
            # Neighbours in the index one after another: half as fast again as in a log's order.
            [{"id": event_id, "segment": segment.digest} for event_id in sorted(fresh)],
        )

    def waiting_segments(self) -> Iterator[StoredSegment]:
        """Segments with events that wait, oldest first."""
        digests = self._rows(
            "SELECT digest FROM segment WHERE epoch IS NULL AND EXISTS (SELECT 1 "
            "FROM usage_event u WHERE u.segment = segment.digest AND u.state = 'waiting') "
            "ORDER BY position"
        )
        for row in digests:
            found = self.segment(row["digest"])
            if found is not None:
                yield found

    def waiting_count(self) -> int:
        """Usage events that no epoch has taken yet."""
        return int(self._scalar("SELECT COUNT(*) FROM usage_event WHERE state = 'waiting'"))

    def assign(
        self, epoch: int, segments: Sequence[Digest], refused: Sequence[tuple[Digest, str]]
    ) -> None:
        """Give segments and their events to an epoch; refused events keep their reason."""
        self._many(
            "UPDATE segment SET epoch = :epoch WHERE digest = :digest AND epoch IS NULL",
            [{"epoch": epoch, "digest": digest} for digest in segments],
        )
        self._many(
            "UPDATE usage_event SET epoch = :epoch, state = 'sealed' "
            "WHERE segment = :digest AND state = 'waiting'",
            [{"epoch": epoch, "digest": digest} for digest in segments],
        )
        self._many(
            "UPDATE usage_event SET state = 'refused', reason = :reason "
            "WHERE event_id = :id AND epoch = :epoch AND state = 'sealed'",
            [{"id": event_id, "reason": why, "epoch": epoch} for event_id, why in refused],
        )

    def refuse_waiting(
        self, segments: Sequence[Digest], refused: Sequence[tuple[Digest, str]]
    ) -> None:
        """Refuse waiting events of some segments without an epoch: there was nothing to report."""
        self._many(
            "UPDATE usage_event SET state = 'refused', reason = :reason "
            "WHERE event_id = :id AND segment = :segment AND state = 'waiting'",
            [
                {"id": event_id, "reason": why, "segment": segment}
                for event_id, why in refused
                for segment in segments
            ],
        )

    def count_epoch(self, epoch: int) -> None:
        """The epoch is on chain for good: its events are counted."""
        self._execute(
            "UPDATE usage_event SET state = 'counted' WHERE epoch = :epoch AND state = 'sealed'",
            epoch=epoch,
        )

    def release(self, epoch: int) -> None:
        """The epoch does not stand: what it was sealed from waits for the next one, refused events
        too, for what they were refused for may have been the epoch's own doing."""
        self._execute(
            "UPDATE usage_event SET epoch = NULL, state = 'waiting', reason = NULL "
            "WHERE epoch = :epoch",
            epoch=epoch,
        )
        self._execute("UPDATE segment SET epoch = NULL WHERE epoch = :epoch", epoch=epoch)

    def event_counts(self) -> dict[str, int]:
        """How many events are in each state."""
        rows = self._connection.execute(
            sa.text("SELECT state, COUNT(*) AS n FROM usage_event GROUP BY state ORDER BY state")
        )
        return {row.state: row.n for row in rows}

    def refusals(self, epoch: int) -> list[tuple[Digest, str]]:
        """Events an epoch did not count, and why."""
        rows = self._rows(
            "SELECT event_id, reason FROM usage_event WHERE epoch = :epoch AND state = 'refused' "
            "ORDER BY event_id",
            epoch=epoch,
        )
        return [(Digest(row["event_id"]), row["reason"]) for row in rows]

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

    def _rows(self, statement: str, **values: Any) -> Sequence[sa.RowMapping]:
        return self._connection.execute(sa.text(statement), values).mappings().all()

    def _row(self, statement: str, **values: Any) -> sa.RowMapping | None:
        return self._connection.execute(sa.text(statement), values).mappings().first()

    def _scalar(self, statement: str, **values: Any) -> Any:
        return self._connection.execute(sa.text(statement), values).scalar()

    def _execute(self, statement: str, **values: Any) -> int:
        return self._connection.execute(sa.text(statement), values).rowcount

    def _many(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._driven(statement, rows)

    def _driven(self, statement: str, rows: Sequence[dict[str, Any]]) -> sa.CursorResult[Any]:
        """One statement for many rows, past what SQLAlchemy does for each: half of the time."""
        compiled = _compiled(statement, self._connection.dialect)
        order = compiled.positiontup
        given = [tuple(row[name] for name in order) for row in rows] if order else list(rows)
        return self._connection.exec_driver_sql(
            compiled.string, given if len(given) > 1 else given[0]
        )


@lru_cache(maxsize=64)
def _compiled(statement: str, dialect: sa.Dialect) -> SQLCompiler:
    return sa.text(statement).compile(dialect=dialect)


def _signed_log(row: sa.RowMapping) -> SignedGenerationLog:
    return SignedGenerationLog(GenerationLog.from_json(json.loads(row["body"])), row["signature"])


def _signed_report(row: sa.RowMapping) -> SignedDetectionReport:
    report = DetectionReport.from_json(json.loads(row["body"]))
    return SignedDetectionReport(report, row["signature"])
