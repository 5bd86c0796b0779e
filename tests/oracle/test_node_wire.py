"""What the relay believes of a node: the right chain, not behind, not asleep, and seconded."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from chain.client.blocks import BlockPin, hexadecimal
from chain.client.errors import BlockGone, StaleNode
from chain.client.node import Node
from chain.client.signer import dev_signer
from chain.ledger.identifiers import Address
from oracle.errors import NodeLags
from oracle.node_wire import NodeWire
from tests.devnet import running_anvil

SENDER = dev_signer(5)
TARGET = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """A chain of eleven blocks; block 3 has the sender's nonce 0, block 7 its nonce 1."""
    with running_anvil("--no-mining") as endpoint:
        found = Node(endpoint)
        for number in range(1, 12):
            if number in (3, 7):
                send(found, nonce=number // 7)
            found.rpc.request("evm_mine")
        yield found


def send(node: Node, nonce: int) -> bytes:
    fields = {"type": 2, "chainId": 31337, "nonce": nonce, "to": TARGET, "value": 0, "data": b""}
    fees = {"gas": 21_000, "maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9}
    raw, tx_hash = SENDER.sign_transaction(fields | fees)
    node.rpc.request("eth_sendRawTransaction", hexadecimal(raw))
    return tx_hash


def test_a_node_without_our_first_block_is_on_another_chain(node: Node) -> None:
    assert NodeWire(node, anchor=node.block(2)).head().number >= 11
    elsewhere = BlockPin(2, b"\1" * 32, 0)

    with pytest.raises(BlockGone):
        NodeWire(node, anchor=elsewhere).head()


def test_a_head_that_goes_back_decides_nothing(node: Node) -> None:
    wire = NodeWire(node)
    snapshot = node.rpc.request("evm_snapshot")
    node.rpc.request("evm_mine")
    seen = wire.head().number
    node.rpc.request("evm_revert", snapshot)

    with pytest.raises(StaleNode) as refusal:
        wire.head()

    assert (refusal.value.seen, refusal.value.offered) == (seen, seen - 1)


@pytest.mark.parametrize(("jump", "lags"), [(-400 * 86_400, False), (400 * 86_400, True)])
def test_a_head_from_long_ago_is_a_lag_or_a_clock_that_jumped(
    node: Node, jump: int, lags: bool
) -> None:
    wire = NodeWire(node, head_age_max=3_600, clock=lambda: time.time() + jump)

    if lags:
        with pytest.raises(NodeLags, match="clock"):
            wire.head()
    else:
        assert wire.head().number >= 11


@pytest.mark.parametrize(("nonce", "block"), [(0, 3), (1, 7)])
def test_who_spent_a_nonce_is_found_in_its_block(node: Node, nonce: int, block: int) -> None:
    spent = NodeWire(node).transaction_with(SENDER.address, nonce, 11)

    assert spent is not None
    receipt = node.receipt(spent)
    assert receipt is not None
    assert receipt.block.number == block


def test_a_nonce_that_was_not_spent_is_nobodys(node: Node) -> None:
    assert NodeWire(node).transaction_with(SENDER.address, 2, 11) is None


def test_a_witness_that_does_not_know_a_transaction_does_not_agree(node: Node) -> None:
    spent = NodeWire(node).transaction_with(SENDER.address, 0, 11)
    assert spent is not None
    receipt = node.receipt(spent)
    assert receipt is not None

    assert NodeWire(node, witnesses=[node]).agreed(receipt)
    with running_anvil() as endpoint:
        assert not NodeWire(node, witnesses=[node, Node(endpoint)]).agreed(receipt)
