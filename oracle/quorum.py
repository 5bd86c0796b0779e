"""Enough distinct operators under one report.

The contract takes signatures ascending by signer, so that nobody counts twice; here they are
verified before they are counted, so that one bad signature cannot spoil the others' transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from chain.client.usage_oracle import OperatorSet
from chain.ledger.direct_report import DirectReport
from chain.ledger.epoch import EpochReport
from chain.ledger.identifiers import Address, Digest, address_bytes
from chain.ledger.words import SigningDomain
from oracle.epoch_book import StoredSignature
from oracle.errors import (
    NotAnOperator,
    OperatorDisagrees,
    QuorumNotReached,
    QuorumUnsound,
    SignatureForged,
)
from oracle.typed_data import recover_signer


class Quorum:
    """Signatures under one report, each checked as it comes."""

    def __init__(
        self,
        report: EpochReport | DirectReport,
        domain: SigningDomain,
        operators: Collection[Address],
        threshold: int,
    ) -> None:
        self._report_hash = report.struct_hash()
        self._digest: Digest = domain.digest(self._report_hash)
        self._operators = frozenset(operators)
        self._threshold = threshold
        self._signed: dict[Address, bytes] = {}
        self._refusals: list[tuple[str, str]] = []

    def add(self, signed: StoredSignature) -> None:
        """Count a signature, once per operator.

        Raises SignatureMalformed, SignatureForged, NotAnOperator, OperatorDisagrees.
        """
        if signed.report_hash != self._report_hash:
            raise OperatorDisagrees(
                signed.operator,
                [("reportHash", "0x" + self._report_hash.hex(), "0x" + signed.report_hash.hex())],
            )
        recovered = recover_signer(self._digest, signed.signature)
        if recovered != signed.operator:
            raise SignatureForged(signed.operator, recovered)
        if recovered not in self._operators:
            raise NotAnOperator(recovered)
        self._signed[recovered] = signed.signature

    def take_up(self, signed: StoredSignature) -> None:
        """Count a signature that was verified once, if it is of this report and its signer is an
        operator still."""
        if signed.report_hash == self._report_hash and signed.operator in self._operators:
            self.add(signed)

    def note_refusal(self, operator: str, reason: str) -> None:
        """Remember why an operator did not sign; it is told when too few did."""
        self._refusals.append((operator, reason))

    @property
    def reached(self) -> bool:
        """Whether enough signed."""
        return len(self._signed) >= self._threshold

    @property
    def signers(self) -> tuple[Address, ...]:
        """Who signed, ascending."""
        return tuple(sorted(self._signed, key=address_bytes))

    def signatures(self) -> tuple[bytes, ...]:
        """As many as needed, ascending by signer. Raises QuorumNotReached with every refusal."""
        if not self.reached:
            raise QuorumNotReached(len(self._signed), self._threshold, self._refusals)
        return tuple(self._signed[signer] for signer in self.signers[: self._threshold])


def require_sound(operators: OperatorSet) -> None:
    """Raises QuorumUnsound unless enough operators are left, and two quorums always share one that
    does not lie: k > (n + f) / 2."""
    if operators.is_sound:
        return
    count = len(operators.members)
    reason = (
        "more must sign than there are"
        if operators.threshold > count
        else "two conflicting epochs could both gather as many"
    )
    raise QuorumUnsound(operators.threshold, count, operators.faults, reason)


def quorum_of(
    report: EpochReport,
    signed: Iterable[StoredSignature],
    domain: SigningDomain,
    operators: Collection[Address],
    threshold: int,
) -> Quorum:
    """A quorum from stored signatures. Raises as `Quorum.add`."""
    quorum = Quorum(report, domain, operators, threshold)
    for signature in signed:
        quorum.add(signature)
    return quorum
