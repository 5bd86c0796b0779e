"""How an oracle stands, in numbers: read from outbox, index and node at one block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.client.blocks import BlockPin
from chain.client.epoch_distributor import EpochDistributor
from chain.client.stablecoin import Stablecoin
from chain.ledger.identifiers import Address
from oracle.chain_view import ChainView
from oracle.epoch_book import EpochBook
from oracle.evidence_book import EvidenceBook
from oracle.operations.pausing import PauseLevel, Pauses
from oracle.outbox import Outbox
from oracle.transaction_book import TransactionBook
from oracle.unfunded import Shortfall


@dataclass(frozen=True)
class Readings:
    """Money in base units of the oracle's token, ages in seconds of the chain's clock.

    `epoch_age` is the time since the state that the newest final epoch was settled by, None before
    the first. `holders_unfunded` lack money for `events_unfunded` uses that this process left out
    of the last epoch it sealed. `unsettled` was promised by roots, waiting ones included, and is
    not paid yet; `roots_waiting` are epochs in the contract's queue, and `payday_overdue` the time
    since the window of the oldest was over.
    `conservation_error` is what the epoch lane's custody lacks of what it owes: always 0.
    `nonce_gap` counts nonces that were given out and are not mined, of the relay key that has most
    of them; `relay_balance_wei` is of the one that has least.
    """

    block: BlockPin
    blocks_behind: int
    events: Mapping[str, int]
    transactions: Mapping[str, int]
    epochs: Mapping[str, int]
    last_epoch: int
    epoch_age: int | None
    nonce_gap: int
    relay_balance_wei: int
    relay_keys_paused: int
    funded: int
    holders_unfunded: int
    events_unfunded: int
    unsettled: int
    roots_waiting: int
    payday_overdue: int
    conservation_error: int
    paused: tuple[PauseLevel, ...]


def read(
    outbox: Outbox,
    view: ChainView,
    relays: Sequence[Address],
    token: Address,
    shortfalls: Sequence[Shortfall] = (),
) -> Readings:
    """Everything at the newest indexed block. Raises OutboxUnavailable, ClientError, IndexerError.

    Does not bring the index up to date: how far it is behind is one of the readings.
    """
    node, at = view.node, view.store.head()
    head = node.head()
    with outbox.reading() as connection:
        epochs = EpochBook(connection).state_counts()
        final = EpochBook(connection).last_final()
        events = EvidenceBook(connection).usage.event_counts()
        book = TransactionBook(connection)
        transactions, keys_paused = book.counts(), len(book.pauses())
        given_out = [(relay, book.highest_nonce(relay)) for relay in relays]
    distributor = EpochDistributor.of(node, view.deployment)
    lane = distributor.lane_of(token, at=at)
    waiting = distributor.pending_roots(token, at=at)
    held = Stablecoin(node, token).balance_of(distributor.address, at=at)
    promised = max([lane.committed, *(root.total for root in waiting)])
    return Readings(
        block=at,
        blocks_behind=max(head.number - at.number, 0),
        events=events,
        transactions=transactions,
        epochs=epochs,
        last_epoch=final.number if final else 0,
        epoch_age=head.timestamp - final.report.state_time if final else None,
        nonce_gap=max(
            highest + 1 - node.nonce(relay) if highest is not None else 0
            for relay, highest in given_out
        ),
        relay_balance_wei=min(node.balance_wei(relay, at=head) for relay in relays),
        relay_keys_paused=keys_paused,
        funded=lane.funded,
        holders_unfunded=len(shortfalls),
        events_unfunded=sum(shortfall.events for shortfall in shortfalls),
        unsettled=promised - lane.claimed,
        roots_waiting=len(waiting),
        payday_overdue=max(head.timestamp - waiting[0].claimable_from, 0) if waiting else 0,
        conservation_error=max(lane.funded - lane.claimed - held, 0),
        paused=tuple(pause.level for pause in Pauses(outbox).all()),
    )
