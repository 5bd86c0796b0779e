"""An epoch's way to the chain: sealed, signed, posted, in steps that may be stopped anywhere.

Epochs overlap: while some wait for their windows in the contract's queue, the next is sealed on top
of them. One at a time is on its way; what becomes of it once it is FINAL is `oracle.paydays`'.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from chain.client.blocks import BlockPin
from chain.client.epoch_distributor import WAITING_ROOTS_MAX, EpochDistributor
from chain.ledger.epoch import report_domain
from chain.ledger.identifiers import Address, EpochNumber
from chain.provenance import BlockStore
from oracle.chain_view import ChainView
from oracle.epoch_book import EpochBook, EpochRow, EpochState, StoredSignature
from oracle.errors import EpochNotReady, QueueIsFull
from oracle.lease import Role
from oracle.operator import Proposal
from oracle.operators.panel import Panel
from oracle.outbox import Outbox
from oracle.papers import get_payouts
from oracle.quorum import Quorum, require_sound
from oracle.relay import Relay
from oracle.sealing import Sealer
from oracle.unfunded import Shortfall

POLL_SECONDS: Final = 0.2
# How often a step is looked at again before it is left to the next call.
POLLS_MAX: Final = 50


class EpochLane:
    """The epochs of one outbox, in one currency. An epoch is due `epoch_seconds` after the one
    before was posted; None: as often as the contract's queue can carry, a window by its length."""

    def __init__(
        self,
        outbox: Outbox,
        view: ChainView,
        blocks: BlockStore,
        token: Address,
        sealer: Sealer,
        relay: Relay,
        panel: Panel,
        *,
        epoch_seconds: int | None,
        next_block_time: Callable[[], int],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        deployment = view.deployment
        self._outbox = outbox
        self._view = view
        self._blocks = blocks
        self._token = token
        self._sealer = sealer
        self._relay = relay
        self._panel = panel
        self._epoch_seconds = epoch_seconds
        self._next_block_time = next_block_time
        self._pause = pause
        self._distributor = EpochDistributor.of(view.node, deployment)
        self._domain = report_domain(deployment.chain_id, deployment.contracts["UsageOracle"])

    # what may be done

    def last(self) -> EpochRow | None:
        """The newest sealed epoch."""
        with self._outbox.reading() as connection:
            return EpochBook(connection).last()

    def is_due(self) -> bool:
        """Whether the shortest time between two epochs has passed since the last that stands was
        posted."""
        at = self._view.head()
        active = self._distributor.active_root(self._token, at=at)
        opens = [*self.opens(at).values(), *([] if active is None else [active.claimable_from])]
        if not opens:
            return True
        window = self._distributor.window_seconds(at=at)
        shortest = self._epoch_seconds
        if shortest is None:
            shortest = shortest_useful_seconds(window)
        return self._next_block_time() - (max(opens) - window) >= shortest

    def opens(self, at: BlockPin) -> dict[EpochNumber, int]:
        """The epochs in the contract's queue, oldest first, and from when each can be paid."""
        waiting = self._distributor.pending_roots(self._token, at=at)
        return {root.epoch: root.claimable_from for root in waiting}

    def require_room(self) -> None:
        """Raises QueueIsFull when the contract would not take another root just now."""
        at = self._view.head()
        opens = self.opens(at)
        if len(opens) >= WAITING_ROOTS_MAX:
            shortest = shortest_useful_seconds(self._distributor.window_seconds(at=at))
            raise QueueIsFull(len(opens), min(opens.values()), shortest)

    # steps

    def seal(self) -> EpochRow:
        """Fix the next epoch: segments, report, payouts. Raises NothingToSeal, HoldersNotFunded,
        EpochNotReady."""
        self._outbox.require(Role.EPOCH)
        return self._sealer.seal(self._view.pin())

    def shortfalls(self) -> tuple[Shortfall, ...]:
        """What the last sealing left for want of its holders' money."""
        return self._sealer.shortfalls

    def collect_signatures(self, number: int | None = None) -> Quorum:
        """Ask every operator; an epoch that enough of them signed becomes ATTESTED.

        Signatures given are kept, and count on when their operators are away later. Raises
        QuorumNotReached with each refusal; QuorumUnsound.
        """
        self._outbox.require(Role.EPOCH)
        row = self._epoch(number)
        quorum = self._quorum(row)
        proposal = Proposal(row.report, row.evidence_cid)
        self._panel.sign_epoch(proposal, quorum, lambda signed: self._keep(row, signed))
        quorum.signatures()
        if row.state is EpochState.SEALED:
            with self._outbox.writing() as connection:
                EpochBook(connection).set_state(row.number, EpochState.ATTESTED)
            self._outbox.reached("epoch-attested")
        return quorum

    def post(self, number: int | None = None) -> EpochRow:
        """Post an attested epoch and wait a while for it to be final.

        Returns it QUEUED or MINED when the chain takes longer; call again. Raises EpochNotReady,
        EpochSuperseded, TransactionFailed, ContractRefused (above the ceiling, the queue full).
        """
        self._outbox.require(Role.SUBMIT)
        row = self._epoch(number)
        quorum = self._quorum(row)
        if row.state is EpochState.ATTESTED and not quorum.reached:
            # Others are operators now than those who signed.
            with self._outbox.writing() as connection:
                EpochBook(connection).set_state(row.number, EpochState.SEALED)
            return self._epoch(row.number)
        usage = get_payouts(self._blocks, row.payouts_cid).licence_usage
        for _ in range(POLLS_MAX):
            row = self._relay.post(row.number, usage, quorum)
            self._relay.observe()
            row = self._epoch(row.number)
            if row.state is EpochState.FINAL or not self._may_progress(row):
                break
            self._pause(POLL_SECONDS)
        return row

    def _may_progress(self, row: EpochRow) -> bool:
        # With a depth to wait for, only new blocks help: the next call looks again.
        return row.state is not EpochState.MINED or self._view.final_depth == 0

    def _quorum(self, row: EpochRow) -> Quorum:
        """The signatures that are held of those who are operators now. Raises QuorumUnsound."""
        operators = self._view.operator_set(self._view.node.head())
        require_sound(operators)
        quorum = Quorum(row.report, self._domain, operators.members, operators.threshold)
        with self._outbox.reading() as connection:
            held = EpochBook(connection).signatures(row.number, row.report.previous_report)
        for signed in held:
            quorum.take_up(signed)
        return quorum

    def _keep(self, row: EpochRow, signed: StoredSignature) -> None:
        with self._outbox.writing() as connection:
            EpochBook(connection).put_signature(row.number, row.report.previous_report, signed)

    def _epoch(self, number: int | None) -> EpochRow:
        with self._outbox.reading() as connection:
            book = EpochBook(connection)
            row = book.last() if number is None else book.of_number(number)
        if row is None:
            raise EpochNotReady(number or 1, "not sealed", "SEALED", "call seal_epoch first")
        return row


def shortest_useful_seconds(window_seconds: int) -> int:
    """The shortest time between epochs at which the contract's queue does not fill up: by then the
    window of the oldest that it can hold is over."""
    return -(-window_seconds // WAITING_ROOTS_MAX)
