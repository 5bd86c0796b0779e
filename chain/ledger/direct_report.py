"""The direct report: one usage event that operators sign by itself, and its EIP-712 hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chain.ledger.identifiers import (
    Address,
    Digest,
    LicenceId,
    WorkId,
    checked_digest,
    checked_uint,
)
from chain.ledger.keccak import keccak256
from chain.ledger.usage import UsageEvent
from chain.ledger.words import SigningDomain, uint_word

DIRECT_REPORT_TYPE: Final = (
    "DirectReport(uint8 usageKind,uint64 licenceId,uint64 generationId,bytes32 sourceKey,"
    "uint64 occurredAt,bytes32 evidence,bytes32 programHash,uint40 deadline)"
)
_DIRECT_REPORT_TYPE_HASH: Final = keccak256(DIRECT_REPORT_TYPE.encode())


@dataclass(frozen=True)
class DirectReport:
    """One event, as IDirectReports.DirectReport.

    `evidence` is the sha2-256 digest of what it can be judged by again, `program_hash` names the
    rules it was judged by, `deadline` is the last Unix second in which it can be posted.
    Raises Malformed for values wider than the contract's.
    """

    event: UsageEvent
    evidence: Digest
    program_hash: Digest
    deadline: int

    def __post_init__(self) -> None:
        checked_digest(self.evidence, "evidence")
        checked_digest(self.program_hash, "program hash")
        checked_uint(self.deadline, 40, "deadline")

    def as_tuple(self) -> tuple[int | bytes, ...]:
        """The fields in Solidity's order."""
        return (
            int(self.event.kind),
            self.event.licence_id,
            self.event.generation_id,
            self.event.source_key,
            self.event.occurred_at,
            self.evidence,
            self.program_hash,
            self.deadline,
        )

    def struct_hash(self) -> Digest:
        """hashStruct of the report."""
        words = [v if isinstance(v, bytes) else uint_word(v) for v in self.as_tuple()]
        return Digest(keccak256(_DIRECT_REPORT_TYPE_HASH + b"".join(words)))

    def digest(self, chain_id: int, direct_reports: Address) -> Digest:
        """The 32 bytes an operator signs."""
        return direct_report_domain(chain_id, direct_reports).digest(self.struct_hash())


def direct_report_domain(chain_id: int, direct_reports: Address) -> SigningDomain:
    """The EIP-712 domain of direct reports."""
    return SigningDomain("Antiphon Direct Reports", "1", chain_id, direct_reports)


@dataclass(frozen=True)
class Held:
    """What is locked for one event, as IDirectReports.Held: `amount` in base units of `token`, out
    of the deposit of `platform`, until `releasable_from` (Unix seconds) at least."""

    event_id: Digest
    licence_id: LicenceId
    work_id: WorkId
    platform: Address
    token: Address
    amount: int
    releasable_from: int

    def as_tuple(self) -> tuple[int | bytes | str, ...]:
        """The fields in Solidity's order."""
        return (
            self.event_id,
            self.licence_id,
            self.work_id,
            self.platform,
            self.token,
            self.amount,
            self.releasable_from,
        )
