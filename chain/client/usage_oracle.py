"""UsageOracle: one usage report per epoch, signed by a quorum of operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from chain.client.blocks import BlockPin, Call, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.ledger.epoch import EpochReport, LicenceUsage, Withheld
from chain.ledger.errors import Malformed
from chain.ledger.identifiers import (
    Address,
    Digest,
    EpochNumber,
    WorkId,
)

SIGNATURE_BYTES: Final = 65


@dataclass(frozen=True)
class OperatorSet:
    """Who signs reports: `threshold` of `members`, of whom `faults` may lie or be away."""

    members: tuple[Address, ...]
    threshold: int
    faults: int

    @property
    def is_sound(self) -> bool:
        """Whether enough are left to sign, and two quorums share one who does not lie: 2k > n + f.

        The contract installs none that is not; a slashed operator may leave too few.
        """
        count = len(self.members)
        return self.threshold <= count and 2 * self.threshold > count + self.faults


def compact(signature: bytes) -> tuple[bytes, bytes]:
    """A 65-byte (r, s, v) signature as the contract takes it (ERC-2098): r, and s with v's parity.

    Raises Malformed for another length.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise Malformed("signature", f"{len(signature)} bytes, not {SIGNATURE_BYTES}")
    s = int.from_bytes(signature[32:64], "big")
    is_odd = signature[64] in (1, 28)
    return signature[:32], (s | is_odd << 255).to_bytes(32, "big")


class UsageOracle(Contract):
    """Epoch reports. Anyone may post; authority lies in the signatures."""

    NAME: ClassVar[str] = "UsageOracle"

    def post_epoch_call(
        self, report: EpochReport, usage: Sequence[LicenceUsage], signatures: Sequence[bytes]
    ) -> Call:
        """The call that posts an epoch, for an outbox that stores before it sends."""
        signed = [compact(signature) for signature in signatures]
        return self.call("postEpoch", report.as_tuple(), _lines(usage), signed)

    def return_usage_call(self, report: EpochReport, usage: Sequence[LicenceUsage]) -> Call:
        """The call that gives a rejected report's licences their caps back."""
        return self.call("returnUsage", report.as_tuple(), _lines(usage))

    def post_epoch(
        self,
        report: EpochReport,
        usage: Sequence[LicenceUsage],
        signatures: Sequence[bytes],
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Post an epoch; 65-byte signatures ascend by signer. Raises ContractRefused."""
        signed = [compact(signature) for signature in signatures]
        return self._write("postEpoch", report.as_tuple(), _lines(usage), signed, signer=signer)

    def return_usage(
        self, report: EpochReport, usage: Sequence[LicenceUsage], *, signer: LocalSigner
    ) -> Receipt:
        """Give a rejected report's licences their caps back; once. Raises ContractRefused."""
        return self._write("returnUsage", report.as_tuple(), _lines(usage), signer=signer)

    def reject_omission(
        self,
        report: EpochReport,
        withheld: Sequence[Withheld],
        work_id: WorkId,
        payee: Address,
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Have a waiting root rejected whose report leaves a frozen share out."""
        parts = [(part.work_id, part.payee, part.amount) for part in withheld]
        given = (report.as_tuple(), parts, work_id, payee)
        return self._write("rejectOmission", *given, signer=signer)

    def report_digest(self, report: EpochReport, *, at: BlockPin) -> Digest:
        """What operators sign, as the contract computes it."""
        return Digest(self._read("reportDigest", report.as_tuple(), at=at))

    def last_epoch(self, *, at: BlockPin) -> EpochNumber:
        """Zero before the first."""
        return EpochNumber(self._read("lastEpoch", at=at))

    def is_operator(self, account: Address, *, at: BlockPin) -> bool:
        return bool(self._read("isOperator", account, at=at))

    def operator_set(self, *, at: BlockPin) -> OperatorSet:
        """Whose signatures it took in reports after that block."""
        wanted: list[tuple[str, tuple[Any, ...]]] = [
            ("operators", ()),
            ("threshold", ()),
            ("faults", ()),
        ]
        members, threshold, faults = self.read_many(wanted, at=at)
        return OperatorSet(tuple(Address(m) for m in members), int(threshold), int(faults))

    def is_usage_returned(self, epoch: EpochNumber, *, at: BlockPin) -> bool:
        """Whether a rejected report's licences have their caps back."""
        return bool(self._read("isUsageReturned", epoch, at=at))


def _lines(usage: Sequence[LicenceUsage]) -> list[tuple[int, int, int]]:
    return [(line.licence_id, line.units, line.revenue) for line in usage]
