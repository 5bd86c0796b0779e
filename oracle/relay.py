"""From a signed epoch to paid payees: post, activate after the window, push every leaf.

Every step first looks at the chain: what somebody else has done already is not done again, for
posting, activating and pushing are anybody's to do. Every step is an intent of the lane, so that a
relay that is stopped anywhere goes on where it was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from chain.client.blocks import BlockPin, Call
from chain.client.epoch_distributor import EpochDistributor
from chain.client.errors import AnswerMalformed
from chain.client.node import Node
from chain.client.usage_oracle import UsageOracle
from chain.ledger.epoch import LicenceUsage
from chain.ledger.identifiers import ZERO_ADDRESS, ZERO_DIGEST, Address
from chain.ledger.sum_tree import Payout, SumTree
from oracle.epoch_book import EpochBook, EpochRow, EpochState
from oracle.errors import EpochNotReady, EpochSuperseded
from oracle.evidence_book import EvidenceBook
from oracle.outbox import Outbox
from oracle.quorum import Quorum
from oracle.transaction_book import GIVEN_UP, Attempt, AttemptState, TransactionBook
from oracle.transactions import TransactionLane

log = logging.getLogger(__name__)

# What one push may hold; the contract takes no more.
RANGE_LEAVES_MAX: Final = 512


@dataclass(frozen=True)
class Deferral:
    """A payee that could not take its money; `amount` in base units waits for it."""

    payee: Address
    amount: int


@dataclass(frozen=True)
class PushOutcome:
    """What pushing an epoch did."""

    paid: tuple[tuple[Address, int], ...]
    deferred: tuple[Deferral, ...]


class Relay:
    """Carries epochs to the chain. Its key pays for gas and has no authority."""

    def __init__(
        self,
        outbox: Outbox,
        lane: TransactionLane,
        node: Node,
        usage_oracle: UsageOracle,
        distributor: EpochDistributor,
    ) -> None:
        self._outbox = outbox
        self._lane = lane
        self._node = node
        self._usage_oracle = usage_oracle
        self._distributor = distributor

    def post(self, number: int, usage: Sequence[LicenceUsage], quorum: Quorum) -> EpochRow:
        """Sign and store the transaction that posts an attested epoch, unless it is on chain.

        Raises EpochNotReady, EpochSuperseded, ContractRefused (not funded, an earlier root still
        pending) with nothing stored.
        """
        row = self._row(number)
        if row.state is EpochState.SEALED:
            raise EpochNotReady(number, row.state, "ATTESTED", "collect signatures first")
        if row.state is not EpochState.ATTESTED:
            return row
        if self._is_posted(row):
            return self._move(row, EpochState.FINAL)
        call = self._usage_oracle.post_epoch_call(row.report, usage, quorum.signatures())
        self._decide(f"post:{number}", call)
        return self._move(row, EpochState.QUEUED)

    def observe(self) -> None:
        """Send and read what the lane holds, and move epochs on accordingly."""
        try:
            self._lane.advance()
        finally:
            for row in self._under_way():
                if row.state in (EpochState.QUEUED, EpochState.MINED):
                    self._follow(row)

    def due(
        self, rows: Sequence[EpochRow], at: BlockPin, *, now: int
    ) -> tuple[list[EpochRow], int | None]:
        """Which of some epochs in one currency, oldest first, may be paid at `now` (Unix seconds);
        and from when the next one may. One whose root waits nowhere was rejected: it is not among
        them, and is taken up again once that is final."""
        token = rows[0].report.token
        active = self._distributor.active_root(token, at=at)
        opens = {r.epoch: r.claimable_from for r in self._distributor.pending_roots(token, at=at)}
        found: list[EpochRow] = []
        for row in rows:
            if active is not None and active.epoch >= row.number:
                found.append(row)
                continue
            opens_at = opens.get(row.number)
            if opens_at is not None and now < opens_at:
                return found, opens_at
            if opens_at is not None:
                found.append(row)
        return found, None

    def activate(self, row: EpochRow, at: BlockPin) -> None:
        """Activate an epoch's root, and before it those that wait before it, where that is not done
        yet; their windows must be over."""
        token = row.report.token
        for root in self._distributor.pending_roots(token, at=at):
            if root.epoch <= row.number:
                self._decide(f"activate:{root.epoch}", self._distributor.call("activate", token))

    def is_active(self, row: EpochRow, at: BlockPin) -> bool:
        """Whether this epoch's own root is the one that pays now."""
        active = self._distributor.active_root(row.report.token, at=at)
        return active is not None and active.epoch == row.number

    def is_superseded(self, row: EpochRow, at: BlockPin) -> bool:
        """Whether a later root pays now. Totals are cumulative: it pays what this one would."""
        active = self._distributor.active_root(row.report.token, at=at)
        if active is None or active.epoch <= row.number:
            return False
        with self._outbox.writing() as connection:
            EpochBook(connection).mark_pushed(row.number)
        return True

    def give_back(self, row: EpochRow, usage: Sequence[LicenceUsage], at: BlockPin) -> bool:
        """After a rejection: return the epoch's usage to its licences, then let what it was sealed
        from wait again. Whether all of that is done."""
        if usage and not self._usage_oracle.is_usage_returned(row.number, at=at):
            call = self._usage_oracle.return_usage_call(row.report, usage)
            self._decide(f"return:{row.number}", call)
            return False
        with self._outbox.writing() as connection:
            EpochBook(connection).set_state(row.number, EpochState.REJECTED)
            EvidenceBook(connection).usage.release(row.number)
        log.info("epoch was rejected", extra={"epoch": row.number})
        self._outbox.reached("epoch-rejected")
        return True

    def discard(self, row: EpochRow) -> None:
        """Let go of an epoch that cannot be posted any more, for the report it follows was
        rejected; what it was sealed from waits again."""
        with self._outbox.writing() as connection:
            EvidenceBook(connection).usage.release(row.number)
            EpochBook(connection).remove(row.number)
        log.info("epoch let go", extra={"epoch": row.number})
        self._outbox.reached("epoch-discarded")

    def push(self, row: EpochRow, tree: SumTree, at: BlockPin) -> bool:
        """Store a push for each range that still owes somebody; whether all are final."""
        done = True
        for first, length in ranges_of(tree):
            intent = _push_intent(row, first)
            attempt = self._attempt(intent)
            if attempt is None and not self._owes(tree, first, length, at):
                continue
            if attempt is None or attempt.state in GIVEN_UP:
                attempt = self._decide(intent, self._push_call(tree, first, length))
                self._outbox.reached("push-decided")
            done = done and attempt.state is AttemptState.FINAL
        if done:
            with self._outbox.writing() as connection:
                EpochBook(connection).mark_pushed(row.number)
        return done

    def is_pushing(self, row: EpochRow) -> bool:
        """Whether a push of this epoch is signed and in no block yet."""
        with self._outbox.reading() as connection:
            waiting = TransactionBook(connection).open()
        return any(
            attempts[0].intent.removeprefix(_push_intent(row, "")).isdigit()
            and all(attempt.state is not AttemptState.MINED for attempt in attempts)
            for attempts in waiting
        )

    def outcome(self, row: EpochRow, tree: SumTree) -> PushOutcome:
        """Who was paid and who was deferred by this epoch's pushes, read from their receipts."""
        paid: list[tuple[Address, int]] = []
        deferred: list[Deferral] = []
        for first, _ in ranges_of(tree):
            attempt = self._attempt(_push_intent(row, first))
            receipt = None if attempt is None else self._node.receipt(attempt.tx_hash)
            if receipt is None:
                continue
            for event in self._distributor.events(receipt, "PaidOut"):
                paid.append((Address(event["payee"]), event["amount"]))
            for event in self._distributor.events(receipt, "PayoutDeferred"):
                deferred.append(Deferral(Address(event["payee"]), event["amount"]))
        return PushOutcome(tuple(paid), tuple(deferred))

    def _push_call(self, tree: SumTree, first: int, length: int) -> Call:
        leaves = [_leaf(payout) for payout in tree.range_payouts(first, length)]
        upper = [(node.hash, node.sum) for node in tree.range_proof(first, length)]
        return self._distributor.call("pushRange", tree.token, first, leaves, upper)

    def _owes(self, tree: SumTree, first: int, length: int, at: BlockPin) -> bool:
        payouts = [p for p in tree.range_payouts(first, length) if p is not None]
        wanted = [("claimedBy", (tree.token, p.payee)) for p in payouts]
        claimed = self._distributor.read_many(list(wanted), at=at)
        return any(p.cumulative > c for p, c in zip(payouts, claimed, strict=True))

    def _follow(self, row: EpochRow) -> None:
        attempt = self._attempt(f"post:{row.number}")
        if attempt is None:
            return
        state = {
            AttemptState.SIGNED: EpochState.QUEUED,
            AttemptState.SENT: EpochState.QUEUED,
            AttemptState.STUCK: EpochState.QUEUED,
            AttemptState.REORGED: EpochState.QUEUED,
            AttemptState.REPLACED: EpochState.QUEUED,
            AttemptState.MINED: EpochState.MINED,
            AttemptState.FINAL: EpochState.FINAL,
            AttemptState.FAILED: EpochState.ATTESTED,
            AttemptState.DISPLACED: EpochState.ATTESTED,
        }[attempt.state]
        if state is not row.state:
            self._move(row, state)

    def _is_posted(self, row: EpochRow) -> bool:
        head = self._node.head()
        if self._usage_oracle.last_epoch(at=head) < row.number:
            return False
        on_chain = self._distributor.standing_report(
            row.report.token, row.number, at=head
        ) or self._distributor.rejected_report(row.number, at=head)
        if on_chain is None:
            raise EpochSuperseded(row.number, ZERO_DIGEST, row.report_hash)
        if on_chain != row.report_hash:
            raise EpochSuperseded(row.number, on_chain, row.report_hash)
        return True

    def _move(self, row: EpochRow, state: EpochState) -> EpochRow:
        with self._outbox.writing() as connection:
            EpochBook(connection).set_state(row.number, state)
            if state is EpochState.FINAL:
                EvidenceBook(connection).usage.count_epoch(row.number)
        log.info("epoch moved", extra={"epoch": row.number, "state": str(state)})
        self._outbox.reached(f"epoch-{state.lower()}")
        return self._row(row.number)

    def _decide(self, intent: str, call: Call) -> Attempt:
        if call.to is None:
            raise AnswerMalformed(intent, "it names no contract")
        return self._lane.decide(intent, call.to, call.data)

    def _attempt(self, intent: str) -> Attempt | None:
        with self._outbox.reading() as connection:
            return TransactionBook(connection).of_intent(intent)

    def _row(self, number: int) -> EpochRow:
        with self._outbox.reading() as connection:
            row = EpochBook(connection).of_number(number)
        if row is None:
            raise EpochNotReady(number, "unknown", "SEALED", "seal it first")
        return row

    def _under_way(self) -> list[EpochRow]:
        with self._outbox.reading() as connection:
            return EpochBook(connection).under_way()


def ranges_of(tree: SumTree) -> Iterator[tuple[int, int]]:
    """Aligned ranges (first index, length) that cover every leaf, each of at most 512 leaves."""
    length = min(RANGE_LEAVES_MAX, 1 << tree.depth)
    for first in range(0, tree.leaf_count, length):
        yield first, length


def _push_intent(row: EpochRow, first: int | str) -> str:
    return f"push:{row.number}:{first}"


def _leaf(payout: Payout | None) -> tuple[str, int]:
    return (ZERO_ADDRESS, 0) if payout is None else (payout.payee, payout.cumulative)
