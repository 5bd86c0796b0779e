"""Contracts that say whatever they are told to: logs of any event of our ABIs, on a real node.

Each of our contracts' places is taken by the same few bytes of code, which turn call data into
logs. The node, its blocks and its forks are real; only what the events say is made up.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode

from chain.client.blocks import hexadecimal
from chain.client.deployment import Deployment
from chain.client.interfaces import CORE_CONTRACTS, Event
from chain.client.node import Node
from chain.indexer.event_table import ERC20, SOURCES, event_abi
from chain.indexer.events import CUSTODIANS
from chain.ledger.identifiers import Address, address_from_bytes
from chain.ledger.words import address_word, uint_word

# Until the call data ends: the number of topics, the length of the data, the topics, the data.
#     for { let p := 0 } lt(p, calldatasize()) {} {
#         let n := calldataload(p)  let size := calldataload(add(p, 32))
#         let t := add(p, 64)       let d := add(t, mul(n, 32))
#         calldatacopy(0, d, size)  switch n case 0 { log0(0, size) } ... default { log4(...) }
#         p := add(d, size)
#     }
CODE = (
    "609080600a5f395ff3fe5f5b368110600957005b8060409135602082013591838101908260051b810192848685015f"
    "37801560865780600114607c5780600214606e57600314605a5760a081013591606060808301359201359035855fa4"
    "5b01016001565b90606060808301359201359035845fa36054565b50606001359035835fa26054565b505035825fa1"
    "6054565b505050815fa0605456"
)
BLOCK_GAS = 1_000_000_000
# For a node of its own: blocks when told to, and room for many logs in each.
NODE_OPTIONS = ("--no-mining", "--gas-limit", str(BLOCK_GAS))
GAS_PRICE = hex(10**10)
EVENTS = sorted(SOURCES)


@dataclass(frozen=True)
class Emission:
    """One log to be: of which of our contracts, or of a token where none is named."""

    contract: str
    topics: tuple[bytes, ...]
    data: bytes

    @property
    def encoded(self) -> bytes:
        head = uint_word(len(self.topics)) + uint_word(len(self.data))
        return head + b"".join(self.topics) + self.data


class Emitter:
    """A node whose only contracts are emitters; `deployment` takes them for ours."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._account = node.rpc.request("eth_accounts")[0]
        self.places = {name: self._created() for name in (*CORE_CONTRACTS, ERC20)}

    @property
    def deployment(self) -> Deployment:
        """A deployment that begins with the next block."""
        contracts = {name: self.places[name] for name in CORE_CONTRACTS}
        block = self.node.head().number + 1
        nobody = self.places[ERC20]
        return Deployment(
            self.node.chain_id,
            block,
            {**contracts, "DevStablecoin": self.places[ERC20]},
            (),
            1,
            1,
            nobody,
            nobody,
        )

    def emit(self, emissions: Sequence[Emission]) -> None:
        """Send them to the node's pool: a transaction for each run of one contract's."""
        start = 0
        for end in range(1, len(emissions) + 1):
            if end == len(emissions) or emissions[end].contract != emissions[start].contract:
                self._send(emissions[start:end])
                start = end

    def mine(self) -> None:
        self.node.rpc.request("evm_mine")

    def random_emission(self, chance: random.Random) -> Emission:
        """Any event of ours, or a transfer from or to custody, with values made up."""
        contract, name = chance.choice(EVENTS)
        event = event_abi(contract, name)
        if contract == ERC20:
            custody = self.places[chance.choice(CUSTODIANS)]
            parties = [address_word(custody), address_word(_account(chance))]
            chance.shuffle(parties)
            return Emission(contract, (event.topic, *parties), chance.randbytes(32))
        return emission_of(contract, event, lambda field: _value(field.type, chance))

    def _send(self, emissions: Sequence[Emission]) -> None:
        self.node.rpc.request(
            "eth_sendTransaction",
            {
                "from": self._account,
                "to": self.places[emissions[0].contract],
                "data": hexadecimal(b"".join(emission.encoded for emission in emissions)),
                "gas": hex(BLOCK_GAS // 10),
                "gasPrice": GAS_PRICE,
            },
        )

    def _created(self) -> Address:
        request = {"from": self._account, "data": "0x" + CODE, "gas": hex(1_000_000)}
        tx_hash = self.node.rpc.request("eth_sendTransaction", {**request, "gasPrice": GAS_PRICE})
        self.mine()
        receipt = self.node.receipt(bytes.fromhex(tx_hash[2:]))
        assert receipt is not None and receipt.contract is not None
        return receipt.contract


def emission_of(contract: str, event: Event, value: Any) -> Emission:
    """A log of an event, each parameter as `value` of its field gives it."""
    indexed = [f for f in event.inputs if f.indexed]
    plain = [f for f in event.inputs if not f.indexed]
    topics = [encode([f.type], [value(f)]) for f in indexed]
    data = encode([f.type for f in plain], [value(f) for f in plain])
    return Emission(contract, (event.topic, *topics), data)


def _value(kind: str, chance: random.Random) -> Any:
    if kind.endswith("[]"):
        return [_value(kind[:-2], chance) for _ in range(chance.randrange(4))]
    if kind.startswith("("):
        return tuple(_value(part, chance) for part in kind[1:-1].split(","))
    if kind.startswith("uint"):
        # Small numbers meet each other, wide ones meet the ends of what columns hold.
        bits = int(kind[4:])
        return chance.choice([chance.randrange(8), chance.getrandbits(bits), (1 << bits) - 1])
    if kind == "bytes":
        return chance.randbytes(chance.randrange(70))
    return {
        "address": lambda: _account(chance),
        "bool": lambda: chance.random() < 0.5,
        "bytes32": lambda: chance.randbytes(32),
    }[kind]()


def _account(chance: random.Random) -> Address:
    return address_from_bytes(chance.randrange(1, 20).to_bytes(20, "big"))
