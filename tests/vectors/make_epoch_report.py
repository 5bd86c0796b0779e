"""Writes epoch_report.json: two chained epoch reports with hash, digest and operator signatures.

    python tests/vectors/make_epoch_report.py

Hashes and digests come from eth_account's EIP-712 encoder, keys from the well-known
development mnemonic.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eth_abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak, to_checksum_address

HERE = Path(__file__).resolve().parent
CHAIN_ID = 31337
ORACLE = to_checksum_address(keccak(text="the oracle of the vectors")[12:])
TOKEN = to_checksum_address(keccak(text="a token of the vectors")[12:])
MNEMONIC = "test test test test test test test test test test test junk"
OPERATORS = range(3, 8)

FIELDS = [
    ("uint64", "epoch"),
    ("bytes32", "previousReport"),
    ("address", "token"),
    ("bytes32", "usageRoot"),
    ("uint64", "eventCount"),
    ("bytes32", "segmentsDigest"),
    ("bytes32", "sumRoot"),
    ("bytes32", "leafRoot"),
    ("uint32", "leafCount"),
    ("uint256", "cumulativeTotal"),
    ("uint64", "stateBlock"),
    ("uint64", "stateTime"),
    ("bytes32", "licenceUsageHash"),
    ("bytes32", "withheldHash"),
    ("bytes32", "programHash"),
]
DOMAIN = {
    "name": "Antiphon Usage Oracle",
    "version": "1",
    "chainId": CHAIN_ID,
    "verifyingContract": ORACLE,
}
TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "EpochReport": [{"name": name, "type": kind} for kind, name in FIELDS],
}
LicenceUsage = tuple[int, int, int]
Withheld = tuple[int, str, int]
WITHHELD: list[Withheld] = [(3, to_checksum_address(keccak(text="a payee")[12:]), 77)]


def digest_of(text: str) -> str:
    return "0x" + keccak(text=text).hex()


def licence_usage_hash(usage: list[LicenceUsage]) -> str:
    return "0x" + keccak(encode(["(uint64,uint64,uint128)[]"], [usage])).hex()


def withheld_hash(withheld: list[Withheld]) -> str:
    return "0x" + keccak(encode(["(uint64,address,uint256)[]"], [withheld])).hex()


def withheld_in(report: dict[str, Any]) -> list[Withheld]:
    """Nothing in the first epoch, one share in the second."""
    return WITHHELD[: report["epoch"] - 1]


def report_of(epoch: int, previous: str, usage: list[LicenceUsage], total: int) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "previousReport": previous,
        "token": TOKEN,
        "usageRoot": digest_of(f"usage {epoch}"),
        "eventCount": sum(units for _, units, _ in usage),
        "segmentsDigest": digest_of(f"segments {epoch}"),
        "sumRoot": digest_of(f"sum root {epoch}"),
        "leafRoot": digest_of(f"leaf root {epoch}"),
        "leafCount": 4 + epoch,
        "cumulativeTotal": total,
        "stateBlock": 1_000 + epoch,
        "stateTime": 1_700_000_000 + epoch,
        "licenceUsageHash": licence_usage_hash(usage),
        "withheldHash": withheld_hash(withheld_in({"epoch": epoch})),
        "programHash": digest_of("settlement rules"),
    }


def signed(report: dict[str, Any], usage: list[LicenceUsage]) -> dict[str, Any]:
    typed = {"domain": DOMAIN, "types": TYPES, "primaryType": "EpochReport", "message": report}
    message = encode_typed_data(full_message=typed)
    accounts = [
        Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{i}") for i in OPERATORS
    ]
    accounts.sort(key=lambda account: account.address.lower())
    signatures = [account.sign_message(message).signature for account in accounts]
    return {
        "report": {**report, "cumulativeTotal": str(report["cumulativeTotal"])},
        "licenceUsage": [
            {"licenceId": i, "units": units, "revenue": str(revenue)} for i, units, revenue in usage
        ],
        "withheld": [
            {"workId": w, "payee": p, "amount": str(a)} for w, p, a in withheld_in(report)
        ],
        "reportHash": "0x" + message.body.hex(),
        "digest": "0x" + keccak(b"\x19\x01" + message.header + message.body).hex(),
        "signers": [account.address for account in accounts],
        "signatures": ["0x" + bytes(signature).hex() for signature in signatures],
    }


def main() -> None:
    Account.enable_unaudited_hdwallet_features()
    first_usage = [(1, 9_000, 9_000 * 250), (7, 1_000, 4_000_001)]
    first = signed(report_of(1, "0x" + "00" * 32, first_usage, 6_250_001), first_usage)
    second = signed(
        report_of(2, first["reportHash"], [(2, 1, 2**100)], 2**100 + 6_250_001), [(2, 1, 2**100)]
    )
    type_string = "EpochReport(" + ",".join(f"{kind} {name}" for kind, name in FIELDS) + ")"
    found = {"domain": DOMAIN, "typeString": type_string, "epochs": [first, second]}
    (HERE / "epoch_report.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
