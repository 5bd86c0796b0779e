"""The chain as the oracle reads it: the index for facts, the node for blocks, both at one pin."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from chain.client.blocks import BlockPin
from chain.client.deployment import Deployment
from chain.client.node import Node
from chain.client.usage_oracle import OperatorSet, UsageOracle
from chain.indexer.records import EpochRecord
from chain.indexer.store import Store
from chain.ledger.identifiers import Address, Digest, EpochNumber, GenerationId, LicenceId
from chain.settlement.facts import SettlementState
from chain.settlement.state import settlement_state
from oracle.chain_facts import DerivativeStanding, LicenceStanding


@dataclass(frozen=True)
class FactsSnapshot:
    """Licences and derivatives as they stood after one block."""

    licences: dict[LicenceId, LicenceStanding]
    derivatives: dict[GenerationId, DerivativeStanding]

    def licence(self, licence_id: LicenceId) -> LicenceStanding | None:
        """The licence, or None when it was never taken."""
        return self.licences.get(licence_id)

    def derivative(self, generation_id: GenerationId) -> DerivativeStanding | None:
        """The derivative linked for a generation, or None when there is none (yet)."""
        return self.derivatives.get(generation_id)


@dataclass
class ChainView:
    """One operator's own eyes: its node and its index. `refresh` brings the index to the head.

    `final_depth` blocks must lie on top of a block before anything is computed from it.
    """

    node: Node
    store: Store
    deployment: Deployment
    refresh: Callable[[], object]
    final_depth: int
    _facts: tuple[bytes, FactsSnapshot] | None = field(default=None, init=False, repr=False)
    _operators: tuple[bytes, OperatorSet] | None = field(default=None, init=False, repr=False)
    _posted: tuple[bytes, list[EpochRecord]] | None = field(default=None, init=False, repr=False)
    _state: tuple[object, SettlementState] | None = field(default=None, init=False, repr=False)

    def pin(self) -> BlockPin:
        """The newest block that is deep enough and indexed."""
        self.refresh()
        head = self.store.head()
        if self.final_depth == 0:
            return head
        return self.node.block(max(head.number - self.final_depth, self.deployment.block))

    def head(self) -> BlockPin:
        """The newest indexed block."""
        self.refresh()
        return self.store.head()

    def at(self, number: int) -> BlockPin:
        """A block of the past by its number."""
        return self.node.block(number)

    def facts(self, at: BlockPin) -> FactsSnapshot:
        """Every licence and derivative: evidence is judged by dictionary, not by query.

        The last block's facts are remembered: papers come in many to a block.
        """
        if self._facts is None or self._facts[0] != at.hash:
            self._facts = (at.hash, self._read_facts(at))
        return self._facts[1]

    def operator_set(self, at: BlockPin) -> OperatorSet:
        """Who signs reports by the contract's own word after a block: the deployment file knows
        the first set alone."""
        if self._operators is None or self._operators[0] != at.hash:
            contract = UsageOracle.of(self.node, self.deployment)
            self._operators = (at.hash, contract.operator_set(at=at))
        return self._operators[1]

    def settlement_state(
        self,
        at: BlockPin,
        token: Address,
        epoch: EpochNumber,
        previous: Digest,
        counted: AbstractSet[Digest],
    ) -> SettlementState:
        """What one epoch in `token` after the report `previous` is settled by; `counted` are the
        events of earlier ones.

        The last one is remembered: every operator of a process asks for the same.
        """
        asked = (at.hash, token, epoch, previous)
        if self._state is None or self._state[0] != asked:
            state = settlement_state(
                self.store,
                at=at,
                token=token,
                epoch=epoch,
                previous_report=previous,
                counted_ids=counted,
            )
            self._state = (asked, state)
        return self._state[1]

    def posted(self, at: BlockPin) -> list[EpochRecord]:
        """The reports on chain, in their order; the last block's are remembered."""
        if self._posted is None or self._posted[0] != at.hash:
            self._posted = (at.hash, self.store.epochs(at=at))
        return self._posted[1]

    def rejected(self, at: BlockPin) -> frozenset[EpochNumber]:
        """The epochs whose payout root was rejected."""
        return self.store.rejected_epochs(at=at)

    def _read_facts(self, at: BlockPin) -> FactsSnapshot:
        return FactsSnapshot(
            {
                record.licence_id: LicenceStanding(
                    record.licence_id,
                    record.holder,
                    record.work_id,
                    record.terms.tier,
                    record.taken_at,
                    record.expiry,
                    record.parent_id,
                )
                for record in self.store.licences(at=at)
            },
            {
                record.generation_id: DerivativeStanding(
                    record.child, tuple((p.work_id, p.licence_id) for p in record.parents)
                )
                for record in self.store.derivatives(at=at)
            },
        )
