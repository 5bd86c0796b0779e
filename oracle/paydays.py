"""What becomes of epochs that are on chain for good: paid when their windows are over, oldest
first, or taken up again when they were rejected.

A rejection takes with it every epoch that waits behind the rejected one: they were built on it. All
their usage is returned to its licences and waits for the next epoch, once each.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from chain.client.blocks import BlockPin
from chain.ledger.sum_tree import SumTree
from chain.provenance import BlockReader
from oracle.answers import Payday
from oracle.chain_view import ChainView
from oracle.epoch_book import EpochBook, EpochRow, EpochState
from oracle.epoch_lane import POLL_SECONDS, POLLS_MAX
from oracle.history import EpochHistory
from oracle.lease import Role
from oracle.outbox import Outbox
from oracle.papers import get_payouts
from oracle.relay import PushOutcome, Relay
from oracle.transactions import TransactionLane


class Paydays:
    """Every step may be repeated and stopped anywhere; each needs the role SUBMIT."""

    def __init__(
        self,
        outbox: Outbox,
        view: ChainView,
        blocks: BlockReader,
        relay: Relay,
        lane: TransactionLane,
        history: EpochHistory,
        *,
        next_block_time: Callable[[], int],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._outbox = outbox
        self._view = view
        self._blocks = blocks
        self._relay = relay
        self._lane = lane
        self._next_block_time = next_block_time
        self._pause = pause
        self._history = history

    def activate_and_push(self) -> Payday | None:
        """Activate what is due, oldest first, and pay all payees by the newest of it: its totals
        hold those before it. Pushes of an older one that are on their way arrive first.

        None when no epoch waits. Payees that cannot take their money are in the outcome.
        """
        self._outbox.require(Role.SUBMIT)
        self.take_up_rejected()
        head, waiting = self._view.head(), self._unpaid()
        if not waiting:
            return None
        due, opens_at = self._relay.due(waiting, head, now=self._next_block_time())
        if not due and opens_at is None:
            return None
        if not due:
            return Payday(waiting[0].number, opens_at, False, PushOutcome((), ()))
        row = next(filter(self._relay.is_pushing, due), due[-1])
        self._relay.activate(row, head)
        tree = SumTree(row.report.token, get_payouts(self._blocks, row.payouts_cid).payouts)
        complete = self._push(row, tree)
        return Payday(row.number, None, complete, self._relay.outcome(row, tree))

    def take_up_rejected(self) -> tuple[int, ...]:
        """Return the usage of rejected epochs to their licences, and let it wait for the next one;
        the epochs for which that is done now. An epoch built on a rejected one, but not posted, is
        let go. Once nobody can bring the root back, that is: behind the final depth."""
        self._outbox.require(Role.SUBMIT)
        at = self._view.pin()
        rejected = sorted(self._view.rejected(at))
        with self._outbox.reading() as connection:
            book = EpochBook(connection)
            found = [row for number in rejected if (row := book.of_number(number))]
            under_way = book.under_way()
        gone = [row for row in found if row.state is EpochState.FINAL]
        done = tuple(row.number for row in gone if self._give_back(row))
        for row in under_way:
            signed_at_most = row.state in (EpochState.SEALED, EpochState.ATTESTED)
            if signed_at_most and self._is_adrift(row, at):
                self._relay.discard(row)
        return done

    def _unpaid(self) -> list[EpochRow]:
        """Final epochs in the oldest one's currency that were not paid."""
        with self._outbox.reading() as connection:
            waiting = EpochBook(connection).unpushed()
        return [row for row in waiting if row.report.token == waiting[0].report.token]

    def _push(self, row: EpochRow, tree: SumTree) -> bool:
        for _ in range(POLLS_MAX):
            self._lane.advance()
            head = self._view.head()
            if self._relay.is_active(row, head):
                if self._relay.push(row, tree, head):
                    return True
                self._lane.advance()
                if self._relay.push(row, tree, self._view.head()):
                    return True
                if self._view.final_depth and not self._relay.is_pushing(row):
                    # Only new blocks help: the next call looks again.
                    return False
            elif self._relay.is_superseded(row, head):
                return True
            self._pause(POLL_SECONDS)
        return False

    def _give_back(self, row: EpochRow) -> bool:
        usage = get_payouts(self._blocks, row.payouts_cid).licence_usage
        for _ in range(POLLS_MAX):
            if self._relay.give_back(row, usage, self._view.pin()):
                return True
            self._lane.advance()
            if self._view.final_depth:
                break
            self._pause(POLL_SECONDS)
        return False

    def _is_adrift(self, row: EpochRow, at: BlockPin) -> bool:
        """Whether it is not posted, and what it follows is not the last that stands any more."""
        if any(record.report_hash == row.report_hash for record in self._view.posted(at)):
            return False
        return self._history.last(row.report.token, at).report_hash != row.report.previous_report
