"""A chain small enough to read: accounts' nonces, a pool, blocks, reorganisations; kept in a file.

It outlives the process that talks to it, as a real node does, so that a killed worker finds what
its last words did. Every transaction says which intent it carries out in its data; `carried_out`
counts how often each one ended up in a canonical block.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes

from chain.client.blocks import BlockPin, Receipt
from chain.client.errors import (
    ContractRefused,
    FeeTooHigh,
    RpcFault,
    RpcRefused,
    RpcUnavailable,
)
from chain.client.sending import Fees
from chain.ledger.identifiers import Address
from chain.ledger.keccak import keccak256

SCHEMA = """
CREATE TABLE IF NOT EXISTS block (number INTEGER PRIMARY KEY, hash BLOB, salt INTEGER);
CREATE TABLE IF NOT EXISTS pool (
    hash BLOB PRIMARY KEY, sender TEXT, nonce INTEGER, data BLOB, fee INTEGER
);
CREATE TABLE IF NOT EXISTS mined (
    hash BLOB PRIMARY KEY, sender TEXT, nonce INTEGER, data BLOB, block INTEGER, status INTEGER
);
INSERT OR IGNORE INTO block VALUES (0, x'00', 0);
"""


@dataclass
class SmallChain:
    """The oracle's `Wire` over the file; `away` makes every call fail as a dead node does.

    `base_fee_wei` keeps out of blocks what offers less; over `cap_wei` it refuses to name fees.
    `silent` gives no receipts, `refuses` says why it takes no transaction.
    """

    path: Path
    automine: bool = True
    away: bool = False
    agreeing: bool = True
    silent: bool = False
    refuses: str = ""
    base_fee_wei: int = 0
    cap_wei: int = 500 * 10**9
    reverting: frozenset[bytes] = frozenset()
    refusing: frozenset[bytes] = frozenset()
    salt: int = 0

    chain_id: int = 31337

    def __post_init__(self) -> None:
        with self._file() as file:
            file.executescript(SCHEMA)

    def head(self) -> BlockPin:
        self._answer("eth_getBlockByNumber")
        with self._file() as file:
            number, block_hash = file.execute(
                "SELECT number, hash FROM block ORDER BY number DESC LIMIT 1"
            ).fetchone()
        return BlockPin(number, block_hash, 1_800_000_000 + number)

    def block_hash(self, number: int) -> bytes | None:
        self._answer("eth_getBlockByNumber")
        with self._file() as file:
            row = file.execute("SELECT hash FROM block WHERE number = ?", (number,)).fetchone()
        return None if row is None else row[0]

    def transaction_count(self, account: Address, number: int) -> int:
        self._answer("eth_getTransactionCount")
        with self._file() as file:
            return int(
                file.execute(
                    "SELECT COUNT(*) FROM mined WHERE sender = ? AND block <= ?", (account, number)
                ).fetchone()[0]
            )

    def transaction_with(self, account: Address, nonce: int, number: int) -> bytes | None:
        self._answer("eth_getBlockByNumber")
        with self._file() as file:
            row = file.execute(
                "SELECT hash FROM mined WHERE sender = ? AND nonce = ? AND block <= ?",
                (account, nonce, number),
            ).fetchone()
        return None if row is None else row[0]

    def agreed(self, receipt: Receipt) -> bool:
        return self.agreeing

    def send_raw(self, raw: bytes) -> None:
        self._answer("eth_sendRawTransaction")
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        sender, nonce = Account.recover_transaction(raw), int(fields["nonce"])
        if self.refuses:
            raise RpcRefused("eth_sendRawTransaction", -32000, self.refuses)
        tx_hash = keccak256(raw)
        if nonce < self.transaction_count(sender, self.head().number):
            raise RpcRefused("eth_sendRawTransaction", -32000, "nonce too low")
        with self._file() as file:
            if file.execute("SELECT 1 FROM pool WHERE hash = ?", (tx_hash,)).fetchone():
                raise RpcRefused("eth_sendRawTransaction", -32000, "already known")
            same = "SELECT MAX(fee) FROM pool WHERE sender = ? AND nonce = ?"
            rival, fee = file.execute(same, (sender, nonce)).fetchone()[0], fields["maxFeePerGas"]
            if rival is not None and fee * 100 < rival * 110:
                message = "replacement transaction underpriced"
                raise RpcRefused("eth_sendRawTransaction", -32000, message)
            file.execute(
                "INSERT INTO pool VALUES (?, ?, ?, ?, ?)",
                (tx_hash, sender, nonce, bytes(fields["data"]), fee),
            )
        if self.automine:
            self.mine()

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        self._answer("eth_getTransactionReceipt")
        with self._file() as file:
            row = file.execute(
                "SELECT m.status, b.number, b.hash FROM mined m JOIN block b ON b.number = m.block "
                "WHERE m.hash = ?",
                (tx_hash,),
            ).fetchone()
        if row is None or self.silent:
            return None
        status, number, block_hash = row
        return Receipt(tx_hash, BlockPin(number, block_hash, 0), 21_000, status, ())

    def dry_run(self, sender: Address, target: Address, data: bytes) -> int:
        self._answer("eth_call")
        if data in self.refusing:
            raise ContractRefused("NotFunded", {}, "The lane is not funded.", "fund it.")
        return 100_000

    def fees(self) -> Fees:
        self._answer("eth_getBlockByNumber")
        if self.base_fee_wei > self.cap_wei:
            raise FeeTooHigh(self.base_fee_wei, self.cap_wei)
        return Fees(2 * self.base_fee_wei + 2 * 10**9, 10**9)

    def mine(self, blocks: int = 1) -> None:
        """Put what can be mined into the next block, then empty blocks on top."""
        with self._file() as file:
            for _ in range(blocks):
                number = file.execute("SELECT MAX(number) FROM block").fetchone()[0] + 1
                seed = f"{number}.{self.salt}".encode()
                file.execute(
                    "INSERT INTO block VALUES (?, ?, ?)",
                    (number, hashlib.sha256(seed).digest(), self.salt),
                )
                self._fill(file, number)

    def reorganise(self, depth: int) -> None:
        """Replace the newest blocks by as many others without their transactions."""
        self.salt += 1
        with self._file() as file:
            top = file.execute("SELECT MAX(number) FROM block").fetchone()[0]
            file.execute("DELETE FROM mined WHERE block > ?", (top - depth,))
            file.execute("DELETE FROM pool")
            for number in range(top - depth + 1, top + 1):
                seed = f"{number}.{self.salt}".encode()
                file.execute(
                    "UPDATE block SET hash = ? WHERE number = ?",
                    (hashlib.sha256(seed).digest(), number),
                )

    def forget_pool(self) -> None:
        """A node that drops what waits."""
        with self._file() as file:
            file.execute("DELETE FROM pool")

    def carried_out(self) -> dict[bytes, int]:
        """How many mined transactions carry each data."""
        with self._file() as file:
            rows = file.execute("SELECT data, COUNT(*) FROM mined GROUP BY data")
            return dict(rows.fetchall())

    def _fill(self, file: sqlite3.Connection, number: int) -> None:
        waiting = file.execute(
            "SELECT hash, sender, nonce, data FROM pool WHERE fee >= ? ORDER BY nonce, fee DESC",
            (self.base_fee_wei,),
        )
        for tx_hash, sender, nonce, data in waiting.fetchall():
            spent = file.execute(
                "SELECT COUNT(*) FROM mined WHERE sender = ?", (sender,)
            ).fetchone()[0]
            if nonce > spent:
                continue
            file.execute("DELETE FROM pool WHERE hash = ?", (tx_hash,))
            if nonce == spent:
                status = int(data not in self.reverting)
                file.execute(
                    "INSERT INTO mined VALUES (?, ?, ?, ?, ?, ?)",
                    (tx_hash, sender, nonce, data, number, status),
                )

    def _answer(self, method: str) -> None:
        if self.away:
            raise RpcUnavailable(RpcFault.UNREACHABLE, method, "http://nowhere")

    def _file(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=30)
