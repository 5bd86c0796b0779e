"""Sending many transactions over a way that loses, doubles and un-mines them, until all are mined.

Raw bytes are signed once and kept, as the relay keeps them; whatever happens, the same bytes are
sent again. A transaction counts once, however often it was sent.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chain.client.blocks import Call, hexadecimal
from chain.client.errors import RpcRefused
from chain.client.node import GWEI
from chain.client.signer import LocalSigner
from tests.devnet import Devnet

LOT: Final = 256
ROUNDS_MAX: Final = 40
# Chances per transaction, and per lot.
SWALLOWED, DOUBLED = 0.05, 0.05
POOL_LOST, UNMINED = 0.15, 0.15


class NeverMined(RuntimeError):
    """Transactions that stayed away however often they were sent: a failure of settlement."""


@dataclass
class Sent:
    """What was signed and handed over, and what became of it."""

    submitted: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    sendings: int = 0
    deferred: int = 0


class WaywardSender:
    """Several keys over one node whose blocks come when asked for."""

    def __init__(
        self, devnet: Devnet, keys: Sequence[LocalSigner], dice: random.Random, sent: Sent
    ) -> None:
        self._devnet = devnet
        self._keys = keys
        self._dice = dice
        self._sent = sent
        self._nonces = {key.address: devnet.node.nonce(key.address) for key in keys}
        self._deferral = hexadecimal(
            devnet.distributor.interface.event_named("PayoutDeferred").topic
        )

    def carry_out(self, kind: str, calls: Sequence[Call], gas: int) -> None:
        """Sign every call and see it mined. Raises NeverMined."""
        for first in range(0, len(calls), LOT):
            raws = [
                self._signed(call, gas, self._keys[place % len(self._keys)])
                for place, call in enumerate(calls[first : first + LOT])
            ]
            self._sent.submitted[kind] += len(raws)
            for receipt in self._mined(dict(raws)):
                self._sent.failed[kind] += receipt["status"] != "0x1"
                self._sent.deferred += sum(
                    log["topics"][0] == self._deferral for log in receipt["logs"]
                )

    def _mined(self, raws: dict[str, str]) -> list[dict[str, Any]]:
        """Receipts of a lot, by hash, after everything that happened to it."""
        missing: list[str] = []
        for _ in range(ROUNDS_MAX):
            receipts = self._receipts(list(raws))
            missing = [h for h, receipt in receipts.items() if receipt is None]
            if not missing:
                return [receipt for receipt in receipts.values() if receipt is not None]
            self._offer([raws[h] for h in missing])
            if self._happens(POOL_LOST, "pool lost"):
                self._devnet.rpc("anvil_dropAllTransactions")
            self._devnet.mine()
            if self._happens(UNMINED, "block taken back"):
                self._take_back()
        raise NeverMined(f"{len(missing)} transactions after {ROUNDS_MAX} rounds")

    def _offer(self, raws: Sequence[str]) -> None:
        """Hand bytes over; some do not arrive, some twice."""
        delivered = [raw for raw in raws if not self._happens(SWALLOWED, "swallowed")]
        twice = [raw for raw in delivered if self._happens(DOUBLED, "doubled")]
        self._sent.sendings += len(raws) + len(twice)
        for each in (delivered, twice):
            if not each:
                continue
            try:
                self._devnet.node.rpc.batch([("eth_sendRawTransaction", (raw,)) for raw in each])
            except RpcRefused:
                # "Already known", or a gap in the nonces: what is missing is seen by its receipt.
                self._sent.faults["refused by the node"] += 1

    def _take_back(self) -> None:
        """The newest block goes, with everything in it; another one takes its place."""
        head = self._devnet.node.head()
        self._devnet.rpc("anvil_rollback", 1)
        self._devnet.rpc("evm_setNextBlockTimestamp", hex(head.timestamp + 1))
        self._devnet.mine()

    def _receipts(self, hashes: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        wanted = [("eth_getTransactionReceipt", (h,)) for h in hashes]
        found = self._devnet.node.rpc.batch(wanted, null_allowed=True)
        return dict(zip(hashes, found, strict=True))

    def _signed(self, call: Call, gas: int, key: LocalSigner) -> tuple[str, str]:
        """Hash and raw bytes."""
        nonce = self._nonces[key.address]
        self._nonces[key.address] = nonce + 1
        raw, tx_hash = key.sign_transaction(
            {
                "type": 2,
                "chainId": self._devnet.deployment.chain_id,
                "nonce": nonce,
                "to": call.to,
                "data": call.data,
                "value": 0,
                "gas": gas,
                "maxFeePerGas": 100 * GWEI,
                "maxPriorityFeePerGas": GWEI,
            }
        )
        return hexadecimal(tx_hash), hexadecimal(raw)

    def _happens(self, chance: float, what: str) -> bool:
        happened = self._dice.random() < chance
        self._sent.faults[what] += happened
        return happened
