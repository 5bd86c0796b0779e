"""What settlement needs of the chain, read from the index at one block."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import partial

from chain.client.blocks import BlockPin
from chain.indexer.records import Place
from chain.indexer.store import Store
from chain.ledger.accrual import RoyaltyBook
from chain.ledger.identifiers import Address, Digest, EpochNumber
from chain.settlement.facts import DerivativeFacts, LicenceFacts, SettlementState


def settlement_state(
    store: Store,
    *,
    at: BlockPin,
    token: Address,
    epoch: EpochNumber,
    previous_report: Digest,
    counted_ids: AbstractSet[Digest],
) -> SettlementState:
    """The chain at a block as one epoch in `token` sees it; nothing later is read.

    `counted_ids` are the events of all earlier epochs, which only their segments tell.
    Raises NotIndexedYet, IndexEmpty.
    """
    derivatives = store.derivatives(at=at)
    rules = store.sharing_rules(epoch, at=at)
    return SettlementState(
        token=token,
        epoch=epoch,
        previous_report=previous_report,
        block=at.number,
        time=at.timestamp,
        licences={
            record.licence_id: LicenceFacts(
                record.work_id,
                record.terms.tier,
                record.terms,
                record.taken_at,
                record.expiry,
                record.holder,
                record.parent_id,
                record.units_used,
                record.revenue_used,
            )
            for record in store.licences(at=at)
        },
        derivatives={
            record.generation_id: DerivativeFacts(record.child, record.parents)
            for record in derivatives
        },
        vectors={record.child: record.vector for record in derivatives},
        # Versions come in their order, so the last one in force stays.
        splits={record.work_id: record.split for record in store.splits(at=at)},
        counted_ids=counted_ids,
        directly_reported=store.directly_reported(at=at),
        frozen=store.frozen(at=at),
        credits=store.credits(token, at=at),
        rules=rules,
        communities=store.works_of_communities(rules.keys(), at=at),
    )


def royalty_book(store: Store, *, at: BlockPin) -> RoyaltyBook:
    """The direct lane's books, replayed from its events up to a block.

    Raises Inconsistent where an event contradicts the ones before it, NotIndexedYet, IndexEmpty.
    """
    book = RoyaltyBook()
    steps: list[tuple[Place, Callable[[], None]]] = []
    for d in store.derivatives(at=at):
        steps.append((d.place, partial(book.linked, d.child, d.vector)))
    for s in store.splits(at=at):
        steps.append((s.place, partial(book.split_set, s.work_id, s.version, s.split)))
    for p in store.payments(at=at):
        steps.append((p.place, partial(book.paid, p.work_id, p.token, p.amount, p.gross)))
    for f in store.settlements(at=at):
        steps.append((f.place, partial(book.settled, f.work_id, f.token, f.amount, f.settled)))
    for o in store.direct_payouts(at=at):
        given = (o.work_id, o.token, o.payee, o.version, o.amount, o.paid)
        steps.append((o.place, partial(book.paid_out, *given)))
    for _, apply in sorted(steps, key=lambda step: step[0]):
        apply()
    return book
