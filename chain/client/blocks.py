"""What a node says about blocks, logs and transactions, as values; hashes and data are bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import msgspec

from chain.client.errors import AnswerMalformed
from chain.client.interfaces import checksum_address
from chain.ledger.errors import BadAddress
from chain.ledger.identifiers import Address

REPEATED_ENTRIES: Final = 32_768


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
    """`transactions` are the hashes of the block's transactions."""

    pin: BlockPin
    parent_hash: bytes
    base_fee_wei: int
    transactions: frozenset[bytes] = frozenset()


class RawLog(msgspec.Struct, frozen=True, gc=False):
    """One log as the node gives it; unique by block hash and log index."""

    block_number: int
    block_hash: bytes
    log_index: int
    tx_hash: bytes
    address: Address
    topics: tuple[bytes, ...]
    data: bytes


_PLACE: Final = attrgetter("block_number", "log_index")


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


class HeaderAnswer(msgspec.Struct, rename="camel"):
    """What is read of a block that eth_getBlockBy… answers with, transactions as hashes."""

    number: str
    hash: str
    parent_hash: str
    timestamp: str
    base_fee_per_gas: str | None = None
    transactions: list[str] = []

    def header(self) -> Header:
        """Raises AnswerMalformed."""
        try:
            return Header(
                BlockPin(int(self.number, 16), parse_bytes(self.hash), int(self.timestamp, 16)),
                parse_bytes(self.parent_hash),
                int(self.base_fee_per_gas or "0x0", 16),
                frozenset(map(parse_bytes, self.transactions)),
            )
        except ValueError as error:
            raise AnswerMalformed("a block header", str(error)) from error


class LogAnswer(msgspec.Struct, rename="camel", gc=False):
    """What is read of a log that eth_getLogs answers with, or a receipt holds."""

    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    log_index: str
    removed: bool = False

    def log(self) -> RawLog:
        """Raises AnswerMalformed; so it does for a log that a reorganisation removed."""
        if self.removed:
            raise AnswerMalformed("a log", "it was removed by a reorganisation")
        try:
            return RawLog(
                _repeated_number(self.block_number),
                _repeated_bytes(self.block_hash),
                _repeated_number(self.log_index),
                _repeated_bytes(self.transaction_hash),
                checksum_address(self.address),
                tuple(map(_repeated_bytes, self.topics)),
                parse_bytes(self.data),
            )
        except (ValueError, BadAddress) as error:
            raise AnswerMalformed("a log", str(error)) from error


def parse_header(answer: Any) -> Header:
    """A header from eth_getBlockBy…. Raises AnswerMalformed."""
    try:
        return msgspec.convert(answer, HeaderAnswer).header()
    except msgspec.ValidationError as error:
        raise AnswerMalformed("a block header", str(error)) from error


def parse_log(answer: Any) -> RawLog:
    """A log from eth_getLogs or a receipt. Raises AnswerMalformed; so it does for removed ones."""
    try:
        return msgspec.convert(answer, LogAnswer).log()
    except msgspec.ValidationError as error:
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


def logs_of_answers(answers: Sequence[Sequence[LogAnswer]]) -> list[RawLog]:
    """One list in chain order; a log that matched two filters is there once.

    Raises AnswerMalformed.
    """
    logs = [answer.log() for found in answers for answer in found]
    logs.sort(key=_PLACE)
    if sum(map(bool, answers)) > 1:
        return [log for log, before in zip(logs, [None, *logs], strict=False) if log != before]
    return logs


def parse_bytes(text: str) -> bytes:
    """Bytes from 0x-prefixed hexadecimal text. Raises ValueError."""
    if not text.startswith("0x"):
        raise ValueError(f"no 0x in {text[:12]!r}")
    return bytes.fromhex(text[2:])


def _parse_number(text: str) -> int:
    return int(text, 16)


# The logs of a block name the same hashes, topics, accounts and numbers again and again.
_repeated_number: Final = lru_cache(maxsize=REPEATED_ENTRIES)(_parse_number)
_repeated_bytes: Final = lru_cache(maxsize=REPEATED_ENTRIES)(parse_bytes)


def hexadecimal(data: bytes) -> str:
    """0x-prefixed hexadecimal text."""
    return "0x" + data.hex()
