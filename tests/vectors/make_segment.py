"""Writes segment.json: signed segments byte by byte, apart from our own code.

    python tests/vectors/make_segment.py

The keys are public development keys (test test … junk). CIDs are version 1, raw, sha2-256.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak, to_checksum_address

HERE = Path(__file__).resolve().parent
MAGIC = b"ANTSEG2\n"
KEYS = {
    "first": "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "second": "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
}
ORACLE = to_checksum_address(keccak(text="an oracle of the vectors")[12:])
Row = tuple[int, int, int, str, int]
CASES: dict[str, tuple[str, int, list[Row]]] = {
    "one play": ("first", 31337, [(2, 0x0102, 0xA0B0, "ee" * 32, 0x66000000)]),
    "every kind, out of order, one event twice": (
        "second",
        1,
        [
            (3, 9, 2**64 - 1, keccak(text="a found copy").hex(), 1_800_000_000),
            (2, 7, 1, keccak(text="a line").hex(), 1_799_999_999),
            (1, 2**64 - 1, 5, "00" * 32, 0),
            (2, 7, 1, keccak(text="a line").hex(), 1_800_086_399),
        ],
    ),
    "a chain id of 64 bits": ("first", 2**64 - 1, [(2, 1, 1, "01" * 32, 2**64 - 1)]),
}


def block_of(chain_id: int, producer: str, rows: list[Row]) -> bytes:
    header = (
        MAGIC
        + chain_id.to_bytes(8, "big")
        + bytes.fromhex(ORACLE[2:])
        + bytes.fromhex(producer[2:])
        + len(rows).to_bytes(4, "big")
        + bytes(4)
    )
    return header + b"".join(record_of(row) for row in rows)


def record_of(row: Row) -> bytes:
    kind, licence, generation, source_key, occurred_at = row
    return (
        kind.to_bytes(1, "big")
        + licence.to_bytes(8, "big")
        + generation.to_bytes(8, "big")
        + bytes.fromhex(source_key)
        + occurred_at.to_bytes(8, "big")
    )


def cid_of(block: bytes) -> str:
    binary = bytes([1, 0x55, 0x12, 0x20]) + hashlib.sha256(block).digest()
    return "b" + base64.b32encode(binary).decode().rstrip("=").lower()


def typed_data(chain_id: int, digest: bytes, count: int, producer: str) -> dict[str, Any]:
    return {
        "domain": {
            "name": "Antiphon Usage",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": ORACLE,
        },
        "primaryType": "Segment",
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Segment": [
                {"name": "digest", "type": "bytes32"},
                {"name": "count", "type": "uint32"},
                {"name": "producer", "type": "address"},
            ],
        },
        "message": {"digest": digest, "count": count, "producer": producer},
    }


def case(name: str) -> dict[str, Any]:
    key, chain_id, rows = CASES[name]
    account = Account.from_key(KEYS[key])
    block = block_of(chain_id, account.address, rows)
    digest = hashlib.sha256(block).digest()
    signable = encode_typed_data(
        full_message=typed_data(chain_id, digest, len(rows), account.address)
    )
    names = ("kind", "licenceId", "generationId", "sourceKey", "occurredAt")
    return {
        "name": name,
        "chainId": str(chain_id),
        "usageOracle": ORACLE,
        "producer": account.address,
        "privateKey": KEYS[key],
        "events": [
            dict(zip(names, (str(v) if isinstance(v, int) else "0x" + v for v in row), strict=True))
            for row in rows
        ],
        "eventIds": [
            "0x" + keccak(b"antiphon.usage.2" + record_of(row)[:49]).hex() for row in rows
        ],
        "block": "0x" + block.hex(),
        "digest": "0x" + digest.hex(),
        "cid": cid_of(block),
        "signingDigest": "0x" + keccak(b"\x19\x01" + signable.header + signable.body).hex(),
        "signature": "0x" + bytes(account.sign_message(signable).signature).hex(),
    }


if __name__ == "__main__":
    vectors = [case(name) for name in CASES]
    (HERE / "segment.json").write_text(json.dumps({"segments": vectors}, indent=1) + "\n")
