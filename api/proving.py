"""Proofs for whoever is paid: a payee's leaf under the active payout root, an event's leaf under
its epoch's usage root.

A tree is built from the payouts that the oracle published, if they lead to the root on chain, and
from the epoch's own segments otherwise: whichever it is, only a tree with the root on chain serves.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

from api.application import Application
from api.errors import NotFound
from api.verifying import published_payouts
from chain.client.blocks import BlockPin
from chain.client.epoch_distributor import ProvenLeaf
from chain.columns.standard_tree import ColumnarStandardTree
from chain.columns.sum_tree import ColumnarSumTree
from chain.indexer.records import EpochRecord, RootRecord, RootState
from chain.ledger.epoch import EpochReport
from chain.ledger.errors import LedgerError, ProofInvalid
from chain.ledger.identifiers import Address, Digest, EpochNumber, address_bytes
from chain.ledger.standard_tree import standard_leaf
from chain.ledger.sum_tree import Payout, SumNode, leaf_hash
from chain.provenance import ProvenanceError
from oracle.errors import OracleError
from oracle.history import EpochHistory
from oracle.papers import get_payouts

# A tree of a million payees is some hundred megabytes.
TREES_MAX: Final = 4
Tree = TypeVar("Tree")


@dataclass(frozen=True)
class PayoutProof:
    """Everything that `EpochDistributor.claim` asks for, and what it would pay; base units.

    `claimed` is what the payee was paid so far in the epoch lane, `cumulative` of the leaf all that
    it was ever promised.
    """

    report: EpochReport
    report_hash: Digest
    root: SumNode
    leaf_count: int
    leaf: Digest
    proven: ProvenLeaf
    claimed: int

    @property
    def due(self) -> int:
        """What a claim pays now."""
        return self.proven.payout.cumulative - self.claimed


@dataclass(frozen=True)
class EventProof:
    """That an epoch counted an event: OpenZeppelin's proof under the report's usage root."""

    report: EpochReport
    report_hash: Digest
    event_id: Digest
    leaf: Digest
    siblings: tuple[Digest, ...]


@dataclass(frozen=True)
class _PayoutTree:
    payees: list[bytes]
    tree: ColumnarSumTree

    @classmethod
    def over(cls, token: Address, payouts: Sequence[Payout]) -> _PayoutTree:
        """Raises Malformed for payees out of order."""
        payees = [address_bytes(payout.payee) for payout in payouts]
        return cls(payees, ColumnarSumTree.of(token, payouts))


class EpochProofs:
    """Serves proofs over one application; the trees that were asked for last stay in memory."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._building = threading.Lock()
        self._payouts: OrderedDict[Digest, _PayoutTree] = OrderedDict()
        self._events: OrderedDict[Digest, ColumnarStandardTree] = OrderedDict()

    @cached_property
    def _history(self) -> EpochHistory:
        return EpochHistory(self._app.view, self._app.papers)

    def payout(self, token: Address, payee: Address, at: BlockPin) -> PayoutProof:
        """A payee's proof under the token's active root. Raises NotFound where there is no active
        root or the payee is not in it; HistoryMismatch, BlockMissing."""
        root = self._active_root(token, at)
        record = self._record(root.epoch, at)
        found = self._cached(
            self._payouts, record.report_hash, lambda: self._payout_tree(record.report, at)
        )
        index = bisect_left(found.payees, address_bytes(payee))
        if index == len(found.payees) or found.payees[index] != address_bytes(payee):
            raise NotFound(f"payee in epoch {root.epoch} of {token}", payee)
        payout = found.tree.payout(index)
        return PayoutProof(
            record.report,
            record.report_hash,
            found.tree.root,
            found.tree.leaf_count,
            leaf_hash(token, payout),
            ProvenLeaf(index, payout, found.tree.proof(index)),
            self._app.distributor.claimed_by(token, payee, at=at),
        )

    def event(self, epoch: EpochNumber, event_id: Digest, at: BlockPin) -> EventProof:
        """An event's proof under an epoch's usage root. Raises NotFound for an epoch that does not
        stand, or an event that it did not count; HistoryMismatch, BlockMissing."""
        record = self._record(epoch, at)
        tree = self._cached(
            self._events, record.report_hash, lambda: self._usage_tree(record.report, at)
        )
        leaf = standard_leaf(event_id)
        try:
            siblings = tree.proof(leaf)
        except ProofInvalid:
            raise NotFound(f"event counted in epoch {epoch}", "0x" + event_id.hex()) from None
        return EventProof(record.report, record.report_hash, event_id, leaf, siblings)

    def _active_root(self, token: Address, at: BlockPin) -> RootRecord:
        for root in self._app.store.roots(at=at):
            if root.token == token and root.state is RootState.ACTIVE:
                return root
        raise NotFound("active payout root of token", token)

    def _record(self, epoch: EpochNumber, at: BlockPin) -> EpochRecord:
        rejected = self._app.view.rejected(at)
        for record in self._app.store.epochs(at=at):
            if record.report.epoch == epoch and epoch not in rejected:
                return record
        raise NotFound("standing epoch", epoch)

    def _payout_tree(self, report: EpochReport, at: BlockPin) -> _PayoutTree:
        found = self._published(report)
        if found is None:
            settled = self._history.settlement_of(report, at)
            found = _PayoutTree.over(report.token, settled.payouts)
        assert found.tree.root == SumNode(report.sum_root, report.cumulative_total)
        return found

    def _published(self, report: EpochReport) -> _PayoutTree | None:
        """The tree of what the oracle beside this index published; None unless it is the one on
        chain."""
        try:
            cid = published_payouts(self._app).get(report.epoch)
            if cid is None:
                return None
            payouts = get_payouts(self._app.papers, cid).payouts
            found = _PayoutTree.over(report.token, payouts)
        except (OracleError, ProvenanceError, LedgerError):
            return None
        on_chain = SumNode(report.sum_root, report.cumulative_total)
        return found if found.tree.root == on_chain else None

    def _usage_tree(self, report: EpochReport, at: BlockPin) -> ColumnarStandardTree:
        return self._history.settlement_of(report, at).usage_tree

    def _cached(
        self, trees: OrderedDict[Digest, Tree], name: Digest, build: Callable[[], Tree]
    ) -> Tree:
        # One at a time: two builders of the same tree would only take each other's memory.
        with self._building:
            found = trees.pop(name, None) or build()
            trees[name] = found
            while len(trees) > TREES_MAX:
                trees.popitem(last=False)
            return found
