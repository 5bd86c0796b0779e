"""What a node says about blocks, logs and transactions, as values; hashes and data are bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chain.client.errors import AnswerMalformed
from chain.client.interfaces import checksum_address
from chain.ledger.errors import BadAddress
from chain.ledger.identifiers import Address


@dataclass(frozen=True, order=True)
class BlockPin:
    """One block, named by number and hash, so that an answer is never from another branch."""

    number: int
    hash: bytes
    timestamp: int
    """Unix seconds."""

    @property
    def time(self) -> datetime:
        """When the block was made, as the chain says, in UTC."""
        return datetime.fromtimestamp(self.timestamp, UTC)


@dataclass(frozen=True)
class Header:
    pin: BlockPin
    parent_hash: bytes
    base_fee_wei: int


@dataclass(frozen=True)
class RawLog:
    """One log as the node gives it; unique by block hash and log index."""

    block_number: int
    block_hash: bytes
    log_index: int
    tx_hash: bytes
    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Receipt:
    """A mined transaction. `contract` is the address it created, if it created one."""

    tx_hash: bytes
    block: BlockPin
    gas_used: int
    status: int
    logs: tuple[RawLog, ...]
    contract: Address | None = None


@dataclass(frozen=True)
class Call:
    """What a transaction or a read does: `to` None creates a contract from `data`."""

    to: Address | None
    data: bytes
    value_wei: int = 0


def parse_header(answer: Mapping[str, Any]) -> Header:
    """A header from eth_getBlockBy…. Raises AnswerMalformed."""
    try:
        return Header(
            BlockPin(
                int(answer["number"], 16),
                parse_bytes(answer["hash"]),
                int(answer["timestamp"], 16),
            ),
            parse_bytes(answer["parentHash"]),
            int(answer.get("baseFeePerGas") or "0x0", 16),
        )
    except (KeyError, TypeError, ValueError, BadAddress) as error:
        raise AnswerMalformed("a block header", str(error)) from error


def parse_log(answer: Mapping[str, Any]) -> RawLog:
    """A log from eth_getLogs or a receipt. Raises AnswerMalformed; so it does for removed ones."""
    if answer.get("removed"):
        raise AnswerMalformed("a log", "it was removed by a reorganisation")
    try:
        return RawLog(
            block_number=int(answer["blockNumber"], 16),
            block_hash=parse_bytes(answer["blockHash"]),
            log_index=int(answer["logIndex"], 16),
            tx_hash=parse_bytes(answer["transactionHash"]),
            address=checksum_address(answer["address"]),
            topics=tuple(parse_bytes(t) for t in answer["topics"]),
            data=parse_bytes(answer["data"]),
        )
    except (KeyError, TypeError, ValueError, BadAddress) as error:
        raise AnswerMalformed("a log", str(error)) from error


def parse_receipt(answer: Mapping[str, Any], timestamp: int) -> Receipt:
    """A receipt from eth_getTransactionReceipt. Raises AnswerMalformed."""
    try:
        created = answer.get("contractAddress")
        return Receipt(
            tx_hash=parse_bytes(answer["transactionHash"]),
            block=BlockPin(
                int(answer["blockNumber"], 16), parse_bytes(answer["blockHash"]), timestamp
            ),
            gas_used=int(answer["gasUsed"], 16),
            status=int(answer["status"], 16),
            logs=tuple(parse_log(entry) for entry in answer["logs"]),
            contract=None if created is None else checksum_address(created),
        )
    except (KeyError, TypeError, ValueError, BadAddress) as error:
        raise AnswerMalformed("a receipt", str(error)) from error


def parse_logs(answers: Sequence[Mapping[str, Any]]) -> list[RawLog]:
    """Logs in chain order. Raises AnswerMalformed."""
    logs = [parse_log(answer) for answer in answers]
    return sorted(logs, key=lambda log: (log.block_number, log.log_index))


def parse_bytes(text: str) -> bytes:
    """Bytes from 0x-prefixed hexadecimal text. Raises ValueError."""
    if not text.startswith("0x"):
        raise ValueError(f"no 0x in {text[:12]!r}")
    return bytes.fromhex(text[2:])


def hexadecimal(data: bytes) -> str:
    """0x-prefixed hexadecimal text."""
    return "0x" + data.hex()
