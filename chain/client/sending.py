"""Sending transactions signed here, so that each ends in a receipt, a reason, or a hash to ask by.

A caller that must survive a crash uses `sign`, stores the raw bytes, and only then `broadcast`;
one that need not uses `send`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from chain.client import reverts
from chain.client.blocks import Call, Receipt, hexadecimal, parse_bytes, parse_header
from chain.client.errors import (
    BlockGone,
    ContractRefused,
    FeeTooHigh,
    RpcRefused,
    RpcUnavailable,
    TransactionLost,
)
from chain.client.node import Node
from chain.client.signer import Signer
from chain.ledger.identifiers import Address

# An estimate is exact for the state it saw; a neighbour in the block may make the call dearer.
GAS_MARGIN_PERCENT: Final = 30
POLL_SECONDS: Final = 0.02
POLL_SECONDS_MAX: Final = 1.0
DYNAMIC_FEE_TYPE: Final = 2
SUCCESS: Final = 1


@dataclass(frozen=True)
class SignedTransaction:
    """Signed and ready; `raw` may be stored and sent again without doing anything twice."""

    raw: bytes
    hash: bytes
    nonce: int
    sender: Address


@dataclass(frozen=True)
class Fees:
    """EIP-1559 fees per unit of gas, in wei."""

    max_fee_wei: int
    tip_wei: int


def current_fees(node: Node) -> Fees:
    """Fees that survive six full blocks in a row. Raises FeeTooHigh over the node's cap."""
    header = parse_header(node.rpc.request("eth_getBlockByNumber", "latest", False))
    cap = node.fees.cap_wei
    if header.base_fee_wei + node.fees.tip_wei > cap:
        raise FeeTooHigh(header.base_fee_wei, cap)
    wanted = 2 * header.base_fee_wei + node.fees.tip_wei
    return Fees(min(wanted, cap), node.fees.tip_wei)


def simulate(node: Node, call: Call, *, sender: Address) -> bytes:
    """What the call would answer on top of the newest block. Raises ContractRefused."""
    fields = _transaction_object(call, sender)
    try:
        return parse_bytes(node.rpc.request("eth_call", fields, "latest"))
    except RpcRefused as refused:
        raise reverts.from_rpc(refused) from refused


def estimate_gas(node: Node, call: Call, *, sender: Address) -> int:
    """Gas for the call with a margin. Raises ContractRefused."""
    try:
        answer = node.rpc.request("eth_estimateGas", _transaction_object(call, sender))
    except RpcRefused as refused:
        raise reverts.from_rpc(refused) from refused
    return int(answer, 16) * (100 + GAS_MARGIN_PERCENT) // 100


def sign(
    node: Node, call: Call, *, signer: Signer, nonce: int, gas: int, fees: Fees
) -> SignedTransaction:
    """Sign for the node's chain; sends nothing. Raises KeyRefused."""
    fields: dict[str, Any] = {
        "type": DYNAMIC_FEE_TYPE,
        "chainId": node.chain_id,
        "nonce": nonce,
        "gas": gas,
        "maxFeePerGas": fees.max_fee_wei,
        "maxPriorityFeePerGas": fees.tip_wei,
        "value": call.value_wei,
        "data": hexadecimal(call.data),
    }
    if call.to is not None:
        fields["to"] = call.to
    raw, tx_hash = signer.sign_transaction(fields)
    return SignedTransaction(raw, tx_hash, nonce, signer.address)


def broadcast(node: Node, signed: SignedTransaction) -> None:
    """Hand the raw bytes to the node; doing it again changes nothing.

    Whether it arrived is decided by its hash, never by the error: "already known" and "nonce too
    low" also come when the first try succeeded. Raises RpcRefused when the node does not have it.
    """
    try:
        node.rpc.request("eth_sendRawTransaction", hexadecimal(signed.raw))
    except (RpcRefused, RpcUnavailable):
        if not is_known(node, signed.hash):
            raise


def is_known(node: Node, tx_hash: bytes) -> bool:
    """Whether the node has the transaction, waiting or mined."""
    answer = node.rpc.request("eth_getTransactionByHash", hexadecimal(tx_hash), null_allowed=True)
    return answer is not None


def wait_for(node: Node, signed: SignedTransaction, *, wait_seconds: float) -> Receipt:
    """The receipt, whatever its status. Raises TransactionLost when time is up."""
    deadline = time.monotonic() + wait_seconds
    pause = POLL_SECONDS
    while True:
        receipt = node.receipt(signed.hash)
        if receipt is not None:
            return receipt
        if time.monotonic() >= deadline:
            raise TransactionLost(signed.hash, signed.nonce, wait_seconds)
        time.sleep(pause)
        pause = min(2 * pause, POLL_SECONDS_MAX)


def send(node: Node, call: Call, *, signer: Signer, gas: int | None = None) -> Receipt:
    """Simulate, sign, send and wait; the receipt is that of a success.

    `gas` replaces the estimate, for calls whose inner calls may fail without failing the whole.
    Raises ContractRefused (foreseen, or with `tx_hash` when it was mined), TransactionLost,
    FeeTooHigh, RpcUnavailable, RpcRefused, KeyRefused.
    """
    simulate(node, call, sender=signer.address)
    limit = gas or estimate_gas(node, call, sender=signer.address)
    with node.lock_of(signer.address):
        nonce = node.nonce(signer.address, pending=True)
        signed = sign(node, call, signer=signer, nonce=nonce, gas=limit, fees=current_fees(node))
        broadcast(node, signed)
    receipt = wait_for(node, signed, wait_seconds=node.wait_seconds)
    if receipt.status != SUCCESS:
        raise _why_it_failed(node, call, signer.address, receipt)
    return receipt


def _why_it_failed(node: Node, call: Call, sender: Address, receipt: Receipt) -> ContractRefused:
    """Ask again on top of the block it failed in; a race may hide the reason."""
    try:
        node.call(call, at=receipt.block, sender=sender)
    except ContractRefused as refused:
        return ContractRefused(
            refused.error,
            refused.arguments,
            refused.plain,
            refused.next_step,
            tx_hash=receipt.tx_hash,
        )
    except BlockGone:
        pass
    return reverts.refusal(b"", tx_hash=receipt.tx_hash)


def _transaction_object(call: Call, sender: Address) -> dict[str, str]:
    fields = {"from": sender, "data": hexadecimal(call.data), "value": hex(call.value_wei)}
    if call.to is not None:
        fields["to"] = call.to
    return fields
