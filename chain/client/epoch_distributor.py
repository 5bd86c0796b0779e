"""EpochDistributor: the epoch lane, paying cumulative totals proven against a Merkle-sum root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from chain.client.blocks import BlockPin, Receipt
from chain.client.contract import Contract
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import ZERO_ADDRESS, ZERO_DIGEST, Address, Digest, EpochNumber
from chain.ledger.sum_tree import Payout, SumNode, SumTree

# How many roots wait for their windows at a time; the contract's own number, and it tells it to
# nobody but who meets its QueueFull.
WAITING_ROOTS_MAX: Final = 11


@dataclass(frozen=True)
class PayoutRoot:
    """`claimable_from` is in Unix seconds; `report_hash` names the report that it is of."""

    report_hash: Digest
    total: int
    leaf_count: int
    epoch: EpochNumber
    claimable_from: int


@dataclass(frozen=True)
class ProvenLeaf:
    """A leaf of a payout tree, with its place and path."""

    index: int
    payout: Payout
    proof: tuple[SumNode, ...]

    @classmethod
    def of(cls, tree: SumTree, index: int) -> ProvenLeaf:
        """Leaf `index` of a tree; raises ProofInvalid for no such leaf."""
        proof = tree.proof(index)
        return cls(index, tree.payouts[index], proof)

    def as_tuple(self) -> tuple[int, tuple[str, int], list[tuple[bytes, int]]]:
        """As the contract takes it."""
        return self.index, _leaf(self.payout), _nodes(self.proof)


@dataclass(frozen=True)
class Lane:
    """Base units funded, promised by active roots, and paid out."""

    funded: int
    committed: int
    claimed: int


def _root_from(values: Mapping[str, Any]) -> PayoutRoot | None:
    if values["reportHash"] == ZERO_DIGEST:
        return None
    return PayoutRoot(
        Digest(values["reportHash"]),
        values["total"],
        values["leafCount"],
        EpochNumber(values["epoch"]),
        values["claimableFrom"],
    )


def _digest_or_none(word: bytes) -> Digest | None:
    return Digest(word) if word != ZERO_DIGEST else None


def _leaf(payout: Payout | None) -> tuple[str, int]:
    return (ZERO_ADDRESS, 0) if payout is None else (payout.payee, payout.cumulative)


def _nodes(nodes: Sequence[SumNode]) -> list[tuple[bytes, int]]:
    return [(node.hash, node.sum) for node in nodes]


class EpochDistributor(Contract):
    """Funds, roots and payouts of epochs. Every write raises ContractRefused."""

    NAME: ClassVar[str] = "EpochDistributor"

    def fund(self, token: Address, amount: int, *, signer: LocalSigner) -> Receipt:
        """Add to the signer's own credit; the distributor must have the allowance."""
        return self._write("fund", token, amount, signer=signer)

    def fund_for(
        self, token: Address, holder: Address, amount: int, *, signer: LocalSigner
    ) -> Receipt:
        """Add to a licence holder's credit; the distributor must have the signer's allowance."""
        return self._write("fundFor", token, holder, amount, signer=signer)

    def activate(self, token: Address, *, signer: LocalSigner) -> Receipt:
        """Make the oldest waiting root the active one, after its window."""
        return self._write("activate", token, signer=signer)

    def reject(
        self, token: Address, epoch: EpochNumber, reason_digest: Digest, *, signer: LocalSigner
    ) -> Receipt:
        """Throw a waiting root out, and all behind it, within its window; the council alone."""
        return self._write("reject", token, epoch, reason_digest, signer=signer)

    def cosign(
        self,
        token: Address,
        epoch: EpochNumber,
        sum_root: Digest,
        total: int,
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Let this root above the ceiling be proposed for the epoch, with this total in base units
        and no other; the council alone."""
        return self._write("cosign", token, epoch, sum_root, total, signer=signer)

    def reject_decrease(
        self,
        token: Address,
        epoch: EpochNumber,
        before: ProvenLeaf,
        later: Sequence[ProvenLeaf],
        *,
        signer: LocalSigner,
    ) -> Receipt:
        """Throw a root out that promises a payee less than the root before it."""
        leaves = [leaf.as_tuple() for leaf in later]
        given = (token, epoch, before.as_tuple(), leaves)
        return self._write("rejectDecrease", *given, signer=signer)

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

    def set_payout_address(self, token: Address, to: Address, *, signer: LocalSigner) -> Receipt:
        return self._write("setPayoutAddress", token, to, signer=signer)

    def lane_of(self, token: Address, *, at: BlockPin) -> Lane:
        found = self._read("laneOf", token, at=at)
        return Lane(found["funded"], found["committed"], found["claimed"])

    def credit_of(self, token: Address, holder: Address, *, at: BlockPin) -> int:
        """Base units that a licence holder has left for the use of its licences."""
        return int(self._read("creditOf", token, holder, at=at))

    def charged_of(self, token: Address, *, at: BlockPin) -> int:
        """Base units charged for the epochs reported; with all credits, what was funded."""
        return int(self._read("chargedOf", token, at=at))

    def pending_roots(self, token: Address, *, at: BlockPin) -> tuple[PayoutRoot, ...]:
        """The roots that wait, oldest first."""
        return tuple(
            root
            for values in self._read("pendingRoots", token, at=at)
            if (root := _root_from(values)) is not None
        )

    def active_root(self, token: Address, *, at: BlockPin) -> PayoutRoot | None:
        return _root_from(self._read("activeRoot", token, at=at))

    def claimed_by(self, token: Address, payee: Address, *, at: BlockPin) -> int:
        """Cumulative base units paid to a payee."""
        return int(self._read("claimedBy", token, payee, at=at))

    def window_seconds(self, *, at: BlockPin) -> int:
        return int(self._read("windowSeconds", at=at))

    def rejected_report(self, epoch: EpochNumber, *, at: BlockPin) -> Digest | None:
        """The hash of an epoch's report that was rejected; None for any other epoch."""
        return _digest_or_none(self._read("rejectedReport", epoch, at=at))

    def standing_report(self, token: Address, epoch: EpochNumber, *, at: BlockPin) -> Digest | None:
        """The hash of a waiting or active report or one of the last before that stand, or None."""
        return _digest_or_none(self._read("standingReport", token, epoch, at=at))

    def ceiling_of(self, token: Address, *, at: BlockPin) -> int:
        """By how much the next total may exceed the last one without the council."""
        return int(self._read("ceilingOf", token, at=at))

    def payout_address_of(self, token: Address, payee: Address, *, at: BlockPin) -> Address:
        return Address(self._read("payoutAddressOf", token, payee, at=at))
