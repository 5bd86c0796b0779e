"""What the lane of transactions asks of a key and of a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from chain.client.blocks import BlockPin, Receipt
from chain.client.sending import Fees
from chain.ledger.identifiers import Address


class TransactionSigner(Protocol):
    """Signs transactions with one key."""

    @property
    def address(self) -> Address:
        """The account that sends and pays for gas."""
        ...

    def sign_transaction(self, transaction: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Raw signed bytes and their hash."""
        ...


class Wire(Protocol):
    """A node. Each raises RpcUnavailable when there is no answer."""

    @property
    def chain_id(self) -> int:
        """The chain that signatures are for."""
        ...

    def head(self) -> BlockPin:
        """The newest block, of the right chain, and not older than one seen before."""
        ...

    def block_hash(self, number: int) -> bytes | None:
        """The hash of the canonical block of that number; None when there is none."""
        ...

    def transaction_count(self, account: Address, number: int) -> int:
        """Mined transactions of an account after that block."""
        ...

    def transaction_with(self, account: Address, nonce: int, number: int) -> bytes | None:
        """The hash of the transaction by which an account spent a nonce, up to that block; None
        when the node cannot show it."""
        ...

    def send_raw(self, raw: bytes) -> None:
        """Hand signed bytes to the node. Raises RpcRefused when it does not want them."""
        ...

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """The receipt, or None while it is in no block."""
        ...

    def agreed(self, receipt: Receipt) -> bool:
        """Whether every other node that is to be asked says the same of this transaction."""
        ...

    def dry_run(self, sender: Address, target: Address, data: bytes) -> int:
        """A gas limit that suffices. Raises ContractRefused when it would revert."""
        ...

    def fees(self) -> Fees:
        """What to offer for the next blocks. Raises FeeTooHigh over the cap."""
        ...
