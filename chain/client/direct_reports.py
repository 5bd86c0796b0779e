"""DirectReports: single usage events, signed by a quorum of operators and paid one by one."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import ClassVar

from chain.client.blocks import BlockPin, Call, Receipt
from chain.client.contract import Contract
from chain.client.licence_registry import terms_tuple
from chain.client.signer import LocalSigner
from chain.client.usage_oracle import compact
from chain.ledger.direct_report import DirectReport, Held
from chain.ledger.epoch import EpochReport
from chain.ledger.identifiers import Address, Digest
from chain.ledger.rights import Terms


class DirectReportState(IntEnum):
    """What became of a usage event here, as IDirectReports.State."""

    UNREPORTED = 0
    HELD = 1
    """Its price is locked: its window is open, or has closed and nobody released it yet."""
    RELEASED = 2
    """Its price was paid to the licence's work."""
    REJECTED = 3
    """The council threw it out, or an epoch had counted the event; the platform has its money."""


class DirectReports(Contract):
    """Direct reports and the deposits they are paid from. Anyone may post and release."""

    NAME: ClassVar[str] = "DirectReports"

    def deposit(
        self, platform: Address, token: Address, amount: int, *, signer: LocalSigner
    ) -> Receipt:
        """Add to a platform's deposit out of the signer's allowance. Raises ContractRefused."""
        return self._write("deposit", platform, token, amount, signer=signer)

    def take_back(self, token: Address, amount: int, *, signer: LocalSigner) -> Receipt:
        """Take unlocked money of the signer's back. Raises ContractRefused."""
        return self._write("takeBack", token, amount, signer=signer)

    def post_call(self, report: DirectReport, terms: Terms, signatures: Sequence[bytes]) -> Call:
        """The call that posts a report, for an outbox that stores before it sends.

        65-byte signatures ascend by signer.
        """
        signed = [compact(signature) for signature in signatures]
        return self.call("post", report.as_tuple(), terms_tuple(terms), signed)

    def release_call(self, held: Held) -> Call:
        """The call that pays what was locked to the licence's work."""
        return self.call("release", held.as_tuple())

    def reject_counted_call(
        self, held: Held, epochs: Sequence[EpochReport], proof: Sequence[Digest]
    ) -> Call:
        """The call that throws a report out whose event an epoch counted: the last of `epochs`,
        after the ones that lead to it from one the EpochDistributor remembers."""
        reports = [epoch.as_tuple() for epoch in epochs]
        return self.call("rejectCounted", held.as_tuple(), reports, list(proof))

    def post(
        self,
        report: DirectReport,
        terms: Terms,
        signatures: Sequence[bytes],
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Post a report; 65-byte signatures ascend by signer. Raises ContractRefused."""
        signed = [compact(signature) for signature in signatures]
        return self._write("post", report.as_tuple(), terms_tuple(terms), signed, signer=signer)

    def release(self, held: Held, *, signer: LocalSigner) -> Receipt:
        """Pay what was locked to the licence's work, after the window. Raises ContractRefused."""
        return self._write("release", held.as_tuple(), signer=signer)

    def reject(self, held: Held, reason: Digest, *, signer: LocalSigner) -> Receipt:
        """Throw a report out within its window; the council alone. Raises ContractRefused."""
        return self._write("reject", held.as_tuple(), reason, signer=signer)

    def reject_counted(
        self,
        held: Held,
        epochs: Sequence[EpochReport],
        proof: Sequence[Digest],
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """As `reject_counted_call`. Raises ContractRefused."""
        reports = [epoch.as_tuple() for epoch in epochs]
        given = (held.as_tuple(), reports, list(proof))
        return self._write("rejectCounted", *given, signer=signer)

    def deposit_of(self, platform: Address, token: Address, *, at: BlockPin) -> int:
        """What is unlocked, in base units."""
        return int(self._read("depositOf", platform, token, at=at))

    def state_of(self, event_id: Digest, *, at: BlockPin) -> DirectReportState:
        return DirectReportState(self._read("stateOf", event_id, at=at))

    def report_digest(self, report: DirectReport, *, at: BlockPin) -> Digest:
        """What operators sign, as the contract computes it."""
        return Digest(self._read("reportDigest", report.as_tuple(), at=at))

    def event_id_of(self, report: DirectReport, *, at: BlockPin) -> Digest:
        """The event's id, as the contract computes it."""
        return Digest(self._read("eventIdOf", report.as_tuple(), at=at))

    def window_seconds(self, *, at: BlockPin) -> int:
        return int(self._read("windowSeconds", at=at))
