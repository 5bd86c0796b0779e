"""The keeper of the direct lane: after a payment it settles and pushes, so that payees are paid
within seconds and need ask nobody.

Both are anybody's to do; the keeper is the one who always does. What it sends is named by the
cumulative amounts it saw, so that looking again without new money sends nothing, and a payee whose
account cannot take its money is not tried again until more has come in.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chain.client.blocks import BlockPin, Call
from chain.client.errors import ContractRefused, FeeTooHigh
from chain.client.royalty_ledger import RoyaltyLedger, shares_list
from chain.indexer.records import DerivativeRecord, SplitRecord
from chain.ledger.identifiers import Address, WorkId
from oracle.chain_view import ChainView
from oracle.errors import RelayPaused
from oracle.outbox import Outbox
from oracle.transaction_book import GIVEN_UP, TransactionBook
from oracle.transactions import TransactionLane

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeeperRound:
    """What one round stored for sending, by intent, and what a contract refused, with its words."""

    decided: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


class Keeper:
    """Settles derivatives and pushes works that hold money for their payees."""

    def __init__(
        self, outbox: Outbox, lane: TransactionLane, view: ChainView, ledger: RoyaltyLedger
    ) -> None:
        self._outbox = outbox
        self._lane = lane
        self._view = view
        self._ledger = ledger

    def attend(self, at: BlockPin) -> KeeperRound:
        """Decide everything that is due at a block; sends nothing by itself (see the lane).

        One contract's refusal does not hold up the other works. Raises RpcUnavailable.
        """
        gross = {(p.work_id, p.token): p.gross for p in self._view.store.payments(at=at)}
        linked = {record.child: record for record in self._view.store.derivatives(at=at)}
        settling = self._decide(self._settles(at, gross, linked))
        if settling.decided:
            # More people are due once that has happened, and a push of less gas would not reach
            # them: the next round pays.
            return settling
        pushing = self._decide(self._pushes(at, _receivers(gross, linked)))
        return KeeperRound(pushing.decided, (*settling.refused, *pushing.refused))

    def _decide(self, due: Iterator[tuple[str, Call]]) -> KeeperRound:
        decided: list[str] = []
        refused: list[tuple[str, str]] = []
        for intent, call in due:
            if call.to is None:
                continue
            try:
                self._lane.decide(intent, call.to, call.data)
            except (ContractRefused, FeeTooHigh, RelayPaused) as refusal:
                log.warning("keeper was refused", extra={"intent": intent, "reason": str(refusal)})
                refused.append((intent, str(refusal)))
            else:
                decided.append(intent)
        return KeeperRound(tuple(decided), tuple(refused))

    def _settles(
        self,
        at: BlockPin,
        gross: Mapping[tuple[WorkId, Address], int],
        linked: Mapping[WorkId, DerivativeRecord],
    ) -> Iterator[tuple[str, Call]]:
        """Calls not decided yet that pass income on."""
        store = self._view.store
        settled = {(s.work_id, s.token): s.settled for s in store.settlements(at=at)}
        for (work, token), amount in gross.items():
            if work in linked and amount > settled.get((work, token), 0):
                intent = f"settle:{work}:{token}:{amount}"
                if not self._is_decided(intent):
                    vector = linked[work].vector.encode()
                    yield intent, self._ledger.call("settle", work, token, vector)

    def _pushes(
        self, at: BlockPin, receivers: list[tuple[WorkId, Address]]
    ) -> Iterator[tuple[str, Call]]:
        """Calls not decided yet that pay who may be paid now."""
        if not receivers:
            return
        versions: dict[WorkId, list[SplitRecord]] = {}
        for split in self._view.store.splits(at=at):
            versions.setdefault(split.work_id, []).append(split)
        accrued = self._ledger.read_many([("accruedOf", key) for key in receivers], at=at)
        for (work, token), numerator in zip(receivers, accrued, strict=True):
            for split in versions.get(work, ()):
                intent = f"push:{work}:{token}:{split.version}:{numerator}"
                if self._is_decided(intent) or not self._owes(split, token, at):
                    continue
                shares = shares_list(split.split)
                yield intent, self._ledger.call("push", work, token, split.version, shares)

    def _owes(self, split: SplitRecord, token: Address, at: BlockPin) -> bool:
        shares = shares_list(split.split)
        wanted = [
            ("dueTo", (split.work_id, token, split.version, shares, share.payee))
            for share in split.split.shares
        ]
        return any(self._ledger.read_many(list(wanted), at=at))

    def _is_decided(self, intent: str) -> bool:
        with self._outbox.reading() as connection:
            attempt = TransactionBook(connection).of_intent(intent)
        return attempt is not None and attempt.state not in GIVEN_UP


def _receivers(
    gross: dict[tuple[WorkId, Address], int], linked: dict[WorkId, DerivativeRecord]
) -> list[tuple[WorkId, Address]]:
    """Every work that income may have reached, per token: those paid, and their ancestors."""
    found: set[tuple[WorkId, Address]] = set(gross)
    for work, token in gross:
        if work in linked:
            found.update((entry.work_id, token) for entry in linked[work].vector.entries)
    return sorted(found)
