"""UsageOracle: one usage report per epoch, signed by a quorum of operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from chain.client.blocks import BlockPin, Call, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.ledger.epoch import EpochReport, LicenceUsage
from chain.ledger.identifiers import ZERO_DIGEST, Address, Digest, EpochNumber, LicenceId


def report_from(values: Mapping[str, Any]) -> EpochReport:
    """A report from a decoded struct."""
    return EpochReport(
        epoch=EpochNumber(values["epoch"]),
        previous_report=Digest(values["previousReport"]),
        token=Address(values["token"]),
        usage_root=Digest(values["usageRoot"]),
        event_count=values["eventCount"],
        segments_digest=Digest(values["segmentsDigest"]),
        sum_root=Digest(values["sumRoot"]),
        leaf_root=Digest(values["leafRoot"]),
        leaf_count=values["leafCount"],
        cumulative_total=values["cumulativeTotal"],
        state_block=values["stateBlock"],
        licence_usage_hash=Digest(values["licenceUsageHash"]),
        program_hash=Digest(values["programHash"]),
    )


def usage_from(values: Sequence[Mapping[str, Any]]) -> tuple[LicenceUsage, ...]:
    """Usage per licence from a decoded array."""
    return tuple(LicenceUsage(LicenceId(v["licenceId"]), v["units"], v["revenue"]) for v in values)


class UsageOracle(Contract):
    """Epoch reports. Anyone may post; authority lies in the signatures."""

    NAME: ClassVar[str] = "UsageOracle"

    def post_epoch_call(
        self, report: EpochReport, usage: Sequence[LicenceUsage], signatures: Sequence[bytes]
    ) -> Call:
        """The call that posts an epoch, for an outbox that stores before it sends."""
        lines = [(line.licence_id, line.units, line.revenue) for line in usage]
        return self.call("postEpoch", report.as_tuple(), lines, list(signatures))

    def post_epoch(
        self,
        report: EpochReport,
        usage: Sequence[LicenceUsage],
        signatures: Sequence[bytes],
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Post an epoch; 65-byte signatures ascend by signer. Raises ContractRefused."""
        lines = [(line.licence_id, line.units, line.revenue) for line in usage]
        return self._write("postEpoch", report.as_tuple(), lines, list(signatures), signer=signer)

    def report_digest(self, report: EpochReport, *, at: BlockPin) -> Digest:
        """What operators sign, as the contract computes it."""
        return Digest(self._read("reportDigest", report.as_tuple(), at=at))

    def report_hash_of(self, epoch: EpochNumber, *, at: BlockPin) -> Digest | None:
        """The struct hash of a posted report; None when the epoch was not posted."""
        found = self._read("reportHashOf", epoch, at=at)
        return Digest(found) if found != ZERO_DIGEST else None

    def last_epoch(self, *, at: BlockPin) -> EpochNumber:
        """Zero before the first."""
        return EpochNumber(self._read("lastEpoch", at=at))

    def is_operator(self, account: Address, *, at: BlockPin) -> bool:
        return bool(self._read("isOperator", account, at=at))

    def operators(self, *, at: BlockPin) -> tuple[Address, ...]:
        return tuple(Address(account) for account in self._read("operators", at=at))

    def threshold(self, *, at: BlockPin) -> int:
        return int(self._read("threshold", at=at))
