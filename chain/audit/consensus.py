"""Blocks as consensus hashes them: headers and receipts in the bytes that their hashes are of.

A header in RLP hashes to its block's hash and names the one before; a block's receipts in RLP are
the leaves of the trie whose root the header holds. So events can be proven by one block hash.
Source: Ethereum Yellow Paper, 4.4; EIP-2718, EIP-1559, EIP-4895, EIP-4844, EIP-4788, EIP-7685.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import rlp

from chain.audit.errors import HeaderUnlike
from chain.client.blocks import BlockPin, parse_bytes
from chain.client.errors import AnswerMalformed, BlockGone, StaleNode
from chain.client.node import Node
from chain.ledger.keccak import keccak256

_BYTES: Final = (
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
)
_NUMBERS: Final = ("difficulty", "number", "gasLimit", "gasUsed", "timestamp")
_TAIL: Final = ("extraData", "mixHash", "nonce")
# Each hard fork added at the end; a header has them up to its own fork.
_LATER: Final = (
    ("baseFeePerGas", True),
    ("withdrawalsRoot", False),
    ("blobGasUsed", True),
    ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False),
    ("requestsHash", False),
)
_HEADERS_PER_REQUEST: Final = 200
_RECEIPTS_PER_REQUEST: Final = 20
_BLOOM_BITS: Final = 2048
_BLOOM_HASHES: Final = (0, 2, 4)


@dataclass(frozen=True)
class ProvenHeader:
    """A header whose `encoded` bytes hash to its block's hash."""

    pin: BlockPin
    parent_hash: bytes
    bloom: int
    encoded: bytes

    def may_hold(self, *bits: int) -> bool:
        """Whether the block may have logged everything that `bits` (see `bloom_of`) are of."""
        return any(self.bloom & wanted == wanted for wanted in bits)


def bloom_of(*values: bytes) -> int:
    """The bits that logs of these addresses or topics set in a block's bloom."""
    bits = 0
    for value in values:
        digest = keccak256(value)
        for at in _BLOOM_HASHES:
            bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") % _BLOOM_BITS)
    return bits


def read_headers(node: Node, numbers: Sequence[int]) -> list[ProvenHeader]:
    """The headers at heights. Raises StaleNode, HeaderUnlike, AnswerMalformed, RpcUnavailable."""
    found: list[ProvenHeader] = []
    for first in range(0, len(numbers), _HEADERS_PER_REQUEST):
        wanted = numbers[first : first + _HEADERS_PER_REQUEST]
        answers = node.rpc.batch([("eth_getBlockByNumber", (hex(n), False)) for n in wanted])
        for number, answer in zip(wanted, answers, strict=True):
            if answer is None:
                raise StaleNode(number, node.head().number)
            found.append(_header(number, answer))
    return found


def read_receipts(node: Node, headers: Iterable[ProvenHeader]) -> dict[int, list[dict[str, Any]]]:
    """Each block's receipts as the node gives them. Raises BlockGone when a block was replaced."""
    found: dict[int, list[dict[str, Any]]] = {}
    ordered = list(headers)
    for first in range(0, len(ordered), _RECEIPTS_PER_REQUEST):
        part = ordered[first : first + _RECEIPTS_PER_REQUEST]
        answers = node.rpc.batch([("eth_getBlockReceipts", (hex(h.pin.number),)) for h in part])
        for header, receipts in zip(part, answers, strict=True):
            if any(parse_bytes(each["blockHash"]) != header.pin.hash for each in receipts or ()):
                raise BlockGone(header.pin.number, header.pin.hash)
            found[header.pin.number] = list(receipts or ())
    return found


def encoded_receipt(answer: Mapping[str, Any]) -> bytes:
    """A receipt in the bytes that the receipts' trie holds. Raises AnswerMalformed."""
    try:
        logs = [
            [
                parse_bytes(log["address"]),
                [parse_bytes(topic) for topic in log["topics"]],
                parse_bytes(log["data"]),
            ]
            for log in answer["logs"]
        ]
        number = [_number(answer["status"]), _number(answer["cumulativeGasUsed"])]
        body: bytes = rlp.encode([*number, parse_bytes(answer["logsBloom"]), logs])
        kind = int(answer.get("type") or "0x0", 16)
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerMalformed("a receipt", str(error)) from error
    return body if kind == 0 else bytes([kind]) + body


def _header(number: int, answer: Mapping[str, Any]) -> ProvenHeader:
    try:
        fields = [parse_bytes(answer[name]) for name in _BYTES]
        fields += [_number(answer[name]) for name in _NUMBERS]
        fields += [parse_bytes(answer[name]) for name in _TAIL]
        for name, is_number in _LATER:
            value = answer.get(name)
            if value is not None:
                fields.append(_number(value) if is_number else parse_bytes(value))
        pin = BlockPin(number, parse_bytes(answer["hash"]), int(answer["timestamp"], 16))
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerMalformed("a block header", str(error)) from error
    encoded: bytes = rlp.encode(fields)
    if keccak256(encoded) != pin.hash:
        raise HeaderUnlike(number)
    return ProvenHeader(pin, fields[0], int.from_bytes(fields[6], "big"), encoded)


def _number(text: str) -> bytes:
    """A number as RLP has it: big-endian without leading zeros, nothing for zero."""
    value = int(text, 16)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
