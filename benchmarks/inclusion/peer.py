"""The peer: web3.py at its defaults, and a subscription that says when each block was heard of."""

from __future__ import annotations

import json
import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from web3 import Web3
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from chain.client.node import GWEI
from chain.client.sending import DYNAMIC_FEE_TYPE
from tests.devnet import CUSTOMER, PLATFORM, Devnet

TRANSFER_GAS: Final = 21_000


@dataclass(frozen=True)
class Handed:
    """Something was handed over at `at`, in seconds of this process, and is in `block`."""

    at: float
    block: int


class Heads:
    """When this process heard of each block."""

    def __init__(self, endpoint: str) -> None:
        self.heard: dict[int, float] = {}
        self._socket = connect(endpoint.replace("http", "ws", 1))
        asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
        self._socket.send(json.dumps(asked))
        self._socket.recv()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        # Until the node ends, after everything was measured.
        with suppress(ConnectionClosed):
            for told in self._socket:
                now = time.perf_counter()
                self.heard[int(json.loads(told)["params"]["result"]["number"], 16)] = now


class Peer(threading.Thread):
    """Sends transfers, one after another, each `gap_max` seconds or less after the last was in."""

    def __init__(self, endpoint: str, devnet: Devnet, gap_max: float, seed: int) -> None:
        super().__init__(daemon=True)
        self._web3 = Web3(Web3.HTTPProvider(endpoint))
        self._devnet = devnet
        self._gap_max = gap_max
        self._chance = random.Random(seed)
        self.enough = threading.Event()
        self.handed: list[Handed] = []
        self.noticed: list[float] = []

    def run(self) -> None:
        nonce = self._web3.eth.get_transaction_count(self._devnet.address(CUSTOMER))
        while not self.enough.wait(self._chance.uniform(0, self._gap_max)):
            raw = self._signed(nonce)
            nonce += 1
            begin = time.perf_counter()
            tx_hash = self._web3.eth.send_raw_transaction(raw)
            receipt = self._web3.eth.wait_for_transaction_receipt(tx_hash)
            self.noticed.append(time.perf_counter() - begin)
            self.handed.append(Handed(begin, receipt["blockNumber"]))

    def _signed(self, nonce: int) -> bytes:
        raw, _ = self._devnet.signers[CUSTOMER].sign_transaction(
            {
                "type": DYNAMIC_FEE_TYPE,
                "chainId": self._devnet.node.chain_id,
                "nonce": nonce,
                "to": self._devnet.address(PLATFORM),
                "data": b"",
                "value": 1,
                "gas": TRANSFER_GAS,
                "maxFeePerGas": 100 * GWEI,
                "maxPriorityFeePerGas": GWEI,
            }
        )
        return raw
