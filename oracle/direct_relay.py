"""Direct reports on their way over the chain: posted, and after the window released to the work; or
rejected by proof, when an epoch counted the use.

All of it is anybody's to do; this is the one who always does. Every step is an intent of the lane,
named by the event, so that nothing is sent twice and a relay that is stopped goes on where it was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import cache, partial

from chain.client.blocks import BlockPin, Call
from chain.client.direct_reports import DirectReports, DirectReportState
from chain.client.errors import AnswerMalformed, ContractRefused
from chain.columns.digests import digests_of
from chain.indexer.direct_report_store import DirectReportRecord
from chain.ledger.direct_report import DirectReport
from chain.ledger.epoch import EpochReport
from chain.ledger.identifiers import Digest
from chain.ledger.rights import Terms
from chain.ledger.standard_tree import standard_leaf
from chain.ledger.usage import usage_tree
from oracle.chain_view import ChainView
from oracle.history import EpochHistory
from oracle.keeper import KeeperRound
from oracle.outbox import Outbox
from oracle.transaction_book import GIVEN_UP, TransactionBook
from oracle.transactions import TransactionLane

log = logging.getLogger(__name__)


class DirectRelay:
    """Carries direct reports to the chain. Its key pays for gas and has no authority."""

    def __init__(
        self,
        outbox: Outbox,
        lane: TransactionLane,
        view: ChainView,
        history: EpochHistory,
        contract: DirectReports,
    ) -> None:
        self._outbox = outbox
        self._lane = lane
        self._view = view
        self._history = history
        self._contract = contract

    def post(self, report: DirectReport, terms: Terms, signatures: Sequence[bytes]) -> str:
        """Sign and store the transaction that posts a report; its intent.

        Raises ContractRefused (no deposit, a cap, reported before) with nothing stored.
        """
        intent = f"direct-post:{report.event.event_id.hex()}"
        self._decide(intent, self._contract.post_call(report, terms, signatures))
        return intent

    def attend(self, at: BlockPin, *, now: int) -> KeeperRound:
        """Decide what is due for reports that are held, at `now` (Unix seconds); sends nothing by
        itself. One refusal does not hold up the others. Raises HistoryMismatch, RpcUnavailable."""
        decided: list[str] = []
        refused: list[tuple[str, str]] = []
        for intent, call in self._due(at, now):
            if self._is_decided(intent):
                continue
            try:
                self._decide(intent, call)
            except ContractRefused as refusal:
                log.warning("relay was refused", extra={"intent": intent, "error": refusal.error})
                refused.append((intent, str(refusal)))
            else:
                decided.append(intent)
        return KeeperRound(tuple(decided), tuple(refused))

    def _due(self, at: BlockPin, now: int) -> Iterator[tuple[str, Call]]:
        last = cache(partial(self._history.last, at=at))
        for record in self._view.store.direct_reports(at=at):
            if record.state is not DirectReportState.HELD:
                continue
            name = record.event_id.hex()
            if record.event_id in last(record.held.token).counted:
                epochs, proof = self._proof_of(record, at)
                call = self._contract.reject_counted_call(record.held, epochs, proof)
                yield f"direct-reject:{name}", call
            elif now >= record.held.releasable_from:
                yield f"direct-release:{name}", self._contract.release_call(record.held)

    def _proof_of(
        self, record: DirectReportRecord, at: BlockPin
    ) -> tuple[list[EpochReport], tuple[Digest, ...]]:
        """The reports from the newest that stands to the one that counted the event, and the way
        from the event to that one's usage root."""
        rejected = self._view.rejected(at)
        standing = [
            posted.report
            for posted in self._view.posted(at)
            if posted.report.token == record.held.token and posted.report.epoch not in rejected
        ]
        shown: list[EpochReport] = []
        for report in reversed(standing):
            shown.append(report)
            counted = digests_of(self._history.settlement_of(report, at).counted)
            if record.event_id in counted:
                return shown, usage_tree(counted).proof(standard_leaf(record.event_id))
        raise AnswerMalformed("the history of epochs", "an event counted by none of them")

    def _is_decided(self, intent: str) -> bool:
        with self._outbox.reading() as connection:
            found = TransactionBook(connection).of_intent(intent)
        return found is not None and found.state not in GIVEN_UP

    def _decide(self, intent: str, call: Call) -> None:
        if call.to is None:
            raise AnswerMalformed(intent, "it names no contract")
        self._lane.decide(intent, call.to, call.data)
