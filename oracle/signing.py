"""Signing what is to be sent, and storing it in the same transaction of the outbox."""

from __future__ import annotations

from chain.client.blocks import BlockPin
from chain.client.sending import DYNAMIC_FEE_TYPE, Fees
from chain.ledger.identifiers import Address
from oracle.outbox import Outbox
from oracle.transaction_book import NewTransaction, TransactionBook
from oracle.wire import TransactionSigner, Wire


class Signing:
    """The relay's keys."""

    def __init__(self, outbox: Outbox, wire: Wire, signers: tuple[TransactionSigner, ...]) -> None:
        self._outbox = outbox
        self._wire = wire
        self._signers = {signer.address: signer for signer in signers}

    @property
    def keys(self) -> tuple[Address, ...]:
        """Which accounts can sign."""
        return tuple(self._signers)

    def store(
        self, book: TransactionBook, tx_id: int, new: NewTransaction, fees: Fees, head: BlockPin
    ) -> None:
        """Another attempt at a transaction: signed bytes that no node has seen."""
        raw, tx_hash = self._signers[new.sender].sign_transaction(
            {
                "type": DYNAMIC_FEE_TYPE,
                "chainId": self._wire.chain_id,
                "nonce": new.nonce,
                "to": new.target,
                "data": new.data,
                "value": 0,
                "gas": new.gas_limit,
                "maxFeePerGas": fees.max_fee_wei,
                "maxPriorityFeePerGas": fees.tip_wei,
            }
        )
        self._outbox.reached("signed-before-persist")
        book.insert_attempt(tx_id, tx_hash, raw, fees, head.number)
