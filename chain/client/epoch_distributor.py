"""EpochDistributor: the epoch lane, paying cumulative totals proven against a Merkle-sum root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import ZERO_ADDRESS, ZERO_DIGEST, Address, Digest, EpochNumber
from chain.ledger.sum_tree import Payout, SumNode


@dataclass(frozen=True)
class PayoutRoot:
    """`claimable_from` is in Unix seconds."""

    sum_root: Digest
    total: int
    leaf_count: int
    epoch: EpochNumber
    claimable_from: int


@dataclass(frozen=True)
class Lane:
    """Base units funded, promised by active roots, and paid out."""

    funded: int
    committed: int
    claimed: int


def _root_from(values: Mapping[str, Any]) -> PayoutRoot | None:
    if values["sumRoot"] == ZERO_DIGEST:
        return None
    return PayoutRoot(
        Digest(values["sumRoot"]),
        values["total"],
        values["leafCount"],
        EpochNumber(values["epoch"]),
        values["claimableFrom"],
    )


def _leaf(payout: Payout | None) -> tuple[str, int]:
    return (ZERO_ADDRESS, 0) if payout is None else (payout.payee, payout.cumulative)


def _nodes(nodes: Sequence[SumNode]) -> list[tuple[bytes, int]]:
    return [(node.hash, node.sum) for node in nodes]


class EpochDistributor(Contract):
    """Funds, roots and payouts of epochs. Every write raises ContractRefused."""

    NAME: ClassVar[str] = "EpochDistributor"

    def fund(self, token: Address, amount: int, *, signer: LocalSigner) -> Receipt:
        """Add money; the distributor must have the allowance."""
        return self._write("fund", token, amount, signer=signer)

    def activate(self, token: Address, *, signer: LocalSigner) -> Receipt:
        """Make the pending root the active one, after its window."""
        return self._write("activate", token, signer=signer)

    def reject(self, token: Address, reason_digest: Digest, *, signer: LocalSigner) -> Receipt:
        """Throw the pending root out, within its window; the council alone."""
        return self._write("reject", token, reason_digest, signer=signer)

    def push_range(
        self,
        token: Address,
        first_index: int,
        payouts: Sequence[Payout | None],
        upper: Sequence[SumNode],
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Pay an aligned range of 2^k leaves; those past the last leaf are None."""
        return self._write(
            "pushRange",
            token,
            first_index,
            [_leaf(p) for p in payouts],
            _nodes(upper),
            signer=signer,
        )

    def claim(
        self,
        token: Address,
        index: int,
        payout: Payout,
        proof: Sequence[SumNode],
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Pay one payee; anybody may sign, the money goes to the payee."""
        return self._write("claim", token, index, _leaf(payout), _nodes(proof), signer=signer)

    def set_payout_address(self, to: Address, *, signer: LocalSigner) -> Receipt:
        return self._write("setPayoutAddress", to, signer=signer)

    def lane_of(self, token: Address, *, at: BlockPin) -> Lane:
        found = self._read("laneOf", token, at=at)
        return Lane(found["funded"], found["committed"], found["claimed"])

    def pending_root(self, token: Address, *, at: BlockPin) -> PayoutRoot | None:
        return _root_from(self._read("pendingRoot", token, at=at))

    def active_root(self, token: Address, *, at: BlockPin) -> PayoutRoot | None:
        return _root_from(self._read("activeRoot", token, at=at))

    def claimed_by(self, token: Address, payee: Address, *, at: BlockPin) -> int:
        """Cumulative base units paid to a payee."""
        return int(self._read("claimedBy", token, payee, at=at))

    def window_seconds(self, *, at: BlockPin) -> int:
        return int(self._read("windowSeconds", at=at))

    def payout_address_of(self, payee: Address, *, at: BlockPin) -> Address:
        return Address(self._read("payoutAddressOf", payee, at=at))
