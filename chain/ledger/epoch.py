"""The epoch report: what the operators sign, and how it is hashed (EIP-712)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chain.ledger.identifiers import (
    Address,
    Digest,
    EpochNumber,
    LicenceId,
    WorkId,
    checked_digest,
    checked_uint,
)
from chain.ledger.keccak import keccak256
from chain.ledger.words import WORD_BYTES, SigningDomain, address_word, uint_word

EPOCH_REPORT_TYPE: Final = (
    "EpochReport(uint64 epoch,bytes32 previousReport,address token,bytes32 usageRoot,"
    "uint64 eventCount,bytes32 segmentsDigest,bytes32 sumRoot,bytes32 leafRoot,uint32 leafCount,"
    "uint256 cumulativeTotal,uint64 stateBlock,uint64 stateTime,bytes32 licenceUsageHash,"
    "bytes32 withheldHash,bytes32 programHash)"
)
_EPOCH_REPORT_TYPE_HASH: Final = keccak256(EPOCH_REPORT_TYPE.encode())


@dataclass(frozen=True)
class LicenceUsage:
    """What one licence was used for in one epoch; `revenue` in base units of its token."""

    licence_id: LicenceId
    units: int
    revenue: int

    def __post_init__(self) -> None:
        checked_uint(self.licence_id, 64, "licence id")
        checked_uint(self.units, 64, "units")
        checked_uint(self.revenue, 128, "revenue")


def licence_usage_hash(usage: Sequence[LicenceUsage]) -> Digest:
    """keccak256(abi.encode(LicenceUsage[])), in the order given."""
    words = [uint_word(WORD_BYTES), uint_word(len(usage))]
    for line in usage:
        words += [uint_word(line.licence_id), uint_word(line.units), uint_word(line.revenue)]
    return Digest(keccak256(b"".join(words)))


@dataclass(frozen=True, order=True)
class Withheld:
    """A frozen share of a work and what the lane keeps back of it so far, in whole base units."""

    work_id: WorkId
    payee: Address
    amount: int

    def __post_init__(self) -> None:
        checked_uint(self.work_id, 64, "work id")
        checked_uint(self.amount, 256, "withheld amount")


def withheld_hash(withheld: Sequence[Withheld]) -> Digest:
    """keccak256(abi.encode(Withheld[])), in the order given."""
    words = [uint_word(WORD_BYTES), uint_word(len(withheld))]
    for part in withheld:
        words += [uint_word(part.work_id), address_word(part.payee), uint_word(part.amount)]
    return Digest(keccak256(b"".join(words)))


@dataclass(frozen=True)
class EpochReport:
    """One epoch, as IUsageOracle.EpochReport; money in base units of `token`.

    Raises Malformed for values wider than the contract's.
    """

    epoch: EpochNumber
    previous_report: Digest
    token: Address
    usage_root: Digest
    event_count: int
    segments_digest: Digest
    sum_root: Digest
    leaf_root: Digest
    leaf_count: int
    cumulative_total: int
    state_block: int
    state_time: int
    licence_usage_hash: Digest
    withheld_hash: Digest
    program_hash: Digest

    def __post_init__(self) -> None:
        checked_uint(self.epoch, 64, "epoch")
        checked_uint(self.event_count, 64, "event count")
        checked_uint(self.leaf_count, 32, "leaf count")
        checked_uint(self.cumulative_total, 256, "cumulative total")
        checked_uint(self.state_block, 64, "state block")
        checked_uint(self.state_time, 64, "state time")
        checked_digest(self.previous_report, "previous report")
        checked_digest(self.usage_root, "usage root")
        checked_digest(self.segments_digest, "segments digest")
        checked_digest(self.sum_root, "sum root")
        checked_digest(self.leaf_root, "leaf root")
        checked_digest(self.licence_usage_hash, "licence usage hash")
        checked_digest(self.withheld_hash, "withheld hash")
        checked_digest(self.program_hash, "program hash")

    def as_tuple(self) -> tuple[int | bytes | str, ...]:
        """The fields in Solidity's order: the one place where the two orders meet."""
        return (
            self.epoch,
            self.previous_report,
            self.token,
            self.usage_root,
            self.event_count,
            self.segments_digest,
            self.sum_root,
            self.leaf_root,
            self.leaf_count,
            self.cumulative_total,
            self.state_block,
            self.state_time,
            self.licence_usage_hash,
            self.withheld_hash,
            self.program_hash,
        )

    def struct_hash(self) -> Digest:
        """hashStruct: what the next report names as the one before it."""
        words = [_word(value) for value in self.as_tuple()]
        return Digest(keccak256(_EPOCH_REPORT_TYPE_HASH + b"".join(words)))

    def digest(self, chain_id: int, usage_oracle: Address) -> Digest:
        """The 32 bytes an operator signs."""
        return report_domain(chain_id, usage_oracle).digest(self.struct_hash())


def report_domain(chain_id: int, usage_oracle: Address) -> SigningDomain:
    """The EIP-712 domain of epoch reports."""
    return SigningDomain("Antiphon Usage Oracle", "1", chain_id, usage_oracle)


def _word(value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return uint_word(value)
    return value if isinstance(value, bytes) else address_word(Address(value))
