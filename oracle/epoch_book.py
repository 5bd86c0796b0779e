"""Rows of the outbox about epochs and their signatures: every statement on those tables."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from chain.ledger.epoch import EpochReport
from chain.ledger.identifiers import Address, Digest, EpochNumber, LicenceId
from chain.provenance import Cid
from oracle.papers import report_from_json, report_to_json


class EpochState(StrEnum):
    """How far an epoch is. Before SEALED there is no row: usage events simply wait."""

    SEALED = "SEALED"
    """Its segments, report and payouts are fixed for good."""
    ATTESTED = "ATTESTED"
    """A quorum of operators signed the report."""
    QUEUED = "QUEUED"
    """The transaction that posts it is signed and stored."""
    MINED = "MINED"
    """The transaction is in a block."""
    FINAL = "FINAL"
    """The chain holds the report, in a block that will not go."""
    REJECTED = "REJECTED"
    """Its root was thrown out; its usage waits again, and its licences have their caps back."""


@dataclass(frozen=True)
class EpochRow:
    """A sealed epoch. The two content ids name the papers it is recomputed and paid from."""

    number: EpochNumber
    state: EpochState
    report: EpochReport
    evidence_cid: Cid
    payouts_cid: Cid
    pushed: bool

    @property
    def report_hash(self) -> Digest:
        """What the next epoch names as the one before it."""
        return self.report.struct_hash()


@dataclass(frozen=True)
class StoredSignature:
    """One operator's signature of one report."""

    operator: Address
    report_hash: Digest
    signature: bytes


_SELECT = "SELECT number, state, report, evidence_cid, payouts_cid, pushed FROM epoch "


class EpochBook:
    """The epochs, in one transaction of the outbox."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def insert(self, row: EpochRow) -> None:
        """A newly sealed epoch; a second one of its number breaks the key."""
        self._execute(
            "INSERT INTO epoch (number, state, report, report_hash, previous_hash, evidence_cid, "
            "payouts_cid) VALUES (:number, :state, :report, :hash, :previous, :evidence, :payouts)",
            number=row.number,
            state=str(row.state),
            report=json.dumps(report_to_json(row.report)),
            hash=row.report_hash,
            previous=row.report.previous_report,
            evidence=str(row.evidence_cid),
            payouts=str(row.payouts_cid),
        )

    def of_number(self, number: int) -> EpochRow | None:
        """One epoch, or None when it is not sealed."""
        found = self._select("WHERE number = :number", number=number)
        return found[0] if found else None

    def last(self) -> EpochRow | None:
        """The newest sealed epoch."""
        found = self._select("ORDER BY number DESC LIMIT 1")
        return found[0] if found else None

    def unpushed(self) -> list[EpochRow]:
        """Final epochs whose payees have not all been tried yet, oldest first."""
        return self._select("WHERE state = 'FINAL' AND pushed = 0 ORDER BY number")

    def under_way(self) -> list[EpochRow]:
        """Epochs that are sealed and not final, oldest first."""
        return self._select("WHERE state NOT IN ('FINAL', 'REJECTED') ORDER BY number")

    def last_final(self) -> EpochRow | None:
        """The newest final epoch."""
        found = self._select("WHERE state = 'FINAL' ORDER BY number DESC LIMIT 1")
        return found[0] if found else None

    def newest(self, count: int) -> list[EpochRow]:
        """The newest epochs, oldest of them first."""
        found = self._select("ORDER BY number DESC LIMIT :count", count=count)
        return found[::-1]

    def state_counts(self) -> dict[str, int]:
        """How many epochs are in each state."""
        rows = self._connection.execute(sa.text("SELECT state, COUNT(*) FROM epoch GROUP BY state"))
        found: dict[str, int] = dict.fromkeys(map(str, EpochState), 0)
        found.update((state, count) for state, count in rows)
        return found

    def all(self) -> list[EpochRow]:
        """Every sealed epoch, oldest first."""
        return self._select("ORDER BY number")

    def set_state(self, number: int, state: EpochState) -> None:
        """Move an epoch on (or back to ATTESTED, when its transaction failed)."""
        self._execute(
            "UPDATE epoch SET state = :state WHERE number = :number",
            state=str(state),
            number=number,
        )

    def mark_pushed(self, number: int) -> None:
        """Every payee of this epoch, and so of all before it, was paid or deferred."""
        self._execute("UPDATE epoch SET pushed = 1 WHERE number <= :number", number=number)

    def remove(self, number: int) -> None:
        """Forget an epoch that never came on chain; what was signed for it is not forgotten."""
        self._execute("DELETE FROM epoch WHERE number = :number", number=number)

    def put_signature(
        self,
        epoch: int,
        previous: Digest,
        signed: StoredSignature,
        licences: Collection[LicenceId] = (),
    ) -> None:
        """Keep an operator's signature; the same one again changes nothing. `licences` are those
        that the epoch counts uses under, as far as they are known."""
        self._execute(
            "INSERT INTO signature "
            "(epoch, previous_hash, operator, report_hash, signature, licences) "
            "VALUES (:epoch, :previous, :operator, :hash, :signature, :licences) "
            "ON CONFLICT DO NOTHING",
            licences=" ".join(map(str, sorted(licences))),
            epoch=epoch,
            previous=previous,
            operator=signed.operator,
            hash=signed.report_hash,
            signature=signed.signature,
        )

    def signature_of(
        self, epoch: int, previous: Digest, operator: Address
    ) -> StoredSignature | None:
        """What an operator signed for an epoch after a report: its memory against signing twice."""
        signed = self.signatures(epoch, previous)
        return next((s for s in signed if s.operator == operator), None)

    def signed_since(
        self, operator: Address, first: EpochNumber
    ) -> list[tuple[EpochNumber, frozenset[LicenceId]]]:
        """The epochs from number `first` on that an operator signed, and the licences they count
        under; none where that was not kept."""
        rows = self._connection.execute(
            sa.text(
                "SELECT epoch, licences FROM signature "
                "WHERE operator = :operator AND epoch >= :first ORDER BY epoch"
            ),
            {"operator": operator, "first": first},
        )
        return [
            (EpochNumber(epoch), frozenset(LicenceId(int(i)) for i in licences.split()))
            for epoch, licences in rows
        ]

    def signatures(self, epoch: int, previous: Digest) -> list[StoredSignature]:
        """All signatures for an epoch after the report `previous`."""
        rows = self._connection.execute(
            sa.text(
                "SELECT operator, report_hash, signature FROM signature "
                "WHERE epoch = :epoch AND previous_hash = :previous ORDER BY operator"
            ),
            {"epoch": epoch, "previous": previous},
        ).mappings()
        return [
            StoredSignature(Address(r["operator"]), Digest(r["report_hash"]), r["signature"])
            for r in rows
        ]

    def _select(self, where: str, **values: Any) -> list[EpochRow]:
        rows = self._connection.execute(sa.text(_SELECT + where), values).mappings()
        return [
            EpochRow(
                EpochNumber(r["number"]),
                EpochState(r["state"]),
                report_from_json(json.loads(r["report"])),
                Cid.parse(r["evidence_cid"]),
                Cid.parse(r["payouts_cid"]),
                bool(r["pushed"]),
            )
            for r in rows
        ]

    def _execute(self, statement: str, **values: Any) -> None:
        self._connection.execute(sa.text(statement), values)
