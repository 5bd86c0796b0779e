"""Rows of the outbox about direct reports: what operators were asked and what they signed, and
until when that counts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from chain.ledger.direct_report import DirectReport
from chain.ledger.identifiers import Address, Digest, LicenceId
from oracle.epoch_book import StoredSignature


class DirectBook:
    """Signatures of direct reports, in one transaction of the outbox."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def put_signature(self, report: DirectReport, signed: StoredSignature) -> None:
        """Keep an operator's signature; the same one again changes nothing."""
        self._connection.execute(
            sa.text(
                "INSERT INTO direct_signature "
                "(report_hash, operator, event_id, licence_id, deadline, signature) VALUES "
                "(:hash, :operator, :event, :licence, :deadline, :signature) "
                "ON CONFLICT DO NOTHING"
            ),
            {
                "hash": signed.report_hash,
                "operator": signed.operator,
                "event": report.event.event_id,
                "licence": report.event.licence_id,
                "deadline": report.deadline,
                "signature": signed.signature,
            },
        )

    def ask(self, report: DirectReport) -> None:
        """Note, before anybody away is asked to sign it, that a report may come to be signed."""
        self._connection.execute(
            sa.text(
                "INSERT INTO direct_request (report_hash, event_id, licence_id, deadline) "
                "VALUES (:hash, :event, :licence, :deadline) ON CONFLICT DO NOTHING"
            ),
            {
                "hash": report.struct_hash(),
                "event": report.event.event_id,
                "licence": report.event.licence_id,
                "deadline": report.deadline,
            },
        )

    def withdraw(self, report: DirectReport) -> None:
        """Nobody signed a report: all who were asked have said so."""
        self._connection.execute(
            sa.text("DELETE FROM direct_request WHERE report_hash = :hash"),
            {"hash": report.struct_hash()},
        )

    def may_come(self, since: int) -> dict[Digest, LicenceId]:
        """Events whose reports somebody signed, or may have signed, and that could be posted after
        Unix time `since`, with their licences."""
        asked = self._rows(
            "SELECT event_id, licence_id FROM direct_request WHERE deadline >= :since", since=since
        )
        found = {Digest(event): LicenceId(licence) for event, licence in asked}
        return found | self.under_way(since)

    def signature_of(self, report_hash: Digest, operator: Address) -> StoredSignature | None:
        """What an operator signed under a report."""
        (row,) = self._rows(
            "SELECT signature FROM direct_signature "
            "WHERE report_hash = :hash AND operator = :operator",
            hash=report_hash,
            operator=operator,
        ) or (None,)
        return None if row is None else StoredSignature(operator, report_hash, row[0])

    def under_way(self, since: int, operator: Address | None = None) -> dict[Digest, LicenceId]:
        """Events whose reports an operator (or anyone) signed, and that could be posted after Unix
        time `since`, with their licences (0: of a program that did not keep it)."""
        asked = "" if operator is None else " AND operator = :operator"
        rows = self._rows(
            f"SELECT event_id, licence_id FROM direct_signature WHERE deadline >= :since{asked}",  # noqa: S608 (our own words)
            since=since,
            **({} if operator is None else {"operator": operator}),
        )
        return {Digest(event): LicenceId(licence) for event, licence in rows}

    def _rows(self, statement: str, **values: Any) -> list[Any]:
        return list(self._connection.execute(sa.text(statement), values))
